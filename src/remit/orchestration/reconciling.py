"""Finding out what became of an effect that nobody is sure about, and repeating what may be."""

from datetime import timedelta

from remit.authoring.declared import DeclaredAction
from remit.domain import clock
from remit.domain.decision import Decision, GateVerdict
from remit.domain.effect import EffectState
from remit.domain.effect_event import EffectReconciled
from remit.domain.members import changed
from remit.domain.task import TaskKind
from remit.errors import TokenRefusedError
from remit.orchestration import asking, effects, left
from remit.orchestration import votes as cast_votes
from remit.orchestration.acts import ActRecord
from remit.orchestration.executor import Prepared
from remit.orchestration.intending import Intending, prepare
from remit.orchestration.outcomes import (
    Confirmed,
    EffectOutcome,
    NotPerformed,
    NotThere,
    Uncertain,
)
from remit.orchestration.proposed import Gathered, Proposal
from remit.orchestration.run import CaseParked, Run, Wait

FINDS_MAX = 8  # how often the other system is asked; an effect has no more attempts than that
FIND_SECONDS = (1, 4, 15, 60, 240, 900, 1800, 3600)


async def recover(
    run: Run,
    intending: Intending,
    declared: DeclaredAction,
    act: ActRecord,
    proposal: Proposal,
    *,
    containment: str | None = None,
) -> EffectOutcome:
    """Find out what became of an effect that was intended and has no certain outcome.

    Never performs on sight: the other system is asked first, and only a connector that honours
    keys is called again, under the same key and if the gate still allows it. Raises `CaseParked`
    while nobody knows.
    """
    act = await _in_doubt(run, act)
    executor = intending.executor
    try:
        prepared = await prepare(run, executor, declared, dict(act.arguments))
    except TokenRefusedError:
        return wait_for(run, act)
    found = await executor.find(prepared, key=act.effect_id)
    if isinstance(found, Confirmed):
        _reconciled(run, act, "found")
        effects.record_outcome(
            run, found, action_id=act.action_id, attempt=act.attempt, path=act.path
        )
        return found
    absent = isinstance(found, NotThere) and act.state is not EffectState.DISPATCHED
    settled = (act.intended_us or 0) + int(prepared.settled_after_seconds * 1_000_000)
    if not absent or clock.microseconds(run.now()) < settled:
        return wait_for(run, act)
    if run.asked:
        return _let_go(run, act)
    if not prepared.keys_honoured or act.attempt >= FINDS_MAX:
        return wait_for(run, act)
    return await _repeat(run, intending, prepared, act, proposal, containment=containment)


def wait_for(run: Run, act: ActRecord) -> EffectOutcome:
    """Wait for the next time to ask, or for a person when the tries are used up."""
    newest = run.history.act(act.path) or act
    if newest.state is EffectState.DISPATCHED:
        return _wait(run, newest, _next_look(run, newest))
    if newest.finds >= FINDS_MAX:
        left.leave(
            run, TaskKind.DOUBT, code=newest.code, action_id=newest.action_id, path=newest.path
        )
        return _wait(run, newest, None)
    effects.record_outcome(
        run, Uncertain(code="effect.unknown", sentence="the other system cannot say yet"),
        action_id=newest.action_id, attempt=newest.attempt, path=newest.path,
    )  # fmt: skip
    seconds = FIND_SECONDS[min(newest.finds, len(FIND_SECONDS) - 1)]
    return _wait(run, newest, clock.microseconds(run.now() + timedelta(seconds=seconds)))


async def _in_doubt(run: Run, act: ActRecord) -> ActRecord:
    """Call an effect ambiguous whose process died, or whose answer did not come in its time."""
    if act.state is EffectState.INTENDED:
        said = Uncertain(code="effect.crashed", sentence="the process ended before the outcome")
    elif act.state is EffectState.DISPATCHED and clock.microseconds(run.now()) >= (
        act.until_us or 0
    ):
        said = Uncertain(code="effect.unanswered", sentence="the answer did not come in its time")
    else:
        return act
    effects.record_outcome(run, said, action_id=act.action_id, attempt=act.attempt, path=act.path)
    await run.write()
    return run.history.act(act.path) or act


async def _repeat(
    run: Run,
    intending: Intending,
    prepared: Prepared,
    act: ActRecord,
    proposal: Proposal,
    *,
    containment: str | None,
) -> EffectOutcome:
    """Perform once more under the same key what is not there, if the gate allows it now."""
    proposal = changed(proposal, connector=prepared.connector, repeats=True)
    votes = cast_votes.of_act(run, act)

    def record(gathered: Gathered, decision: Decision) -> bool:
        allowed = decision.verdict is GateVerdict.ALLOW
        codes = tuple(one.code for one in decision.reasons)
        if not allowed and act.code == (codes[0] if codes else ""):
            return False  # it was said before, and nothing has changed
        asking.note_decided(
            run, proposal, gathered, decision, votes, second=True, otherwise=EffectState.AMBIGUOUS
        )
        if allowed:
            _reconciled(run, act, "absent")
        return allowed

    intended = await intending.begin(
        run, proposal, prepared, record, votes=votes, containment=containment
    )
    if intended is None:  # it stays in doubt, and the other system is asked again
        return _wait(run, act, _next_look(run, act))
    outcome = await effects.perform(
        run, intending.executor, prepared, intended, action_id=act.action_id, path=act.path
    )
    if isinstance(outcome, Confirmed | NotPerformed):
        return outcome
    return wait_for(run, act)


def _let_go(run: Run, act: ActRecord) -> EffectOutcome:
    """Let an effect of a cancelled case be that certainly did not happen."""
    _reconciled(run, act, "absent")
    outcome = NotPerformed(
        code="case.cancelled", sentence="it did not happen, and the case is cancelled", sent=False
    )
    effects.record_outcome(
        run, outcome, action_id=act.action_id, attempt=act.attempt, path=act.path
    )
    return outcome


def _reconciled(run: Run, act: ActRecord, finding: str) -> None:
    left.settled(run, act.action_id, finding, path=act.path)
    run.note(
        EffectReconciled(
            action_id=act.action_id, effect_id=act.effect_id, attempt=act.attempt, finding=finding
        ),
        path=act.path,
    )


def _next_look(run: Run, act: ActRecord) -> int:
    """Return when to ask again where no try is spent: after as long again, an hour at most."""
    now_us = clock.microseconds(run.now())
    since_us = now_us - (act.intended_us or now_us)
    next_us = now_us + min(max(since_us, 1_000_000), FIND_SECONDS[-1] * 1_000_000)
    if act.state is EffectState.DISPATCHED and act.until_us is not None:
        return max(min(next_us, act.until_us), now_us)
    return next_us


def _wait(run: Run, act: ActRecord, expires_us: int | None) -> EffectOutcome:
    run.waits[act.path] = Wait(kind="effect", ref=act.action_id, expires_us=expires_us)
    raise CaseParked
