"""What a run still knows when it is fenced: outcomes of effects, recorded as having come late."""

import asyncio
import logging

from remit.domain import actor
from remit.domain.effect_event import (
    EffectAmbiguous,
    EffectConfirmed,
    EffectDispatched,
    EffectFailed,
    EffectLate,
)
from remit.domain.entry import Draft
from remit.errors import StorageError
from remit.orchestration import awaited
from remit.orchestration.run import Run
from remit.store import vault
from remit.store.unit import UnitOfWork

RETRY_SECONDS = (0.2, 1.0, 5.0, 15.0, 30.0, 60.0)

log = logging.getLogger("remit.effects")


async def record(run: Run) -> int:
    """Record the outcomes that a fenced run could not write; return how many there were.

    They change no state: the run that took over has found the effect without an outcome, called
    it ambiguous and asks the other system. They are entries of nobody's run, so they fence none.
    """
    drafts = [late for one in run.drafts if (late := _late(one)) is not None]
    if not drafts:
        return 0
    rows = run.unwritten_rows()

    def work(uow: UnitOfWork) -> None:
        if rows:
            vault.insert(uow.connection, rows)
        for draft in drafts:
            uow.append(draft)

    for pause in (*RETRY_SECONDS, None):
        try:
            await awaited.submit(run.writer, work, streams=(run.case_id,), lane="control")
        except StorageError as error:
            if pause is None:
                log.error("late outcomes of case %s are lost: %s", run.case_id, error.code)  # noqa: TRY400 - no values
                return 0
            await asyncio.sleep(pause)
        else:
            break
    return len(drafts)


def _late(draft: Draft) -> Draft | None:
    match draft.event:
        case (
            EffectConfirmed(action_id=action, effect_id=effect, attempt=attempt)
            | EffectDispatched(action_id=action, effect_id=effect, attempt=attempt)
            | EffectFailed(action_id=action, effect_id=effect, attempt=attempt)
            | EffectAmbiguous(action_id=action, effect_id=effect, attempt=attempt)
        ):
            receipt = draft.payloads.get("receipt")
            return Draft(
                event=EffectLate(
                    action_id=action,
                    effect_id=effect,
                    attempt=attempt,
                    outcome=draft.event.NAME.rpartition(":")[2],
                ),
                case_id=draft.case_id,
                workflow=draft.workflow,
                actor=actor.service("executor"),
                path=draft.path,
                payloads={} if receipt is None else {"receipt": receipt},
            )
        case _:
            return None
