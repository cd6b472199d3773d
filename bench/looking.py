"""What a look at a large cell costs: `python -m bench.looking [ROWS]`, in seconds of a core.

One cell that acts alone with a threshold. Reading whole rows is measured beside reading what is
counted, and folding all cases beside folding from the last day's mark, in one run, as ratios.
Memory is what the rows hold while they are looked at.
"""

import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from remit.domain.autonomy import TIES, Cell
from remit.domain.plan import DAY_US
from remit.governance import shifting
from remit.governance.alarm import Alarm
from remit.store import evidence, evidence_watch, projections
from remit.store.authority import GrantRow
from remit.store.connection import Connection
from remit.store.database import open_database
from remit.store.evidence import EvidenceRow

T = TypeVar("T")

CELL = Cell(workflow="desk", action="note")
DAYS = 90
GIVEN = 20_000 * DAY_US
NOW = GIVEN + DAYS * DAY_US
GRANT = GrantRow(
    level="sampled", fingerprint="f", signer="o", expires_us=0, given_us=GIVEN,
    threshold_ppm=500_000,
)  # fmt: skip
BEFORE = 1_000  # cases before the grant


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cell.db"
        database = open_database(f"sqlite:///{file}", schema=projections.SCHEMA)
        with closing(database), closing(database.writer()) as connection:
            connection.begin(write=True)
            filled(connection, rows)
            connection.commit()
            connection.begin(write=True)
            looked(connection, rows)
            connection.rollback()


def looked(connection: Connection, rows: int) -> None:
    print(f"{rows:,} rows of one cell")
    whole = taken("whole rows read", lambda: list(_whole(connection)))
    counted = taken("what is counted of them read", lambda: list(_stream(connection)))
    print(f"ratio {whole[0] / counted[0]:.1f} of time, {whole[1] / counted[1]:.1f} of memory")
    all_of_them = taken(
        "cases below the threshold, all folded",
        lambda: shifting.label_free(list(_stream(connection)), GRANT),
    )
    taken("the first look, which keeps a mark a day", lambda: _alarms(connection))
    later = taken("each look after it", lambda: _alarms(connection))
    print(f"ratio {all_of_them[0] / later[0]:.0f} of time, a cell and minute")


def taken(name: str, work: Callable[[], T]) -> tuple[float, int]:
    """Do it twice, for its seconds and for the bytes that it holds at most."""
    begun = time.process_time()
    work()
    seconds = time.process_time() - begun
    tracemalloc.start()
    work()
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{name:>42}  {seconds:8.3f} s  {held / 1e6:8.1f} MB")
    return max(seconds, 1e-4), max(held, 1)


def _whole(connection: Connection) -> Iterator[EvidenceRow]:
    return evidence.of_cell(connection, CELL, fingerprint="f")


def _stream(connection: Connection) -> Iterator[EvidenceRow]:
    return evidence_watch.stream(connection, CELL, "f", since_us=0)


def _alarms(connection: Connection) -> list[Alarm]:
    return shifting.alarms(connection, CELL, GRANT, now_us=NOW)


def filled(connection: Connection, rows: int) -> None:
    """Put cases in, evenly over the days since the grant, a tenth below its threshold."""
    columns = evidence.COLUMNS.split(", ")
    every_us = DAYS * DAY_US // rows
    words = {"workflow": CELL.workflow, "action": CELL.action, "segment": CELL.segment,
             "fingerprint": "f", "level": "sampled", "outcome": "right", "source": "audit",
             "code": "audit", "reviewer": "olga", "day": "2026-11-01"}  # fmt: skip
    flags = {"share_ppm": 100_000, "draw": 0, "drawn": 1, "eligible": 1, "alone": 1, "blind": 1,
             "settled": 1, "labels": 1, "due_us": 0, "gone": 0}  # fmt: skip

    def row(number: int) -> tuple[str | int | None, ...]:
        at_us = GIVEN + (number - BEFORE) * (every_us if number >= BEFORE else DAY_US // 100)
        score = (450_000 if number % 10 == 0 else 600_000) * TIES + number
        name = f"{number:064x}"
        known: dict[str, str | int | None] = {
            **dict.fromkeys(columns, ""), **words, **flags, "action_id": name,
            "case_id": name[32:], "cluster": name[16:], "at_us": at_us, "score": score,
            "label_us": at_us + DAY_US,
        }  # fmt: skip
        return tuple(known[one] for one in columns)

    connection.executemany(
        f"insert into evidence ({evidence.COLUMNS}) values ({', '.join('?' * len(columns))})",
        [row(number) for number in range(BEFORE + rows)],
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100_000)
