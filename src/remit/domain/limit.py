"""A limit: how much of something may be done in a sliding time."""

from enum import StrEnum

from remit.domain.action import ActionSpec
from remit.domain.frozen import dataclass
from remit.domain.money import Money

EFFECT = "effect"  # the group of every action


class Measure(StrEnum):
    EFFECTS = "effects"
    MONEY = "money"
    ROWS = "rows"
    RECIPIENTS = "recipients"


class Per(StrEnum):
    CASE = "case"
    SUBJECT = "subject"
    WORKFLOW = "workflow"
    CONNECTOR = "connector"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What an owner allows; `max` is in whole units, of money in minor units."""

    name: str
    action: str  # `refund-desk.issue_refund`; empty where a group is limited
    group: str  # a risk, or `effect`
    measure: Measure
    currency: str  # of money
    per: Per
    window_us: int
    max: int
    counts_all: bool  # also what a person approved
    escalates: bool  # what is outside goes to a person as a case, and cannot be approved
    owner: str

    def covers(self, spec: ActionSpec) -> bool:
        """Return whether effects of an action count; an undo only where it is named."""
        if self.action:
            return self.action == f"{spec.workflow}.{spec.name}"
        return not spec.is_undo and self.group in {EFFECT, spec.risk.value}


def written(limit: Limit, quantity: int) -> str:
    """Return a quantity of what a limit counts, in words."""
    if limit.measure is Measure.MONEY:
        return str(Money.of_minor(quantity, limit.currency))
    return f"{quantity:,}"
