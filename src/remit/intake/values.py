"""Values that come as more than text; what has no exact form is refused."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from remit.domain.money import Money
from remit.domain.value import canonical
from remit.intake.amounts import normalise_amount
from remit.intake.context import NormaliseContext
from remit.intake.outcome import Field, Kind, found, refused
from remit.intake.reasons import ReasonCode

FIELD_CHARACTERS_MAX = 65_536
DEPTH_MAX = 64
FLOAT_DIGITS_MAX = 400
EXACT_FLOAT_MAX = 2**53  # whole numbers above are not all exact as floats

_SURROGATE = re.compile("[\ud800-\udfff]")
_BAD: Mapping[Kind, ReasonCode] = {
    Kind.TEXT: ReasonCode.TEXT_UNDECODABLE,
    Kind.PRIVATE: ReasonCode.TEXT_UNDECODABLE,
    Kind.PERSON: ReasonCode.TEXT_UNDECODABLE,
    Kind.ADDRESS: ReasonCode.TEXT_UNDECODABLE,
    Kind.EMAIL: ReasonCode.EMAIL_SYNTAX,
    Kind.PHONE: ReasonCode.PHONE_NOT_VALID,
    Kind.IBAN: ReasonCode.ID_LENGTH,
    Kind.CARD: ReasonCode.ID_LENGTH,
    Kind.IDENTIFIER: ReasonCode.ID_LENGTH,
    Kind.DATE: ReasonCode.DATE_NOT_A_DATE,
    Kind.TIME: ReasonCode.TIME_IMPOSSIBLE,
    Kind.INSTANT: ReasonCode.TIME_IMPOSSIBLE,
    Kind.ZONE: ReasonCode.ZONE_UNKNOWN,
    Kind.MONEY: ReasonCode.AMOUNT_NOT_A_NUMBER,
    Kind.CURRENCY: ReasonCode.CURRENCY_MISSING,
    Kind.COUNTRY: ReasonCode.COUNTRY_UNKNOWN,
    Kind.LANGUAGE: ReasonCode.TEXT_UNDECODABLE,
}
_NUMBERED = frozenset({Kind.CARD, Kind.IDENTIFIER, Kind.IBAN, Kind.PHONE})


def unfit(text: str) -> ReasonCode | None:
    """Return why a text cannot be stored: too long, NUL, half a character."""
    if len(text) > FIELD_CHARACTERS_MAX:
        return ReasonCode.FIELD_TOO_LONG
    if "\x00" in text or (not text.isascii() and _SURROGATE.search(text) is not None):
        return ReasonCode.TEXT_UNDECODABLE
    return None


def record_of(value: object) -> Field:
    """Return a structured value with exact numbers, or why it has no exact form."""
    try:
        exact = _exact(value, 0)
        canonical(exact)
    except OverflowError:
        return refused(Kind.RECORD, ReasonCode.ID_DAMAGED)
    except (TypeError, ValueError, ArithmeticError):
        return refused(Kind.RECORD, ReasonCode.TEXT_UNDECODABLE)
    return found(Kind.RECORD, exact)


def already(kind: Kind, value: object, context: NormaliseContext) -> Field | None:
    """Return the field of a value that comes as what it is, or None for one that is to be read."""
    match kind, value:
        case Kind.MONEY, Money():
            return found(kind, value)
        case Kind.MONEY, {"amount": amount, "currency": str(currency)}:
            return normalise_amount(amount, currency, context)
        case Kind.INSTANT, datetime():
            return found(kind, value) if value.tzinfo else refused(kind, ReasonCode.ZONE_UNKNOWN)
        case Kind.DATE, date() if not isinstance(value, datetime):
            return found(kind, value)
        case _, float() if kind in _NUMBERED:
            return refused(kind, ReasonCode.ID_DAMAGED)
        case Kind.MONEY, int() | float() | Decimal() if not isinstance(value, bool):
            return normalise_amount(value, "", context)
        case _:
            return None


def text_of(kind: Kind, value: object) -> tuple[str, ReasonCode | None]:
    """Return the value as a text that may be read, or why there is none."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = f"{value}"
    if not isinstance(value, str):
        return "", _BAD[kind]
    return value, unfit(value)


def _exact(value: object, depth: int) -> object:
    """Return the value with every float as the decimal it was written as."""
    if depth > DEPTH_MAX:
        raise ValueError("nested too deep")
    if isinstance(value, float):
        number = Decimal(repr(value))
        if not number.is_finite():
            raise ValueError("not a finite number")
        if value.is_integer() and abs(number) > EXACT_FLOAT_MAX:
            raise OverflowError("a whole number that a float may have rounded")
        return number
    if isinstance(value, str) and unfit(value) is not None:
        raise ValueError("text that cannot be stored")
    if isinstance(value, Mapping):
        return {str(key): _exact(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item, depth + 1) for item in value]
    return value


def read_record(text: str) -> Field:
    """Return the value of a JSON text with exact numbers, or why it has no certain one.

    A key that stands twice is a conflict; a whole number written as a float, above what floats
    hold exactly, is damaged.
    """
    try:
        made = json.loads(
            text, object_pairs_hook=_unique, parse_float=_decimal, parse_constant=_refuse
        )
    except KeyError:
        return refused(Kind.RECORD, ReasonCode.FIELD_CONFLICT)
    except OverflowError:
        return refused(Kind.RECORD, ReasonCode.ID_DAMAGED)
    except (ValueError, RecursionError, ArithmeticError):
        return refused(Kind.RECORD, ReasonCode.TEXT_UNDECODABLE)
    return record_of(made)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise KeyError("a key stands twice")
    return made


def _decimal(written: str) -> Decimal:
    number = Decimal(written)
    if not number.is_finite() or number.adjusted() > FLOAT_DIGITS_MAX:
        raise OverflowError("a number that floats do not hold")
    if number == number.to_integral_value() and abs(number) > EXACT_FLOAT_MAX:
        raise OverflowError("a whole number that a float may have rounded")
    return number


def _refuse(word: str) -> Decimal:
    raise ValueError(f"{word} is no number")
