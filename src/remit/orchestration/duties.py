"""What people do about effects: undo, say what became of one, end what was left to them."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import ValidationError

from remit.authoring.declared import DeclaredAction
from remit.domain.effect import EffectState
from remit.domain.ids import control_stream
from remit.domain.task import Finding
from remit.domain.value import Json
from remit.errors import NotEntitledError, NotFoundError, PayloadErasedError, RequestInvalidError
from remit.governance import rollbacks, tasks
from remit.governance.access import Roster
from remit.governance.owners import roles_of
from remit.governance.rollbacks import Plan, RollbackView, Selection
from remit.governance.tasks import TaskPage, TaskView
from remit.intake.scrub import scrub
from remit.ledger.seal import KeyRing
from remit.orchestration import awaited, undoing
from remit.orchestration.bodies import recorded
from remit.orchestration.drill import Drill, DrillView
from remit.orchestration.equipment import Equipment
from remit.orchestration.incidents import Incidents
from remit.orchestration.intending import Intending
from remit.orchestration.rollback import Rollback
from remit.orchestration.runs import Runs
from remit.orchestration.schedule import Timekeeper
from remit.orchestration.steps import Steps, canonical_json
from remit.orchestration.undoing import Undoing
from remit.store import proposals, vault
from remit.store import rollbacks as rows_of_rollbacks
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.proposals import ProposalRow
from remit.store.rollbacks import DrillRow
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

T = TypeVar("T")

OWNER_ROLE = "owner"
REFERENCE_CHARACTERS_MAX = 200


class Duties(Incidents):
    """The part of a running Remit that people use for effects; `remit.app.Remit` fills it in."""

    database: Database
    keys: KeyRing
    runs: Runs
    equipment: dict[str, Equipment]
    timekeeper: Timekeeper
    undoing: Undoing
    writer: Writer
    _drill: Drill
    rollback: Rollback
    read: Callable[..., Any]
    write: Callable[..., Any]
    now: Callable[..., Any]
    new_id: Callable[[], str]
    _people: Roster

    def _take_up(self, intending: Intending, steps: Steps) -> None:
        """Find out about undos in doubt from now on, and go on with rollbacks."""
        self.undoing = Undoing(
            intending=intending, open_apart=self.runs.open_apart, rows=self.read, now=self.now
        )
        self.rollback = Rollback(
            undoing=self.undoing, steps=steps, read=self.read, write=self.write, owner=self._owner
        )
        self._drill = Drill(
            executor=intending.executor, open_run=self.runs.open, read=self.read, now=self.now,
            submit=lambda work: awaited.submit(self.writer, work),
        )  # fmt: skip
        self.timekeeper.chains = {name: one.chain for name, one in self.equipment.items()}
        self.timekeeper.looks = self._look

    async def _look(self) -> int:
        return await self.undoing.look() + await self.rollback.look()

    # -- undo ------------------------------------------------------------------------------------

    async def undo(self, action_id: str, /, *, person: str, reason: str) -> str:
        """Undo a confirmed effect on an owner's word; return the undo's action id."""
        row = self._effect(action_id)
        self._people.demand(person, row.workflow, role=OWNER_ROLE)
        try:
            return await self.undoing.undo(action_id, person=person, reason=reason)
        except PayloadErasedError:
            row = self._effect(action_id)
            owner = self._owner(row.workflow)
            given: str = await self.write(
                lambda uow: undoing.give_up(uow, action_id, person=person, owner=owner),
                streams=(row.case_id,),
            )
            return given

    def plan_rollback(self, selection: Selection, /) -> Plan:
        """Return what would be taken back, newest first; nothing is done by that."""
        self._people.demand_own(selection.workflow, f"there is no workflow `{selection.workflow}`")
        found = self.runs.workflow(selection.workflow)
        specs = {name: one.spec for name, one in found.workflow.actions.items()}
        undos = {name: spec.undo for name, spec in specs.items()}
        return self.database.read(
            lambda c: rollbacks.told(c, self.keys, rollbacks.planned(c, selection, undos), specs)
        )

    async def start_rollback(
        self, selection: Selection, /, *, person: str, reason: str, digest: str
    ) -> RollbackView:
        """Take back exactly what a plan showed, on an owner's word, and return how far it came.

        What is in doubt goes on by itself. Raises `StaleDigestError` when the plan has changed.
        """
        self._people.demand_own(selection.workflow, f"there is no workflow `{selection.workflow}`")
        self._people.demand(person, selection.workflow, role=OWNER_ROLE)
        found = self.runs.workflow(selection.workflow)
        undos = {name: one.spec.undo for name, one in found.workflow.actions.items()}
        said, rollback_id = scrub(reason), self.new_id()

        def work(uow: UnitOfWork) -> None:
            plan = rollbacks.planned(uow.connection, selection, undos)
            rollbacks.start(
                uow, plan, rollback_id=rollback_id, person=person, reason=said, shown=digest
            )

        await self.write(work, streams=(control_stream(selection.workflow),))
        await self.rollback.look()
        return self.rollback_of(rollback_id)

    def rollback_of(self, rollback_id: str, /) -> RollbackView:
        """Return one rollback with what became of each effect."""
        view = self.database.read(lambda c: rollbacks.view(c, rollback_id))
        self._people.demand_own(view.workflow, f"there is no rollback `{rollback_id}`")
        return view

    def rollbacks(self) -> tuple[RollbackView, ...]:
        """Return rollbacks, the newest first, without their effects."""
        own = self._people.own()
        found = self.database.read(rollbacks.newest)
        return tuple(one for one in found if own is None or one.workflow in own)

    async def withdraw(self, action_id: str, /, *, person: str) -> None:
        """Take back what is allowed and not begun, in its grace time: certain.

        Raises `ApprovalClosedError` when it is too late.
        """
        row = self._effect(action_id)
        self._may_settle(person, row)
        await self.write(
            lambda uow: tasks.withdraw(uow, action_id, person=person), streams=(row.case_id,),
            lane="control",
        )  # fmt: skip

    async def rehearse(self, workflow: str, action: str, /, *, person: str) -> DrillView:
        """Rehearse the undo of an action on a stand-in, and record what came of it."""
        self._people.demand(person, workflow, role=OWNER_ROLE)
        self.runs.workflow(workflow)
        return await self._drill.rehearse(workflow, action, person=person)

    def drills(self) -> tuple[DrillRow, ...]:
        """Return the last drill of each action."""
        return tuple(self.database.read(rows_of_rollbacks.drills))

    # -- tasks -----------------------------------------------------------------------------------

    def tasks(
        self,
        *,
        closed: bool = False,
        workflow: str | None = None,
        after: str | None = None,
        limit: int = 60,
    ) -> TaskPage:
        """Return a page of what is left to people, the oldest first."""
        return self.database.read(
            lambda c: tasks.page(
                c, closed=closed, workflow=self._people.within(workflow), after=after, limit=limit
            )
        )

    def task(self, task_id: str, /) -> TaskView:
        """Return one task."""

        def work(connection: Connection) -> TaskView:
            row = tasks.named(connection, task_id)
            self._people.demand_own(row.workflow, f"there is no task `{task_id}`")
            return tasks.view(connection, row)

        return self.database.read(work)

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
        """Say what became of an effect; return whether it is settled by that.

        Where money is at stake, or what cannot be undone, two people must say the same. Raises
        `RequestInvalidError` where the workflow could not go on with the receipt.
        """
        row = self._effect(action_id)
        self._may_settle(person, row)
        made: Json = None
        if finding is Finding.HAPPENED:
            made = _receipt(self._declared(row), reference, receipt)
        masker, rows = self.runs.scope(row.case_id)
        said = masker.mask_text(evidence, trusted_tokens=True).text
        told = masker.mask_text(reference[:REFERENCE_CHARACTERS_MAX], trusted_tokens=False).text
        kept = masker.mask_json(canonical_json(made))
        new = rows()

        def work(uow: UnitOfWork) -> bool:
            if new:
                vault.insert(uow.projected, new)
            return tasks.attest(
                uow, action_id, person=person, finding=finding, reference=told, receipt=kept,
                evidence=said, owner=self._owner(row.workflow),
            )  # fmt: skip

        settled: bool = await self.write(work, streams=(row.case_id,), lane="control")
        return settled

    async def close_task(self, task_id: str, /, *, person: str, note: str) -> None:
        """End a task that no effect settles, with a word."""
        row = self.database.read(lambda c: tasks.named(c, task_id))
        roles_of(self._people, person)
        masker, rows = self.runs.scope(row.case_id)
        said = masker.mask_text(note, trusted_tokens=True).text
        new = rows()

        def work(uow: UnitOfWork) -> None:
            if new:
                vault.insert(uow.projected, new)
            tasks.close(uow, row, person=person, note=said)

        await self.write(work, streams=(row.case_id,))

    # -- parts -----------------------------------------------------------------------------------

    def _effect(self, action_id: str) -> ProposalRow:
        row = self.database.read(lambda c: proposals.find(c, action_id))
        if row is None:
            raise NotFoundError(f"there is no action `{action_id}`")
        self._people.demand_own(row.workflow, f"there is no action `{action_id}`")
        return row

    def _owner(self, workflow: str) -> str:
        found = self.equipment.get(workflow)
        return "" if found is None else found.owner

    def _declared(self, row: ProposalRow) -> DeclaredAction | None:
        found = self.equipment.get(row.workflow)
        return None if found is None else found.workflow.actions.get(row.action)

    def _may_settle(self, person: str, row: ProposalRow) -> None:
        found = self.equipment.get(row.workflow)
        wanted = {OWNER_ROLE} | ({found.desk.approver_role} if found is not None else set())
        if row.state is EffectState.UNCOMPENSATED:
            wanted = {OWNER_ROLE}
        if not wanted & roles_of(self._people, person):
            roles = " or ".join(sorted(wanted))
            raise NotEntitledError(f"`{person}` may not settle this; it needs the role {roles}")


def _receipt(declared: DeclaredAction | None, reference: str, given: Json) -> Json:
    """Return a receipt that the workflow can go on with: what was given, or the reference."""
    if declared is None:
        return given if given is not None else reference
    offered: tuple[Json, ...] = (
        (given,) if given is not None else ({"id": reference}, reference, None)
    )
    for one in offered:
        try:
            made = declared.result.validate_python(one)
        except ValidationError:
            continue
        return recorded(declared.result, made)
    raise RequestInvalidError(
        f"`receipt`: `{declared.spec.name}` gives back more than a reference; "
        "write what the other system shows as JSON"
    )
