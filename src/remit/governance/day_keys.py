"""The keys of days, under which coins are tossed and second looks are drawn."""

from datetime import datetime
from typing import Final

from remit.evidence import audit
from remit.ledger.keys import KeyRing

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
