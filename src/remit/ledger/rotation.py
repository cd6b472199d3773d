"""Epochs: a new root key wraps what survives, the old one is destroyed when its time has come."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from remit.domain import clock
from remit.domain.actor import Actor, service
from remit.domain.entry import Draft, Event
from remit.domain.ledger_event import KeyDestroyed, KeyRotated
from remit.ledger.chain import CONTROL_WORKFLOW, control_stream
from remit.ledger.entry import parse
from remit.ledger.keys import KeyRing
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.entries import OF_LEDGER
from remit.store.writer import Writer

EPOCHS_MAX: Final = 1_000


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

    def rotate(self, *, by: Actor) -> KeyRotated:
        """Begin a new epoch now, and destroy the roots whose time has come."""
        done = self.keys.rotate()
        event = KeyRotated(before=done.before, root=done.root, wrapped=done.wrapped)
        self._append(event, by)
        self.destroy_due()
        return event

    def keep(self) -> None:
        """Do what is due: tell of a rotation that was cut short, rotate, destroy."""
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
            self.keys.destroy_root(root)
            self._append(KeyDestroyed(root=root), service("keys"))
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

    def _append(self, event: Event, by: Actor) -> None:
        draft = Draft(
            event=event,
            case_id=control_stream(self.origin),
            workflow=CONTROL_WORKFLOW,
            actor=by,
        )
        self.writer.run(lambda uow: uow.append(draft), lane="control")


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


def _bodies(connection: Connection, event: str) -> Sequence[tuple[dict[str, object], int]]:
    rows = connection.rows(
        f"SELECT leaf FROM entries WHERE event = ? AND {OF_LEDGER}"  # noqa: S608 - a constant
        " ORDER BY at_us, seq LIMIT ?",
        (event, EPOCHS_MAX),
    )
    entries = [parse(row[0]).entry for row in rows]
    return [(dict(entry.body), entry.at_us) for entry in entries]
