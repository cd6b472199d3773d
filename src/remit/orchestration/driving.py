"""Driving workflow code by hand: it may await steps and nothing else, and replays before it acts.

Values are sent into the coroutine, and only what its own steps yield is taken from it. No branch
goes live before every branch has come to the edge of what is recorded: a divergence anywhere is
found while nothing was performed.
"""

import asyncio
import logging
import threading
import time
import traceback
from asyncio import events
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from remit.authoring.context import Context
from remit.authoring.step_call import StepCall
from remit.authoring.workflow import Workflow
from remit.domain.step import StepKey, StepKind
from remit.domain.value import Json
from remit.errors import (
    DivergenceError,
    ForeignAwaitError,
    RemitError,
    StepRefused,
    WorkflowCodeError,
)
from remit.intake.surrogates import Surrogates
from remit.orchestration import divergence
from remit.orchestration.divergence import Asked
from remit.orchestration.replay import History
from remit.orchestration.run import CaseParked, Escalated

STEPS_MAX = 1_000
BRANCHES_MAX = 32
BRANCH_LEVELS_MAX = 3
RESULT_BYTES_MAX = 16 * 1024 * 1024
CODE_SECONDS_MAX = 0.25  # of code between two steps

LIBRARY = Path(asyncio.__file__).parent
NO_LOOP = "no running event loop"

T = TypeVar("T")
Given = Mapping[str, Json]

log = logging.getLogger("remit.engine")


class Inside:
    """Which thread is inside workflow code now; an audit hook of the test kit asks."""

    thread: int = 0


