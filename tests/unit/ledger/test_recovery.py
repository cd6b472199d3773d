"""Recovery: the next origin, what counts as lost, and a log that goes on from what is left."""

from hashlib import sha256
from pathlib import Path

import pytest

from remit.errors import DatabaseInUseError, LedgerError, LedgerMismatchError
from remit.ledger import anchor
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.checkpoint import NoteError, Signer, family, parse_note
from remit.ledger.held import Held, held
from remit.ledger.recovery import Lost, current_origin, lost_of, next_origin
from remit.ledger.verify import verify
from remit.store.database import open_database
from tests.opened import NOTES, ORIGIN, Opened, opened, recovered

CASE = "c" * 32
NEW = "shop.example/ledger/2"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/one.db"
    return str(request.getfixturevalue("postgres_url"))


def now(store: Opened) -> Held:
    return store.database.read(lambda c: held(c, store.journal.vkey, store.database.read))


def signed(store: Opened, size: int, root: bytes) -> AnchorReceipt:
    signer = Signer(store.keys.log_key(), origin=store.journal.origin)
    return AnchorReceipt(note=signer.sign(size=size, root=root), operator="acme", kind="git")


@pytest.mark.parametrize(
    ("origin", "following"),
    [
        ("a.example/1", "a.example/2"),
        ("a.example/9", "a.example/10"),
        ("a.example", "a.example/2"),
        ("a.example/x", "a.example/x/2"),
    ],
)
def test_an_origin_has_one_that_follows(origin: str, following: str) -> None:
    assert next_origin(origin) == following


def test_origins_come_to_an_end() -> None:
    with pytest.raises(LedgerError, match="too often"):
        next_origin("a.example/99")


def test_a_key_stands_for_the_origins_before_and_for_no_other(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/one.db", tmp_path) as store:
        key = store.keys.log_key()
    third = Signer(key, origin="a.example/3").vkey
    names = [one.split("+")[0] for one in family(third)]
    assert names == ["a.example/3", "a.example/2", "a.example/1", "a.example"]
    assert family(Signer(key, origin="a.example/1").vkey) == [
        Signer(key, origin="a.example/1").vkey
    ]
    second = Signer(key, origin="a.example/2").sign(size=1, root=bytes(32))
    assert parse_note(second, *family(third)).origin == "a.example/2"
    with pytest.raises(NoteError):
        parse_note(Signer(key, origin="a.example/4").sign(size=1, root=bytes(32)), *family(third))


def test_what_is_lost_begins_where_the_anchors_stop_to_fit(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/one.db", tmp_path) as store:
        store.append(CASE, 8)
        ours = now(store)
        assert ours.size == 10
        fits = signed(store, 4, ours.root_at(4))
        other = sha256(b"another past").digest()
        assert lost_of(ours, [fits]) is None
        assert lost_of(ours, [AnchorReceipt(note=b"not ours")]) is None
        longer = lost_of(ours, [fits, signed(store, 13, other)])
        assert longer is not None
        assert longer.text == "10..12"
        forked = lost_of(ours, [fits, signed(store, 7, other), signed(store, 13, other)])
        assert forked is not None
        assert forked.text == "4..12"


def test_a_log_goes_on_from_what_is_left(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        store.append(CASE, 4)
        store.settle()
        ours, old = now(store), store.journal.vkey
        gone = signed(store, ours.size + 3, sha256(b"gone").digest())
        before = signed(store, 3, ours.root_at(3))
        lost = lost_of(ours, [before, gone])
        assert lost is not None

    assert recovered(url, tmp_path, lost, ("olga", "otto")) == NEW
    with pytest.raises(LedgerMismatchError, match="origin"), opened(url, tmp_path):
        pass
    with opened(url, tmp_path, seed=5, origin=NEW) as store:
        assert current_origin(store.database, ORIGIN) == NEW
        store.append(CASE, 2)
        store.settle()
        vkey = store.journal.vkey
        report = verify(store.database, vkey, anchors=[before, gone])
        assert (report.result, report.checks) == ("intact", ())
        said = f"recovered {ORIGIN} ended at {ours.size}; {lost.text} of it lost"
        assert any(line.startswith(said) for line in report.lines)
        assert any("by olga, otto" in line for line in report.lines)
        hashed = verify(store.database, vkey, anchors=[before, gone], form=False)
        assert (hashed.result, hashed.checks) == ("incomplete", ())

        beyond = signed_as(store, ORIGIN, ours.size + 4, sha256(b"not named").digest())
        assert verify(store.database, vkey, anchors=[beyond]).result == "tampered"
        unlike = signed_as(store, ORIGIN, 2, sha256(b"another past").digest())
        assert verify(store.database, vkey, anchors=[unlike]).result == "tampered"
        assert verify(store.database, old).result == "tampered"  # a key of before is not enough


def signed_as(store: Opened, origin: str, size: int, root: bytes) -> AnchorReceipt:
    note = Signer(store.keys.log_key(), origin=origin).sign(size=size, root=root)
    return AnchorReceipt(note=note, operator="acme", kind="git")


def test_a_retired_origin_that_signs_on_is_found(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/one.db"
    with opened(url, tmp_path) as store:
        store.append(CASE, 4)
        ours = now(store)
        lost = lost_of(ours, [signed(store, ours.size + 1, bytes(32))])
        assert lost is not None
    recovered(url, tmp_path, lost)
    with opened(url, tmp_path, seed=5, origin=NEW) as store:
        store.append(CASE, 2)
        vkey, root, size = store.journal.vkey, now(store).root, now(store).size
        note = signed_as(store, ORIGIN, size, root).note
        assert verify(store.database, vkey).result == "intact"
    tampered(url, "UPDATE checkpoints SET note = ? WHERE size = ?", (note, size))
    database = open_database(url, schema=NOTES, read_only=True)
    try:
        report = verify(database, vkey)
    finally:
        database.close()
    assert report.result == "tampered"
    assert [one.check for one in report.checks] == ["signatures"]


def test_nobody_else_may_write_meanwhile(tmp_path: Path, postgres_url: str) -> None:
    with opened(postgres_url, tmp_path) as store:
        store.append(CASE)
        store.settle()
        lost = Lost(first=3, last=4, receipts=())
        with pytest.raises(DatabaseInUseError, match=r"in use|stop it"):
            recovered(postgres_url, tmp_path, lost)


def tampered(url: str, statement: str, values: tuple[bytes, int]) -> None:
    database = open_database(url, schema=NOTES)
    try:
        writer = database.writer()
        writer.begin(write=True)
        assert writer.execute(statement, values) == 1
        writer.commit()
        writer.close()
    finally:
        database.close()


def test_a_receipt_names_its_place(tmp_path: Path) -> None:
    file = tmp_path / "one.anchor"
    made = AnchorReceipt(note=b"x", operator="acme", kind="git", place="the remote", line=1)
    file.write_bytes(anchor.line_of(made, named=True))
    assert anchor.receipts(file) == [made]
