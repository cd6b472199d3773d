"""Migrations: what is due, in which order of deployments, and what they may never touch."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.errors import NewerDatabaseError
from remit.store import migrations, schema, tables
from remit.store.connection import Connection
from remit.store.database import open_database, planned, upgrade
from remit.store.migrations import MIGRATIONS, Migration

ADD = Migration(
    number=2, name="a colour", moment="before", statements=("alter table notes add colour text",)
)
DROP = Migration(
    number=3, name="no number", moment="after", statements=("alter table notes drop column n",)
)
NOTES = ("create table if not exists notes (name text primary key, n integer)",)
NEWER = (*MIGRATIONS, ADD, DROP)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/remit.db"
    given: str = request.getfixturevalue("postgres_url")
    return given


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    database = open_database(url, schema=NOTES, durability_check=False)
    opened = database.writer()
    yield opened
    opened.close()
    database.close()


def columns(connection: Connection) -> tuple[str, ...]:
    return tables.table(connection, "notes").columns


def test_a_new_database_has_the_newest_shape_and_lacks_nothing(url: str) -> None:
    wanted = planned(url, schema=NOTES)
    assert {"entries", "notes"} <= set(wanted.missing)
    assert (wanted.before, wanted.after) == ((), ())
    upgrade(url, schema=NOTES)
    assert planned(url, schema=NOTES).empty


def test_a_table_that_is_missing_is_named_and_made(url: str) -> None:
    upgrade(url)
    assert planned(url, schema=NOTES).missing == ("notes",)
    upgrade(url, schema=NOTES)
    assert planned(url, schema=NOTES).empty


def test_what_is_due_before_a_deployment_leaves_old_code_at_work(connection: Connection) -> None:
    due = migrations.plan(connection, NOTES, known=NEWER)
    assert (due.missing, due.before, due.after) == ((), (ADD,), (DROP,))

    schema.create(connection, NOTES, after=False, known=NEWER)

    assert columns(connection) == ("name", "n", "colour")
    assert migrations.plan(connection, NOTES, known=NEWER).before == ()
    schema.check(connection)  # the code of before may still start


def test_what_is_due_after_a_deployment_shuts_old_code_out(connection: Connection) -> None:
    schema.create(connection, NOTES, after=True, known=NEWER)

    assert columns(connection) == ("name", "colour")
    assert migrations.plan(connection, NOTES, known=NEWER).empty
    with pytest.raises(NewerDatabaseError, match="schema 3 and this Remit knows 1"):
        schema.check(connection)
    with pytest.raises(NewerDatabaseError):
        schema.create(connection, NOTES)


def test_a_migration_that_fails_leaves_nothing(connection: Connection) -> None:
    wrong = Migration(
        number=3, name="wrong", moment="before", statements=("alter table nothing add x text",)
    )
    with pytest.raises(Exception, match="refused a statement"):
        schema.create(connection, NOTES, known=(*MIGRATIONS, ADD, wrong))
    assert columns(connection) == ("name", "n")
    assert migrations.applied(connection) == {1}


@pytest.mark.parametrize(
    "statement",
    [
        "update entries set leaf = ''",
        "DELETE FROM entry_order WHERE position > 3",
        "alter table payloads add column x text",
        "drop table if exists tiles",
        "truncate table checkpoints",
        'insert into "ledger_head" values (1)',
    ],
)
def test_no_migration_touches_entries(statement: str) -> None:
    with pytest.raises(ValueError, match="changes entries"):
        Migration(number=9, name="bad", moment="after", statements=(statement,))


def test_numbers_are_in_order_and_each_has_one() -> None:
    numbers = [one.number for one in MIGRATIONS]
    assert numbers == list(range(1, len(numbers) + 1))
