"""Nothing is performed before its intent has come as far in the log as its risk demands."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from remit import testing
from remit.domain import actor
from remit.domain.acknowledgement import Acknowledgement, demanded
from remit.domain.action import Risk
from remit.errors import SettingsError
from remit.governance import stops
from remit.ledger.acknowledge import Acknowledger, Reached
from remit.ledger.keeper import Keeper
from remit.orchestration import intending
from remit.orchestration.executor import Executor
from remit.orchestration.outcomes import NotPerformed
from remit.store.receipt import Place, Receipt
from tests.projects import NAME, OLGA, Small, events, send, standing

pytestmark = pytest.mark.anyio

DURABLE, SEQUENCED, WITNESSED = Acknowledgement
NOTE = 'return (await run.act(note, text="hello")).receipt.id'
PAY = """
order = await run.read(get_order, order_id=case.order_id)
return (await run.act(pay, order_id=order.id, amount=order.total)).receipt.id
"""
ASKS = '\n[workflow.actions.note]\nacknowledge = "{}"\n'


@pytest.mark.parametrize(
    ("risk", "asked", "outside", "level"),
    [
        (Risk.LOW, None, True, DURABLE),
        (Risk.NORMAL, None, False, DURABLE),
        (Risk.MONEY, None, True, SEQUENCED),
        (Risk.IRREVERSIBLE, None, False, SEQUENCED),
        (Risk.IRREVERSIBLE, None, True, WITNESSED),
        (Risk.LOW, WITNESSED, False, WITNESSED),
        (Risk.MONEY, DURABLE, False, SEQUENCED),
        (Risk.IRREVERSIBLE, SEQUENCED, True, WITNESSED),
    ],
)
def test_what_is_asked_adds_to_the_risk_and_never_takes_away(
    risk: Risk, asked: Acknowledgement | None, outside: bool, level: Acknowledgement
) -> None:
    assert demanded(risk, asked=asked, outside=outside) is level


async def test_less_than_the_risk_demands_is_refused(small: Small) -> None:
    small.settings = ASKS.replace("note", "pay").format("durable")
    with pytest.raises(SettingsError, match="acknowledged as `sequenced` at least"):
        async with small.open(PAY):
            pass


class Outside:
    """Somebody who keeps checkpoints, or does not answer."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.asked: list[int] = []

    def __call__(self, size: int, *, timeout_seconds: float) -> bool:
        assert 0 < timeout_seconds <= 10
        self.asked.append(size)
        return self.answers


async def test_it_is_performed_once_somebody_outside_has_confirmed_it(small: Small) -> None:
    small.settings = ASKS.format("witnessed")
    outside = Outside(answers=True)
    async with small.open(NOTE) as remit:
        remit.runs.acknowledger.witnessed = outside
        case_id = await send(remit)
        at = remit.database.read(
            lambda c: c.value(
                "select o.position from entry_order o join entries e on e.case_id = o.case_id"
                " and e.seq = o.seq where e.event = 'orchestration:effect:intended'"
            )
        )
        assert standing(remit, case_id)[0] == "closed"
        assert small.performed() == ["note"]
        assert len(outside.asked) == 1
        assert outside.asked[0] > at


async def test_what_nobody_confirms_in_time_goes_to_a_person(small: Small) -> None:
    """After three tries a person must look, and nothing was sent."""
    small.settings = ASKS.format("witnessed")
    async with small.open(NOTE) as remit:
        remit.runs.acknowledger.witnessed = Outside(answers=False)
        case_id = await send(remit)
        for _ in range(4):
            await testing.pass_time(remit, small.clock, 60)
        assert standing(remit, case_id) == ("escalated", "effect.unacknowledged")
        failed = [
            entry.body["sent"]
            for entry in remit.entries(case_id)
            if entry.event == "orchestration:effect:failed"
        ]
        assert failed == [False, False, False]
        assert "orchestration:effect:ambiguous" not in events(remit, case_id)
    assert small.performed() == []


async def test_without_an_anchor_nobody_can_confirm(small: Small) -> None:
    small.settings = ASKS.format("witnessed")
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id)[0] == "parked"
    assert small.performed() == []


