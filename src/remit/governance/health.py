"""How an installation does, from its rows and from what surrounds them; running or stopped."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from remit.domain import clock
from remit.governance import overview
from remit.ledger import verified
from remit.ledger.anchor_standing import AnchorsView
from remit.ledger.verified import Verified
from remit.ledger.wrapping import Epoch
from remit.store import books, cases, kpi_days, load, workers
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.deployment import Room

LOST: Final = "nothing-to-wait-for"
DAYS_SHOWN: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerView:
    """A process that takes cases and has not said that it ended."""

    name: str
    host: str
    pid: int
    silent_seconds: float | None  # None where one process alone works and nobody asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What the rows say; ages in seconds, 0 where there is nothing to be old."""

    received: int
    workflows: Mapping[str, Mapping[str, int]]  # workflow -> state -> cases
    waiting: int
    overdue: int
    aside: int
    overdue_aside: int
    aside_oldest: int  # seconds since the oldest of the overdue came
    ready_oldest: int
    timers: int
    timer_lag: int
    unsequenced: int
    unsequenced_oldest: int
    unsettled: int
    unsettled_oldest: int
    ambiguous: int
    ambiguous_oldest: int
    tried_later: Mapping[str, int]  # what failed for the moment -> cases that wait to try again
    rules_waiting: tuple[str, ...]  # workflows whose changed rules wait for signatures
    lost: int  # cases that a person has because they waited for nothing
    verified: Verified | None
    workers: tuple[WorkerView, ...]
    days: Mapping[str, Mapping[str, int]]  # the last days -> what was counted

    @property
    def states(self) -> Mapping[str, int]:
        """Cases of all workflows by state."""
        found: dict[str, int] = {}
        for counts in self.workflows.values():
            for state, n in counts.items():
                found[state] = found.get(state, 0) + n
        return found

    @property
    def balance(self) -> int:
        """Cases that are not accounted for: received, and neither closed, open nor set aside."""
        known = sum(n for state, n in self.states.items() if state != "running")
        return self.received - known


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysView:
    """Where the root keys are, and since when the current one wraps."""

    store: str
    epoch: Epoch
    rotation_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the settings call too much."""

    ready_seconds_max: int = 300
    disk_free_min: int = 1024**3
    signers: int = 2  # of rules that let more pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Everything that the verdicts rest on."""

    at: datetime
    rows: Rows
    owner: str  # who has the database now; empty where nobody
    database_bytes: int
    log_bytes: int | None
    free_bytes: int | None
    reserve: bool | None
    room: Room | None
    keys: KeysView
    anchors: AnchorsView
    bounds: Bounds
    live: (
        Mapping[str, object] | None
    )  # what the running process alone knows; None if none was asked


def look(
    database: Database,
    *,
    keys: KeysView,
    anchors: AnchorsView,
    now: datetime,
    bounds: Bounds = Bounds(),
    live: Mapping[str, object] | None = None,
) -> Health:
    """Return how an installation does now; writes nothing."""
    return Health(
        at=now,
        rows=database.read(lambda c: _rows(c, now=now)),
        owner=database.owner(),
        database_bytes=database.size(),
        log_bytes=database.log_size(),
        free_bytes=database.free(),
        reserve=database.reserve_kept(),
        room=database.room(),
        keys=keys,
        anchors=anchors,
        bounds=bounds,
        live=live,
    )


def _rows(connection: Connection, *, now: datetime) -> Rows:
    now_us = clock.microseconds(now)

    def age(since_us: int | None) -> int:
        return 0 if since_us is None else max(0, now_us - since_us) // 1_000_000

    found = load.read(connection, late_before_us=now_us)
    counts = overview.counts(connection, now_us=now_us)
    timers, due_us = load.timers(connection, now_us)
    late, late_us = cases.count_aside(connection, workflow=None, due_before_us=now_us)
    unsettled, unsettled_us = load.unsettled(connection)
    ambiguous, ambiguous_us = load.ambiguous(connection)
    since = f"{now - timedelta(days=DAYS_SHOWN - 1):%Y-%m-%d}"
    return Rows(
        received=counts["received"],
        workflows=load.by_workflow(connection),
        waiting=counts["waiting"],
        overdue=counts["overdue"],
        aside=counts["quarantined"],
        overdue_aside=late,
        aside_oldest=age(late_us),
        ready_oldest=age(found.ready_oldest_us),
        timers=timers,
        timer_lag=age(due_us),
        unsequenced=found.unsequenced,
        unsequenced_oldest=age(found.unsequenced_oldest_us),
        unsettled=unsettled,
        unsettled_oldest=age(unsettled_us),
        ambiguous=ambiguous,
        ambiguous_oldest=age(ambiguous_us),
        tried_later={f"{kind} {ref}": n for kind, ref, n in load.tried_later(connection)},
        rules_waiting=tuple(one.workflow for one in books.waiting(connection)),
        lost=load.escalated_for(connection, LOST),
        verified=verified.last(connection),
        workers=_workers(connection),
        days=kpi_days.of_workflow(connection, since=since),
    )


def _workers(connection: Connection) -> tuple[WorkerView, ...]:
    if connection.dialect == "sqlite":
        return tuple(
            WorkerView(name=one.name, host=one.host, pid=one.pid, silent_seconds=None)
            for one in workers.there(connection)
        )
    return tuple(
        WorkerView(
            name=seen.worker.name, host=seen.worker.host, pid=seen.worker.pid,
            silent_seconds=seen.silent_seconds if seen.worker.sessions else None,
        )
        for seen in workers.alive(connection)
    )  # fmt: skip
