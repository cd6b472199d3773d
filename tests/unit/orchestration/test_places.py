"""Calls to what is scarce: never more at once than it may have, and those in line come later."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit import testing
from remit.app import Remit
from remit.domain.value import Json
from remit.errors import CrowdedError, ToolUnavailableError
from remit.integrations.connector import Call, Record
from remit.integrations.recorder import RecorderConnector
from remit.orchestration.places import Places, lowest
from tests.loopback.models import serving
from tests.projects import PROMPT, Small, events, found, operations, result, send, standing

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
READ = 'return (await run.read(get_order, order_id="7")).id'
PAY = """
order = await run.read(get_order, order_id="7")
return (await run.act(pay, order_id=order.id, amount=order.total)).state
"""
TAPE = """
[workflow.connectors.tape]
kind = "recorder"
"""


class Counting(RecorderConnector):
    """A tape that takes its time and counts how many calls are under way."""

    def __init__(self, order: Mapping[str, Json]) -> None:
        super().__init__("tape", operations(), answers={"getOrder": lambda _: dict(order)})
        self.inside = self.most = self.in_all = 0
        self.may = asyncio.Event()

    async def read(self, call: Call, *, credential: str | None, timeout_seconds: float) -> Record:
        self.inside, self.in_all = self.inside + 1, self.in_all + 1
        self.most = max(self.most, self.inside)
        try:
            await self.may.wait()
            return await super().read(call, credential=credential, timeout_seconds=timeout_seconds)
        finally:
            self.inside -= 1


def limited(small: Small, most: int) -> None:
    """Let the tape have so many calls at once."""
    place = small.folder / "project" / "remit.toml"
    place.write_text(place.read_text().replace(TAPE, f"{TAPE}concurrent_max = {most}\n"))
    assert "concurrent_max" in place.read_text()


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never held")


async def come(remit: Remit, count: int) -> list[str]:
    got = [
        await remit.receive(
            "small-desk", {"order_id": "7"}, channel="test", external_id=f"message-{number}"
        )
        for number in range(count)
    ]
    return [one.case_id for one in got]


async def test_the_rest_stand_in_line_and_park_without_spending_a_try(small: Small) -> None:
    small.write(READ)
    limited(small, 2)
    small.tape = tape = Counting(small.order)
    async with small.open() as remit:
        remit.breakers.places.line_seconds_max = 0.1
        cases = await come(remit, 7)
        await until(lambda: sum(standing(remit, one)[0] == "parked" for one in cases) == 5)
        assert (tape.inside, tape.most) == (2, 2)
        assert remit.metrics()["places"] == {
            "connector:tape": {"calls": 2, "most": 2, "in_line": 0, "parked": 5}
        }
        parked = [one for one in cases if standing(remit, one)[0] == "parked"]
        assert {standing(remit, one)[1] for one in parked} == {"place"}
        waits = [found(remit, one, "orchestration:wait:started")[0] for one in parked]
        due = sorted(one.number("expires_us") or 0 for one in waits)
        assert len(set(due)) == 5, "they come again one after the other"

        tape.may.set()
        for _ in range(20):
            await testing.pass_time(remit, small.clock, 16)
        assert {standing(remit, one)[0] for one in cases} == {"closed"}
        assert (tape.most, tape.in_all) == (2, 7)
        for case_id in cases:
            assert result(remit, case_id) == "7"
            assert "orchestration:step:failed" not in events(remit, case_id)


async def test_an_effect_that_finds_no_place_is_not_sent_and_comes_later(small: Small) -> None:
    small.write(PAY)
    limited(small, 1)
    async with small.open() as remit:
        places = remit.breakers.places
        places.line_seconds_max = 0.1
        await places.take("connector:tape")
        case_id = await send(remit)
        assert standing(remit, case_id) == ("parked", "place")
        places.give_back("connector:tape")
        taken: list[object] = []

        async def crowd(call: Call, *, credential: str | None, timeout_seconds: float) -> Record:
            answer = await RecorderConnector.read(
                small.tape, call, credential=credential, timeout_seconds=timeout_seconds
            )
            if not taken:
                taken.append(asyncio.ensure_future(places.take("connector:tape")))
            return answer

        small.tape.read = crowd  # type: ignore[method-assign]  # somebody else is quicker
        await testing.pass_time(remit, small.clock, 6)
        failed = found(remit, case_id, "orchestration:effect:failed")
        assert [one.body["code"] for one in failed] == ["step.crowded"]
        assert small.performed() == []
        places.give_back("connector:tape")
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 60)
        assert result(remit, case_id) == "confirmed"
    assert small.performed() == ["pay"]


MODEL = """
[workflow.models.house]
provider = "openai"
id = "counted"
base_url = "{url}"
concurrent_max = 3

