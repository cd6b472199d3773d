"""Taking one effect back: an undo is an effect of its own, through gate and executor.

It belongs to a case and is no step of it: it neither wakes the case nor ends a run of it.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from remit.authoring.declared import DeclaredAction
from remit.domain import actor, clock
from remit.domain.decision import Decision
from remit.domain.effect import EffectState
from remit.domain.effect_event import (
    ActionProposed,
    EffectCompensated,
    EffectCompensating,
    EffectUncompensated,
)
from remit.domain.entry import Draft
from remit.domain.ids import derived
from remit.domain.members import changed
from remit.domain.task import TaskKind, task_id
from remit.domain.task_event import TaskOpened
from remit.domain.value import Json
from remit.errors import (
    FencedError,
    IllegalMoveError,
    NotFoundError,
    PayloadErasedError,
    RemitError,
    StorageError,
    TokenRefusedError,
)
from remit.orchestration import asking, effects, late, left, reconciling
from remit.orchestration.acts import ActRecord
from remit.orchestration.intending import Intending, prepare
from remit.orchestration.outcomes import Confirmed, EffectOutcome, NotPerformed
from remit.orchestration.proposed import Gathered, Proposal
from remit.orchestration.run import CaseParked, Escalated, Run
from remit.store import performed
from remit.store import proposals as rows
from remit.store.connection import Connection
from remit.store.proposals import ProposalRow
from remit.store.unit import UnitOfWork

UNDO_PATH = "undo:"
LOOKED_MAX = 100  # undos in doubt that one look asks about
AGAIN_SECONDS = 60.0  # after a look that failed

log = logging.getLogger("remit.undoing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """Undoes confirmed effects, and finds out about undos that nobody is sure about."""

    intending: Intending
    open_apart: Callable[[str, str], Awaitable[Run]]  # a case, for what is done at one path of it
    rows: Callable[[Callable[[Connection], list[ProposalRow]]], Awaitable[list[ProposalRow]]]
    now: Callable[[], datetime]
    _due: dict[str, int] = field(default_factory=dict)  # when to ask about an undo again

    async def undo(
        self, action_id: str, *, person: str, reason: str, containment: str | None = None
    ) -> str:
        """Undo one confirmed effect on the word of an owner; return the undo's action id.

        The word clears level, confidence and plain stops, and nothing else: hard stops, sources
        and rules decide as always. Raises `NotFoundError`, and `IllegalMoveError` when there is
        nothing to take back.
        """
        row = await self._row(action_id)
        if row.state not in {EffectState.CONFIRMED, EffectState.UNCOMPENSATED}:
            raise IllegalMoveError(
                f"the effect is {row.state.value}; only a confirmed one is undone"
            )
        run = await self.open_apart(row.case_id, path_of(action_id))
        undo, act = undo_of(run, row.action), act_of(run, action_id)
        if undo is None or act is None:
            raise IllegalMoveError(f"`{row.action}` cannot be undone; open a correction by hand")
        proposal = _proposal(run, act, undo)
        _note_begun(run, act, proposal, undo, person=person, reason=_masked(run, reason))
        contained = containment or f"{person}: {reason}"[:200]
        try:
            await self._perform(run, undo, proposal, contained)
        except FencedError:
            if not await late.record(run):  # nothing was sent
                raise IllegalMoveError("somebody else is undoing this; look again") from None
        return proposal.action_id

    async def look(self) -> int:
        """Ask what became of undos that are in doubt; return how many are settled by that."""
        found = await self.rows(lambda c: performed.undos_in_doubt(c, LOOKED_MAX))
        doubtful = {row.action_id for row in found}
        for action_id in self._due.keys() - doubtful:
            del self._due[action_id]
        now_us, settled = clock.microseconds(self.now()), 0
        for row in found:
            if self._due.get(row.action_id, 0) > now_us:
                continue
            self._due[row.action_id] = now_us + int(AGAIN_SECONDS * 1_000_000)
            try:
                settled += await self._recover(row)
            except PayloadErasedError:
                log.warning("undo %s: what it would need was erased", row.action_id)
            except (FencedError, StorageError) as error:
                log.warning("undo %s is looked at again: %s", row.action_id, error.code)
            except RemitError as error:
                log.error("undo %s could not be found out about: %s", row.action_id, error.code)  # noqa: TRY400 - no values
        return settled

    # -- one undo ---------------------------------------------------------------------------------

    async def _row(self, action_id: str) -> ProposalRow:
        found = await self.rows(
            lambda c: [row for row in (rows.find(c, action_id),) if row is not None]
        )
        if not found:
            raise NotFoundError(f"there is no action `{action_id}`")
        return found[0]

    async def _perform(
        self, run: Run, undo: DeclaredAction, proposal: Proposal, containment: str
    ) -> None:
        try:
            prepared = await prepare(run, self.intending.executor, undo, dict(proposal.arguments))
        except TokenRefusedError as error:
            await self._failed(run, proposal, error.code)
            return
        refused: list[str] = []

        def record(gathered: Gathered, decision: Decision) -> bool:
            state = asking.note_decided(
                run, proposal, gathered, decision, (), second=False, otherwise=EffectState.DENIED
            )
            refused[:] = [one.code for one in decision.reasons]
            return state is EffectState.CLEARED

        proposal = changed(proposal, connector=prepared.connector)
        try:
            intended = await self.intending.begin(
                run, proposal, prepared, record, containment=containment
            )
        except Escalated as error:
            refused, intended = [error.code], None
        if intended is None:
            await self._failed(run, proposal, f"gate: {', '.join(refused)}")
            return
        outcome = await effects.perform(
            run, self.intending.executor, prepared, intended, action_id=proposal.action_id,
            path=proposal.path,
        )  # fmt: skip
        await self._conclude(run, proposal, outcome)

    async def _recover(self, row: ProposalRow) -> bool:
        """Ask what became of one undo; return whether that is known now."""
        run = await self.open_apart(row.case_id, row.path)
        act, undo = run.history.act(row.path), run.equipment.workflow.actions.get(row.action)
        if act is None or undo is None or act.action_id != row.action_id:
            return False
        if act.state is EffectState.INTENDED and clock.microseconds(run.now()) < act.deadline_us:
            self._due[row.action_id] = act.deadline_us  # somebody is performing it
            return False
        proposal = _again(act)
        try:
            outcome = await reconciling.recover(
                run, self.intending, undo, act, proposal,
                containment=f"{act.author}: {act.reason}"[:200],
            )  # fmt: skip
        except CaseParked:
            self._wait(run, proposal)
            await run.write()
            return False
        except FencedError:
            await late.record(run)
            raise
        await self._conclude(run, proposal, outcome)
        return True

    async def _conclude(self, run: Run, proposal: Proposal, outcome: EffectOutcome) -> None:
        """Write what became of an undo, and of what it takes back, in one commit."""
        if isinstance(outcome, Confirmed):
            run.note(
                EffectCompensated(action_id=proposal.undoes or "", by=proposal.action_id),
                path=proposal.path,
            )
            left.settled(run, proposal.undoes or "", "undone", path=proposal.path)
            await run.write()
        elif isinstance(outcome, NotPerformed):
            await self._failed(run, proposal, outcome.code)
        else:  # the original stays compensating until somebody knows
            act = run.history.act(proposal.path)
            try:
                if act is not None:
                    reconciling.wait_for(run, act)
            except CaseParked:
                self._wait(run, proposal)
            await run.write()

    def _wait(self, run: Run, proposal: Proposal) -> None:
        wait = run.waits.pop(proposal.path, None)
        if wait is not None:
            never = clock.microseconds(run.now()) + reconciling.FIND_SECONDS[-1] * 1_000_000
            self._due[proposal.action_id] = wait.expires_us or never

    async def _failed(self, run: Run, proposal: Proposal, code: str) -> None:
        run.note(
            EffectUncompensated(
                action_id=proposal.undoes or "", by=proposal.action_id, code=code[:200]
            ),
            path=proposal.path,
        )
        left.leave(
            run, TaskKind.UNCOMPENSATED, code=code, action_id=proposal.undoes or "",
            path=proposal.path,
        )  # fmt: skip
        await run.write()


def path_of(action_id: str) -> str:
    """Return where the tries to undo an effect stand in its case."""
    return f"{UNDO_PATH}{action_id}"


def give_up(
    uow: UnitOfWork, action_id: str, *, person: str, owner: str, code: str = "erased"
) -> str:
    """Record that an effect cannot be undone, such as since its arguments were erased: a task."""
    row = rows.find(uow.connection, action_id)
    if row is None:
        raise NotFoundError(f"there is no action `{action_id}`")
    if row.state not in {EffectState.CONFIRMED, EffectState.UNCOMPENSATED}:
        raise IllegalMoveError(f"the effect is {row.state.value}; only a confirmed one is undone")
    by = derived("undo", action_id, code)
    for event in (
        EffectCompensating(action_id=action_id, by=by),
        EffectUncompensated(action_id=action_id, by=by, code=code),
        TaskOpened(
            task_id=task_id(TaskKind.UNCOMPENSATED, action_id),
            owner=owner,
            code=code,
            kind=TaskKind.UNCOMPENSATED.value,
            action_id=action_id,
        ),
    ):
        uow.append(
            Draft(
                event=event,
                case_id=row.case_id,
                workflow=row.workflow,
                actor=actor.person(person),
                path=path_of(action_id),
            )
        )
    return by


# -- parts ---------------------------------------------------------------------------------------


def _masked(run: Run, text: str) -> str:
    return run.masker.mask_text(text, trusted_tokens=True).text


def undo_of(run: Run, action: str) -> DeclaredAction | None:
    """Return the declared undo of an action."""
    spec = run.equipment.spec(action)
    if spec is None or spec.undo is None:
        return None
    return run.equipment.workflow.actions.get(spec.undo)


def act_of(run: Run, action_id: str) -> ActRecord | None:
    """Return what a case knows of one of its actions."""
    for versions in run.history.acts.values():
        for act in versions:
            if act.action_id == action_id:
                return act
    return None


def arguments_of(act: ActRecord, undo: DeclaredAction) -> dict[str, Json]:
    """Return the arguments of an undo, from the receipt of what it takes back."""
    params = [param.name for param in undo.spec.params]
    receipt: Mapping[str, Json] = act.receipt if isinstance(act.receipt, dict) else {}
    arguments: dict[str, Json] = {}
    for name in params:
        if name in receipt:
            arguments[name] = receipt[name]
        elif name in act.arguments:
            arguments[name] = act.arguments[name]
        elif len(params) == 1:
            arguments[name] = act.receipt
    return arguments


def _proposal(run: Run, act: ActRecord, undo: DeclaredAction) -> Proposal:
    """Return the next try to undo."""
    path = path_of(act.action_id)
    tries = len(run.history.tries(path))
    return Proposal(
        action_id=derived("undo", act.action_id, str(tries + 1)), action=undo.spec.name,
        version=1, path=path, author="workflow", arguments=arguments_of(act, undo), endorsed={},
        undo=True, undoes=act.action_id,
    )  # fmt: skip


def _again(act: ActRecord) -> Proposal:
    return Proposal(
        action_id=act.action_id, action=act.action, version=1, path=act.path, author="workflow",
        arguments=act.arguments, endorsed={}, undo=True, undoes=act.undoes,
    )  # fmt: skip


def _note_begun(
    run: Run, act: ActRecord, proposal: Proposal, undo: DeclaredAction, *, person: str, reason: str
) -> None:
    run.note(
        EffectCompensating(action_id=act.action_id, by=proposal.action_id),
        path=proposal.path,
        by=actor.person(person),
    )
    run.note(
        ActionProposed(
            action_id=proposal.action_id,
            action=proposal.action,
            version=1,
            arguments=run.digest(dict(proposal.arguments)),
            signature="",
            risk=undo.spec.risk.value,
            author=person,
            undoes=act.action_id,
        ),
        path=proposal.path,
        payloads={"arguments": dict(proposal.arguments), "reason": reason},
        by=actor.person(person),
    )
