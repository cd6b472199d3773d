"""Read amounts of money exactly: sign, separators and currency each on their own ground."""

import re
import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal

from remit.domain.money import Money
from remit.intake.context import COMMA_DECIMAL, POINT_DECIMAL, UNKNOWN_HABIT, NormaliseContext
from remit.intake.currencies import CODES, WITHDRAWN, currency_words, minor_digits, of_sender
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

AMOUNT_CHARACTERS_MAX = 60

_CANONICAL = re.compile(r"(-?\d{1,15}\.\d\d) ([A-Z]{3})")
_PROGRAM_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?")
_NUMBER = re.compile(r"\d+(?:[., ']\d+)*")
_RANGE = re.compile(r"\d\s*(?:-|–|to|bis|do|à|hasta)\s*\d")
_EXPRESSION = re.compile(r"\d\s*[x*×+=/]\s*\d", re.IGNORECASE)
_ABBREVIATED = re.compile(r"\d\s*(?:k|m|mio|mln|mrd|tsd|thousand|million|bn)\b", re.IGNORECASE)
_DASH_DECIMALS = re.compile(r"(?<=\d)[.,](?:-{1,2}|—)")
_BRACKETS = re.compile(r"\(([^()]*)\)")
_GROUPS = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}")  # separators made commas


@dataclass(frozen=True, slots=True)
class _Reading:
    number: Decimal
    needs: str | None = None  # the decimal style that this reading rests on


def normalise_money(text: str, context: NormaliseContext) -> Field:
    """Return the money that the text names, or why it names none or several."""
    raw = _fold(text)
    if not raw:
        return refused(Kind.MONEY, Code.FIELD_MISSING)
    if len(raw) > AMOUNT_CHARACTERS_MAX:
        return refused(Kind.MONEY, Code.AMOUNT_MALFORMED, seen=raw)
    match = _CANONICAL.fullmatch(raw)
    if match is not None and match[2] in CODES and minor_digits(match[2]) == 2:
        return found(Kind.MONEY, Money(Decimal(match[1]), match[2]))
    if code := _shape(raw):
        return refused(Kind.MONEY, code, seen=raw)
    body, negative, grounds = _sign(raw)
    body = _DASH_DECIMALS.sub("", body)
    numbers = list(_NUMBER.finditer(body))
    if len(numbers) != 1:
        code = Code.AMOUNT_SEVERAL if numbers else Code.AMOUNT_NOT_A_NUMBER
        return refused(Kind.MONEY, code, (match[0] for match in numbers), seen=raw)
    match = numbers[0]
    readings = _readings(match[0])
    if not readings:
        return refused(Kind.MONEY, Code.AMOUNT_MALFORMED, seen=raw)
    words = (body[: match.start()] + " " + body[match.end() :]).strip()
    currency, ground, refusal = _currency(words, context, raw)
    if refusal is not None:
        return refusal
    grounds += ground
    sign = -1 if negative else 1
    chosen, taken, code = _choose(readings, context)
    if chosen is None:
        candidates = (f"{reading.number * sign:f}" for reading in readings)
        return refused(Kind.MONEY, code or Code.AMOUNT_MALFORMED, candidates, seen=raw)
    grounds += taken
    if _decimals(chosen) > minor_digits(currency):
        return refused(Kind.MONEY, Code.AMOUNT_PRECISION, [f"{chosen * sign:f}"], seen=raw)
    return found(Kind.MONEY, Money(chosen * sign, currency), grounds)


def normalise_amount(amount: object, currency: str, context: NormaliseContext) -> Field:
    """Return the money of an amount that stands apart from its currency.

    A number, or a text in the form of numbers in programs, has a point before its decimals.
    """
    if isinstance(amount, float):
        amount = Decimal(repr(amount))
    if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
        return refused(Kind.MONEY, Code.AMOUNT_NOT_A_NUMBER)
    text = f"{amount:f}" if isinstance(amount, Decimal) else str(amount).strip()
    if _PROGRAM_NUMBER.fullmatch(text):
        context = replace(context, formats={**context.formats, "amount": POINT_DECIMAL})
    return normalise_money(f"{text} {currency}".strip(), context)


def _fold(text: str) -> str:
    if text.isascii():
        return " ".join(text.replace("`", "'").split())
    folded = "".join(_plain(char) for char in unicodedata.normalize("NFC", text))
    return " ".join(folded.split())


def _plain(char: str) -> str:
    if char.isascii():
        return "'" if char == "`" else char
    if char in "’‘ʼ´′":
        return "'"
    if char in "\u2212\u2010\u2011\u2012":
        return "-"
    if char.isspace() or char in "\u202f\u2009\u00a0":
        return " "
    return str(unicodedata.decimal(char, char))


