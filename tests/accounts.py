"""Accounts, sessions and tokens in a SQLite of their own, which ends with the test."""

import secrets
import sqlite3
from collections.abc import Callable
from datetime import datetime

from remit.governance.access import Roster
from remit.governance.accounts import Accounts
from remit.governance.services import Services
from remit.store.accounts import AccountRows
from remit.store.services import ServiceRows
from remit.store.sqlite import SqliteConnection


def in_memory() -> AccountRows:
    """Return rows like those of `accounts.sqlite`; closing them forgets everything."""
    return AccountRows(_connection)


def services(
    roster: Roster,
    *,
    clock: Callable[[], datetime],
    accounts: AccountRows | None = None,
    rows: ServiceRows | None = None,
    audience: str = "remit",
) -> Services:
    """Return who knows the tokens of services, with rows in memory."""
    return Services(
        rows=rows or tokens_in_memory(),
        accounts=Accounts(accounts or in_memory(), clock=clock, people=lambda: roster),
        random_bytes=secrets.token_bytes,
        clock=clock,
        roster=roster,
        audience=audience,
    )


def tokens_in_memory() -> ServiceRows:
    """Return rows of tokens; closing them forgets everything."""
    return ServiceRows(_connection)


def _connection() -> SqliteConnection:
    return SqliteConnection(
        sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    )
