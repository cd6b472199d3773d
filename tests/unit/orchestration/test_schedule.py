"""What happens with time: reminders, expiry, cases that take too long or wait for nothing."""

from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.ids import control_stream
from remit.errors import SettingsError
from remit.orchestration.jobs import Job
from tests.projects import NAME, Small, events, found, send, standing, waiting

pytestmark = pytest.mark.anyio
HELD = """
order = await run.read(get_order, order_id="7")
return (await run.act(pay, order_id=order.id, amount=order.total)).state
"""
HOUR = 3_600


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    """A small desk on each database, at which every payment is held."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Small(folder=tmp_path, database=url, granted=())


def stages(remit: Remit, case_id: str) -> list[tuple[str, object]]:
    return [
        (str(one.body["stage"]), one.body["step"])
        for one in found(remit, case_id, "governance:approval:reminded")
    ]


async def test_an_approval_reminds_before_it_expires_and_never_approves(desk: Small) -> None:
    async with desk.open(HELD) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("parked", "approval")

        await testing.pass_time(remit, desk.clock, 2 * HOUR - 1)
        assert stages(remit, case_id) == []
        await testing.pass_time(remit, desk.clock, 1)
        assert stages(remit, case_id) == [("warn", 0)]
        await testing.pass_time(remit, desk.clock, 2 * HOUR)
        assert stages(remit, case_id) == [("warn", 0), ("due", 0)]
        for _ in range(8):
            await testing.pass_time(remit, desk.clock, HOUR)
        assert stages(remit, case_id)[2:] == [("escalate", step) for step in range(1, 6)]
        assert len(waiting(remit)) == 1
        await testing.pass_time(remit, desk.clock, 72 * HOUR)

        assert standing(remit, case_id) == ("escalated", "approval.expired")
        assert desk.performed() == []


async def test_after_a_long_stop_everything_due_happens_in_its_order(desk: Small) -> None:
    async with desk.open(HELD) as remit:
        case_id = await send(remit)
    desk.clock.advance(100 * HOUR)
    async with desk.open() as remit:
        await testing.pass_time(remit, desk.clock, 0)

        assert standing(remit, case_id) == ("escalated", "approval.expired")
        told = events(remit, case_id)
        last = [name for name in told if name.startswith("governance:approval:")]
        assert last[-3:] == [
            "governance:approval:reminded", "governance:approval:reminded",
            "governance:approval:closed",
        ]  # fmt: skip


async def test_a_decided_approval_reminds_nobody(desk: Small) -> None:
    async with desk.open(HELD) as remit:
        case_id = await send(remit)
        await testing.decide(remit, waiting(remit)[0].approval_id, person="olga")
        await remit.settled()
        await testing.pass_time(remit, desk.clock, 100 * HOUR)

        assert stages(remit, case_id) == []
        assert desk.performed() == ["pay"]


async def test_a_case_that_takes_too_long_is_said_to_once(tmp_path: Path) -> None:
    desk = Small(
        folder=tmp_path, granted=(), settings="\n[workflow.running]\ncase_seconds = 3600\n"
    )
    async with desk.open(HELD) as remit:
        case_id = await send(remit)
        for _ in range(3):
            await testing.pass_time(remit, desk.clock, HOUR)

        assert len(found(remit, case_id, "orchestration:case:overdue")) == 1
        assert standing(remit, case_id) == ("parked", "approval")


async def test_a_parked_case_that_waits_for_nothing_goes_to_a_person(small: Small) -> None:
    async with small.open("await run.sleep(seconds=60)") as remit:
        case_id = await send(remit)
        assert await remit.timekeeper.sweep() == 0
        remit.writer.run(
            lambda uow: uow.connection.execute("delete from waits where case_id = ?", (case_id,))
        )

        assert await remit.timekeeper.sweep() == 1
        assert standing(remit, case_id) == ("escalated", "nothing-to-wait-for")


async def test_while_the_clock_is_in_doubt_nothing_expires_and_nothing_begins(
    small: Small,
) -> None:
    async with small.open("await run.sleep(seconds=60)") as remit:
        parked = await send(remit)
        watch = remit.timekeeper.watch
        watch.elapsed = lambda: 0.0
        watch.confirm()
        small.clock.advance(400)

        assert await remit.timekeeper.tick() == 0
        admission = await remit.receive(NAME, {"order_id": "8"}, channel="test")
        assert standing(remit, parked) == ("parked", "time")
        assert standing(remit, admission.case_id) == ("ready", None)

        assert round(await remit.confirm_clock(person="olga")) == 400
        assert await remit.timekeeper.tick() == 1
        await remit.settled()
        assert standing(remit, parked) == ("closed", "completed")
        assert standing(remit, admission.case_id) == ("parked", "time")


async def test_a_job_runs_once_for_its_time_and_once_for_all_that_it_missed(small: Small) -> None:
    runs: list[bool] = []

    async def work() -> None:
        runs.append(True)

    async with small.open("return 1") as remit:
        jobs = remit.timekeeper.jobs
        jobs.jobs = {"nightly": Job(cron="30 2 * * *", zone="Europe/Berlin", work=work)}
        await jobs.begin()
        await testing.pass_time(remit, small.clock, 16.4 * HOUR)
        assert runs == []
        await testing.pass_time(remit, small.clock, 0.2 * HOUR)
        await testing.pass_time(remit, small.clock, 1)
        await jobs.finish()
        assert runs == [True]
        await jobs.begin()  # another start of the process changes nothing
        await testing.pass_time(remit, small.clock, 10 * 24 * HOUR)
        await testing.pass_time(remit, small.clock, 1)
        await jobs.finish()
        assert runs == [True, True]
        ran = [
            entry.body["late"]
            for entry in remit.entries(control_stream("schedules"))
            if entry.event == "orchestration:schedule:ran"
        ]
        assert ran == [True, True]  # ten minutes late, and days


async def test_the_ledger_is_verified_by_night_and_the_record_says_so(small: Small) -> None:
    async with small.open("return 1") as remit:
        await send(remit)
        remit.schedule(verify_cron="0 3 * * *", zone="UTC")
        await remit.timekeeper.jobs.begin()
        await testing.pass_time(remit, small.clock, 18 * HOUR)
        await remit.timekeeper.jobs.finish()

        told = [
            (entry.event, entry.body["result"])
            for entry in remit.entries(control_stream("ledger"))
            if entry.event == "ledger:verify:finished"
        ]
        assert told == [("ledger:verify:finished", "intact")]
        with pytest.raises(SettingsError):
            remit.schedule(verify_cron="at night", zone="UTC")
