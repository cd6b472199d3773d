"""Pages of the inbox: whole, of one's own, and with as many queries for sixty as for one."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain import clock
from remit.domain.approval import Verdict
from remit.governance import inbox
from remit.governance.card import InboxPage
from remit.governance.narrow import Narrow
from remit.governance.owners import roles_of
from remit.store import inbox as waits
from remit.store.connection import Connection, Parameter
from tests.projects import OLGA, PAUL, ROSA, Small

pytestmark = pytest.mark.anyio

QUERIES_MAX = 12
BODY = """
if case.order_id.endswith("0"):
    order = await run.read(get_order, order_id=case.order_id)
    await run.act(pay, order_id=order.id, amount=order.total)
else:
    await run.act(note, text=case.message)
"""
PAYERS = """
@id("payers") @says("A payer agrees") @owner("olga") @since("2026-11-01")
@obligation("approve(n=1, role=payer)")
forbid (principal, action == Action::"small-desk.pay", resource)
unless { context.facts.approvals >= 1 };
"""


class Counting:
    """A connection that counts what it is asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.asked: list[tuple[str, tuple[Parameter, ...]]] = []

    def __getattr__(self, name: str) -> object:
        found = getattr(self._connection, name)
        if name not in {"rows", "one", "value"}:
            return found

        def counted(sql: str, parameters: Sequence[Parameter] = ()) -> object:
            self.asked.append((sql, tuple(parameters)))
            return found(sql, parameters)

        return counted


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Small(folder=tmp_path, database=database, granted=())


async def _received(remit: Remit, number: int) -> None:
    for n in range(1, number + 1):
        fields = {"order_id": str(n), "message": f"message {n}"}
        await remit.receive("small-desk", fields, channel="test")
    await remit.settled()


def _page(remit: Remit, person: str, tab: str = "team", limit: int = 60) -> tuple[InboxPage, int]:
    roles = roles_of(remit.people(), person)

    def work(connection: Connection) -> tuple[InboxPage, int]:
        counting = Counting(connection)
        page = inbox.page(
            counting, remit.keys, tab=tab, workflow=None, action=None, after=None, limit=limit,  # type: ignore[arg-type]  # it counts and passes on
            now=remit.now(), roles=roles,
        )  # fmt: skip
        return page, len(counting.asked)

    return remit.database.read(work)


async def test_sixty_rows_take_as_many_queries_as_one_and_few(small: Small) -> None:
    async with small.open(BODY, replays=False) as remit:
        await _received(remit, 70)
        page, asked = _page(remit, OLGA)
        _, of_one = _page(remit, OLGA, limit=1)
        assert len(page.rows) == 60
        assert (page.waiting, page.overdue) == (70, 0)
        assert asked == of_one <= QUERIES_MAX
        rest = remit.inbox(person=OLGA, after=page.after)
        assert (len(rest.rows), rest.after) == (10, None)
        said = sorted(row.sentence for row in (*page.rows, *rest.rows))
        assert said == sorted(
            f"Note message {n}" if n % 10 else f"Pay 50.00 EUR on {n}" for n in range(1, 71)
        )


async def test_mine_is_cut_before_it_is_paged(small: Small) -> None:
    """Who may decide a few among many sees them on the first page, and nothing else."""
    small.policy = PAYERS
    async with small.open(BODY, replays=False) as remit:
        await _received(remit, 40)
        assert {row.action for row in _page(remit, ROSA, "mine", 5)[0].rows} == {"pay"}
        assert {row.action for row in _page(remit, PAUL, "mine", 60)[0].rows} == {"note", "pay"}


async def test_a_list_is_narrowed_by_reason_and_by_money_before_it_is_paged(small: Small) -> None:
    small.policy = PAYERS
    async with small.open(BODY, replays=False) as remit:
        await _received(remit, 40)
        every = remit.inbox(person=OLGA).rows
        codes = {row.code: row.action for row in every}
        assert len(codes) == 2  # what pays waits for another reason than what notes
        for code, action in codes.items():
            found = remit.inbox(person=OLGA, narrow=Narrow(reason=code), limit=100)
            assert {row.action for row in found.rows} == {action}
            assert len(found.rows) == sum(row.code == code for row in every)
        for given, number in (
            ({"currency": "EUR"}, 4), ({"currency": "EUR", "from": "50", "to": "50.00"}, 4),
            ({"currency": "EUR", "from": "50.01"}, 0), ({"currency": "EUR", "to": "49.99"}, 0),
            ({"currency": "USD"}, 0), ({"reason": "nothing.such"}, 0), ({"reason": "' or 1=1"}, 0),
        ):  # fmt: skip
            found = remit.inbox(person=OLGA, narrow=Narrow.of(given))
            assert (len(found.rows), found.waiting) == (number, 40), given
        paid = Narrow.of({"currency": "EUR"})
        first = remit.inbox(person=OLGA, narrow=paid, limit=3)
        last = remit.inbox(person=OLGA, narrow=paid, limit=3, after=first.after)
        assert (len(first.rows), len(last.rows), last.after) == (3, 1, None)
        assert {row.action for row in (*first.rows, *last.rows)} == {"pay"}
        both = Narrow.of(
            {"currency": "EUR", "reason": next(c for c in codes if codes[c] == "note")}
        )
        assert remit.inbox(person=OLGA, narrow=both).rows == ()


