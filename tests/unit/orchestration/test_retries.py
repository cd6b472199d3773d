"""Errors that pass: tried again in the run, then parked, then a person; breakers cost no tries."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.value import Json
from remit.errors import BreakerOpenError, CallRefusedError, ToolUnavailableError
from remit.integrations.recorder import RecorderConnector
from remit.orchestration import retries
from remit.orchestration.breakers import Breakers
from remit.orchestration.places import Places
from tests.projects import Small, found, operations, result, send, standing

pytestmark = pytest.mark.anyio

READ = 'return (await run.read(get_order, order_id="7")).id'
HOUR = 3_600


class Shop:
    """Answers for the tape, or fails while it is down."""

    def __init__(self, small: Small) -> None:
        self.down = True
        self.calls = 0
        self.asked: float | None = None
        self.order = small.order
        small.tape = RecorderConnector("tape", operations(), answers={"getOrder": self.get_order})

    def get_order(self, given: Mapping[str, object]) -> Json:
        self.calls += 1
        if self.down:
            error = ToolUnavailableError("the shop does not answer")
            error.retry_after_seconds = self.asked  # type: ignore[attr-defined]  # as a model's
            raise error
        return self.order


@pytest.fixture
def shop(small: Small) -> Shop:
    return Shop(small)


def attempts(remit: Remit, case_id: str) -> list[object]:
    return [one.body["attempt"] for one in found(remit, case_id, "orchestration:step:failed")]


async def test_a_short_outage_costs_a_pause_inside_the_run(small: Small, shop: Shop) -> None:
    pauses: list[float] = []

    async with small.open(READ) as remit:
        equipment = remit.equipment["small-desk"]

        async def pause(seconds: float) -> None:
            pauses.append(seconds)
            shop.down = len(pauses) < 2

        object.__setattr__(equipment, "sleep", pause)
        case_id = await send(remit)

        assert result(remit, case_id) == "7"
        assert (shop.calls, len(pauses)) == (3, 2)
        assert all(0 <= given <= most for given, most in zip(pauses, (0.2, 1.0), strict=True))
        assert attempts(remit, case_id) == []


async def test_a_long_outage_parks_the_case_and_it_goes_on_by_itself(
    small: Small, shop: Shop
) -> None:
    async with small.open(READ) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("parked", "retry")
        assert shop.calls == 4
        await testing.pass_time(remit, small.clock, 47)
        assert shop.calls == 4
        shop.down = False
        await testing.pass_time(remit, small.clock, 26)

        assert result(remit, case_id) == "7"
        assert attempts(remit, case_id) == [1]


async def test_the_tries_are_counted_across_restarts_and_end_with_a_person(
    small: Small, shop: Shop
) -> None:
    async with small.open(READ) as remit:
        case_id = await send(remit)
    for _ in range(12):
        async with small.open() as remit:
            await testing.pass_time(remit, small.clock, 7.3 * HOUR)
            if standing(remit, case_id)[0] == "escalated":
                break

    async with small.open() as remit:
        assert standing(remit, case_id) == ("escalated", "retries")
        count = len(attempts(remit, case_id))
        assert attempts(remit, case_id) == list(range(1, count + 1))
        assert count <= 9
        assert shop.calls == 4 * count

        shop.down = False
        await remit.hand_back(case_id, person="olga", note="the shop is back")
        await remit.settled()
        assert result(remit, case_id) == "7"


async def test_a_wait_that_the_server_asks_for_is_honoured_parked(
    small: Small, shop: Shop
) -> None:
    shop.asked = 600.0
    async with small.open(READ) as remit:
        case_id = await send(remit)
        assert shop.calls == 1
        assert standing(remit, case_id) == ("parked", "retry")
        shop.down = False
        await testing.pass_time(remit, small.clock, 599)
        assert shop.calls == 1
        await testing.pass_time(remit, small.clock, 1)
        assert result(remit, case_id) == "7"


async def test_behind_an_open_breaker_cases_wait_and_spend_no_tries(
    small: Small, shop: Shop
) -> None:
    async with small.open(READ) as remit:
        first = [await send(remit, external_id=f"first-{number}") for number in range(3)]
        assert shop.calls == 10
        assert remit.breakers.standing()["connector:tape"] == "open"
        late = await send(remit, external_id="late")

        assert shop.calls == 10
        assert standing(remit, late) == ("parked", "breaker")
        assert attempts(remit, late) == []
        await testing.pass_time(remit, small.clock, 30)
        assert shop.calls == 11  # the probe, which failed
        shop.down = False
        await testing.pass_time(remit, small.clock, 3 * HOUR)
        await testing.pass_time(remit, small.clock, 60)

        assert [result(remit, case_id) for case_id in (*first, late)] == ["7"] * 4
        assert remit.breakers.standing()["connector:tape"] == "closed"


async def test_another_cause_that_wakes_the_case_spends_no_try(small: Small, shop: Shop) -> None:
    body = """
    both = await run.gather(run.read(get_order, order_id="7"), run.sleep(seconds=10))
    return both[0].id
    """
    async with small.open(body) as remit:
        case_id = await send(remit)
        assert shop.calls == 4
        await testing.pass_time(remit, small.clock, 11)

        assert shop.calls == 4
        assert attempts(remit, case_id) == [1]
        shop.down = False
        await testing.pass_time(remit, small.clock, 70)
        assert result(remit, case_id) == "7"


def test_the_table_of_pauses_is_the_promised_one() -> None:
    def middle() -> float:
        return 0.5

    in_run = [retries.in_run(tries, asked=None, jitter=middle) for tries in range(4)]
    rounds = [
        retries.parked(tries, since_us=0, now_us=0, asked=None, jitter=middle)
        for tries in range(9)
    ]
    day_later = retries.parked(1, since_us=0, now_us=24 * HOUR * 10**6, asked=None, jitter=middle)

    assert in_run == [0.1, 0.5, 2.5, None]
    assert rounds == [60, 300, 1_800, 7_200, *[21_600] * 4, None]
    assert day_later is None
    assert retries.in_run(0, asked=4.0, jitter=middle) == 4.0
    assert retries.in_run(0, asked=11.0, jitter=middle) is None


def test_a_breaker_doubles_its_pause_and_closes_with_the_first_answer() -> None:
    told = [datetime(2026, 11, 24, tzinfo=UTC)]
    breakers = Breakers(now=lambda: told[0], places=Places(now=lambda: told[0]))

    def call(error: Exception | None) -> None:
        with breakers.calling("model:house"):
            if error is not None:
                raise error

    for _ in range(9):
        with pytest.raises(ToolUnavailableError):
            call(ToolUnavailableError("down"))
    with pytest.raises(CallRefusedError):
        call(CallRefusedError("no"))  # an answer: the row begins anew
    for _ in range(10):
        with pytest.raises(ToolUnavailableError):
            call(ToolUnavailableError("down"))
    pauses = []
    for _ in range(7):
        with pytest.raises(BreakerOpenError) as refused:
            call(None)
        pauses.append((refused.value.until - told[0]) / timedelta(seconds=1))
        told[0] = refused.value.until
        with pytest.raises(ToolUnavailableError):
            call(ToolUnavailableError("down"))

    assert pauses == [30, 60, 120, 240, 480, 600, 600]
    with pytest.raises(BreakerOpenError) as refused:
        call(None)
    told[0] = refused.value.until
    with breakers.calling("model:house"), pytest.raises(BreakerOpenError):
        call(None)  # one probe at a time
    call(None)
    assert breakers.standing() == {"model:house": "closed"}
