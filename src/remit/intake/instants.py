"""Read moments in time; a local time that the clocks skip or repeat is none."""

import re
from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfoNotFoundError

from remit.domain import clock
from remit.domain.frozen import dataclass
from remit.intake import times, zones
from remit.intake.context import NormaliseContext
from remit.intake.dates import EPOCH_END, epoch_key, folded, normalise_date
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

INSTANT_CHARACTERS_MAX = 80

_COMMENT = re.compile(r"\s*\([^()]*\)$")
_BRACKET = re.compile(r"\[([A-Za-z0-9_+/-]{1,40})\]$")
_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(?:(\d\d)(?:\.(\d{1,12}))?)?(.*)")
_CANONICAL = re.compile(
    r"(?:19|20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?(Z|[+-](?:0[1-9]|1[0-3]):[0-5]\d)"
)
_CLOCK = (
    r"(?P<clock>\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,12})?)?"
    r"(?:\s?[ap]\.?m\.?(?![a-z])|\s?uhr|\s?h(?![a-z]))?)"
)
_DATE_FIRST = re.compile(
    rf"(?P<date>.+?)(?:[,\s]+|(?<=\d)[T_])(?:(?:at|um|à|a las|alle|kl\.?|o)\s+)?{_CLOCK}\s*"
    r"(?P<zone>.*)",
    re.IGNORECASE,
)
_YEAR_LAST = re.compile(
    rf"(?P<date>.+?)\s+{_CLOCK}\s+(?:(?P<zone>[A-Z]{{2,5}})\s+)?(?P<year>\d{{4}})", re.IGNORECASE
)
_EPOCH_DIGITS = {"epoch_seconds": 10, "epoch_millis": 13}
_SUMMER = {"MEZ": "CET", "MESZ": "CEST"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """A text taken apart: what says the day, the time, the zone."""

    date: str
    clock: str
    zone: str


def normalise_instant(text: str, context: NormaliseContext) -> Field:
    """Return the aware UTC moment that the text names; a local time needs the context's zone."""
    raw = folded(text)
    if not raw:
        return refused(Kind.INSTANT, Code.FIELD_MISSING)
    if len(raw) > INSTANT_CHARACTERS_MAX:
        return refused(Kind.INSTANT, Code.TIME_IMPOSSIBLE, seen=raw)
    if raw.isdecimal():
        return _epoch(raw, context)
    if (match := _CANONICAL.fullmatch(raw)) is not None:
        return _canonical(raw, match[1])
    bracket = _BRACKET.search(raw)
    plain = _COMMENT.sub("", raw[: bracket.start()] if bracket else raw)
    words = _taken_apart(plain)
    if words is None:
        day = normalise_date(plain, context)
        relative = day.reason is not None and day.reason.code is Code.DATE_RELATIVE
        code = Code.DATE_RELATIVE if relative else Code.TIME_IMPOSSIBLE
        return refused(Kind.INSTANT, code, seen=raw)
    return _read(raw, words, context, bracket[1] if bracket else None)


def _canonical(raw: str, offset: str) -> Field:
    """Read the form that programs write, without taking it apart."""
    try:
        moment = datetime.fromisoformat(raw).astimezone(UTC)
    except ValueError:
        return refused(Kind.INSTANT, _impossible(raw), seen=raw)
    zone = "UTC" if offset == "Z" else offset
    offset = "+00:00" if offset == "Z" else offset
    return found(Kind.INSTANT, moment, parts={"zone": zone, "offset": offset})


def _impossible(raw: str) -> Code:
    try:
        date.fromisoformat(raw[:10])
    except ValueError:
        return Code.DATE_IMPOSSIBLE
    return Code.TIME_IMPOSSIBLE


def _taken_apart(raw: str) -> _Words | None:
    if match := _BASIC.fullmatch(raw):
        seconds = f":{match[6]}" + (f".{match[7]}" if match[7] else "") if match[6] else ""
        return _Words(
            date=f"{match[1]}-{match[2]}-{match[3]}",
            clock=f"{match[4]}:{match[5]}{seconds}",
            zone=match[8].strip(),
        )
    if match := _YEAR_LAST.fullmatch(raw):
        day = f"{match['date']} {match['year']}"
        return _Words(date=day, clock=match["clock"], zone=match["zone"] or "")
    if match := _DATE_FIRST.fullmatch(raw):
        return _Words(date=match["date"], clock=match["clock"], zone=match["zone"])
    return None


def _read(raw: str, words: _Words, context: NormaliseContext, bracket: str | None) -> Field:
    moment, half_open, grounds = _clock(words.clock)
    if moment is None:
        return refused(Kind.INSTANT, Code.TIME_IMPOSSIBLE, seen=raw)
    day = normalise_date(words.date.strip(" ,"), context)
    if day.reason is not None:
        candidates = [
            f"{one}T{times.written(moment)}{words.zone}" for one in day.reason.candidates
        ]
        code = day.reason.code
        code = Code.TIME_IMPOSSIBLE if code is Code.DATE_NOT_A_DATE else code
        return refused(Kind.INSTANT, code, candidates, seen=raw)
    if not isinstance(day.value, date):
        return refused(Kind.INSTANT, Code.TIME_IMPOSSIBLE, seen=raw)
    grounds = (*day.assumptions, *grounds)
    naive = datetime.combine(day.value, moment)
    if half_open and context.formats.get("time") != times.CLOCK_24:
        later = naive.replace(hour=(naive.hour + 12) % 24)
        both = [f"{one.isoformat(timespec='minutes')}{words.zone}" for one in (naive, later)]
        return refused(Kind.INSTANT, Code.TIME_HALF_OF_DAY, both, seen=raw)
    zone = words.zone or bracket or context.zone
    if zone is None:
        return refused(Kind.INSTANT, Code.ZONE_UNKNOWN, seen=raw)
    known = zones.normalise_zone(zone, context)
    if known.reason is not None:
        return refused(Kind.INSTANT, known.reason.code, known.reason.candidates, seen=raw)
    grounds = (*grounds, *known.assumptions)
    if not words.zone and not bracket:
        told = Assumption(code="zone_declared", sentence=f"read as local time of {zone}")
        grounds = (*grounds, told)
    abbreviation = zone.upper() if known.assumptions and zone.isalpha() else None
    field = _in_zone(raw, naive, str(known.value), grounds, abbreviation)
    if bracket and words.zone and isinstance(field.value, datetime):
        return _confirmed(raw, field, naive, bracket, context)
    return field


def _clock(text: str) -> tuple[time | None, bool, tuple[Assumption, ...]]:
    match = times.CLOCK.fullmatch(text)
    if match is None:
        return None, False, ()
    hour, twelve = times.half_of_day(match)
    moment = times.clock(match, hour) if hour is not None else None
    told = Assumption(code="twelve_as_on_clocks", sentence="12 am read as midnight, 12 pm as noon")
    half_open = moment is not None and times.half_open(match, moment.hour)
    return moment, half_open, (told,) if twelve else ()


def _in_zone(
    raw: str, naive: datetime, zone: str, grounds: tuple[Assumption, ...], abbreviation: str | None
) -> Field:
    try:
        info = zones.zone_info(zone)
        early, late = zones.readings(naive, info)
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        return refused(Kind.INSTANT, Code.ZONE_UNKNOWN, seen=raw)
    choices: tuple[datetime, ...] = (early, late)
    if abbreviation is not None:
        choices, code = _as_named(choices, info, abbreviation)
        if code is not None:
            return refused(Kind.INSTANT, code, [clock.text(one) for one in choices], seen=raw)
    if choices[0] != choices[-1]:
        code = Code.TIME_REPEATED if early < late else Code.TIME_SKIPPED
        both = sorted(clock.text(moment) for moment in (early, late))
        return refused(Kind.INSTANT, code, both, seen=raw)
    moment = choices[0]
    offset = moment.astimezone(info).strftime("%z")
    parts = {"zone": zone, "offset": f"{offset[:3]}:{offset[3:5]}"}
    return found(Kind.INSTANT, moment, grounds, parts=parts)


def _as_named(
    choices: tuple[datetime, ...], info: tzinfo, abbreviation: str
) -> tuple[tuple[datetime, ...], Code | None]:
    """Return the readings at which the zone bears that name: it may settle an hour that repeats.

    A name of winter in summer means the offset to some and the local time to others.
    """
    word = _SUMMER.get(abbreviation, abbreviation)
    names = [moment.astimezone(info).tzname() or "+" for moment in choices]
    fitting = tuple(one for one, name in zip(choices, names, strict=True) if name == word)
    if fitting or names[0][0] in "+-":
        return fitting or choices, None
    return tuple(dict.fromkeys(choices)), Code.ZONE_AMBIGUOUS


def _confirmed(
    raw: str, field: Field, naive: datetime, bracket: str, context: NormaliseContext
) -> Field:
    """Return the field if the zone in brackets has that offset then, else a conflict."""
    known = zones.normalise_zone(bracket, context)
    if not isinstance(field.value, datetime) or not isinstance(known.value, str):
        return refused(Kind.INSTANT, Code.ZONE_UNKNOWN, seen=raw)
    info = zones.zone_info(known.value)
    if field.value.astimezone(info).replace(tzinfo=None) == naive:
        parts = {**field.parts, "zone": known.value}
        return found(Kind.INSTANT, field.value, field.assumptions, parts=parts)
    readings = {clock.text(one) for one in (field.value, *zones.readings(naive, info))}
    return refused(Kind.INSTANT, Code.FIELD_CONFLICT, sorted(readings), seen=raw)


def _epoch(raw: str, context: NormaliseContext) -> Field:
    unit = next((unit for unit, width in _EPOCH_DIGITS.items() if width == len(raw)), None)
    if unit is None or int(raw[:10]) >= EPOCH_END:
        return refused(Kind.INSTANT, Code.TIME_IMPOSSIBLE, seen=raw)
    moment = clock.instant(int(raw) * (1_000_000 if unit == "epoch_seconds" else 1_000))
    if context.formats.get("instant") == unit or epoch_key(context.key):
        seconds = "seconds" if unit == "epoch_seconds" else "milliseconds"
        told = Assumption(code=unit, sentence=f"read as {seconds} since 1970, in UTC")
        return found(Kind.INSTANT, moment.astimezone(UTC), (told,))
    return refused(Kind.INSTANT, Code.DATE_SERIAL_NUMBER, [clock.text(moment)], seen=raw)
