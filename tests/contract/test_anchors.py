"""What every anchor does: keeps, compares, and says at once when the ledger is another one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from remit.errors import AnchorUnavailableError, LedgerForkError
from remit.ledger.checkpoint import parse_note
from remit.ledger.cosignature import cosigned_at
from remit.ledger.held import Held, node_of, root_of
from remit.ledger.merkle import Frontier
from remit.ledger.timestamp_sink import stamped_at
from tests.contract.sinks import KEEP, KINDS, REMEMBER, Far, far, git, now
from tests.opened import Opened, opened

CASE = "c" * 32


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return databases of one log: 5 entries, 300 that grew from them, and two that forked off."""
    folder = tmp_path_factory.mktemp("lives")
    with store(folder / "small.db", folder) as one:
        one.append(CASE, 3)
    for seed, name in enumerate(("grown", "fork"), 2):
        shutil.copy(folder / "small.db", folder / f"{name}.db")
        with store(folder / f"{name}.db", folder, seed=seed) as one:
            one.append(CASE, 294)
    with store(folder / "other.db", folder, seed=9) as one:  # as many entries, other ones
        one.append(CASE, 3)
    return {name: folder / f"{name}.db" for name in ("small", "grown", "fork", "other")}


@contextmanager
def store(file: Path, keys: Path, seed: int = 1) -> Iterator[Opened]:
    with opened(f"sqlite:///{file}", keys, seed=seed) as one:
        yield one


@contextmanager
def as_of(file: Path) -> Iterator[Held]:
    """Open a copy and read what it holds."""
    with store(file, file.parent) as one:
        yield now(one)


@pytest.fixture
def vkey(lives: dict[str, Path]) -> str:
    with store(lives["small"], lives["small"].parent) as one:
        return one.journal.vkey


@pytest.fixture(params=KINDS)
def other_side(request: pytest.FixtureRequest, tmp_path: Path, vkey: str) -> Iterator[Far]:
    with far(request.param, tmp_path, vkey=vkey) as found:
        yield found


def test_what_it_takes_is_receipted(other_side: Far, lives: dict[str, Path], vkey: str) -> None:
    with as_of(lives["small"]) as ours:
        receipt = other_side.sink().publish(ours)
        assert (receipt.operator, receipt.kind) == ("archive", other_side.kind)
        assert (receipt.size, receipt.root) == (ours.size, ours.root) == (5, ours.root)
        assert parse_note(receipt.note, vkey).size == 5
        assert receipt.at is not None


def test_it_follows_a_ledger_that_grows(other_side: Far, lives: dict[str, Path]) -> None:
    with as_of(lives["small"]) as ours:
        other_side.sink().publish(ours)
    with as_of(lives["grown"]) as ours:
        sink = other_side.sink()
        sink.compare(ours)
        assert [sink.publish(ours).size for _ in range(2)] == [300, 300]
        kept = [one.size for one in sink.kept()]
        assert kept == ([5, 300] if other_side.kind in KEEP else [])


def test_an_older_ledger_is_a_fork(other_side: Far, lives: dict[str, Path]) -> None:
    with as_of(lives["grown"]) as ours:
        other_side.sink().publish(ours)
    refused(other_side, lives["small"])


@pytest.mark.parametrize(("one", "another"), [("small", "other"), ("grown", "fork")])
def test_another_ledger_of_the_same_size_is_a_fork(
    other_side: Far, lives: dict[str, Path], one: str, another: str
) -> None:
    with as_of(lives[one]) as ours:
        other_side.sink().publish(ours)
    refused(other_side, lives[another])


def test_another_ledger_that_is_larger_is_a_fork(
    other_side: Far, lives: dict[str, Path], tmp_path: Path
) -> None:
    with as_of(lives["other"]) as ours:
        other_side.sink().publish(ours)
    refused(other_side, lives["grown"])


def refused(other_side: Far, file: Path) -> None:
    with as_of(file) as ours:
        for ask in ("compare", "publish"):
            if other_side.kind in REMEMBER:
                with pytest.raises(LedgerForkError):
                    getattr(other_side.sink(), ask)(ours)
            else:
                getattr(other_side.sink(), ask)(ours)


def test_one_that_is_gone_says_so_and_comes_back(other_side: Far, lives: dict[str, Path]) -> None:
    with as_of(lives["small"]) as ours:
        sink = other_side.sink()
        sink.publish(ours)
        other_side.end()
        with pytest.raises(AnchorUnavailableError):
            sink.publish(ours)


# -- what only one kind does -------------------------------------------------------------------