@dataclass(slots=True, kw_only=True)
class Driving:
    """One pass through a handler: answered from the record to its edge, then live."""

    history: History
    identify: Callable[[StepCall[Any], str], tuple[StepKey, Given]]
    recorded: Callable[[StepCall[Any], StepKey], tuple[object] | None]
    live: Callable[[StepCall[Any], StepKey, Given], Awaitable[object]]
    name: str = ""  # of the workflow, for a warning
    asked: dict[str, Asked] = field(default_factory=dict)
    marks: dict[str, bool] = field(default_factory=dict)  # answers of `changed`, by name
    slow: int = 0  # how often code took too long between two steps
    _open: bool = False
    _failed: DivergenceError | None = None
    _waiting: "list[asyncio.Future[None]]" = field(default_factory=list)

    @property
    def replaying(self) -> bool:
        """Whether nothing has gone live yet."""
        return not self._open or self._failed is not None

    async def whole(self, code: Coroutine[Any, Any, T]) -> T:
        """Drive a handler to its end.

        Raises `CaseParked` where it waits, `DivergenceError` where it asks for something else
        than is recorded, and what it raises itself.
        """
        try:
            answer = await self._branch(code, "", 0, _Frame(None))
        except CaseParked:
            if not self._open:
                divergence.all_reached(self.history, self.asked, ended=False)
            raise
        divergence.all_reached(self.history, self.asked, ended=True)
        return answer

    # -- one branch ------------------------------------------------------------------------------

    async def _branch(
        self, code: Coroutine[Any, Any, T], prefix: str, level: int, frame: "_Frame", at: str = ""
    ) -> T:
        """Drive one coroutine; `at` is its place where it is a single step."""
        ordinal = 0
        value: object = None
        error: BaseException | None = None
        call: StepCall[Any] | None = None
        try:
            while True:
                try:
                    call = self._go_on(code, value, error, prefix, ordinal)
                except StopIteration as stop:
                    done: T = stop.value
                    return done
                value, error = None, None
                place = at or _place(code)
                if call.kind is StepKind.CHANGED:
                    path = f"{prefix}{ordinal + 1}"
                    self.marks[call.name] = not divergence.passed(self.history, path, call.name)
                    if not self.marks[call.name]:
                        value = False  # no step: the case is past this place
                        continue
                ordinal += 1
                try:
                    value = await self._step(call, f"{prefix}{ordinal}", level, frame, place)
                except StepRefused as refused:
                    error = refused
                except _BranchError as raised:
                    error = raised.error
        except DivergenceError as found:
            self._fail(found)
            raise
        finally:
            for branch in () if call is None else call.branches:
                if asyncio.iscoroutine(branch):
                    branch.close()  # of a `gather` that was not begun
            _close(code)

    def _go_on(
        self,
        code: Coroutine[Any, Any, T],
        value: object,
        error: BaseException | None,
        prefix: str,
        ordinal: int,
    ) -> StepCall[Any]:
        """Let the code run to its next step; outside any loop, so that it can start no task."""
        loop = events._get_running_loop()  # noqa: SLF001 - what asyncio offers to drivers
        events._set_running_loop(None)  # noqa: SLF001
        Inside.thread = threading.get_ident()
        began = time.perf_counter()
        try:
            call = code.send(value) if error is None else code.throw(error)
        except StopIteration:
            raise
        except Exception as raised:
            Inside.thread = 0  # looking at the trace reads files
            if not _by_asyncio(raised):
                raise
            raise _foreign(_raised_at(raised)) from None
        finally:
            took = time.perf_counter() - began
            Inside.thread = 0
            events._set_running_loop(loop)  # noqa: SLF001
            if took > CODE_SECONDS_MAX:
                self._warn(took, f"{prefix}{ordinal}", _place(code))
        if not isinstance(call, StepCall):
            raise _foreign(_place(code))
        return call

    def _warn(self, took: float, after: str, place: str) -> None:
        self.slow += 1
        log.warning(
            "code of workflow `%s` took %.2f s between step %s and %s; move the work to a step",
            self.name, took, after, place or "its end",
        )  # fmt: skip

    async def _step(
        self, call: StepCall[Any], path: str, level: int, frame: "_Frame", at: str
    ) -> object:
        key, given = self.identify(call, path)
        asked = self.asked[path] = Asked(key=key, at=at)
        if len(self.asked) > STEPS_MAX:
            raise Escalated("too-long", f"more than {STEPS_MAX} steps")
        if self.history.result_bytes > RESULT_BYTES_MAX:
            raise Escalated("too-long", f"more than {RESULT_BYTES_MAX} bytes of results")
        divergence.match(self.history, asked)
        if call.kind is StepKind.GATHER:
            return await self._gather(call.branches, path, level, frame, at)
        answer = self.recorded(call, key)
        if answer is not None:
            return answer[0]
        if not self._open:
            await self._come(frame)
        return await self.live(call, key, given)

    async def _gather(
        self, branches: Sequence[Any], path: str, level: int, frame: "_Frame", at: str
    ) -> tuple[object, ...]:
        """Drive branches side by side; park once, when each is finished or parked."""
        if len(branches) > BRANCHES_MAX or level >= BRANCH_LEVELS_MAX:
            raise WorkflowCodeError(
                f"gather takes at most {BRANCHES_MAX} branches, {BRANCH_LEVELS_MAX} levels deep"
            )
        frame.replaying, frame.waiting = len(branches), 0
        ended = await asyncio.gather(
            *(
                self._settled(branch, f"{path}.{number}.", level + 1, _Frame(frame), at)
                for number, branch in enumerate(branches)
            )
        )
        failed = [one for one in ended if isinstance(one, Exception)]
        at_once = next((one for one in failed if not _waits_for_others(one)), None)
        if at_once is not None:
            raise at_once
        if any(isinstance(one, CaseParked) for one in ended):
            raise CaseParked  # an author's error comes once every branch has ended
        if failed:
            raise _BranchError(failed[0])
        return tuple(one[0] for one in ended if isinstance(one, tuple))

    async def _settled(
        self, branch: Any, prefix: str, level: int, frame: "_Frame", at: str
    ) -> tuple[object] | Exception | CaseParked:
        single = isinstance(branch, StepCall)
        code = _one(branch) if single else branch
        try:
            done = (await self._branch(code, prefix, level, frame, at if single else ""),)
        except CaseParked as parked:
            self._ended(frame, parked=True)
            return parked
        except Exception as error:  # noqa: BLE001 - raised once the other branches have ended
            self._ended(frame, parked=False)
            return error
        self._ended(frame, parked=False)
        return done

    # -- the edge of what is recorded ------------------------------------------------------------

    async def _come(self, frame: "_Frame") -> None:
        """Wait until every branch has come to the edge; raises what one of them found."""
        self._comes(frame)
        if self._failed is not None:
            raise self._failed
        if not self._open:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

    def _comes(self, frame: "_Frame") -> None:
        frame.at_edge = True
        above = frame.above
        if above is None:
            self._opened()
            return
        above.replaying -= 1
        above.waiting += 1
        if not above.replaying:
            self._comes(above)

    def _ended(self, frame: "_Frame", *, parked: bool) -> None:
        above = frame.above
        if self._open or frame.at_edge or above is None:
            return
        above.replaying -= 1
        above.waiting += parked
        if not above.replaying and above.waiting:
            self._comes(above)

    def _opened(self) -> None:
        if self._failed is None:
            try:
                divergence.all_reached(self.history, self.asked, ended=False)
            except DivergenceError as found:
                self._failed = found
        self._open = True
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if waiter.done():
                continue
            if self._failed is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(self._failed)

    def _fail(self, found: DivergenceError) -> None:
        """Let nothing go live any more: a branch has diverged."""
        self._failed = self._failed or found