def _shape(raw: str) -> Code | None:
    if not any(char.isdigit() for char in raw):
        return Code.AMOUNT_NOT_A_NUMBER
    if _ABBREVIATED.search(raw):
        return Code.AMOUNT_ABBREVIATED
    if _RANGE.search(raw):
        return Code.AMOUNT_SEVERAL
    return Code.AMOUNT_EXPRESSION if _EXPRESSION.search(raw) else None


def _sign(raw: str) -> tuple[str, bool, tuple[Assumption, ...]]:
    if match := _BRACKETS.search(raw):
        ground = Assumption(code="brackets_negative", sentence="brackets read as a minus sign")
        return raw[: match.start()] + match[1] + raw[match.end() :], True, (ground,)
    head = re.match(r"([^\d]*?)-\s*(?=[^\d-]*\d)", raw)
    if head:
        return head[1] + raw[head.end() :], True, ()
    return raw, False, ()


def _currency(
    words: str, context: NormaliseContext, raw: str
) -> tuple[str, tuple[Assumption, ...], Field | None]:
    declared = context.formats.get("currency")
    if not words:
        if declared:
            return declared, (), None
        return "", (), refused(Kind.MONEY, Code.CURRENCY_MISSING, seen=raw)
    options = currency_words(words)
    if options is None:
        return "", (), refused(Kind.MONEY, Code.AMOUNT_MALFORMED, seen=raw)
    if len(options) == 1:
        (only,) = options
        if only in WITHDRAWN:
            return "", (), refused(Kind.MONEY, Code.CURRENCY_WITHDRAWN, [only], seen=raw)
        return only, (), None
    if declared is not None and declared in options.values():
        return declared, (), None
    local, told = of_sender(options, context)
    if local is None:
        return "", (), refused(Kind.MONEY, Code.CURRENCY_AMBIGUOUS, options.values(), seen=raw)
    return local, told, None


def _readings(number: str) -> tuple[_Reading, ...]:
    kinds = [char for char in number if not char.isdigit()]
    if not kinds:
        return (_Reading(Decimal(number)),)
    distinct = dict.fromkeys(kinds)
    if len(distinct) > 2:
        return ()
    if len(distinct) == 2:
        return _two_kinds(number, kinds)
    mark = kinds[0]
    head, _, tail = number.rpartition(mark)
    grouped = _ungroup(number, mark)
    if len(kinds) > 1 or mark in " '":
        return (_Reading(grouped),) if grouped is not None else ()
    decimal = Decimal(f"{head}.{tail}")
    if len(tail) != 3 or grouped is None or head.startswith("0"):
        return (_Reading(decimal),)
    comma = mark == ","
    return (
        _Reading(grouped, needs=POINT_DECIMAL if comma else COMMA_DECIMAL),
        _Reading(decimal, needs=COMMA_DECIMAL if comma else POINT_DECIMAL),
    )


def _two_kinds(number: str, kinds: list[str]) -> tuple[_Reading, ...]:
    last = kinds[-1]
    if kinds.count(last) > 1 or last in " '":
        return ()
    head, _, tail = number.rpartition(last)
    whole = _ungroup(head, kinds[0])
    return (_Reading(Decimal(f"{whole}.{tail}")),) if whole is not None else ()


def _ungroup(number: str, mark: str) -> Decimal | None:
    if _GROUPS.fullmatch(number.replace(mark, ",")) is None:
        return None
    return Decimal(number.replace(mark, ""))


def _choose(
    readings: tuple[_Reading, ...], context: NormaliseContext
) -> tuple[Decimal | None, tuple[Assumption, ...], Code | None]:
    if len(readings) == 1:
        return readings[0].number, (), None
    by_style = {reading.needs: reading.number for reading in readings}
    declared = context.formats.get("amount")
    if declared in by_style:
        return by_style[declared], (), None
    known = context.grounds("amount")
    if UNKNOWN_HABIT in {style for style, _ in known}:
        return None, (), Code.FIELD_EXTRA_MISSING
    if len({style for style, _ in known}) != 1:
        return None, (), Code.FIELD_CONFLICT if known else Code.AMOUNT_SEPARATOR_AMBIGUOUS
    style, ground = known[0]
    told = Assumption(
        code=f"separators_by_{ground}", sentence=f"separators read as {style}, from the {ground}"
    )
    return by_style[style], (told,), None


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def style_of(value: str) -> str | None:
    """Return the decimal style of an amount that only reads one way.

    Any other amount is the empty text, and what holds no number None.
    """
    match = _NUMBER.search(_fold(value))
    if match is None:
        return None
    marks = [char for char in match[0] if char in ".,"]
    decimals = match[0].rpartition(marks[-1])[2] if marks else ""
    if len(set(marks)) == 2 or (len(marks) == 1 and len(decimals) in (1, 2)):
        return POINT_DECIMAL if marks[-1] == "." else COMMA_DECIMAL
    if len(marks) > 1:
        return COMMA_DECIMAL if marks[0] == "." else POINT_DECIMAL
    return ""
