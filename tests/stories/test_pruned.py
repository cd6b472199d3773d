"""Entries past their term go, month by month; whatever is above them verifies as before."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.actor import person
from remit.domain.ids import control_stream
from remit.domain.retention import Retention
from remit.errors import NotFoundError, RetentionError
from remit.governance import legal_holds
from remit.ledger import projections, proof, prune, standalone
from remit.ledger.export import export
from remit.ledger.verify import verify
from remit.settings import FileAnchor
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork
from tests.desks import MARIA, NADIA, Desk, waiting, write_in
from tests.gobuild import answering, built
from tests.loopback import shop

pytestmark = pytest.mark.anyio

ANNA = "anna.lindqvist@example.org"
MESSAGE = "The Tarn jacket from order 1001 is a size too small. I would like a refund please."
DAY = 86_400.0
MONTH = "2026-11"
VERIFIER = Path(__file__).parents[2] / "src/remit/ledger/verifier.go"


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each database, with a shop of its own."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with shop.running() as running:
        theirs = FileAnchor(kind="file", path=str(tmp_path / "theirs"), operator="audit-team")
        yield Desk(folder=tmp_path / "data", shop=running, database=database, anchors=(theirs,))


def keep(remit: Remit, *, leaf: int | None = 200, payload: int | None = None) -> None:
    terms = {"refund-desk": Retention(leaf_days=leaf, payload_days=payload)}
    remit.keeping = replace(remit.keeping, terms=terms)


async def closed(remit: Remit, desk: Desk, order: str = "1001") -> str:
    case_id = await write_in(remit, sender=ANNA, message=MESSAGE.replace("1001", order))
    for row in waiting(remit):
        if row.case_id == case_id:
            await testing.decide(remit, row.approval_id, person=MARIA)
            await testing.pass_time(remit, desk.clock, 11)
    if remit.case(case_id).row.status == "escalated":
        await remit.close_case(case_id, person=MARIA, note="answered by hand")
    assert remit.case(case_id).row.status == "closed"
    while remit.database.dialect == "postgresql" and remit.database.read(waiting_for_places):  # noqa: ASYNC110 - another thread
        await asyncio.sleep(0.005)
    return case_id


def waiting_for_places(connection: Connection) -> int:
    return int(connection.value("select count(*) from pending"))


async def test_a_month_past_its_term_goes_and_everything_else_stays_provable(desk: Desk) -> None:
    async with desk.open() as remit:
        keep(remit)
        gone = await closed(remit, desk)
        desk.clock.advance(20 * DAY)
        kept = await closed(remit, desk, "1002")
        counted = remit.database.read(lambda c: c.rows(KPI))
        with pytest.raises(RetentionError, match="due on 2027-06-12"):
            remit.keeping.prune(MONTH, by=person(MARIA))
        desk.clock.advance(190 * DAY)

        done = remit.keeping.prune(MONTH, by=person(MARIA))

        assert done.cases == 1
        assert done.entries > 5
        with pytest.raises(NotFoundError):
            remit.case(gone)
        assert remit.case(kept).fields["message"]
        left = remit.database.read(
            lambda c: [
                c.value(f"select count(*) from {table} where case_id = ?", (gone,))
                for table in ("entries", "payloads", "proposals", "approvals", "cases")
            ]
        )
        assert left == [0, 0, 0, 0, 0]
        report = remit.verify()
        assert report.result == "intact", "\n".join(report.lines)
        assert f"pruned    {done.entries} entries of {MONTH}" in "\n".join(report.lines)
        vkey, size = remit._journal.vkey, report.size
        assert verify(remit.database, vkey, form=False).checks == ()
        above = remit.database.read(lambda c: proof.prove(c, size - 1, vkey=vkey))
        assert above.checkpoint.size >= size  # that an anchor was received is an entry too
        with pytest.raises(NotFoundError):
            remit.database.read(lambda c: proof.prove(c, done.highest, vkey=vkey))
        assert remit.database.read(lambda c: c.rows(KPI)) == counted
        rows = projections.check(remit.database)
        assert rows.differing == 0, rows.differences
        with pytest.raises(RetentionError, match="no entry of a case"):
            remit.keeping.prune(MONTH, by=person(MARIA))
        again = await closed(remit, desk, "1003")
        assert remit.case(again).row.status == "closed"
    async with desk.open() as remit:
        assert remit.verify().result == "intact"
        assert [one.month for one in remit.keeping.survey()] == ["2026-12", "2027-06"]


async def test_an_export_begins_above_what_was_pruned_and_verifies_without_us(
    desk: Desk, tmp_path: Path
) -> None:
    async with desk.open() as remit:
        keep(remit)
        await closed(remit, desk)
        desk.clock.advance(20 * DAY)
        await closed(remit, desk, "1002")
        desk.clock.advance(190 * DAY)
        done = remit.keeping.prune(MONTH, by=person(MARIA))
        vkey, folder = remit._journal.vkey, tmp_path / "out"

        made = remit.database.read(lambda c: export(c, folder, vkey=vkey, sealed=True))

    assert made.first == done.highest + 1 < made.size < 256  # within the one page there is
    report = standalone.verify_export(folder, [vkey])
    assert (report.result, report.checks) == ("incomplete", ())
    assert f"entries before {made.first} are not carried here" in report.lines[-1]
    with answering(built(VERIFIER, tmp_path), "-key", vkey) as program:
        assert program.code(str(folder)) == 0
        page = folder / f"tile/entries/000.p/{made.size}"
        data = page.read_bytes()
        for changed in (b"\0\1x" + data[2:], data[2:], b"\0\0" + data, data[:-1] + b" "):
            page.write_bytes(changed)
            assert program.code(str(folder)) == 1
            assert standalone.verify_export(folder, [vkey]).exit_code == 1


async def test_what_nobody_outside_keeps_a_checkpoint_of_stays(desk: Desk) -> None:
    theirs, desk.anchors = desk.anchors, ()
    async with desk.open() as remit:
        keep(remit)
        case_id = await closed(remit, desk)
        desk.clock.advance(220 * DAY)
        with pytest.raises(RetentionError, match=r"stays; set `ledger\.anchors`"):
            remit.keeping.prune(MONTH, by=person(MARIA))
        told, remit.acknowledger.witnessed = [], lambda size, **_: bool(told.append(size))
        with pytest.raises(RetentionError, match="not anchored outside yet"):
            remit.keeping.prune(MONTH, by=person(MARIA))
        highest = remit.database.read(
            lambda c: c.value(
                "select max(position) from entry_order where case_id = ?", (case_id,)
            )
        )
        assert told == [highest + 1]
        assert remit.case(case_id).fields["message"]
    desk.anchors = theirs
    async with desk.open() as remit:
        keep(remit)
        assert remit.keeping.prune(MONTH, by=person(MARIA)).cases == 1


KPI = "select workflow, day, name, sum(n) from kpi_days group by 1, 2, 3 order by 1, 2, 3"


def rebuild(remit: Remit, uow: UnitOfWork) -> projections.ProjectionReport:
    stream = control_stream(remit.erasure.rotation.origin)
    return projections.rebuild(uow, stream=stream, by=MARIA)


@pytest.mark.parametrize("point", ["begun", "page"])
async def test_a_prune_that_was_cut_short_is_finished_at_the_next_start(
    desk: Desk, point: str
) -> None:
    def cut(name: str) -> None:
        if name == point:
            raise ConnectionAbortedError(name)

    async with desk.open() as remit:
        keep(remit)
        case_id = await closed(remit, desk)
        desk.clock.advance(220 * DAY)
        remit.erasure.points.append(cut)
        with pytest.raises(ConnectionAbortedError):
            remit.keeping.prune(MONTH, by=person(MARIA))
        assert remit.verify().result == "intact"
        counted = remit.database.read(lambda c: c.rows(KPI))
        halfway = remit.writer.run(lambda uow: rebuild(remit, uow)).value
        assert halfway.result == "equal", halfway.lines
    async with desk.open() as remit:
        left = remit.database.read(
            lambda c: c.value("select count(*) from entries where case_id = ?", (case_id,))
        )
        assert left == 0
        assert not remit.database.read(lambda c: prune.left(c, MONTH))
        report = remit.verify()
        assert report.result == "intact"
        assert f"entries of {MONTH}, as an entry says" in "\n".join(report.lines)
        assert projections.check(remit.database).differing == 0
        assert remit.database.read(lambda c: c.rows(KPI)) == counted


async def test_an_entry_that_was_removed_and_not_pruned_is_found(desk: Desk) -> None:
    async with desk.open(attacked=True) as remit:
        keep(remit)
        await closed(remit, desk)
        desk.clock.advance(20 * DAY)
        kept = await closed(remit, desk, "1002")
        desk.clock.advance(220 * DAY)
        remit.keeping.prune(MONTH, by=person(MARIA))
        last = remit.database.read(
            lambda c: c.value("select max(seq) from entries where case_id = ?", (kept,))
        )
        for move in (None, "01a20cc88e80" + "0" * 20):  # also where the order says it was of then

            def remove(uow: UnitOfWork, case_id: str | None = move) -> None:
                uow.connection.execute(
                    "delete from payloads where case_id = ? and seq = ?", (kept, last)
                )
                uow.connection.execute(
                    "delete from entries where case_id = ? and seq = ?", (kept, last)
                )
                if case_id is not None:
                    uow.connection.execute(
                        "update entry_order set case_id = ? where case_id = ? and seq = ?",
                        (case_id, kept, last),
                    )

            remit.writer.run(remove)
            report = remit.verify()
            assert report.result == "tampered"
            assert "leaves of 20" in " ".join(one.text for one in report.checks)


async def test_what_is_open_or_held_or_kept_for_good_keeps_its_month(desk: Desk) -> None:
    async with desk.open() as remit:
        keep(remit, leaf=None)
        case_id = await closed(remit, desk)
        desk.clock.advance(400 * DAY)
        with pytest.raises(RetentionError, match="set `leaf_days`"):
            remit.keeping.prune(MONTH, by=person(MARIA))
        keep(remit)
        hold = remit.writer.run(
            lambda uow: legal_holds.place(
                uow, remit.new_id(), kind="case", ref=case_id, ground="suit-7",
                review_at=desk.clock().replace(year=2030), person=MARIA,
                origin=remit.erasure.rotation.origin,
            )
        ).value  # fmt: skip
        with pytest.raises(RetentionError, match=hold.hold_id):
            remit.keeping.prune(MONTH, by=person(MARIA))
        keep(remit, payload=200)
        assert remit.keeping.expire(by=person(MARIA)) == 0
        remit.writer.run(
            lambda uow: legal_holds.release(
                uow, hold.hold_id, ground="settled", person=NADIA,
                origin=remit.erasure.rotation.origin,
            )
        )  # fmt: skip
        assert remit.keeping.prune(MONTH, by=person(MARIA)).cases == 1


async def test_content_past_its_term_goes_and_its_entries_stay(desk: Desk) -> None:
    async with desk.open() as remit:
        keep(remit, payload=190)
        case_id = await closed(remit, desk)
        still = await write_in(remit, sender=ANNA, message=MESSAGE.replace("1001", "1002"))
        assert remit.keeping.expire(by=person(MARIA)) == 0
        desk.clock.advance(191 * DAY)
        assert remit.keeping.expire(by=person(MARIA)) == 1
        assert remit.keeping.expire(by=person(MARIA)) == 0
        assert remit.case(case_id).erased_at is not None
        assert remit.case(still).fields["message"]
        assert remit.verify().result == "intact"
        assert projections.check(remit.database).differing == 0


async def test_by_night_epochs_end_and_content_past_its_term_goes(desk: Desk) -> None:
    async with desk.open() as remit:
        keep(remit, payload=190)
        remit.schedule(verify_cron="", keep_cron="30 3 * * *", zone="UTC")
        await remit.timekeeper.jobs.begin()
        case_id = await closed(remit, desk)
        root = remit.keys.epoch().root
        await testing.pass_time(remit, desk.clock, 191 * DAY)
        await remit.timekeeper.jobs.finish()
        assert remit.keys.epoch().root != root
        assert remit.case(case_id).erased_at is not None
        await testing.pass_time(remit, desk.clock, 31 * DAY)
        await remit.timekeeper.jobs.finish()
        assert [one.destroyed for one in remit.erasure.rotation.ended()] == [True, False]
        assert remit.verify().result == "intact"
