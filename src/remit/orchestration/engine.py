"""One run of one case: replay what is recorded, go on live, then park or end."""

import asyncio
import inspect
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from remit.authoring.context import Context
from remit.authoring.step_call import StepCall
from remit.domain import actor, clock
from remit.domain.case import CaseOutcome, CaseStatus
from remit.domain.event import (
    CaseClosed,
    CaseDiverged,
    CaseEscalated,
    RunStarted,
    StepFailed,
    WaitStarted,
)
from remit.domain.step import StepKey, StepKind
from remit.domain.value import Json
from remit.errors import (
    DivergenceError,
    FencedError,
    ForeignAwaitError,
    MaskingError,
    RemitError,
    StepRefused,
    StorageError,
    TransientError,
    WorkflowCodeError,
)
from remit.orchestration import replay, steps
from remit.orchestration.arguments import forms, plain
from remit.orchestration.proposals import Escalated, Proposals
from remit.orchestration.run import CaseParked, Run, Wait
from remit.orchestration.steps import Steps
from remit.store.unit import UnitOfWork

STEPS_MAX = 1_000
BRANCHES_MAX = 32
BRANCH_LEVELS_MAX = 3
RUN_RETRY_SECONDS = (0.2, 1.0, 5.0)
PARKED_RETRY_SECONDS = (60, 300, 1_800, 7_200, 21_600, 21_600, 21_600, 21_600)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Runs cases; it holds nothing between runs."""

    open_run: Callable[[str], Awaitable[Run | None]]
    steps: Steps
    proposals: Proposals
    jitter: Callable[[], float]

    async def run(self, case_id: str) -> CaseStatus | None:
        """Run a case until it parks or ends; `None` when it was not ready.

        Raises `StorageError` when it cannot even record how it ended.
        """
        run = await self.open_run(case_id)
        if run is None:
            return None
        try:
            return await self._run(run)
        except FencedError:
            return None  # another run has this case; this one leaves no trace

    async def _run(self, run: Run) -> CaseStatus:
        version = run.history.version
        try:
            result = await self._drive_case(run)
        except CaseParked:
            return await self._park(run)
        except Escalated as stopped:
            return await self._escalate(run, stopped.code, stopped.note)
        except DivergenceError as error:
            run.note(
                CaseDiverged(
                    code=error.code,
                    recorded_version=version,
                    found_version=run.equipment.fingerprint,
                ),
                payloads={"calls": str(error)},
            )
            return await self._escalate(run, "diverged", str(error))
        except (StorageError, FencedError):
            raise
        except MaskingError as error:
            return await self._escalate(run, error.code, "masking stopped; nothing was sent")
        except RemitError as error:
            return await self._escalate(run, error.code, str(error))
        except Exception as error:  # noqa: BLE001 - the author's code may raise anything
            return await self._escalate(run, "faulted", _where(error))
        run.note(
            CaseClosed(outcome=CaseOutcome.COMPLETED.value),
            payloads={"result": result},
        )
        await run.write()
        return CaseStatus.CLOSED

    async def _drive_case(self, run: Run) -> Json:
        handler = run.equipment.workflow.handler
        if handler is None:
            raise WorkflowCodeError(f"workflow `{run.equipment.name}` has no handler")
        if run.history.version != run.equipment.fingerprint:
            run.note(RunStarted(version=run.equipment.fingerprint))
        try:
            case = handler.case.model_validate(run.history.fields)
        except ValidationError as error:
            places = "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['type']}"
                for fault in error.errors(include_input=False, include_url=False)[:5]
            )
            raise WorkflowCodeError(f"the case does not fit its declaration: {places}") from None
        started = handler.body(case, Context())
        if not inspect.iscoroutine(started):
            raise WorkflowCodeError("the handler returned no coroutine; write `async def`")
        answer = await self._drive(run, started, "", 0)
        missed = replay.unreached(run.history, run.reached)
        if missed is not None:
            raise DivergenceError(
                f"the code ended, but step {missed} was recorded; put the old code back"
            )
        form = forms({"result": plain(answer)})["result"]
        return run.masker.mask_json(form, trusted_tokens=True)

    # -- driving by hand -------------------------------------------------------------------------

    async def _drive(self, run: Run, code: Coroutine[Any, Any, T], prefix: str, level: int) -> T:
        """Drive a coroutine that may await nothing but steps; a foreign await is an error."""
        ordinal = 0
        value: object = None
        error: BaseException | None = None
        try:
            while True:
                try:
                    call = code.send(value) if error is None else code.throw(error)
                except StopIteration as stop:
                    done: T = stop.value
                    return done
                if not isinstance(call, StepCall):
                    raise ForeignAwaitError(_foreign(code))
                value, error = None, None
                if call.kind is StepKind.CHANGED and replay.passed(
                    run.history, f"{prefix}{ordinal + 1}", call.name
                ):
                    value = False  # no step: the case is past this place
                    continue
                ordinal += 1
                try:
                    value = await self._step(run, call, f"{prefix}{ordinal}", level)
                except StepRefused as refused:
                    error = refused
        finally:
            _close(code)

    async def _step(self, run: Run, call: StepCall[Any], path: str, level: int) -> object:
        run.reached.add(path)
        if len(run.reached) > STEPS_MAX:
            raise Escalated("too-long", f"more than {STEPS_MAX} steps")
        replay.compare(run.history, path, call.kind, call.name)
        match call.kind:
            case StepKind.GATHER:
                return await self._gather(run, call.branches, path, level)
            case StepKind.ACT:
                return await self.proposals.act(run, call, path)
            case StepKind.ESCALATE:
                note = run.masker.mask_text(str(call.arguments["note"]), trusted_tokens=True).text
                raise Escalated("workflow", note)
            case StepKind.SLEEP:
                self._sleep(run, call, path)
                return None
            case _:
                return await self._look(run, call, path)

    async def _look(self, run: Run, call: StepCall[Any], path: str) -> object:
        """Answer a step from the record, or take it now, trying again what is transient."""
        masked = run.masker.mask_json(forms(call.arguments), trusted_tokens=True)
        given = masked if isinstance(masked, dict) else {}
        key = StepKey(path=path, kind=call.kind, name=call.name, arguments=run.digest(given))
        recorded = replay.match(run.history, key)
        if recorded is not None:
            if recorded.failed is not None:
                raise refusal(recorded.failed, str(recorded.result or recorded.failed))
            return steps.answer(run, call, recorded.result)
        run.live += 1
        for pause in (*RUN_RETRY_SECONDS, None):
            try:
                return steps.answer(run, call, await self.steps.take(run, call, key, given))
            except TransientError as error:
                if pause is None:
                    return self._try_later(run, key, error)
                await run.equipment.sleep(pause * self.jitter())
            except StepRefused as error:
                run.note(
                    StepFailed(
                        kind=key.kind.value, name=key.name, arguments=key.arguments,
                        code=error.code, final=True,
                    ),
                    path=path,
                    payloads={"error": run.masker.mask_text(str(error), trusted_tokens=True).text},
                )  # fmt: skip
                raise
        raise AssertionError("the last try returns or raises")

    def _try_later(self, run: Run, key: StepKey, error: TransientError) -> object:
        before = run.history.failures.get(key.path, 0)
        run.note(
            StepFailed(
                kind=key.kind.value, name=key.name, arguments=key.arguments, code=error.code,
                final=False, attempt=before + 1,
            ),
            path=key.path,
            payloads={"error": run.masker.mask_text(str(error), trusted_tokens=True).text},
        )  # fmt: skip
        if before >= len(PARKED_RETRY_SECONDS):
            raise Escalated("retries", f"{error.code} after {before + 1} rounds of tries")
        seconds = PARKED_RETRY_SECONDS[before] * (0.8 + 0.4 * self.jitter())
        expires = run.now() + timedelta(seconds=seconds)
        run.waits[key.path] = Wait(
            kind="retry", ref=key.name, expires_us=clock.microseconds(expires)
        )
        raise CaseParked

    def _sleep(self, run: Run, call: StepCall[Any], path: str) -> None:
        if path in run.history.ended:
            return
        standing = run.history.waits.get(path)
        until = standing[2] if standing is not None else None
        if until is None:
            seconds = call.arguments["seconds"]
            length = timedelta(seconds=seconds if isinstance(seconds, int) else 0)
            until = clock.microseconds(run.now() + length)
        run.waits[path] = Wait(kind="time", ref="sleep", expires_us=until)
        raise CaseParked

    async def _gather(
        self, run: Run, branches: Sequence[Any], path: str, level: int
    ) -> tuple[object, ...]:
        """Drive branches side by side; park once, when each is finished or parked."""
        if len(branches) > BRANCHES_MAX or level >= BRANCH_LEVELS_MAX:
            raise WorkflowCodeError(
                f"gather takes at most {BRANCHES_MAX} branches, {BRANCH_LEVELS_MAX} levels deep"
            )
        ended = await asyncio.gather(
            *(
                _settled(self._drive(run, _as_code(branch), f"{path}.{number}.", level + 1))
                for number, branch in enumerate(branches)
            )
        )
        failed = [one for one in ended if isinstance(one, Exception)]
        at_once = next((one for one in failed if not _waits_for_others(one)), None)
        if at_once is not None:
            raise at_once
        if any(isinstance(one, CaseParked) for one in ended):
            raise CaseParked  # the error comes once every branch has ended
        if failed:
            raise failed[0]
        return tuple(one[0] for one in ended if isinstance(one, tuple))

    # -- ends ------------------------------------------------------------------------------------

    async def _park(self, run: Run) -> CaseStatus:
        """Write everything with what the case waits for; what has come meanwhile wakes it."""
        mark = len(run.drafts)
        for path, wait in run.waits.items():
            run.note(
                WaitStarted(kind=wait.kind, ref=wait.ref, expires_us=wait.expires_us), path=path
            )

        def unless_come(uow: UnitOfWork) -> None:
            if not run.still_waits(uow):
                raise _Come

        try:
            await run.write(unless_come)
        except _Come:
            del run.drafts[mark:]
            await run.write(lambda uow: uow.ready(run.case_id))
            return CaseStatus.READY
        return CaseStatus.PARKED

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


def _waits_for_others(error: Exception) -> bool:
    """Is it an error of the author's branch, which the other branches may outlive?"""
    ours = isinstance(error, RemitError | Escalated)
    return isinstance(error, StepRefused) or not ours


