"""When too much is under way: bulk is refused first, then all intake, and never what is inside."""

import asyncio
import sys
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.case import Priority
from remit.errors import IntakeBusyError
from remit.orchestration import takeover
from tests.projects import NAME, OLGA, Small, found, send, standing, waiting

pytestmark = pytest.mark.anyio

HELD = """
order = await run.read(get_order, order_id="7")
return (await run.act(pay, order_id=order.id, amount=order.total)).state
"""
RUNNING = "\n[workflow.running]\n"
MINUTE = 60


async def come(remit: Remit, number: int, priority: Priority = Priority.NORMAL) -> str:
    admission = await remit.receive(
        NAME, {"order_id": "7"}, channel="test", external_id=f"come-{number}", priority=priority
    )
    return admission.case_id


async def refused(remit: Remit, number: int, priority: Priority = Priority.NORMAL) -> str:
    before = remit.counts()["received"]
    with pytest.raises(IntakeBusyError) as error:
        await come(remit, number, priority)
    assert (error.value.status, error.value.code) == (503, "intake.busy")
    assert error.value.retry_after_seconds >= 1
    assert remit.counts()["received"] == before
    return str(error.value)


async def test_as_many_cases_as_may_be_open_and_no_more(tmp_path: Path) -> None:
    small = Small(folder=tmp_path, settings=RUNNING + "open_cases_max = 3\n")
    async with small.open("await run.sleep(seconds=60)") as remit:
        for number in range(3):
            await send(remit, external_id=f"come-{number}")
        assert "3 cases are open" in await refused(remit, 3)
        again = await remit.receive(NAME, {"order_id": "7"}, channel="test", external_id="come-0")
        assert again.duplicate, "what is a case already is said to be one"
        await testing.pass_time(remit, small.clock, MINUTE)
        await come(remit, 3)


async def test_when_people_are_behind_bulk_pauses_and_the_rest_comes_in(tmp_path: Path) -> None:
    small = Small(folder=tmp_path, granted=(), settings=RUNNING + "held_max = 2\n")
    async with small.open(HELD) as remit:
        for number in range(2):
            await send(remit, external_id=f"held-{number}")
        small.clock.advance(2)

        assert "wait for people" in await refused(remit, 1, Priority.BULK)
        await come(remit, 2)
        await remit.settled()
        for row in waiting(remit)[:2]:
            await testing.decide(remit, row.approval_id, person=OLGA)
        await remit.settled()
        small.clock.advance(2)
        await come(remit, 4, Priority.BULK)


async def test_late_cases_shed_bulk_first_and_then_all(small: Small) -> None:
    async with small.open("return 1") as remit:
        await remit.worker.stop()  # nobody runs them
        await come(remit, 0)
        small.clock.advance(239)
        await come(remit, 1, Priority.BULK)
        small.clock.advance(2)
        assert "waited for more than 240 seconds" in await refused(remit, 2, Priority.BULK)
        assert remit.must_wait(NAME, Priority.BULK)
        await come(remit, 3)
        small.clock.advance(60)
        assert "waited for more than 300 seconds" in await refused(remit, 4)


SLOW = """
MAY = asyncio.Event()


@desk.tool
async def slowly() -> Order:
    await MAY.wait()
    return Order.model_validate(await tape.read("getOrder", order_id="7"))
"""


async def test_a_desk_that_was_down_takes_mail_while_it_works_on_what_was_left(
    small: Small,
) -> None:
    async with small.open("await run.read(slowly)\nreturn 1", more=SLOW) as remit:
        await remit.worker.stop()
        await come(remit, 0)
    small.clock.advance(400)
    async with small.open() as remit:
        await come(remit, 1)
        assert int(str(remit.metrics()["ready_oldest_seconds"])) >= 400, "it is said all the same"
        small.clock.advance(239)
        await come(remit, 2, Priority.BULK)
        small.clock.advance(2)
        assert "waited for more than 240 seconds" in await refused(remit, 3, Priority.BULK)
        small.clock.advance(60)
        assert "waited for more than 300 seconds" in await refused(remit, 4)
        sys.modules[remit.equipment[NAME].workflow.tools["slowly"].body.__module__].MAY.set()
        await remit.settled()
        small.clock.advance(2)
        await come(remit, 5)


async def test_little_disk_refuses_intake_and_lets_the_rest_go_on(small: Small) -> None:
    small.granted = ()
    async with small.open(HELD) as remit:
        case_id = await send(remit)
        remit.pressure.disk_free_min = 2**62
        small.clock.advance(2)
        assert "of disk are free" in await refused(remit, 1)
        assert not remit.must_wait(NAME, Priority.NORMAL), "somebody has to make room"
        await testing.decide(remit, waiting(remit)[0].approval_id, person=OLGA)
        await remit.settled()
        assert standing(remit, case_id) == ("closed", "completed")
        assert small.performed() == ["pay"]


async def test_a_writer_in_arrears_for_a_second_refuses_intake_and_takes_verdicts(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.granted = ()
    async with small.open(HELD) as remit:
        case_id = await send(remit)
        monkeypatch.setattr(type(remit.writer), "depth", lambda *_: 4_097)
        await come(remit, 1)  # over half, but not yet for a second
        small.clock.advance(1)
        assert "writes are waiting" in await refused(remit, 2)
        assert await remit.cancel(case_id, person=OLGA, reason="still heard")


async def test_the_numbers_add_up(small: Small) -> None:
    small.granted = ()
    async with small.open(HELD) as remit:
        case_id = await send(remit)
        numbers = remit.metrics()

        assert numbers["case_balance"] == 0
        assert numbers["cases"] == {
            "ready": 0, "parked": 1, "escalated": 0, "quarantined": 0, "closed": 0,
        }  # fmt: skip
        # Warned, due, expired, and looked at again.
        assert (numbers["approvals_waiting"], numbers["timers"]) == (1, 4)
        assert numbers["breakers"] == {"connector:tape": "closed"}
        assert numbers["turns"] == 1
        assert found(remit, case_id, "governance:approval:requested")
        small.clock.advance(100 * 3_600)
        assert int(str(remit.metrics()["timer_lag_seconds"])) > 3_600


async def test_a_run_that_another_has_taken_over_is_counted(small: Small) -> None:
    async with small.open("await run.read(slowly)\nreturn 1", more=SLOW, replays=False) as remit:
        await come(remit, 0)
        case_id = next(iter(remit.cases().rows)).case_id
        for _ in range(2_000):
            if case_id in remit.engine.live:
                break
            await asyncio.sleep(0.005)
        await remit.write(lambda uow: takeover.reassign(uow, case_id, "gone"), streams=(case_id,))
        sys.modules[remit.equipment[NAME].workflow.tools["slowly"].body.__module__].MAY.set()
        await remit.settled()
        assert standing(remit, case_id) == ("closed", "completed")
        assert remit.metrics()["fenced"] == 1
