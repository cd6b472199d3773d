"""A step that workflow code asks for: the only thing it may await."""

from collections.abc import Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from remit.domain.step import StepKind

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCall(Generic[T]):
    """One call on the context; awaiting it hands it to the engine, which answers."""

    kind: StepKind
    name: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    output: type | None = None
    samples: int = 1  # of a model's answer
    agree_on: str = ""  # the field of the output by which samples are compared
    verifier: str = ""  # the classifier that says whether the answer is `ok`
    branches: "tuple[StepCall[Any] | Coroutine[Any, Any, Any], ...]" = ()

    def __await__(self) -> "Generator[StepCall[T], object, T]":
        answer = yield self
        return cast("T", answer)  # the engine answers with this step's type
