"""What the executor asks of another system, and the few answers that it believes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from remit.domain.value import Json


class OperationKind(StrEnum):
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that a connector can do; the defaults are the strict ones."""

    name: str
    kind: OperationKind
    undo: str | None = None  # the operation that takes it back; None: irreversible
    find: str | None = None  # the read that finds an effect by its key; None: a person looks
    keys_honoured: bool = False  # the same key performs once, however often it is sent
    addressed_by: str | None = None  # the argument that names who receives it
    timeout_seconds: float = 30.0
    settled_after_seconds: float = 0.0  # `Absent` counts only after this long
    arguments: Mapping[str, Json] = field(default_factory=dict)  # their schema; empty: anything

    @property
    def reads(self) -> bool:
        """Whether it is declared to change nothing."""
        return self.kind is OperationKind.READ


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a connector offers; an operation outside it does not exist."""

    connector: str
    operations: Mapping[str, Operation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operation with its real arguments."""

    operation: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a read brought back."""

    value: Json
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The other system's proof of an effect: its own reference, and its answer."""

    reference: str
    body: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """It happened."""

    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The other system answers later, where it said so until when."""

    receipt: Receipt
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A definite no: this call did nothing."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """No byte of the call left."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The other system has an effect under this key."""

    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The other system has no effect under this key now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The other system cannot be asked, or did not answer."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether the connector can be used, and what is wrong."""

    ok: bool
    sentence: str


Outcome: TypeAlias = Performed | Accepted | Refused | NotSent
Finding: TypeAlias = Found | Absent | Unknown


class Connector(Protocol):
    """One other system.

    INVARIANT: `perform` answers `NotSent` or `Refused` only if this call changed nothing; anything
    less certain is raised (tests/contract/test_connectors.py).
    """

    @property
    def manifest(self) -> Manifest: ...

    async def read(self, call: Call, *, credential: str | None, timeout_seconds: float) -> Record:
        """Read; repeats what is transient itself.

        Raises `ToolUnavailableError` when nothing usable came in time, `CallRefusedError` (for 404
        `RecordNotFoundError`) for a definite no, `ArgumentsInvalidError`, `ResultInvalidError`,
        `ResponseTooLargeError` and `AddressRefusedError`.
        """
        ...

    async def perform(
        self, call: Call, *, key: str, credential: str | None, timeout_seconds: float
    ) -> Outcome:
        """Perform once; never repeats anything.

        Raises `EffectUncertainError` when it may have happened; any other exception says so too.
        """
        ...

    async def find(self, operation: str, key: str, *, credential: str | None) -> Finding:
        """Ask the other system whether `operation` has an effect under `key`."""
        ...

    async def health(self) -> Health:
        """Say whether the other system answers; has no effect."""
        ...

    async def close(self) -> None:
        """Let go of connections and files."""
        ...
