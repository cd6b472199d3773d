"""One run of one case: replay what is recorded, go on live, then park or end."""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from remit.authoring.step_call import StepCall
from remit.domain import actor, clock
from remit.domain.case import CaseOutcome, CaseStatus
from remit.domain.effect import BEGUN
from remit.domain.event import (
    CaseClosed,
    CaseDiverged,
    CaseEscalated,
    RunStarted,
    StepFailed,
    WaitStarted,
)
from remit.domain.running_event import RunFaulted, RunYielded
from remit.domain.step import StepKey, StepKind
from remit.domain.task import TaskKind
from remit.domain.value import Json
from remit.errors import (
    BreakerOpenError,
    DivergenceError,
    FencedError,
    MaskingError,
    RemitError,
    StepRefused,
    StorageError,
    TransientError,
)
from remit.orchestration import cancelling, divergence, late, left, recorded, retries, steps
from remit.orchestration.arguments import forms, plain
from remit.orchestration.driving import Driving, begun
from remit.orchestration.guarded import where
from remit.orchestration.proposals import Proposals
from remit.orchestration.replay import LATER
from remit.orchestration.run import CaseCancelled, CaseParked, Escalated, Run, Wait
from remit.orchestration.steps import Steps
from remit.store import cases
from remit.store.unit import UnitOfWork

