"""Epochs: a new root key wraps what survives, the old one is destroyed when its time has come."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from remit.domain import clock
from remit.domain.acknowledgement import Act
from remit.domain.actor import Actor, ActorKind, service
from remit.domain.entry import Draft, Entry, Event
from remit.domain.ledger_event import KeyDestroyed, KeyRotated
from remit.domain.value import Json
from remit.errors import NotAcknowledgedError
from remit.ledger import read
from remit.ledger.acknowledge import Acknowledger
from remit.ledger.chain import CONTROL_WORKFLOW, control_stream
from remit.ledger.entry import parse
from remit.ledger.keys import KeyRing
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.entries import OF_LEDGER
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

EPOCHS_MAX: Final = 1_000
LOCK: Final = "ledger/epochs"

_log = logging.getLogger("remit.ledger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A root key that was replaced, and when it is to be destroyed."""

    root: str
    replaced_at: datetime
    due_at: datetime
    destroyed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Epochs:
    """How long a root key wraps, and how long it is kept after that."""

    rotation_days: int = 30
    destroy_after_days: int = 30


DEFAULT_EPOCHS: Final = Epochs()


@dataclass(frozen=True, slots=True)
class Rotation:
    """Rotates and destroys the root keys of one installation."""

    database: Database
    writer: Writer
    keys: KeyRing
    origin: str
    now: Callable[[], datetime]
    epochs: Epochs = DEFAULT_EPOCHS
    acknowledger: Acknowledger = field(default_factory=Acknowledger)

    def rotate(self, *, by: Actor) -> KeyRotated:
        """Begin a new epoch now, and destroy the roots whose time has come.

        Where another process has just begun one, that is the new one, and its to tell.
        Raises `NotAcknowledgedError`: the new root wraps every key, and no root is destroyed.
        """
        done = self.keys.rotate()
        if done is None:
            epoch = self.keys.epoch()
            return KeyRotated(before=epoch.before or "", root=epoch.root)
        event = KeyRotated(before=done.before, root=done.root, wrapped=done.wrapped)
        self._append(event, by)
        self.destroy_due()
        return event

    def keep(self) -> None:
        """Do what is due: tell of a rotation that was cut short, rotate, destroy.

        What is not acknowledged is taken up the next time.
        """
        try:
            self._keep()
        except NotAcknowledgedError as error:
            _log.error("keys are kept as they are: %s", error)

    def _keep(self) -> None:
        current = self.keys.epoch()
        told = {event.root for event, _ in self.database.read(_rotations)}
        if current.before is not None and current.root not in told:
            # A crash came between the keys and the entry.
            self._append(KeyRotated(before=current.before, root=current.root), service("keys"))
        ends = clock.instant(current.began_us) + timedelta(days=self.epochs.rotation_days)
        if ends <= self.now():
            self.rotate(by=service("keys"))
        self.destroy_due()

    def destroy_due(self) -> list[str]:
        """Destroy the roots of epochs that ended long enough ago; return them."""
        due = [one.root for one in self.ended() if not one.destroyed and one.due_at <= self.now()]
        for root in due:
            self._acknowledged(root)
            self.keys.destroy_root(root)
            self._append(KeyDestroyed(root=root), service("keys"), Act.KEY_END)
        return due

    def ended(self) -> list[Ended]:
        """Return every root that was replaced, the oldest first."""

        def work(connection: Connection) -> list[Ended]:
            gone = {event.root for event, _ in _destroyed(connection)}
            return [
                Ended(
                    root=event.before,
                    replaced_at=clock.instant(at_us),
                    due_at=clock.instant(at_us) + timedelta(days=self.epochs.destroy_after_days),
                    destroyed=event.before in gone,
                )
                for event, at_us in _rotations(connection)
            ]

        return self.database.read(work)

    def _acknowledged(self, root: str) -> None:
        """Wait until the end of a root's epoch has come as far in the log as it must."""

        def size(connection: Connection) -> int | None:
            for entry in _entries(connection, KeyRotated.NAME):
                if entry.word("before") == root:
                    return read.covering(connection, entry.case_id, entry.seq)
            return None

        self.acknowledger.covered(self.database.read(size), Act.KEY)

    def _append(self, event: Event, by: Actor, act: Act = Act.KEY) -> None:
        draft = Draft(
            event=event,
            case_id=control_stream(self.origin),
            workflow=CONTROL_WORKFLOW,
            actor=by,
        )

        def work(uow: UnitOfWork) -> None:
            uow.hold(LOCK)
            # What is due is due in every process: one of them tells it. Who asked is always told.
            if by.kind is ActorKind.PERSON or not _told(uow.connection, event):
                uow.append(draft)

        receipt = self.writer.run(work, lane="control")
        if receipt.entries:
            self.acknowledger.require(receipt, act)


def _told(connection: Connection, event: Event) -> bool:
    """Return whether the record says so already."""
    if isinstance(event, KeyRotated):
        return event.root in {one.root for one, _ in _rotations(connection)}
    return isinstance(event, KeyDestroyed) and event.root in {
        one.root for one, _ in _destroyed(connection)
    }


def _rotations(connection: Connection) -> list[tuple[KeyRotated, int]]:
    return [
        (KeyRotated(before=str(body["before"]), root=str(body["root"])), at_us)
        for body, at_us in _bodies(connection, KeyRotated.NAME)
    ]


def _destroyed(connection: Connection) -> list[tuple[KeyDestroyed, int]]:
    return [
        (KeyDestroyed(root=str(body["root"])), at_us)
        for body, at_us in _bodies(connection, KeyDestroyed.NAME)
    ]


def _bodies(connection: Connection, event: str) -> Sequence[tuple[Mapping[str, Json], int]]:
    return [(entry.body, entry.at_us) for entry in _entries(connection, event)]


def _entries(connection: Connection, event: str) -> Sequence[Entry]:
    rows = connection.rows(
        f"SELECT leaf FROM entries WHERE event = ? AND {OF_LEDGER}"  # noqa: S608 - a constant
        " ORDER BY at_us, seq LIMIT ?",
        (event, EPOCHS_MAX),
    )
    return [parse(row[0]).entry for row in rows]
