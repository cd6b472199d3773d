"""The keys of days, under which coins are tossed and second looks are drawn."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from remit.domain import actor
from remit.domain.entry import Draft
from remit.domain.evidence_event import DayKeyCommitted, DayKeyRevealed
from remit.domain.ids import control_stream
from remit.evidence import audit
from remit.ledger.keys import KeyRing
from remit.store import plans
from remit.store.unit import UnitOfWork

AUDIT: Final = "audit"  # whose control stream tells them

AGAIN_SHARE: Final = 0.05  # of what a person said is right, how much somebody else judges too


def day_of(at: datetime) -> str:
    """Return the day of an instant, UTC."""
    return f"{at:%Y-%m-%d}"


def key_of(keys: KeyRing, day: str) -> bytes:
    """Return the 32 bytes under which the coins of a day are tossed."""
    return keys.subkey(f"audit-day/{day}")


def looked_at_again(keys: KeyRing, action_id: str, *, at: datetime) -> bool:
    """Draw whether somebody else judges blind what was said to be right on that day.

    The key is told when the day is over, so that anybody can draw it again.
    """
    key = key_of(keys, day_of(at))
    return audit.coin(key, f"again/{action_id}", share=AGAIN_SHARE).drawn


def commit(uow: UnitOfWork, keys: KeyRing, day: str) -> None:
    """Fix the key of a day in the record, once."""
    uow.lock(control_stream(AUDIT))
    if plans.day_key(uow.connection, day) is not None:
        return
    event = DayKeyCommitted(day=day, digest=sha256(key_of(keys, day)).hexdigest())
    _append(uow, event)


def reveal(uow: UnitOfWork, keys: KeyRing, days: Sequence[str]) -> None:
    """Tell the keys of days that are over, each once."""
    uow.lock(control_stream(AUDIT))
    for day in days:
        known = plans.day_key(uow.connection, day)
        if known is not None and not known.revealed:
            _append(uow, DayKeyRevealed(day=day, key=key_of(keys, day).hex()))


def _append(uow: UnitOfWork, event: DayKeyCommitted | DayKeyRevealed) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=control_stream(AUDIT),
            workflow=AUDIT,
            actor=actor.service("monitors"),
        )
    )
