"""What was masked in a case, who may receive it and who did: told to people without a value."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import Verdict
from remit.orchestration.admission import handle_of
from remit.orchestration.erasure import Subject
from tests.desks import MARIA, Desk, only, waiting, write_in
from tests.loopback import shop

pytestmark = pytest.mark.anyio

ANNA = "anna.lindqvist@example.org"
PHONE = "+49 30 901820"
MESSAGE = (
    "Where is my parcel? I ordered the Tarn jacket, order 1001, and it has not arrived yet."
    f" Call me at {PHONE}, or write to {ANNA}."
)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each database, with a shop of its own."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with shop.running() as running:
        yield Desk(folder=tmp_path, shop=running, database=database)


async def test_a_case_tells_what_was_masked_and_who_got_it_but_no_value(desk: Desk) -> None:
    """One address is one token, wherever it stood; what received it stands in the record."""
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        await _approved(remit, desk, "send_reply")
        assert remit.case(case_id).row.status == "closed"
        view = remit.masked(case_id)
        told = {group.type: group for group in view.types}
        places = {place.words for value in told["EMAIL"].values for place in value.places}
        assert {"came in: sender", "came in: message"} <= places
        (phone,) = told["PHONE"].values
        assert phone.attribute == "a number of DE"
        assert phone.turned == ()
        for group in view.types:
            for value in group.values:
                for one in value.turned:
                    assert any(
                        (may.owner, may.parameter) == (one.owner, one.parameter)
                        for may in group.may
                    )
        recorded = {
            str(one).partition("@")[0]
            for entry in remit.entries(case_id)
            for one in entry.body.get("reveals", ())
        }
        shown = {value.token for group in view.types for value in group.values if value.turned}
        assert recorded <= shown
        (address,) = [value for value in told["EMAIL"].values if value.turned]
        (sent,) = address.turned
        assert (sent.owner, sent.parameter) == ("send_reply", "to")
        assert address.attribute == "at example.org"
        for value in (ANNA, "anna.lindqvist", "901820"):
            assert value not in repr(view)


async def _approved(remit: Remit, desk: Desk, action: str) -> None:
    row = only(waiting(remit))
    assert row.action == action
    digest = remit.approval(row.approval_id, person=MARIA).card.digest
    await remit.decide(row.approval_id, person=MARIA, verdict=Verdict.APPROVE, digest=digest)
    await testing.pass_time(remit, desk.clock, 60)


async def test_an_erased_case_tells_only_what_its_entries_keep(desk: Desk) -> None:
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        await remit.cancel(case_id, person=MARIA, reason="asked for it")
        subject = Subject(handle=handle_of(ANNA, remit.intake.keyed))
        await remit.erasure.erase(subject, by=MARIA, ground="request")
        view = remit.masked(case_id)
        assert view.erased_at is not None
        assert all(value.attribute == "erased" for group in view.types for value in group.values)
