"""The key store does not answer: nothing is written unsealed, and cases wait until it is back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.errors import KeyUnavailableError
from remit.ledger.keystore import KEY_FILE
from tests.desks import Desk, write_in
from tests.loopback import shop

pytestmark = pytest.mark.anyio

ANNA = "anna.lindqvist@example.org"
MESSAGE = "The Tarn jacket from order 1001 is a size too small. I would like a refund please."


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with a shop of its own."""
    with shop.running() as running:
        yield Desk(folder=tmp_path, shop=running)


async def test_nothing_is_taken_in_and_no_case_is_lost_while_the_keys_are_away(
    desk: Desk,
) -> None:
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        fields = remit.case(case_id).fields
        before = remit.database.read(lambda c: c.value("select count(*) from entries"))
        file = desk.folder / "keys" / KEY_FILE
        file.rename(desk.folder / "away")
        remit.keys.close()  # as if a minute had passed

        with pytest.raises(KeyUnavailableError, match="cannot be read") as raised:
            await remit.receive(
                "refund-desk", {"sender": ANNA, "message": MESSAGE}, channel="mail"
            )
        assert raised.value.status == 503
        with pytest.raises(KeyUnavailableError):
            remit.case(case_id)
        assert await remit.engine.open_run(case_id) is None  # it waits for a person: not ready
        after = remit.database.read(lambda c: c.value("select count(*) from entries"))
        assert after == before

        (desk.folder / "away").rename(file)
        assert remit.case(case_id).fields == fields
        again = await write_in(remit, sender=ANNA, message=MESSAGE.replace("1001", "1002"))
        assert remit.case(again).fields["message"]
        assert remit.verify().result == "intact"


async def test_a_ready_case_waits_for_the_keys_and_then_goes_on(desk: Desk) -> None:
    async with desk.open() as remit:
        await remit.worker.stop()
        admission = await remit.receive(
            "refund-desk", {"sender": ANNA, "message": MESSAGE}, channel="mail"
        )
        file = desk.folder / "keys" / KEY_FILE
        file.rename(desk.folder / "away")
        remit.keys.close()
        remit.runs.fresh.take(admission.case_id)
        with pytest.raises(KeyUnavailableError):
            await remit.engine.run(admission.case_id)
        assert (
            remit.database.read(
                lambda c: c.value(
                    "select status from cases where case_id = ?", (admission.case_id,)
                )
            )
            == "ready"
        )
        (desk.folder / "away").rename(file)
    async with desk.open() as remit:
        await remit.settled()
        assert remit.case(admission.case_id).row.status == "parked"
