"""Read dates without ever guessing their order or century."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from remit.domain import clock
from remit.intake import calendar_words, cldr
from remit.intake.context import DAY_FIRST, MONTH_FIRST, UNKNOWN_HABIT, NormaliseContext, languages
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

DATE_CHARACTERS_MAX = 40
YEARS = range(1900, 2101)
_PLAIN_MARKS = str.maketrans("\u2212\u2013\u2010\u2011－：／．，", "-----:/.,")
UNKNOWN_WORDS_MAX = 3
_BUDDHIST = 543
_OTHER_CALENDARS = (range(1300, 1500), range(5600, 5900))  # of Iran and Islam, of the Jews
_YEAR_FIRST = "year_first"
_SERIAL_DAYS = range(20_000, 60_001)  # 1954 to 2064, as spreadsheets count days
EPOCH_END = 4_133_980_800  # the end of the year 2100, in seconds since 1970
_SERIAL_EPOCH = date(1899, 12, 30)

_YMD = re.compile(r"(\d{4})([-/.])\s?(\d{1,2})\2\s?(\d{1,2})\.?")
_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)")
_WEEK = re.compile(r"(\d{4})-?W(\d\d)-?([1-7])")
_CJK = re.compile(
    r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일号號]"
    r"(?:\s?(?:(?P<ja>[月火水木金土日])曜日|(?P<ko>[월화수목금토일])요일|星期(?P<zh>[一二三四五六日天])))?"
)
_CJK_WEEK = {"ja": "月火水木金土日", "ko": "월화수목금토일", "zh": "一二三四五六日"}
_ERA = re.compile(r"(令和|平成|昭和|民國|民国)(\d{1,3}|元)年(\d{1,2})月(\d{1,2})日")
_ERA_STARTS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}
_EPOCH_KEY = re.compile(r"(?:^|.*_)(?:ts|timestamp|epoch|unixtime)", re.IGNORECASE)
_NUMERIC = re.compile(r"(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?:\.|\s?г\.?)?")
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
            groups = [int(part) for part in match.groups() if part and part.isdecimal()]
            field = _dated(raw, groups[0], groups[1], groups[2])
            return _on_weekday(raw, field, _cjk_weekday(match)) if form is _CJK else field
    if match := _ERA.fullmatch(raw):
        year = _ERA_STARTS[match[1]] + (1 if match[2] == "元" else int(match[2]))
        days = [one.isoformat() for one in _days(year, int(match[3]), int(match[4]))]
        return refused(Kind.DATE, Code.DATE_CALENDAR_UNCLEAR, days, seen=raw)
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


def order_of(value: str) -> str | None:
    """Return `day_first` or `month_first` for a date in digits that only reads one way.

    Any other date in digits is the empty text, and anything else None.
    """
    match = _NUMERIC.fullmatch(folded(value))
    if match is None:
        return None
    first, second = int(match[1]), int(match[3])
    if first > 12 >= second > 0:
        return DAY_FIRST
    return MONTH_FIRST if second > 12 >= first > 0 else ""


def epoch_key(key: str) -> bool:
    """Return whether a field of that name counts seconds since 1970."""
    return _EPOCH_KEY.fullmatch(key) is not None


def folded(text: str) -> str:
    """Return the text with ASCII digits, plain marks and single spaces."""
    if text.isascii():
        return " ".join(text.split())
    plain = "".join(
        str(unicodedata.decimal(char, char)) if not char.isascii() else char for char in text
    )
    return " ".join(plain.translate(_PLAIN_MARKS).split())


def _dated(raw: str, year: int, month: int, day: int, grounds: Iterable[Assumption] = ()) -> Field:
    if year - _BUDDHIST in YEARS and year not in YEARS:
        candidates = [one.isoformat() for one in _days(year - _BUDDHIST, month, day)]
        return refused(Kind.DATE, Code.DATE_CALENDAR_UNCLEAR, candidates, seen=raw)
    readings = _days(year, month, day)
    if not readings:
        return refused(Kind.DATE, Code.DATE_IMPOSSIBLE, seen=raw)
    if year not in YEARS:
        other = any(year in years for years in _OTHER_CALENDARS)
        code = Code.DATE_CALENDAR_UNCLEAR if other else Code.DATE_IMPOSSIBLE
        return refused(Kind.DATE, code, seen=raw)
    return found(Kind.DATE, readings[0], grounds)


def _days(year: int, month: int, day: int) -> tuple[date, ...]:
    try:
        return (date(year, month, day),)
    except ValueError:
        return ()


def _numeric(raw: str, first: int, second: int, year: str, context: NormaliseContext) -> Field:
    full_year, grounds = _year(year, context)
    century = full_year if full_year is not None else 2000 + int(year)
    readings = {
        DAY_FIRST: _days(century, second, first),
        MONTH_FIRST: _days(century, first, second),
    }
    spaced = "." not in raw or ". " in raw  # 3.4.25 is hardly ever 2003; 24. 11. 11. is Korean
    if len(year) == 2 and (spaced or full_year is not None):
        years = _year(f"{first:02}", context)[0] or 2000 + first
        readings[_YEAR_FIRST] = _days(years, second, int(year))
    possible = {order: days[0] for order, days in readings.items() if days}
    candidates = [day.isoformat() for day in possible.values()]
    if full_year is None:
        return refused(Kind.DATE, Code.DATE_TWO_DIGIT_YEAR, candidates, seen=raw)
    if not possible:
        return refused(Kind.DATE, Code.DATE_IMPOSSIBLE, seen=raw)
    if (declared := context.formats.get("date", "")) in possible:
        return _taken(raw, possible[declared], grounds)
    if len(set(candidates)) == 1:
        return _taken(raw, next(iter(possible.values())), grounds)
    known = context.grounds("date")
    if UNKNOWN_HABIT in {order for order, _ in known}:
        return refused(Kind.DATE, Code.FIELD_EXTRA_MISSING, candidates, seen=raw)
    known = tuple((order, ground) for order, ground in known if order in possible)
    if len({order for order, _ in known}) != 1:
        code = Code.FIELD_CONFLICT if known else Code.DATE_ORDER_AMBIGUOUS
        return refused(Kind.DATE, code, candidates, seen=raw)
    order, ground = known[0]
    told = Assumption(
        code=f"{order}_{ground}",
        sentence=f"read with the {order.replace('_', ' ')}, from the {ground}",
    )
    return _taken(raw, possible[order], (told, *grounds))


def _taken(raw: str, day: date, grounds: Iterable[Assumption]) -> Field:
    return _dated(raw, day.year, day.month, day.day, grounds)


def _year(written: str, context: NormaliseContext) -> tuple[int | None, tuple[Assumption, ...]]:
    if len(written) == 4:
        return int(written), ()
    window = context.formats.get("year_window", "")
    if not window.isdecimal():
        return None, ()
    first = int(window)
    year = first + (int(written) - first) % 100
    told = Assumption(code="year_window", sentence=f"two digits read from {first} on")
    return year, (told,)


def _number(raw: str, context: NormaliseContext) -> Field | None:
    if not raw.isdecimal():
        return None
    number = int(raw)
    if number in _SERIAL_DAYS:
        day = _SERIAL_EPOCH + timedelta(days=number)
        return refused(Kind.DATE, Code.DATE_SERIAL_NUMBER, [day.isoformat()], seen=raw)
    if len(raw) == 10 and number < EPOCH_END:
        moment = clock.instant(number * 1_000_000)
        if context.formats.get("date") == "epoch_seconds" or epoch_key(context.key):
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
    if words.foreign or words.quarter or (words.unknown and not _may_be_foreign(words)):
        incomplete = words.quarter or _TWO_PARTS.fullmatch(raw)
        code = Code.DATE_INCOMPLETE if incomplete else Code.DATE_NOT_A_DATE
        return refused(Kind.DATE, code, seen=raw)
    meant = _meanings(words)
    if meant is None:
        return refused(Kind.DATE, Code.FIELD_EXTRA_MISSING, seen=raw)
    months, weekdays = meant
    if (words.bare and months) or (words.unknown and not months):
        return refused(Kind.DATE, Code.DATE_NOT_A_DATE, seen=raw)
    if not months or words.day is None or words.year is None:
        return refused(Kind.DATE, Code.DATE_INCOMPLETE, seen=raw)
    year, grounds = _year(words.year, context)
    days = {
        month: day
        for month in months
        for day in _days(year if year is not None else 2000 + int(words.year), month, words.day)
    }
    candidates = [day.isoformat() for day in days.values()]
    if year is None:
        return refused(Kind.DATE, Code.DATE_TWO_DIGIT_YEAR, candidates, seen=raw)
    month, told, conflict = _one_month(months, context)
    if month is None:
        code = conflict or Code.DATE_MONTH_AMBIGUOUS
        return refused(Kind.DATE, code, candidates, seen=raw)
    field = _dated(raw, year, month, words.day, (*told, *grounds))
    return _on_weekday(raw, field, weekdays)


def _may_be_foreign(words: calendar_words.DateWords) -> bool:
    """Return whether day and year are left, and words that may be a month and a weekday."""
    return len(words.unknown) <= UNKNOWN_WORDS_MAX and None not in (words.day, words.year)


def _meanings(
    words: calendar_words.DateWords,
) -> tuple[Mapping[int, frozenset[str]], frozenset[int]] | None:
    """Return month -> languages that call it so, and the weekdays that a word may mean.

    A word that is neither leaves no month; None where only the extra could tell.
    """
    months = {words.month: frozenset[str]()} if words.month is not None else words.months
    weekdays = words.weekdays
    if not words.unknown:
        return months, weekdays
    named, days = cldr.month_words(), cldr.weekday_words()
    if named is None or days is None:
        return None
    for word in words.unknown:
        if word in named and not months:
            months = {int(month): spoken for month, spoken in named[word].items()}
        elif word in days and not weekdays:
            weekdays = days[word]
        else:
            return {}, weekdays
    return months, weekdays


def _cjk_weekday(match: re.Match[str]) -> frozenset[int]:
    said = {name: char for name, char in match.groupdict().items() if char}
    return frozenset(
        _CJK_WEEK[name].index(char.replace("天", "日")) for name, char in said.items()
    )


def _on_weekday(raw: str, field: Field, weekdays: frozenset[int]) -> Field:
    """Return the field if its day falls on one of these, or if none was said."""
    if not isinstance(field.value, date) or not weekdays or field.value.weekday() in weekdays:
        return field
    return _conflict(raw, field.value, min(weekdays))


def _one_month(
    months: Mapping[int, frozenset[str]], context: NormaliseContext
) -> tuple[int | None, tuple[Assumption, ...], Code | None]:
    """Return the month that a word means; where languages differ, the sender's has to be known."""
    if len(months) == 1:
        return next(iter(months)), (), None
    meant = {
        (month, ground)
        for language, ground in languages(context)
        for month, spoken in months.items()
        if language in spoken
    }
    if len({month for month, _ in meant}) != 1:
        return None, (), Code.FIELD_CONFLICT if meant else None
    month, ground = min(meant)
    told = Assumption(
        code=f"month_by_{ground}",
        sentence=f"the month's name read in the language of the {ground}",
    )
    return month, (told,), None


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
