"""Accounts and sessions in a SQLite of their own, which ends with the test."""

import sqlite3

from remit.store.accounts import AccountRows
from remit.store.sqlite import SqliteConnection


def in_memory() -> AccountRows:
    """Return rows like those of `accounts.sqlite`; closing them forgets everything."""
    return AccountRows(
        lambda: SqliteConnection(
            sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        )
    )
