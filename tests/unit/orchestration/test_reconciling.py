"""Effects that nobody is sure about: they are found out about, under the gate, and in bounds."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from remit import testing
from remit.integrations import connector as answers
from remit.integrations.recorder import Fault
from tests.projects import (
    NAME,
    OLGA,
    Small,
    events,
    found,
    lift_stop,
    only_waiting,
    result,
    send,
    set_stop,
    standing,
    states,
)

pytestmark = pytest.mark.anyio

NOTE = 'return (await run.act(note, text="hello")).receipt.id'
OUTCOMES = ("confirmed", "dispatched", "failed", "ambiguous", "intended", "reconciled")


class Later:
    """A tape whose other system accepts at once and answers when it is told to."""

    def __init__(self, inner: Any, *, until: datetime | None) -> None:
        self.inner = inner
        self.until = until
        self.finding: str = "unknown"
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def perform(self, call: Any, **given: Any) -> Any:
        done = await self.inner.perform(call, **given)
        assert isinstance(done, answers.Performed)
        return answers.Accepted(receipt=done.receipt, until=self.until)

    async def find(self, operation: str, key: str, *, credential: str | None) -> Any:
        self.asked += 1
        if self.finding == "unknown":
            return answers.Unknown(why="not yet")
        if self.finding == "absent":
            return answers.Absent()
        return await self.inner.find(operation, key, credential=credential)


def later(small: Small, *, hours: float = 48) -> Later:
    """Plug a tape in that answers later."""
    made = Later(small.tape, until=small.clock() + timedelta(hours=hours))
    small.tape = made  # type: ignore[assignment]  # it does what the tape does
    return made


def effect_events(remit: Any, case_id: str) -> list[str]:
    """Return the verbs of what became of the effects of a case."""
    return [
        name.rpartition(":")[2]
        for name in events(remit, case_id)
        if name.startswith("orchestration:effect:")
    ]


@pytest.mark.parametrize("hard", [False, True])
async def test_a_stop_holds_what_would_be_repeated_and_lifting_lets_it_go(
    small: Small, *, hard: bool
) -> None:
    """Nothing is intended after the stop, and the other system is asked all the same."""
    small.tape.fail("note", Fault.ERROR_BEFORE)
    async with small.open(NOTE, replays=False) as remit:
        case_id = await send(remit)
        await set_stop(remit, hard=hard)
        for _ in range(4):
            await testing.pass_time(remit, small.clock, 20)
        assert small.performed() == []
        assert states(remit, case_id) == [("note", "ambiguous")]
        assert effect_events(remit, case_id).count("intended") == 1
        await lift_stop(remit)
        for _ in range(4):
            await testing.pass_time(remit, small.clock, 600)
        assert result(remit, case_id) == "tape-1"
    assert small.performed() == ["note"]


async def test_two_that_are_not_there_do_not_wait_for_one_another(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both were cleared and begun when the answers failed: each is sent again under its key."""
    small.tape.fail("note", Fault.ERROR_BEFORE, times=2)
    perform, begun, both = small.tape.perform, list[str](), asyncio.Event()

    async def together(*given: Any, **more: Any) -> Any:
        begun.append("one")
        if len(begun) == 2:
            both.set()
        await both.wait()
        return await perform(*given, **more)

    monkeypatch.setattr(small.tape, "perform", together)
    async with small.open(NOTE, replays=False) as remit:
        cases = [
            await remit.receive(NAME, {"message": name}, channel="test", external_id=name)
            for name in ("one", "two")
        ]
        await remit.settled()
        assert [states(remit, one.case_id) for one in cases] == [[("note", "ambiguous")]] * 2
        for _ in range(4):
            await testing.pass_time(remit, small.clock, 20)
        assert [states(remit, one.case_id) for one in cases] == [[("note", "confirmed")]] * 2
    assert small.performed() == ["note", "note"]


async def test_a_stop_does_not_hold_the_word_that_it_has_happened(small: Small) -> None:
    """To find out is no effect."""
    small.tape.fail("note", Fault.TIMEOUT_AFTER)
    async with small.open(NOTE, replays=False) as remit:
        case_id = await send(remit)
        await set_stop(remit, hard=True)
        await testing.pass_time(remit, small.clock, 5)
        assert result(remit, case_id) == "tape-1"
    assert small.performed() == ["note"]


