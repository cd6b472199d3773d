"""Rows and entries on both databases: equal after work, every planted difference named."""

from pathlib import Path

import pytest

from remit.app import Remit
from remit.ledger import projections
from remit.ledger.chain import control_stream
from remit.store import kpi_days
from remit.store.unit import UnitOfWork
from tests import programs
from tests.projects import OLGA, Small

pytestmark = pytest.mark.anyio

PROGRAM: list[tuple[str, object]] = [
    ("send", "both"), ("send", "pay"), ("send", "late note"), ("doubtful", None),
    ("send", "note"), ("send", "person"), ("decide", "approve"), ("decide", "edit"),
    ("time", 61), ("close", None), ("discard", None), ("undo", None), ("restart", None),
    ("time", 601), ("decide", "reject"),
]  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
async def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    """A desk on which much has happened."""
    database = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    made = programs.desk(tmp_path, database)
    await programs.played(made, PROGRAM)
    return made


def plant(remit: Remit, *statements: str) -> None:
    """Change rows behind the ledger's back."""

    def work(uow: UnitOfWork) -> None:
        for statement in statements:
            assert uow.connection.execute(statement) > 0, statement

    remit.writer.run(work)


async def test_after_much_work_the_rows_are_those_of_the_entries(small: Small) -> None:
    async with small.open() as remit:
        report = projections.check(remit.database)
        assert (report.result, report.differences) == ("equal", ())
        assert {one.table for one in report.tables if one.rows} >= {
            "cases", "case_counts", "proposals", "approvals", "votes", "grants", "kpi_days",
        }  # fmt: skip
        assert all(one.live == one.rebuilt for one in report.tables)


@pytest.mark.parametrize(
    ("statement", "table", "column", "live"),
    [
        ("update cases set status = 'ready' where reason = 'handled'", "cases", "status", "ready"),
        ("update kpi_days set n = n + 7 where name = 'received'", "kpi_days", "n", None),
        ("update case_counts set n = n + 1 where status = 'closed'", "case_counts", "n", None),
        ("update grants set level = 'sampled'", "grants", "level", "sampled"),
        ("delete from votes", "votes", "", None),
        (
            "insert into stops values ('all', 1, 0, 'nobody', 0, 's', 1, '', 0, 0)",
            "stops", "", "a row",
        ),
    ],
)  # fmt: skip
async def test_a_planted_difference_is_named_with_both_values(
    small: Small, statement: str, table: str, column: str, live: str | None
) -> None:
    async with small.open(attacked=True) as remit:
        plant(remit, statement)
        report = projections.check(remit.database)
        assert report.result == "different"
        assert {one.table for one in report.differences} == {table}
        first = report.differences[0]
        assert first.column == column
        assert first.live != first.rebuilt
        assert live is None or first.live == live
        assert [one.table for one in report.tables if one.days] == [table]


async def test_a_rebuild_puts_the_rows_of_the_entries_in_place_and_says_so(small: Small) -> None:
    """One commit with the entry that records it; what was right is left as it is."""
    async with small.open() as remit:
        before = remit.counts()
        plant(remit, "delete from proposals", "update cases set result = 'mine'")
        stream = control_stream(remit._journal.origin)
        report = remit.writer.run(
            lambda uow: projections.rebuild(uow, stream=stream, by=OLGA)
        ).value
        assert report.result == "different"
        assert projections.check(remit.database).result == "equal"
        assert remit.counts() == before
        entry = remit.entries(stream)[-1]
        assert (entry.event, entry.body["by"]) == ("ledger:projections:rebuilt", OLGA)
        assert entry.body["tables"] == ["cases", "proposals"]
        assert remit.verify().result == "intact"
        again = remit.writer.run(
            lambda uow: projections.rebuild(uow, stream=stream, by=OLGA)
        ).value
        assert again.result == "equal"
        assert remit.entries(stream)[-1].id == entry.id, "nothing differed: nothing is said"


async def test_days_count_what_happened(small: Small) -> None:
    """By workflow and UTC day; received is what came, closed by outcome, effects by state."""
    async with small.open() as remit:
        days = remit.database.read(lambda c: kpi_days.of_workflow(c, "small-desk"))
        assert list(days) == ["2026-11-24"]
        counted = days["2026-11-24"]
        assert counted["received"] + counted["quarantined"] == remit.counts()["received"]
        closed = sum(n for name, n in counted.items() if name.startswith("closed."))
        assert closed == remit.counts()["closed"]
        assert counted["closed.discarded"] == 1
        assert counted["gate.held"] >= 2
        assert counted["verdict.approve"] == 1
        states = {"confirmed": 0} | {
            state: n for _, state, n in remit.proposals() if state == "confirmed"
        }
        assert counted["effect.confirmed"] >= states["confirmed"]
