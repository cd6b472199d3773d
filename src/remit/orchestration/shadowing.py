"""A case run anew with doors that are open for reading only: what would be proposed is told.

As in a rehearsal nothing is written, proposed or performed. Beyond the edge of what is recorded
models and knowledge are asked, and other systems answer reads from the record of the case; a read
that it does not have is asked, unless its arguments would leave for an address.
"""

import itertools
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import field
from typing import Any, Final, NoReturn

from pydantic import ValidationError

from remit.authoring.step_call import StepCall
from remit.domain import clock
from remit.domain.effect import EffectState
from remit.domain.frozen import dataclass
from remit.domain.step import StepKey, StepKind
from remit.domain.value import Json
from remit.errors import (
    LedgerMismatchError,
    RemitError,
    StorageError,
    TransientError,
    WorkflowCodeError,
)
from remit.governance.compared import Ended, Hands, Other, Proposes, Unknown
from remit.orchestration import recorded, retries, steps
from remit.orchestration.acts import ActRecord
from remit.orchestration.driving import Driving, begun
from remit.orchestration.replay import History
from remit.orchestration.run import CaseParked, Escalated, Run
from remit.orchestration.steps import Steps
from remit.store.refusing import RefusingWriter

AWAY: Final = "away"  # a model or another system did not answer
SENDS: Final = "read.sends"  # a read that the record does not have would send something out
SHAPE: Final = "read.shape"  # what was read before no longer fits
EARLIER: Final = "earlier.differs"  # an action before it came out otherwise
OPEN: Final = "earlier.open"  # an action before it has no end
CASE: Final = "case.shape"  # the case does not fit what the code takes
FAULT: Final = "fault"  # the code failed

