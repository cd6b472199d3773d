"""Whatever happened: rows made anew from the entries are the live rows."""

import tempfile
from pathlib import Path

from hypothesis import given, settings

from remit.ledger import projections
from remit.store.database import open_database
from tests import programs

Program = list[tuple[str, object]]


@settings(max_examples=max(8, settings().max_examples // 20))
@given(program=programs.PROGRAMS)
def test_a_rebuild_from_entries_yields_the_live_rows(program: Program) -> None:
    """After any program of messages, verdicts, faults, time and restarts."""
    with tempfile.TemporaryDirectory() as folder:
        small = programs.desk(Path(folder))
        programs.play(small, program)
        database = open_database(f"sqlite:///{folder}/data/remit.db", read_only=True)
        try:
            report = projections.check(database)
        finally:
            database.close()
    assert report.lines[len(report.tables) + 1 :] == ()
    assert report.result == "equal"
