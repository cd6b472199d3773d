"""Read dates without ever guessing their order or century."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from remit.domain import clock
from remit.intake import calendar_words
from remit.intake.context import DAY_FIRST, MONTH_FIRST, NormaliseContext
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

DATE_CHARACTERS_MAX = 40
YEARS = range(1900, 2101)
COLUMN_VALUES_MIN = 20
_BUDDHIST = 543
_SERIAL_DAYS = range(20_000, 60_001)  # 1954 to 2064, as spreadsheets count days
_SERIAL_EPOCH = date(1899, 12, 30)

_YMD = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)")
_WEEK = re.compile(r"(\d{4})-?W(\d\d)-?([1-7])")
_CJK = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})")
_TIMED = re.compile(r"(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d\S*")
_TWO_PARTS = re.compile(r"\d{1,4}[-/]\d{1,4}|\d{1,2}\.\d{1,2}\.")


def normalise_date(text: str, context: NormaliseContext) -> Field:
    """Return the date that the text names, or why it names none or several."""
    raw = folded(text)
    if not raw:
        return refused(Kind.DATE, Code.FIELD_MISSING)
    if len(raw) > DATE_CHARACTERS_MAX:
        return refused(Kind.DATE, Code.DATE_NOT_A_DATE, seen=raw)
    for form in (_YMD, _CJK, _BASIC):
        if match := form.fullmatch(raw):
            groups = [int(part) for part in match.groups() if part.isdigit()]
            return _dated(raw, groups[0], groups[1], groups[2])
    if match := _WEEK.fullmatch(raw):
        year, week, weekday = (int(part) for part in match.groups())
        try:
            return found(Kind.DATE, date.fromisocalendar(year, week, weekday))
        except ValueError:
            return refused(Kind.DATE, Code.DATE_IMPOSSIBLE, seen=raw)
    if match := _TIMED.fullmatch(raw):
        ground = Assumption(code="time_dropped", sentence="the time of day was left out")
        inner = normalise_date(match[1], context)
        return found(Kind.DATE, inner.value, (ground,)) if inner.value else inner
    if match := _NUMERIC.fullmatch(raw):
        return _numeric(raw, int(match[1]), int(match[3]), match[4], context)
    return _number(raw, context) or _worded(raw, context)


def column_order(values: Iterable[str]) -> str | None:
    """Return the date order that a column of at least twenty values proves, else None."""
    proven: set[str] = set()
    count = 0
    for value in values:
        match = _NUMERIC.fullmatch(folded(value))
        if match is None:
            continue
        count += 1
        first, second = int(match[1]), int(match[3])
        if first > 12 >= second:
            proven.add(DAY_FIRST)
        elif second > 12 >= first:
            proven.add(MONTH_FIRST)
    return proven.pop() if len(proven) == 1 and count >= COLUMN_VALUES_MIN else None


def folded(text: str) -> str:
    """Return the text with ASCII digits, plain dashes and single spaces."""
    plain = "".join(
        str(unicodedata.decimal(char, char)) if not char.isascii() else char for char in text
    )
    plain = plain.replace("\u2212", "-").replace("\u2013", "-").replace("\u2010", "-")
    return " ".join(plain.split())


def _dated(raw: str, year: int, month: int, day: int, grounds: Iterable[Assumption] = ()) -> Field:
    if year - _BUDDHIST in YEARS and year not in YEARS:
        candidates = [one.isoformat() for one in _days(year - _BUDDHIST, month, day)]
        return refused(Kind.DATE, Code.DATE_CALENDAR_UNCLEAR, candidates, seen=raw)
    readings = _days(year, month, day) if year in YEARS else ()
    if not readings:
        return refused(Kind.DATE, Code.DATE_IMPOSSIBLE, seen=raw)
    return found(Kind.DATE, readings[0], grounds)


def _days(year: int, month: int, day: int) -> tuple[date, ...]:
    try:
        return (date(year, month, day),)
    except ValueError:
        return ()


def _numeric(raw: str, first: int, second: int, year: str, context: NormaliseContext) -> Field:
    readings = {DAY_FIRST: (second, first), MONTH_FIRST: (first, second)}
    possible = {order: pair for order, pair in readings.items() if 1 <= pair[0] <= 12}
    full_year, grounds = _year(year, context)
    years = (full_year,) if full_year is not None else (2000 + int(year), 1900 + int(year))
    if full_year is None:
        days = [
            one.isoformat()
            for month, day in possible.values()
            for one in _days(years[0], month, day)
        ]
        return refused(Kind.DATE, Code.DATE_TWO_DIGIT_YEAR, days, seen=raw)
    possible = {order: pair for order, pair in possible.items() if _days(full_year, *pair)}
    if not possible:
        return _dated(raw, full_year, 13, 1, grounds)
    if len(set(possible.values())) == 1:
        month, day = next(iter(possible.values()))
        return _dated(raw, full_year, month, day, grounds)
    if declared := context.formats.get("date"):
        month, day = readings.get(declared, (0, 0))
        if month:
            return _dated(raw, full_year, month, day, grounds)
    known = context.grounds("date")
    candidates = [date(full_year, month, day).isoformat() for month, day in possible.values()]
    if len({order for order, _ in known}) != 1:
        code = Code.FIELD_CONFLICT if known else Code.DATE_ORDER_AMBIGUOUS
        return refused(Kind.DATE, code, candidates, seen=raw)
    order, ground = known[0]
    taken = Assumption(
        code=f"{order}_{ground}",
        sentence=f"read with the {order.replace('_', ' ')}, from the {ground}",
    )
    month, day = readings[order]
    return _dated(raw, full_year, month, day, (taken, *grounds))


def _year(written: str, context: NormaliseContext) -> tuple[int | None, tuple[Assumption, ...]]:
    if len(written) == 4:
        return int(written), ()
    window = context.formats.get("year_window", "")
    if not window.isdigit():
        return None, ()
    first = int(window)
    year = first + (int(written) - first) % 100
    told = Assumption(code="year_window", sentence=f"two digits read from {first} on")
    return year, (told,)


def _number(raw: str, context: NormaliseContext) -> Field | None:
    if not raw.isdigit():
        return None
    number = int(raw)
    if number in _SERIAL_DAYS:
        day = _SERIAL_EPOCH + timedelta(days=number)
        return refused(Kind.DATE, Code.DATE_SERIAL_NUMBER, [day.isoformat()], seen=raw)
    if len(raw) == 10:
        moment = clock.instant(number * 1_000_000)
        if context.formats.get("date") == "epoch_seconds":
            ground = Assumption(
                code="epoch_seconds", sentence="read as seconds since 1970, in UTC"
            )
            return found(Kind.DATE, moment.date(), (ground,))
        day = moment.date()
        return refused(Kind.DATE, Code.DATE_SERIAL_NUMBER, [day.isoformat()], seen=raw)
    return refused(Kind.DATE, Code.DATE_NOT_A_DATE, seen=raw)


def _worded(raw: str, context: NormaliseContext) -> Field:
    words = calendar_words.read(raw)
    if words.relative_days is not None:
        return _relative(raw, words.relative_days, context)
    if words.foreign or (words.month is None and words.day is None):
        code = Code.DATE_NOT_A_DATE
        if words.quarter or _TWO_PARTS.fullmatch(raw):
            code = Code.DATE_INCOMPLETE
        return refused(Kind.DATE, code, seen=raw)
    if words.month is not None and words.bare:
        return refused(Kind.DATE, Code.DATE_NOT_A_DATE, seen=raw)
    if words.month is None or words.day is None or words.year is None:
        return refused(Kind.DATE, Code.DATE_INCOMPLETE, seen=raw)
    year, grounds = _year(words.year, context)
    if year is None:
        days = [d.isoformat() for d in _days(2000 + int(words.year), words.month, words.day)]
        return refused(Kind.DATE, Code.DATE_TWO_DIGIT_YEAR, days, seen=raw)
    field = _dated(raw, year, words.month, words.day, grounds)
    if isinstance(field.value, date) and words.weekday not in (None, field.value.weekday()):
        return _conflict(raw, field.value, words.weekday or 0)
    return field


def _conflict(raw: str, day: date, weekday: int) -> Field:
    shift = (weekday - day.weekday() + 3) % 7 - 3
    other = day + timedelta(days=shift)
    candidates = (day.isoformat(), other.isoformat())
    return refused(Kind.DATE, Code.DATE_WEEKDAY_CONFLICT, candidates, seen=raw)


def _relative(raw: str, days: int, context: NormaliseContext) -> Field:
    if context.zone is None:
        return refused(Kind.DATE, Code.DATE_RELATIVE, seen=raw)
    try:
        today = context.received_at.astimezone(ZoneInfo(context.zone)).date()
    except (ZoneInfoNotFoundError, ValueError):
        return refused(Kind.DATE, Code.DATE_RELATIVE, seen=raw)
    ground = Assumption(code="relative_to_receipt", sentence="counted from the day of receipt")
    return found(Kind.DATE, today + timedelta(days=days), (ground,))
