"""What a database administrator can do to a ledger, and what finds it: the table is true.

Each attack is done to the real rows, on both databases. The misses are asserted too: without an
anchor nothing shows a consistent rollback, or a past written anew with the stolen log key.
"""

import itertools
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from remit.domain.actor import person, service
from remit.domain.entry import Draft
from remit.domain.ledger_event import ErasureCompleted
from remit.errors import LedgerMismatchError
from remit.ledger import anchor
from remit.ledger.acknowledge import Acknowledger
from remit.ledger.checkpoint import Signer
from remit.ledger.export import export
from remit.ledger.joined import GO
from remit.ledger.log_keys import LogKeys
from remit.ledger.verify import verify, verify_export
from remit.store.database import open_database
from remit.store.unit import UnitOfWork
from tests.faults.attacks import ATTACKS, OLD, Ground, begin, size
from tests.gobuild import answering, built
from tests.opened import NOTES, ORIGIN, appending, opened

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/tampering.md"
CASES = [f"{n:032x}" for n in range(1, 6)]
BATCHES = 12
EACH = 25  # 300 entries, one full tile and a part
ROW = re.compile(
    r"^\| \*\*(\w)\*\* [^|]*\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE
)
FOUND, MISSED, REFUSED = "found", "missed", "no export"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/remit.db"


@pytest.fixture
def ground(database: str, tmp_path: Path) -> Iterator[Ground]:
    url = database
    with opened(url, tmp_path) as store:
        for n in range(BATCHES):
            store.writer.run(appending(CASES[n % len(CASES)], EACH))
            store.settle()
        store.anchor(tmp_path / "theirs")
        keys, vkey = store.keys, store.journal.vkey
    held = open_database(url, schema=NOTES, durability_check=False)
    rows = held.writer()
    yield Ground(url, tmp_path, keys, vkey, held, rows)
    rows.close()
    held.close()


def test_the_page_has_a_row_for_each_attack() -> None:
    assert sorted(table()) == sorted(ATTACKS)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_found_where_the_page_says(ground: Ground, name: str) -> None:
    begin(ground)
    ATTACKS[name](ground)
    ground.rows.commit()
    assert found_by(ground) == table()[name]


def test_an_erasure_is_counted_and_not_condemned(tmp_path: Path, database: str) -> None:
    def erase(uow: UnitOfWork) -> None:
        (row,) = uow.connection.rows(
            "SELECT DISTINCT key_id FROM payloads WHERE case_id = ?", (CASES[0],)
        )
        uow.connection.execute("DELETE FROM payloads WHERE case_id = ?", (CASES[0],))
        done = ErasureCompleted(
            erasure_id="e", ground="request", part=1, parts=1, cases=1, payloads=EACH, values=0,
            keys=(row[0],), root="r", blind_us=0,
        )  # fmt: skip
        draft = Draft(event=done, case_id="c" * 32, workflow="remit", actor=service("ledger"))
        uow.append(draft)

    with opened(database, tmp_path) as store:
        for n in range(len(CASES)):
            store.writer.run(appending(CASES[n], EACH))
        store.writer.run(erase)
        report = store.verify()
        vkey, out = store.journal.vkey, tmp_path / "out"
        store.database.read(lambda c: export(c, out, vkey=vkey, sealed=True))
    for one in (report, verify_export(out, vkey)):
        assert one.result == "intact"
        assert f"erased    {EACH} payloads by 1 erasures, each on record" in one.lines


def test_without_its_chains_written_anew_a_changed_past_is_found_without_an_anchor(
    ground: Ground,
) -> None:
    begin(ground)
    leaves = ground.leaves()
    gone = leaves.pop(OLD)
    assert gone["case"]["seq"] > 1
    ground.rewrite(leaves)
    ground.rows.commit()
    report = verify(ground.database, ground.vkey)
    assert {"seq", "writers"} <= {finding.check for finding in report.checks}
    assert report.first_bad == OLD


def test_a_retired_log_key_signs_nothing_more(database: str, tmp_path: Path) -> None:
    """Whoever stole it after its time cannot write the tail anew."""
    with opened(database, tmp_path) as store:
        store.writer.run(appending(CASES[0], EACH))
        old = Signer(store.keys.log_key(), origin=ORIGIN)
        rotating = LogKeys(store.database, store.writer, store.journal, Acknowledger())
        now = store.clock() + timedelta(milliseconds=20)
        rotating.rotate(by=person("olga"), now=now, overlap_days=0)
        store.clock.moment += timedelta(hours=1)
        store.writer.run(appending(CASES[1], EACH))
        store.settle()
        store.journal.reload(store.database.read)
        keys, vkeys, vkey = store.keys, store.journal.vkeys, store.journal.vkeys.split()[0]
        assert store.verify().result == "intact"
        assert not verify(store.database, vkeys, form=False).checks
    assert vkeys.split() == [vkey, old.vkey]
    held = open_database(database, schema=NOTES, durability_check=False)
    rows = held.writer()
    ground = Ground(database, tmp_path, keys, vkey, held, rows)
    begin(ground)
    (root,) = rows.rows("SELECT root FROM ledger_head")
    note = old.sign(size=size(ground), root=bytes(root[0]))
    ground.write("UPDATE checkpoints SET note = ? WHERE size = ?", note, size(ground))
    rows.commit()
    for given, form in itertools.product((vkey, old.vkey, vkeys), (True, False)):
        report = verify(held, given, form=form)
        assert report.result == "tampered"
        assert any("retired" in finding.text for finding in report.checks), report.lines
    out = tmp_path / "out"
    held.read(lambda c: export(c, out, vkey=vkeys))
    assert verify_export(out, vkeys).result == "tampered"
    program = built(ROOT / "src/remit/ledger" / GO, tmp_path)
    with answering(program, "-key", vkey, "-key", old.vkey) as go:
        assert go.code(str(out)) == 1
    rows.close()
    held.close()


def found_by(ground: Ground) -> tuple[str, ...]:
    """Return what the start, verify, verify with an anchor, and an export with Go make of it."""
    theirs = [
        anchor.parsed(line, operator="audit-team")
        for line in (ground.folder / "theirs").read_bytes().splitlines(keepends=True)
    ]
    alone = verify(ground.database, ground.vkey, payload_keys=ground.keys)
    held = verify(ground.database, ground.vkey, payload_keys=ground.keys, anchors=theirs)
    exported = _exported(ground)
    return (
        _starts(ground),
        {1: FOUND, 2: MISSED}[alone.exit_code],
        {1: FOUND, 0: MISSED}[held.exit_code],
        exported,
    )


def _exported(ground: Ground) -> str:
    target = ground.folder / "out"
    try:
        ground.database.read(lambda c: export(c, target, vkey=ground.vkey, sealed=True))
    except (LedgerMismatchError, ValueError):
        return REFUSED
    program = built(ROOT / "src/remit/ledger" / GO, ground.folder)
    arguments = ("-key", ground.vkey, "-anchor", str(ground.folder / "theirs"))
    with answering(program, *arguments) as go:
        return MISSED if go.code(str(target)) == 0 else FOUND


def _starts(ground: Ground) -> str:
    """Start the process again, as the owner would after the attack."""
    ground.rows.close()
    ground.database.close()
    try:
        with opened(ground.url, ground.folder, seed=2):
            return MISSED
    except LedgerMismatchError:
        return FOUND


def table() -> dict[str, tuple[str, ...]]:
    """Return the rows of the page."""
    return {
        row[0]: tuple(cell.strip() for cell in row[1:]) for row in ROW.findall(PAGE.read_text())
    }
