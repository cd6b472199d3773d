"""Received = accepted + quarantined, whatever comes by whichever door and whatever people do."""

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from remit import testing
from remit.app import Remit
from remit.errors import RemitError
from remit.intake.columns import Column
from remit.intake.evidence import Around
from remit.intake.outcome import Kind
from tests.projects import NAME, OLGA, Small
from tests.stories.test_grounds import SENDERS, made

DAYS = ("03/04/2025", "13/04/2025", "04/13/2025", "not a day", "")
AMOUNTS = ("12.00 EUR", "1.234 EUR", "much")
WRITERS = ("ana@example.com", "bob@example.us", "eve@example.org", "nobody")
MAILS = (
    b"From: ana@example.com\nMessage-ID: <1@example.com>\n\nhello\n",
    b"From: a@example.com, b@example.com\n\ntwo\n",
    b"no mail at all",
    b"\xff\x00",
    b"Content-Type: multipart/mixed; boundary=b\n\n--c\n",
)

PEOPLE = ("pick", "type", "discard")  # what they give may still leave a doubt

rows = st.tuples(
    st.just("row"), st.sampled_from(DAYS), st.sampled_from(AMOUNTS), st.sampled_from(WRITERS),
    st.booleans(),
)  # fmt: skip
steps = st.lists(
    rows
    | st.tuples(st.just("mail"), st.sampled_from(MAILS))
    | st.tuples(st.just("time"), st.integers(1, 30 * 3_600))
    | st.tuples(st.sampled_from(PEOPLE)),
    min_size=1,
    max_size=12,
)


def proven() -> Around:
    """Return what a column of days proves."""
    column = Column()
    for _ in range(20):
        column.add(Kind.DATE, "13/04/2025")
    return Around(columns={"due": column.proven()}, said={"due": column.evidence()})


async def take(remit: Remit, small: Small, step: tuple[object, ...]) -> None:
    """Take one step; what is refused changes nothing."""
    aside = [row.case_id for row in remit.quarantine().rows]
    match step:
        case ("row", str(due), str(amount), str(sender), bool(table)):
            raw = {"due": due, "amount": amount, "sender": sender}
            around = proven() if table else None
            admitted = remit.admit(NAME, raw, channel="file", around=around)
            remit.submit(admitted).result()
        case ("mail", bytes(data)):
            await remit.receive_mail(NAME, data)
        case ("time", int(seconds)):
            await testing.pass_time(remit, small.clock, seconds)
        case ("pick",) if aside:
            offers = {
                one.field: next((offer.shown for offer in one.offers if not offer.blocked), "")
                for one in remit.quarantined(aside[0]).reasons
            }
            choices = {name: shown for name, shown in offers.items() if shown}
            await remit.release(aside[0], person=OLGA, corrections={}, choices=choices)
        case ("type",) if aside:
            typed = {"due": "2025-04-03", "amount": "12.00 EUR", "sender": "x@example.org"}
            await remit.release(aside[-1], person=OLGA, corrections=typed)
        case ("discard",) if aside:
            await remit.discard(aside[0], person=OLGA, reason="no bill")
        case _:
            pass


def balanced(remit: Remit) -> None:
    """Every message that was taken in is an entry, and a case that was accepted or waits."""
    counts = remit.counts()
    assert counts["balance"] == 0
    cases = [one.case_id for one in remit.cases(limit=200).rows]
    first = [remit.entries(case_id)[0].event for case_id in cases]
    assert len(cases) == counts["received"]
    assert set(first) <= {"intake:case:received", "intake:case:quarantined"}
    assert counts["overdue_aside"] <= counts["quarantined"]


@settings(max_examples=12, deadline=None)
@given(steps)
def test_received_is_accepted_and_quarantined_at_every_moment(
    taken: list[tuple[object, ...]],
) -> None:
    async def run(folder: Path) -> None:
        small = made(folder, settings=SENDERS)
        async with small.open(replays=False) as remit:
            for step in taken:
                refusable = RemitError if step[0] in PEOPLE else ()
                with contextlib.suppress(refusable):
                    await take(remit, small, step)
                balanced(remit)
            await remit.settled()
            balanced(remit)

    folder = Path(tempfile.mkdtemp())
    try:
        asyncio.run(run(folder))
    finally:
        shutil.rmtree(folder)
