"""Time is passed in: a clock is a function that returns aware UTC."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Return whole microseconds since 1970 in UTC."""
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def instant(microseconds_since_epoch: int) -> datetime:
    """Return the aware UTC datetime of that many microseconds since 1970."""
    seconds, rest = divmod(microseconds_since_epoch, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def text(moment: datetime) -> str:
    """Return the one written form of an instant: `2026-11-22T10:15:00.123456Z`."""
    written = moment.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{written[:-6]}Z"
