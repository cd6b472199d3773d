"""Several workers as real processes: killed, frozen, starved, and told the same thing twice."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit import testing
from remit.domain import actor
from remit.governance.stops import set_stop
from tests import postgres
from tests.faults.lengths import times
from tests.faults.several import (
    Desk,
    all_closed,
    allow,
    closed,
    deliver_again,
    desk,
    events,
    keeper,
    name_of,
    pending,
    receive,
    sound,
    until,
    working,
)

pytestmark = pytest.mark.anyio
REASSIGNED = "orchestration:case:reassigned"
LATE = "orchestration:effect:late"
DELIVERED = times(12, long=300)  # cases, each three times


@pytest.fixture
def busy(tmp_path: Path, durable_url: str) -> Iterator[Desk]:
    with desk(tmp_path, durable_url) as made:
        yield made


async def test_every_case_closes_though_a_worker_is_killed_under_load(busy: Desk) -> None:
    async with busy.opened() as remit:
        await allow(remit, "note")
        workers = await working(busy, 3, look_seconds="0.2")
        cases = await receive(remit, 40)
        await until(lambda: closed(remit, cases) >= 5, "the first cases", desk=busy)

        workers[0].send(signal.SIGKILL)

        await all_closed(remit, cases, desk=busy)
        sound(remit, busy, cases)
        taken = {entry.body["worker"] for entry in events(remit, cases, REASSIGNED)}
        assert taken == {name_of(workers[0])}
    assert [worker.end() for worker in workers] == [-9, 0, 0]


async def test_a_frozen_worker_is_taken_over_and_writes_nothing_afterwards(busy: Desk) -> None:
    async with busy.opened() as remit:
        await allow(remit, "note")
        frozen, healthy = await working(busy, 2, call_seconds="1.5", look_seconds="0.05")
        cases = await receive(remit, 16)
        await until(lambda: len(busy.performed()) >= 16, "calls", desk=busy)

        frozen.send(signal.SIGSTOP)

        await all_closed(remit, cases, desk=busy)
        reassigned = events(remit, cases, REASSIGNED)
        assert {entry.body["worker"] for entry in reassigned} == {name_of(frozen)}
        frozen.send(signal.SIGCONT)
        await until(lambda: "goes on as" in frozen.log, "its new life", desk=busy)
        late = await receive(remit, 8, first=100)
        healthy.end()
        await all_closed(remit, late, desk=busy)
        sound(remit, busy, [*cases, *late])
        outcomes = events(remit, cases, LATE)
        assert outcomes, "the frozen worker was inside calls, and their answers came late"
        assert {entry.body["outcome"] for entry in outcomes} == {"confirmed"}
        assert events(remit, cases, "orchestration:effect:ambiguous")
    assert frozen.end() == 0


async def test_work_that_is_delivered_three_times_is_done_once(busy: Desk) -> None:
    async with busy.opened() as remit:
        await allow(remit, "note")
        cases = await receive(remit, DELIVERED)
        for number in range(2):
            deliver_again(remit, number)
        await working(busy, 2, look_seconds="0.1", call_seconds="0.1")
        await all_closed(remit, cases, desk=busy)
        sound(remit, busy, cases)
        # Whoever comes while another is in the middle of an effect asks the other system first.
        assert set(busy.performed().values()) == {1}
        assert len(busy.performed()) == DELIVERED
        assert len(events(remit, cases, "orchestration:case:closed")) == DELIVERED


async def test_another_process_keeps_the_log_when_the_keeper_is_killed(busy: Desk) -> None:
    async with busy.opened() as remit:
        await allow(remit, "note")
        workers = await working(busy, 3)
        remit.keeper.close()  # this process only looks: one of the workers takes the log
        await until(lambda: keeper(remit, workers) is not None, "a keeper", desk=busy)
        cases = await receive(remit, 10)
        first = keeper(remit, workers)
        assert first is not None

        first.send(signal.SIGKILL)

        await all_closed(remit, cases, desk=busy)
        await until(lambda: keeper(remit, workers) not in (None, first), "another", desk=busy)
        await until(lambda: pending(remit) == 0, "every number", desk=busy)
        sound(remit, busy, cases)


async def test_a_case_that_kills_its_process_goes_to_a_person_and_the_others_go_on(
    busy: Desk,
) -> None:
    async with busy.opened() as remit:
        await allow(remit, "note")
        await working(busy, 2, look_seconds="0.1")
        healthy = await receive(remit, 10)
        poison = await remit.receive(
            "busy-desk", {"order_id": "poison"}, channel="test", external_id="p"
        )
        for deaths in range(1, 4):
            await until(lambda n=deaths: dead(busy) == n, "a death", desk=busy)  # type: ignore[misc]  # a default binds the loop's value
            await working(busy, 1)
        row = lambda: remit.case(poison.case_id).row  # noqa: E731 - looked at again and again
        await until(lambda: row().status == "escalated", "the escalation", desk=busy)
        assert row().reason == "faulted"
        assert len(events(remit, [poison.case_id], REASSIGNED)) == 3
        await all_closed(remit, healthy, desk=busy)
        sound(remit, busy, healthy)


def dead(busy: Desk) -> int:
    return sum(one.process.poll() is not None for one in busy.workers)


async def test_an_approval_of_one_process_is_performed_by_another(busy: Desk) -> None:
    async with busy.opened() as remit:
        await allow(remit, "note")
        await working(busy, 2)
        cases = await receive(remit, 3, amount="12.00 EUR")
        await until(lambda: len(remit.inbox(person="olga").rows) == 3, "approvals", desk=busy)
        for row in remit.inbox(person="olga").rows:
            await testing.decide(remit, row.approval_id, person="olga")
        await all_closed(remit, cases, desk=busy)
        sound(remit, busy, cases)
        assert len(busy.calls()) == 6


async def test_a_stop_holds_in_every_worker_from_its_commit_on(busy: Desk) -> None:
    async with busy.opened() as remit:
        await allow(remit, "note")
        await working(busy, 2)
        before = await receive(remit, 4)
        await until(lambda: closed(remit, before) == 4, "cases before the stop", desk=busy)
        await remit.write(
            lambda uow: set_stop(uow, scope="everything", sentence="halt", by=actor.person("olga"))
        )
        after = await receive(remit, 8, first=100)
        await until(lambda: remit.counts()["ready"] == 0, "an end of all turns", desk=busy)
        sound(remit, busy, [*before, *after])
        assert events(remit, after, "orchestration:effect:intended") == []
        assert len(busy.calls()) == 4


async def test_a_drill_under_load_finds_nothing_intended_after_it_and_lets_all_go_on(
    busy: Desk,
) -> None:
    """Two workers are in the middle of calls: what had begun ends, the rest waits and goes on."""
    async with busy.opened() as remit:
        await allow(remit, "note")
        await working(busy, 2, call_seconds="0.2", look_seconds="0.01")
        cases = await receive(remit, 60)
        await until(lambda: len(busy.calls()) >= 6, "calls under way", desk=busy)

        drill = await remit.drill_stop("workflow:busy-desk", person="olga")

        assert (drill.intended_after, drill.unfinished) == (0, 0)
        assert drill.under_way > 0
        await all_closed(remit, cases, desk=busy)
        assert remit.stops() == ()
        sound(remit, busy, cases)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_work_goes_on_by_itself_after_postgresql_was_restarted_under_load(
    tmp_path: Path, mode: str
) -> None:
    if not postgres.available():
        postgres.url_for_tests(None)
    with postgres.server(durable=True) as server, desk(tmp_path, server.create()) as busy:
        async with busy.opened() as remit:
            await allow(remit, "note")
            await working(busy, 2, look_seconds="0.2", call_seconds="0.1")
            cases = await receive(remit, 20)
            await until(lambda: closed(remit, cases) >= 2, "the first cases", desk=busy)

            server.stop(mode=mode)
            server.start()

            await all_closed(remit, cases, desk=busy)
            sound(remit, busy, cases)
            assert set(busy.performed().values()) == {1}


async def test_a_new_version_takes_over_while_cases_are_open(busy: Desk) -> None:
    async with busy.opened() as remit:
        await allow(remit, "note")
        old = await working(busy, 1, look_seconds="0.3")
        cases = await receive(remit, 12)
        await until(lambda: closed(remit, cases) >= 1, "the first cases", desk=busy)
        newer = busy.folder.with_name("newer")
        shutil.copytree(busy.folder, newer)
        code = newer / "busy.py"
        code.write_text(code.read_text("utf-8").replace('return "done"', 'return "done anew"'))

        new = busy.start(folder=newer)
        await until(lambda: name_of(new) is not None, "the new version", desk=busy)
        assert old[0].end() == 0

        late = await receive(remit, 4, first=100)
        await all_closed(remit, [*cases, *late], desk=busy)
        ended = events(remit, late, "orchestration:case:closed")
        assert {entry.payloads["result"] for entry in ended} == {"done anew"}
        assert events(remit, cases, REASSIGNED) == []
    assert new.end() == 0
