"""Mails at the refund desk: each ends as its own header says, and what hides in one is told."""

import email
import email.policy
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.intake.mailboxes import RawMail, read
from tests.desks import MARIA, ROOT, Desk, states, waiting
from tests.loopback import shop
from tests.projects import NAME, Small, found

pytestmark = pytest.mark.anyio

MAILS = ROOT / "examples/refund_desk/mails"
SOURCES = {
    name: {"sender": "from"}.get(name, name)
    for name in ("message", "sender", "subject", "received_at")
}
HELD = {"refund_held": "issue_refund", "reply_held": "send_reply"}


WASHING = b"""From: Hannah Seidel <hannah.seidel@example.com>
Reply-To: hannah@elsewhere.example
Subject: Coating
Message-ID: <washing@example.com>

how do I wash a rain jacket without ruining the coating?
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with shop.running() as running:
        yield Desk(folder=tmp_path, shop=running, database=database)


def expected(mail: RawMail) -> str:
    header = email.message_from_bytes(mail.data, policy=email.policy.default)["X-Expected"]
    return str(header)


async def test_every_example_mail_ends_as_its_header_says(desk: Desk) -> None:
    mails = list(read(MAILS))
    ends = {}
    async with desk.open() as remit:
        admitted = await remit.admit_mails("refund-desk", mails, sources=SOURCES, constants={})
        cases = [remit.submit(one).result().value for one in admitted]
        await remit.settled()
        for mail, case in zip(mails, cases, strict=True):
            proposed = states(remit, case.case_id)
            status = str(remit.case(case.case_id).row.status)
            held = [name for name, action in HELD.items() if (action, "held") in proposed]
            ends[expected(mail), case.case_id] = held[0] if held else status
        counts = remit.counts()
        assert counts["balance"] == 0
        assert {case_id: end for (_, case_id), end in ends.items()} == {
            case_id: end for end, case_id in ends
        }
        assert len(waiting(remit)) == sum(end in HELD for end in ends.values())
        # Nothing of what was hidden from the customer's eyes is in any masked entry.
        for case in cases:
            said = str([entry.payloads for entry in remit.entries(case.case_id)])
            assert "9,000" not in said
            assert "@example" not in said


async def test_a_field_from_what_anybody_writes_unseen_proves_nothing(desk: Desk) -> None:
    """Reply-To as the sender: the address is nobody's word, and the gate says so."""
    found = {}
    async with desk.open() as remit:
        for column in ("from", "reply_to"):
            data = WASHING.replace(b"Coating", column.encode())
            (admitted,) = await remit.admit_mails(
                "refund-desk", [RawMail(data=data, size=len(data))],
                sources={**SOURCES, "sender": column}, constants={},
            )  # fmt: skip
            case = remit.submit(admitted).result().value
            await remit.settled()
            (row,) = [one for one in waiting(remit) if one.case_id == case.case_id]
            card = remit.approval(row.approval_id, person=MARIA).card
            found[column] = {one.code for one in card.reasons}
            (first, *_) = remit.entries(case.case_id)
            assert first.body.get("untrusted") == (["sender"] if column == "reply_to" else None)
            assert first.body["notes"] == ["reply_to_elsewhere"]
    assert found["from"] == {"level.no_grant"}
    assert found["reply_to"] - found["from"] == {"sources.untrusted_selection"}


async def test_a_case_that_follows_a_mail_trusts_and_assumes_no_more_than_it_did(
    tmp_path: Path,
) -> None:
    """Its fields look like any others by now; what is known of them goes with them."""
    small = Small(folder=tmp_path)
    data = (
        b"From: a@example.com\nReply-To: b@example.org\nMessage-ID: <1@example.com>\n"
        b"Content-Type: text/plain; charset=us-ascii\n\nGr\xc3\xbc\xc3\x9fe\n"
    )
    async with small.open("return await run.escalate('a person, please')") as remit:
        (admitted,) = await remit.admit_mails(
            NAME, [RawMail(data=data, size=len(data))],
            sources={"message": "message", "sender": "reply_to"}, constants={},
        )  # fmt: skip
        old = remit.submit(admitted).result().value.case_id
        await remit.settled()
        new = await remit.follow(old, person="olga", note="anew")
        await remit.settled()
        (first,), (second,) = (found(remit, one, "intake:case:received") for one in (old, new))
        assert first.body["untrusted"] == second.body["untrusted"] == ["sender"]
        assert first.body["assumptions"] == second.body["assumptions"]
        assert second.body["assumptions"] == ["message:utf8_over_declared"]
        assert second.body["follows"] == old
