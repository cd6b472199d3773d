"""Which process has which case: liveness, not history; a rebuild leaves it out."""

from collections.abc import Iterable

from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists claims (
        case_id text primary key,
        worker text not null,
        claimed_us integer not null
    )""",
    "create index if not exists claims_worker on claims (worker)",
)


def give_all_back(connection: Connection, worker: str) -> None:
    """Note that a worker has no case any more."""
    connection.execute("delete from claims where worker = ?", (worker,))


def take(connection: Connection, case_ids: Iterable[str], worker: str, *, now_us: int) -> None:
    """Note that runs of these cases begin."""
    connection.later(
        "insert into claims (case_id, worker, claimed_us) values (?, ?, ?)"
        " on conflict (case_id) do update set worker = excluded.worker,"
        " claimed_us = excluded.claimed_us",
        [(case_id, worker, now_us) for case_id in case_ids],
    )


def give_back(connection: Connection, case_ids: Iterable[str], worker: str) -> None:
    """Note that runs of these cases have ended."""
    connection.later(
        "delete from claims where case_id = ? and worker = ?",
        [(case_id, worker) for case_id in case_ids],
    )


def of_worker(connection: Connection, worker: str, limit: int) -> list[str]:
    """Return cases whose run a worker began and did not end."""
    rows = connection.rows(
        "select case_id from claims where worker = ? order by claimed_us, case_id limit ?",
        (worker, limit),
    )
    return [str(row[0]) for row in rows]