def begun(
    workflow: Workflow, history: History, surrogates: Surrogates
) -> Coroutine[Any, Any, Any]:
    """Return a handler's coroutine, begun on the case's fields.

    Raises `Escalated` where there is no handler, `WorkflowCodeError` where it cannot be begun.
    """
    handler = workflow.handler
    if handler is None:
        raise Escalated("no-handler", f"workflow `{workflow.name}` has no handler")
    try:
        case = surrogates.fitted(handler.case.model_validate, history.fields)
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['type']}"
            for fault in error.errors(include_input=False, include_url=False)[:5]
        )
        raise WorkflowCodeError(f"the case does not fit its declaration: {places}") from None
    started = handler.body(case, Context())
    if not asyncio.iscoroutine(started):
        raise WorkflowCodeError("the handler returned no coroutine; write `async def`")
    return started


class _BranchError(Exception):
    """The first error by path of a `gather`; its author may catch it where they awaited."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class _Frame:
    """A branch, and how many of the branches below it still replay or wait at the edge."""

    __slots__ = ("above", "at_edge", "replaying", "waiting")

    def __init__(self, above: "_Frame | None") -> None:
        self.above = above
        self.at_edge = False
        self.replaying = 0
        self.waiting = 0


async def _one(call: StepCall[T]) -> T:
    return await call


def _waits_for_others(error: Exception) -> bool:
    """Is it an error of the author's branch, which the other branches may outlive?"""
    ours = isinstance(error, RemitError | Escalated)
    return isinstance(error, StepRefused) or not ours


def _close(code: Coroutine[Any, Any, Any]) -> None:
    try:
        code.close()
    except RuntimeError as error:  # a step in `finally`
        raise WorkflowCodeError(
            "workflow code asked for a step while it was being unwound; no steps in `finally`"
        ) from error


def _foreign(place: str) -> ForeignAwaitError:
    return ForeignAwaitError(
        f"workflow code awaited something that is no step, at {place}; "
        "do it in a tool and call `run.read`, or use `run.sleep`"
    )


def _by_asyncio(error: Exception) -> bool:
    """Did asyncio raise it, for want of a loop?"""
    frames = traceback.extract_tb(error.__traceback__)
    library = bool(frames) and Path(frames[-1].filename).parent == LIBRARY
    return library or (isinstance(error, RuntimeError) and str(error) == NO_LOOP)


def _raised_at(error: Exception) -> str:
    """Return file and line of the last frame outside asyncio."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent != LIBRARY
    ]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _place(code: Coroutine[Any, Any, Any]) -> str:
    """Return file and line of the innermost coroutine that waits; empty where none is left."""
    frame = getattr(code, "cr_frame", None)
    inner = getattr(code, "cr_await", None)
    while asyncio.iscoroutine(inner) and getattr(inner, "cr_frame", None) is not None:
        frame, inner = inner.cr_frame, inner.cr_await  # type: ignore[attr-defined]  # seen above
    return "" if frame is None else f"{_file(frame.f_code.co_filename)}:{frame.f_lineno}"


@lru_cache(maxsize=256)
def _file(path: str) -> str:
    return Path(path).name
