"""What a start loads: documents into the index, and policy books, with an entry for a new one."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from remit.domain import actor
from remit.domain.entry import Draft
from remit.domain.event import BookLoaded
from remit.governance.grants import control_stream
from remit.ledger import read
from remit.orchestration.equipment import Equipment
from remit.policy.book import PolicyBook
from remit.retrieval import fulltext
from remit.retrieval.documents import Document
from remit.store import waits
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

log = logging.getLogger("remit.policy")

SLICES_PER_ENTRY_MAX: Final = 200  # a leaf has an end


def refused(equipment: Mapping[str, Equipment]) -> dict[str, str]:
    """Return the workflows whose rules do not load, and why; an alarm says so of each."""
    found = {name: one.rules_refused for name, one in equipment.items() if one.rules_refused}
    for name, why in found.items():
        log.critical("the rules of `%s` do not load, so its effects are blocked: %s", name, why)
    return found


def load(
    database: Database,
    writer: Writer,
    documents: Sequence[Document],
    books: Mapping[str, PolicyBook | None],
) -> None:
    """Index documents, and record each workflow's book that is not the one in use.

    INVARIANT: what the gate clears names a slice of a book that was recorded before
    (tests/stories/test_book_loaded.py).
    """
    if documents:

        def index(uow: UnitOfWork) -> None:
            uow.hold("documents")
            fulltext.index(uow.connection, tuple(documents))

        writer.run(index)
    for workflow, book in books.items():
        if book is not None:
            _record(database, writer, workflow, book)


def _record(database: Database, writer: Writer, workflow: str, book: PolicyBook) -> None:
    stream, digest = control_stream(workflow), book.digest

    def in_use(connection: Connection) -> str:
        found = read.last_of(connection, stream, BookLoaded.NAME)
        return "" if found is None else found.word("digest")

    def waits_for_it(connection: Connection) -> bool:
        return bool(waits.lifted_by_count(connection, f"fault {workflow}"))

    # A start whose rules were refused has written nothing: the book that is back lets go of what
    # was blocked then.
    if database.read(in_use) == digest and not database.read(waits_for_it):
        return
    slices = sorted({one.digest for one in book.slices.values()})
    parts = [
        tuple(slices[n : n + SLICES_PER_ENTRY_MAX])
        for n in range(0, len(slices), SLICES_PER_ENTRY_MAX)
    ] or [()]

    def work(uow: UnitOfWork) -> None:
        uow.lock(stream)
        before = in_use(uow.connection)
        again = before == digest and not waits_for_it(uow.connection)
        for number, part in enumerate(() if again else parts):
            uow.append(
                Draft(
                    event=BookLoaded(
                        before=before, digest=digest, rules=len(book.rules), slices=part
                    ),
                    case_id=stream,
                    workflow=workflow,
                    actor=actor.service("policy"),
                    payloads={} if number else {"rules": dict(book.texts)},
                )
            )

    writer.run(work, lane="control", streams=(stream,))
