"""Around an effect: intended before it, its outcome after, and what to do when nobody knows."""

import re
import time
from collections.abc import Callable
from datetime import timedelta

from remit.authoring.declared import DeclaredAction
from remit.domain import clock
from remit.domain.acknowledgement import Acknowledgement
from remit.domain.effect import EffectState
from remit.domain.effect_event import (
    EffectAmbiguous,
    EffectConfirmed,
    EffectDispatched,
    EffectFailed,
    EffectIntended,
    EffectReconciled,
)
from remit.domain.frozen import dataclass
from remit.domain.value import Json
from remit.errors import CrowdedError, TokenRefusedError
from remit.orchestration.executor import (
    Confirmed,
    Dispatched,
    EffectOutcome,
    Executor,
    NotPerformed,
    Prepared,
    Uncertain,
)
from remit.orchestration.recorded import UNACKNOWLEDGED
from remit.orchestration.replay import ActRecord
from remit.orchestration.run import CaseParked, Run, Wait
from remit.orchestration.steps import canonical_json
from remit.store import authority
from remit.store.receipt import Receipt
from remit.store.unit import UnitOfWork

PERFORM_WITHIN_SECONDS = 5.0
FINDS_MAX = 8
NO_WORD = "effect.no_word"  # the code of an outcome that another system gave no word for
_CODE = re.compile(r"(?!.*\d{5})[A-Za-z][A-Za-z0-9_.-]{0,63}")
FIND_SECONDS = (1, 4, 15, 60, 240, 900, 1800, 3600)
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """An intent that is durable."""

    receipt: Receipt[int]
    at: float  # when it became durable, see `moment`
    authority: int  # the version of grants and stops under which it was written


def moment() -> float:
    """Return seconds on a clock that goes on while the machine is suspended."""
    return time.clock_gettime(_CLOCK)


def _authority(uow: UnitOfWork) -> int:
    """Keep grants and stops as they are until the intent is written; return their version."""
    authority.keep(uow.projected)
    return authority.version(uow.projected)


async def write_intent(run: Run, check: Callable[[UnitOfWork], int] = _authority) -> Intended:
    """Write all that the run has recorded, *intended* with it.

    `check` runs inside the transaction as that of `Run.write`, and returns the version of grants
    and stops that it has kept.
    """
    seen = 0

    def work(uow: UnitOfWork) -> None:
        nonlocal seen
        seen = check(uow)

    receipt = await run.write(work)
    return Intended(receipt=receipt, at=moment(), authority=seen)


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


def intend(
    run: Run, prepared: Prepared, *, action_id: str, attempt: int, digest: str, path: str
) -> None:
    """Record that an effect is about to be performed; it must be written before it is."""
    seconds = prepared.timeout_seconds + _within(run, prepared)
    deadline = run.now() + timedelta(seconds=seconds)
    run.note(
        EffectIntended(
            action_id=action_id,
            effect_id=action_id,
            attempt=attempt,
            connector=prepared.connector,
            digest=digest,
            sent=run.sealed(prepared.bytes),
            deadline_us=clock.microseconds(deadline),
            reveals=prepared.reveals,
        ),
        path=path,
    )


async def perform(
    run: Run, executor: Executor, prepared: Prepared, *, action_id: str, attempt: int, path: str,
    intended: Intended,
) -> EffectOutcome:  # fmt: skip
    """Perform what was intended and record the outcome.

    INVARIANT: called only after the write that holds *intended* (tests/faults/test_crash.py).
    """
    run.performing += 1
    try:
        outcome = await _performed(run, executor, prepared, intended, key=action_id)
    finally:
        run.performing -= 1
    if attempt > 1 and isinstance(outcome, NotPerformed) and outcome.sent:
        outcome = await _refused_again(executor, prepared, outcome, key=action_id)
    record_outcome(run, outcome, action_id=action_id, attempt=attempt, path=path)
    return outcome


