"""Rehearsing an undo on a stand-in: perform, undo, and compare the world before and after.

The stand-in has the operations of the real connectors and writes down what it is told; nothing
leaves. What is performed is the newest confirmed effect of the action, once more.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from remit.authoring.declared import DeclaredAction
from remit.domain import actor
from remit.domain.decision import GateVerdict
from remit.domain.entry import Draft, Event
from remit.domain.ids import control_stream
from remit.domain.rollback_event import DrillFinished, DrillStarted
from remit.domain.value import Json
from remit.errors import NotFoundError, RemitError
from remit.ledger.acknowledge import Reached
from remit.orchestration import facts
from remit.orchestration.acts import ActRecord
from remit.orchestration.executor import Executor, Prepared
from remit.orchestration.intending import prepare
from remit.orchestration.outcomes import Confirmed
from remit.orchestration.proposed import Gathered, Proposal
from remit.orchestration.run import Run
from remit.orchestration.undoing import act_of, arguments_of, path_of, undo_of
from remit.policy import gate
from remit.store import performed
from remit.store.connection import Connection
from remit.store.receipt import Receipt
from remit.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillView:
    """What came of a rehearsal; `code` is empty where the world was as before."""

    workflow: str
    action: str
    undo: str
    passed: bool
    code: str
    took_ms: int
    at: datetime
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """Rehearses undos."""

    executor: Executor
    open_run: Callable[[str], Awaitable[Run]]
    read: Callable[[Callable[[Connection], Any]], Awaitable[Any]]
    submit: Callable[[Callable[[UnitOfWork], None]], Awaitable[Receipt[None]]]
    now: Callable[[], datetime]

    async def rehearse(self, workflow: str, action: str, *, person: str) -> DrillView:
        """Rehearse the undo of an action and record what came of it.

        Raises `NotFoundError` where nothing of it was done yet that a rehearsal could go by.
        """
        row = await self.read(lambda c: performed.newest_done(c, workflow=workflow, action=action))
        if row is None:
            raise NotFoundError(
                f"nothing of `{action}` was done yet in `{workflow}`; "
                "a drill goes by a confirmed effect"
            )
        run = await self.open_run(row.case_id)
        act, undo = act_of(run, row.action_id), undo_of(run, action)
        name = "" if undo is None else undo.spec.name
        begun = await self._note(
            workflow, DrillStarted(action=action, undo=name, person=person), person=person
        )
        started = time.monotonic()
        code = "no_undo"
        if act is not None and undo is not None:
            code = await self._rehearsed(run, act, undo, begun)
        took_ms = int((time.monotonic() - started) * 1000)
        finished = DrillFinished(
            action=action, undo=name, passed=not code, code=code[:200], took_ms=took_ms,
            person=person,
        )  # fmt: skip
        await self._note(workflow, finished, person=person)
        return DrillView(
            workflow=workflow, action=action, undo=name, passed=not code, code=code,
            took_ms=took_ms, at=self.now(), person=person,
        )  # fmt: skip

    async def _rehearsed(
        self, run: Run, act: ActRecord, undo: DeclaredAction, begun: Receipt[None]
    ) -> str:
        """Perform and undo on a stand-in; return why the world is another then, or nothing."""
        executor, told = self.executor.stand_in()
        declared = run.equipment.workflow.actions[act.action]
        proposal = _proposal(act, undo)
        try:
            done = await prepare(run, executor, declared, dict(act.arguments))
            back = await prepare(run, executor, undo, dict(proposal.arguments))
            gathered: Gathered = await self.read(
                lambda c: facts.gather(run, c, proposal, containment="drill")
            )
        except RemitError as error:
            return error.code
        decision = gate.decide(gathered.facts)
        if decision.verdict is not GateVerdict.ALLOW:
            return f"gate: {', '.join(one.code for one in decision.reasons)}"
        before = _world(told())
        for prepared in (done, back):
            on = await run.acknowledger.reach(begun, prepared.acknowledge)
            code = await _performed(executor, prepared, on, key=prepared.call.operation)
            if code:
                return code
        named = _scalars(act.receipt) - _scalars(dict(act.arguments))
        return "" if _world(told(), undone=named) == before else "world_differs"

    async def _note(self, workflow: str, event: Event, *, person: str) -> Receipt[None]:
        def work(uow: UnitOfWork) -> None:
            uow.append(
                Draft(
                    event=event,
                    case_id=control_stream(workflow),
                    workflow=workflow,
                    actor=actor.person(person),
                )
            )

        return await self.submit(work)


async def _performed(executor: Executor, prepared: Prepared, on: Reached, *, key: str) -> str:
    outcome = await executor.perform(prepared, key=f"drill:{key}", on=on)
    return "" if isinstance(outcome, Confirmed) else getattr(outcome, "code", "not_done")


def _world(
    told: list[tuple[str, Json]], *, undone: frozenset[str] | set[str] = frozenset()
) -> int:
    """Return how many effects stand: one that names the receipt of another takes it back."""
    standing = 0
    for _, arguments in told:
        takes_back = bool(_scalars(arguments) & undone)
        standing += -1 if takes_back and standing else 1
    return standing


def _scalars(form: Json) -> set[str]:
    """Return the values in a form that could name something."""
    match form:
        case dict():
            return set().union(*map(_scalars, form.values())) if form else set()
        case list():
            return set().union(*map(_scalars, form)) if form else set()
        case None | bool():
            return set()
        case _:
            return {str(form)} if str(form) else set()


def _proposal(act: ActRecord, undo: DeclaredAction) -> Proposal:
    return Proposal(
        action_id=act.action_id, action=undo.spec.name, version=1, path=path_of(act.action_id),
        author="workflow", arguments=arguments_of(act, undo), endorsed={}, undo=True,
        undoes=act.action_id,
    )  # fmt: skip
