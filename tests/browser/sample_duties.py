"""Tasks and rollbacks of the gallery: one of each kind, with what people said."""

from dataclasses import replace
from datetime import datetime, timedelta

from remit.domain.task import SAYS, Finding, TaskKind
from remit.domain.value import Json
from remit.errors import ApprovalClosedError, IllegalMoveError, NotFoundError, StaleDigestError
from remit.governance.rollbacks import ItemView, Plan, PlannedUndo, RollbackView, Selection
from remit.governance.tasks import TaskPage, TaskView
from remit.store.tasks import AttestedRow
from tests.browser.samples import HOSTILE, case_id

DIGEST = "d" * 64
INCIDENT = "01" + "3" * 30  # the first of `sample_incidents`


def task_id(number: int) -> str:
    """Return the id of a task of the gallery."""
    return f"{number:x}".rjust(2, "0") + "7" * 30


def rollback_id(number: int) -> str:
    """Return the id of a rollback of the gallery."""
    return f"{number:x}".rjust(2, "0") + "5" * 30


class Left:
    """The part of the gallery that is left to people."""

    now: datetime

    def tasks(
        self,
        *,
        closed: bool = False,
        workflow: str | None = None,
        after: str | None = None,
        limit: int = 60,
    ) -> TaskPage:
        del after
        rows = [
            one
            for one in self._tasks().values()
            if (one.closed_at is not None) == closed and workflow in {None, one.workflow}
        ]
        return TaskPage(rows=tuple(rows[:limit]), after=None)

    def task(self, wanted: str, /) -> TaskView:
        found = self._tasks().get(wanted)
        if found is None:
            raise NotFoundError(f"there is no task `{wanted}`; `remit tasks` lists them")
        return found

    async def settle(
        self,
        action_id: str,
        /,
        *,
        person: str,
        finding: Finding,
        evidence: str,
        reference: str = "",
        receipt: Json = None,
    ) -> bool:
        del evidence, receipt
        view = next(one for one in self._tasks().values() if one.action_id == action_id)
        said = (
            *(one for one in view.said if one.person != person),
            AttestedRow(person=person, finding=finding.value, reference=reference),
        )
        same = [one for one in said if (one.finding, one.reference) == (finding, reference)]
        settled = len(same) >= view.needed
        self._tasks()[view.task_id] = replace(
            view, said=said, closed_at=self.now if settled else None,
            closed_by=person if settled else "", how="settled" if settled else "",
        )  # fmt: skip
        return settled

    async def withdraw(self, action_id: str, /, *, person: str) -> None:
        if action_id != "e" * 32:
            raise ApprovalClosedError("too late to take it back; undo it instead")
        self.__dict__.setdefault("taken_back", []).append((action_id, person))

    async def close_task(self, wanted: str, /, *, person: str, note: str) -> None:
        del note
        view = self.task(wanted)
        if view.kind in {"doubt", "uncompensated"}:
            raise IllegalMoveError("this task ends when its effect is settled")
        self._tasks()[wanted] = replace(view, closed_at=self.now, closed_by=person, how="closed")

    def plan_rollback(self, selection: Selection, /) -> Plan:
        names = ("issue_refund", "send_reply", "issue_refund", "close_account")
        items = tuple(
            PlannedUndo(
                action_id=f"{number:x}" * 32, case_id=case_id(number + 1), action=name,
                undo="" if name == "close_account" else "cancel_refund",
                state="ambiguous" if number == 1 else "confirmed",
                risk="irreversible" if name == "close_account" else "money", record="r",
                at=self.now - timedelta(minutes=9 * number + 4),
                money="44.00 EUR" if name == "issue_refund" else "",
                sentence="Refund 44.00 EUR for order 1019" if number == 0 else "",
                note="it cannot be undone: a task for its owner" * (name == "close_account"),
            )
            for number, name in enumerate(names)
        )  # fmt: skip
        kept = tuple(one for one in items if selection.action in {None, one.action})
        return Plan(workflow=selection.workflow, items=kept, digest=DIGEST, sums=("88.00 EUR",))

    async def start_rollback(
        self, selection: Selection, /, *, person: str, reason: str, digest: str
    ) -> RollbackView:
        del selection, person, reason
        if digest != DIGEST:
            raise StaleDigestError("what you were shown is not what would be undone now")
        return self.rollback_of(rollback_id(1))

    def rollback_of(self, wanted: str, /) -> RollbackView:
        for one in self.rollbacks():
            if one.rollback_id == wanted:
                return one
        raise NotFoundError(f"there is no rollback `{wanted}`")

    def rollbacks(self) -> tuple[RollbackView, ...]:
        outcomes = (
            ("compensated", "", "compensated"),
            ("uncompensated", "conflict", "uncompensated"),
            ("", "", "compensating"),
            ("not_needed", "", "failed"),
        )
        items = tuple(
            ItemView(
                position=number, action_id=f"{number:x}" * 32, case_id=case_id(number + 1),
                action="issue_refund", state=state, outcome=outcome, code=code,
            )
            for number, (outcome, code, state) in enumerate(outcomes)
        )  # fmt: skip
        return (
            RollbackView(
                rollback_id=rollback_id(1), workflow="refund-desk", person="a.weber",
                started_at=self.now - timedelta(minutes=3), finished_at=None, planned=4,
                compensated=1, uncompensated=1, not_needed=1, items=items,
                incident_id=INCIDENT,
            ),
        )  # fmt: skip

    def _tasks(self) -> dict[str, TaskView]:
        kept: dict[str, TaskView] = self.__dict__.setdefault("_left", {})
        if not kept:
            for number, kind in enumerate(TaskKind):
                effect = kind in {TaskKind.DOUBT, TaskKind.UNCOMPENSATED}
                made = TaskView(
                    task_id=task_id(number), kind=kind.value, says=SAYS[kind],
                    case_id=case_id(3 + number), workflow="refund-desk",
                    action_id=f"{number + 10:x}" * 32, action="issue_refund" if effect else "",
                    risk="money" if effect else "",
                    state="ambiguous" if kind is TaskKind.DOUBT else "uncompensated",
                    attempt=1, owner="a.weber",
                    code=HOSTILE[:60] if kind is TaskKind.FAULT else "effect.unknown",
                    opened_at=self.now - timedelta(hours=5 * number + 1), closed_at=None,
                    closed_by="", how="", needed=2 if effect else 1,
                    said=(
                        AttestedRow(person="l.costa", finding="happened", reference="re_8812"),
                    ) if kind is TaskKind.DOUBT else (),
                    incident_id=INCIDENT if kind is TaskKind.LOWERED else "",
                )  # fmt: skip
                kept[made.task_id] = made
        return kept
