"""What a column of a table, or the other fields of a document, prove about one value."""

from collections.abc import Iterable, Mapping

from remit.intake.amounts import style_of
from remit.intake.dates import order_of
from remit.intake.outcome import Kind

COLUMN_VALUES_MIN = 20

_READ = {
    Kind.DATE: ("date", order_of),
    Kind.INSTANT: ("date", order_of),
    Kind.MONEY: ("amount", style_of),
}

PROVING = frozenset(_READ)


def proven_by_column(kind: Kind, values: Iterable[object]) -> Mapping[str, str]:
    """Return the date order or the decimal style that a column proves.

    It needs at least twenty values, some that only read one way, and none that read the other.
    """
    return _proven(((kind, value) for value in values), at_least=COLUMN_VALUES_MIN)


def proven_by_siblings(values: Iterable[tuple[Kind, object]]) -> Mapping[str, str]:
    """Return the date order and the decimal style that the fields of one document prove."""
    return _proven(values, at_least=1)


def _proven(values: Iterable[tuple[Kind, object]], *, at_least: int) -> Mapping[str, str]:
    seen: dict[str, list[str]] = {}
    for kind, value in values:
        reads = _READ.get(kind)
        if reads is None or not isinstance(value, str):
            continue
        reading = reads[1](value)
        if reading is not None:
            seen.setdefault(reads[0], []).append(reading)
    return {
        name: next(iter(proven))
        for name, readings in seen.items()
        if len(readings) >= at_least and len(proven := set(readings) - {""}) == 1
    }
