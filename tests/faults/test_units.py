"""One unit of work in ten raises, before or after it wrote: its rows go, all others stay."""

import random
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from remit.domain.entry import Entry
from remit.store.receipt import Receipt
from remit.store.unit import UnitOfWork
from tests.faults.lengths import Progress, times
from tests.opened import appending, draft, opened

UNITS = times(1_000, long=50_000)
AT_ONCE = 100
CASES = [f"{number:032x}" for number in range(1, 41)]


class UnluckyError(Exception):
    """Raised by a tenth of all units."""


def failing(case_id: str, name: str, *, writes: int) -> Callable[[UnitOfWork], list[Entry]]:
    """Return work that raises after so many writes."""

    def work(uow: UnitOfWork) -> list[Entry]:
        for number in range(writes):
            uow.append(draft(case_id))
            uow.connection.execute("insert into notes values (?, 1)", (f"{name}-{number}",))
        raise UnluckyError(name)

    return work


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_unit_that_raises_leaves_nothing_and_the_others_everything(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    database: str,
) -> None:
    url = f"sqlite:///{tmp_path}/remit.db"
    if database == "postgresql":
        url = request.getfixturevalue("postgres_url")
    chance, progress = random.Random(10), Progress(f"units, {database}", UNITS)
    kept: set[tuple[str, int]] = set()
    failed = 0
    with opened(url, tmp_path) as store:
        for first in range(0, UNITS, AT_ONCE):
            waiting: list[tuple[bool, Future[Receipt[list[Entry]]]]] = []
            for number in range(first, first + AT_ONCE):
                bad, case_id = chance.random() < 0.1, chance.choice(CASES)
                work = (
                    failing(case_id, str(number), writes=chance.randint(0, 2))
                    if bad
                    else appending(case_id, chance.randint(1, 2))
                )
                waiting.append((bad, store.writer.submit(work)))
            for bad, future in waiting:
                if bad:
                    failed += 1
                    with pytest.raises(UnluckyError):
                        future.result(timeout=60)
                else:
                    kept.update(future.result(timeout=60).entries)
            progress.reached(first + AT_ONCE)
        stored = store.database.read(
            lambda c: c.rows("select case_id, seq from entries where event not like 'ledger:%'")
        )
        assert len(stored) == len(kept)
        assert set(stored) == kept
        assert store.database.read(lambda c: c.value("select count(*) from notes")) == 0
        report = store.verify()
        assert report.result == "intact", report.checks
    assert failed >= UNITS // 20
    record_property("units", UNITS)
    record_property("units that raised", failed)
