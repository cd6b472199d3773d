"""Facts gathered one by one: an error in one of them is that fact's fault, and ends nothing."""

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from remit.errors import LedgerError, StorageError

FRAMES_SHOWN_MAX: Final = 10

log = logging.getLogger("remit.gate")

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Guard:
    """Gathers facts, and keeps the names of those that could not be told."""

    faults: list[str] = field(default_factory=list)

    def fact(self, name: str, tell: Callable[[], T], *, unknown: T) -> T:
        """Return a fact; `unknown` where telling it fails, which the gate then answers with.

        INVARIANT: whatever fails here, nothing is performed
        (tests/faults/test_gathering.py). Errors of the store and of the record are not this
        fact's: nothing can be written then, and the run is tried again.
        """
        try:
            return tell()
        except (StorageError, LedgerError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, a person looks at it
            fault = f"{name}: {where(error)}"
            log.error("a fact for the gate could not be gathered: %s", fault)  # noqa: TRY400 - no values
            self.faults.append(fault)
            return unknown


def where(error: BaseException) -> str:
    """Return the kind of a fault and the places it came through, inmost first; no values."""
    frames = traceback.extract_tb(error.__traceback__)[: -FRAMES_SHOWN_MAX - 1 : -1]
    places = "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__}{places}"
