"""The one way to an effect: decided on fresh facts, and compared again where it is intended.

A first try, a retry, a repeat after doubt and an undo all take it.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import field, replace
from datetime import timedelta

from remit.authoring.declared import DeclaredAction
from remit.domain import clock
from remit.domain.acknowledgement import Acknowledgement
from remit.domain.approval import Vote
from remit.domain.decision import Decision
from remit.domain.effect import EffectState
from remit.domain.effect_event import EffectIntended
from remit.domain.frozen import dataclass
from remit.domain.task import TaskKind
from remit.domain.value import Json
from remit.errors import StaleFactsError
from remit.orchestration import facts, left, limiting
from remit.orchestration import votes as cast_votes
from remit.orchestration.acts import ActRecord
from remit.orchestration.executor import Executor, Prepared
from remit.orchestration.proposed import Gathered, Proposal
from remit.orchestration.run import Escalated, Run
from remit.orchestration.standing import keep_standing, read_standing
from remit.policy import gate
from remit.store.connection import Connection
from remit.store.receipt import Receipt
from remit.store.unit import UnitOfWork

STALE_MAX = 16  # each time another case on the same record went through meanwhile
PERFORM_WITHIN_SECONDS = 5.0
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_LEFT = {"notify": TaskKind.NOTICE, "review": TaskKind.REVIEW}

# Records the gate's answer; says whether the effect may be intended now.
Record = Callable[[Gathered, Decision], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """An intent that is durable."""

    attempt: int
    receipt: Receipt[int]
    at: float  # when it became durable, see `moment`
    authority: int  # the version of grants and stops under which it was written


@dataclass(frozen=True, slots=True, kw_only=True)
class Intending:
    """Decides, and writes the intent of what is allowed."""

    executor: Executor
    read: Callable[[Callable[[Connection], Gathered]], Awaitable[Gathered]]
    raced: Counter[str] = field(default_factory=Counter)  # what others were quicker at: counted

    async def begin(
        self,
        run: Run,
        proposal: Proposal,
        prepared: Prepared | None,
        record: Record,
        *,
        votes: tuple[Vote, ...] = (),
        containment: str | None = None,
    ) -> Intended | None:
        """Decide, have the answer recorded, and write the intent; `None` where none may be.

        INVARIANT: stops, grants, what others spent on the record and the roles of who said yes are
        compared in the transaction that holds *intended*
        (tests/unit/orchestration/test_reconciling.py, test_roles_changing.py).
        """
        before = run.history.act(proposal.path)
        for _ in range(STALE_MAX):
            held = cast_votes.held(run, proposal, votes)
            with run.nearing_a_write():
                gathered = await self.read(
                    lambda c, v=held: facts.gather(  # type: ignore[misc]  # a default binds the loop's value
                        run, c, proposal, votes=v, containment=containment
                    )
                )
            mark = len(run.drafts)
            decision = gate.decide(gathered.facts)
            if not record(gathered, decision) or prepared is None:
                return None
            _carry_out(run, proposal, decision)
            attempt = (before.attempt if before is not None else 0) + 1
            _note(run, prepared, proposal, attempt=attempt, digest=gathered.facts.digest)
            decided = run.drafts[mark:]
            try:
                return await self._write(run, proposal, gathered, attempt)
            except StaleFactsError:
                self.raced["stale_facts"] += 1
                run.withdraw(decided)
                _restore(run, proposal.path, before)
        raise Escalated("ledger.stale_facts", "the facts kept changing; a person must decide")

    async def _write(
        self, run: Run, proposal: Proposal, gathered: Gathered, attempt: int
    ) -> Intended:
        """Write all that the run has recorded, *intended* with it."""
        seen = 0

        def compared(uow: UnitOfWork) -> None:
            nonlocal seen
            seen = _current(uow, run, proposal, gathered)

        receipt = await run.write(compared)
        return Intended(attempt=attempt, receipt=receipt, at=moment(), authority=seen)


async def prepare(
    run: Run, executor: Executor, declared: DeclaredAction, arguments: dict[str, Json]
) -> Prepared:
    """Return the exact call of an action with real values; nothing is sent."""
    level = run.equipment.acknowledgement(declared.spec, outside=run.acknowledger.outside)
    fields = run.history.fields if isinstance(run.history.fields, dict) else {}
    return await executor.prepare(
        declared, arguments, run.masker.vault, acknowledge=level,
        listed=run.equipment.revealed(declared.spec.name), fields=fields,
    )  # fmt: skip


def moment() -> float:
    """Return seconds on a clock that goes on while the machine is suspended."""
    return time.clock_gettime(_CLOCK)


def within(run: Run, prepared: Prepared) -> float:
    """Return the seconds after the commit in which an effect may begin."""
    waits = prepared.acknowledge is not Acknowledgement.DURABLE
    return PERFORM_WITHIN_SECONDS + (run.acknowledger.seconds if waits else 0.0)


def _note(run: Run, prepared: Prepared, proposal: Proposal, *, attempt: int, digest: str) -> None:
    seconds = prepared.timeout_seconds + within(run, prepared)
    deadline = run.now() + timedelta(seconds=seconds)
    run.note(
        EffectIntended(
            action_id=proposal.action_id,
            effect_id=proposal.action_id,
            attempt=attempt,
            connector=prepared.connector,
            digest=digest,
            sent=run.sealed(prepared.bytes),
            deadline_us=clock.microseconds(deadline),
            reveals=prepared.reveals,
        ),
        path=proposal.path,
    )


def _carry_out(run: Run, proposal: Proposal, decision: Decision) -> None:
    """Leave to people what rules ask to be told of or looked at afterwards."""
    for one in decision.obligations:
        kind = _LEFT.get(one.kind)
        if kind is not None:
            left.leave(
                run, kind, proposal.action_id, one.value, code=one.kind,
                action_id=proposal.action_id, path=proposal.path,
                owner=f"role:{one.value}" if one.value else "",
            )  # fmt: skip


def _current(uow: UnitOfWork, run: Run, proposal: Proposal, gathered: Gathered) -> int:
    """Compare, as the second gate, the rows that a decision rests on with what they were.

    Returns the version of grants and stops, which stay as they are until the commit.
    """
    keep_standing(
        uow.projected,
        workflow=run.equipment.name,
        action=proposal.action,
        bounds=gathered.bounds,
        limits=gathered.limits,
    )
    now = read_standing(
        uow.projected,
        workflow=run.equipment.name,
        action=proposal.action,
        action_id=proposal.action_id,
        bounds=gathered.bounds,
        limits=gathered.limits,
        known=run.authority,
    )
    if now != gathered.standing:
        raise StaleFactsError("grants, stops or bounds changed while deciding; decide again")
    counted = gathered.facts.clearance.votes
    standing = cast_votes.not_lapsed(
        uow.projected, run, proposal, cast_votes.held(run, proposal, counted),
        version=now.authority, now=uow.now,
    )  # fmt: skip
    if standing != counted:
        raise StaleFactsError("who said yes has lost the right to; decide again")
    if not limiting.fit(now.limits, gathered.reserves):
        raise StaleFactsError("others were quicker at a limit; decide again")
    return now.authority


def _restore(run: Run, path: str, before: ActRecord | None) -> None:
    versions = run.history.tries(path)
    if versions and before is not None:
        versions[-1] = before
    elif versions:
        versions[-1] = replace(versions[-1], state=EffectState.PROPOSED)
