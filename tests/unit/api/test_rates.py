"""A bucket for each principal: a minute's worth at once, filling up, and never too many."""

import pytest

from remit.api.rates import BUCKETS_MAX, Kind, Rates, network_of
from remit.errors import TooManyRequestsError


class Time:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def rates(time: Time) -> Rates:
    return Rates({Kind.PERSON: 60, Kind.SERVICE: 120, Kind.ADDRESS: 6}, elapsed=time)


def _taken(rates: Rates, kind: Kind, who: str) -> int:
    """Return how many requests go through at once."""
    number = 0
    while True:
        try:
            rates.take(kind, who)
        except TooManyRequestsError:
            return number
        number += 1


def test_a_minutes_worth_goes_through_at_once_and_then_as_it_fills(
    rates: Rates, time: Time
) -> None:
    assert _taken(rates, Kind.PERSON, "maria") == 60
    time.seconds += 10
    assert _taken(rates, Kind.PERSON, "maria") == 10
    time.seconds += 3_600
    assert _taken(rates, Kind.PERSON, "maria") == 60


def test_whoever_goes_on_asking_waits_no_longer(rates: Rates, time: Time) -> None:
    """What is refused is not counted, and the wait that was said is enough."""
    assert _taken(rates, Kind.ADDRESS, "192.0.2.1") == 6
    for _ in range(50):
        with pytest.raises(TooManyRequestsError) as refused:
            rates.take(Kind.ADDRESS, "192.0.2.1")
    assert refused.value.retry_after_seconds == 10
    time.seconds += 10
    rates.take(Kind.ADDRESS, "192.0.2.1")


def test_principals_and_kinds_are_counted_apart(rates: Rates) -> None:
    assert _taken(rates, Kind.PERSON, "crm") == 60
    assert _taken(rates, Kind.SERVICE, "crm") == 120
    assert _taken(rates, Kind.PERSON, "maria") == 60


def test_it_holds_so_many_buckets_and_forgets_who_asked_longest_ago(rates: Rates) -> None:
    _taken(rates, Kind.ADDRESS, "first")
    _taken(rates, Kind.PERSON, "maria")
    for number in range(BUCKETS_MAX - 1):
        rates.take(Kind.ADDRESS, str(number))
    assert _taken(rates, Kind.ADDRESS, "first") == 0
    for number in range(BUCKETS_MAX):
        rates.take(Kind.ADDRESS, f"more {number}")
    assert len(rates) == BUCKETS_MAX + 1
    assert _taken(rates, Kind.ADDRESS, "first") == 6
    assert _taken(rates, Kind.PERSON, "maria") == 0, "strangers take no person's bucket away"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_a_host_of_ipv6_is_its_network(address: str, network: str) -> None:
    assert network_of(address) == network
