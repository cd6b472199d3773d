"""Rows of the knowledge index: sections of released documents, ranked alike on both databases.

SQLite ranks with the BM25 of its full-text index. PostgreSQL's own rank knows no rarity, so its
analyser fills a table of words whose weights are the same formula, and a search adds them up. The
rows are derived from documents: `replace_all` writes them anew.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from remit.store import schema
from remit.store.connection import Connection, Parameter

TITLE_WEIGHT = 2.0
SATURATION, LENGTH_NORM = 1.2, 0.75  # k1 and b of BM25, as FTS5 fixes them
RARITY_MIN = 1e-6  # of a word in more than half of all sections, as FTS5 fixes it
DIGEST_NAME = "digest"

SCHEMA = (
    """create table if not exists passages (
        id integer primary key,
        document text not null,
        version text not null,
        collection text not null,
        title text not null,
        heading text not null,
        body text not null,
        analyser text not null,
        valid_from text not null,
        valid_until text
    )""",
    "create table if not exists passage_index (name text primary key, value text not null)",
    """-- only sqlite
    create virtual table if not exists passage_words
        using fts5 (title, body, content='', tokenize='porter unicode61')""",
    """-- only postgresql
    create table if not exists passage_words (
        analyser text collate "C" not null,
        lexeme text collate "C" not null,
        passage bigint not null,
        weight double precision not null,
        primary key (analyser, lexeme, passage)
    )""",
)

_COLUMNS = (
    "p.id, p.document, p.version, p.collection, p.title, p.heading, p.body, p.analyser,"
    " p.valid_from, p.valid_until"
)
_OPEN = "p.valid_from <= ? and (p.valid_until is null or p.valid_until >= ?)"

# Title and heading weigh twice; a section's length counts its words once, as FTS5 does.
_WEIGH = f"""
insert into passage_words (analyser, lexeme, passage, weight)
with found as (
    select p.id, p.analyser, w.lexeme, cardinality(w.positions) as times,
           cardinality(w.positions) * {TITLE_WEIGHT}::float8 as weighted
    from passages p,
         unnest(to_tsvector(p.analyser::regconfig, p.title || ' ' || p.heading)) w
    union all
    select p.id, p.analyser, w.lexeme, cardinality(w.positions),
           cardinality(w.positions)::float8
    from passages p, unnest(to_tsvector(p.analyser::regconfig, p.body)) w
),
counted as (
    select id, analyser, lexeme, sum(weighted) as weighted from found group by 1, 2, 3
),
lengths as (select id, sum(times)::float8 as length from found group by 1),
means as (
    select avg(length) as mean, (select count(*) from passages)::float8 as total from lengths
),
rarities as (
    select analyser, lexeme,
           greatest(
               {RARITY_MIN}::float8, ln((total - count(*) + 0.5) / (count(*) + 0.5))
           ) as rarity
    from counted, means group by analyser, lexeme, total
)
select c.analyser, c.lexeme, c.id,
       r.rarity * c.weighted * ({SATURATION} + 1)
       / (c.weighted + {SATURATION} * (1 - {LENGTH_NORM} + {LENGTH_NORM} * l.length / m.mean))
from counted c
join lengths l on l.id = c.id
join rarities r on r.analyser = c.analyser and r.lexeme = c.lexeme
cross join means m
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageRow:
    """One section of a released document."""

    id: int
    document: str
    version: str
    collection: str
    title: str
    heading: str  # empty for the text before the first heading
    body: str
    analyser: str  # a text search configuration of PostgreSQL
    valid_from: str  # ISO date
    valid_until: str | None  # the last day on which it holds


def create(connection: Connection) -> None:
    """Create the tables where they are missing, in a transaction of its own."""
    schema.create(connection, SCHEMA)


def replace_all(connection: Connection, sections: Iterable[PassageRow], digest: str) -> None:
    """Write the whole index anew; the caller's transaction shows it at once or never."""
    connection.execute("delete from passages")
    if connection.dialect == "sqlite":
        connection.execute("insert into passage_words (passage_words) values ('delete-all')")
    else:
        connection.execute("delete from passage_words")
    rows = list(sections)
    connection.executemany(
        "insert into passages (id, document, version, collection, title, heading, body,"
        " analyser, valid_from, valid_until) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_parameters(row) for row in rows],
    )
    if connection.dialect == "sqlite":
        connection.executemany(
            "insert into passage_words (rowid, title, body) values (?, ?, ?)",
            [(row.id, f"{row.title} {row.heading}", row.body) for row in rows],
        )
    else:
        connection.execute(_WEIGH)
    connection.execute(
        "insert into passage_index (name, value) values (?, ?)"
        " on conflict (name) do update set value = excluded.value",
        (DIGEST_NAME, digest),
    )


