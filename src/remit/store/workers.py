"""Rows of workers: who is at work, since when, and when one was last heard of.

Liveness, not history: nothing here is rebuilt from entries. Where several share a PostgreSQL, the
times are the server's, so that hosts whose clocks differ agree on who is late.
"""

from dataclasses import dataclass
from typing import Final

from remit.errors import StorageError
from remit.store import locks
from remit.store.connection import Connection, Row

SCHEMA = (
    """create table if not exists workers (
        worker text primary key,
        host text not null,
        pid integer not null,
        boot text not null,
        releases text not null,
        sessions text not null,
        started_us integer not null,
        beat_us integer not null,
        ended_us integer
    )""",
    "create index if not exists workers_alive on workers (worker) where ended_us is null",
)

SERVER_NOW: Final = "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)"
COLUMNS: Final = "worker, host, pid, boot, releases, sessions"
WORKERS_MAX: Final = 1_000
KEPT_US: Final = 30 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that takes cases.

    `boot` tells a restarted host, `releases` what code it runs, `sessions` the name under which
    the server shows its sessions.
    """

    name: str
    host: str
    pid: int
    boot: str = ""
    releases: str = ""
    sessions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A worker that has not ended, and for how long nothing was heard of it."""

    worker: Worker
    silent_seconds: float


def begin(connection: Connection, worker: Worker, *, now_us: int | None = None) -> None:
    """Note that a worker has begun, by the server's clock unless told; forget the long ended."""
    now, given = (SERVER_NOW, ()) if now_us is None else ("?", (now_us,))
    connection.execute(
        f"insert into workers ({COLUMNS}, started_us, beat_us)"
        f" values (?, ?, ?, ?, ?, ?, {now}, {now}) on conflict (worker) do nothing",
        (
            worker.name, worker.host, worker.pid, worker.boot, worker.releases, worker.sessions,
            *given, *given,
        ),
    )  # fmt: skip
    connection.execute(f"delete from workers where ended_us < {now} - {KEPT_US}", given)


def end(connection: Connection, name: str, *, now_us: int | None = None) -> None:
    """Note that a worker has ended, in peace or not."""
    now, given = (SERVER_NOW, ()) if now_us is None else ("?", (now_us,))
    connection.execute(
        f"update workers set ended_us = {now} where worker = ? and ended_us is null",
        (*given, name),
    )


def beat(connection: Connection, name: str) -> bool:
    """Say that a worker lives; False where it was declared gone."""
    changed = connection.execute(
        f"update workers set beat_us = {SERVER_NOW} where worker = ? and ended_us is null",
        (name,),
    )
    return changed == 1


def unended(connection: Connection) -> list[str]:
    """Return the workers that never said that they ended."""
    rows = connection.rows("select worker from workers where ended_us is null order by started_us")
    return [str(row[0]) for row in rows]


def since(connection: Connection) -> int | None:
    """Return since when somebody has been at work, or None where nobody is."""
    found = connection.value("select min(started_us) from workers where ended_us is null")
    return None if found is None else int(found)


def there(connection: Connection) -> list[Worker]:
    """Return who never said that it ended."""
    rows = connection.rows(
        f"select {COLUMNS} from workers where ended_us is null order by started_us limit ?",
        (WORKERS_MAX,),
    )
    return [_worker(row) for row in rows]


def alive(connection: Connection) -> list[Seen]:
    """Return who has not ended, with the seconds since each was heard of by the server's clock."""
    rows = connection.rows(
        f"select {COLUMNS}, ({SERVER_NOW} - beat_us) / 1000000.0"
        " from workers where ended_us is null order by worker limit ?",
        (WORKERS_MAX,),
    )
    return [
        Seen(
            worker=_worker(row),
            silent_seconds=float(row[6]),
        )
        for row in rows
    ]


# -- locks and sessions of PostgreSQL -------------------------------------------------------------


def hold(connection: Connection, name: str) -> bool:
    """Try to take a worker's lock for the life of this session: whoever has it is that worker."""
    return bool(connection.value("select pg_try_advisory_lock(?)", (_key(name),)))


def demand(connection: Connection, name: str) -> None:
    """Take a worker's lock for the life of this session; raises `StorageError` if it is held."""
    if not hold(connection, name):
        raise StorageError(f"the lock of worker {name} is still held; try again")


def let_go(connection: Connection, name: str) -> None:
    """Give a worker's lock free."""
    connection.rows("select pg_advisory_unlock(?)", (_key(name),))


def cut_off(connection: Connection, sessions: str) -> int:
    """End all server sessions of that name, as far as the role may; return how many."""
    rows = connection.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and application_name = ?"
        " and pid <> pg_backend_pid() and usename = current_user",
        (sessions,),
    )
    return sum(bool(row[0]) for row in rows)


def _worker(row: Row) -> Worker:
    return Worker(
        name=str(row[0]), host=str(row[1]), pid=int(row[2]), boot=str(row[3]),
        releases=str(row[4]), sessions=str(row[5]),
    )  # fmt: skip


def _key(name: str) -> int:
    return locks.key(f"remit/worker/{name}")
