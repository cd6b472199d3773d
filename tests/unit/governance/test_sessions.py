"""Codes sign in once, sessions end in time, and rights are those of now."""

import itertools
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from remit.errors import (
    ConflictError,
    NotFoundError,
    PasswordError,
    StepUpNeededError,
    TooManyTriesError,
)
from remit.governance import passwords
from remit.governance.owners import Person
from remit.governance.sessions import (
    ADDRESS_TRIES_MAX,
    HANDLE_TRIES_MAX,
    TRIES_MAX,
    Session,
    SignIn,
)
from remit.store.accounts import AccountRows, account_rows
from remit.testing import FrozenClock
from tests.accounts import in_memory

START = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture
def people() -> dict[str, Person]:
    return {"maria": Person(handle="maria", name="Maria", roles=frozenset({"owner"}))}


@pytest.fixture
def rows() -> AccountRows:
    return in_memory()


@pytest.fixture
def sign_in(clock: FrozenClock, people: dict[str, Person], rows: AccountRows) -> SignIn:
    numbers = itertools.count(1)
    return SignIn(
        rows=rows,
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


def test_a_code_lives_ten_minutes(sign_in: SignIn, clock: FrozenClock) -> None:
    code = sign_in.issue("maria")
    clock.advance(timedelta(minutes=10).total_seconds())
    assert sign_in.redeem(code) is None


def test_an_idle_session_ends_after_thirty_minutes_and_a_used_one_after_twelve_hours(
    sign_in: SignIn, clock: FrozenClock
) -> None:
    idle = sign_in.redeem(sign_in.issue("maria"))
    clock.advance(timedelta(minutes=30).total_seconds())
    assert sign_in.find(idle.token) is None
    used = sign_in.redeem(sign_in.issue("maria"))
    began = clock()
    while sign_in.find(used.token) is not None:
        clock.advance(timedelta(minutes=20).total_seconds())
    assert clock() - began == timedelta(hours=12)


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


def test_guessing_is_stopped_and_starts_again_later(sign_in: SignIn, clock: FrozenClock) -> None:
    for _ in range(TRIES_MAX):
        assert sign_in.redeem("AAAAAA-AAAAAA") is None
    with pytest.raises(TooManyTriesError):
        sign_in.redeem(sign_in.issue("maria"))
    clock.advance(timedelta(minutes=10).total_seconds())
    assert sign_in.redeem(sign_in.issue("maria")) is not None


WORD = "nineteen green bottles"


def _enter(
    sign_in: SignIn, handle: str = "maria", word: str = WORD, at: str = "192.0.2.1"
) -> Session | None:
    return sign_in.by_password(handle, word, address=at)


def test_a_password_is_kept_as_argon2id_with_its_parameters_named(
    sign_in: SignIn, rows: AccountRows
) -> None:
    sign_in.accounts.add("maria", WORD)
    kept = rows.account("maria").password
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert WORD not in kept
    assert not passwords.is_weak(kept)
    assert passwords.is_weak("$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$Zm9v")


def test_a_password_signs_in_and_unknown_wrong_and_shut_answer_alike(
    sign_in: SignIn, people: dict[str, Person]
) -> None:
    people["rosa"] = Person(handle="rosa", name="Rosa", roles=frozenset())
    sign_in.accounts.add("maria", WORD)
    sign_in.accounts.add("rosa", WORD)
    session = _enter(sign_in)
    assert (session.person.handle, session.strength) == ("maria", "password")
    sign_in.accounts.deactivate("rosa")
    for handle, word in (("maria", "wrong"), ("mallory", WORD), ("rosa", WORD), ("", "")):
        assert _enter(sign_in, handle, word) is None


def test_an_account_is_for_somebody_of_the_settings_once_and_not_too_easy(sign_in: SignIn) -> None:
    with pytest.raises(NotFoundError, match="`mallory` stands in no"):
        sign_in.accounts.add("mallory", WORD)
    for easy in ("short", "aaaaaaaaaaaaaaa", "x" * 2_000):
        with pytest.raises(PasswordError):
            sign_in.accounts.add("maria", easy)
    sign_in.accounts.add("maria", WORD)
    with pytest.raises(ConflictError):
        sign_in.accounts.add("maria", WORD)


def test_wrong_passwords_are_counted_for_each_person_and_each_address(
    sign_in: SignIn, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in.accounts.add("maria", WORD)
    right = passwords.is_right
    monkeypatch.setattr(
        passwords, "is_right", lambda word, kept: word == WORD and right(word, kept)
    )
    for number in range(HANDLE_TRIES_MAX):
        assert _enter(sign_in, "maria", "wrong", f"192.0.2.{number}") is None
    with pytest.raises(TooManyTriesError):
        _enter(sign_in, "MARIA", WORD, "192.0.2.99")  # also with the right one
    for number in range(ADDRESS_TRIES_MAX - 1):
        assert _enter(sign_in, f"nobody-{number}", "wrong", "192.0.2.0") is None
    with pytest.raises(TooManyTriesError):
        _enter(sign_in, "somebody", "wrong", "192.0.2.0")
    clock.advance(timedelta(minutes=10).total_seconds())
    assert _enter(sign_in) is not None


def test_right_passwords_are_not_counted(sign_in: SignIn) -> None:
    sign_in.accounts.add("maria", WORD)
    for _ in range(HANDLE_TRIES_MAX + 1):
        assert _enter(sign_in) is not None


def test_sessions_are_rows_that_another_process_sees_without_the_token(
    tmp_path: Path, clock: FrozenClock, people: dict[str, Person]
) -> None:
    def process() -> SignIn:
        return SignIn(
            rows=account_rows(tmp_path, url="sqlite:///x"), random_bytes=secrets.token_bytes,
            clock=clock, people=lambda: people,
        )  # fmt: skip

    first, second = process(), process()
    first.accounts.add("maria", WORD)
    session = _enter(first)
    first.close()
    assert second.find(session.token).csrf == session.csrf
    assert session.token.encode() not in (tmp_path / "accounts.sqlite").read_bytes()
    assert (tmp_path / "accounts.sqlite").stat().st_mode & 0o077 == 0
    assert second.accounts.sign_out("maria") == 1
    assert process().find(session.token) is None


def test_a_changed_password_and_a_shut_account_end_every_session(sign_in: SignIn) -> None:
    sign_in.accounts.add("maria", WORD)
    first = _enter(sign_in)
    by_link = sign_in.redeem(sign_in.issue("maria"))
    sign_in.accounts.change("maria", "another fine sentence")
    assert sign_in.find(first.token) is None
    assert sign_in.find(by_link.token) is None
    assert _enter(sign_in) is None
    second = _enter(sign_in, word="another fine sentence")
    sign_in.accounts.deactivate("maria")
    assert sign_in.find(second.token) is None
    with pytest.raises(NotFoundError):
        sign_in.issue("maria")


def test_proving_it_again_gives_a_new_token_and_keeps_the_absolute_end(
    sign_in: SignIn, clock: FrozenClock
) -> None:
    sign_in.accounts.add("maria", WORD)
    first = _enter(sign_in)
    first.signed_in.demand_fresh(clock())
    clock.advance(timedelta(minutes=15).total_seconds())
    with pytest.raises(StepUpNeededError, match="/sign-in/again"):
        first.signed_in.demand_fresh(clock())
    again = sign_in.by_password("maria", WORD, address="", before=first)
    assert again.token != first.token
    assert again.csrf != first.csrf
    assert again.started_at == first.started_at
    again.signed_in.demand_fresh(clock())
    assert sign_in.find(first.token) is None
    assert again.token not in repr(again.signed_in)


def test_where_no_links_are_given_a_code_opens_nothing(
    rows: AccountRows, clock: FrozenClock
) -> None:
    people = {"maria": Person(handle="maria", name="Maria", roles=frozenset({"owner"}))}
    shut = SignIn(
        rows=rows, random_bytes=secrets.token_bytes, clock=clock, people=lambda: people,
        links=False,
    )  # fmt: skip
    assert shut.redeem(shut.issue("maria")) is None