def index_digest(connection: Connection) -> str | None:
    """Return the digest that the index was written with, or None before the first time."""
    rows = connection.rows("select value from passage_index where name = ?", (DIGEST_NAME,))
    return str(rows[0][0]) if rows else None


def every(connection: Connection) -> list[PassageRow]:
    """Return every section, by id."""
    rows = connection.rows(f"select {_COLUMNS} from passages p order by p.id")
    return [_row(row) for row in rows]


def search(
    connection: Connection,
    words: Sequence[str],
    collections: Sequence[str],
    *,
    as_of: str,
    limit: int,
) -> list[tuple[PassageRow, float]]:
    """Return sections that hold any of the words, best BM25 first, ties by id.

    Only sections of these collections that hold on the ISO date `as_of`.
    """
    if not words or not collections:
        return []
    chosen = ", ".join("?" for _ in collections)
    if connection.dialect == "sqlite":
        sql = (
            f"select {_COLUMNS}, -bm25(passage_words, {TITLE_WEIGHT}, 1.0) as score"
            " from passage_words join passages p on p.id = passage_words.rowid"
            f" where passage_words match ? and p.collection in ({chosen}) and {_OPEN}"
            " order by score desc, p.id limit ?"
        )
        wanted = " OR ".join(quoted(word) for word in words)
    else:
        sql = (
            "with wanted as (select distinct a.analyser, w.lexeme"
            " from (select distinct analyser from passages) a,"
            " unnest(to_tsvector(a.analyser::regconfig, ?)) w)"
            f" select {_COLUMNS}, sum(t.weight) as score"
            " from wanted w"
            " join passage_words t on t.analyser = w.analyser and t.lexeme = w.lexeme"
            " join passages p on p.id = t.passage"
            f" where p.collection in ({chosen}) and {_OPEN}"
            f" group by {_COLUMNS} order by score desc, p.id limit ?"
        )
        wanted = " ".join(words)
    rows = connection.rows(sql, (wanted, *collections, as_of, as_of, limit))
    return [(_row(row), float(row[-1])) for row in rows]


def rarity(connection: Connection, words: Sequence[str], *, analyser: str) -> float:
    """Return the sum of the words' rarities: what a section could score if it held them all.

    A word that stands nowhere is the rarest of all, so a question about something else is seen.
    """
    total = int(connection.rows("select count(*) from passages")[0][0])
    if connection.dialect == "sqlite":
        counts = [
            int(
                connection.rows(
                    "select count(*) from passage_words where passage_words match ?",
                    (quoted(word),),
                )[0][0]
            )
            for word in words
        ]
    else:
        found = connection.rows(
            "select w.lexeme, (select count(*) from passage_words t"
            " where t.analyser = ? and t.lexeme = w.lexeme)"
            " from unnest(to_tsvector(cast(? as regconfig), ?)) w",
            (analyser, analyser, " ".join(words)),
        )
        counts = [int(row[1]) for row in found]
    return sum(
        max(RARITY_MIN, math.log((total - count + 0.5) / (count + 0.5))) for count in counts
    )


def quoted(word: str) -> str:
    """Return a word as a string of the full-text syntax: whatever it holds is text."""
    doubled = word.replace('"', '""')
    return f'"{doubled}"'


def _parameters(row: PassageRow) -> tuple[Parameter, ...]:
    return (
        row.id,
        row.document,
        row.version,
        row.collection,
        row.title,
        row.heading,
        row.body,
        row.analyser,
        row.valid_from,
        row.valid_until,
    )


def _row(row: Sequence[object]) -> PassageRow:
    return PassageRow(
        id=int(str(row[0])),
        document=str(row[1]),
        version=str(row[2]),
        collection=str(row[3]),
        title=str(row[4]),
        heading=str(row[5]),
        body=str(row[6]),
        analyser=str(row[7]),
        valid_from=str(row[8]),
        valid_until=None if row[9] is None else str(row[9]),
    )
