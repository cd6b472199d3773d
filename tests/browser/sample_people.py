"""Sample people: what each decides, a role that nobody has, and two who stand in for others."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from remit.domain.money import Money
from remit.governance.deciders import Decider, Deciders, Reach, Vacancy
from remit.governance.delegations import Delegation
from tests.browser.samples import NOW, PEOPLE

DESKS = ("invoice-desk", "refund-desk")
CAP = Money(Decimal("500.00"), "EUR")


def _decider(handle: str, *, owns: tuple[str, ...] = ()) -> Decider:
    person = PEOPLE[handle]
    return Decider(
        handle=handle, name=person.name, active=person.active, owns=owns,
        reaches=tuple(
            Reach(
                role=role,
                workflows=("refund-desk",) if role == "refund-approver" else (),
                cap=CAP if role == "refund-approver" else None,
            )
            for role in sorted(person.roles)
        ),
    )  # fmt: skip


DECIDERS = Deciders(
    people=(
        _decider("a.weber", owns=("refund-desk",)),
        Decider(handle="b.new", name="B. New", active=True, reaches=(), owns=()),
        *(_decider(handle) for handle in ("gone", "i.auditor", "l.costa")),
    ),
    vacant=(Vacancy(workflow="invoice-desk", role="invoice-approver"),),
    workflows=DESKS,
)
_MINE = Delegation(
    delegation_id=f"{71:032x}", giver="a.weber", to="l.costa", workflows=("refund-desk",),
    begins=NOW - timedelta(days=1), until=NOW + timedelta(days=11), cap_minor=25_000,
    currency="EUR", by="a.weber", at=NOW - timedelta(days=2),
)  # fmt: skip
LENT = {
    one.delegation_id: one
    for one in (
        _MINE,
        replace(
            _MINE, delegation_id=f"{72:032x}", giver="l.costa", to="i.auditor", workflows=(),
            begins=NOW + timedelta(days=20), until=NOW + timedelta(days=30), cap_minor=None,
            currency="", by="l.costa",
        ),
    )
}  # fmt: skip
