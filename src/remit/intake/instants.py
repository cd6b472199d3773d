"""Read moments in time; a local time that the clocks skip or repeat is none."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from remit.domain import clock
from remit.intake.context import NormaliseContext
from remit.intake.dates import folded
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

INSTANT_CHARACTERS_MAX = 60

_ZONE_COMMENT = re.compile(r"\s*\([A-Za-z ]*\)$")
_OFFSET = re.compile(r"(?:Z|([+-])(\d\d):?(\d\d))$")
_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?")


def normalise_instant(text: str, context: NormaliseContext) -> Field:
    """Return the aware UTC moment that the text names; a local time needs the context's zone."""
    raw = _ZONE_COMMENT.sub("", folded(text))
    if not raw:
        return refused(Kind.INSTANT, Code.FIELD_MISSING)
    if len(raw) > INSTANT_CHARACTERS_MAX:
        return refused(Kind.INSTANT, Code.TIME_IMPOSSIBLE, seen=raw)
    offset = _OFFSET.search(raw) if "T" in raw or raw.count(":") else None
    local = _LOCAL.fullmatch(raw[: offset.start()].strip() if offset else raw)
    if local is None:
        return refused(Kind.INSTANT, Code.TIME_IMPOSSIBLE, seen=raw)
    micro = int((local[5] or "0").ljust(6, "0"))
    try:
        day = date.fromisoformat(local[1])
        naive = datetime(  # noqa: DTZ001 - the zone is applied below
            day.year, day.month, day.day, int(local[2]), int(local[3]), int(local[4] or 0), micro
        )
    except ValueError:
        return refused(Kind.INSTANT, Code.TIME_IMPOSSIBLE, seen=raw)
    if offset:
        return _at_offset(raw, naive, offset)
    if context.zone is None:
        return refused(Kind.INSTANT, Code.ZONE_UNKNOWN, seen=raw)
    return _in_zone(raw, naive, context.zone)


def _at_offset(raw: str, naive: datetime, offset: re.Match[str]) -> Field:
    if offset[1] is None:
        return found(Kind.INSTANT, naive.replace(tzinfo=UTC))
    minutes = int(offset[2]) * 60 + int(offset[3])
    if int(offset[3]) > 59 or minutes > 14 * 60:
        return refused(Kind.INSTANT, Code.ZONE_UNKNOWN, seen=raw)
    shift = timedelta(minutes=minutes if offset[1] == "+" else -minutes)
    return found(Kind.INSTANT, (naive - shift).replace(tzinfo=UTC))


def _in_zone(raw: str, naive: datetime, zone: str) -> Field:
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return refused(Kind.INSTANT, Code.ZONE_UNKNOWN, seen=raw)
    early, late = (naive.replace(tzinfo=info, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early != late:
        code = Code.TIME_REPEATED if early < late else Code.TIME_SKIPPED
        readings = sorted(clock.text(moment) for moment in (early, late))
        return refused(Kind.INSTANT, code, readings, seen=raw)
    ground = Assumption(code="zone_declared", sentence=f"read as local time of {zone}")
    return found(Kind.INSTANT, early, (ground,))
