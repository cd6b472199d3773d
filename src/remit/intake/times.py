"""Read times of day: an hour that may be before or after noon is none yet."""

import re
from datetime import time

from remit.intake.context import NormaliseContext
from remit.intake.dates import folded
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

TIME_CHARACTERS_MAX = 30
CLOCK_24 = "24h"

CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:(?P<mark>[:.hH])\s?(?P<minute>\d\d)(?:[:.](?P<second>\d\d)"
    r"(?:[.,](?P<fraction>\d{1,12}))?)?)?"
    r"(?:\s?(?P<half>[ap]\.?m\.?)|\s?(?P<uhr>uhr|hrs?|hours|h|o'clock))?",
    re.IGNORECASE,
)
_BASIC = re.compile(r"(\d\d)(\d\d)(?:\s?(?:hrs?|hours|h|uhr))", re.IGNORECASE)
_ZONED = re.compile(r".*\d(?:Z|\s?[+-]\d\d:?\d\d|\s(?!uhr)[A-Z]{2,5}|\s[A-Za-z]+/[A-Za-z_]+)")
_WORDS = {"noon": time(12), "midday": time(12), "mittag": time(12), "midi": time(12)}
_WHOLE_DAY = frozenset("uhr hr hrs hours h".split())


def normalise_time(text: str, context: NormaliseContext) -> Field:
    """Return the time of day as `14:30` or `14:30:05`, or why the text names none."""
    raw = folded(text)
    if not raw:
        return refused(Kind.TIME, Code.FIELD_MISSING)
    if len(raw) > TIME_CHARACTERS_MAX:
        return refused(Kind.TIME, Code.TIME_IMPOSSIBLE, seen=raw)
    if raw.casefold() in _WORDS:
        return found(Kind.TIME, written(_WORDS[raw.casefold()]))
    if match := _BASIC.fullmatch(raw):
        raw = f"{match[1]}:{match[2]}"
    match = CLOCK.fullmatch(raw)
    if match is None:
        zoned = _ZONED.fullmatch(raw) is not None
        return refused(
            Kind.TIME, Code.TIME_NEEDS_DATE if zoned else Code.TIME_IMPOSSIBLE, seen=raw
        )
    return _read(raw, match, context)


def written(moment: time) -> str:
    """Return a time in its one form: seconds only where there are some."""
    if moment.microsecond:
        return moment.isoformat().rstrip("0")
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def clock(match: re.Match[str], hour: int) -> time | None:
    """Return the time of a match of `CLOCK` at that hour, or None when no clock shows it."""
    fraction = match["fraction"] or "0"
    if fraction[6:].strip("0"):
        return None  # finer than any clock of ours: nothing is cut off silently
    micro = int(fraction[:6].ljust(6, "0"))
    try:
        return time(hour, int(match["minute"] or 0), int(match["second"] or 0), micro)
    except ValueError:
        return None


def half_of_day(match: re.Match[str]) -> tuple[int | None, bool]:
    """Return the hour on a clock of 24, and whether a twelve was read as clocks show it."""
    hour = int(match["hour"])
    half = (match["half"] or "").replace(".", "").lower()
    if not half:
        return hour, False
    if not 1 <= hour <= 12:
        return None, False
    return hour % 12 + (12 if half == "pm" else 0), hour == 12


def _read(raw: str, match: re.Match[str], context: NormaliseContext) -> Field:
    hour, twelve = half_of_day(match)
    if hour is None or (match["minute"] is None and not (match["half"] or match["uhr"])):
        return refused(Kind.TIME, Code.TIME_IMPOSSIBLE, seen=raw)
    if hour == 24 and not int(match["minute"] or 0):
        return refused(Kind.TIME, Code.TIME_IMPOSSIBLE, ["00:00"], seen=raw)
    moment = clock(match, hour)
    if moment is None:
        return refused(Kind.TIME, Code.TIME_IMPOSSIBLE, seen=raw)
    if twelve:
        told = Assumption(
            code="twelve_as_on_clocks", sentence="12 am read as midnight, 12 pm as noon"
        )
        return found(Kind.TIME, written(moment), (told,))
    if half_open(match, hour) and context.formats.get("time") != CLOCK_24:
        later = clock(match, (hour + 12) % 24)
        readings = [written(one) for one in (moment, later) if one is not None]
        return refused(Kind.TIME, Code.TIME_HALF_OF_DAY, readings, seen=raw)
    return found(Kind.TIME, written(moment))


def half_open(match: re.Match[str], hour: int) -> bool:
    """Return whether the hour may be one after noon as well: `3:30`, but not `03:30`."""
    if match["half"] or hour > 12 or hour == 0:
        return False
    if (match["uhr"] or "").casefold() in _WHOLE_DAY and match["minute"] is not None:
        return False
    return len(match["hour"]) == 1 or match["minute"] is None