async def test_what_is_accepted_waits_until_its_time_and_is_asked_about(small: Small) -> None:
    """Accepted is not in doubt: it is, once the time has passed that the other system gave."""
    tape = later(small)
    async with small.open(NOTE, replays=False) as remit:
        case_id = await send(remit)
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 4 * 3600)
        assert states(remit, case_id) == [("note", "dispatched")]
        assert "ambiguous" not in effect_events(remit, case_id)
        assert tape.asked
        tape.finding = "there"
        await testing.pass_time(remit, small.clock, 4 * 3600)
        assert result(remit, case_id) == "tape-1"
    assert small.performed() == ["note"]


async def test_what_is_accepted_and_never_answered_is_in_doubt_after_its_time(
    small: Small,
) -> None:
    """After `until` it is ambiguous, like an answer that never came."""
    tape = later(small, hours=2)
    async with small.open(NOTE, replays=False) as remit:
        case_id = await send(remit)
        tape.finding = "absent"  # while it is accepted, that it is not there says nothing
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 1800)
        assert states(remit, case_id) == [("note", "dispatched")]
        assert effect_events(remit, case_id).count("intended") == 1
        tape.finding = "unknown"
        await testing.pass_time(remit, small.clock, 3600)
        assert states(remit, case_id) == [("note", "ambiguous")]
        tape.finding = "there"
        await testing.pass_time(remit, small.clock, 3600)
        assert result(remit, case_id) == "tape-1"


async def test_a_repeat_that_is_accepted_again_is_no_illegal_move(small: Small) -> None:
    """Ambiguous, absent, repeated, accepted: it waits again."""
    tape = later(small, hours=1)
    async with small.open(NOTE, replays=False) as remit:
        case_id = await send(remit)
        tape.finding = "absent"
        tape.until = small.clock() + timedelta(hours=6)
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 3700)
        assert standing(remit, case_id) == ("parked", "effect")
        assert effect_events(remit, case_id).count("intended") == 2
        tape.finding = "there"
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 3 * 3600)
        assert result(remit, case_id) == "tape-1"
    assert small.performed() == ["note"]  # the same key: the other system did it once


async def test_no_more_attempts_than_tries(small: Small) -> None:
    """An effect that fails each time and is never there is left to a person after a while."""
    small.tape.fail("note", Fault.ERROR_BEFORE, times=99)
    async with small.open(NOTE, replays=False) as remit:
        case_id = await send(remit)
        for _ in range(20):
            await testing.pass_time(remit, small.clock, 4000)
        assert effect_events(remit, case_id).count("intended") <= 8
        assert standing(remit, case_id) == ("parked", "effect")
        assert remit.counts()["balance"] == 0


class Odd(Later):
    """A connector that answers something that is none of the four answers."""

    async def perform(self, call: Any, **given: Any) -> Any:
        await self.inner.perform(call, **given)
        return {"what": "is this"}


async def test_an_answer_that_is_none_is_in_doubt(small: Small) -> None:
    """A dict instead of an answer: it may have happened, so it is found out about."""
    odd = Odd(small.tape, until=None)
    small.tape = odd  # type: ignore[assignment]  # it does what the tape does
    async with small.open(NOTE, replays=False) as remit:
        case_id = await send(remit)
        assert states(remit, case_id) == [("note", "ambiguous")]
        entry = found(remit, case_id, "orchestration:effect:ambiguous")[0]
        assert entry.body["code"] == "effect.odd_answer"
        odd.finding = "there"
        await testing.pass_time(remit, small.clock, 5)
        assert result(remit, case_id) == "tape-1"
    assert small.performed() == ["note"]


async def test_what_would_do_the_same_to_the_same_record_waits_until_it_is_known(
    small: Small,
) -> None:
    """No yes lifts that: nobody is asked, other records go on, and it runs once it is known."""
    small.granted = ()
    body = """
    order = await run.read(get_order, order_id=case.order_id)
    done = await run.act(pay, order_id=order.id, amount=case.amount)
    return done.receipt.id
    """
    async with small.open(body) as remit:
        first = await send(remit, amount="10 EUR")
        small.tape.fail("pay", Fault.TIMEOUT_AFTER)
        small.tape.fail("find", Fault.UNAVAILABLE, times=4)
        await testing.decide(remit, only_waiting(remit).approval_id, person=OLGA)
        await testing.pass_time(remit, small.clock, 1)
        assert states(remit, first) == [("pay", "ambiguous")]
        second = await send(remit, amount="10 EUR", message="again")
        assert standing(remit, second) == ("parked", "lift")
        other = await send(remit, amount="10 EUR", order_id="8")
        assert standing(remit, other) == ("parked", "approval")
        for _ in range(8):
            await testing.pass_time(remit, small.clock, 700)
        assert result(remit, first) == "tape-1"
        assert standing(remit, second) == ("parked", "approval")
    assert small.performed() == ["pay"]
