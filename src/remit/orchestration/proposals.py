"""`run.act`: from what workflow code asks for, through gate and desk, to what became of it."""

import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from remit.authoring.context import Acted
from remit.authoring.declared import DeclaredAction
from remit.authoring.step_call import StepCall
from remit.domain import clock
from remit.domain.approval import ApprovalState, Vote
from remit.domain.decision import Decision
from remit.domain.effect import EffectState
from remit.domain.ids import derived
from remit.domain.members import changed
from remit.domain.step import StepKey
from remit.domain.value import Json
from remit.errors import (
    ArgumentsInvalidError,
    RegistrationError,
    TokenRefusedError,
    TransientError,
)
from remit.orchestration import asking, effects, left, lifting, reconciling, rereading
from remit.orchestration import votes as cast_votes
from remit.orchestration.acts import ActRecord
from remit.orchestration.coins import UNTOSSED, Coins
from remit.orchestration.executor import Executor, Prepared
from remit.orchestration.intending import Intended, Intending, prepare
from remit.orchestration.outcomes import Confirmed, NotPerformed
from remit.orchestration.proposed import Gathered, Proposal
from remit.orchestration.recorded import ATTEMPTS_MAX, UNACKNOWLEDGED, settled
from remit.orchestration.replay import LOOKED
from remit.orchestration.run import CaseParked, Escalated, Run, Wait
from remit.orchestration.steps import Steps

