"""What is done with an intent: the effect is performed, and its outcome recorded."""

import re
from datetime import timedelta

from remit.domain import clock
from remit.domain.effect_event import (
    EffectAmbiguous,
    EffectConfirmed,
    EffectDispatched,
    EffectFailed,
)
from remit.errors import CrowdedError
from remit.orchestration import intending
from remit.orchestration.executor import Executor, Prepared
from remit.orchestration.intending import Intended, within
from remit.orchestration.outcomes import (
    Confirmed,
    Dispatched,
    EffectOutcome,
    NotPerformed,
    NotThere,
    Uncertain,
)
from remit.orchestration.recorded import UNACKNOWLEDGED
from remit.orchestration.run import Run
from remit.orchestration.steps import canonical_json

DISPATCHED_SECONDS = 3600  # until an answer is due where the other system names no time
NO_WORD = "effect.no_word"  # the code of an outcome that another system gave no word for
_CODE = re.compile(r"(?!.*\d{5})[A-Za-z][A-Za-z0-9_.-]{0,63}")


async def perform(
    run: Run, executor: Executor, prepared: Prepared, intended: Intended, *, action_id: str,
    path: str,
) -> EffectOutcome:  # fmt: skip
    """Perform what was intended and record the outcome.

    INVARIANT: called only after the write that holds *intended* (tests/faults/test_crash.py).
    """
    run.performing += 1
    try:
        outcome = await _performed(run, executor, prepared, intended, key=action_id)
    finally:
        run.performing -= 1
    attempt = intended.attempt
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
            if intending.moment() - intended.at > within(run, prepared):
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


async def _refused_again(
    executor: Executor, prepared: Prepared, refused: NotPerformed, *, key: str
) -> EffectOutcome:
    """Ask what is there under the key: a no to a repeated call says nothing of the first."""
    found = await executor.find(prepared, key=key)
    if isinstance(found, Confirmed):
        return found
    if isinstance(found, NotThere):
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
            when = until or run.now() + timedelta(seconds=DISPATCHED_SECONDS)
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