[workflow.routes.reply]
models = ["house"]
"""


async def test_a_model_is_never_asked_more_often_at_once(tmp_path: Path) -> None:
    """A real server on loopback counts; with places enough it sees all of them at once."""
    with serving() as models:
        models.together = 3
        small = Small(
            folder=tmp_path, settings=MODEL.format(url=models.url),
            files={"prompts/say.md": PROMPT},
        )  # fmt: skip
        async with small.open('return (await run.ask("say", message="hi")).text') as remit:
            remit.breakers.places.line_seconds_max = 60.0  # the first call imports a library
            cases = await come(remit, 12)
            await remit.settled()
            assert {result(remit, one) for one in cases} == {"hello"}
            assert (models.most, len(models.log)) == (3, 12)
            remit.breakers.places.concurrent_max = {}
            models.together = 12
            for number in range(12):
                await remit.receive(
                    "small-desk", {"order_id": "7"}, channel="test", external_id=f"more-{number}"
                )
            await remit.settled()
        assert (models.most, models.inside) == (12, 0)


async def test_a_breaker_and_a_place_do_not_stand_in_each_others_way(small: Small) -> None:
    calls = []

    def down(_: Mapping[str, object]) -> Json:
        calls.append(1)
        raise ToolUnavailableError("the shop does not answer")

    small.write(READ)
    limited(small, 1)
    small.tape = RecorderConnector("tape", operations(), answers={"getOrder": down})
    async with small.open() as remit:
        for number in range(4):
            await send(remit, external_id=f"message-{number}")
        assert remit.breakers.standing() == {"connector:tape": "open"}
        assert remit.breakers.places.calling["connector:tape"] == 0
    assert len(calls) == 10


@settings(max_examples=50, deadline=None)
@given(
    most=st.integers(1, 4),
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=24),
    cancelled=st.sets(st.integers(0, 23), max_size=6),
)
def test_never_more_calls_than_places_whoever_gives_up(
    most: int, lengths: list[int], cancelled: set[int]
) -> None:
    """Calls of any length, some of them cut off at any time: the limit holds, no place is lost."""

    async def whole() -> None:
        places = Places(now=lambda: NOW, concurrent_max={"model:house": most})
        places.line_seconds_max = 0.02
        inside, untils = 0, list[datetime]()

        async def call(length: int) -> None:
            nonlocal inside
            try:
                async with places.one("model:house"):
                    inside += 1
                    try:
                        assert inside <= most
                        for _ in range(length):
                            await asyncio.sleep(0.002)
                    finally:
                        inside -= 1
            except CrowdedError as error:
                untils.append(error.until)

        tasks = [asyncio.ensure_future(call(length)) for length in lengths]
        await asyncio.sleep(0.003)
        for number in cancelled & set(range(len(tasks))):
            tasks[number].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [one for one in done if isinstance(one, AssertionError)]
        assert all(until > NOW for until in untils)
        assert (places.calling["model:house"], places.waiting["model:house"]) == (0, 0)
        for _ in range(most):  # every place is there again
            await places.take("model:house")

    asyncio.run(whole())


async def test_without_a_limit_nobody_counts() -> None:
    places = Places(now=lambda: NOW)
    async with places.one("model:house"), places.one("model:house"):
        assert places.standing() == {}


def test_workflows_that_share_one_share_its_places() -> None:
    shop, house = {"connector:shop": 3}, {"connector:shop": 2, "model:house": 4}
    assert lowest([shop, house]) == {"connector:shop": 2, "model:house": 4}
