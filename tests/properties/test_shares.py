"""Laws of the lanes: one lane never holds up another, classes age, new cases are not starved."""

from hypothesis import given
from hypothesis import strategies as st

from remit.domain.case import Priority
from remit.orchestration.lanes import NEW_AFTER, LaneQueue, LaneSettings, Shares
from remit.store.ready import STEP_US, Ready

names = st.integers(0, 9).map(lambda number: ("default", f"lane-{number}"))


def case(number: int, *, priority: str = "normal", resumed: bool = False, since: int = 0) -> Ready:
    return Ready(
        case_id=f"{number:032x}", tenant="default", workflow="desk", priority=priority,
        resumed=resumed, ready_us=since, seq=1,
    )  # fmt: skip


@given(st.lists(names, min_size=1, max_size=10, unique=True), st.integers(0, 50), names)
def test_a_lane_that_comes_in_waits_for_one_turn_of_each_other_lane(
    full: list[tuple[str, str]], served: int, late: tuple[str, str]
) -> None:
    shares = Shares()
    for lane in full:
        shares.enter(lane, 1.0)
    for _ in range(served):
        shares.next(lambda _: True)
    if late in full:
        return
    shares.enter(late, 1.0)

    turns = [shares.next(lambda _: True) for _ in range(len(full) + 1)]

    assert late in turns
    assert all(turns.count(lane) == 1 for lane in full)


@given(
    st.dictionaries(names, st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.0]), min_size=1),
    st.integers(1, 20),
)
def test_over_whole_rounds_each_lane_gets_turns_by_its_weight(
    weights: dict[tuple[str, str], float], rounds: int
) -> None:
    shares = Shares()
    for lane, weight in weights.items():
        shares.enter(lane, weight)
    total = int(4 * rounds * sum(weights.values()))

    turns = [shares.next(lambda _: True) for _ in range(total)]

    for lane, weight in weights.items():
        assert abs(turns.count(lane) - 4 * rounds * weight) <= max(1.0, weight)


@given(
    st.dictionaries(names, st.sampled_from([0.25, 1.0, 3.0]), min_size=1),
    st.lists(st.tuples(st.booleans(), names), max_size=60),
)
def test_a_turn_is_given_whenever_a_lane_may_take_one(
    weights: dict[tuple[str, str], float], story: list[tuple[bool, tuple[str, str]]]
) -> None:
    shares = Shares()
    barred: set[tuple[str, str]] = set()
    for lane, weight in weights.items():
        shares.enter(lane, weight)
    for bar, lane in story:
        (barred.add if bar else barred.discard)(lane)
        turn = shares.next(lambda one: one not in barred)
        free = weights.keys() - barred
        assert turn in free if free else turn is None


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_one_turn_in_ten_goes_to_a_new_case(kinds: list[bool]) -> None:
    queue = LaneQueue(settings=LaneSettings())
    queue.begun.more = queue.new.more = False
    for number, resumed in enumerate(kinds):
        queue.add(case(number, resumed=resumed, since=number), 0)
    order = []
    while (taken := queue.pop()) is not None:
        order.append(taken.resumed)

    new_left = order.count(False)
    in_a_row = 0
    for resumed in order:
        if resumed:
            in_a_row += 1
            assert in_a_row <= NEW_AFTER or not new_left
        else:
            in_a_row, new_left = 0, new_left - 1


@given(
    st.lists(
        st.tuples(st.sampled_from([one.value for one in Priority]), st.integers(0, 5 * STEP_US)),
        min_size=1, max_size=60,
    )
)  # fmt: skip
def test_a_case_that_waited_half_an_hour_is_not_passed_by_younger_ones(
    given_cases: list[tuple[str, int]],
) -> None:
    now_us = 5 * STEP_US
    queue = LaneQueue(settings=LaneSettings())
    queue.begun.more = queue.new.more = False
    for number, (priority, since) in enumerate(given_cases):
        queue.add(case(number, priority=priority, since=since), now_us)
    order = []
    while (taken := queue.pop()) is not None:
        order.append(taken)

    ages = [one.ready_us for one in order]
    old = sum(now_us - since >= 2 * STEP_US for since in ages)
    assert ages[:old] == sorted(ages)[:old]


def test_a_full_lane_keeps_no_more_than_a_page_in_memory() -> None:
    queue = LaneQueue(settings=LaneSettings())
    queue.begun.more = queue.new.more = False
    for number in range(1_000):
        queue.add(case(number, since=number), 0)

    assert len(queue.new.keys) == len(queue.new.cases) == 64
    assert queue.new.more
