"""How values are written on pages: money, moments, lengths of time, risks."""

from datetime import UTC, datetime

from remit.domain.money import Money
from remit.governance.card import COUNTED_MAX

MINUTE = 60
HOUR = 3_600
DAY = 86_400
TENTHS_BELOW = 10  # seconds: below, a tenth still says something

# Risk is a shape and a word; the shape's name is its mark in `_macros.html`.
RISKS = {"low": "low", "normal": "normal", "money": "money", "irreversible": "irreversible"}

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


def amount(money: Money) -> str:
    """Write an amount with thousands apart: `1,843.57`; minus is U+2212."""
    whole, _, part = money.written.partition(".")
    sign = "\u2212" if whole.startswith("-") else ""
    grouped = f"{int(whole.removeprefix('-')):,}"
    return f"{sign}{grouped}.{part}" if part else f"{sign}{grouped}"


def currency(money: Money) -> str:
    """Write a currency as its sign where it has one that nobody confuses, else as its code."""
    return _SYMBOLS.get(money.currency, f"{money.currency} ")


def bounded(number: int) -> str:
    """Write a number that is counted no further than a thousand and one."""
    return f"{COUNTED_MAX:,}+" if number > COUNTED_MAX else f"{number:,}"


def clock(moment: datetime) -> str:
    """Write the time of a moment, in UTC: `09:41:02`."""
    return moment.astimezone(UTC).strftime("%H:%M:%S")


def day(moment: datetime) -> str:
    """Write a moment with its day: `Tue 24 Nov, 09:41`."""
    utc = moment.astimezone(UTC)
    return f"{utc:%a} {utc.day} {utc:%b, %H:%M}"


def instant(moment: datetime) -> str:
    """Write a moment whole, as machines and tooltips want it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def due(moment: datetime, now: datetime) -> str:
    """Say how far off a deadline is, to the minute: `due in 12 min`, `late 32 min`."""
    seconds = (moment - now).total_seconds()
    return f"due in {duration(seconds)}" if seconds >= 0 else f"late {duration(-seconds)}"


def since(moment: datetime, now: datetime) -> str:
    """Say how long ago something was."""
    seconds = (now - moment).total_seconds()
    return "now" if seconds < MINUTE else f"{duration(seconds)} ago"


def duration(seconds: float) -> str:
    """Write a length of time in the units that fit it: `310 ms`, `9 s`, `2 h 10 min`."""
    if seconds < 1:
        return f"{round(seconds * 1_000)} ms"
    whole = round(seconds)
    if seconds < TENTHS_BELOW and round(seconds, 1) != whole:
        return f"{seconds:.1f} s"
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        rest = whole % HOUR // MINUTE
        return f"{whole // HOUR} h" + (f" {rest} min" if rest else "")
    rest = whole % DAY // HOUR
    return f"{whole // DAY} d" + (f" {rest} h" if rest else "")


def short(digest: str) -> str:
    """Write the first twelve digits of a digest in groups of four."""
    return " ".join(digest[at : at + 4] for at in range(0, min(len(digest), 12), 4))


def label(code: str) -> str:
    """Write a code as words: `order_id` as `order id`."""
    return code.replace("_", " ").replace("-", " ")
