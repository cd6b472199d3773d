"""Full-text search over released documents, the same on SQLite and PostgreSQL."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from remit.retrieval.documents import Document, digest
from remit.store import passages
from remit.store.connection import Connection
from remit.store.passages import PassageRow

QUERY_LETTERS_MAX = 20_000
QUERY_WORDS_MAX = 200
SECTIONS_PER_DOCUMENT_MAX = 8  # read so many times the limit, to keep the best of each document

ANALYSERS = {
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pl": "simple",
    "pt": "portuguese",
}

# Words that say nothing about what a question is about, in the two languages of the examples.
STOP_WORDS = frozenset(
    (
        "a about am an and any are as at be been but by can could did do does for from had has"
        " have he her him his i if in into is it its just me my no not of on or our she so than"
        " that the their them then there these they this those to too up us was we were what"
        " when where which who why will with would you your hello hi hey please thanks thank"
        " dear regards"
        " aber als am an auch auf aus bei bin bis bitte da das dass dem den"  # codespell:ignore
        " der des die doch du ein eine einen einem einer er es für habe haben"  # codespell:ignore
        " hat hallo ich ihr im in ist ja kann mein meine meinem meinen mich"  # codespell:ignore
        " mir mit nach nicht noch nur oder sie sich sind so und uns vom von"  # codespell:ignore
        " vor war was wie wir zu zum zur danke"  # codespell:ignore
    ).split()
)

_WORD = re.compile(r"\w+")
_NOT_A_TOPIC = re.compile(r"\b(?:[A-Z]+_[0-9A-Z]{8}|\d{4,})\b")  # masked values, order numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best section of each document, and how well the best of all answers the question."""

    sections: tuple[tuple[PassageRow, float], ...]
    score: float  # best BM25 over the question's total rarity: 0 nothing, 1 and above all of it


def index(connection: Connection, documents: tuple[Document, ...]) -> bool:
    """Write the index where it is not that of these documents; say whether it was written.

    Runs in the caller's transaction.
    """
    wanted = digest(documents)
    if passages.index_digest(connection) == wanted:
        return False
    passages.replace_all(connection, _rows(documents), wanted)
    return True


def search(
    connection: Connection,
    query: str,
    *,
    collections: Sequence[str],
    as_of: date,
    limit: int,
) -> Found:
    """Return the sections that answer a masked question best, one for each document."""
    wanted = words(query)
    found = passages.search(
        connection,
        wanted,
        collections,
        as_of=as_of.isoformat(),
        limit=limit * SECTIONS_PER_DOCUMENT_MAX,
    )
    if not found:
        return Found(sections=(), score=0.0)
    best: dict[str, tuple[PassageRow, float]] = {}
    for row, score in found:
        best.setdefault(row.document, (row, score))
    top, top_score = found[0]
    total = passages.rarity(connection, wanted, analyser=top.analyser)
    return Found(
        sections=tuple(best.values())[:limit],
        score=top_score / total if total else 0.0,
    )


def words(query: str) -> list[str]:
    """Return a question's distinct words in order, without those that say nothing."""
    topical = _NOT_A_TOPIC.sub(" ", query[:QUERY_LETTERS_MAX])
    folded = unicodedata.normalize("NFKC", topical).lower()
    distinct = dict.fromkeys(word for word in _WORD.findall(folded) if word not in STOP_WORDS)
    return list(distinct)[:QUERY_WORDS_MAX]


def _rows(documents: tuple[Document, ...]) -> Iterator[PassageRow]:
    number = 0
    for document in documents:
        for section in document.sections:
            number += 1
            yield PassageRow(
                id=number,
                document=document.id,
                version=document.version,
                collection=document.collection,
                title=document.title,
                heading=section.heading,
                body=section.text,
                analyser=ANALYSERS.get(document.language, "simple"),
                valid_from=document.valid_from.isoformat(),
                valid_until=document.valid_until.isoformat() if document.valid_until else None,
            )
