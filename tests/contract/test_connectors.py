"""One suite for every connector: its answers are true against the other system's own state."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remit.domain.money import Money
from remit.errors import (
    EffectUncertainError,
)
from remit.integrations.connector import (
    Absent,
    Call,
    Found,
    NotSent,
    Outcome,
    Performed,
    Refused,
    Unknown,
)
from remit.integrations.recorder import FileRecorder
from tests.contract.worlds import TAPE_OPERATIONS, ShopWorld, TapeWorld, World, openapi, perform
from tests.loopback.shop import Shop, shop, shop_process

__all__ = ["shop", "shop_process"]
pytestmark = pytest.mark.anyio

AT_ONCE = 20


@pytest.fixture(params=["shop", "file"])
async def world(
    request: pytest.FixtureRequest, shop: Shop, tmp_path: Path
) -> AsyncIterator[World]:
    made: World
    if request.param == "shop":
        made = ShopWorld(shop=shop, connector=openapi(shop.url))
    else:
        made = TapeWorld(connector=FileRecorder(tmp_path / "tape.jsonl", TAPE_OPERATIONS))
    yield made
    await made.connector.close()


async def test_one_key_twice_is_one_effect_and_the_same_receipt(
    world: World, request: pytest.FixtureRequest
) -> None:
    key, before = request.node.name, world.count()

    first, second = await perform(world, key), await perform(world, key)

    assert isinstance(first, Performed)
    assert first == second
    assert world.count() == before + 1


async def test_one_key_twenty_times_at_once_is_one_effect(
    world: World, request: pytest.FixtureRequest
) -> None:
    key, before = request.node.name, world.count()

    outcomes = await asyncio.gather(*(perform(world, key) for _ in range(AT_ONCE)))

    assert [outcome for outcome in outcomes if outcome != outcomes[0]] == []
    assert isinstance(outcomes[0], Performed)
    assert world.count() == before + 1


async def test_another_body_under_a_used_key_is_never_a_plain_refusal(
    world: World, request: pytest.FixtureRequest
) -> None:
    key = request.node.name
    await perform(world, key)
    before = world.count()

    with pytest.raises(EffectUncertainError):
        await world.connector.perform(
            Call(
                operation=world.write,
                arguments={**world.arguments(), "amount": Money.of("2.00 EUR")},
            ),
            key=key,
            credential=world.credential,
            timeout_seconds=5,
        )

    assert world.count() == before


CASES = [("shop", name) for name in ShopWorld.faults] + [
    ("file", str(name)) for name in TapeWorld.faults
]


@pytest.mark.parametrize(("world", "fault"), CASES, indirect=["world"])
async def test_no_fault_is_answered_as_a_no_when_it_happened(
    world: ShopWorld | TapeWorld, fault: str
) -> None:
    key, before = f"fault {fault}", world.count()
    world.fail(fault)

    outcome: Outcome | None
    try:
        outcome = await perform(world, key, seconds=0.5)
    except EffectUncertainError:
        outcome = None

    happened = world.count() - before
    assert happened == int(world.faults[fault])
    if happened:
        assert outcome is None
    else:
        assert not isinstance(outcome, Performed)
    finding = await world.connector.find(world.write, key, credential=world.credential)
    assert isinstance(finding, Found if happened else Absent)


async def test_the_same_key_after_an_unanswered_effect_gets_the_first_receipt(
    world: World,
) -> None:
    key, before = "unanswered", world.count()
    world.fail("drop-after-perform" if isinstance(world, ShopWorld) else "timeout_after")
    with pytest.raises(EffectUncertainError):
        await perform(world, key)
    found = await world.connector.find(world.write, key, credential=world.credential)
    assert isinstance(found, Found)

    outcome = await perform(world, key)

    assert outcome == Performed(receipt=found.receipt)
    assert world.count() == before + 1


async def test_an_undo_restores_what_was_before_and_is_refused_the_second_time(
    world: World, request: pytest.FixtureRequest
) -> None:
    before = world.state()
    performed = await perform(world, request.node.name)
    assert isinstance(performed, Performed)
    assert world.state() != before
    call = Call(operation=world.undo, arguments=world.undo_arguments(performed))
    assert world.connector.manifest.operations[world.write].undo == world.undo

    undone = [
        await world.connector.perform(
            call,
            key=f"{request.node.name} undo {key}",
            credential=world.credential,
            timeout_seconds=5,
        )
        for key in ("first", "first", "second")
    ]

    assert isinstance(undone[0], Performed)
    assert undone[0] == undone[1]
    assert isinstance(undone[2], Refused)
    assert world.state() == before


async def test_a_write_that_does_not_exist_is_not_sent(world: World) -> None:
    outcome = await world.connector.perform(
        Call(operation="dropTables", arguments={}),
        key="k",
        credential=world.credential,
        timeout_seconds=5,
    )

    assert isinstance(outcome, NotSent)
    assert outcome.code == "tool.arguments_invalid"


async def test_what_cannot_be_asked_about_is_unknown(world: World) -> None:
    finding = await world.connector.find("getOrder", "k", credential=world.credential)

    assert isinstance(finding, Unknown)
