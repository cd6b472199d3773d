"""Bounds: how much of one has been taken, and whether what is asked for still fits."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from remit.domain.action import ActionSpec, Bound, ToolSource, alternatives
from remit.domain.money import Money
from remit.domain.value import Canonical, Json, encode
from remit.policy.reads import Reads

NUMBERS = ("integer", "decimal")  # types that are counted as they are


def is_bound(source: object) -> bool:
    """Is this source a bound instead of an equality?"""
    return isinstance(source, ToolSource) and source.at_most


def bounds_of(
    spec: ActionSpec, arguments: Mapping[str, Canonical], reads: Reads
) -> tuple[Bound, ...]:
    """Return every bound that may have to be looked at for these arguments, on every record."""
    found: dict[Bound, None] = {}
    for param in spec.params:
        value = arguments.get(param.name)
        for source in alternatives(param.source):
            if value is None or not isinstance(source, ToolSource) or not source.at_most:
                continue
            for record in () if reads.too_many(source.tool) else reads.records(source.tool):
                found[bound_of(source, record, value, reads)] = None
    return tuple(found)


def bound_of(source: ToolSource, record: str, value: Canonical, reads: Reads) -> Bound:
    """Return the bound that a source means on one record, in the unit of the value."""
    element = ""
    if source.by is not None:
        chooser = reads.case_field(source.by[1])
        element = "" if chooser is None else encode([chooser.type, chooser.form]).decode()
    return Bound(
        tool=source.tool,
        path=source.path,
        record=record,
        element=element,
        unit=size(value.type, value.form)[1],
    )


def size(type_word: str, form: Json) -> tuple[Decimal | None, str]:
    """Return a number and its unit, money in minor units; `None` where it is no number."""
    try:
        match type_word, form:
            case "money", {"amount": str() as amount, "currency": str() as currency}:
                return Decimal(Money(Decimal(amount), currency).minor), currency
            case "integer", int() if not isinstance(form, bool):
                return Decimal(form), type_word
            case "decimal", str():
                number = Decimal(form)
                return (number if number.is_finite() else None), type_word
    except (ValueError, InvalidOperation):
        return None, type_word
    return None, type_word


def words(taken: Decimal, unit: str) -> str:
    """Return an amount as people read it."""
    if unit in NUMBERS:
        return format(taken, "f")
    one = Money(Decimal(1), unit).minor
    return str(Money(taken / one, unit))


def together(values: Sequence[Canonical], unit: str) -> Decimal:
    """Return the sum of those of these values that are counted in a unit, each above zero."""
    sizes = [size(value.type, value.form) for value in values]
    return sum(
        (number for number, of in sizes if number is not None and of == unit and number > 0),
        Decimal(0),
    )
