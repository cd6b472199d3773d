"""Cron lines, read in a zone, over days on which clocks change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.domain import cron
from remit.errors import SettingsError

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("line", "zone", "found"),
    [
        ("30 2 * * *", "UTC", "2026-11-25T02:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-11-25T01:30"),
        ("*/15 * * * *", "UTC", "2026-11-24T10:15"),
        ("0 9 * * 1-5", "UTC", "2026-11-25T09:00"),
        ("0 9 * * 7", "UTC", "2026-11-29T09:00"),
        ("0 0 1 1 *", "UTC", "2027-01-01T00:00"),
        ("0 0 29 2 *", "UTC", "2028-02-29T00:00"),
        ("5,10 8-9/1 13 * 5", "UTC", "2026-11-27T08:05"),  # the 13th, or a Friday
    ],
)
def test_the_next_time_is_found(line: str, zone: str, found: str) -> None:
    assert cron.read(line, zone).after(START) == datetime.fromisoformat(f"{found}+00:00")


def test_a_time_that_summer_leaves_out_or_gives_twice_happens_once() -> None:
    nightly = cron.read("30 2 * * *", "Europe/Berlin")
    spring = nightly.after(datetime(2026, 3, 28, 12, 0, tzinfo=UTC))
    autumn = nightly.after(datetime(2026, 10, 24, 12, 0, tzinfo=UTC))

    assert spring == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert autumn == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert nightly.after(autumn) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "line", ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "x * * * *", "*/0 * * * *"]
)
def test_a_line_that_is_none_is_refused_by_name(line: str) -> None:
    with pytest.raises(SettingsError):
        cron.read(line)


def test_a_zone_that_is_none_and_a_day_that_never_comes_are_refused() -> None:
    with pytest.raises(SettingsError, match="no time zone"):
        cron.read("0 0 * * *", "Mars/Olympus")
    with pytest.raises(SettingsError, match="names no time"):
        cron.read("0 0 31 2 *").after(START)


@given(
    st.integers(0, 59), st.integers(0, 23), st.integers(0, 400 * 24 * 60),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)  # fmt: skip
def test_a_nightly_job_comes_once_a_day_and_always_later(
    minute: int, hour: int, minutes: int, zone: str
) -> None:
    nightly = cron.read(f"{minute} {hour} * * *", zone)
    moment = START + timedelta(minutes=minutes)
    first = nightly.after(moment)
    second = nightly.after(first)

    assert moment < first <= moment + timedelta(hours=26)
    assert timedelta(hours=22) < second - first < timedelta(hours=26)
