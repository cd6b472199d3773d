"""Codes sign in once, sessions end in time, and rights are those of now."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from remit.errors import NotFoundError, TooManyTriesError
from remit.governance.owners import Person
from remit.governance.sessions import TRIES_MAX, SignIn


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people() -> dict[str, Person]:
    return {"maria": Person(handle="maria", name="Maria", roles=frozenset({"owner"}))}


@pytest.fixture
def sign_in(clock: Clock, people: dict[str, Person]) -> SignIn:
    numbers = itertools.count(1)
    return SignIn(
        random_bytes=lambda size: next(numbers).to_bytes(size, "little"),
        clock=clock,
        people=lambda: people,
    )


def test_a_code_signs_in_once(sign_in: SignIn) -> None:
    code = sign_in.issue("maria")
    session = sign_in.redeem(code)
    assert session is not None
    assert session.person.handle == "maria"
    assert sign_in.redeem(code) is None


def test_a_code_is_read_as_people_type_it(sign_in: SignIn) -> None:
    assert sign_in.redeem(f" {sign_in.issue('maria').lower().replace('-', ' ')} ") is not None


def test_a_code_lives_ten_minutes(sign_in: SignIn, clock: Clock) -> None:
    code = sign_in.issue("maria")
    clock.now += timedelta(minutes=10)
    assert sign_in.redeem(code) is None


def test_an_idle_session_ends_after_thirty_minutes_and_a_used_one_after_twelve_hours(
    sign_in: SignIn, clock: Clock
) -> None:
    idle = sign_in.redeem(sign_in.issue("maria"))
    clock.now += timedelta(minutes=30)
    assert sign_in.find(idle.token) is None
    used = sign_in.redeem(sign_in.issue("maria"))
    began = clock.now
    while sign_in.find(used.token) is not None:
        clock.now += timedelta(minutes=20)
    assert clock.now - began == timedelta(hours=12)


def test_signing_out_ends_a_session(sign_in: SignIn) -> None:
    session = sign_in.redeem(sign_in.issue("maria"))
    assert sign_in.is_living(session.token)
    sign_in.end(session.token)
    assert sign_in.find(session.token) is None
    assert not sign_in.is_living(session.token)


def test_a_session_has_the_roles_of_now_and_ends_with_the_person(
    sign_in: SignIn, people: dict[str, Person]
) -> None:
    session = sign_in.redeem(sign_in.issue("maria"))
    people["maria"] = Person(handle="maria", name="Maria", roles=frozenset({"auditor"}))
    assert sign_in.find(session.token).person.roles == {"auditor"}
    people["maria"] = Person(handle="maria", name="M", roles=frozenset(), active=False)
    assert sign_in.find(session.token) is None


def test_nobody_unknown_gets_a_code(sign_in: SignIn) -> None:
    with pytest.raises(NotFoundError):
        sign_in.issue("mallory")


def test_guessing_is_stopped_and_starts_again_later(sign_in: SignIn, clock: Clock) -> None:
    for _ in range(TRIES_MAX):
        assert sign_in.redeem("AAAAAA-AAAAAA") is None
    with pytest.raises(TooManyTriesError):
        sign_in.redeem(sign_in.issue("maria"))
    clock.now += timedelta(minutes=10)
    assert sign_in.redeem(sign_in.issue("maria")) is not None
