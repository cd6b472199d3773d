"""Rows of the tokens of services: apart from the record, beside the accounts of people."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from remit.store import locks
from remit.store.accounts import account_connection
from remit.store.apart import Apart
from remit.store.connection import Connection, Parameter, Row

_COLUMNS: Final = (
    "token_hash, name, permissions, workflows, audience, owner, issued_us, expires_us, revoked_us"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """One token of a service with what it may do; of the token only its hash is kept."""

    token_hash: str
    name: str
    permissions: tuple[str, ...]
    workflows: tuple[str, ...]
    audience: str
    owner: str
    issued_us: int
    expires_us: int
    revoked_us: int = 0  # 0: it was not

    def lives(self, now_us: int) -> bool:
        """Is it neither expired nor revoked?"""
        return self.revoked_us == 0 and now_us < self.expires_us


# What is to be written of a service's tokens: those that are changed, and new ones.
Change = Callable[[list[ServiceRow]], list[ServiceRow]]


class ServiceRows(Apart):
    """The tokens of one installation: a table in the file or the schema of its accounts."""

    schema = "accounts"
    probe = "service_tokens"
    statements = (
        """CREATE TABLE IF NOT EXISTS {0}service_tokens (
            token_hash TEXT PRIMARY KEY, name TEXT NOT NULL, permissions TEXT NOT NULL,
            workflows TEXT NOT NULL, audience TEXT NOT NULL, owner TEXT NOT NULL,
            issued_us INTEGER NOT NULL, expires_us INTEGER NOT NULL,
            revoked_us INTEGER NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS service_tokens_name ON {0}service_tokens (name)",
    )

    def find(self, token_hash: str) -> ServiceRow | None:
        """Return the token of a hash, living or not."""
        rows = self._rows("WHERE token_hash = ?", (token_hash,))
        return rows[0] if rows else None

    def tokens(self) -> list[ServiceRow]:
        """Return every token, by name and age."""
        return self._rows("", ())

    def change(self, name: str, change: Change) -> None:
        """Write what a change makes of the tokens of one service, in one transaction."""

        def work(connection: Connection) -> None:
            locks.hold(connection, f"remit/services/{name}")
            rows = connection.rows(
                f"SELECT {_COLUMNS} FROM {self._prefix}service_tokens WHERE name = ?"
                " ORDER BY issued_us, token_hash",
                (name,),
            )
            connection.executemany(
                f"INSERT INTO {self._prefix}service_tokens ({_COLUMNS})"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (token_hash) DO UPDATE SET"
                " expires_us = excluded.expires_us, revoked_us = excluded.revoked_us",
                [_params(row) for row in change([_row(row) for row in rows])],
            )

        self._write(work)

    def _rows(self, where: str, params: tuple[Parameter, ...]) -> list[ServiceRow]:
        def work(connection: Connection) -> list[Row]:
            return connection.rows(
                f"SELECT {_COLUMNS} FROM {self._prefix}service_tokens {where}"
                " ORDER BY name, issued_us, token_hash",
                params,
            )

        return [_row(row) for row in self._read(work)]


def service_rows(folder: Path, *, url: str) -> ServiceRows:
    """Return the tokens of the installation whose database is at that address."""
    return ServiceRows(lambda: account_connection(folder, url=url))


def _params(row: ServiceRow) -> tuple[Parameter, ...]:
    return (
        row.token_hash, row.name, " ".join(row.permissions), "\n".join(row.workflows),
        row.audience, row.owner, row.issued_us, row.expires_us, row.revoked_us,
    )  # fmt: skip


def _row(row: Row) -> ServiceRow:
    return ServiceRow(
        token_hash=row[0], name=row[1], permissions=tuple(row[2].split()),
        workflows=tuple(row[3].split("\n")), audience=row[4], owner=row[5], issued_us=row[6],
        expires_us=row[7], revoked_us=row[8],
    )  # fmt: skip