async def _performed(
    run: Run, executor: Executor, prepared: Prepared, intended: Intended, *, key: str
) -> EffectOutcome:
    """Perform once the record has come as far as the risk demands, unless something has changed.

    The time limit comes last: a process that was frozen finds here that it is too late.
    """
    level = prepared.acknowledge
    reached = await run.acknowledger.reach(intended.receipt, level)
    if not reached.level.reaches(level):
        said = f"the intent was {reached.level} in time and its risk demands {level}"
        return NotPerformed(code=UNACKNOWLEDGED, sentence=said, sent=False)
    try:
        async with executor.place(prepared.connector):
            if await _version(run, prepared) != intended.authority:
                said = "grants or stops have changed since the decision"
                return NotPerformed(code="effect.authority_changed", sentence=said, sent=False)
            if moment() - intended.at > _within(run, prepared):
                said = "the decision was too old to act on"
                return NotPerformed(code="effect.too_late", sentence=said, sent=False)
            return await executor.perform(prepared, key=key, on=reached)
    except CrowdedError as error:
        return NotPerformed(code=error.code, sentence=str(error), sent=False)


async def _version(run: Run, prepared: Prepared) -> int:
    """Return the version of grants and stops, as known or read."""
    spec = prepared.declared.spec
    known = run.authority.known(spec.workflow, spec.name)
    if known is None:
        known = await run.read(lambda c: run.authority.standing(c, spec.workflow, spec.name))
    return int(known[0])


def _within(run: Run, prepared: Prepared) -> float:
    """Return the seconds after the commit in which an effect may begin."""
    waits = prepared.acknowledge is not Acknowledgement.DURABLE
    return PERFORM_WITHIN_SECONDS + (run.acknowledger.seconds if waits else 0.0)


async def _refused_again(
    executor: Executor, prepared: Prepared, refused: NotPerformed, *, key: str
) -> EffectOutcome:
    """Ask what is there under the key: a no to a repeated call says nothing of the first."""
    found = await executor.find(prepared, key=key)
    if isinstance(found, Confirmed):
        return found
    if type(found).__name__ == "Absent":
        return refused
    return Uncertain(
        code=refused.code, sentence="refused on a repeat; the first may have happened"
    )


def record_outcome(
    run: Run, outcome: EffectOutcome, *, action_id: str, attempt: int, path: str
) -> None:
    """Record what became of an effect; answers of other systems are masked first."""
    match outcome:
        case Confirmed(reference=reference, receipt=receipt, latency_ms=took):
            run.note(
                EffectConfirmed(
                    action_id=action_id, effect_id=action_id, attempt=attempt,
                    reference=run.masker.mask_text(reference, trusted_tokens=False).text,
                    latency_ms=took,
                ),
                path=path,
                payloads={"receipt": run.masker.mask_json(canonical_json(receipt))},
            )  # fmt: skip
        case Dispatched(receipt=receipt, until=until):
            when = until or run.now() + timedelta(hours=1)
            run.note(
                EffectDispatched(
                    action_id=action_id, effect_id=action_id, attempt=attempt,
                    until_us=clock.microseconds(when),
                ),
                path=path,
                payloads={"receipt": run.masker.mask_json(canonical_json(receipt))},
            )  # fmt: skip
        case NotPerformed(code=code, sentence=sentence, sent=sent):
            run.note(
                EffectFailed(
                    action_id=action_id, effect_id=action_id, attempt=attempt,
                    code=_word(run, code), sent=sent,
                ),
                path=path,
                payloads={"error": run.masker.mask_text(sentence, trusted_tokens=False).text},
            )  # fmt: skip
        case Uncertain(code=code, sentence=sentence):
            run.note(
                EffectAmbiguous(
                    action_id=action_id, effect_id=action_id, attempt=attempt,
                    code=_word(run, code),
                ),
                path=path,
                payloads={"error": run.masker.mask_text(sentence, trusted_tokens=False).text},
            )  # fmt: skip


