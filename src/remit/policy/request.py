"""What the rules are asked, and how values look to them: money in minor units, time in seconds."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, date, datetime
from decimal import Decimal

from remit.domain.action import Integrity
from remit.domain.autonomy import Level, Phase
from remit.domain.frozen import dataclass
from remit.domain.money import Money
from remit.domain.value import Canonical, Json

DECIMAL_DIGITS = 4  # a decimal is a Long of ten-thousandths
LONG_MAX = 2**63 - 1

_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequest:
    """One proposal as the rules see it."""

    workflow: str
    action: str
    case_id: str
    arguments: Mapping[str, Canonical]
    labels: Mapping[str, Integrity] = field(default_factory=dict)  # of each argument
    approvers: Mapping[str, frozenset[str]] = field(default_factory=dict)  # role -> who said yes
    level: Level = Level.APPROVE_EACH
    phase: Phase = Phase.PILOT
    confidence_bp: int | None = None
    facts: Mapping[str, Canonical] = field(default_factory=dict)  # declared derives
    assumptions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by argument, derive
    record: str = ""  # names the record acted upon; empty where the action has none
    fields: Mapping[str, Canonical] = field(default_factory=dict)  # of that record, by path
    channel: str | None = None
    segment: str | None = None
    subject: str | None = None

    @property
    def name(self) -> str:
        """The action as rules write it: `refund-desk.issue_refund`."""
        return f"{self.workflow}.{self.action}"

    @property
    def approvals(self) -> int:
        """Distinct people who said yes, in whatever role."""
        return len(frozenset[str]().union(*self.approvers.values()))


def attributes(values: Mapping[str, Canonical]) -> dict[str, Json]:
    """Return values by name as Cedar attributes; dotted paths nest, what is absent is left out.

    Raises `ValueError` naming a value that has no exact place in 64 bits.
    """
    made: dict[str, Json] = {}
    for path, value in values.items():
        *parents, last = path.split(".")
        place = made
        for parent in parents:
            inner = place.setdefault(parent, {})
            place = inner if isinstance(inner, dict) else {}
        try:
            place.update(_written(last, value))
        except (ValueError, ArithmeticError) as error:
            raise ValueError(f"{path} cannot be told to the rules: {error}") from error
    return made


def _written(name: str, value: Canonical) -> Iterator[tuple[str, Json]]:
    match value.type, value.form:
        case "null" | "record", _:
            return
        case "boolean", bool() as truth:
            yield name, truth
        case "integer", int() as number:
            yield name, _long(number)
        case "text", str() as text:
            yield name, text
        case "money", {"amount": str() as amount, "currency": str() as currency}:
            yield name, _long(Money(Decimal(amount), currency).minor)
            yield f"{name}_currency", currency
        case "decimal", str() as number_text:
            scaled = Decimal(number_text).scaleb(DECIMAL_DIGITS)
            if scaled != scaled.to_integral_value():
                raise ValueError(f"it is finer than {DECIMAL_DIGITS} digits")
            yield name, _long(int(scaled))
        case "instant", str() as moment:
            yield name, int(datetime.fromisoformat(moment).astimezone(UTC).timestamp() // 1)
        case "date", str() as day:
            yield name, (date.fromisoformat(day).toordinal() - _EPOCH_DAY) * _SECONDS_A_DAY
        case "list", list() as items:
            yield f"{name}_count", len(items)
        case _:
            raise ValueError(f"its type `{value.type}` does not fit its form")


_EPOCH_DAY = date(1970, 1, 1).toordinal()


def _long(number: int) -> int:
    if not -LONG_MAX - 1 <= number <= LONG_MAX:
        raise ValueError("it does not fit into 64 bits")
    return number
