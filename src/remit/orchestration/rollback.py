"""Taking many effects back: newest first, each by its own undo, and nothing skipped in silence."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from remit.authoring.declared import DeclaredAction
from remit.domain.effect import BEGUN, EffectState
from remit.domain.value import Json
from remit.errors import (
    IllegalMoveError,
    PayloadErasedError,
    RemitError,
    StepRefused,
    TransientError,
)
from remit.governance import rollbacks as kept
from remit.orchestration import provenance, rereading
from remit.orchestration.acts import ActRecord
from remit.orchestration.run import Run
from remit.orchestration.steps import Steps
from remit.orchestration.undoing import Undoing, act_of, give_up, path_of
from remit.store import proposals, rollbacks
from remit.store.connection import Connection
from remit.store.proposals import ProposalRow
from remit.store.rollbacks import ItemRow, RollbackRow
from remit.store.unit import UnitOfWork

AT_ONCE_MAX = 20  # rollbacks that one look takes on

log = logging.getLogger("remit.rollback")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """Carries out what people have started; what was done is in rows, so a crash loses nothing."""

    undoing: Undoing
    steps: Steps
    read: Callable[[Callable[[Connection], Any]], Awaitable[Any]]
    write: Callable[..., Awaitable[Any]]
    owner: Callable[[str], str]  # of a workflow
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self) -> int:
        """Go on with every rollback that is not finished; return how many there are."""
        async with self._alone:
            found: list[RollbackRow] = await self.read(
                lambda c: rollbacks.unfinished(c, AT_ONCE_MAX)
            )
            for row in found:
                await self._go_on(row)
        return len(found)

    async def _go_on(self, row: RollbackRow) -> None:
        """Take each effect as far as it goes: a failed or open undo stops older ones beside it."""
        items: list[ItemRow] = await self.read(lambda c: rollbacks.items(c, row.rollback_id))
        stopped: set[str] = set()  # records on which a newer undo failed
        waited: set[str] = set()  # records on which a newer one is not known yet
        for item in items:
            effect = await self._effect(item.action_id)
            if effect is None:
                await self._settle(row, item, kept.NOT_NEEDED, "gone")
                continue
            beside = effect.record
            if item.outcome:
                if item.outcome == kept.UNCOMPENSATED and beside:
                    stopped.add(beside)
                continue
            if beside and beside in waited:
                continue
            after = beside in stopped if beside else False
            state = await self._taken_back(row, effect, stopped=after)
            ended = _ENDS.get(state)
            if ended is not None:
                await self._settle(row, item, ended, "")
                if ended == kept.UNCOMPENSATED and beside:
                    stopped.add(beside)
            elif beside:
                waited.add(beside)

    async def _effect(self, action_id: str) -> ProposalRow | None:
        found: ProposalRow | None = await self.read(lambda c: proposals.find(c, action_id))
        return found

    async def _taken_back(
        self, row: RollbackRow, effect: ProposalRow, *, stopped: bool
    ) -> EffectState:
        """Undo one effect, or say why not; return the state in which that leaves it."""
        if effect.state is not EffectState.CONFIRMED:
            return effect.state
        why = "newer_failed" if stopped else ""
        try:
            why = why or await self._in_the_way(effect)
            if not why:
                said = f"rollback {row.rollback_id[:8]} of {row.person}"
                await self.undoing.undo(
                    effect.action_id, person=row.person, reason=said, containment=said
                )
        except PayloadErasedError:
            why = "erased"
        except (TransientError, StepRefused) as error:
            log.warning("rollback %s waits: %s", row.rollback_id[:8], error.code)
            return EffectState.COMPENSATING  # it is looked at again
        except IllegalMoveError:
            pass  # somebody else is at it, or was: the row says what became of it
        except RemitError as error:
            why = error.code
        if why:
            await self._give_up(row, effect, why)
        after = await self._effect(effect.action_id)
        return effect.state if after is None else _still(after)

    async def _in_the_way(self, effect: ProposalRow) -> str:
        """Return why an effect cannot simply be undone: no undo, or a world that has moved on."""
        run = await self.undoing.open_apart(effect.case_id, path_of(effect.action_id))
        declared = run.equipment.workflow.actions.get(effect.action)
        act = act_of(run, effect.action_id)
        if declared is None or act is None or declared.spec.undo is None:
            return "no_undo"
        return "conflict" if await self._moved_on(run, declared, act) else ""

    async def _moved_on(self, run: Run, declared: DeclaredAction, act: ActRecord) -> bool:
        """Read the record again: does it still show what we wrote there?"""
        arguments = dict(act.arguments)
        read = rereading.acted_upon(run, declared, arguments)
        tool = None if declared.spec.on is None else run.equipment.workflow.tools.get(
            declared.spec.on
        )  # fmt: skip
        if read is None or tool is None:
            return False
        before = _first(run, read, act.seq)
        written = {
            name: form
            for name, form in arguments.items()
            if name in before and before[name] != form
        }
        if not written:
            return False
        fresh = await rereading.once_more(run, self.steps, read, path=act.path)
        now = {
            name: form for name, (_, form) in provenance.record_fields(tool.spec, fresh).items()
        }
        moved = any(now.get(name) != form for name, form in written.items())
        if moved and run.drafts:
            await run.write()
        return moved

    async def _give_up(self, row: RollbackRow, effect: ProposalRow, code: str) -> None:
        def work(uow: UnitOfWork) -> None:
            known = proposals.find(uow.connection, effect.action_id)
            if known is not None and known.state is EffectState.CONFIRMED:
                give_up(
                    uow, effect.action_id, person=row.person, owner=self.owner(row.workflow),
                    code=code,
                )  # fmt: skip

        await self.write(work, streams=(effect.case_id,))

    async def _settle(self, row: RollbackRow, item: ItemRow, outcome: str, code: str) -> None:
        effect = await self._effect(item.action_id)
        said = code or ("" if effect is None else _code(effect))
        await self.write(
            lambda uow: kept.settle(uow, row, item.action_id, outcome=outcome, code=said)
        )


# What a state of an effect means for the plan that it is in; any other is not known yet.
_ENDS = {
    EffectState.COMPENSATED: kept.COMPENSATED,
    EffectState.UNCOMPENSATED: kept.UNCOMPENSATED,
    EffectState.FAILED: kept.NOT_NEEDED,
    EffectState.WITHDRAWN: kept.NOT_NEEDED,
    EffectState.DENIED: kept.NOT_NEEDED,
    EffectState.ESCALATED: kept.NOT_NEEDED,
    EffectState.HELD: kept.NOT_NEEDED,
    EffectState.BLOCKED: kept.NOT_NEEDED,
}


def _still(row: ProposalRow) -> EffectState:
    return EffectState.COMPENSATING if row.state in BEGUN else row.state


def _code(effect: ProposalRow) -> str:
    return effect.codes if effect.state is EffectState.UNCOMPENSATED else ""


def _first(run: Run, read: rereading.Read, seq: int) -> dict[str, Json]:
    """Return the fields of the record as they were before an action was proposed."""
    tool = run.equipment.workflow.tools.get(str(read[0].body["name"]))
    if tool is None:
        return {}
    record = provenance.record_of(tool.spec, read[2])
    earlier: Sequence[rereading.Read] = [
        one
        for one in run.history.reads
        if one[0].body["name"] == read[0].body["name"]
        and one[0].seq < seq
        and provenance.record_of(tool.spec, one[2]) == record
    ]
    if not earlier:
        return {}
    return {
        name: form
        for name, (_, form) in provenance.record_fields(tool.spec, earlier[-1][2]).items()
    }
