"""One pass over a route: the first model that answers, its answer checked and repaired once."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from remit.domain.clock import Clock
from remit.domain.members import changed
from remit.errors import (
    ModelRefusedError,
    ModelUnavailableError,
    OutputInvalidError,
    ReplyCutError,
    StepError,
    TransientError,
)
from remit.models import output
from remit.models.runtime import (
    Attempt,
    Finish,
    Message,
    MessageKind,
    Prompt,
    Reply,
    Role,
    Runtime,
)

MODELS_MAX = 3
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An ordered list of models; the deadline is each model's own."""

    name: str
    models: tuple[Runtime, ...]
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.models) <= MODELS_MAX:
            raise ValueError(f"route `{self.name}` needs one to {MODELS_MAX} models")


async def reply(
    route: Route, prompt: Prompt, *, key: str, clock: Clock, fit: output.Fit = output.as_it_is
) -> Reply:
    """Ask the models of a route in turn until one answers, then check the answer's shape.

    The next model is asked when one is unreachable, overloaded, late or its answer is torn; never
    after a refusal, an invalid answer or a rejected request. `key` is stable for the step, so a
    provider that honours it bills a repeated call once. `fit` validates what was answered.

    Raises `ModelUnavailableError` or `ReplyCutError` (the engine may try again later),
    `ModelRejectedError`, `ModelRefusedError`, `ContextOverflowError` or `OutputInvalidError`; each
    carries its `attempts`.
    """
    calls = _Calls(route=route, key=key, clock=clock, fit=fit)
    failure: StepError | None = None
    for model in route.models:
        try:
            answer = await calls.ask(model, prompt)
            return await _checked(calls, model, prompt, answer)
        except TransientError as error:  # unreachable, torn, or behind an open breaker
            failure = _longer_wait(failure, error)
        except StepError as error:
            error.attempts = calls.attempts
            raise
    failure = failure or ModelUnavailableError(f"route `{route.name}` has no model")
    failure.attempts = calls.attempts
    raise failure


async def _checked(calls: "_Calls", model: Runtime, prompt: Prompt, answer: Reply) -> Reply:
    """Return the answer with its value; one repair turn, or one longer turn, and no more."""
    problem, checked = _inspect(prompt, answer, calls.fit)
    if checked is not None:
        return calls.finished(checked)
    again = _longer(prompt) if answer.finish is Finish.LENGTH else _repair(prompt, answer, problem)
    problem, checked = _inspect(prompt, await calls.ask(model, again), calls.fit)
    if checked is not None:
        return calls.finished(checked)
    raise OutputInvalidError(
        f"prompt `{prompt.name}`, model `{model.name}`, after one repair: {problem}"
    )


def _inspect(prompt: Prompt, answer: Reply, fit: output.Fit) -> tuple[str, Reply | None]:
    match answer.finish:
        case Finish.REFUSED:
            raise ModelRefusedError(
                f"model `{answer.model.asked}` declined prompt `{prompt.name}`"
            )
        case Finish.CUT:
            raise ReplyCutError(f"the answer of model `{answer.model.asked}` ended too early")
        case Finish.LENGTH:
            return "the answer is longer than `output_tokens_max` allows", None
        case Finish.STOP | Finish.TOOL_CALL:
            try:
                return "", changed(answer, value=output.parse(prompt, answer, fit=fit))
            except output.ShapeError as error:
                return str(error), None


def _longer(prompt: Prompt) -> Prompt:
    doubled = replace(prompt.settings, output_tokens_max=2 * prompt.settings.output_tokens_max)
    return replace(prompt, settings=doubled)


def _repair(prompt: Prompt, answer: Reply, problem: str) -> Prompt:
    said = Message(role=Role.ASSISTANT, text=answer.text or "(no text)", kind=MessageKind.DATA)
    asked = Message(
        role=Role.USER,
        text=f"This answer cannot be used: {problem}. Answer again, in the declared shape only.",
        kind=MessageKind.INSTRUCTION,
    )
    return replace(prompt, messages=(*prompt.messages, said, asked))


def _longer_wait(before: StepError | None, now: StepError) -> StepError:
    """Keep the error that says most: a wait that a server asked for, else the latest."""
    if getattr(before, "retry_after_seconds", None) and not getattr(
        now, "retry_after_seconds", None
    ):
        return before or now
    return now


class _Calls:
    """The calls of one pass, counted and timed."""

    def __init__(self, *, route: Route, key: str, clock: Clock, fit: output.Fit) -> None:
        self._route = route
        self._key = key
        self._clock = clock
        self.fit = fit
        self._attempts: list[Attempt] = []

    async def ask(self, model: Runtime, prompt: Prompt) -> Reply:
        """Ask once, inside the deadline; every outcome becomes an attempt."""
        started = self._clock()
        key = f"{self._key}:{len(self._attempts)}"
        limit = self._route.timeout_seconds
        try:
            async with asyncio.timeout(limit):
                answer = await model.reply(prompt, key=key, deadline_seconds=limit)
        except TimeoutError as error:
            self._note(model, ModelUnavailableError.code, latency_ms=self._since(started))
            raise ModelUnavailableError(
                f"model `{model.name}` did not answer within {limit:g} seconds"
            ) from error
        except StepError as error:
            self._note(model, error.code, latency_ms=self._since(started))
            raise
        self._attempts.append(
            Attempt(
                model=model.name,
                outcome="answered",
                latency_ms=self._since(started),
                usage=answer.usage,
            )
        )
        return answer

    def finished(self, answer: Reply) -> Reply:
        return changed(answer, latency_ms=self._attempts[-1].latency_ms, attempts=self.attempts)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(self._attempts)

    def _since(self, started: datetime) -> int:
        return (self._clock() - started) // MILLISECOND

    def _note(self, model: Runtime, outcome: str, *, latency_ms: int) -> None:
        self._attempts.append(Attempt(model=model.name, outcome=outcome, latency_ms=latency_ms))
