"""Queues of DBOS on PostgreSQL, the home of `dbos` (extra `scale`): who runs which case next.

A queue entry is the id of a case and the number of the entry that made it ready; it is written in
the transaction of that entry. What a run has done stands in the ledger, so DBOS records no steps.
"""

import logging
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final
from weakref import WeakKeyDictionary

from remit.errors import MissingExtraError, StorageError
from remit.orchestration.lanes import LaneSettings
from remit.store.connection import Connection
from remit.store.postgres import PostgresConnection, translated
from remit.store.ready import Ready

try:
    import sqlalchemy
    from dbos import (
        DBOS,
        DBOSClient,
        DBOSConfig,
        DBOSPortableJSONSerializer,
        EnqueueOptions,
        WorkflowStatus,
    )
    from dbos import error as dbos_error
    from sqlalchemy.pool import StaticPool
except ImportError as missing:
    raise MissingExtraError(
        "`dispatch = \"dbos\"` needs the extra `scale`; run `pip install 'remit[scale]'`"
    ) from missing

APPLICATION: Final = "remit"
SCHEMA: Final = "dbos"
# By default a digest of the sources: a deployment would strand all that waits.
VERSION: Final = "remit"
WORKFLOW: Final = "drive"
QUEUE: Final = "remit-cases"
SUSPECTS: Final = "remit-suspects"  # cases whose process died twice: one at a time
SUSPECTS_SECONDS: Final = 0.5
PARTITIONS: Final = 64
RETURN_SECONDS_MAX: Final = 2.0
RETURN_LOOK_SECONDS: Final = 0.01
CLIENT_POOL: Final = 2
WORKER_POOL: Final = 6
PAGE: Final = 1_000
SWEEP_PAGE: Final = 100
RANKS: Final = {"urgent": 1, "normal": 3, "bulk": 5}  # smaller is sooner
UNFINISHED: Final = ["ENQUEUED", "PENDING", "DELAYED"]
FINISHED: Final = ["SUCCESS", "ERROR", "CANCELLED"]

log = logging.getLogger("remit.dispatch")

Lanes = Callable[[str], LaneSettings | None]


def migrate(url: str) -> None:
    """Create or upgrade the tables of DBOS, before workers start; raises `StorageError`."""
    _quiet()
    _asked(lambda: DBOS.migrate(_address(url), schema=SCHEMA))


def lacking(connection: Connection) -> bool:
    """Are the tables of DBOS not there yet?"""
    return connection.value("SELECT to_regclass('dbos.workflow_status')") is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A queue entry that some worker has in hand."""

    id: str
    case_id: str
    seq: int  # of the entry of the ledger that it stands for
    queue: str = QUEUE


def seq_of(entry: str) -> int:
    """Return the number of the ledger's entry that a queue entry stands for."""
    return int(entry.split(":")[1])


Driven = Callable[[Taken, str], Coroutine[Any, Any, str]]  # an entry, and its case's workflow


