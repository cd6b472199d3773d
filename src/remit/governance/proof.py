"""How a command on this host shows a running Remit that it holds the same keys.

Whoever can open the key files may be anybody on the command line already; this lets such a command
ask the process for its numbers without a session. A proof is good for its minute.
"""

import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Final

HEADER: Final = "x-remit-proof"
MINUTES_APART_MAX: Final = 1
_LABEL: Final = "doctor"

Keyed = Callable[[str, bytes], str]


def made(keyed: Keyed, now: datetime) -> str:
    """Return a proof for this minute."""
    return _of(keyed, _minute(now))


def good(keyed: Keyed, now: datetime, given: str) -> bool:
    """Was this made with the same keys, in this minute or the one beside it?"""
    minute = _minute(now)
    return any(
        hmac.compare_digest(given.encode(), _of(keyed, minute + apart).encode())
        for apart in range(-MINUTES_APART_MAX, MINUTES_APART_MAX + 1)
    )


def _minute(now: datetime) -> int:
    return int(now.timestamp()) // 60


def _of(keyed: Keyed, minute: int) -> str:
    return keyed(_LABEL, str(minute).encode())
