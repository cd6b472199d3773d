"""The connector for described systems, against the example shop as a process of its own."""

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from remit.domain.money import Money
from remit.errors import (
    AddressRefusedError,
    ArgumentsInvalidError,
    CallRefusedError,
    EffectUncertainError,
    RecordNotFoundError,
    RemitError,
    ResponseTooLargeError,
    ResultInvalidError,
    ToolUnavailableError,
)
from remit.integrations.address import Host
from remit.integrations.connector import (
    Call,
    Found,
    NotSent,
    Outcome,
    Performed,
    Refused,
    Unknown,
)
from remit.integrations.openapi import OpenApiConnector
from remit.integrations.schema import faults
from tests.contract.worlds import DOCUMENT, ShopWorld, openapi, perform, read
from tests.loopback.shop import Shop, running, shop, shop_process

__all__ = ["shop", "shop_process"]
pytestmark = pytest.mark.anyio

CANARY = "canary-5d1f-credential"


@pytest.fixture
async def connector(shop: Shop) -> AsyncIterator[OpenApiConnector]:
    made = openapi(shop.url)
    yield made
    await made.close()


async def test_an_address_changes_before_shipping_and_back(
    connector: OpenApiConnector, shop: Shop
) -> None:
    before = shop.order("1005")
    moved = {"line1": "2 New Row", "postcode": "YO1 7HH", "city": "York", "country": "GB"}

    async def change(address: Mapping[str, object], key: str) -> Outcome:
        return await connector.perform(
            Call(
                operation="changeAddress",
                arguments={"order_id": "1005", "line2": None, **address},
            ),
            key=key,
            credential=shop.key,
            timeout_seconds=5,
        )

    outcome = await change(moved, "move")
    assert isinstance(outcome, Performed)
    assert isinstance(outcome.receipt.body, dict)
    assert shop.order("1005")["shipping_address"]["line1"] == "2 New Row"
    previous = outcome.receipt.body["previous"]
    assert isinstance(previous, dict)
    await change(previous, "move back")

    assert shop.order("1005") == before


async def test_an_address_after_shipping_is_a_definite_no(
    connector: OpenApiConnector, shop: Shop
) -> None:
    address = {"line1": "2 New Row", "postcode": "YO1 7HH", "city": "York", "country": "GB"}

    outcome = await connector.perform(
        Call(operation="changeAddress", arguments={"order_id": "1002", **address}),
        key="late",
        credential=shop.key,
        timeout_seconds=5,
    )

    assert isinstance(outcome, Refused)
    assert outcome.code == "already_left"


@pytest.mark.parametrize(
    ("order_id", "amount", "code"),
    [
        ("9999", "1.00 EUR", "unknown_order"),
        ("1008", "1.00 EUR", "currency_mismatch"),
        ("1001", "90.00 EUR", "above_rest"),
        ("1011", "101.00 EUR", "above_rest"),
        ("1012", "1.00 EUR", "order_cancelled"),
        ("1009", "10.50 JPY", "too_fine"),
    ],
)
async def test_a_refund_that_may_not_be_is_refused_with_its_reason(
    connector: OpenApiConnector, shop: Shop, order_id: str, amount: str, code: str
) -> None:
    before = shop.counts()

    outcome = await connector.perform(
        Call(
            operation="createRefund",
            arguments={"order_id": order_id, "amount": Money.of(amount), "reason": "r"},
        ),
        key=f"{order_id} {amount}",
        credential=shop.key,
        timeout_seconds=5,
    )

    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert shop.counts() == before


async def test_a_killed_shop_is_not_sent_to_and_finds_nothing_out(tmp_path: Path) -> None:
    with running(database=tmp_path / "shop.db") as shop:
        world = ShopWorld(shop=shop, connector=openapi(shop.url))
        shop.kill()

    outcome = await perform(world, "dead")

    assert isinstance(outcome, NotSent)
    assert isinstance(await world.connector.find("createRefund", "k", credential="k"), Unknown)
    assert not (await world.connector.health()).ok
    with pytest.raises(ToolUnavailableError):
        await read(world.connector, "getOrder", credential="k", order_id="1001")
    await world.connector.close()


