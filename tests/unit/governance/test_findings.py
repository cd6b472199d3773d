"""What `remit doctor` says: nothing of a desk that does well, and each alarm when it is due."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.governance import findings, health, proof
from remit.governance.findings import Finding, Verdict
from remit.integrations.recorder import Fault
from remit.store.database import open_database
from remit.store.lanes import LANE_UNITS_MAX
from remit.store.unit import UnitOfWork
from tests.projects import NAME, Small, operations, send
from tests.unit.orchestration.test_versions import SLEEPS, pin

pytestmark = pytest.mark.anyio

NOTE = "return (await run.act(note, text='hello')).state"
PARKED = "await run.sleep(seconds=60)"
FOR_EVERY_DESK = {"anchors", "last full verify"}  # on this host only, and never yet


def lines(remit: Remit) -> dict[str, Finding]:
    """Return what is said, by name."""
    found = findings.findings(remit.health())
    assert all(bool(one.then) == (one.verdict is not Verdict.GOOD) for one in found)
    return {one.name: one for one in found}


def bad(remit: Remit) -> dict[str, Verdict]:
    """Return what is not good, but for what is true of every new desk."""
    found = lines(remit).items()
    return {name: one.verdict for name, one in found if one.verdict and name not in FOR_EVERY_DESK}


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Small(folder=tmp_path, database=url, signers=2)


async def test_nothing_is_said_of_a_desk_that_does_well(desk: Small) -> None:
    async with desk.open(NOTE) as remit:
        for number in range(3):
            await send(remit, external_id=f"message-{number}")
        assert bad(remit) == {}
        said = {name: one.said for name, one in lines(remit).items()}
        assert said["balance"] == "0"
        assert said[NAME].endswith("3 closed")
        assert said["workers"] == "1 at work"
        assert said["unsettled"] == said["in doubt"] == said["waits for nothing"] == "0"
        assert said["breakers"] == "all closed"
        assert ("sessions of the server" in said) == (desk.database is not None)
        assert ("free on the disk" in said) == (desk.database is None)
        day = f"{desk.clock():%Y-%m-%d}"
        assert remit.health().rows.days[day] == {
            "closed.completed": 3, "effect.confirmed": 3, "gate.cleared": 3, "received": 3,
        }  # fmt: skip


async def test_a_verify_by_night_is_shown_until_it_is_too_old(small: Small) -> None:
    async with small.open(NOTE) as remit:
        assert lines(remit)["last full verify"].verdict is Verdict.LOOK
        await remit._verified()
        found = lines(remit)["last full verify"]
        assert (found.verdict, found.said.split(",")[0]) == (Verdict.GOOD, "intact")
        small.clock.advance(timedelta(days=3).total_seconds())
        assert lines(remit)["last full verify"].verdict is Verdict.LOOK


async def test_a_case_that_is_nowhere_is_an_alarm(desk: Small) -> None:
    async with desk.open(NOTE, attacked=True) as remit:
        await send(remit)
        remit.writer.run(
            lambda uow: uow.connection.execute(
                "update case_counts set n = n - 1 where status = 'closed' and n > 0"
            )
        )
        found = lines(remit)["balance"]
        assert (found.said, found.verdict, found.alarm) == ("1", Verdict.ACT, True)
        assert "remit ledger rebuild --check" in found.then


async def test_an_effect_in_doubt_is_an_alarm_after_a_quarter_of_an_hour(desk: Small) -> None:
    desk.plug(operations(keys=False))
    desk.tape.fail("note", Fault.TIMEOUT_AFTER)
    desk.tape.fail("find", Fault.UNAVAILABLE, times=99)
    async with desk.open(NOTE) as remit:
        await send(remit)
        assert bad(remit) == {"in doubt": Verdict.LOOK}
        desk.clock.advance(15 * 60 + 1)
        found = lines(remit)["in doubt"]
        assert (found.said, found.verdict, found.alarm) == ("1, the oldest 15 min", 2, True)


async def test_late_timers_are_an_alarm_where_somebody_works(desk: Small) -> None:
    async with desk.open(PARKED) as remit:
        await send(remit)
        await remit.worker.stop()
        desk.clock.advance(60 + 30)
        assert lines(remit)["timer lag"].verdict is Verdict.GOOD
        desk.clock.advance(1)
        found = lines(remit)["timer lag"]
        assert (found.said, found.verdict, found.alarm) == ("31 s", Verdict.ACT, True)


async def test_entries_that_nobody_numbers_are_an_alarm(tmp_path: Path, postgres_url: str) -> None:
    small = Small(folder=tmp_path, database=postgres_url, signers=2)
    async with small.open(PARKED, replays=False, attacked=True) as remit:
        remit.keeper.close()
        await remit.receive(NAME, {"order_id": "7"}, channel="test", external_id="late")
        small.clock.advance(11)
        found = lines(remit)["entries without a number"]
        assert (found.verdict, found.alarm) == (Verdict.ACT, True)
        assert found.said.endswith("the oldest 11 s")


async def test_a_stranded_version_is_an_alarm(small: Small) -> None:
    pin(small, SLEEPS)
    async with small.open() as remit:
        await send(remit, message="old")
    pin(small, SLEEPS.replace("'old'", "'new'"))
    async with small.open() as remit:
        await testing.pass_time(remit, small.clock, 61)
    small.clock.advance(62)
    async with small.open() as remit:
        await remit.settled()
        found = lines(remit)["stranded"]
        assert (found.said, found.verdict, found.alarm) == ("1", Verdict.ACT, True)


async def test_a_full_lane_is_an_alarm(small: Small) -> None:
    async with small.open(NOTE) as remit:
        gate, inside = threading.Event(), threading.Event()

        def hold(_: UnitOfWork) -> None:
            inside.set()
            gate.wait(timeout=60)

        try:
            remit.writer.submit(hold)
            inside.wait(timeout=60)
            waiting = [remit.writer.submit(_nothing) for _ in range(LANE_UNITS_MAX["ordinary"])]
            found = lines(remit)["writer lane"]
        finally:
            gate.set()
        waiting[-1].result()
        assert (found.verdict, found.alarm) == (Verdict.ACT, True)
        assert found.said.startswith("8,192 of 8,192 ordinary")


async def test_a_case_that_waited_for_nothing_is_an_alarm(desk: Small) -> None:
    async with desk.open(PARKED) as remit:
        case_id = await send(remit)
        remit.writer.run(
            lambda uow: uow.connection.execute("delete from waits where case_id = ?", (case_id,))
        )
        await remit.timekeeper.sweep()
        found = lines(remit)["waits for nothing"]
        assert (found.said, found.verdict, found.alarm) == ("1", Verdict.ACT, True)


async def test_an_open_breaker_and_those_who_wait_for_it_are_shown(small: Small) -> None:
    small.tape.fail("getOrder", Fault.UNAVAILABLE, times=99)
    async with small.open('await run.read(get_order, order_id="7")') as remit:
        for number in range(4):
            await send(remit, external_id=f"message-{number}")
        found = lines(remit)
        assert found["breakers"].said == "connector:tape open"
        assert found["breaker connector:tape"].verdict is Verdict.LOOK
        waiting = sum(remit.health().rows.tried_later.values())
        assert waiting == 4


async def test_a_stopped_desk_is_looked_at_by_another_process(small: Small) -> None:
    async with small.open(PARKED) as remit:
        await send(remit)
        assert remit.database.owner().startswith("`remit test` (process ")
        keys, anchors = remit.health().keys, remit.anchored()
        url = f"sqlite:///{small.folder}/data/remit.db"
    database = open_database(url, read_only=True)
    try:
        seen = health.look(database, keys=keys, anchors=anchors, now=small.clock())
    finally:
        database.close()
    found = {one.name: one for one in findings.findings(seen)}
    assert found["workers"].said == "not running"
    assert "1 cases are open and nobody works on them" in found["workers"].then
    assert found["in memory"].said == "not running"


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (59, True), (180, False), (-180, False)])
def test_a_proof_is_good_for_its_minute(seconds: int, *, good: bool) -> None:
    clock = testing.FrozenClock()
    keyed: Callable[[str, bytes], str] = lambda label, data: f"{label}{data.hex()}"  # noqa: E731
    given = proof.made(keyed, clock())
    assert proof.good(keyed, clock() + timedelta(seconds=seconds), given) is good
    assert not proof.good(lambda _, data: data.hex(), clock(), given)


def _nothing(_: UnitOfWork) -> None:
    return None