_SMALL: Final = frozenset({StepKind.NOW, StepKind.RANDOM, StepKind.NEW_ID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The proposal of the past that is looked for again, by its place."""

    action: str
    path: str


async def shadowed(
    run: Run, wanted: Wanted, reading: Steps, *, apart: str, jitter: Callable[[], float]
) -> Ended:
    """Run a case from its beginning under this code until it comes to what is wanted.

    `run` was opened for this alone: it writes nothing any more. Raises `StorageError` where our
    own record cannot be read.
    """
    doors = _Doors(run=run, past=run.history, wanted=wanted, reading=reading, jitter=jitter)
    run.history, run.apart = run.history.afresh(), apart
    run.writer = RefusingWriter(LedgerMismatchError("what is run in shadow writes nothing"))
    run.leave()
    workflow = run.equipment.workflow
    driving = Driving(
        name=run.equipment.name,
        history=run.history,
        identify=lambda call, path: recorded.identity(run.masker, run.digest, call, path),
        recorded=lambda _call, _key: None,
        live=doors.open,
    )
    try:
        code = begun(workflow, run.history, run.masker.surrogates)
    except WorkflowCodeError:
        return Unknown(code=CASE)
    except Escalated as stopped:
        return Hands(code=stopped.code)
    return doors.came(await _ended(driving, code))


async def _ended(driving: Driving, code: Coroutine[Any, Any, Any]) -> Ended:
    """Drive a handler; return how it ended where no door ended it."""
    try:
        await driving.whole(code)
    except CaseParked:
        return Unknown(code=AWAY)
    except Escalated as stopped:
        return Hands(code=stopped.code)
    except StorageError:
        raise
    except WorkflowCodeError as error:
        return Unknown(code=error.code)
    except RemitError as error:
        return Hands(code=error.code)
    except Exception:  # noqa: BLE001 - the author's code may raise anything; its values stay here
        return Hands(code=FAULT)
    return Other()


@dataclass(slots=True, kw_only=True)
class _Doors:
    """What answers the steps of one case."""

    run: Run
    past: History
    wanted: Wanted
    reading: Steps
    jitter: Callable[[], float]
    ends: list[Ended] = field(default_factory=list)  # more than one where branches ran beside
    used: set[str] = field(default_factory=set)  # paths of what the record answered

    def came(self, otherwise: Ended) -> Ended:
        """Return what became of what was wanted."""
        proposed = next((one for one in self.ends if isinstance(one, Proposes)), None)
        return proposed or (self.ends[0] if self.ends else otherwise)

    async def open(self, call: StepCall[Any], key: StepKey, given: Mapping[str, Json]) -> object:
        """Answer one step, or end with what is known by then."""
        match call.kind:
            case StepKind.ACT:
                return self._act(call, key, given)
            case StepKind.ESCALATE:
                raise Escalated("workflow", "")
            case StepKind.SLEEP:
                return None
            case StepKind.READ:
                return await self._read(call, key, given)
            case kind if kind in _SMALL:
                return self._small(call, key)
            case _:
                return await self._looked(call, key, given)

    # -- actions ---------------------------------------------------------------------------------

    def _act(self, call: StepCall[Any], key: StepKey, given: Mapping[str, Json]) -> object:
        """End at what is wanted; what was done before it is answered as it was then."""
        before = self._before(call.name, key.path)
        if not before:
            self._end(Other(action=call.name))
        self.used.add(before[0].path)
        if before[0].path == self.wanted.path:
            self._end(Proposes(arguments=given))
        plan = self.run.equipment.plans.get(call.name)
        proposed = before[0].arguments
        differs = (
            dict(proposed) != dict(given) if plan is None else plan.differing(given, proposed)
        )
        if differs:
            self._end(Unknown(code=EARLIER))
        if before[-1].state in {EffectState.PROPOSED, EffectState.HELD}:
            self._end(Unknown(code=OPEN))
        done = recorded.settled(
            self.run.equipment.workflow, before[-1], self.run.masker.surrogates
        )
        if done is None:
            self._end(Unknown(code=OPEN))
        return done

    def _before(self, action: str, path: str) -> list[ActRecord]:
        """Return the versions of the proposal of the past that this one stands for.

        That at the same place, or else the first of the action that is not taken yet.
        """
        left = [
            versions
            for at, versions in self.past.acts.items()
            if versions[0].action == action and at not in self.used
        ]
        return next((one for one in left if one[0].path == path), left[0] if left else [])

    # -- looks -----------------------------------------------------------------------------------

    async def _read(self, call: StepCall[Any], key: StepKey, given: Mapping[str, Json]) -> object:
        """Answer as the record did; ask the other system only for what was never asked."""
        workflow = self.run.equipment.workflow
        same = (path for path, one in self.past.calls.items() if _alike(one, key))
        known = next((self.past.steps[path] for path in same if path in self.past.steps), None)
        if known is None:
            tool = workflow.tools.get(key.name)
            if tool is not None and tool.spec.egress:
                self._end(Unknown(code=SENDS))
            return await self._looked(call, key, given)
        if known.failed is not None:
            raise recorded.refusal(known.failed, str(known.result or known.failed))
        try:
            return steps.answer(workflow, call, known.result, self.run.masker.surrogates)
        except (ValidationError, KeyError):
            self._end(Unknown(code=SHAPE))

    async def _looked(
        self, call: StepCall[Any], key: StepKey, given: Mapping[str, Json]
    ) -> object:
        """Take a step that only looks, trying again for a moment what is away."""
        run = self.run
        for tries in itertools.count():
            try:
                result = await self.reading.take(run, call, key, dict(given))
                return steps.answer(run.equipment.workflow, call, result, run.masker.surrogates)
            except TransientError as error:
                asked = getattr(error, "retry_after_seconds", None)
                pause = retries.in_run(tries, asked=asked, jitter=self.jitter)
                if pause is None:
                    self._end(Unknown(code=AWAY))
                await run.equipment.sleep(pause)
        raise AssertionError("it returns or raises")

    def _small(self, call: StepCall[Any], key: StepKey) -> object:
        """Answer with what the case was told then, in order: its time, its chances, its ids."""
        known = next(
            (
                path
                for path, one in self.past.calls.items()
                if one.kind is key.kind and path in self.past.steps and path not in self.used
            ),
            None,
        )
        result: Json
        if known is not None:
            self.used.add(known)
            result = self.past.steps[known].result
        elif key.kind is StepKind.NOW:
            result = clock.text(clock.instant(self.past.opened_us))
        elif key.kind is StepKind.RANDOM:
            result = self.run.random_number()
        else:
            result = self.run.new_id()
        workflow = self.run.equipment.workflow
        return steps.answer(workflow, call, result, self.run.masker.surrogates)

    def _end(self, ended: Ended) -> NoReturn:
        """Stop here; other branches go on to where they stop themselves."""
        self.ends.append(ended)
        raise CaseParked


def _alike(one: StepKey, other: StepKey) -> bool:
    """Is it the same call, wherever it stands?"""
    return (one.kind, one.name, one.arguments) == (other.kind, other.name, other.arguments)