async def test_money_waits_for_the_sequencer(tmp_path: Path, postgres_url: str) -> None:
    small = Small(folder=tmp_path, database=postgres_url)
    async with small.open(PAY) as remit:
        remit.runs.acknowledger.seconds = 0.2
        await asyncio.to_thread(remit.keeper.close)
        case_id = await send(remit)
        assert standing(remit, case_id)[0] == "parked"
        assert small.performed() == []

        remit.keeper = Keeper(remit.database, remit._journal)
        remit.runs.acknowledger.seconds = 10.0
        await testing.pass_time(remit, small.clock, 60)
        assert standing(remit, case_id)[0] == "closed"
        assert remit.verify().result == "intact"
    assert small.performed() == ["pay"]


async def test_a_note_does_not_wait_for_the_sequencer(tmp_path: Path, postgres_url: str) -> None:
    small = Small(folder=tmp_path, database=postgres_url)
    async with small.open(NOTE) as remit:
        await asyncio.to_thread(remit.keeper.close)
        case_id = await send(remit)
        assert standing(remit, case_id)[0] == "closed"
    assert small.performed() == ["note"]


async def test_a_stop_that_comes_after_the_intent_is_obeyed(small: Small) -> None:
    """The intent is durable and the connector waits: a stop set now must still be seen."""
    small.settings = ASKS.format("witnessed")

    async with small.open(NOTE) as remit:

        def stops_it(size: int, *, timeout_seconds: float) -> bool:
            del size, timeout_seconds
            remit.writer.run(
                lambda uow: stops.set_stop(
                    uow, scope="all", sentence="Wait.", by=actor.person(OLGA), hard=True
                )
            )
            return True

        remit.runs.acknowledger.witnessed = stops_it
        case_id = await send(remit)
        await testing.pass_time(remit, small.clock, 60)
        codes = [
            entry.body["code"]
            for entry in remit.entries(case_id)
            if entry.event == "orchestration:effect:failed"
        ]
        assert codes == ["effect.authority_changed"]
        assert standing(remit, case_id)[0] == "parked"  # the second gate holds it
    assert small.performed() == []


async def test_what_slept_too_long_is_not_performed(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine was suspended between the commit and the call."""
    looks = iter([0.0, 6.0])
    monkeypatch.setattr(intending, "moment", lambda: next(looks, 0.0))
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id)[0] == "parked"
        assert small.performed() == []
        await testing.pass_time(remit, small.clock, 60)
        assert standing(remit, case_id)[0] == "closed"
        assert events(remit, case_id).count("orchestration:effect:intended") == 2
    assert small.performed() == ["note"]


async def test_no_door_opens_without_a_receipt(small: Small) -> None:
    """What holds a weaker receipt than the risk demands, or none, gets no credential."""
    async with small.open(PAY) as remit:
        await send(remit)
        executor: Executor = remit._executor
        action = remit.equipment[NAME].workflow.actions["note"]
        run = await remit.runs.open(remit.cases().rows[0].case_id)
        prepared = await executor.prepare(
            action, {"text": "x"}, run.masker.vault, acknowledge=SEQUENCED, listed={}, fields={}
        )
        weak = Reached(level=DURABLE, entries=(("c", 1),), hashes=(b"",))
        none = Reached(level=WITNESSED, entries=(), hashes=())
        for on in (weak, none):
            outcome = await executor.perform(prepared, key="k", on=on)
            assert isinstance(outcome, NotPerformed)
            assert not outcome.sent
    assert small.performed() == ["pay"]


async def test_levels_are_reached_one_by_one() -> None:
    receipt: Receipt[Any] = Receipt(
        value=None, entries=(("c", 1),), hashes=(b"h",), place=Place(positions=(4,), size=5)
    )
    nobody, somebody = Acknowledger(), Acknowledger(witnessed=Outside(answers=True))

    assert (await nobody.reach(receipt, DURABLE)).level is SEQUENCED  # it was that already
    assert (await nobody.reach(receipt, WITNESSED)).level is SEQUENCED
    assert (await somebody.reach(receipt, SEQUENCED)).level is SEQUENCED
    assert (await somebody.reach(receipt, WITNESSED)).level is WITNESSED
    somebody.witnessed = Outside(answers=False)
    assert (await somebody.reach(receipt, WITNESSED)).level is SEQUENCED