class Queue:
    """The queue as every process sees it: entries come in, are looked at and taken away."""

    def __init__(self, url: str, *, lanes: Lanes) -> None:
        _quiet()
        self._client = _client(url)
        self._lanes = lanes
        self._lent: WeakKeyDictionary[PostgresConnection, sqlalchemy.Connection] = (
            WeakKeyDictionary()
        )
        self._guard = threading.Lock()

    def register(self, workflows: Sequence[str], *, runs_max: int, polling_seconds: float) -> None:
        """Say how the queues of these workflows are to be taken from; who says it last is heard.

        A quarter of a worker stays free for other lanes than the fullest.
        """
        share = runs_max if len(workflows) == 1 else max(1, runs_max * 3 // 4)

        def work() -> None:
            register = self._client.register_queue
            register(
                QUEUE, worker_concurrency=runs_max, partition_worker_concurrency=share,
                polling_interval_sec=polling_seconds,
            )  # fmt: skip
            register(SUSPECTS, worker_concurrency=1, polling_interval_sec=SUSPECTS_SECONDS)
            for name in workflows:
                if (own := self._own(name)) is not None:
                    register(
                        own, worker_concurrency=runs_max, polling_interval_sec=polling_seconds,
                        partition_concurrency=self._running_max(name),
                    )  # fmt: skip

        _asked(work)

    def names(self, workflows: Sequence[str]) -> list[str]:
        """Return the queues in which runs of these workflows may be."""
        own = [queue for name in workflows if (queue := self._own(name)) is not None]
        return [QUEUE, SUSPECTS, *own]

    def put(
        self, connection: Connection, case: Ready, *, again: str = "", delay_seconds: float = 0
    ) -> None:
        """Queue a run of a case in the caller's transaction; the same entry twice is once."""
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": SUSPECTS if case.suspect else self._own(case.workflow) or QUEUE,
            "workflow_id": f"{case.case_id}:{case.seq}{again}",
            "app_version": VERSION,
            "application_name": APPLICATION,
            "priority": RANKS[case.priority] + (not case.resumed),
        }
        if not case.suspect:
            options["queue_partition_key"] = _partition(case.tenant, case.workflow)
        if delay_seconds:
            options["delay_seconds"] = delay_seconds
        try:
            self._client.enqueue_in_transaction(
                self._borrowed(connection), options, case.case_id, case.workflow
            )
        except sqlalchemy.exc.DBAPIError as error:
            raise _said(error) from error

    def held(self, worker: str) -> list[Taken]:
        """Return what a worker has taken and not finished."""
        return self.taken(executor_id=worker).get(worker, [])

    def taken(self, **filters: Any) -> dict[str, list[Taken]]:
        """Return by worker what is taken and not finished."""
        found: dict[str, list[Taken]] = {}
        for one in self._listed(status="PENDING", **filters):
            found.setdefault(one.executor_id or "", []).append(_taken(one))
        return found

    def queued(self, case_ids: Sequence[str]) -> set[str]:
        """Return which of these cases have an entry that is not finished."""
        found: set[str] = set()
        for start in range(0, len(case_ids), SWEEP_PAGE):
            some = [f"{case_id}:" for case_id in case_ids[start : start + SWEEP_PAGE]]
            listed = self._listed(workflow_id_prefix=some, status=UNFINISHED)
            found |= {_taken(one).case_id for one in listed}
        return found

    def withdraw(self, entries: Sequence[str]) -> None:
        """Take entries off whoever has them; what they had in hand is queued another way."""
        if entries:
            _asked(lambda: self._client.cancel_workflows(list(entries)))

    def give_back(self, entries: Sequence[Taken]) -> None:
        """Queue entries again that an orderly end left unfinished."""
        for queue in {entry.queue for entry in entries}:
            some = [entry.id for entry in entries if entry.queue == queue]
            _asked(lambda s=some, q=queue: self._client.resume_workflows(s, queue_name=q))  # type: ignore[misc]  # defaults bind the loop's values

    def forget(self, before: datetime) -> int:
        """Delete a page of entries that were finished before an instant; return how many."""
        old = self._listed(status=FINISHED, completed_before=before.isoformat(), limit=PAGE)
        found = [one.workflow_id for one in old]
        if found:
            _asked(lambda: self._client.delete_workflows(found))
        return len(found)

    def close(self) -> None:
        """Close the sessions of looking and taking away; entries come in by their callers' own."""
        self._client.destroy()

    def _running_max(self, workflow: str) -> int | None:
        settings = self._lanes(workflow)
        return None if settings is None else settings.running_max

    def _own(self, workflow: str) -> str | None:
        """Return the queue of a workflow that may not run as often as a worker can."""
        most = self._running_max(workflow)
        if most is None or most >= LaneSettings().running_max:
            return None
        return f"{QUEUE}-{blake2b(workflow.encode(), digest_size=8).hexdigest()}"

    def _listed(self, **filters: Any) -> list[WorkflowStatus]:
        found: list[WorkflowStatus] = _asked(
            lambda: self._client.list_workflows(
                **filters, name=WORKFLOW, load_input=False, load_output=False
            )
        )
        return found

    def _borrowed(self, connection: Connection) -> sqlalchemy.Connection:
        """Return our session as DBOS takes it: it can neither end the transaction nor close it."""
        if not isinstance(connection, PostgresConnection):
            raise StorageError("DBOS queues need PostgreSQL; set `database` to `postgresql://…`")
        with self._guard:
            known = self._lent.get(connection)
        if known is None:
            lent = connection.lent()
            engine = sqlalchemy.create_engine(
                "postgresql+psycopg://",
                creator=lambda: lent,
                poolclass=StaticPool,
                pool_reset_on_return=None,
                skip_autocommit_rollback=True,
                use_native_hstore=False,
            )
            known = engine.connect()
            with self._guard:
                self._lent[connection] = known
        return known


