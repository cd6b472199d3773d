"""A person is erased: nothing we hold opens what they wrote, and every proof stays valid."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.actor import person
from remit.errors import (
    KeyUnavailableError,
    PayloadErasedError,
)
from remit.governance import legal_holds
from remit.ledger import canonical, export, read
from remit.ledger.entry import parse
from remit.ledger.keys import KeyRing
from remit.ledger.keystore import KEY_FILE
from remit.ledger.rotation import Epochs
from remit.ledger.seal import open_payload
from remit.orchestration.admission import handle_of
from remit.orchestration.erasure import Subject
from remit.store.connection import Connection
from remit.store.database import Database, open_database
from remit.store.keys import file_rows
from tests.desks import MARIA, NADIA, Desk, states, waiting, write_in
from tests.loopback import shop

pytestmark = pytest.mark.anyio

ANNA = "anna.lindqvist@example.org"
BO = "bo.nyman@example.org"
CANARY = "quetzalcoatlus"  # nothing that a recogniser would mask
MESSAGE = (
    "The Tarn jacket from order 1001 is a size too small. I would like a refund please. "
    f"My {CANARY} ate the label."
)
ELSE = "The lamp from order 1004 is broken. I would like a refund please."


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each database, with a shop of its own."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with shop.running() as running:
        yield Desk(folder=tmp_path / "data", shop=running, database=database)


def subject(remit: Remit, address: str = ANNA) -> Subject:
    return Subject(handle=handle_of(address, remit.intake.keyed))


def everything(database: Database, ring: KeyRing) -> list[str]:
    """Return all content of a database that any key of a ring opens."""

    def work(connection: Connection) -> list[str]:
        found = []
        for leaf, role, key_id, sealed in connection.rows(
            "select e.leaf, p.role, p.key_id, p.sealed from payloads p"
            " join entries e on e.case_id = p.case_id and e.seq = p.seq"
        ):
            key, whole = ring.find(key_id), parse(leaf)
            if key is None:
                continue
            name = next(one for one in whole.payloads if one.role == role)
            form = open_payload(
                sealed, key=key, entry_id=whole.entry.id, role=role, cipher=name.cipher,
                commitment=name.commitment,
            )  # fmt: skip
            found.append(canonical.encode_content(form).decode())
        return found

    return database.read(work)


def holding(folder: Path, word: str) -> list[str]:
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and word.encode() in path.read_bytes()
    ]


async def refunded(remit: Remit, desk: Desk, sender: str, message: str) -> str:
    case_id = await write_in(remit, sender=sender, message=message)
    row = next(row for row in waiting(remit) if row.case_id == case_id)
    await testing.decide(remit, row.approval_id, person=MARIA)
    await testing.pass_time(remit, desk.clock, 11)
    return case_id


async def test_what_an_erased_person_wrote_opens_nowhere_and_every_proof_stays(
    desk: Desk,
) -> None:
    async with desk.open() as remit:
        closed = await refunded(remit, desk, ANNA, MESSAGE)
        held = await write_in(remit, sender=ANNA, message=MESSAGE.replace("1001", "1002"))
        other = await write_in(remit, sender=BO, message=ELSE)
        before, status = remit.verify(), remit.case(other).row.status
        assert any(CANARY in text for text in everything(remit.database, remit.keys))
        seen = [(one.event, one.body) for one in remit.entries(closed)]
        plan = remit.erasure.plan(subject(remit))
        assert set(plan.cases) == {closed, held}
        assert [case_id for case_id, _ in plan.open] == [held]

        done = await remit.erasure.erase(subject(remit), by=NADIA, ground="request")

        assert (done.state, done.log_emptied) == ("completed", True)
        assert not any(CANARY in text for text in everything(remit.database, remit.keys))
        assert remit.case(held).row.status == "closed"
        assert {state for _, state in states(remit, held)} <= {"withdrawn"}
        assert remit.case(other).row.status == status != "closed"
        assert states(remit, closed) == [("issue_refund", "confirmed")], "what was done is known"
        assert remit.case(closed).erased_at is not None
        assert remit.case(closed).fields == {}
        assert remit.case(other).fields != {}
        with pytest.raises(PayloadErasedError, match="its proofs stand"):
            remit.database.read(lambda c: read.stream(c, remit.keys, closed))
        report = remit.verify()
        assert report.result == "intact", report.lines
        assert report.size > before.size
        assert f"erased    {done.plan.payloads} payloads" in "\n".join(report.lines)
        again = await remit.erasure.erase(subject(remit), by=NADIA, ground="request")
        assert again.state == "nothing"
        target = desk.folder / "out.tar"
        remit.database.read(lambda c: export.export(c, target, vkey=remit._journal.vkey))
    assert [one[0] for one in seen][:1] == ["intake:case:received"]
    assert holding(desk.folder, CANARY) == []


async def test_a_case_of_an_erased_person_cannot_be_undone_without_its_arguments(
    desk: Desk,
) -> None:
    async with desk.open() as remit:
        case_id = await refunded(remit, desk, ANNA, MESSAGE)
        action_id = remit.case(case_id).effects[0].action_id
        await remit.erasure.erase(subject(remit), by=NADIA, ground="request")
        await remit.undo(action_id, person=MARIA, reason="sent in error")
        assert states(remit, case_id) == [("issue_refund", "uncompensated")]
        assert remit.verify().result == "intact"


async def test_a_message_after_the_erasure_is_a_new_case_that_opens(desk: Desk) -> None:
    async with desk.open() as remit:
        await write_in(remit, sender=ANNA, message=MESSAGE)
        await remit.erasure.erase(subject(remit), by=NADIA, ground="request")
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE.replace("1001", "1003"))
        assert remit.case(case_id).fields["message"]
        assert remit.case(case_id).erased_at is None


async def test_a_message_that_was_set_aside_is_erased_with_its_sender(desk: Desk) -> None:
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=CANARY, order_id="1001 or 1002?")
        case = remit.case(case_id)
        done = await remit.erasure.erase(Subject(case_id=case_id), by=NADIA, ground="unlawful")
        assert done.state == "completed"
        assert remit.case(case_id).row.status == "closed", case.row
        assert not any(CANARY in text for text in everything(remit.database, remit.keys))
        assert remit.verify().result == "intact"


@pytest.mark.parametrize(
    ("kind", "ref", "holds"),
    [
        ("workflow", "refund-desk", True),
        ("workflow", "another", False),
        ("range", "0..9", True),
        ("range", "9000..9999", False),
    ],
)
async def test_a_legal_hold_on_a_workflow_or_a_range_refuses_what_lies_in_it(
    desk: Desk, kind: str, ref: str, *, holds: bool
) -> None:
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        remit.keeper.drain()
        remit.writer.run(
            lambda uow: legal_holds.place(
                uow, remit.new_id(), kind=kind, ref=ref, ground="suit-7",
                review_at=desk.clock().replace(year=2030), person=MARIA,
                origin=remit.erasure.rotation.origin,
            )
        )  # fmt: skip
        done = await remit.erasure.erase(subject(remit), by=NADIA, ground="request")
        assert done.state == ("refused" if holds else "completed")
        assert (remit.case(case_id).erased_at is None) == holds
        assert (remit.case(case_id).row.status == "closed") != holds, "nothing is settled either"


async def test_a_backup_opens_nothing_once_its_epoch_has_ended(
    tmp_path: Path,
) -> None:
    """With real copies of database and wrapped keys, and every root key that is left."""
    with shop.running() as running:
        desk = Desk(folder=tmp_path / "live", shop=running)
        async with desk.open() as remit:
            case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        backup = tmp_path / "backup"
        shutil.copytree(desk.folder, backup)
        (backup / "keys" / KEY_FILE).unlink()  # a root key belongs into no backup
        async with desk.open() as remit:
            rotation = replace(remit.erasure.rotation, epochs=Epochs(destroy_after_days=1))
            await remit.erasure.erase(subject(remit), by=NADIA, ground="request")
            rotation.rotate(by=person(NADIA))
            assert _opens(backup, desk.folder, case_id), "the control: the old root is still there"
            desk.clock.advance(timedelta(days=2).total_seconds())
            assert len(rotation.destroy_due()) == 1
            assert remit.verify().result == "intact"
        with pytest.raises(KeyUnavailableError, match="epoch was destroyed"):
            _opens(backup, desk.folder, case_id)
        assert not _opens_with_live_keys(backup, desk.folder, case_id)
        for folder in (desk.folder, backup):
            assert holding(folder, CANARY) == []


def _opens(backup: Path, live: Path, case_id: str) -> bool:
    """Try a backup's wrapped keys with the root keys that are left today."""
    shutil.copy(live / "keys" / KEY_FILE, backup / "keys" / KEY_FILE)
    try:
        with closing(KeyRing.open(backup / "keys", random_bytes=bytes)) as ring:
            return CANARY in _content(backup, ring, case_id)
    finally:
        (backup / "keys" / KEY_FILE).unlink()


def _opens_with_live_keys(backup: Path, live: Path, case_id: str) -> bool:
    rows = file_rows(live / "keys")
    with closing(KeyRing.open(live / "keys", random_bytes=bytes, rows=rows)) as ring:
        return CANARY in _content(backup, ring, case_id)


def _content(folder: Path, ring: KeyRing, case_id: str) -> str:
    database = open_database(f"sqlite:///{folder}/remit.db", read_only=True)
    try:
        return "".join(everything(database, ring))
    finally:
        database.close()
