"""A world as a connector of Remit, and the agent's calls as another."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bench.tau2.world import ToolRefusedError, World
from remit.domain.money import Money
from remit.domain.value import Json
from remit.errors import CallRefusedError, RecordNotFoundError
from remit.integrations.connector import (
    Absent,
    Call,
    Finding,
    Found,
    Health,
    Manifest,
    Operation,
    OperationKind,
    Outcome,
    Performed,
    Receipt,
    Record,
    Refused,
)
from remit.orchestration.steps import canonical_json

TAKE_BACK = "take_back"
NEXT = "next_call"


class WorldConnector:
    """The tools of whichever world is plugged in; a key performs once."""

    def __init__(self, name: str, world: World) -> None:
        """Offer the tools of this world."""
        self.world = world
        self.manifest = Manifest(
            connector=name,
            operations={
                **{
                    one: Operation(name=one, kind=OperationKind.READ)
                    for one in sorted(world.READS)
                },
                **{
                    one: Operation(
                        name=one, kind=OperationKind.WRITE, undo=TAKE_BACK, keys_honoured=True
                    )
                    for one in sorted(world.WRITES)
                },
                TAKE_BACK: Operation(name=TAKE_BACK, kind=OperationKind.WRITE, keys_honoured=True),
            },
        )
        self.performed: list[tuple[str, dict[str, Any]]] = []
        self._receipts: dict[tuple[str, str], Receipt] = {}

    def plug(self, world: World) -> None:
        """Work on this world from now on."""
        self.world, self.performed, self._receipts = world, [], {}

    async def read(self, call: Call, *, credential: str | None, timeout_seconds: float) -> Record:
        """Read; see `Connector.read`."""
        del credential, timeout_seconds
        try:
            return Record(
                value=canonical_json(self.world.call(call.operation, plain(call.arguments)))
            )
        except ToolRefusedError as error:
            if "not found" in str(error):
                raise RecordNotFoundError(str(error)) from error
            raise CallRefusedError(str(error)) from error

    async def perform(
        self, call: Call, *, key: str, credential: str | None, timeout_seconds: float
    ) -> Outcome:
        """Perform once; see `Connector.perform`."""
        del credential, timeout_seconds
        known = self._receipts.get((call.operation, key))
        if known is not None:
            return Performed(receipt=known)
        arguments = plain(call.arguments)
        try:
            body: Json = {}
            if call.operation == TAKE_BACK:
                self.world.take_back(str(arguments["change"]))
            else:
                body = canonical_json(self.world.call(call.operation, arguments))
        except ToolRefusedError as error:
            return Refused(code="refused", sentence=str(error))
        self.performed.append((call.operation, arguments))
        receipt = Receipt(reference=f"change-{len(self.performed)}", body=body)
        self._receipts[call.operation, key] = receipt
        return Performed(receipt=receipt)

    async def find(self, operation: str, key: str, *, credential: str | None) -> Finding:
        """Look the key up; see `Connector.find`."""
        del credential
        known = self._receipts.get((operation, key))
        return Absent() if known is None else Found(receipt=known)

    async def health(self) -> Health:
        """Say that it is there."""
        return Health(ok=True, sentence="it is in memory")

    async def close(self) -> None:
        """Do nothing: nothing is held."""


class AgentConnector(WorldConnector):
    """An agent without a model: it asks for the calls that were written down for it."""

    def __init__(self) -> None:
        """Begin with nothing to ask for."""
        super().__init__("agent", World({}))
        self.manifest = Manifest(
            connector="agent",
            operations={NEXT: Operation(name=NEXT, kind=OperationKind.READ)},
        )
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    async def read(self, call: Call, *, credential: str | None, timeout_seconds: float) -> Record:
        """Return the call of this turn; an empty name ends."""
        del credential, timeout_seconds
        turn = int(str(call.arguments["turn"]))
        if turn >= len(self.calls):
            return Record(value={"name": ""})
        name, arguments = self.calls[turn]
        return Record(value=canonical_json({**arguments, "name": name}))


def plain(value: Any) -> Any:
    """Return typed arguments as an API takes them: numbers for amounts, lists for lists."""
    match value:
        case Money():
            return _number(value.amount)
        case Decimal():
            return _number(value)
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            dump = getattr(value, "model_dump", None)
            return value if dump is None else plain(dump())


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