async def test_an_effect_of_a_shop_that_dies_before_answering_is_found_when_it_is_back(
    tmp_path: Path,
) -> None:
    with running(database=tmp_path / "shop.db") as shop:
        world = ShopWorld(shop=shop, connector=openapi(shop.url))
        world.fail("hang-after-perform")

        async def kill_when_performed() -> None:
            with anyio.fail_after(60):
                while await anyio.to_thread.run_sync(world.count) == 0:
                    await anyio.lowlevel.checkpoint()
            shop.kill()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(kill_when_performed)
            with pytest.raises(EffectUncertainError):
                await perform(world, "died")
        await world.connector.close()

    with running(database=tmp_path / "shop.db") as shop:
        world = ShopWorld(shop=shop, connector=openapi(shop.url))
        found = await world.connector.find("createRefund", "died", credential=shop.key)
        assert isinstance(found, Found)
        assert await perform(world, "died") == Performed(receipt=found.receipt)
        assert world.count() == 1
        await world.connector.close()


async def test_a_cancelled_call_leaves_no_connection_in_use(
    connector: OpenApiConnector, shop: Shop
) -> None:
    world = ShopWorld(shop=shop, connector=connector)
    for number in range(9):  # one more than there are places
        shop.fault("hang", path="/refunds", method="POST")
        with anyio.move_on_after(0.05) as scope:
            await perform(world, f"cancelled {number}")
        assert scope.cancelled_caught
    shop.mend()  # some may have been cancelled before the shop heard of them

    assert isinstance(await perform(world, "after the cancelled"), Performed)


async def test_a_read_brings_the_record_as_the_shop_has_it(
    connector: OpenApiConnector, shop: Shop
) -> None:
    assert await read(connector, "getOrder", credential=shop.key, order_id="1013") == shop.order(
        "1013"
    )


async def test_a_read_is_repeated_when_the_first_two_answers_fail(
    connector: OpenApiConnector, shop: Shop
) -> None:
    shop.fault("500", path="/orders")
    shop.fault("drop-before", path="/orders")

    found = await read(connector, "getOrder", credential=shop.key, order_id="1001")

    assert found == shop.order("1001")


async def test_a_slow_answer_within_the_deadline_counts(
    connector: OpenApiConnector, shop: Shop
) -> None:
    shop.fault("slow", path="/orders")

    assert await read(connector, "getOrder", credential=shop.key, order_id="1001")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("500", ToolUnavailableError),
        ("429", ToolUnavailableError),
        ("hang", ToolUnavailableError),
        ("drop-before", ToolUnavailableError),
        ("torn", ToolUnavailableError),
        ("redirect", AddressRefusedError),
        ("html", ResultInvalidError),
        ("off-schema", ResultInvalidError),
        ("oversized", ResponseTooLargeError),
        ("bomb", ResponseTooLargeError),
    ],
)
async def test_a_bad_answer_to_a_read_has_its_name_and_no_secret(
    connector: OpenApiConnector, shop: Shop, fault: str, error: type[RemitError]
) -> None:
    shop.fault(fault, path="/orders", times=3)

    with pytest.raises(error) as raised:
        await read(
            connector, "getOrder", credential=shop.key, order_id="1001",
            seconds=0.5 if fault == "hang" else 60,
        )  # fmt: skip

    assert type(raised.value) is error
    assert shop.key not in str(raised.value)


async def test_an_unknown_record_is_not_found(connector: OpenApiConnector, shop: Shop) -> None:
    with pytest.raises(RecordNotFoundError, match="404") as raised:
        await read(connector, "getOrder", credential=shop.key, order_id="9999")

    assert raised.value.reason == "unknown_order"


