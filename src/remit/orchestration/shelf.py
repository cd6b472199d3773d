"""The book in force, as the record says it: looked at where a run opens and at each gate.

INVARIANT: what the gate is told of the rules is what the book in force says in the snapshot that
it reads, in every process (tests/stories/test_rules_changed.py).
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from remit.domain.fingerprint import fingerprint
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.domain.limit import Limit, limits_digest
from remit.errors import PolicyLoadError, RemitError, StorageError
from remit.ledger import read as record
from remit.ledger.seal import KeyRing
from remit.orchestration.equipment import Equipment
from remit.policy import folder
from remit.policy.book import Declared, PolicyBook
from remit.store import books, limit_books
from remit.store.books import BookRow
from remit.store.connection import Connection

log = logging.getLogger("remit.policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Where the rules of a workflow are written, and what they may speak of."""

    folder: Path
    declared: Declared
    rest: str  # digest of all that makes the behaviour beside rules and limits
    limits: tuple[Limit, ...]  # that cover its actions

    def fingerprint(self, book: str | None, *, limits: str = "") -> str:
        """Return the fingerprint of the workflow under the book of this digest.

        `limits` is the digest of other limits than those of now.
        """
        return fingerprint(
            self.rest, rules=book or "", limits=limits or limits_digest(self.limits)
        )


class Shelf:
    """The books of a process: each workflow's equipment holds the one in force."""

    def __init__(
        self,
        keys: KeyRing,
        equipment: dict[str, Equipment],
        rules: Mapping[str, Rules],
    ) -> None:
        self._keys = keys
        self._equipment = equipment
        self._rules = rules
        self._seen: dict[str, int] = {}  # the entry of the book that is held, by workflow
        self._versions: dict[str, int] = {}  # of what may be done, when that was looked at
        self._swapping = threading.Lock()

    def at(self, connection: Connection, workflow: str, version: int) -> Equipment:
        """Return the equipment with the book in force in a snapshot with that version."""
        if self._versions.get(workflow) != version:
            self.look(connection, workflow)
            self._versions[workflow] = version
        return self._equipment[workflow]

    def look(self, connection: Connection, workflow: str) -> Equipment:
        """Return the equipment with the book that is in force now."""
        if workflow not in self._rules:
            return self._equipment[workflow]
        row = books.in_force(connection, workflow)
        if row is not None and row.seq > self._seen.get(workflow, 0):
            with self._swapping:
                if row.seq > self._seen.get(workflow, 0):
                    self._swap(connection, row)
        return self._equipment[workflow]

    def hold(self, workflow: str, book: PolicyBook | None, *, refused: str = "") -> None:
        """Hold a book that is compiled already; all handles are swapped at once."""
        self._equipment[workflow] = self._with(workflow, book, refused)

    def go_without(self, connection: Connection, workflow: str) -> None:
        """Hold no rules, though some are in force, until others come into force or are held."""
        row = books.in_force(connection, workflow)
        if row is not None:
            self._note(connection, row)

    def compiled(self, workflow: str, texts: Mapping[str, str]) -> PolicyBook:
        """Return the book that files make under the code that is loaded here.

        Raises `PolicyLoadError` naming file, line and rule.
        """
        return folder.book_of(texts, self._rules[workflow].declared, owners=None)

    def texts(self, connection: Connection, workflow: str, seq: int) -> Mapping[str, str]:
        """Return the rules that an entry of a book or of a change holds."""
        stream = control_stream(workflow)
        found = record.payload(connection, self._keys, stream, seq, "rules")
        if not isinstance(found, dict):
            raise PolicyLoadError(f"the rules of `{workflow}` are not what was recorded")
        return {name: str(text) for name, text in found.items()}

    def _swap(self, connection: Connection, row: BookRow) -> None:
        """Take the book of that entry; one that does not load here leaves no rules at all."""
        name = row.workflow
        now = self._equipment[name].book
        try:
            if now is None or now.texts_digest != row.texts:
                self.hold(name, self.compiled(name, self.texts(connection, name, row.seq)))
                log.warning("other rules are in force for `%s`: %s", name, row.digest[:12])
        except StorageError:
            raise  # nothing can be told now; the run is tried again
        except RemitError as error:
            self.hold(name, None, refused=str(error))
            log.critical(
                "the rules in force of `%s` do not load here, so its effects are blocked: %s",
                name, error,
            )  # fmt: skip
        self._note(connection, row)

    def _note(self, connection: Connection, row: BookRow) -> None:
        """Note that this is in force; cases go on that began under other rules or limits."""
        name = row.workflow
        if self._equipment[name].pinned:
            make = self._rules[name].fingerprint
            known = {one.digest for one in books.kept(connection, name)}
            carries = frozenset(
                make(book, limits=one.digest)
                for one in limit_books.kept(connection, name)
                for book in (None, *known)
            )
            self._equipment[name] = replace(self._equipment[name], carries=carries)
        self._seen[name] = row.seq

    def _with(self, workflow: str, book: PolicyBook | None, refused: str) -> Equipment:
        return replace(
            self._equipment[workflow],
            book=book,
            rules_refused=refused,
            fingerprint=self._rules[workflow].fingerprint(None if book is None else book.digest),
        )
