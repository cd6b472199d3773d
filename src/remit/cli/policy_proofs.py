"""What a solver says of rules, line by line; it needs the extra `analysis`."""

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from remit.errors import SettingsError
from remit.governance.weighing import request_line
from remit.policy.book import PolicyBook

if TYPE_CHECKING:
    from remit.policy.analysis import Found


def invariants(book: PolicyBook) -> Iterator[tuple[str, bool]]:
    """Yield for each invariant and action what was proved of it, and whether it is broken."""
    analysis = importlib.import_module(_home())
    for one in book.invariants:
        for action in book.slices:
            if one.covers(action):
                yield _line(
                    f"{action}: {one.says}",
                    "broken by",
                    lambda one=one, action=action: analysis.keeps(book, one, action),  # type: ignore[misc]  # defaults bind the loop's values
                )


def change(before: PolicyBook, after: PolicyBook) -> Iterator[tuple[str, bool]]:
    """Yield for each action that changed whether anything is newly allowed."""
    analysis = importlib.import_module(_home())
    for action, chosen in after.slices.items():
        if action in before.slices and before.slices[action].digest != chosen.digest:
            yield _line(
                f"{action}: nothing is newly allowed",
                "newly allowed:",
                lambda action=action: analysis.newly_allowed(before, after, action),  # type: ignore[misc]  # as above
            )


def _home() -> str:
    if importlib.util.find_spec("z3") is None:
        raise SettingsError(
            "proofs need a solver, which is not installed: `pip install 'remit[analysis]'`"
        )
    return "remit.policy.analysis"


def _line(said: str, contrary: str, prove: "Callable[[], Found]") -> tuple[str, bool]:
    from remit.policy.analysis import NotAnalysed

    try:
        found = prove()
    except NotAnalysed as error:
        return f"not analysed: {said} ({error})", False
    if found.request is None:
        return f"proved: {said}", False
    return f"{contrary} {request_line(found.request)}", True