async def test_a_refused_key_is_a_definite_no_and_turns_health_red(
    connector: OpenApiConnector, shop: Shop
) -> None:
    assert (await connector.health()).ok

    with pytest.raises(CallRefusedError) as raised:
        await read(connector, "getOrder", credential=CANARY, order_id="1001")
    health = await connector.health()

    assert CANARY not in str(raised.value)
    assert not health.ok
    assert "env:SHOP_KEY" in health.sentence
    outcome = await connector.perform(
        Call(
            operation="sendReply",
            arguments={"to": "a@example.com", "subject": "s", "body": "b"},
        ),
        key="with a revoked key",
        credential=CANARY,
        timeout_seconds=5,
    )
    assert isinstance(outcome, Refused)
    assert CANARY not in repr(outcome)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"order_id": 1001},
        {"order_id": "../refunds"},
        {"order_id": "1001", "extra": "x"},
        {"order_id": 10.01},
    ],
)
async def test_arguments_off_the_schema_are_refused_before_anything_leaves(
    given: Mapping[str, object],
) -> None:
    nowhere = openapi("https://shop.example", host=Host(name="shop.example"))

    with pytest.raises(ArgumentsInvalidError):
        await read(nowhere, "getOrder", credential="k", **given)


@pytest.mark.parametrize(
    "host",
    [
        Host(name="127.0.0.1", port=8100, plain=True),
        Host(name="127.0.0.1", port=8101, loopback=True),
        Host(name="shop.example", port=8100, loopback=True),
    ],
)
async def test_loopback_that_is_not_listed_as_such_is_never_reached(host: Host) -> None:
    guarded = openapi("http://127.0.0.1:8100", host=host)

    with pytest.raises(AddressRefusedError):
        await read(guarded, "getOrder", credential="k", order_id="1001")
    outcome = await guarded.perform(
        Call(operation="cancelRefund", arguments={"refund_id": "R-1"}),
        key="k",
        credential="k",
        timeout_seconds=5,
    )

    assert isinstance(outcome, NotSent)
    assert outcome.code == "tool.address_refused"


async def test_the_shop_serves_the_document_that_the_connector_was_built_from(
    connector: OpenApiConnector, shop: Shop
) -> None:
    served = shop.ask("GET", "/openapi.json")

    assert served == json.loads(DOCUMENT.read_bytes())
    changed = DOCUMENT.read_bytes().replace(b'"1.0.0"', b'"1.0.1"')
    assert openapi(shop.url, document=changed).digest != connector.digest
    reordered = json.dumps(served, sort_keys=True).encode()
    assert openapi(shop.url, document=reordered).digest == connector.digest


def test_every_route_of_the_shop_is_in_its_document_and_no_other() -> None:
    listing = (
        "import json, pathlib, shop\n"
        "app = shop.shop(shop.Book(pathlib.Path(':memory:')), key='k')\n"
        "print(json.dumps([[r.path, m.lower(), r.name] for r in app.routes"
        " for m in r.methods - {'HEAD'}]))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", listing],
        cwd=DOCUMENT.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    routes = {tuple(route) for route in json.loads(printed.stdout)}

    described = {
        (path, method, operation["operationId"])
        for path, item in json.loads(DOCUMENT.read_bytes())["paths"].items()
        for method, operation in item.items()
    }

    assert routes - {("/openapi.json", "get", "getDocument")} == described


def test_the_invented_orders_are_the_same_each_time_and_fit_the_document() -> None:
    first, second = [written_orders() for _ in range(2)]

    tree = json.loads(DOCUMENT.read_bytes())
    assert first == second
    assert len(first) == 400
    assert [
        fault
        for order in first
        for fault in faults(tree["components"]["schemas"]["Order"], order, document=tree)
    ] == []
    reserved = re.compile(r"[a-z0-9.]+@example\.(com|org|net)")
    assert all(reserved.fullmatch(order["customer"]["email"]) for order in first)
    assert all(
        sum(Decimal(one["price"]["amount"]) * one["quantity"] for one in order["items"])
        == Decimal(order["total"]["amount"])
        for order in first
    )


def written_orders() -> list[dict[str, Any]]:
    with running(orders=400) as shop, closing(sqlite3.connect(shop.database)) as rows:
        return [json.loads(body) for (body,) in rows.execute("SELECT body FROM orders")]
