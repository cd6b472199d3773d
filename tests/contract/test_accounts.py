"""Accounts on a real server: a schema of their own, and limits that hold with many at once."""

import threading
from dataclasses import replace
from pathlib import Path

from remit.store.accounts import AccountRow, SessionRow, account_rows
from remit.store.services import ServiceRow, service_rows


def test_accounts_and_sessions_are_rows_of_their_own_schema(
    tmp_path: Path, postgres_url: str
) -> None:
    first = account_rows(tmp_path, url=postgres_url)
    second = account_rows(tmp_path, url=postgres_url)
    first.put(AccountRow(handle="maria", password="x", active=True, changed_us=1))
    assert second.account("maria").active
    session = SessionRow(
        token_hash="a" * 64, handle="maria", strength="password", auth_us=1, started_us=1,
        expires_us=100,
    )  # fmt: skip
    first.begin(session, now_us=1)
    assert second.session("a" * 64) == session
    assert second.end_all("maria") == 1
    assert first.session("a" * 64) is None
    for rows in (first, second):
        rows.close()


def test_tokens_of_services_are_rows_beside_them_and_one_change_at_a_time_is_made(
    tmp_path: Path, postgres_url: str
) -> None:
    row = ServiceRow(
        token_hash="b" * 64, name="crm", permissions=("read", "submit"), workflows=("one two",),
        audience="remit", owner="maria", issued_us=1, expires_us=100,
    )  # fmt: skip
    seen: list[int] = []

    def first() -> None:
        rows = service_rows(tmp_path, url=postgres_url)
        rows.change("crm", lambda before: seen.append(len(before)) or ([] if before else [row]))
        rows.close()

    threads = [threading.Thread(target=first) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [0, *[1] * 7]
    rows = service_rows(tmp_path, url=postgres_url)
    assert rows.tokens() == [row]
    assert (rows.find("b" * 64), rows.find("c" * 64)) == (row, None)
    rows.change("crm", lambda before: [replace(one, revoked_us=7) for one in before])
    assert (rows.find("b" * 64).lives(2), row.lives(2), row.lives(100)) == (False, True, False)
    accounts = account_rows(tmp_path, url=postgres_url)
    assert accounts.accounts() == []
    accounts.close()
    rows.close()


def test_tries_at_once_are_counted_one_by_one(tmp_path: Path, postgres_url: str) -> None:
    taken: list[bool] = []

    def guess(number: int) -> None:
        rows = account_rows(tmp_path, url=postgres_url)
        taken.append(rows.failed({"h": 5}, at_us=10, since_us=0, nonce=str(number)))
        rows.close()

    account_rows(tmp_path, url=postgres_url).accounts()
    threads = [threading.Thread(target=guess, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 11 + [True] * 5
