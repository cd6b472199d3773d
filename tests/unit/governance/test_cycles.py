"""Review cycles, and what keeps a cell from rising until there were enough without it."""

from remit.governance.cycles import WEEK_US, Cycle, quiet

WEEKS = tuple(
    Cycle(
        begin_us=at * WEEK_US, end_us=(at + 1) * WEEK_US, labels=60, wrong=0, wrong_max=3, alarms=0
    )
    for at in range(3)
)


def test_an_alarm_before_the_last_two_cycles_is_over() -> None:
    assert quiet(WEEKS, [WEEK_US - 1], number=2)


def test_an_alarm_in_them_stands_against_it() -> None:
    assert not quiet(WEEKS, [WEEK_US], number=2)
    assert not quiet(WEEKS, [3 * WEEK_US - 1], number=2)


def test_an_alarm_since_the_last_of_them_stands_against_it() -> None:
    assert not quiet(WEEKS, [3 * WEEK_US + 1], number=2)


def test_without_cycles_any_alarm_does() -> None:
    assert quiet((), [], number=2)
    assert not quiet((), [1], number=2)
