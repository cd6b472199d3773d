"""What stands between a body and the other system: a door for each thing the executor does."""

from collections.abc import Awaitable, Callable

from remit.domain.value import Json
from remit.errors import StepRefused

Read = Callable[[str, str, dict[str, object]], Awaitable[Json]]


class Captured(BaseException):
    """The one call that an action's body makes, before anything is sent."""

    def __init__(self, connector: str, operation: str, arguments: dict[str, object]) -> None:
        super().__init__()
        self.connector = connector
        self.operation = operation
        self.arguments = arguments


class ReadDoor:
    """Lets a tool read."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.used = ""

    async def read(self, connector: str, operation: str, arguments: dict[str, object]) -> Json:
        self.used = connector
        return await self._read(connector, operation, arguments)

    async def perform(self, connector: str, operation: str, arguments: dict[str, object]) -> Json:
        del arguments
        raise StepRefused(f"a tool may only read; `{connector}.{operation}` is a change")


class CaptureDoor:
    """Lets an action run up to its call and no further."""

    async def read(self, connector: str, operation: str, arguments: dict[str, object]) -> Json:
        del arguments
        raise StepRefused(
            f"an action makes one call and reads nothing; move `{connector}.{operation}` to a tool"
        )

    async def perform(self, connector: str, operation: str, arguments: dict[str, object]) -> Json:
        raise Captured(connector, operation, arguments)


class AnswerDoor:
    """Lets an action go on with what the other system answered."""

    def __init__(self, answer: Json) -> None:
        self._answer = answer

    async def read(self, connector: str, operation: str, arguments: dict[str, object]) -> Json:
        del arguments
        raise StepRefused(f"an action reads nothing; move `{connector}.{operation}` to a tool")

    async def perform(self, connector: str, operation: str, arguments: dict[str, object]) -> Json:
        del connector, operation, arguments
        return self._answer
