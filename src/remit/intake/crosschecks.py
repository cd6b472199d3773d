"""What fields of one document say about each other, where the author declared it."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from remit.domain.money import Money
from remit.intake.amounts import normalise_amount
from remit.intake.context import NormaliseContext
from remit.intake.fields import FieldSpec, SumOf
from remit.intake.outcome import Field, Kind, Outcome, refused
from remit.intake.reasons import ReasonCode

LINES_MAX = 10_000


def checked(
    specs: tuple[FieldSpec, ...], fields: dict[str, Field], context: NormaliseContext
) -> dict[str, Field]:
    """Return the fields after the declared checks.

    A check that holds turns an assumption into a fact; one that does not puts both fields in
    conflict. One that cannot be made, because a part of it has no value, changes nothing.
    """
    for spec in specs:
        if spec.agrees is not None:
            fields = _agreed(spec.name, spec.agrees, fields)
        if spec.sum_of is not None:
            fields = _summed(spec.name, spec.sum_of, fields, context)
    return fields


def country_of(field: Field | None) -> str | None:
    """Return the country that a field speaks of: of an IBAN, an address or a country itself."""
    if field is None or not isinstance(field.value, str):
        return None
    if field.kind is Kind.IBAN:
        return field.value[:2]
    return field.value if field.kind is Kind.COUNTRY else field.parts.get("country")


def _agreed(name: str, other: str, fields: dict[str, Field]) -> dict[str, Field]:
    one, two = country_of(fields.get(name)), country_of(fields.get(other))
    if one is None or two is None:
        return fields
    if one == two:
        return {**fields, name: _fact(fields[name]), other: _fact(fields[other])}
    return {
        **fields,
        name: refused(fields[name].kind, ReasonCode.FIELD_CONFLICT, [one, two]),
        other: refused(fields[other].kind, ReasonCode.FIELD_CONFLICT, [one, two]),
    }


def _summed(
    name: str, declared: SumOf, fields: dict[str, Field], context: NormaliseContext
) -> dict[str, Field]:
    total, lines = fields.get(name), fields.get(declared.field)
    if total is None or lines is None or not isinstance(total.value, Money):
        return fields
    amounts = _amounts(lines.value, declared.key, total.value.currency, context)
    if amounts is None:
        return fields
    if sum(amounts, Decimal(0)) == total.value.amount:
        return {**fields, name: _fact(total)}
    both = [str(total.value), str(Money(sum(amounts, Decimal(0)), total.value.currency))]
    return {
        **fields,
        name: refused(total.kind, ReasonCode.FIELD_CONFLICT, both),
        declared.field: refused(lines.kind, ReasonCode.FIELD_CONFLICT, both),
    }


def _amounts(
    lines: object, key: str, currency: str, context: NormaliseContext
) -> list[Decimal] | None:
    """Return the amount of each line, or None when one cannot be read in that currency."""
    if not isinstance(lines, list | tuple) or not 0 < len(lines) <= LINES_MAX:
        return None
    context = replace(context, formats={**context.formats, "currency": currency})
    amounts = []
    for line in lines:
        written = line.get(key) if isinstance(line, Mapping) else line
        amount, named = written, ""
        if isinstance(written, Mapping):
            amount, named = written.get("amount"), written.get("currency", "")
        read = normalise_amount(amount, str(named), context).value
        if not isinstance(read, Money) or read.currency != currency:
            return None
        amounts.append(read.amount)
    return amounts


def _fact(field: Field) -> Field:
    return replace(field, outcome=Outcome.ACCEPTED, assumptions=())
