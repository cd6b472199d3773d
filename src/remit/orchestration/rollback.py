"""Taking effects back: an undo is an effect of its own, through gate and executor."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from remit.domain import actor
from remit.domain.decision import GateVerdict
from remit.domain.effect import EffectState
from remit.domain.effect_event import (
    ActionDecided,
    ActionProposed,
    EffectCompensated,
    EffectCompensating,
    EffectUncompensated,
)
from remit.domain.entry import Draft
from remit.domain.ids import derived
from remit.domain.value import Json
from remit.errors import IllegalMoveError, NotFoundError, TokenRefusedError
from remit.governance import cards
from remit.orchestration import effects, facts
from remit.orchestration.executor import Confirmed, Executor, NotPerformed
from remit.orchestration.level_facts import effective
from remit.orchestration.proposed import Gathered, Proposal
from remit.orchestration.replay import ActRecord
from remit.orchestration.run import Run
from remit.policy import gate
from remit.store import proposals as rows
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.unit import UnitOfWork

UNDO_PATH = "undo:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """Undoes confirmed effects."""

    executor: Executor
    database: Database
    open_run: Callable[[str], Awaitable[Run]]
    read: Callable[[Callable[[Connection], Gathered]], Awaitable[Gathered]]

    async def undo(self, action_id: str, *, person: str, reason: str) -> str:
        """Undo one confirmed effect on the word of an owner; return the undo's action id.

        The word clears level and confidence, and nothing else: stops, sources and rules decide as
        always. Raises `NotFoundError`, and `IllegalMoveError` when there is nothing to take back.
        """
        row = self.database.read(lambda c: rows.find(c, action_id))
        if row is None:
            raise NotFoundError(f"there is no action `{action_id}`")
        if row.state not in {EffectState.CONFIRMED, EffectState.UNCOMPENSATED}:
            raise IllegalMoveError(
                f"the effect is {row.state.value}; only a confirmed one is undone"
            )
        run = await self.open_run(row.case_id)
        spec = run.equipment.spec(row.action)
        undo = (
            None
            if spec is None or spec.undo is None
            else run.equipment.workflow.actions.get(spec.undo)
        )
        act = _act(run, action_id)
        if undo is None or act is None:
            raise IllegalMoveError(f"`{row.action}` cannot be undone; open a correction by hand")
        proposal = _proposal(act, undo.spec.name, [param.name for param in undo.spec.params])
        self._begin(run, act, proposal, undo.spec.risk.value, person=person, reason=reason)
        gathered = await self.read(
            lambda c: facts.gather(run, c, proposal, containment=f"{person}: {reason}"[:200])
        )
        decision = gate.decide(gathered.facts)
        allowed = decision.verdict is GateVerdict.ALLOW
        run.note(
            ActionDecided(
                action_id=proposal.action_id,
                state=(EffectState.CLEARED if allowed else EffectState.DENIED).value,
                codes=tuple(one.code for one in decision.reasons),
                digest=gathered.facts.digest,
                level=effective(gathered.facts.level, undo.spec).value,
                policy=gathered.facts.policy.slice_digest,
            ),
            path=proposal.path,
            payloads=cards.facts_form(gathered.facts, decision),
            by=actor.service("gate"),
        )
        if not allowed:
            codes = ", ".join(one.code for one in decision.reasons)
            await self._failed(run, act, proposal, f"gate: {codes}")
            return proposal.action_id
        try:
            prepared = await effects.prepare(run, self.executor, undo, dict(proposal.arguments))
        except TokenRefusedError as error:
            await self._failed(run, act, proposal, error.code)
            return proposal.action_id
        effects.intend(
            run, prepared, action_id=proposal.action_id, attempt=1,
            digest=gathered.facts.digest, path=proposal.path,
        )  # fmt: skip
        intended = await effects.write_intent(run)
        outcome = await effects.perform(
            run, self.executor, prepared, action_id=proposal.action_id, attempt=1,
            path=proposal.path, intended=intended,
        )  # fmt: skip
        if isinstance(outcome, Confirmed):
            run.note(
                EffectCompensated(action_id=action_id, by=proposal.action_id), path=proposal.path
            )
            await run.write()
        elif isinstance(outcome, NotPerformed):
            await self._failed(run, act, proposal, outcome.code)
        else:
            await run.write()  # ambiguous: the original stays compensating until somebody knows
        return proposal.action_id

    def _begin(
        self, run: Run, act: ActRecord, proposal: Proposal, risk: str, *, person: str, reason: str
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
                risk=risk,
                author=person,
                undoes=act.action_id,
            ),
            path=proposal.path,
            payloads={"arguments": {**proposal.arguments, "reason": _masked(run, reason)}},
            by=actor.person(person),
        )

    async def _failed(self, run: Run, act: ActRecord, proposal: Proposal, code: str) -> None:
        run.note(
            EffectUncompensated(action_id=act.action_id, by=proposal.action_id, code=code[:200]),
            path=proposal.path,
        )
        await run.write()


def give_up(uow: UnitOfWork, action_id: str, *, person: str) -> str:
    """Record that an effect cannot be undone since its arguments were erased: an owner's task."""
    row = rows.find(uow.connection, action_id)
    if row is None:
        raise NotFoundError(f"there is no action `{action_id}`")
    by = derived("undo", action_id)
    for event in (
        EffectCompensating(action_id=action_id, by=by),
        EffectUncompensated(action_id=action_id, by=by, code="erased"),
    ):
        uow.append(
            Draft(
                event=event,
                case_id=row.case_id,
                workflow=row.workflow,
                actor=actor.person(person),
                path=f"{UNDO_PATH}{action_id}",
            )
        )
    return by


def _masked(run: Run, text: str) -> str:
    return run.masker.mask_text(text, trusted_tokens=True).text


def _act(run: Run, action_id: str) -> ActRecord | None:
    for versions in run.history.acts.values():
        for act in versions:
            if act.action_id == action_id:
                return act
    return None


def _proposal(act: ActRecord, undo: str, params: list[str]) -> Proposal:
    """Return the undo with its arguments taken from the receipt of what it takes back."""
    receipt = act.receipt if isinstance(act.receipt, dict) else {}
    arguments: dict[str, Json] = {}
    for name in params:
        if name in receipt:
            arguments[name] = receipt[name]
        elif name in act.arguments:
            arguments[name] = act.arguments[name]
        elif len(params) == 1:
            arguments[name] = act.receipt
    return Proposal(
        action_id=derived("undo", act.action_id), action=undo, version=1,
        path=f"{UNDO_PATH}{act.action_id}", author="workflow", arguments=arguments,
        endorsed={}, undo=True, undoes=act.action_id,
    )  # fmt: skip