TURN_STEPS_MAX = 100  # live ones; then the case is ready again, behind the others
TURN_SECONDS_MAX = 60.0
RUN_FAULTS_MAX = 3
SETTLE_SECONDS = 60  # until a cancelled case looks again whether an undo has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Runs cases; it holds nothing between runs."""

    open_run: Callable[[str], Awaitable[Run | None]]
    steps: Steps
    proposals: Proposals
    jitter: Callable[[], float]
    draining: Callable[[], bool]
    elapsed: Callable[[], float]  # seconds on a clock that only runs forward
    live: dict[str, Run] = field(default_factory=dict)
    watch: Callable[[Run], Awaitable[None]] | None = None  # called after each live step

    async def run(self, case_id: str) -> CaseStatus | None:
        """Run a case until it parks or ends; `None` when it was not ready.

        Raises `StorageError` when it cannot even record how it ended.
        """
        run = await self.open_run(case_id)
        if run is None:
            return None
        run.began, run.heeds = self.elapsed(), True
        self.live[case_id] = run
        try:
            return await (self._settle(run) if run.asked else self._run(run))
        except CaseCancelled:
            return await self._cancelled(run)
        except FencedError:
            # Another run has this case; this one leaves no trace but of what it did in the world.
            self.proposals.raced["fenced"] += 1
            await late.record(run)
            return None
        finally:
            run.leave()
            del self.live[case_id]

    def may_cut(self, case_id: str) -> bool:
        """Whether a run may be ended where it is: it performs nothing and keeps no outcome."""
        run = self.live.get(case_id)
        if run is None:
            return True
        kept = any(isinstance(draft.event, cancelling.OUTCOMES) for draft in run.drafts)
        return not (run.performing or kept or run.writing)

    async def _run(self, run: Run) -> CaseStatus:
        version = run.history.version
        driving = self._driving(run)
        try:
            result = await self._drive_case(run, driving)
        except CaseParked:
            if run.asked:
                raise CaseCancelled from None
            return await self._park(run)
        except Escalated as stopped:
            return await self._escalate(run, stopped.code, stopped.note)
        except DivergenceError as error:
            return await self._diverged(run, driving, error, version)
        except (StorageError, FencedError):
            raise
        except MaskingError as error:
            return await self._escalate(run, error.code, "masking stopped; nothing was sent")
        except RemitError as error:
            return await self._escalate(run, error.code, str(error))
        except Exception as error:  # noqa: BLE001 - the author's code may raise anything
            return await self._fault(run, error)
        run.note(
            CaseClosed(outcome=CaseOutcome.COMPLETED.value),
            payloads={"result": result},
        )
        await run.write()
        return CaseStatus.CLOSED

    def _driving(self, run: Run) -> Driving:
        workflow = run.equipment.workflow
        return Driving(
            name=run.equipment.name,
            history=run.history,
            identify=lambda call, path: recorded.identity(run.masker, run.digest, call, path),
            recorded=lambda call, key: recorded.answer(
                workflow, run.history, call, key, run.masker.surrogates
            ),
            live=lambda call, key, given: self._watched(run, call, key, given),
        )

    async def _drive_case(self, run: Run, driving: Driving) -> Json:
        if run.history.version != run.equipment.fingerprint:
            run.note(RunStarted(version=run.equipment.fingerprint))
        answer = await driving.whole(
            begun(run.equipment.workflow, run.history, run.masker.surrogates)
        )
        form = forms({"result": plain(answer)})["result"]
        return run.masker.mask_json(form, trusted_tokens=True)

    # -- live steps ------------------------------------------------------------------------------

    async def _watched(
        self, run: Run, call: StepCall[Any], key: StepKey, given: Mapping[str, Json]
    ) -> object:
        """Take a live step; the test kit replays the case after each."""
        if self.watch is None:
            return await self._live(run, call, key, given)
        try:
            answer = await self._live(run, call, key, given)
        except StepRefused:
            await self.watch(run)
            raise
        await self.watch(run)
        return answer

    async def _live(
        self, run: Run, call: StepCall[Any], key: StepKey, given: Mapping[str, Json]
    ) -> object:
        match call.kind:
            case StepKind.ACT:
                if run.history.act(key.path) is None:
                    self._count(run)
                return await self.proposals.act(run, call, key, given)
            case StepKind.ESCALATE:
                note = run.masker.mask_text(str(call.arguments["note"]), trusted_tokens=True).text
                raise Escalated("workflow", note)
            case StepKind.SLEEP:
                return self._sleep(run, call, key)
            case _:
                return await self._look(run, call, key, dict(given))

    async def _look(
        self, run: Run, call: StepCall[Any], key: StepKey, given: dict[str, Json]
    ) -> object:
        """Take a step now, trying again what is transient."""
        workflow = run.equipment.workflow
        self._not_yet(run, key)
        self._count(run)
        for tries in itertools.count():
            try:
                result = await self.steps.take(run, call, key, given)
                return steps.answer(workflow, call, result, run.masker.surrogates)
            except BreakerOpenError as error:  # spends no try, but time
                now_us = clock.microseconds(run.now())
                if retries.over(run.history.failing_us.get(key.path), now_us=now_us):
                    raise Escalated("retries", f"{error.target} stayed away for a day") from error
                until = clock.microseconds(error.until)
                run.waits[key.path] = Wait(kind=error.wait, ref=error.target, expires_us=until)
                raise CaseParked from error
            except TransientError as error:
                asked = getattr(error, "retry_after_seconds", None)
                pause = retries.in_run(tries, asked=asked, jitter=self.jitter)
                if pause is None:
                    return self._try_later(run, key, error, asked)
                await run.equipment.sleep(pause)
            except StepRefused as error:
                run.note(
                    StepFailed(
                        kind=key.kind.value, name=key.name, arguments=key.arguments,
                        code=error.code, final=True,
                    ),
                    path=key.path,
                    payloads={"error": run.masker.mask_text(str(error), trusted_tokens=True).text},
                )  # fmt: skip
                raise
        raise AssertionError("it returns or raises")

    def _not_yet(self, run: Run, key: StepKey) -> None:
        """Wait on where the time of the next try has not come; something else woke the case."""
        kind, ref, until = run.history.waits.get(key.path, ("", "", None))
        if kind in LATER and (until or 0) > clock.microseconds(run.now()):
            run.waits[key.path] = Wait(kind=kind, ref=ref, expires_us=until)
            raise CaseParked

    def _count(self, run: Run) -> None:
        """Count a live step; end the turn before it if the turn is used up."""
        used = run.live >= TURN_STEPS_MAX or self.elapsed() - run.began >= TURN_SECONDS_MAX
        if run.live and used:
            run.turn = "turn"
        elif self.draining():
            run.turn = "drain"
        if run.turn or run.asked:
            raise CaseParked
        run.live += 1

    def _try_later(
        self, run: Run, key: StepKey, error: TransientError, asked: float | None
    ) -> object:
        before, now_us = run.history.failures.get(key.path, 0), clock.microseconds(run.now())
        since_us = run.history.failing_us.get(key.path, now_us)
        run.note(
            StepFailed(
                kind=key.kind.value, name=key.name, arguments=key.arguments, code=error.code,
                final=False, attempt=before + 1,
            ),
            path=key.path,
            payloads={"error": run.masker.mask_text(str(error), trusted_tokens=True).text},
        )  # fmt: skip
        seconds = retries.parked(
            before, since_us=since_us, now_us=now_us, asked=asked, jitter=self.jitter
        )
        if seconds is None:
            raise Escalated("retries", f"{error.code} after {before + 1} rounds of tries")
        expires_us = now_us + int(seconds * 1_000_000)
        run.waits[key.path] = Wait(kind="retry", ref=key.name, expires_us=expires_us)
        raise CaseParked

    def _sleep(self, run: Run, call: StepCall[Any], key: StepKey) -> object:
        standing = run.history.waits.get(key.path)
        until = standing[2] if standing is not None else None
        if until is None:
            seconds = call.arguments["seconds"]
            length = timedelta(seconds=seconds if isinstance(seconds, int) else 0)
            until = clock.microseconds(run.now() + length)
        run.waits[key.path] = Wait(
            kind="time", ref="sleep", expires_us=until, arguments=key.arguments
        )
        raise CaseParked

    # -- cancelled cases -------------------------------------------------------------------------

    async def _cancelled(self, run: Run) -> CaseStatus | None:
        """Keep what happened in this run and drop what it was about to begin."""
        run.heeds = False
        run.drafts[:] = [one for one in run.drafts if isinstance(one.event, cancelling.KEPT)]

        def unless_closed(uow: UnitOfWork) -> None:
            row = cases.find(uow.projected, run.case_id)
            if row is None or row.status is CaseStatus.CLOSED:
                raise _Come

        try:
            await run.write(unless_closed)
        except _Come:
            return CaseStatus.CLOSED
        again = await self.open_run(run.case_id)
        return None if again is None else await self._settle(again)

    async def _settle(self, run: Run) -> CaseStatus:
        """Find out what became of what was intended, then close; no code of the author runs."""
        for versions in list(run.history.acts.values()):
            act = versions[-1]
            declared = run.equipment.workflow.actions.get(act.action)
            if act.state in BEGUN and declared is not None:
                with contextlib.suppress(CaseParked):
                    await self.proposals.recover(run, declared, act)
        if not run.waits:
            await run.write()
            receipt = await asyncio.wrap_future(
                run.writer.submit(
                    lambda uow: cancelling.settle(uow, run.case_id, person=None),
                    streams=(run.case_id,),
                )
            )
            if receipt.value:
                return CaseStatus.CLOSED
            later = clock.microseconds(run.now()) + SETTLE_SECONDS * 1_000_000
            run.waits["1"] = Wait(kind="settling", ref="", expires_us=later)
        for path, wait in run.waits.items():
            run.waits[path] = replace(wait, kind="settling")
        return await self._park(run)

    # -- ends ------------------------------------------------------------------------------------

    async def _park(self, run: Run) -> CaseStatus:
        """Write everything with what the case waits for; what has come meanwhile wakes it."""
        mark = len(run.drafts)
        for path, wait in run.waits.items():
            run.note(
                WaitStarted(
                    kind=wait.kind, ref=wait.ref, expires_us=wait.expires_us,
                    arguments=wait.arguments,
                ),
                path=path,
            )  # fmt: skip

        if run.turn:
            if run.waits or run.turn == "turn":
                run.note(RunYielded(reason=run.turn, steps=run.live))
            await run.write()
            return CaseStatus.READY

        def unless_come(uow: UnitOfWork) -> None:
            if not run.still_waits(uow):
                raise _Come

        try:
            await run.write(unless_come)
        except _Come:
            del run.drafts[mark:]
            run.note(RunYielded(reason="come", steps=run.live))
            await run.write()
            return CaseStatus.READY
        return CaseStatus.PARKED

    async def _diverged(
        self, run: Run, driving: Driving, error: DivergenceError, version: str
    ) -> CaseStatus:
        """Record both sequences of calls and hand the case to a person; nothing was performed."""
        found = divergence.of(error)
        pairs = divergence.compare(run.history, driving.asked)
        if driving.replaying:
            del run.drafts[:]  # what this code began belongs to no case
        run.note(
            CaseDiverged(
                code=error.code,
                why=found.why,
                recorded_version=version,
                found_version=run.equipment.fingerprint,
                recorded=found.recorded,
                found=found.found,
                at=found.at,
            ),
            path=found.path or None,
            payloads={"calls": divergence.form(pairs, found.sentence)},
        )
        return await self._escalate(run, "diverged", found.sentence)

    async def _fault(self, run: Run, error: Exception) -> CaseStatus:
        """Try again what our code or the author's failed at; a person has it after that."""
        trace = where(error)
        if run.faults + 1 >= RUN_FAULTS_MAX:
            left.leave(run, TaskKind.FAULT, run.case_id, code=type(error).__name__)
            return await self._escalate(run, "faulted", trace)
        run.note(
            RunFaulted(code=type(error).__name__[:80], attempt=run.faults + 1),
            payloads={"trace": run.masker.mask_text(trace, trusted_tokens=True).text},
        )
        await run.write()
        return CaseStatus.READY

    async def _escalate(self, run: Run, code: str, note: str) -> CaseStatus:
        run.note(
            CaseEscalated(code=code),
            payloads={"note": run.masker.mask_text(note, trusted_tokens=True).text},
            by=actor.workflow(run.equipment.name),
        )
        await run.write()
        return CaseStatus.ESCALATED


class _Come(RemitError):  # noqa: N818 - a sign between two functions of this file
    """What the case was about to wait for has already come."""
