"""Planted values of a customer stand nowhere: no entry, view, log line or byte of a file."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit import testing
from tests.desks import MARIA, Desk, waiting, write_in
from tests.loopback import shop

pytestmark = pytest.mark.anyio

ANNA = "anna.lindqvist@example.org"
PLANTED = (
    ANNA,
    "anna.private@example.com",
    "+49 30 901820",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "Storgatan 14",  # the shop's own record of her
    "Lindqvist",
)
MESSAGE = (
    "The Tarn jacket from order 1001 is too small. I would like a refund please. "
    "Write to anna.private@example.com or call +49 30 901820. "
    "Card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00."
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with a shop of its own."""
    with shop.running() as running:
        yield Desk(folder=tmp_path, shop=running)


async def test_no_planted_value_leaves_by_any_exit(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """The whole walk with an effect at its end, and then everything that was written."""
    caplog.set_level(logging.DEBUG)
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        row = waiting(remit)[0]
        seen = [str(remit.approval(row.approval_id, person=MARIA))]
        await testing.decide(remit, row.approval_id, person=MARIA)
        await testing.pass_time(remit, desk.clock, 11)
        assert remit.case(case_id).row.status == "closed"
        seen += [str(remit.entries(case_id)), str(remit.case(case_id)), str(remit.cases())]
    seen.append(caplog.text)
    for value in PLANTED:
        assert not any(value in text for text in seen), value
    files = [path for path in desk.folder.rglob("*") if path.is_file()]
    assert any(path.name == "remit.db" for path in files)
    for path in files:
        content = path.read_bytes()
        for value in PLANTED:
            assert value.encode() not in content, f"{value} in {path.name}"
