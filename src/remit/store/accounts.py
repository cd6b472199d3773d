"""Rows of accounts, sessions and failed sign-ins: apart from the record, as keys are.

A backup of the record holds no password's hash, and `remit people` works beside `remit serve`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from remit.store import locks
from remit.store.apart import Apart
from remit.store.connection import Connection, Parameter, Row

ACCOUNT_ROWS: Final = "accounts.sqlite"
_ACCOUNT: Final = "handle, password, active, changed_us"
_FLOW: Final = "state_hash, binder_hash, nonce, verifier, again, path, begun_us"
FLOWS_MAX: Final = 1_000
_SESSION: Final = "token_hash, handle, strength, auth_us, started_us, expires_us"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """Somebody who signs in with a password."""

    handle: str
    password: str  # argon2id, with its parameters and salt
    active: bool
    changed_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One person at one browser; of the token only its hash is kept."""

    token_hash: str
    handle: str
    strength: str
    auth_us: int  # when the person last proved who they are
    started_us: int
    expires_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRow:
    """A sign-in at a provider that somebody left for and did not come back from yet."""

    state_hash: str
    binder_hash: str  # of what the browser keeps
    nonce: str
    verifier: str
    again: str  # who is to prove it anew
    path: str
    begun_us: int


class AccountRows(Apart):
    """The accounts of one installation: a file beside the root keys, or the schema `accounts`."""

    schema = "accounts"
    probe = "failures"
    statements = (
        """CREATE TABLE IF NOT EXISTS {0}accounts (
            handle TEXT PRIMARY KEY, password TEXT NOT NULL, active INTEGER NOT NULL,
            changed_us INTEGER NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS {0}sign_ins (
            token_hash TEXT PRIMARY KEY, handle TEXT NOT NULL, strength TEXT NOT NULL,
            auth_us INTEGER NOT NULL, started_us INTEGER NOT NULL, expires_us INTEGER NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS sign_ins_handle ON {0}sign_ins (handle)",
        """CREATE TABLE IF NOT EXISTS {0}flows (
            state_hash TEXT PRIMARY KEY, binder_hash TEXT NOT NULL, nonce TEXT NOT NULL,
            verifier TEXT NOT NULL, again TEXT NOT NULL, path TEXT NOT NULL,
            begun_us INTEGER NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS {0}failures (
            subject TEXT NOT NULL, at_us INTEGER NOT NULL, nonce TEXT NOT NULL,
            PRIMARY KEY (subject, at_us, nonce))""",
    )

    # -- accounts --------------------------------------------------------------------------------

    def account(self, handle: str) -> AccountRow | None:
        """Return one account."""
        rows = self._rows(f"SELECT {_ACCOUNT} FROM {{0}}accounts WHERE handle = ?", (handle,))
        return _account(rows[0]) if rows else None

    def accounts(self) -> list[AccountRow]:
        """Return every account, by handle."""
        rows = self._rows(f"SELECT {_ACCOUNT} FROM {{0}}accounts ORDER BY handle", ())
        return [_account(row) for row in rows]

    def put(self, account: AccountRow) -> None:
        """Set an account up, or change it; every session of that person ends."""

        def work(connection: Connection) -> None:
            connection.execute(
                f"INSERT INTO {self._prefix}accounts ({_ACCOUNT}) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (handle) DO UPDATE SET password = excluded.password,"
                " active = excluded.active, changed_us = excluded.changed_us",
                (account.handle, account.password, int(account.active), account.changed_us),
            )
            self._end_all(connection, account.handle)

        self._write(work)

    def rehash(self, handle: str, *, old: str, new: str) -> None:
        """Keep a password under stronger parameters, unless it was changed meanwhile."""
        self._write(
            lambda connection: connection.execute(
                f"UPDATE {self._prefix}accounts SET password = ?"
                " WHERE handle = ? AND password = ?",
                (new, handle, old),
            )
        )

    # -- sessions --------------------------------------------------------------------------------

    def begin(self, session: SessionRow, *, instead_of: str | None = None, now_us: int) -> None:
        """Begin a session, end the one that it takes the place of, and forget what is over."""

        def work(connection: Connection) -> None:
            connection.execute(
                f"DELETE FROM {self._prefix}sign_ins WHERE expires_us <= ? OR token_hash = ?",
                (now_us, instead_of or ""),
            )
            connection.execute(
                f"INSERT INTO {self._prefix}sign_ins ({_SESSION}) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    session.token_hash,
                    session.handle,
                    session.strength,
                    session.auth_us,
                    session.started_us,
                    session.expires_us,
                ),
            )

        self._write(work)

    def session(self, token_hash: str) -> SessionRow | None:
        """Return the session of a token, over or not."""
        rows = self._rows(
            f"SELECT {_SESSION} FROM {{0}}sign_ins WHERE token_hash = ?", (token_hash,)
        )
        return _session(rows[0]) if rows else None

    def sessions(self, *, now_us: int) -> list[SessionRow]:
        """Return the sessions that live, by handle and begin."""
        rows = self._rows(
            f"SELECT {_SESSION} FROM {{0}}sign_ins WHERE expires_us > ?"
            " ORDER BY handle, started_us, token_hash",
            (now_us,),
        )
        return [_session(row) for row in rows]

    def prolong(self, token_hash: str, *, expires_us: int) -> None:
        """Move the end of a session that is used."""
        self._write(
            lambda connection: connection.execute(
                f"UPDATE {self._prefix}sign_ins SET expires_us = ? WHERE token_hash = ?",
                (expires_us, token_hash),
            )
        )

    def end(self, token_hash: str) -> None:
        """End one session."""
        self._write(
            lambda connection: connection.execute(
                f"DELETE FROM {self._prefix}sign_ins WHERE token_hash = ?", (token_hash,)
            )
        )

    def end_all(self, handle: str) -> int:
        """End every session of a person; return how many there were."""
        return self._write(lambda connection: self._end_all(connection, handle))

    # -- sign-ins at a provider ------------------------------------------------------------------

    def begin_flow(self, flow: FlowRow, *, since_us: int) -> None:
        """Keep what a sign-in needs when it comes back, and forget those that did not."""

        def work(connection: Connection) -> None:
            connection.execute(f"DELETE FROM {self._prefix}flows WHERE begun_us <= ?", (since_us,))
            connection.execute(
                f"DELETE FROM {self._prefix}flows WHERE state_hash IN (SELECT state_hash"
                f" FROM {self._prefix}flows ORDER BY begun_us DESC LIMIT -1 OFFSET {FLOWS_MAX})"
                if connection.dialect == "sqlite"
                else f"DELETE FROM {self._prefix}flows WHERE state_hash IN (SELECT state_hash"
                f" FROM {self._prefix}flows ORDER BY begun_us DESC OFFSET {FLOWS_MAX})"
            )
            connection.execute(
                f"INSERT INTO {self._prefix}flows ({_FLOW}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    flow.state_hash,
                    flow.binder_hash,
                    flow.nonce,
                    flow.verifier,
                    flow.again,
                    flow.path,
                    flow.begun_us,
                ),
            )

        self._write(work)

    def take_flow(self, state_hash: str) -> FlowRow | None:
        """Return a sign-in that was begun, once."""

        def work(connection: Connection) -> FlowRow | None:
            row = connection.one(
                f"DELETE FROM {self._prefix}flows WHERE state_hash = ? RETURNING {_FLOW}",
                (state_hash,),
            )
            return (
                None if row is None else FlowRow(**dict(zip(_FLOW.split(", "), row, strict=True)))
            )

        return self._write(work)

    # -- failed sign-ins -------------------------------------------------------------------------

    def failed(self, subjects: dict[str, int], *, at_us: int, since_us: int, nonce: str) -> bool:
        """Count one more failure of each subject; False where one of them has had its number.

        `subjects` gives how many each may have since then. Counted before the password is looked
        at, in one transaction: many tries at once are no way around it.
        """

        def work(connection: Connection) -> bool:
            connection.execute(f"DELETE FROM {self._prefix}failures WHERE at_us <= ?", (since_us,))
            for subject, number in sorted(subjects.items()):
                locks.hold(connection, f"remit/failures/{subject}")
                sql = f"SELECT COUNT(*) FROM {self._prefix}failures WHERE subject = ?"
                if int(connection.value(sql, (subject,))) >= number:
                    return False
            connection.executemany(
                f"INSERT INTO {self._prefix}failures (subject, at_us, nonce) VALUES (?, ?, ?)",
                [(subject, at_us, nonce) for subject in subjects],
            )
            return True

        return self._write(work)

    def forgive(self, subjects: list[str], *, nonce: str) -> None:
        """Take one try back out of the count: it was right."""
        self._write(
            lambda connection: connection.executemany(
                f"DELETE FROM {self._prefix}failures WHERE subject = ? AND nonce = ?",
                [(subject, nonce) for subject in subjects],
            )
        )

    # -- parts -----------------------------------------------------------------------------------

    def _rows(self, sql: str, params: tuple[Parameter, ...]) -> list[Row]:
        return self._read(lambda connection: connection.rows(sql.format(self._prefix), params))

    def _end_all(self, connection: Connection, handle: str) -> int:
        return connection.execute(
            f"DELETE FROM {self._prefix}sign_ins WHERE handle = ?", (handle,)
        )


def _account(row: Row) -> AccountRow:
    return AccountRow(handle=row[0], password=row[1], active=bool(row[2]), changed_us=row[3])


def _session(row: Row) -> SessionRow:
    return SessionRow(
        token_hash=row[0], handle=row[1], strength=row[2], auth_us=row[3], started_us=row[4],
        expires_us=row[5],
    )  # fmt: skip


def account_rows(folder: Path, *, url: str) -> AccountRows:
    """Return the accounts of the installation whose database is at that address."""
    return AccountRows(lambda: account_connection(folder, url=url))


def account_connection(folder: Path, *, url: str) -> Connection:
    """Connect to where accounts are kept.

    For a file: `accounts.sqlite` in the folder of the root keys; on a server: its schema.
    """
    if url.startswith("sqlite:"):
        from remit.store.sqlite import key_file

        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return key_file(folder / ACCOUNT_ROWS)
    from remit.store.postgres import key_session

    return key_session(url)
