"""Retrieval for a workflow: passages as of the case's time, or an honest gap."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

from remit.errors import KnowledgeUnavailableError, StorageError
from remit.retrieval import fulltext
from remit.retrieval.fulltext import Found
from remit.store.connection import Connection
from remit.store.passages import PassageRow

LIMIT = 5
LIMIT_MAX = 50
TIMEOUT_SECONDS = 5.0
SCORE_MIN = 0.05  # lenient, for whole mails; fit it on labelled questions of a collection


class Read(Protocol):
    """Hands one snapshot of the database to a function and returns what that returns."""

    def __call__(self, work: Callable[[Connection], Any], /) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A section of a document as it was retrieved; data, not instruction."""

    document: str
    title: str
    version: str
    section: str  # the heading; empty for the text before the first
    text: str
    collection: str
    valid_from: date
    valid_until: date | None
    score_ppm: int  # BM25 in millionths; compares passages of one question only


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """Passages, or none and a gap, or neither for a question without words."""

    passages: tuple[Passage, ...]
    gap: str | None  # why nothing answers, naming the nearest document
    score_ppm: int  # best BM25 over the question's total rarity, in millionths


class Retriever:
    """Searches the knowledge that a workflow names."""

    def __init__(
        self,
        read: Read,
        collections: Sequence[str],
        *,
        score_min: float = SCORE_MIN,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._read = read
        self._collections = tuple(collections)
        self._score_min = score_min
        self._timeout_seconds = timeout_seconds

    async def search(
        self,
        query: str,
        *,
        as_of: datetime,
        collections: Sequence[str] | None = None,
        limit: int = LIMIT,
    ) -> Retrieved:
        """Return the best passages for a masked question, each of another document.

        `as_of` is the case's time: what lapsed before or holds later is not found. Without
        `collections` all that the workflow names are searched; none but these ever is. Raises
        `KnowledgeUnavailableError` when the index does not answer in time.
        """
        chosen = self._chosen(collections)
        day = as_of.astimezone(UTC).date()

        def work(connection: Connection) -> Found:
            return fulltext.search(
                connection, query, collections=chosen, as_of=day, limit=min(limit, LIMIT_MAX)
            )

        try:
            async with asyncio.timeout(self._timeout_seconds):
                found: Found = await asyncio.to_thread(self._read, work)
        except TimeoutError as error:
            raise KnowledgeUnavailableError(
                f"the knowledge index did not answer within {self._timeout_seconds:g} seconds"
            ) from error
        except StorageError as error:
            raise KnowledgeUnavailableError("the knowledge index cannot be read") from error
        return self._judged(found, asked=bool(fulltext.words(query)), collections=chosen)

    def _chosen(self, collections: Sequence[str] | None) -> tuple[str, ...]:
        if collections is None:
            return self._collections
        return tuple(name for name in collections if name in self._collections)

    def _judged(self, found: Found, *, asked: bool, collections: Sequence[str]) -> Retrieved:
        score_ppm = round(found.score * 1_000_000)
        if found.sections and found.score >= self._score_min:
            passages = tuple(_passage(row, score) for row, score in found.sections)
            return Retrieved(passages=passages, gap=None, score_ppm=score_ppm)
        if not asked:
            return Retrieved(passages=(), gap=None, score_ppm=0)
        names = ", ".join(f"`{name}`" for name in collections) or "no collection"
        nearest = f"; the nearest is `{found.sections[0][0].document}`" if found.sections else ""
        return Retrieved(
            passages=(), gap=f"no document of {names} answers this{nearest}", score_ppm=score_ppm
        )


def _passage(row: PassageRow, score: float) -> Passage:
    return Passage(
        document=row.document,
        title=row.title,
        version=row.version,
        section=row.heading,
        text=row.body,
        collection=row.collection,
        valid_from=date.fromisoformat(row.valid_from),
        valid_until=date.fromisoformat(row.valid_until) if row.valid_until else None,
        score_ppm=round(score * 1_000_000),
    )
