"""What a person may pick where input has several readings: each in words, none of them first."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from remit.domain import clock
from remit.domain.frozen import dataclass
from remit.domain.money import Money
from remit.domain.value import Json, canonical
from remit.intake.attributes import attribute
from remit.intake.context import COMMA_DECIMAL, POINT_DECIMAL, NormaliseContext
from remit.intake.fields import FieldSpec
from remit.intake.normalise import read_value
from remit.intake.outcome import Field, FieldReason, Kind
from remit.intake.reasons import ReasonCode, sentence

AS_WRITTEN = "candidate"  # the candidate itself was taken, under no declared format

_PART = "this may be its beginning only; type the text, or ask for the message again"
_STYLES = {COMMA_DECIMAL: "as a German number", POINT_DECIMAL: "as an English number"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Choice:
    """One reading: the candidate, which may be private, and what a person reads of it.

    `how` is the format that this choice declares; `form` is the value as it re-enters, and
    `blocked` why it cannot be taken as it stands.
    """

    candidate: str
    says: str  # empty: the candidate says it itself
    how: str = AS_WRITTEN
    form: Json = None
    blocked: str = ""

    def __repr__(self) -> str:
        return f"Choice(how={self.how!r}, blocked={bool(self.blocked)})"


def choices_of(
    spec: FieldSpec, raw: object, reason: FieldReason, context: NormaliseContext
) -> tuple[Choice, ...]:
    """Return every candidate of a refusal as a choice, in the order of the refusal."""
    return tuple(_choice(spec, raw, one, reason.code, context) for one in reason.candidates)


def _choice(
    spec: FieldSpec, raw: object, candidate: str, code: ReasonCode, context: NormaliseContext
) -> Choice:
    if spec.kind is Kind.TEXT:  # of a mail: what is shown of such a text may be its beginning only
        return Choice(candidate=candidate, says="", blocked=_PART)
    how, field = _read_as(spec, raw, candidate, code, context)
    private = spec.marker.private
    if field.reason is not None or field.value is None:
        said = field.reason.code if field.reason is not None else ReasonCode.FIELD_MISSING
        why = sentence(said, seen="" if private else candidate)
        return Choice(candidate=candidate, says=_STYLES.get(how, ""), how=how, blocked=why)
    if private is not None:
        says = attribute(private, str(field.value))
    else:
        says = ", ".join(part for part in (_words(field.value), _STYLES.get(how, "")) if part)
    return Choice(candidate=candidate, says=says, how=how, form=canonical(field.value).form)


def _read_as(
    spec: FieldSpec, raw: object, candidate: str, code: ReasonCode, context: NormaliseContext
) -> tuple[str, Field]:
    """Return the format under which the raw reads as the candidate does, and that reading."""
    if spec.kind is Kind.MONEY and isinstance(raw, str) and raw.strip():
        for how, formats in _formats(candidate, code):
            declared = replace(context, formats={**context.formats, **formats})
            field = read_value(spec, raw, declared)
            if _is(field, candidate, code):
                return how, field
    return AS_WRITTEN, read_value(spec, candidate, context)


def _formats(candidate: str, code: ReasonCode) -> Iterator[tuple[str, Mapping[str, str]]]:
    if code is ReasonCode.CURRENCY_AMBIGUOUS:
        yield f"currency_{candidate}", {"currency": candidate}
        return
    for style in _STYLES:
        yield style, {"amount": style}


def _is(field: Field, candidate: str, code: ReasonCode) -> bool:
    """Return whether a reading under a declared format is the one that the candidate names."""
    if code is ReasonCode.CURRENCY_AMBIGUOUS:
        # The amount may still read in two ways: that is the next thing to settle.
        return not (field.reason is not None and field.reason.code is code)
    try:
        number = Decimal(candidate)
    except InvalidOperation:
        return False
    if isinstance(field.value, Money):
        return field.value.amount == number
    return field.reason is not None and field.reason.candidates == (candidate,)


def _words(value: object) -> str:
    match value:
        case Money():
            return f"{Decimal(value.written):,f} {value.currency}"
        case datetime():
            return f"{_day(value)}, {clock.text(value)}"
        case date():
            return _day(value)
        case _:
            return ""


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"
