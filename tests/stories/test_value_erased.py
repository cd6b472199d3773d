"""One value of many is erased: it is gone for good, the others and every proof stay."""

import os
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
from remit.domain.approval import Verdict
from remit.domain.entry import Draft
from remit.domain.event import CaseReopened
from remit.domain.value import Json
from remit.errors import (
    ApprovalClosedError,
    IllegalMoveError,
    KeyUnavailableError,
    NotFoundError,
    PayloadErasedError,
    TokenErasedError,
    TokenUnknownError,
    VaultLockedError,
)
from remit.governance import legal_holds
from remit.intake.mask import Masker
from remit.ledger import projections, read
from remit.ledger.keys import KeyRing
from remit.ledger.keystore import KEY_FILE
from remit.ledger.rotation import Epochs
from remit.orchestration import scopes
from remit.orchestration.erasure import Subject
from remit.store import vault
from remit.store.database import open_database
from tests.desks import MARIA, NADIA, Desk, only, states, waiting, write_in
from tests.loopback import shop

pytestmark = pytest.mark.anyio

ANNA = "anna.lindqvist@example.org"
PHONE, SPOKEN = "+4930901820", "030 / 901820"
MESSAGE = (
    "Where is my parcel? I ordered the Tarn jacket, order 1001, and it has not arrived yet."
    f" Call me at +49 {SPOKEN[1:]}, please. Or write to {ANNA}."
)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each database, with a shop of its own."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with shop.running() as running:
        yield Desk(folder=tmp_path / "data", shop=running, database=database)


def masker(remit: Remit, case_id: str) -> Masker:
    return remit.runs.scope(case_id)[0]


def values(remit: Remit, case_id: str) -> dict[str, Json]:
    """Return the value of each token of a case that has one."""
    found = masker(remit, case_id)
    return {one.token: found.restore(one.token) for one in found.vault.known_values()}


def token_of(remit: Remit, case_id: str, value: str) -> str:
    return next(token for token, one in values(remit, case_id).items() if one == value)


async def erase(remit: Remit, case_id: str, token: str) -> str:
    done = await remit.erasure.erase(
        Subject(case_id=case_id, token=token), by=NADIA, ground="request", settle_seconds=0
    )
    return done.state


def altered(token: str) -> str:
    """Return a token with another letter in its check, of the same kind: it still reads as one."""
    first, second = "AB" if token[-1].isalpha() else "34"
    return token[:-1] + (first if token[-1] != first else second)


async def answered(remit: Remit, desk: Desk) -> str:
    """Return a case that was answered and is closed."""
    case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
    row = only(waiting(remit))
    await testing.decide(remit, row.approval_id, person=MARIA)
    await testing.pass_time(remit, desk.clock, 60)
    assert remit.case(case_id).row.status == "closed"
    return case_id


async def test_one_value_goes_and_every_other_comes_back_byte_for_byte(desk: Desk) -> None:
    async with desk.open() as remit:
        case_id = await answered(remit, desk)
        before, content = values(remit, case_id), remit.entries(case_id)
        token = token_of(remit, case_id, PHONE)
        old = [row[5] for row in remit.database.read(lambda c: vault.of_scope(c, case_id))]
        assert len(set(old)) == 1
        plan = remit.erasure.plan(Subject(case_id=case_id, token=token))
        assert (plan.values, plan.payloads, plan.open, plan.in_clear) == (1, 1, (), ())

        assert await erase(remit, case_id, token) == "completed"

        left = {one: value for one, value in before.items() if one != token}
        assert values(remit, case_id) == left
        assert len(left) == len(before) - 1 > 2
        for text in (token, f"call {token}!"):
            with pytest.raises(TokenErasedError):
                masker(remit, case_id).restore(text)
        with pytest.raises(TokenUnknownError):
            masker(remit, case_id).restore(altered(token))
        assert remit.keys.find(old[0]) is None
        with pytest.raises(PayloadErasedError):
            remit.database.read(lambda c: read.payload(c, remit.keys, case_id, 1, "raw"))
        rows = remit.database.read(lambda c: vault.of_scope(c, case_id))
        assert [(row[3], row[4]) for row in rows if row[1] == token] == [(b"", b"")]
        now = remit.entries(case_id)
        assert [one.payloads for one in now[: len(content)]] == [one.payloads for one in content]
        assert remit.case(case_id).erased_at is None
        assert remit.case(case_id).fields != {}
        said = {
            one.token: one.attribute
            for group in remit.masked(case_id).types
            for one in group.values
        }
        assert said[token] == "erased"
        assert "erased" not in {what for name, what in said.items() if name != token}
        report = remit.verify()
        assert report.result == "intact", report.lines
        assert "erased    1 payloads by 1 erasures" in "\n".join(report.lines)
        assert projections.check(remit.database).differing == 0
        assert await erase(remit, case_id, token) == "nothing"
        leaves = remit.database.read(lambda c: c.rows("select leaf from entries"))
        assert not any(b"901820" in bytes(row[0]) for row in leaves)
    async with desk.open() as remit:  # another process
        assert values(remit, case_id) == left
        with pytest.raises(TokenErasedError):
            masker(remit, case_id).restore(token)


