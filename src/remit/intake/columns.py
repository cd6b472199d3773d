"""What a column of a table, or the other fields of a document, prove about one value."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class Column:
    """The values of one column, counted by how they read: three numbers, however long it is."""

    readings: dict[str, Counter[str]] = field(default_factory=dict)  # date, amount -> reading

    def add(self, kind: Kind, value: object) -> None:
        """Count one value; what is no date and no amount in digits says nothing."""
        reads = _READ.get(kind)
        if reads is None or not isinstance(value, str):
            return
        reading = reads[1](value)
        if reading is not None:
            self.readings.setdefault(reads[0], Counter())[reading] += 1

    def proven(self, *, at_least: int = COLUMN_VALUES_MIN) -> Mapping[str, str]:
        """Return the date order or the decimal style that it proves.

        It needs so many values, some that only read one way, and none that read the other.
        """
        return {
            name: next(iter(one_way))
            for name, counted in self.readings.items()
            if counted.total() >= at_least and len(one_way := set(counted) - {""}) == 1
        }

    def evidence(self) -> Mapping[str, str]:
        """Return in words what each proof rests on."""
        return {
            name: f"of {self.readings[name].total():,} values in the column "
            f"{self.readings[name][reading]:,} read only as {reading.replace('_', ' ')}, "
            "and none the other way"
            for name, reading in self.proven().items()
        }


def proven_by_column(kind: Kind, values: Iterable[object]) -> Mapping[str, str]:
    """Return the date order or the decimal style that a column proves.

    It needs at least twenty values, some that only read one way, and none that read the other.
    """
    column = Column()
    for value in values:
        column.add(kind, value)
    return column.proven()


def proven_by_siblings(values: Iterable[tuple[Kind, object]]) -> Mapping[str, str]:
    """Return the date order and the decimal style that the fields of one document prove."""
    column = Column()
    for kind, value in values:
        column.add(kind, value)
    return column.proven(at_least=1)