def test_a_witness_answers_with_a_cosignature_and_its_time(
    lives: dict[str, Path], tmp_path: Path, vkey: str
) -> None:
    with far("witness", tmp_path, vkey=vkey) as side, as_of(lives["small"]) as ours:
        sink = side.sink()
        receipt = sink.publish(ours)
        key = sink._key  # type: ignore[attr-defined]  # the key that it was given
        assert receipt.at is not None
        assert cosigned_at(receipt.note, receipt.raw, key) == int(receipt.at.timestamp())


def test_a_token_is_bound_to_its_checkpoint(
    lives: dict[str, Path], tmp_path: Path, vkey: str
) -> None:
    with far("rfc3161", tmp_path, vkey=vkey) as side, as_of(lives["small"]) as ours:
        receipt = side.sink().publish(ours)
        roots = tmp_path / "tsa" / "root.pem"
        assert stamped_at(receipt.note, receipt.raw, roots=roots) == receipt.at
        with pytest.raises(AnchorUnavailableError, match="does not verify"):
            stamped_at(receipt.note + b"\n", receipt.raw, roots=roots)
        with far("rfc3161", tmp_path / "second", vkey=vkey):
            roots = tmp_path / "second" / "tsa" / "root.pem"
        with pytest.raises(AnchorUnavailableError, match="does not verify"):
            stamped_at(receipt.note, receipt.raw, roots=roots)


def test_a_remote_takes_no_rewritten_history_and_one_that_did_is_found(
    lives: dict[str, Path], tmp_path: Path, vkey: str
) -> None:
    remote = str(tmp_path / "remote.git")
    with far("git", tmp_path, vkey=vkey) as side, as_of(lives["small"]) as ours:
        side.sink().publish(ours)
        copy = str(tmp_path / "copy.git")
        with pytest.raises(AssertionError, match="denying non-fast-forward"):
            forced(copy, remote)
        git("-C", remote, "config", "receive.denyNonFastForwards", "false")
        forced(copy, remote)
        with pytest.raises(AnchorUnavailableError, match="has lost commit"):
            side.sink().publish(ours)


def forced(copy: str, remote: str) -> None:
    tree = git("-C", copy, "rev-parse", "refs/remit/pushed^{tree}").strip()
    made = git(
        "-C", copy, "-c", "user.name=x", "-c", "user.email=x@localhost",
        "commit-tree", "-m", "another past", tree,
    ).strip()  # fmt: skip
    git("-C", copy, "push", "--quiet", "--force", remote, f"{made}:refs/heads/main")


def test_a_write_once_folder_is_never_overwritten(
    lives: dict[str, Path], tmp_path: Path, vkey: str
) -> None:
    with far("directory", tmp_path, vkey=vkey) as side, as_of(lives["small"]) as ours:
        cut = tmp_path / "share" / "000" / "000" / "000" / "005.anchor"
        cut.parent.mkdir(parents=True)
        cut.write_bytes(b'{"at": "20')  # what a crash left
        side.sink().publish(ours)
        assert cut.read_bytes() == b'{"at": "20'
        assert [one.size for one in side.sink().kept()] == [5]
        made = cut.with_name("005-1.anchor")
        assert made.stat().st_mode & 0o222 == 0


def test_a_line_that_a_crash_cut_is_mended(
    lives: dict[str, Path], tmp_path: Path, vkey: str
) -> None:
    with far("file", tmp_path, vkey=vkey) as side, as_of(lives["small"]) as ours:
        side.sink().publish(ours)
        file = tmp_path / "kept" / "one.anchor"
        with file.open("ab") as torn:
            torn.write(b'{"at": "20')
        with as_of(lives["grown"]) as grown:
            side.sink().publish(grown)
        assert [one.size for one in side.sink().kept()] == [5, 300]


# -- proofs from what is stored ----------------------------------------------------------------


@pytest.mark.parametrize("url", ["sqlite", "postgresql"])
def test_roots_and_proofs_come_from_tiles_and_tail(
    url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = (
        f"sqlite:///{tmp_path}/one.db"
        if url == "sqlite"
        else request.getfixturevalue("postgres_url")
    )
    with opened(address, tmp_path) as one:
        one.append(CASE, 700)
        one.settle()
        hashes = [
            bytes(row[0])
            for row in one.database.read(
                lambda c: c.rows("SELECT leaf_hash FROM entry_order ORDER BY position")
            )
        ]
        frontier, roots = Frontier(), {0: Frontier().root()}
        for leaf in hashes:
            frontier.append(leaf)
            roots[frontier.size] = frontier.root()
        sizes = [*range(1, 20), 255, 256, 257, 511, 512, 513, 701, 702]
        assert {
            size: one.database.read(lambda c, n=size: root_of(node_of(c), n))  # type: ignore[misc]  # a default binds the loop's value
            for size in sizes
        } == {size: roots[size] for size in sizes}
