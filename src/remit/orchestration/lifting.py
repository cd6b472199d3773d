"""Holds that no person answers: which event does a proposal wait for?"""

from datetime import timedelta
from typing import Final

from remit.domain import clock
from remit.domain.decision import Check, Decision, GateVerdict, LiftKind, Reason
from remit.domain.effect import EffectState
from remit.domain.task import TaskKind
from remit.orchestration import left
from remit.orchestration.acts import ActRecord
from remit.orchestration.proposed import Gathered, Proposal
from remit.orchestration.run import CaseParked, Escalated, Run, Wait
from remit.store import authority, stops
from remit.store.connection import Connection
from remit.store.waits import LIFT

LOOK_AGAIN_SECONDS: Final = 3_600  # at the latest: a fault that is mended tells nobody
DOUBT_SECONDS: Final = 600  # until the gate is asked again whether an earlier effect is known
IN_DOUBT: Final = "level.in_doubt"
FAULTS_MAX: Final = 72  # looks, one an hour; then a person has the case


def awaited(decision: Decision) -> Reason | None:
    """Return the first standing reason that only an event lifts; None where a person may.

    One is waited for at a time: when it has come, the gate is asked again, and names the next.
    """
    if decision.verdict not in {GateVerdict.HOLD, GateVerdict.FAULT}:
        return None
    if not decision.performable and decision.verdict is GateVerdict.HOLD:
        return None  # noted: nothing would come of it
    return next((one for one in decision.reasons if one.lift.kind is LiftKind.EVENT), None)


def wait(run: Run, proposal: Proposal, reason: Reason, gathered: Gathered) -> None:
    """Have the case wait for the event that lifts a reason; raises `CaseParked`.

    Raises `Escalated` where the gate could not tell for as many looks as it is given.
    """
    act = run.history.act(proposal.path)
    if act is not None and act.state is EffectState.BLOCKED and act.faults > FAULTS_MAX:
        raise Escalated(reason.code, f"nobody mended in {FAULTS_MAX} looks what the gate asks for")
    seconds = run.equipment.desk.expires_seconds
    if reason.check not in {Check.STOP, Check.LIMITS} or reason.verdict is GateVerdict.FAULT:
        seconds = min(seconds, LOOK_AGAIN_SECONDS)
        left.leave(
            run, TaskKind.FAULT, proposal.action_id, code=reason.code,
            action_id=proposal.action_id, path=proposal.path,
        )  # fmt: skip
    if reason.code == IN_DOUBT:
        seconds = min(seconds, DOUBT_SECONDS)
    until = clock.microseconds(run.now() + timedelta(seconds=seconds))
    if reason.check is Check.LIMITS and reason.refs:
        until = min(until, gathered.room_us.get(reason.refs[0], until) + 1)
    run.waits[proposal.path] = Wait(
        kind=LIFT, ref=ref_of(run, reason), expires_us=until,
        version=gathered.standing.authority,
    )  # fmt: skip
    raise CaseParked


async def wait_on(run: Run, act: ActRecord) -> None:
    """Wait on where the stop still stands that is waited for: something else woke the case."""
    kind, ref, until = run.history.waits.get(act.path, ("", "", None))
    if kind != LIFT:
        return
    version = await run.read(lambda c: _stands(c, ref))
    if version is not None:
        run.waits[act.path] = Wait(kind=kind, ref=ref, expires_us=until, version=version)
        raise CaseParked


def ref_of(run: Run, reason: Reason) -> str:
    """Return the name under which a case waits for what lifts a reason."""
    match reason.check:
        case Check.STOP:
            return f"stop {reason.refs[0]}"
        case Check.LIMITS if reason.verdict is GateVerdict.HOLD:
            return f"limit {reason.refs[0]}"
        case _:
            return f"fault {run.equipment.name}"


def _stands(connection: Connection, ref: str) -> int | None:
    """Return the version under which a stop still stands that is waited for; None: look again."""
    kind, _, name = ref.partition(" ")
    if kind != "stop" or stops.find(connection, name) is None:
        return None
    return authority.version(connection)
