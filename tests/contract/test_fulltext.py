"""Full-text search finds the same on SQLite and PostgreSQL, as of a day, and admits a gap."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit.errors import KnowledgeUnavailableError, StorageUnavailableError
from remit.retrieval import documents, fulltext
from remit.retrieval.documents import Document, Section
from remit.retrieval.retriever import Retrieved, Retriever
from remit.store import passages
from remit.store.connection import Connection
from remit.store.database import Database, open_database

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def document(
    key: str,
    title: str,
    *texts: str,
    collection: str = "help",
    until: date | None = None,
    language: str = "en",
) -> Document:
    return Document(
        id=key,
        title=title,
        owner="n.f",
        collection=collection,
        valid_from=date(2026, 1, 1),
        valid_until=until,
        language=language,
        version=f"version of {key}",
        sections=tuple(Section(heading="", text=text) for text in texts),
    )


DOCUMENTS = (
    document("damaged", "Something arrived damaged", "Send us one photo of the broken item."),
    document(
        "gift-cards", "Gift cards", "They are valid for three years.", "Lost cards stay lost."
    ),
    document("holidays", "Holidays", "We are closed at Christmas.", until=date(2026, 6, 30)),
    document("internal", "Refund limits", "Colleagues may refund up to 50.", collection="desk"),
    document("parcels", "Lost parcels", "Tell us after ten days and we start a search."),
    document("refund-window", "How long you can return things", "Within 30 days of delivery."),
    document("rueckgabe", "Rückgabe", "Artikel können zurückgegeben werden.", language="de"),
    document("warranty", "Warranty", "Broken zips are repaired for two years."),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/remit.db" if sqlite else request.getfixturevalue("postgres_url")
    opened = open_database(url, schema=passages.SCHEMA, durability_check=False)
    write(opened, lambda connection: fulltext.index(connection, DOCUMENTS))
    yield opened
    opened.close()


def write(database: Database, work: Callable[[Connection], Any]) -> Any:
    connection = database.writer()
    try:
        connection.begin(write=True)
        result = work(connection)
        connection.commit()
    finally:
        connection.close()
    return result


async def find(database: Database, query: str, **options: Any) -> Retrieved:
    retriever = Retriever(database.read, ["help", "desk"], score_min=options.pop("score_min", 0))
    asked = {"as_of": NOON, "collections": ["help"]} | options
    return await retriever.search(query, **asked)


def names(retrieved: Retrieved) -> list[str]:
    return [passage.document for passage in retrieved.passages]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("My gift card is lost", "gift-cards"),
        ("how long may I return it?", "refund-window"),
        ("the parcel never came, please search for it", "parcels"),
        ("a photo of the damage", "damaged"),
        ("Wie ist das mit der Rückgabe?", "rueckgabe"),
    ],
)
async def test_a_question_finds_its_document(database: Database, query: str, best: str) -> None:
    found = await find(database, query)

    assert names(found)[0] == best
    assert found.gap is None


async def test_words_are_found_in_their_other_forms(database: Database) -> None:
    assert names(await find(database, "repairing zip"))[0] == "warranty"


async def test_a_passage_carries_what_a_citation_needs(database: Database) -> None:
    passage = (await find(database, "gift cards valid")).passages[0]

    assert (passage.document, passage.version) == ("gift-cards", "version of gift-cards")
    assert passage.text == "They are valid for three years."
    assert (passage.title, passage.collection) == ("Gift cards", "help")
    assert passage.score_ppm > 0


async def test_a_document_is_found_once_by_its_best_section(database: Database) -> None:
    assert names(await find(database, "gift card lost valid years")).count("gift-cards") == 1


async def test_what_lapsed_is_not_found_and_was_found_on_its_last_day(database: Database) -> None:
    last = datetime(2026, 6, 30, 23, tzinfo=UTC)

    assert names(await find(database, "closed Christmas", as_of=last)) == ["holidays"]
    assert names(await find(database, "closed Christmas")) == []
    early = datetime(2025, 12, 31, tzinfo=UTC)
    assert names(await find(database, "gift cards", as_of=early)) == []


async def test_only_collections_of_the_workflow_are_searched(database: Database) -> None:
    retriever = Retriever(database.read, ["help"], score_min=0)

    found = await retriever.search("refund limits", as_of=NOON, collections=["desk", "help"])

    assert "internal" not in names(found)
    assert names(await find(database, "refund limits", collections=["desk"])) == ["internal"]


@pytest.mark.parametrize(
    "query",
    [
        '"gift" AND cards OR NOT (lost',
        "gift* NEAR(cards)",
        "title:gift ^cards -lost",
        "gift' ; drop table passages; --",
        "gift & ! cards | <-> :*",
        "gift % %s ? cards",
    ],
)
async def test_query_syntax_in_a_message_is_text(database: Database, query: str) -> None:
    assert names(await find(database, query))[0] == "gift-cards"


@pytest.mark.parametrize("query", ["", "   ", "?!… ()", "and the of", "EMAIL_7K3QX2MD 10012"])
async def test_a_question_without_words_finds_nothing_and_is_no_gap(
    database: Database, query: str
) -> None:
    assert await find(database, query) == Retrieved(passages=(), gap=None, score_ppm=0)


async def test_a_question_about_something_else_is_a_gap(database: Database) -> None:
    other = await find(
        database, "Do you sell kayaks and paddles for broken rivers?", score_min=0.4
    )
    nothing = await find(database, "kayaks paddles", score_min=0.4)
    known = await find(database, "When are gift cards valid?", score_min=0.4)

    assert (other.passages, nothing.passages) == ((), ())
    assert other.gap in {
        "no document of `help` answers this; the nearest is `damaged`",
        "no document of `help` answers this; the nearest is `warranty`",
    }
    assert nothing.gap == "no document of `help` answers this"
    assert known.gap is None
    assert known.score_ppm > other.score_ppm > nothing.score_ppm


async def test_equal_scores_are_ordered_by_id(database: Database) -> None:
    twins = tuple(document(f"twin-{key}", "Tents", "Tents are green.") for key in "cab")
    others = tuple(document(f"o-{number}", "Other", f"Word{number}.") for number in range(9))
    ordered = tuple(sorted((*twins, *others), key=lambda item: item.id))
    write(database, lambda connection: fulltext.index(connection, ordered))

    assert names(await find(database, "green tents")) == ["twin-a", "twin-b", "twin-c"]


async def test_the_index_is_written_only_when_documents_changed(database: Database) -> None:
    assert not write(database, lambda connection: fulltext.index(connection, DOCUMENTS))

    changed = (*DOCUMENTS[:-1], replace(DOCUMENTS[-1], version="another"))
    assert write(database, lambda connection: fulltext.index(connection, changed))
    assert database.read(passages.index_digest) == documents.digest(changed)


async def test_a_rebuilt_index_holds_nothing_of_the_old_one(database: Database) -> None:
    write(database, lambda connection: fulltext.index(connection, DOCUMENTS[:1]))

    assert names(await find(database, "gift cards")) == []
    assert names(await find(database, "damaged photo")) == ["damaged"]


async def test_a_half_written_index_is_never_seen(database: Database) -> None:
    connection = database.writer()
    connection.begin(write=True)
    fulltext.index(connection, DOCUMENTS[:1])
    connection.rollback()
    connection.close()

    assert names(await find(database, "gift cards"))[0] == "gift-cards"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=200))
def test_no_text_breaks_a_search(database: Database, query: str) -> None:
    found = database.read(
        lambda connection: fulltext.search(
            connection, query, collections=["help"], as_of=NOON.date(), limit=3
        )
    )

    assert len(found.sections) <= 3


def test_a_query_has_a_limited_number_of_words() -> None:
    long = " ".join(f"word{number}" for number in range(10_000))

    assert len(fulltext.words(long)) == fulltext.QUERY_WORDS_MAX


async def test_a_slow_index_is_unavailable() -> None:
    released = threading.Event()

    def slow(work: Callable[[Connection], Any]) -> Any:
        released.wait(timeout=5)

    retriever = Retriever(slow, ["help"], timeout_seconds=0.01)

    with pytest.raises(KnowledgeUnavailableError, match="did not answer within"):
        await retriever.search("gift", as_of=NOON)
    released.set()


async def test_a_broken_index_is_unavailable() -> None:
    def broken(work: Callable[[Connection], Any]) -> Any:
        raise StorageUnavailableError("gone")

    with pytest.raises(KnowledgeUnavailableError, match="cannot be read"):
        await Retriever(broken, ["help"]).search("gift", as_of=NOON)
