"""An instant survives the way to microseconds and back."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from remit.domain import clock

INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(INSTANTS)
def test_microseconds_lose_nothing(moment: datetime) -> None:
    assert clock.instant(clock.microseconds(moment)) == moment


@given(INSTANTS, INSTANTS)
def test_the_written_form_sorts_as_time_does(one: datetime, other: datetime) -> None:
    assert (clock.text(one) < clock.text(other)) == (one < other)


def test_the_written_form_is_utc_with_microseconds() -> None:
    assert clock.text(clock.instant(1)) == "1970-01-01T00:00:00.000001Z"
    assert clock.text(datetime(999, 1, 1, tzinfo=UTC)) == "0999-01-01T00:00:00.000000Z"