NOT_SENT_SECONDS = (1, 5, 30)
AWAY_SECONDS = 30  # until what an effect rests on is read again
AWAY_SECONDS_MAX = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """Takes `act` steps of a run."""

    intending: Intending
    steps: Steps
    coins: Coins

    @property
    def executor(self) -> Executor:
        return self.intending.executor

    @property
    def raced(self) -> Counter[str]:
        """What others were quicker at, counted."""
        return self.intending.raced

    async def act(
        self, run: Run, call: StepCall[Any], key: StepKey, given: Mapping[str, Json]
    ) -> Acted[Any]:
        """Propose, wait, perform or hand back what became of it; `given` is masked.

        Raises `CaseParked` while a person or the other system is awaited, `ActionDeniedError`,
        `EffectFailedError`, and `Escalated` when the gate wants a person to take the case.
        """
        declared = run.equipment.workflow.actions.get(call.name)
        if declared is None:
            raise RegistrationError(
                f"`{call.name}` is no action of workflow `{run.equipment.name}`"
            )
        while True:
            act = run.history.act(key.path)
            if act is None or act.state in UNTOSSED:
                with run.nearing_a_write():
                    await self.coins.ready(run.equipment.plans.get(call.name))
            if act is None:
                proposal = self._first(run, call.name, key.path, dict(given))
                asking.note_proposed(run, declared, proposal, asked=key.arguments)
                await self._gate(run, declared, proposal)
                continue
            done = await self._go_on(run, declared, act)
            if done is not None:
                return done

    # -- one move --------------------------------------------------------------------------------

    async def _go_on(
        self, run: Run, declared: DeclaredAction, act: ActRecord
    ) -> Acted[Any] | None:
        """Take the next move of a proposal; `None` when there is another."""
        done = settled(run.equipment.workflow, act, run.masker.surrogates)
        if done is not None:
            return done
        match act.state:
            case EffectState.PROPOSED:
                await self._gate(run, declared, self._again(run, act))
            case EffectState.HELD | EffectState.BLOCKED:
                await self._held(run, declared, act)
            case EffectState.REPLACED:
                self._grace(run, declared, act)
                proposal = self._edited(act)
                asking.note_proposed(run, declared, proposal, by=act.editor)
                run.history.ended.pop(act.path, None)
                await self._gate(run, declared, proposal, second=True)
            case EffectState.CLEARED:
                await self._cleared(run, declared, act)
            case EffectState.INTENDED | EffectState.AMBIGUOUS | EffectState.DISPATCHED:
                await self.recover(run, declared, act)
            case EffectState.FAILED:
                await self._failed(run, declared, act)
            case EffectState.EXPIRED:
                raise Escalated("approval.expired", "nobody decided in time; nothing was done")
            case EffectState.WITHDRAWN:
                raise Escalated(act.code or "withdrawn", "a person took the case over")
            case EffectState.DENIED:
                raise Escalated("denied.again", f"`{act.action}` was asked for and denied again")
            case EffectState.ESCALATED:
                raise Escalated(act.code or act.state.value, f"the gate stopped `{act.action}`")
            case _:
                raise Escalated(act.state.value, f"nobody knows what to do with `{act.action}`")
        return None

    async def recover(self, run: Run, declared: DeclaredAction, act: ActRecord) -> None:
        """Find out what became of an effect; raises `CaseParked` while nobody knows."""
        await reconciling.recover(run, self.intending, declared, act, self._again(run, act))

    async def _held(self, run: Run, declared: DeclaredAction, act: ActRecord) -> None:
        match act.approval_state:
            case ApprovalState.OPEN:
                if run.history.ended.pop(act.path, None) == LOOKED:
                    with contextlib.suppress(TransientError):  # then it is as it was
                        await rereading.look_again(
                            run, self.steps, declared, dict(act.arguments), path=act.path,
                            however_fresh=True,
                        )  # fmt: skip
                    await self._gate(run, declared, self._again(run, act), read=True)
                    return
                self._wait_for_desk(run, act)
            case ApprovalState.APPROVED:
                await self._approved(run, declared, act)
            case _:
                await lifting.wait_on(run, act)
                await self._gate(run, declared, self._again(run, act))

    async def _approved(self, run: Run, declared: DeclaredAction, act: ActRecord) -> None:
        """Look again after a yes and its grace time, and decide with that clearance."""
        now_us = clock.microseconds(run.now())
        approved_us = act.approved_us or now_us
        grace = self._grace(run, declared, act)
        if now_us > approved_us + grace + run.equipment.desk.approved_seconds * 1_000_000:
            asking.void(run, act, "approval.too_late")
            await self._gate(run, declared, self._again(run, act))
            return
        await self._read_again(run, declared, self._again(run, act), however_fresh=True)
        await self._gate(
            run, declared, self._again(run, act), votes=cast_votes.of_act(run, act), second=True
        )

    async def _cleared(self, run: Run, declared: DeclaredAction, act: ActRecord) -> None:
        """Wait until it can no longer be taken back, then decide once more and begin."""
        if act.begins_us is not None and clock.microseconds(run.now()) < act.begins_us:
            self._wait_out(run, self._again(run, act), act.begins_us)
        if act.approval_state is ApprovalState.APPROVED:
            await self._approved(run, declared, act)
        else:
            await self._read_again(run, declared, self._again(run, act), however_fresh=False)
            await self._gate(run, declared, self._again(run, act), second=True)

    def _wait_out(self, run: Run, proposal: Proposal, until_us: int) -> None:
        run.waits[proposal.path] = Wait(kind="grace", ref=proposal.action_id, expires_us=until_us)
        raise CaseParked

    def _grace(self, run: Run, declared: DeclaredAction, act: ActRecord) -> int:
        """Wait out the time in which a yes can be taken back; return it in microseconds."""
        grace = run.equipment.grace_seconds(declared.spec) * 1_000_000
        until = (act.approved_us or 0) + grace
        if clock.microseconds(run.now()) < until:
            run.waits[act.path] = Wait(kind="grace", ref=act.approval_id, expires_us=until)
            raise CaseParked
        waited = (act.begins_us or 0) - (act.approved_us or 0)
        return max(grace, waited)

    async def _failed(self, run: Run, declared: DeclaredAction, act: ActRecord) -> None:
        """Try again, under the gate, what was never sent."""
        if act.code == UNACKNOWLEDGED and act.attempt >= ATTEMPTS_MAX:
            raise Escalated(act.code, "the record was not safe enough in time; nothing was sent")
        if run.history.ended.get(act.path) != "retry":
            seconds = NOT_SENT_SECONDS[min(act.attempt - 1, len(NOT_SENT_SECONDS) - 1)]
            expires = clock.microseconds(run.now() + timedelta(seconds=seconds))
            run.waits[act.path] = Wait(kind="retry", ref=act.action_id, expires_us=expires)
            raise CaseParked
        run.history.ended.pop(act.path, None)
        await self._gate(
            run, declared, self._again(run, act), votes=cast_votes.of_act(run, act), second=True
        )

    # -- the gate --------------------------------------------------------------------------------

    async def _gate(
        self,
        run: Run,
        declared: DeclaredAction,
        proposal: Proposal,
        *,
        votes: tuple[Vote, ...] = (),
        second: bool = False,
        read: bool = False,
    ) -> None:
        """Decide on fresh facts and write the decision; perform at once what is allowed.

        `read` says that what it rests on was read again just now.
        """
        if not second and not read:  # after a yes everything is read again, however fresh
            await self._read_again(run, declared, proposal, however_fresh=False)
        prepared = await self._prepared(run, declared, proposal)
        if isinstance(prepared, Prepared):
            proposal = changed(proposal, connector=prepared.connector)
        async with run.gate:  # branches pass one at a time; what they perform runs side by side
            begun = await self._decide(run, declared, proposal, prepared, votes, second=second)
        if begun is not None and isinstance(prepared, Prepared):
            await self._perform(run, prepared, proposal, begun)

    async def _decide(
        self,
        run: Run,
        declared: DeclaredAction,
        proposal: Proposal,
        prepared: Prepared | TokenRefusedError | ArgumentsInvalidError,
        votes: tuple[Vote, ...],
        *,
        second: bool,
    ) -> Intended | None:
        """Decide and write it; return what was intended, `None` where nothing may be."""
        before = run.history.act(proposal.path)

        def record(gathered: Gathered, decision: Decision) -> bool:
            if asking.stands(run, before, gathered, decision):
                asking.tell_unanswerable(run, before)
                return False
            begins_us = _begins(run, before, decision)
            state = asking.note_decided(
                run, proposal, gathered, decision, votes, second=second, begins_us=begins_us,
                coins=self.coins,
            )  # fmt: skip
            awaited = lifting.awaited(decision)
            if state is EffectState.HELD and awaited is None:
                asking.request(run, declared, proposal, gathered, decision, before)
                asking.tell_unanswerable(run, run.history.act(proposal.path))
                return False
            if state is not EffectState.CLEARED:
                if before is not None and before.approval_state in {
                    ApprovalState.OPEN, ApprovalState.APPROVED,
                }:  # fmt: skip
                    asking.void(run, before, "gate.changed")
                if awaited is not None:
                    lifting.wait(run, proposal, awaited, gathered)
                return False
            if not isinstance(prepared, Prepared):
                raise Escalated(prepared.code, str(prepared))
            state_asked = None if before is None else before.approval_state
            if before is not None and state_asked is ApprovalState.OPEN:
                asking.void(run, before, "gate.changed")
            if begins_us is not None:
                self._wait_out(run, proposal, begins_us)
            if before is not None and state_asked is ApprovalState.APPROVED:
                asking.consume(run, before)
            return True

        ready = prepared if isinstance(prepared, Prepared) else None
        intended = await self.intending.begin(run, proposal, ready, record, votes=votes)
        left.mended(run, proposal.action_id, path=proposal.path)
        return intended

    async def _prepared(
        self, run: Run, declared: DeclaredAction, proposal: Proposal
    ) -> Prepared | TokenRefusedError | ArgumentsInvalidError:
        given, params = proposal.arguments.keys(), declared.spec.params
        if given - {one.name for one in params} or (
            {one.name for one in params if not one.optional} - given
        ):  # the gate denies it and says which, as any other call that was not declared so
            return ArgumentsInvalidError(f"`{declared.spec.name}` does not take these arguments")
        try:
            return await prepare(run, self.executor, declared, dict(proposal.arguments))
        except TokenRefusedError as error:
            return error  # nothing is performed; who looks after a yes is told why

    async def _perform(
        self, run: Run, prepared: Prepared, proposal: Proposal, intended: Intended
    ) -> None:
        outcome = await effects.perform(
            run, self.executor, prepared, intended, action_id=proposal.action_id,
            path=proposal.path,
        )  # fmt: skip
        act = run.history.act(proposal.path)
        if act is not None and not isinstance(outcome, Confirmed | NotPerformed):
            reconciling.wait_for(run, act)

    def _wait_for_desk(self, run: Run, act: ActRecord) -> None:
        run.waits[act.path] = Wait(kind="approval", ref=act.approval_id, expires_us=act.expires_us)
        raise CaseParked

    async def _read_again(
        self, run: Run, declared: DeclaredAction, proposal: Proposal, *, however_fresh: bool
    ) -> None:
        """Read again what a proposal rests on; wait where the other system is away."""
        try:
            await rereading.look_again(
                run, self.steps, declared, dict(proposal.arguments), path=proposal.path,
                however_fresh=however_fresh,
            )  # fmt: skip
        except TransientError as error:
            now_us, act = clock.microseconds(run.now()), run.history.act(proposal.path)
            if act is None or now_us - act.proposed_us > AWAY_SECONDS_MAX * 1_000_000:
                raise
            expires = now_us + AWAY_SECONDS * 1_000_000
            run.waits[proposal.path] = Wait(
                kind="retry", ref=proposal.action_id, expires_us=expires
            )
            raise CaseParked from error

    # -- versions of a proposal ------------------------------------------------------------------

    def _first(self, run: Run, action: str, path: str, arguments: dict[str, Json]) -> Proposal:
        return Proposal(
            action_id=derived(run.case_id, path, "1"), action=action, version=1, path=path,
            author="workflow", arguments=arguments, endorsed={},
        )  # fmt: skip

    def _again(self, run: Run, act: ActRecord) -> Proposal:
        return Proposal(
            action_id=act.action_id, action=act.action, version=act.version, path=act.path,
            author=act.author, arguments=act.arguments, endorsed=self._typed(run, act),
        )  # fmt: skip

    def _typed(self, run: Run, act: ActRecord) -> dict[str, Json]:
        """Return what a person wrote into this version: the edits of the one before it."""
        versions = run.history.acts[act.path]
        before = next((one for one in versions if one.version == act.version - 1), None)
        return {} if before is None else dict(before.edits)

    def _edited(self, act: ActRecord) -> Proposal:
        run_arguments = {**act.arguments, **act.edits}
        return Proposal(
            action_id=derived(act.action_id, str(act.version + 1)), action=act.action,
            version=act.version + 1, path=act.path, author=act.editor, arguments=run_arguments,
            endorsed=dict(act.edits),
        )  # fmt: skip


def _begins(run: Run, before: ActRecord | None, decision: Decision) -> int | None:
    """Return until when what is allowed can be taken back; `None` where that is over."""
    now_us = clock.microseconds(run.now())
    since_us = now_us if before is None else before.approved_us or before.cleared_us or now_us
    begins_us = since_us + decision.grace_seconds * 1_000_000
    return begins_us if now_us < begins_us else None
