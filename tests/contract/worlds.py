"""Connectors with the truth behind them: what the contract suite compares answers with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from remit.domain.money import Money
from remit.integrations import recorder
from remit.integrations.address import Host, host_of
from remit.integrations.connector import (
    Call,
    Connector,
    Operation,
    OperationKind,
    Outcome,
    Performed,
)
from remit.integrations.http import HttpClient
from remit.integrations.openapi import OpenApiConnector
from remit.integrations.recorder import FileRecorder
from tests.loopback.shop import Shop

DOCUMENT = Path(__file__).parents[2] / "examples" / "shop" / "openapi.json"
ORDER = "1042"  # 1149.00 EUR, nothing refunded


class World(Protocol):
    """A connector and the truth behind it."""

    connector: Connector
    credential: str | None
    write: str
    undo: str

    def arguments(self) -> Mapping[str, object]: ...
    def undo_arguments(self, performed: Performed) -> Mapping[str, object]: ...
    def count(self) -> int: ...
    def state(self) -> object: ...
    def fail(self, fault: str) -> None: ...


@dataclass(kw_only=True)
class ShopWorld:
    """The example shop, over HTTP."""

    shop: Shop
    connector: Connector
    write: str = "createRefund"
    undo: str = "cancelRefund"

    # What is done to a write, and whether it happens all the same.
    faults: ClassVar[dict[str, bool]] = {
        "500": False, "429": False, "hang": False, "drop-before": False, "redirect": False,
        "500-after-perform": True, "409-after-perform": True, "hang-after-perform": True,
        "drop-after-perform": True, "torn": True, "html": True, "off-schema": True,
        "oversized": True, "bomb": True,
    }  # fmt: skip

    @property
    def credential(self) -> str:
        return self.shop.key

    def arguments(self) -> Mapping[str, object]:
        return {"order_id": ORDER, "amount": Money.of("1.00 EUR"), "reason": "contract"}

    def undo_arguments(self, performed: Performed) -> Mapping[str, object]:
        return {"refund_id": performed.receipt.reference}

    def count(self) -> int:
        return self.shop.counts()["refund"]

    def state(self) -> object:
        return self.shop.order(ORDER)

    def fail(self, fault: str) -> None:
        self.shop.fault(fault, path="/refunds", method="POST")


@dataclass(kw_only=True)
class TapeWorld:
    """The recorder whose tape is a file."""

    connector: FileRecorder
    credential: str | None = None
    write: str = "pay"
    undo: str = "unpay"

    faults: ClassVar[dict[str, bool]] = {
        fault: fault is recorder.Fault.TIMEOUT_AFTER
        for fault in recorder.Fault
        if fault is not recorder.Fault.UNAVAILABLE
    }

    def arguments(self) -> Mapping[str, object]:
        return {"order_id": ORDER, "amount": Money.of("1.00 EUR")}

    def undo_arguments(self, performed: Performed) -> Mapping[str, object]:
        return {"reference": performed.receipt.reference}

    def count(self) -> int:
        return sum(one.operation == self.write for one in self.connector.effects())

    def state(self) -> object:
        return self.connector.standing()

    def fail(self, fault: str) -> None:
        self.connector.fail(self.write, recorder.Fault(fault))


TAPE_OPERATIONS = {
    "pay": Operation(
        name="pay", kind=OperationKind.WRITE, undo="unpay", find="paid", keys_honoured=True
    ),
    "unpay": Operation(name="unpay", kind=OperationKind.WRITE, keys_honoured=True),
    "paid": Operation(name="paid", kind=OperationKind.READ),
}


def openapi(
    url: str, *, document: bytes | None = None, host: Host | None = None, **client: int
) -> OpenApiConnector:
    return OpenApiConnector(
        name="shop",
        document=document or DOCUMENT.read_bytes(),
        url=url,
        key="env:SHOP_KEY",
        settings={},
        client=HttpClient(
            hosts=[host or host_of(url, loopback=True)], randomness=lambda: 0.0, **client
        ),
        health="getHealth",
    )


async def perform(world: World, key: str, *, seconds: float = 30.0) -> Outcome:
    return await world.connector.perform(
        Call(operation=world.write, arguments=world.arguments()),
        key=key,
        credential=world.credential,
        timeout_seconds=seconds,
    )


async def read(
    connector: Connector, operation: str, *, credential: str, seconds: float = 5, **given: object
) -> object:
    record = await connector.read(
        Call(operation=operation, arguments=given), credential=credential, timeout_seconds=seconds
    )
    return record.value