async def test_what_is_due_in_one_minute_is_ordered_by_risk_times_money(small: Small) -> None:
    """Pages of every size come to the same list, with many that are equal but for their id."""
    async with small.open(BODY, replays=False) as remit:
        await _received(remit, 40)
        whole = remit.inbox(person=OLGA, limit=100).rows
        assert [row.action for row in whole] == ["pay"] * 4 + ["note"] * 36
        for of_one in (whole[:4], whole[4:]):
            ids = [row.approval_id for row in of_one]
            assert ids == sorted(ids)
        for size in (1, 3, 7, 39):
            found, after = list[str](), None
            while True:
                page = remit.inbox(person=OLGA, limit=size, after=after)
                found += [row.approval_id for row in page.rows]
                if (after := page.after) is None:
                    break
            assert found == [row.approval_id for row in whole]
        small.clock.advance(60)
        await remit.receive("small-desk", {"order_id": "50", "message": "later"}, channel="test")
        await remit.settled()
        assert remit.inbox(person=OLGA, limit=100).rows[-1].action == "pay"


async def test_what_is_asked_anew_is_told_apart(small: Small) -> None:
    """The order changed after the yes: it is asked again, and says that it changed."""
    small.grace = 10
    async with small.open(BODY, replays=False) as remit:
        await _received(remit, 11)
        assert _page(remit, OLGA, "changed")[0].rows == ()
        (row,) = [row for row in _page(remit, OLGA)[0].rows if row.action == "pay"]
        await testing.decide(remit, row.approval_id, person=OLGA)
        small.order["note"] = "changed by somebody"
        await testing.pass_time(remit, small.clock, 11)
        (again,) = _page(remit, OLGA, "changed")[0].rows
        assert (again.action, again.changed) == ("pay", True)
        assert again.approval_id != row.approval_id
        page, asked = _page(remit, OLGA)
        assert [one.action for one in page.rows if one.changed] == ["pay"]
        assert {one.action: one.waiting for one in page.kinds} == {"note": 10, "pay": 1}
        assert asked <= QUERIES_MAX


async def test_a_whole_page_with_its_item_takes_twelve_queries(small: Small) -> None:
    async with small.open(BODY, replays=False) as remit:
        await _received(remit, 12)
        with _listened(remit) as asked:
            page = remit.inbox(person=OLGA, narrow=NARROWED[-1])
            remit.approval(page.rows[0].approval_id, person=OLGA)
            remit.badges()
        assert len(asked) <= QUERIES_MAX, [sql for sql, _ in asked]


async def test_an_item_ends_with_the_last_steps_of_its_case(small: Small) -> None:
    async with small.open(BODY, replays=False) as remit:
        await _received(remit, 10)
        rows = remit.inbox(person=OLGA).rows
        (row,) = [row for row in rows if row.action == "pay"]
        lines = remit.case(row.case_id).timeline.lines
        for _ in range(2):  # once with the card among the last steps, once long before them
            recent = remit.approval(row.approval_id, person=OLGA).recent
            lines = remit.case(row.case_id).timeline.lines
            assert [one.seq for one in recent] == [one.seq for one in lines[-5:]]
            assert [one.text for one in recent] == [one.text for one in lines[-5:]]
            assert all(one.detail == () for one in recent)
            for n in range(12):
                await remit.comment(row.approval_id, person=OLGA, text=f"word {n}")
        assert "Pay 50.00 EUR on 10" in remit.approval(row.approval_id, person=OLGA).card.sentence