async def test_a_second_value_goes_too_and_then_the_whole_case(desk: Desk) -> None:
    async with desk.open() as remit:
        case_id = await answered(remit, desk)
        phone, mail = (token_of(remit, case_id, one) for one in (PHONE, ANNA))
        assert await erase(remit, case_id, phone) == "completed"
        between = remit.database.read(lambda c: read.originals_key_id(c, case_id))
        assert await erase(remit, case_id, mail) == "completed"
        assert remit.keys.find(between) is None
        for token in (phone, mail):
            with pytest.raises(TokenErasedError):
                masker(remit, case_id).restore(token)
        last = remit.database.read(lambda c: read.originals_key_id(c, case_id))
        done = await remit.erasure.erase(Subject(case_id=case_id), by=NADIA, ground="request")
        assert done.state == "completed"
        assert remit.keys.find(last) is None
        assert remit.case(case_id).erased_at is not None
        for token in (phone, mail):
            with pytest.raises(TokenErasedError):
                masker(remit, case_id).restore(token)
        assert remit.verify().result == "intact"


async def test_what_waits_with_the_value_is_withdrawn_and_a_person_has_the_case(
    desk: Desk,
) -> None:
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        row = only(waiting(remit))
        assert row.action == "send_reply"
        mail = token_of(remit, case_id, ANNA)
        digest = remit.approval(row.approval_id, person=MARIA).card.digest

        assert await erase(remit, case_id, mail) == "completed"

        assert waiting(remit) == ()
        case = remit.case(case_id)
        assert (case.row.status, case.row.reason) == ("escalated", "token.erased")
        assert states(remit, case_id) == [("send_reply", "withdrawn")]
        with pytest.raises(ApprovalClosedError, match="your answer was not recorded"):
            await remit.decide(
                row.approval_id, person=MARIA, verdict=Verdict.APPROVE, digest=digest
            )
        await remit.hand_back(case_id, person=MARIA, note="try again")
        await remit.settled()
        case = remit.case(case_id)
        assert (case.row.status, case.row.reason) == ("escalated", "token.erased")
        await remit.close_case(case_id, person=MARIA, note="answered by hand")
        assert remit.verify().result == "intact"


async def test_what_waits_without_the_value_goes_on_and_is_sent_as_it_was_approved(
    desk: Desk,
) -> None:
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        row = only(waiting(remit))
        assert await erase(remit, case_id, token_of(remit, case_id, PHONE)) == "completed"
        assert only(waiting(remit)).approval_id == row.approval_id
        await testing.decide(remit, row.approval_id, person=MARIA)
        await testing.pass_time(remit, desk.clock, 60)
        assert remit.case(case_id).row.status == "closed"
        assert states(remit, case_id) == [("send_reply", "confirmed")]
        assert remit.verify().result == "intact"


async def test_a_legal_hold_refuses_and_so_does_a_token_that_is_none(desk: Desk) -> None:
    async with desk.open() as remit:
        case_id = await answered(remit, desk)
        before = values(remit, case_id)
        token = token_of(remit, case_id, PHONE)
        with pytest.raises(NotFoundError, match="no such token"):
            await erase(remit, case_id, "PHONE_7K3QX2MD")
        remit.writer.run(
            lambda uow: legal_holds.place(
                uow, remit.new_id(), kind="case", ref=case_id, ground="suit-7",
                review_at=desk.clock().replace(year=2030), person=MARIA,
                origin=remit.erasure.rotation.origin,
            )
        )  # fmt: skip
        assert await erase(remit, case_id, token) == "refused"
        assert values(remit, case_id) == before
        aside = await write_in(remit, sender=ANNA, message=MESSAGE, order_id="1001 or 1002?")
        with pytest.raises(IllegalMoveError, match="in quarantine"):
            await erase(remit, aside, token_of(remit, aside, ANNA))


async def test_a_value_that_stands_beside_its_token_is_not_called_erased(desk: Desk) -> None:
    """What was masked before anybody knew it for private may hold it in the clear."""
    async with desk.open() as remit:
        first = "Where is my parcel? Order 1001. My pet is called quetzalcoatlus."
        case_id = await write_in(remit, sender=ANNA, message=first)
        found, rows = remit.runs.scope(case_id)
        token = found.mask_value("PERSON", "quetzalcoatlus")
        new = rows()
        remit.writer.run(lambda uow: vault.insert(uow.connection, new))
        before = values(remit, case_id)
        plan = remit.erasure.plan(Subject(case_id=case_id, token=token))
        assert 1 in plan.in_clear
        assert await erase(remit, case_id, token) == "refused"
        assert values(remit, case_id) == before
        remit.writer.run(  # else the case would not replay as it ran
            lambda uow: uow.connection.execute("delete from vault where token = ?", (token,))
        )


