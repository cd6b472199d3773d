"""PostgreSQL: each piece of work is a transaction on a session of its own, side by side.

A session is a connection and the chain of what it has written. One whose commit ended without an
answer is dropped with its chain, and another looks what became of the write.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from remit.domain.clock import Clock
from remit.errors import (
    ClashError,
    FencedError,
    KeyUnavailableError,
    SessionsExhaustedError,
    StorageError,
    StorageUnavailableError,
)
from remit.store import entries
from remit.store.connection import Connection
from remit.store.crew import Attempt, Crew, Session, Trial
from remit.store.database import Database
from remit.store.journal import JournalPort, prover
from remit.store.lanes import Answer, Lane, Lanes, Unit
from remit.store.places import Places
from remit.store.ready import Ready
from remit.store.receipt import Committed, Receipt
from remit.store.streams import LockedTails
from remit.store.tally import Tally
from remit.store.unit import Projectors, UnitOfWork

T = TypeVar("T")

SESSIONS_FOR_CONTROL: Final = 2  # which ordinary work leaves free
CLASHES_MAX: Final = 5
AWAY_SECONDS_MAX: Final = 5.0  # so long a unit waits for a server that does not answer
RETRY_SECONDS_MAX: Final = 1.0

_log = logging.getLogger("remit.store")


class SessionWriter:
    """The writer of a PostgreSQL database; see `remit.store.writer.Writer`."""

    def __init__(
        self,
        database: Database,
        journal: JournalPort,
        projectors: Projectors,
        clock: Clock,
        on_commit: Callable[[Committed], None],
        on_ready: Callable[[Connection, tuple[Ready, ...]], None] | None,
    ) -> None:
        self.before_commit: list[Callable[[str], None]] = []
        self.on_commit = on_commit
        self.on_ready = on_ready
        self._database = database
        self._journal = journal
        self._projectors = projectors
        self._clock = clock
        self._lanes = Lanes()
        self._crew = Crew()
        self._places = Places(database)
        journal.on_step = self._places.moved
        self._prover = prover(database.read, journal)
        self._halted = threading.Event()
        self._opened = threading.Lock()
        self._ended: list[str] = []  # chains that nobody follows yet
        self._begin()

    def submit(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> "Future[Receipt[T]]":
        """Queue a piece of work for the next free session."""
        future: Future[Receipt[T]] = Future()
        self.tell(work, future, lane=lane, streams=streams)
        return future

    def tell(
        self,
        work: Callable[[UnitOfWork], Any],
        answer: Answer,
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> None:
        """Queue a piece of work; `answer` is told instead of a future."""
        crew = self._crew
        with self._lanes.changed:
            wake = lane == "control" or crew.ordinary < self._ordinary_max
            self._lanes.put(Unit(work, answer, lane, tuple(streams)), wake=wake)
            waiting = self._lanes.depth("control") + self._lanes.depth("ordinary")
            if crew.grows(waiting, self._database.sessions_max):
                name = f"remit-writer-{len(crew.threads) + 1}"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                crew.threads.append(thread)
                thread.start()

    def run(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> Receipt[T]:
        """Do a piece of work and wait until it is durable."""
        return self.submit(work, lane=lane, streams=streams).result()

    def depth(self, lane: Lane) -> int:
        """Return how many pieces of work wait in a lane."""
        return self._lanes.depth(lane)

    def refuse(self, error: BaseException) -> None:
        """Take nothing more, because of this."""
        ended = StorageError(f"the writer ended ({error}); start Remit again")
        ended.__cause__ = error
        for unit in self._lanes.end(error):
            unit.fail(ended)
        self._halted.set()

    def close(self) -> None:
        """Commit what is queued, then end every session."""
        self._lanes.close()
        for thread in tuple(self._crew.threads):
            thread.join()
        self._places.close()

    # -- one thread and its session --------------------------------------------------------------

    def _run(self) -> None:
        session: Session | None = None
        try:
            try:
                session = self._open()
            except SessionsExhaustedError:
                with self._lanes.changed:
                    if self._crew.leave(threading.current_thread()):
                        return  # others have sessions: they are slower, and nothing fails
            except (StorageError, KeyUnavailableError):
                pass  # the first unit tries again, waits, and tells its caller
            while (unit := self._take()) is not None:
                try:
                    session = self._unit(Trial(unit), session)
                except BaseException as error:
                    unit.fail(StorageError(f"the writer ended ({error}); start Remit again"))
                    raise
                finally:
                    self._done(unit)
        except BaseException as error:  # noqa: BLE001 - whatever ended us, callers must hear of it
            self.refuse(error)
        finally:
            if session is not None:
                session.connection.close()

    @property
    def _ordinary_max(self) -> int:
        return max(self._database.sessions_max - SESSIONS_FOR_CONTROL, 1)

    def _take(self) -> Unit | None:
        lanes, crew = self._lanes, self._crew
        with lanes.changed:
            while True:
                unit = lanes.next(ordinary=crew.ordinary < self._ordinary_max)
                if unit is not None:
                    crew.ordinary += unit.lane == "ordinary"
                    if lanes.depth("ordinary") and crew.ordinary < self._ordinary_max:
                        lanes.changed.notify()  # whoever came while there was no room was left
                    return unit
                if lanes.ended is not None or (lanes.closing and not lanes.depth("ordinary")):
                    return None
                crew.idle += 1
                lanes.changed.wait()
                crew.idle -= 1

    def _done(self, unit: Unit) -> None:
        with self._lanes.changed:
            self._crew.ordinary -= unit.lane == "ordinary"
            if self._lanes.closing:  # else this thread takes the next, and wakes who else may
                self._lanes.changed.notify_all()

    def _unit(self, trial: Trial, session: Session | None) -> Session | None:
        """Bring one unit to its end, and answer its caller; return the session for the next."""
        while True:
            try:
                if session is None:
                    session = self._open()
                attempt = self._attempt(trial, session)
            except (StorageUnavailableError, KeyUnavailableError) as error:
                if session is not None and isinstance(error, StorageUnavailableError):
                    self._lose(session)
                    session = None
                if not self._wait_for_server(trial):
                    trial.unit.fail(error)
                    return session
            except ClashError as error:
                trial.clashes += 1
                if trial.clashes > CLASHES_MAX:
                    trial.unit.fail(error)
                    return session
                self._pause(trial)
            except Exception as error:  # noqa: BLE001 - it goes to its caller unchanged
                trial.unit.fail(error)
                return session
            else:
                self._answer(trial.unit, attempt)
                return session

    def _attempt(self, trial: Trial, session: Session) -> Attempt:
        """Run a unit in a transaction, or find that its last commit did happen."""
        connection, chain = session.connection, session.chain
        self._point("begin")
        try:
            chain.begin()
            connection.begin(write=True)
            uow = self._uow(session)
            for stream in sorted(set(trial.unit.streams)):
                uow.lock(stream)
            if trial.doubt is not None and self._is_there(uow, trial.doubt):
                connection.rollback()
                chain.abandoned()
                return trial.doubt
            trial.doubt = None
            value = trial.unit.work(uow)
            self._point("unit")
            self._finish(uow, session)
            attempt = Attempt(
                value, tuple(uow.entries), tuple(uow.woken.values()), tuple(chain.written)
            )
            self._point("before-commit")
        except BaseException:
            chain.abandoned()
            connection.rollback()
            raise
        self._commit(session, trial, attempt)
        self._point("after-commit")
        return attempt

    def _finish(self, uow: UnitOfWork, session: Session) -> None:
        """Write what is left to write; the arrivals come last of all."""
        uow.flush()
        if self.on_ready is not None and uow.woken:
            self.on_ready(session.connection, tuple(uow.woken.values()))
        if session.chain.written:
            session.connection.later(
                entries.INSERT_PENDING,
                [(case_id, seq) for case_id, seq, _, _ in session.chain.written],
            )

    def _commit(self, session: Session, trial: Trial, attempt: Attempt) -> None:
        try:
            session.connection.commit()
        except StorageUnavailableError:
            session.chain.abandoned()
            trial.doubt = attempt  # it may be there: the next attempt looks
            raise
        except BaseException:
            session.chain.abandoned()
            session.connection.rollback()
            raise
        session.chain.committed()

    def _is_there(self, uow: UnitOfWork, doubt: Attempt) -> bool:
        """Look up a write whose commit had no answer; its streams are locked, so it is over.

        Raises `FencedError` where other entries stand in its place.
        """
        for stream in sorted({case_id for case_id, _, _, _ in doubt.written}):
            uow.lock(stream)
        found = entries.found(uow.connection, doubt.written)
        if found == "no":
            raise FencedError("another entry stands where this write should; read it")
        return found == "there"

    def _answer(self, unit: Unit, attempt: Attempt) -> None:
        unit.succeed(
            Receipt(
                value=attempt.value,
                entries=tuple((entry.case_id, entry.seq) for entry in attempt.made),
                hashes=tuple(digest for _, _, digest, _ in attempt.written),
                seek=self._places.seek,
                prover=self._prover,
            )
        )
        unit.deliver()
        self._tell(Committed(entries=attempt.made, ready=attempt.woken, size=None))

    def _tell(self, committed: Committed) -> None:
        try:
            self.on_commit(committed)
        except Exception:  # noqa: BLE001 - the write is durable whatever follows
            _log.exception("what should follow a commit failed; the sweep will find the cases")

    # -- sessions --------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Make the head row, and compare the stored tree with it as any writer must."""
        connection = self._database.writer()
        try:
            connection.begin(write=True)
            self._journal.found(connection)
            connection.commit()
        finally:
            connection.close()
        self._ended.extend(self._database.read(self._journal.check))

    def _open(self) -> Session:
        """Connect, and open a chain that follows those which have ended."""
        connection = self._database.writer()
        with self._opened:
            follows, self._ended = tuple(self._ended), []
        session = Session(connection, self._journal.chain(follows))
        try:
            session.chain.begin()
            connection.begin(write=True)
            uow = self._uow(session)
            first = uow.tail(session.chain.stream) == 0
            for draft in session.chain.opening(first=first):
                uow.append(draft)
            self._finish(uow, session)
            connection.commit()
        except BaseException:
            with self._opened:
                self._ended.extend(follows)
            connection.close()
            raise
        session.chain.committed()
        self._tell(Committed(entries=tuple(uow.entries), ready=(), size=None))
        return session

    def _lose(self, session: Session) -> None:
        session.connection.close()
        with self._opened:
            self._ended.append(session.chain.id)

    def _uow(self, session: Session) -> UnitOfWork:
        return UnitOfWork(
            session.connection,
            session.chain,
            self._projectors,
            tails=LockedTails(),
            now=self._journal.time(self._clock()),
            tally=Tally(),
        )

    def _wait_for_server(self, trial: Trial) -> bool:
        """Wait a moment for a server that is away; False when it was away for too long."""
        now = time.monotonic()
        if trial.away_until is None:
            trial.away_until = now + AWAY_SECONDS_MAX
        if now >= trial.away_until or self._halted.is_set():
            return False
        self._pause(trial)
        return True

    def _pause(self, trial: Trial) -> None:
        """Wait, longer each time, and never in step with the others."""
        apart = 0.5 + time.perf_counter_ns() % 1000 / 1000
        self._halted.wait(trial.pause * apart)
        trial.pause = min(trial.pause * 2, RETRY_SECONDS_MAX)

    def _point(self, name: str) -> None:
        for hook in self.before_commit:
            hook(name)
