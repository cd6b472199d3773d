"""Books of rules as they were recorded: the text of each that was ever in use."""

from collections.abc import Mapping

from remit.domain.book_event import BookLoaded
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.ledger import read
from remit.ledger.seal import KeyRing
from remit.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBook:
    """One book that came into use."""

    seq: int
    at_us: int
    digest: str
    before: str
    rules: int
    texts: Mapping[str, str]  # of its files, by name


def kept(connection: Connection, keys: KeyRing, workflow: str) -> tuple[KeptBook, ...]:
    """Return the books of a workflow, oldest first; a large one is told in several entries."""
    found = read.stream(connection, keys, control_stream(workflow), roles=("rules",))
    books = (_book(one) for one in found if one.event == BookLoaded.NAME)
    return tuple(one for one in books if one is not None)


def in_use_at(books: tuple[KeptBook, ...], at_us: int) -> KeptBook | None:
    """Return the book that was in use at an instant."""
    earlier = [one for one in books if one.at_us <= at_us]
    return earlier[-1] if earlier else None


def _book(entry: Entry) -> KeptBook | None:
    texts = entry.payloads.get("rules")
    if not isinstance(texts, dict):
        return None
    return KeptBook(
        seq=entry.seq,
        at_us=entry.at_us,
        digest=entry.word("digest"),
        before=entry.word("before"),
        rules=entry.number("rules") or 0,
        texts={name: str(text) for name, text in texts.items()},
    )