async def test_what_comes_between_is_heeded_a_hold_and_a_case_that_runs_again(desk: Desk) -> None:
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        phone, mail = (token_of(remit, case_id, one) for one in (PHONE, ANNA))
        assert await erase(remit, case_id, mail) == "completed"
        assert remit.case(case_id).row.status == "escalated"

        def handed_back(point: str) -> None:
            if point == "settled":
                reopened = Draft(
                    event=CaseReopened(reason="handed-back"), case_id=case_id,
                    workflow="refund-desk", actor=person(MARIA),
                )  # fmt: skip
                remit.writer.run(lambda uow: uow.append(reopened))

        remit.erasure.points.append(handed_back)
        assert await erase(remit, case_id, phone) == "waiting"
        assert token_of(remit, case_id, PHONE) == phone, "its run is under way"
        remit.erasure.points.clear()
        await remit.settled()

        def held(point: str) -> None:
            if point == "settled":
                remit.writer.run(
                    lambda uow: legal_holds.place(
                        uow, remit.new_id(), kind="case", ref=case_id, ground="suit-7",
                        review_at=desk.clock().replace(year=2030), person=MARIA,
                        origin=remit.erasure.rotation.origin,
                    )
                )  # fmt: skip

        remit.erasure.points.append(held)
        assert await erase(remit, case_id, phone) == "refused"
        assert token_of(remit, case_id, PHONE) == phone


async def test_a_value_that_was_masked_under_the_key_before_does_not_spoil_the_others(
    desk: Desk,
) -> None:
    """A person's note may have been masked just before, and be written just after."""
    async with desk.open() as remit:
        case_id = await answered(remit, desk)
        stale, rows = remit.runs.scope(case_id)
        late = stale.mask_value("EMAIL", "bo.nyman@example.org")
        assert await erase(remit, case_id, token_of(remit, case_id, PHONE)) == "completed"
        before, new = values(remit, case_id), rows()
        assert len(new) == 1
        remit.writer.run(lambda uow: vault.insert(uow.connection, new))
        assert values(remit, case_id) == before
        with pytest.raises(TokenUnknownError):
            masker(remit, case_id).restore(late)
        again, rows = remit.runs.scope(case_id)
        again.mask_value("EMAIL", "bo.nyman@example.org")
        new = rows()
        remit.writer.run(lambda uow: vault.insert(uow.connection, new))
        assert len(values(remit, case_id)) == len(before) + 1


async def test_no_backup_gives_the_value_once_its_epoch_has_ended(tmp_path: Path) -> None:
    """With real copies of database and wrapped keys, and every root key that is left."""
    with shop.running() as running:
        desk = Desk(folder=tmp_path / "live", shop=running)
        async with desk.open() as remit:
            case_id = await answered(remit, desk)
            token = token_of(remit, case_id, PHONE)
        backup = tmp_path / "backup"
        shutil.copytree(desk.folder, backup)
        (backup / "keys" / KEY_FILE).unlink()  # a root key belongs into no backup
        async with desk.open() as remit:
            rotation = replace(remit.erasure.rotation, epochs=Epochs(destroy_after_days=1))
            await erase(remit, case_id, token)
            rotation.rotate(by=person(NADIA))
            given = restored(backup, desk.folder, case_id, token)
            assert given == PHONE, "the control: the old root is still there"
            desk.clock.advance(timedelta(days=2).total_seconds())
            assert len(rotation.destroy_due()) == 1
        with pytest.raises(KeyUnavailableError, match="epoch was destroyed"):
            restored(backup, desk.folder, case_id, token)
        with (
            closing(KeyRing.open(desk.folder / "keys", random_bytes=os.urandom)) as ring,
            pytest.raises(VaultLockedError),  # the live keys open nothing of the old rows
        ):
            from_backup(backup, ring, case_id, token)


def restored(backup: Path, live: Path, case_id: str, token: str) -> Json:
    """Try a backup's wrapped keys with the root keys that are left today."""
    shutil.copy(live / "keys" / KEY_FILE, backup / "keys" / KEY_FILE)
    try:
        with closing(KeyRing.open(backup / "keys", random_bytes=os.urandom)) as ring:
            return from_backup(backup, ring, case_id, token)
    finally:
        (backup / "keys" / KEY_FILE).unlink()


def from_backup(folder: Path, ring: KeyRing, case_id: str, token: str) -> Json:
    database = open_database(f"sqlite:///{folder}/remit.db", read_only=True)
    try:
        scope = database.read(lambda c: scopes.read(c, ring, case_id))
        return scopes.opened(scope, ring, random_bytes=os.urandom)[0].restore(token)
    finally:
        database.close()
