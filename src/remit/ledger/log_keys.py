"""The keys of a log: which of them sign now, and how one follows the other.

A key follows by an entry, and both sign until the instant that the entry names. So a tree that one
of them signed vouches for the other, and the later one alone for what comes after.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from remit.domain import clock
from remit.domain.acknowledgement import Act
from remit.domain.actor import Actor, service
from remit.domain.entry import Draft, Event
from remit.domain.ledger_event import CheckpointAbandoned, LogKeyBegun, LogKeyRotated
from remit.errors import RemitError
from remit.ledger.acknowledge import Acknowledger
from remit.ledger.append import Journal
from remit.ledger.chain import CONTROL_WORKFLOW, control_stream
from remit.ledger.entry import parse
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.entries import OF_LEDGER, RAISE_EPOCH
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

_log = logging.getLogger("remit.ledger")
OVERLAP_DAYS: Final = 7.0


@dataclass(frozen=True, slots=True)
class LogKeys:
    """Rotates the key of one log."""

    database: Database
    writer: Writer
    journal: Journal
    acknowledger: Acknowledger

    def rotate(
        self, *, by: Actor, now: datetime, overlap_days: float = OVERLAP_DAYS
    ) -> LogKeyRotated:
        """Have a new key sign; the one before signs beside it for a while.

        Raises `NotAcknowledgedError`.
        """
        until = clock.microseconds(now + timedelta(days=overlap_days))
        number, before, key = self.database.read(self.journal.next_key)
        rotated = LogKeyRotated(number=number, before=before, key=key, until_us=until)
        self._append(rotated, by)
        self.journal.reload(self.database.read)
        # Whoever extends the tree elsewhere takes it up anew, and learns of the key.
        self._append(LogKeyBegun(number=number, key=key), by, anew=True)
        self.journal.reload(self.database.read)
        return rotated

    def tell_abandoned(self) -> int:
        """Record the signatures that the signer gave and nobody used; return how many."""
        remote = self.journal.remote
        if remote is None or not remote.abandonments:
            return 0
        told = self.database.read(_abandoned)
        left = [one for one in dict.fromkeys(remote.abandonments) if one not in told]
        for size, root in left:
            self._append(CheckpointAbandoned(size=size, root=root), service("signer"))
        remote.abandonments = []
        return len(left)

    def keep(self) -> None:
        """Do what is due; what cannot be written now is written later."""
        try:
            self.tell_abandoned()
        except RemitError as error:
            _log.warning("an abandoned signature is not on record yet: %s", error.code)

    def _append(self, event: Event, by: Actor, *, anew: bool = False) -> None:
        draft = Draft(
            event=event,
            case_id=control_stream(self.journal.origin),
            workflow=CONTROL_WORKFLOW,
            actor=by,
        )

        def work(uow: UnitOfWork) -> None:
            if anew and uow.connection.dialect == "postgresql":
                uow.connection.execute(RAISE_EPOCH)
            uow.append(draft)

        self.acknowledger.require(self.writer.run(work, lane="control"), Act.KEY)


def _abandoned(connection: Connection) -> set[tuple[int, str]]:
    sql = f"SELECT leaf FROM entries WHERE event = ? AND {OF_LEDGER}"  # noqa: S608 - a constant
    rows = connection.rows(sql, (CheckpointAbandoned.NAME,))
    entries = [parse(row[0]).entry for row in rows]
    return {(entry.number("size") or 0, entry.word("root")) for entry in entries}
