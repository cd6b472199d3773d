"""Rows of mails whose reading began and has not ended: what a crash leaves behind."""

from collections.abc import Iterable, Sequence

from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists intake_starts (
        identity text primary key, starts integer not null
    )""",
)


def began(connection: Connection, identities: Iterable[str]) -> None:
    """Count one more start of each."""
    connection.executemany(
        "insert into intake_starts (identity, starts) values (?, 1)"
        " on conflict (identity) do update set starts = intake_starts.starts + 1",
        [(one,) for one in identities],
    )


def ended(connection: Connection, identities: Iterable[str]) -> None:
    """Forget the starts of those whose reading came to an end."""
    connection.executemany(
        "delete from intake_starts where identity = ?", [(one,) for one in identities]
    )


def counts(connection: Connection, identities: Sequence[str]) -> dict[str, int]:
    """Return how often each was started without an end; without those that were not."""
    if not identities:
        return {}
    marks = ", ".join("?" * len(identities))
    rows = connection.rows(
        f"select identity, starts from intake_starts where identity in ({marks})",
        tuple(identities),
    )
    return {str(row[0]): int(row[1]) for row in rows}
