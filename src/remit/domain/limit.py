"""A limit: how much of something may be done in a sliding time."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from remit.domain.action import ActionSpec
from remit.domain.frozen import dataclass
from remit.domain.money import Money
from remit.domain.value import Json, digest

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


def form_of(limit: Limit) -> dict[str, Json]:
    """Return what of a limit decides; who may raise it does not."""
    return {
        "action": limit.action, "counts_all": limit.counts_all, "currency": limit.currency,
        "escalates": limit.escalates, "group": limit.group, "max": limit.max,
        "measure": limit.measure.value, "name": limit.name, "per": limit.per.value,
        "window_us": limit.window_us,
    }  # fmt: skip


def limit_of(form: Mapping[str, Json]) -> Limit:
    """Return the limit that a form says, without its owner."""
    return Limit(
        name=str(form["name"]), action=str(form["action"]), group=str(form["group"]),
        measure=Measure(str(form["measure"])), currency=str(form["currency"]),
        per=Per(str(form["per"])), window_us=int(str(form["window_us"])),
        max=int(str(form["max"])), counts_all=form["counts_all"] is True,
        escalates=form["escalates"] is True, owner="",
    )  # fmt: skip


def limits_digest(limits: Iterable[Limit]) -> str:
    """Return the digest of limits, in whatever order they are written."""
    return digest([form_of(one) for one in sorted(limits, key=lambda one: one.name)])


def written(limit: Limit, quantity: int) -> str:
    """Return a quantity of what a limit counts, in words."""
    if limit.measure is Measure.MONEY:
        return str(Money.of_minor(quantity, limit.currency))
    return f"{quantity:,}"
