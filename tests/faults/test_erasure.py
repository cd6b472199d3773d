"""An erasure that is killed at any step is taken up at the next start, and told once."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from remit.errors import PayloadErasedError, TokenErasedError
from remit.ledger import read
from tests.desks import ROOT, Desk, write_in
from tests.loopback import shop

pytestmark = pytest.mark.anyio

ANNA = "anna.lindqvist@example.org"
CANARY = "quetzalcoatlus"
SEALED = "select count(*) from payloads where key_id like 'case-%' and role <> 'rules'"
MESSAGE = f"The Tarn jacket from order 1001 is too small. A refund please. My {CANARY} ate it."


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each database, with a shop of its own."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with shop.running() as running:
        yield Desk(folder=tmp_path, shop=running, database=database)


async def killed(desk: Desk, point: str, what: str) -> None:
    """Erase what a person wrote, or `case:token`, in a process that dies at that point."""
    program = ["-m", "tests.faults.erasing", str(desk.folder), desk.database or "sqlite"]
    ran = await anyio.run_process(
        [sys.executable, *program, point, what],
        cwd=ROOT, check=False,
        env={
            **os.environ, "PYTHONPATH": str(ROOT), "SHOP_URL": desk.shop.url,
            "SHOP_KEY": desk.shop.key,
        },
    )  # fmt: skip
    assert ran.returncode == -signal.SIGKILL, ran.stderr[-2000:]


@pytest.mark.parametrize("point", ["requested", "settled", "destroyed", "completed"])
async def test_an_erasure_that_was_killed_is_finished_at_the_next_start(
    desk: Desk, point: str
) -> None:
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
    await killed(desk, point, ANNA)

    async with desk.open() as remit:
        assert remit.case(case_id).row.status == "closed"
        assert remit.case(case_id).erased_at is not None
        with pytest.raises(PayloadErasedError):
            remit.database.read(lambda c: read.stream(c, remit.keys, case_id))
        told = remit.database.read(
            lambda c: c.rows(
                "select event, count(*) from entries where event like 'ledger:erasure:%'"
                " group by event order by event"
            )
        )
        assert told == [("ledger:erasure:completed", 1), ("ledger:erasure:requested", 1)]
        rows = remit.database.read(lambda c: c.value(SEALED))
        assert rows == 0
        assert remit.verify().result == "intact"
    for path in desk.folder.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()


@pytest.mark.parametrize("point", ["requested", "settled", "resealed", "destroyed", "completed"])
async def test_an_erased_value_goes_once_wherever_it_was_killed_and_no_other_does(
    desk: Desk, point: str
) -> None:
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        masker, _ = remit.runs.scope(case_id)
        before = {one.token: one.canonical for one in masker.vault.known_values()}
    token = next(one for one, value in before.items() if value == ANNA)
    await killed(desk, point, f"{case_id}:{token}")

    async with desk.open() as remit:
        masker, _ = remit.runs.scope(case_id)
        left = {one.token: one.canonical for one in masker.vault.known_values()}
        assert left == {one: value for one, value in before.items() if one != token}
        with pytest.raises(TokenErasedError):
            masker.restore(token)
        told = remit.database.read(
            lambda c: c.rows(
                "select event, count(*) from entries where event like 'ledger:erasure:%'"
                " or event like 'ledger:values:%' group by event order by event"
            )
        )
        assert told == [
            ("ledger:erasure:completed", 1),
            ("ledger:erasure:requested", 1),
            ("ledger:values:resealed", 1),
        ]
        with pytest.raises(PayloadErasedError):
            remit.database.read(lambda c: read.payload(c, remit.keys, case_id, 1, "raw"))
        (row,) = remit.database.read(lambda c: c.rows("select key_id, state from erasures"))
        assert (remit.keys.find(row[0]), row[1]) == (None, "completed")
        assert remit.verify().result == "intact"
