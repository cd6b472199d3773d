"""The one interface to every model: a prompt goes in, a reply comes out, nothing is performed."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from pydantic import BaseModel

from remit.domain.frozen import dataclass
from remit.domain.step import Confidence
from remit.domain.value import Json

REPLY_BYTES_MAX = 2 * 1024 * 1024


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class MessageKind(StrEnum):
    INSTRUCTION = "instruction"  # ours, from the versioned file
    DATA = "data"  # of the case: fenced, carries no authority


class Finish(StrEnum):
    STOP = "stop"
    LENGTH = "length"
    TOOL_CALL = "tool_call"
    REFUSED = "refused"
    CUT = "cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to a model, already masked."""

    role: Role
    text: str
    kind: MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The names one of which the reply must be."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSignature:
    """A tool that a model may suggest; nothing here performs it."""

    name: str
    description: str
    arguments: type[BaseModel]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """What every call must say about its answer."""

    output_tokens_max: int
    temperature: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Everything that decides an answer, already masked."""

    name: str
    digest: str  # of the artefact and the output's schema
    messages: tuple[Message, ...]
    route: str
    settings: ModelSettings
    output: type[BaseModel] | Choices | None = None
    tools: tuple[ToolSignature, ...] = ()
    slots: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the provider counted them."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call that the model suggests."""

    name: str
    arguments: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """Which model was asked and which says it answered; they should be the same."""

    asked: str
    reported: str
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call in a pass over a route."""

    model: str
    outcome: str  # answered, or the code of the error
    latency_ms: int
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model answered; only the route says that it has the declared shape."""

    text: str
    model: ModelIdentity
    finish: Finish
    value: object | None = None  # the declared output, or the chosen name
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None  # None: the provider did not measure it, which is not free
    latency_ms: int = 0  # measured by the route
    confidence: Confidence | None = None  # None: there is none
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a stream: for eyes only, nothing acts on it."""

    text: str


class Runtime(Protocol):
    """Asks one model once; never retries, never sleeps to be kind, never checks the shape.

    Raises `ModelUnavailableError` or `ReplyCutError` where another model may do better, and
    `ModelRejectedError`, `ModelRefusedError` or `ContextOverflowError` where none should be asked.
    """

    @property
    def name(self) -> str: ...

    async def reply(self, prompt: Prompt, *, key: str, deadline_seconds: float) -> Reply: ...

    def stream(
        self, prompt: Prompt, *, key: str, deadline_seconds: float
    ) -> AsyncIterator[Piece | Reply]: ...