async def _settled(work: Awaitable[T]) -> tuple[T] | Exception | CaseParked:
    try:
        return (await work,)
    except CaseParked as parked:
        return parked
    except Exception as error:  # noqa: BLE001 - raised again once the other branches have ended
        return error


async def _one(call: StepCall[T]) -> T:
    return await call


def _as_code(branch: Any) -> Coroutine[Any, Any, Any]:
    return _one(branch) if isinstance(branch, StepCall) else branch


def _close(code: Coroutine[Any, Any, Any]) -> None:
    try:
        code.close()
    except RuntimeError as error:  # a step in `finally`
        raise WorkflowCodeError(
            "workflow code asked for a step while it was being unwound; no steps in `finally`"
        ) from error


def refusal(code: str, sentence: str) -> StepRefused:
    """Return the refusal that was recorded under a code, as the class that authors catch."""
    waiting: list[type[StepRefused]] = [StepRefused]
    while waiting:
        kind = waiting.pop()
        if kind.code == code:
            return kind(sentence)
        waiting += kind.__subclasses__()
    return StepRefused(sentence)


def _foreign(code: Coroutine[Any, Any, Any]) -> str:
    frame = getattr(code, "cr_frame", None)
    where = "?" if frame is None else f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
    return (
        f"workflow code awaited something that is no step, at {where}; "
        "do it in a tool and call `run.read`, or use `run.sleep`"
    )


def _where(error: BaseException) -> str:
    """Return the kind and place of a fault, never its values."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in last)
    return f"{type(error).__name__}{place}"
