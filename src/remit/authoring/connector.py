"""The handle by which bodies reach another system, while the executor runs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from remit.domain.value import Json
from remit.errors import OutsideExecutorError


class Door(Protocol):
    """What the executor opens around a body: one system, one key, one deadline."""

    async def read(self, connector: str, operation: str, arguments: dict[str, object]) -> Json: ...

    async def perform(
        self, connector: str, operation: str, arguments: dict[str, object]
    ) -> Json: ...


_DOOR: ContextVar[Door | None] = ContextVar("remit_door", default=None)


@contextmanager
def opened(door: Door) -> Iterator[None]:
    """Let bodies that run in this context reach other systems through `door`."""
    mark = _DOOR.set(door)
    try:
        yield
    finally:
        _DOOR.reset(mark)


class ConnectorHandle:
    """A connector by name; it works only inside a tool or action body that the executor runs."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def read(self, operation: str, /, **arguments: object) -> Any:
        """Read from the other system; returns JSON values.

        Raises `OutsideExecutorError` anywhere but in a tool's or action's body, and the step
        errors of `remit.errors` when the other system refuses or does not answer.
        """
        return await self._door(operation).read(self.name, operation, arguments)

    async def perform(self, operation: str, /, **arguments: object) -> Any:
        """Perform the one effect of this action; returns what the other system answered."""
        return await self._door(operation).perform(self.name, operation, arguments)

    def _door(self, operation: str) -> Door:
        door = _DOOR.get()
        if door is None:
            raise OutsideExecutorError(
                f"`{self.name}.{operation}` was called outside a tool or action body; "
                "call the tool with `run.read` or the action with `run.act`"
            )
        return door