async def test_no_page_of_the_inbox_reads_a_whole_table(small: Small) -> None:
    """What it asks is explained by the database itself; only the few counters are read whole."""
    async with small.open(BODY, replays=False) as remit:
        await _received(remit, 12)
        with _listened(remit) as asked:
            for tab in ("team", "mine", "overdue", "money", "changed"):
                page = remit.inbox(person=OLGA, tab=tab, limit=5)
                remit.inbox(person=OLGA, tab=tab, after=page.after, limit=5)
                for narrow in NARROWED:
                    remit.inbox(person=OLGA, tab=tab, narrow=narrow, limit=5)
                    remit.inbox(person=OLGA, tab=tab, narrow=narrow, after=page.after, limit=5)
            (first, *_) = remit.inbox(person=OLGA, workflow="small-desk", action="note").rows
            remit.approval(first.approval_id, person=OLGA)
            remit.badges()
        read = {one for sql, values in asked for one in _whole(remit, sql, values)}
        assert read <= COUNTERS
        told = _whole(remit, "select count(*) from entries where event = ?", ("x",))
        assert {name[:7] for name in told} == {"entries"}  # it is told where it happens


async def test_the_counters_follow_what_begins_and_ends_to_wait(small: Small) -> None:
    small.grace = 10
    async with small.open(BODY, replays=False) as remit:
        await _received(remit, 11)
        assert remit.badges() == {
            "waiting": 11, "quarantined": 0, "tasks": 0, "incidents": 0, "stops": 0,
        }  # fmt: skip
        rows = remit.inbox(person=OLGA).rows
        notes = [row.approval_id for row in rows if row.action == "note"]
        await testing.decide(remit, notes[0], person=OLGA)
        await testing.decide(remit, notes[1], person=OLGA, verdict=Verdict.REJECT)
        assert remit.badges()["waiting"] == 9
        await remit.take_back(notes[0], person=OLGA)
        assert remit.badges()["waiting"] == 9
        assert {one.action: one.waiting for one in remit.inbox(person=OLGA).kinds} == {
            "note": 8,
            "pay": 1,
        }


async def test_what_is_late_is_counted_no_further_than_it_is_told(small: Small) -> None:
    async with small.open(BODY, replays=False) as remit:
        await _received(remit, 5)
        late_us = clock.microseconds(remit.now()) + 10**13
        for limit, told in ((None, 5), (3, 3)):
            assert told == remit.database.read(
                lambda c, limit=limit: waits.count_overdue(c, now_us=late_us, limit=limit)
            )


NARROWED = (
    Narrow.of({"reason": "level.human_only"}),
    Narrow.of({"reason": "level.human_only", "currency": "EUR", "from": "1", "to": "900"}),
    Narrow.of({"currency": "EUR"}),
)
COUNTERS = {"open_counts", "case_counts", "stops", "delegations"}  # a few rows each


@contextmanager
def _listened(remit: Remit) -> Iterator[list[tuple[str, tuple[Parameter, ...]]]]:
    """Note what this thread asks the database meanwhile; others have duties of their own."""
    asked: list[tuple[str, tuple[Parameter, ...]]] = []
    database, read, own = remit.database, remit.database.read, threading.get_ident()

    def noted(work: Callable[[Connection], object]) -> object:
        def listened(connection: Connection) -> object:
            counting = Counting(connection)
            try:
                return work(counting)  # type: ignore[arg-type]  # it counts and passes on
            finally:
                if threading.get_ident() == own:
                    asked.extend(counting.asked)

        return read(listened)

    database.read = noted  # type: ignore[method-assign]  # until the block ends
    try:
        yield asked
    finally:
        del database.read


def _whole(remit: Remit, sql: str, values: Sequence[Parameter]) -> set[str]:
    """Return the tables that a query reads row by row, as the database itself explains it."""

    def work(connection: Connection) -> set[str]:
        if connection.dialect == "sqlite":
            plan = [str(row[3]) for row in connection.rows(f"explain query plan {sql}", values)]
            whole = {line.split()[1] for line in plan if line.startswith("SCAN ")}
            by_index = {line.split()[1] for line in plan if " USING " in line}
            given = {
                "CONSTANT",
                "asked",
                "late",
                "newest",
                *(name for name in whole if name.isdigit()),
            }
            return whole - by_index - given
        connection.execute("set local enable_seqscan = off")  # few rows are read whole anyhow
        plan = [str(row[0]) for row in connection.rows(f"explain {sql}", values)]
        return {
            line.partition("Seq Scan on ")[2].split()[0] for line in plan if "Seq Scan on" in line
        }

    return remit.database.read(work)