def _word(run: Run, code: str) -> str:
    """Return the code of an outcome, which may be another system's word, if it is one word."""
    plain = _CODE.fullmatch(code) is not None and run.masker.mask_text(code).text == code
    return code if plain else NO_WORD


async def recover(
    run: Run, executor: Executor, declared: DeclaredAction, act: ActRecord
) -> EffectOutcome:
    """Find out what became of an effect that was intended and has no certain outcome.

    Never performs on sight: the other system is asked first, and only a connector that honours
    keys is called again, under the same key. Raises `CaseParked` while nobody knows.
    """
    if act.state is EffectState.INTENDED:
        record_outcome(
            run,
            Uncertain(code="effect.crashed", sentence="the process ended before the outcome"),
            action_id=act.action_id, attempt=act.attempt, path=act.path,
        )  # fmt: skip
        await run.write()
    try:
        prepared = await prepare(run, executor, declared, dict(act.arguments))
    except TokenRefusedError:
        return wait_for(run, act)
    found = await executor.find(prepared, key=act.effect_id)
    if isinstance(found, Confirmed):
        run.note(
            EffectReconciled(
                action_id=act.action_id, effect_id=act.effect_id, attempt=act.attempt,
                finding="found",
            ),
            path=act.path,
        )  # fmt: skip
        record_outcome(run, found, action_id=act.action_id, attempt=act.attempt, path=act.path)
        return found
    if run.asked and type(found).__name__ == "Absent":
        return _let_go(run, prepared, act)
    settled = (act.intended_us or 0) + int(prepared.settled_after_seconds * 1_000_000)
    absent = type(found).__name__ == "Absent" and clock.microseconds(run.now()) >= settled
    if not (absent and prepared.keys_honoured):
        return wait_for(run, act)
    run.note(
        EffectReconciled(
            action_id=act.action_id, effect_id=act.effect_id, attempt=act.attempt, finding="absent"
        ),
        path=act.path,
    )
    intend(
        run, prepared, action_id=act.action_id, attempt=act.attempt + 1, digest=act.digest,
        path=act.path,
    )  # fmt: skip
    intended = await write_intent(run)
    return await perform(
        run, executor, prepared, action_id=act.action_id, attempt=act.attempt + 1, path=act.path,
        intended=intended,
    )  # fmt: skip


def _let_go(run: Run, prepared: Prepared, act: ActRecord) -> EffectOutcome:
    """Let an effect of a cancelled case that did not happen be, once that is certain."""
    settled = (act.intended_us or 0) + int(prepared.settled_after_seconds * 1_000_000)
    if clock.microseconds(run.now()) < settled:
        return wait_for(run, act)
    run.note(
        EffectReconciled(
            action_id=act.action_id, effect_id=act.effect_id, attempt=act.attempt, finding="absent"
        ),
        path=act.path,
    )
    outcome = NotPerformed(
        code="case.cancelled", sentence="it did not happen, and the case is cancelled", sent=False
    )
    record_outcome(run, outcome, action_id=act.action_id, attempt=act.attempt, path=act.path)
    return outcome


def wait_for(run: Run, act: ActRecord) -> EffectOutcome:
    """Wait for the next time to ask, or for a person when the tries are used up."""
    newest = run.history.act(act.path) or act
    if newest.finds >= FINDS_MAX:
        expires = None
    else:
        record_outcome(
            run, Uncertain(code="effect.unknown", sentence="the other system cannot say yet"),
            action_id=act.action_id, attempt=act.attempt, path=act.path,
        )  # fmt: skip
        seconds = FIND_SECONDS[min(newest.finds, len(FIND_SECONDS) - 1)]
        expires = clock.microseconds(run.now() + timedelta(seconds=seconds))
    run.waits[act.path] = Wait(kind="effect", ref=act.action_id, expires_us=expires)
    raise CaseParked
