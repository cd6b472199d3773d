"""Which entries are labels: a verdict of a person, and what comes of an effect afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from remit.domain import clock
from remit.domain.autonomy import Outcome
from remit.domain.check_event import SEEDED
from remit.domain.entry import Entry
from remit.governance import checks, day_keys, incidents, labels, reviewers, standing
from remit.governance.labels import Said
from remit.ledger.keys import KeyRing
from remit.store import evidence, plans
from remit.store.unit import UnitOfWork

# Reasons of a no that say nothing of the proposal: the world has changed, or it is one too many.
VOID: Final = frozenset({"duplicate"})


def follow(uow: UnitOfWork, entry: Entry, keys: KeyRing) -> None:
    """Label the proposal that an entry is about, in the same transaction; most are about none."""
    if entry.tenant == SEEDED:
        if entry.event == _VERDICT and checks.answered(uow, entry, keys):
            standing.judge(uow, entry.workflow, entry.word("person"))
            incidents.seen_in_check(uow, entry.word("approval_id"))
        return
    tell = _TELLS.get(entry.event)
    if tell is None:
        return
    said = tell(uow, entry)
    if said is not None and said.outcome is Outcome.RIGHT:
        at = clock.instant(entry.at_us)
        again = day_keys.looked_at_again(keys, entry.word("action_id"), at=at)
        # What somebody says under alarm counts when a second person has said it too.
        again = again or said.reviewer in reviewers.alarmed(uow.connection, entry.workflow)
        said = replace(said, again=again)
    if said is not None:
        labels.give(uow, entry.word("action_id"), said)


def _decided(uow: UnitOfWork, entry: Entry) -> Said | None:
    """Read a verdict: a yes to what was proposed is right, a no or a material edit is wrong."""
    row = evidence.find(uow.connection, entry.word("action_id"))
    if row is None:
        return None
    outcome, code = Outcome.RIGHT, "approved"
    match entry.word("verdict"):
        case "reject" if entry.word("reason") in VOID:
            outcome, code = Outcome.VOID, f"denied.{entry.word('reason')}"
        case "reject":
            outcome, code = Outcome.WRONG, f"denied.{entry.word('reason') or 'other'}"
        case "edit":
            plan = plans.find(uow.connection, workflow=row.workflow, action=row.action)
            changed = _edited(entry)
            material = plan is None or bool(changed & set(plan.material)) or not changed
            outcome = Outcome.WRONG if material else Outcome.RIGHT
            code = "edited" if material else "edited.content"
        case "escalate":
            outcome, code = Outcome.PENDING, "escalated"
        case _:
            pass
    return Said(
        outcome=outcome, code=code, source="approval", reviewer=entry.word("person"),
        seconds_open=entry.number("seconds_open"),
    )  # fmt: skip


def _edited(entry: Entry) -> set[str]:
    reason = entry.payloads.get("reason")
    edits = reason.get("edits") if isinstance(reason, dict) else None
    return set(edits) if isinstance(edits, dict) else set()


def _undone(_uow: UnitOfWork, _entry: Entry) -> Said:
    return Said(outcome=Outcome.WRONG, code="undone", source="after-effect")


def _attested(_uow: UnitOfWork, entry: Entry) -> Said | None:
    """Take what was put right by hand for wrong first time."""
    if entry.word("finding") != "corrected":
        return None
    return Said(outcome=Outcome.WRONG, code="corrected", source="after-effect")


_VERDICT: Final = "governance:approval:decided"
_TELLS: Final[Mapping[str, Callable[[UnitOfWork, Entry], Said | None]]] = {
    _VERDICT: _decided,
    "orchestration:effect:compensating": _undone,
    "governance:effect:attested": _attested,
}
