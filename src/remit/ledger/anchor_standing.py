"""How the anchors stand, for pages and commands, and what can be held against the ledger."""

import logging
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from remit.domain import clock
from remit.domain.actor import service
from remit.domain.entry import Draft
from remit.domain.ledger_event import AnchorReceived
from remit.errors import AnchorUnavailableError
from remit.ledger import anchor
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.chain import CONTROL_WORKFLOW, control_stream
from remit.ledger.sinks import Sink

TAIL_LOOKS: Final = 10  # while an alarm comes due
LOCAL_ONLY: Final = (
    "anchors are kept on this host only; whoever owns it can rewrite the ledger and the anchor "
    "together; set `ledger.anchors`"
)

_log = logging.getLogger("remit.ledger")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorRules:
    """How often anchors are told, and when a tail that nobody else knows is an alarm."""

    interval_seconds: float = 60.0
    entries_max: int = 10_000
    alarm_seconds: float = 600.0
    operators_min: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkView:
    """How one sink stands."""

    operator: str
    kind: str
    place: str
    size: int  # entries that it is known to keep
    at: datetime | None
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorsView:
    """What is kept where, and the tail that only the log key vouches for."""

    sinks: tuple[SinkView, ...]
    size: int
    anchored: int  # by another operator if there is one, else on this host
    tail_entries: int
    tail_seconds: int  # age of the oldest entry that no such anchor covers
    alarm: bool
    warning: str  # empty where somebody else keeps anchors too
    fork: str  # empty unless an anchor knows another ledger


class TailAlarm:
    """Says once that the newest entries lack an anchor for too long, and once that it ended."""

    def __init__(self, *, seconds: float) -> None:
        self._every = seconds / TAIL_LOOKS
        self._looked = float("-inf")
        self._on = False

    def look(self, status: Callable[[], AnchorsView]) -> None:
        """Look, unless that was done a moment ago."""
        if time.monotonic() - self._looked < self._every:
            return
        self._looked = time.monotonic()
        view = status()
        if view.alarm and not self._on:
            said = "%d entries have no anchor, the oldest for %d s"
            _log.error(said, view.tail_entries, view.tail_seconds)
        elif self._on and not view.alarm:
            _log.warning("every entry is anchored again")
        self._on = view.alarm


def gathered(sinks: Sequence[Sink], kept: Path) -> list[AnchorReceipt]:
    """Return what can be held against the ledger.

    That is what sinks keep, read back from them, and of what we kept only the receipts that prove
    by themselves who gave them. A sink that cannot be reached is left out, with a warning.
    """
    found: list[AnchorReceipt] = []
    ours = anchor.receipts(kept)
    for sink in sinks:
        try:
            found += sink.kept()
        except AnchorUnavailableError as error:
            _log.warning("an anchor cannot be read back: %s", error)
        found += [
            one
            for one in ours
            if (one.operator, one.kind) == (sink.operator, sink.kind) and sink.vouches(one)
        ]
    return found


def received(receipt: AnchorReceipt, *, origin: str) -> Draft:
    """Return the entry of a receipt that somebody outside this host gave."""
    at = receipt.at
    return Draft(
        event=AnchorReceived(
            operator=receipt.operator,
            kind=receipt.kind,
            size=receipt.size,
            root=receipt.root.hex(),
            at_us=0 if at is None else clock.microseconds(at),
            digest=sha256(receipt.raw).hexdigest(),
        ),
        case_id=control_stream(origin),
        workflow=CONTROL_WORKFLOW,
        actor=service("ledger"),
        payloads={"receipt": {"raw": b64encode(receipt.raw).decode()}},
    )
