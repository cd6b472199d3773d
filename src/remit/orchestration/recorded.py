"""What the record answers to a call of workflow code: the same value, or the same refusal."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from remit.authoring.context import Acted
from remit.authoring.step_call import StepCall
from remit.authoring.workflow import Workflow
from remit.domain.effect import EffectState
from remit.domain.step import StepKey, StepKind
from remit.domain.value import Json
from remit.errors import (
    ActionDeniedError,
    EffectFailedError,
    RegistrationError,
    StepRefused,
)
from remit.intake.mask import Masker
from remit.intake.surrogates import Surrogates
from remit.orchestration import divergence, steps
from remit.orchestration.acts import ActRecord
from remit.orchestration.arguments import forms
from remit.orchestration.divergence import Asked
from remit.orchestration.replay import SLEPT, History

ATTEMPTS_MAX = 3
UNACKNOWLEDGED = "effect.unacknowledged"  # nothing was sent: a person must look


def answer(
    workflow: Workflow,
    history: History,
    call: StepCall[Any],
    key: StepKey,
    surrogates: Surrogates,
) -> tuple[object] | None:
    """Return the recorded answer in a tuple of one; `None` where the step is still open.

    Raises `StepRefused` as it was raised, and `DivergenceError` for a result that no longer has
    the declared shape.
    """
    try:
        match key.kind:
            case StepKind.ACT:
                act = history.act(key.path)
                done = None if act is None else settled(workflow, act, surrogates)
                return None if done is None else (done,)
            case StepKind.SLEEP:
                return (None,) if history.ended.get(key.path) == SLEPT else None
            case _:
                recorded = history.steps.get(key.path)
                if recorded is None:
                    return None
                if recorded.failed is not None:
                    raise refusal(recorded.failed, str(recorded.result or recorded.failed))
                return (steps.answer(workflow, call, recorded.result, surrogates),)
    except (ValidationError, KeyError) as error:
        places = (
            "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['type']}"
                for fault in error.errors(include_input=False, include_url=False)[:5]
            )
            if isinstance(error, ValidationError)
            else "it is not declared any more"
        )
        divergence.diverged(
            "result",
            Asked(key=key),
            history.calls.get(key.path),
            f"what step {key.path}, `{divergence.said(key)}`, recorded no longer fits ({places})",
        )


class Given(Mapping[str, Json]):
    """The arguments of a step, masked when first looked at: what is recorded needs none."""

    __slots__ = ("_asked", "_masked", "_masker")

    def __init__(self, masker: Masker, asked: Json) -> None:
        self._masker, self._asked = masker, asked
        self._masked: Mapping[str, Json] | None = None

    def _all(self) -> Mapping[str, Json]:
        if self._masked is None:
            masked = self._masker.mask_json(self._asked, trusted_tokens=True)
            self._masked = masked if isinstance(masked, dict) else {}
        return self._masked

    def __getitem__(self, name: str) -> Json:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def identity(
    masker: Masker, digest: Callable[[Json], str], call: StepCall[Any], path: str
) -> tuple[StepKey, Mapping[str, Json]]:
    """Return what identifies a call on replay, and its masked arguments.

    What identifies it is what the code gave, before it is masked: the code is given the same on
    replay, while a value that became known meanwhile is masked where it stayed clear before.
    Raises `ArgumentsInvalidError` for an argument without a canonical form.
    """
    given: Mapping[str, Json] = {}
    asked: Json = {}
    if call.arguments:
        asked = masker.surrogates.settled(forms(call.arguments))
        given = Given(masker, asked)
    arguments = digest(asked) if call.kind is not StepKind.GATHER else ""
    return StepKey(path=path, kind=call.kind, name=call.name, arguments=arguments), given


def settled(workflow: Workflow, act: ActRecord, surrogates: Surrogates) -> Acted[Any] | None:
    """Return what became of an action that is over; `None` while it is not.

    Raises `ActionDeniedError` and `EffectFailedError`, live and replayed alike.
    """
    match act.state:
        case EffectState.CONFIRMED:
            declared = workflow.actions.get(act.action)
            if declared is None:
                raise RegistrationError(f"`{act.action}` is no action of `{workflow.name}`")
            receipt = surrogates.fitted(declared.result.validate_python, act.receipt)
            return Acted(state=act.state.value, receipt=receipt)
        case EffectState.NOTED:
            return Acted(state=act.state.value, receipt=None)
        case EffectState.DENIED if act.repeated:
            return None  # a person has the case first
        case EffectState.DENIED:
            raise ActionDeniedError(f"`{act.action}` was denied: {act.code}")
        case EffectState.FAILED if act.sent or (
            act.attempt >= ATTEMPTS_MAX and act.code != UNACKNOWLEDGED
        ):
            raise EffectFailedError(f"`{act.action}` failed: {act.code}; nothing happened there")
        case _:
            return None


def refusal(code: str, sentence: str) -> StepRefused:
    """Return the refusal that was recorded under a code, as the class that authors catch."""
    waiting: list[type[StepRefused]] = [StepRefused]
    while waiting:
        kind = waiting.pop()
        if kind.code == code:
            return kind(sentence)
        waiting += kind.__subclasses__()
    return StepRefused(sentence)