class Executor:
    """The one DBOS of this process: takes entries off the queue and runs them on this loop."""

    def __init__(self, url: str, *, worker: str, sessions: str) -> None:
        self._url = url
        self._worker = worker
        self._engine = sqlalchemy.create_engine(
            sqlalchemy.make_url(_address(url)).set(drivername="postgresql+psycopg"),
            pool_size=WORKER_POOL,
            max_overflow=0,
            pool_pre_ping=False,  # half of all transactions otherwise; what is lost is tried again
            connect_args={"application_name": sessions},
        )

    def launch(self, drive: Driven, queues: Sequence[str]) -> None:
        """Begin to take entries; called on the event loop that runs them.

        Raises `StorageUnavailableError`, and `StorageError` where the tables of DBOS are behind.
        """
        _quiet()
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": _address(self._url),
            "dbos_system_schema": SCHEMA,
            "application_version": VERSION,
            "executor_id": self._worker,  # new at each start: nothing recovers under an old name
            "serializer": DBOSPortableJSONSerializer(),
            "use_listen_notify": False,  # half of all transactions otherwise; nothing waits here
            "run_migrations": False,
            "system_database_engine": self._engine,
            "log_level": "WARNING",
        }

        async def run(case_id: str, workflow: str) -> str:
            entry = DBOS.workflow_id or f"{case_id}:0"
            return await drive(Taken(id=entry, case_id=case_id, seq=seq_of(entry)), workflow)

        DBOS(config=config)
        # We count faults ourselves, in the ledger; restarts would count against a case here.
        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(run)
        DBOS.listen_queues(list(queues))
        try:
            DBOS.launch()
        except sqlalchemy.exc.DBAPIError as error:
            self.end()
            raise _said(error) from error
        except dbos_error.DBOSException as error:
            self.end()
            raise StorageError(
                f"the tables of DBOS are not ready ({error}); run `remit migrate`"
            ) from error

    def end(self, *, seconds: int = 0) -> None:
        """Take nothing more, give runs so long, and let go; blocks, so not on the event loop."""
        DBOS.destroy(workflow_completion_timeout_sec=seconds, destroy_registry=True)
        deadline = time.monotonic() + RETURN_SECONDS_MAX
        while self._engine.pool.checkedout() and time.monotonic() < deadline:  # type: ignore[attr-defined]  # of a queue pool
            time.sleep(RETURN_LOOK_SECONDS)  # somebody still looks how a withdrawn run ended
        self._engine.dispose()


def _taken(status: WorkflowStatus) -> Taken:
    entry = status.workflow_id
    return Taken(
        id=entry,
        case_id=entry.partition(":")[0],
        seq=seq_of(entry),
        queue=status.queue_name or QUEUE,
    )


def _partition(tenant: str, workflow: str) -> str:
    """Return a lane's share of the queue; no name of anybody stands in queue rows."""
    digest = blake2b(f"{tenant}\0{workflow}".encode(), digest_size=8).digest()
    return f"lane-{int.from_bytes(digest, 'big') % PARTITIONS}"


def _client(url: str) -> DBOSClient:
    return DBOSClient(
        system_database_url=_address(url),
        dbos_system_schema=SCHEMA,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        system_database_pool_size=CLIENT_POOL,
        retry_connection_errors=False,
        lazy=True,
    )


def _address(url: str) -> str:
    return url.replace("postgres://", "postgresql://", 1)


def _asked(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except sqlalchemy.exc.DBAPIError as error:
        raise _said(error) from error


def _said(error: sqlalchemy.exc.DBAPIError) -> StorageError:
    said: Any = error.orig  # the driver's own error, which the store knows
    return translated(said)


def _quiet() -> None:
    """Let what DBOS logs go the way of all our logs, not to a handler of its own."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.WARNING)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
