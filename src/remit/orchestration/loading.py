"""What a start loads: documents into the index; and which rules did not load."""

import logging
from collections.abc import Mapping, Sequence

from remit.orchestration.equipment import Equipment
from remit.retrieval import fulltext
from remit.retrieval.documents import Document
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

log = logging.getLogger("remit.policy")


def refused(equipment: Mapping[str, Equipment]) -> dict[str, str]:
    """Return the workflows whose rules do not load, and why; an alarm says so of each."""
    found = {name: one.rules_refused for name, one in equipment.items() if one.rules_refused}
    for name, why in found.items():
        log.critical("the rules of `%s` do not load, so its effects are blocked: %s", name, why)
    return found


def load(writer: Writer, documents: Sequence[Document]) -> None:
    """Index documents."""
    if documents:

        def index(uow: UnitOfWork) -> None:
            uow.hold("documents")
            fulltext.index(uow.connection, tuple(documents))

        writer.run(index)
