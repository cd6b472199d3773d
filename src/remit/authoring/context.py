"""What workflow code may do: each method is a recorded step."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, Never, ParamSpec, TypeVar, overload

from pydantic import BaseModel

from remit.authoring.step_call import StepCall
from remit.domain.step import Confidence, StepKind
from remit.errors import RegistrationError
from remit.retrieval.retriever import Passage

SAMPLES_MIN, SAMPLES_MAX = 2, 20

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """A closed choice with its calibrated confidence; `None` where there is none."""

    choice: str
    confidence: Confidence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A model's text; it carries no authority."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted(Generic[T]):
    """What became of an action: `confirmed` with its receipt, or `noted` and not performed."""

    state: str
    receipt: T | None


class Context:
    """The steps that a workflow may take; the same on replay as when live."""

    def classify(self, text: str, *, classifier: str = "intent") -> StepCall[Classified]:
        """Choose one of the classifier's labels for a text."""
        return StepCall(kind=StepKind.CLASSIFY, name=classifier, arguments={"text": text})

    @overload
    def ask(
        self,
        prompt: str,
        *,
        output: type[M],
        samples: int = 1,
        agree_on: str = "",
        verifier: str = "",
        **slots: object,
    ) -> StepCall[M]: ...

    @overload
    def ask(
        self,
        prompt: str,
        *,
        output: None = None,
        samples: Literal[1] = 1,
        agree_on: Literal[""] = "",
        verifier: str = "",
        **slots: object,
    ) -> StepCall[Answer]: ...

    def ask(
        self,
        prompt: str,
        *,
        output: type[Any] | None = None,
        samples: int = 1,
        agree_on: str = "",
        verifier: str = "",
        **slots: object,
    ) -> StepCall[Any]:
        """Ask a model with a prompt file; `slots` fill it, `output` is the shape of the answer.

        How sure the answer is is said only where it is declared: by `samples` asked for anew, of
        which the share with the same field `agree_on` counts, or by a `verifier`, a classifier of
        the workflow whose confidence in `ok` counts. Raises `RegistrationError` for other words.
        """
        fields = getattr(output, "model_fields", {})
        if samples == 1 and not agree_on:
            sampled = False
        elif SAMPLES_MIN <= samples <= SAMPLES_MAX and agree_on in fields:
            sampled = True
        else:
            raise RegistrationError(
                f"`{prompt}` needs {SAMPLES_MIN} to {SAMPLES_MAX} `samples`, and in `agree_on` a "
                "field of its output"
            )
        if sampled and verifier:
            raise RegistrationError(f"`{prompt}` needs `samples` or a `verifier`, not both")
        return StepCall(
            kind=StepKind.ASK, name=prompt, arguments=slots, output=output, samples=samples,
            agree_on=agree_on, verifier=verifier,
        )  # fmt: skip

    def retrieve(
        self, query: str, *, collection: str = "help", limit: int = 3
    ) -> StepCall[tuple[Passage, ...]]:
        """Look a question up in a collection; an empty answer is tracked as a knowledge gap."""
        return StepCall(
            kind=StepKind.RETRIEVE, name=collection, arguments={"query": query, "limit": limit}
        )

    def read(
        self, tool: Callable[P, Awaitable[T]], /, *_args: P.args, **arguments: P.kwargs
    ) -> StepCall[T]:
        """Read from another system with a declared tool; pass its arguments by name."""
        return StepCall(kind=StepKind.READ, name=_name(tool, _args), arguments=arguments)

    def derive(
        self, rule: Callable[P, T], /, *_args: P.args, **arguments: P.kwargs
    ) -> StepCall[T]:
        """Work a value out with a declared pure function; pass its arguments by name."""
        return StepCall(kind=StepKind.DERIVE, name=_name(rule, _args), arguments=arguments)

    def act(
        self, action: Callable[P, Awaitable[T]], /, *_args: P.args, **arguments: P.kwargs
    ) -> StepCall[Acted[T]]:
        """Propose an action; comes back once it is done, however long a person takes.

        Raises `ActionDeniedError` when the gate or a person says no, and `StepRefused` when the
        other system does.
        """
        return StepCall(kind=StepKind.ACT, name=_name(action, _args), arguments=arguments)

    def escalate(self, note: str) -> StepCall[Never]:
        """Hand the case to a person; workflow code does not go on from here."""
        return StepCall(kind=StepKind.ESCALATE, name="escalate", arguments={"note": note})

    def sleep(self, seconds: int) -> StepCall[None]:
        """Wait; the case is a row meanwhile."""
        return StepCall(kind=StepKind.SLEEP, name="sleep", arguments={"seconds": seconds})

    def now(self) -> StepCall[datetime]:
        """Return the time, recorded."""
        return StepCall(kind=StepKind.NOW, name="now")

    def random(self) -> StepCall[int]:
        """Return a random whole number below 2^53, recorded."""
        return StepCall(kind=StepKind.RANDOM, name="random")

    def new_id(self) -> StepCall[str]:
        """Return a new identifier, recorded."""
        return StepCall(kind=StepKind.NEW_ID, name="new_id")

    def changed(self, mark: str) -> StepCall[bool]:
        """Return whether this case came here first under code that knows `mark`."""
        return StepCall(kind=StepKind.CHANGED, name=mark)

    @overload
    def gather(
        self,
        one: "StepCall[A] | Coroutine[Any, Any, A]",
        two: "StepCall[B] | Coroutine[Any, Any, B]",
        /,
    ) -> StepCall[tuple[A, B]]: ...

    @overload
    def gather(
        self,
        one: "StepCall[A] | Coroutine[Any, Any, A]",
        two: "StepCall[B] | Coroutine[Any, Any, B]",
        three: "StepCall[C] | Coroutine[Any, Any, C]",
        /,
    ) -> StepCall[tuple[A, B, C]]: ...

    @overload
    def gather(
        self, *branches: "StepCall[A] | Coroutine[Any, Any, A]"
    ) -> StepCall[tuple[A, ...]]: ...

    def gather(self, *branches: Any) -> StepCall[Any]:
        """Take several steps at once; results come in the order of the arguments."""
        return StepCall(kind=StepKind.GATHER, name="gather", branches=branches)


def _name(body: Callable[..., object], positional: tuple[object, ...]) -> str:
    if positional:
        raise TypeError(f"pass the arguments of `{getattr(body, '__name__', body)}` by name")
    return body.__name__
