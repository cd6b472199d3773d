"""Each changed byte of an export is found, by the verifier in Python and by the one in Go."""

import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from remit.ledger.anchor import AnchorReceipt, line_of
from remit.ledger.checkpoint import Signer, family, parse_note
from remit.ledger.export import export
from remit.ledger.joined import GO
from remit.ledger.proof import prove
from remit.ledger.recovery import Lost
from remit.ledger.standalone import verify_export, verify_proof
from remit.store.unit import UnitOfWork
from tests.faults.lengths import Progress
from tests.gobuild import answering, built
from tests.opened import ORIGIN, draft, opened, recovered

SOURCE = Path(__file__).parents[2] / "src/remit/ledger" / GO
SAMPLE = 200  # bits of the whole export, for each verifier
SMALL_SAMPLE = 800  # and of a small one, of which each look is shorter
TORTURE_SAMPLE = 5_000
PARTS = 4
# By whom, of how many entries, and how many bits of each byte: the one in Python takes 4 ms each.
LONG_FORMS = (("python", 8, 8), ("go", 8, 8), ("go", 40, 2))
CUTS = 300

Verify = Callable[[Path], int]
Place = tuple[Path, int, int]  # a file, a byte of it, and a bit of that


@dataclass(frozen=True, slots=True)
class Made:
    """An export in a directory, and its public key."""

    folder: Path
    vkey: str

    @property
    def files(self) -> list[Path]:
        """What is judged; the programs that travel along are looked at once only."""
        found = sorted(file for file in self.folder.rglob("*") if file.is_file())
        return [file for file in found if "verifier" not in file.parts]


def make(folder: Path, *, entries: int, checkpoints: int) -> Made:
    """Make an export of so many entries under so many checkpoints, every third one anchored."""
    each = entries // checkpoints

    def work(uow: UnitOfWork) -> None:
        for n in range(each):
            uow.append(draft(f"{n % 7:032x}", content=None))

    with opened(f"sqlite:///{folder}/remit.db", folder) as store:
        for n in range(checkpoints):
            store.writer.run(work)
            if n % 3 == 2:
                store.anchor(folder / "anchor")
        vkey = store.journal.vkey
        store.database.read(
            lambda c: export(
                c, folder / "out", vkey=vkey, anchors={"local.anchor": folder / "anchor"}
            )
        )
        one = store.database.read(lambda c: prove(c, entries // 2, vkey=vkey))
    (folder / "one.leaf").write_bytes(one.leaf)
    (folder / "one.tlog-proof").write_bytes(one.text)
    return Made(folder / "out", vkey)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("mutation"), entries=280, checkpoints=40)


@pytest.fixture(scope="module", params=["python", "go"])
def verify(
    request: pytest.FixtureRequest, made: Made, tmp_path_factory: object
) -> Iterator[Verify]:
    """Each verifier, as a function from a directory to its exit code."""
    yield from verifier(request.param, made.vkey, made.folder.parent)


def verifier(name: str, vkey: str, folder: Path) -> Iterator[Verify]:
    if name == "python":
        yield lambda path: verify_export(path, [vkey]).exit_code
        return
    with answering(built(SOURCE, folder), "-key", vkey) as program:
        yield lambda path: program.code(str(path))


def test_what_nobody_touched_is_accepted(made: Made, verify: Verify) -> None:
    assert verify(made.folder) in (0, 2)


def test_each_changed_bit_is_found(made: Made, verify: Verify) -> None:
    assert missed(made, verify, sampled(made, SAMPLE)) == []


@pytest.mark.parametrize("name", ["python", "go"])
def test_each_changed_bit_of_a_small_export_is_found(name: str, tmp_path: Path) -> None:
    made = make(tmp_path, entries=40, checkpoints=4)
    for verify in verifier(name, made.vkey, tmp_path):
        assert missed(made, verify, sampled(made, SMALL_SAMPLE)) == []


def test_each_cut_is_found(made: Made, verify: Verify) -> None:
    chance = random.Random(7)
    unseen = []
    for file in made.files:
        data = file.read_bytes()
        for cut in {0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(CUTS // 20))}:
            file.write_bytes(data[:cut])
            if verify(made.folder) != 1:
                unseen.append((file.name, cut))
        file.write_bytes(data)
    assert unseen == []
    assert verify(made.folder) in (0, 2)


def test_each_missing_doubled_or_strange_file_is_found(
    made: Made, verify: Verify, tmp_path: Path
) -> None:
    for file in made.files:
        kept = tmp_path / "kept"
        shutil.move(file, kept)
        assert verify(made.folder) == 1, file
        os.mkfifo(file)  # opening it must not wait for a writer
        assert verify(made.folder) == 1, file
        file.unlink()
        file.symlink_to(kept)
        assert verify(made.folder) == 1, file
        file.unlink()
        shutil.move(kept, file)
        strange = made.folder / "tile/strange"
        strange.mkdir()
        for copy in (file.with_name(f"{file.name}0"), strange / file.name):
            shutil.copy(file, copy)
            assert verify(made.folder) == 1, copy
            copy.unlink()
        strange.rmdir()
    assert verify(made.folder) in (0, 2)


def test_two_pages_or_checkpoints_that_change_places_are_found(made: Made, verify: Verify) -> None:
    page, notes = made.folder / "tile/entries/000", made.folder / "checkpoints"
    for file in (page, notes):
        data = file.read_bytes()
        frames = split_frames(data)
        for other in (
            [frames[1], frames[0], *frames[2:]], frames[1:], [frames[0], *frames], frames[:-1]
        ):  # fmt: skip
            file.write_bytes(b"".join(other))
            assert verify(made.folder) == 1
        file.write_bytes(data)
    assert verify(made.folder) in (0, 2)


@pytest.mark.parametrize("name", ["python", "go"])
def test_each_changed_byte_of_an_entry_or_its_proof_is_found(made: Made, name: str) -> None:
    folder = made.folder.parent
    leaf, proof = folder / "one.leaf", folder / "one.tlog-proof"
    with ExitStack() as stack:
        code: Callable[[], int] = lambda: verify_proof(leaf, proof, [made.vkey]).exit_code  # noqa: E731
        if name == "go":
            program = stack.enter_context(answering(built(SOURCE, folder), "-key", made.vkey))
            code = lambda: program.code(f"{leaf}\t{proof}")  # noqa: E731
        assert code() in (0, 2)
        unseen = []
        for file in (leaf, proof):
            data = file.read_bytes()
            for place in range(len(data)):
                changed = data[place] ^ (1 << place % 8)
                file.write_bytes(data[:place] + bytes([changed]) + data[place + 1 :])
                if code() != 1:
                    unseen.append((file.name, place))
                if place % 5 == 0:
                    file.write_bytes(data[:place])
                    if code() != 1:
                        unseen.append((file.name, -place))
            file.write_bytes(data)
        assert unseen == []


@pytest.mark.parametrize("name", ["python", "go"])
def test_a_recovered_log_is_accepted_with_both_its_trees(name: str, tmp_path: Path) -> None:
    made, old = twice_begun(tmp_path)
    foreign = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)), origin=ORIGIN)
    for verify in verifier(name, made.vkey, tmp_path):
        assert verify(made.folder) in (0, 2)  # the anchor of what was lost is explained
        assert missed(made, verify, sampled(made, SAMPLE // 4)) == []
        for signer in (old, foreign):  # the retired origin signs on, or another key for it
            with signed_by(made, signer):
                assert verify(made.folder) == 1
        assert verify(made.folder) in (0, 2)
    for verify in verifier(name, old.vkey, tmp_path):
        assert verify(made.folder) == 1  # the origin of before says nothing about the new tree


@pytest.mark.torture
@pytest.mark.parametrize(("name", "entries", "bits"), LONG_FORMS)
@pytest.mark.parametrize("part", range(PARTS))
def test_torture_every_byte_of_a_small_export(
    record_property: Callable[[str, object], None],
    tmp_path: Path,
    name: str,
    entries: int,
    bits: int,
    part: int,
) -> None:
    """One of so many parts: each byte is changed, in one or in all of its bits."""
    made = make(tmp_path, entries=entries, checkpoints=4)
    places = [
        (file, place, (bit + place) % 8)
        for file in made.files
        for place in range(file.stat().st_size)
        for bit in range(bits)
    ][part::PARTS]
    for verify in verifier(name, made.vkey, tmp_path):
        progress = Progress(f"changed bits, {name}, {entries} entries", len(places))
        assert missed(made, verify, places, progress) == []
    record_property("changed bits", len(places))


@pytest.mark.torture
def test_torture_a_large_sample(
    record_property: Callable[[str, object], None], made: Made, verify: Verify
) -> None:
    places = sampled(made, TORTURE_SAMPLE)
    progress = Progress("changed bits of a larger export", len(places))
    assert missed(made, verify, places, progress) == []
    record_property("changed bits", len(places))


def sampled(made: Made, sample: int) -> list[Place]:
    """Return bits to change, of each file as many as its size says."""
    chance = random.Random(2026)
    total = sum(file.stat().st_size for file in made.files)
    found = []
    for file in made.files:
        bits = range(8 * file.stat().st_size)
        share = max(8, sample * len(bits) // (8 * total))
        found += [(file, *divmod(at, 8)) for at in chance.sample(bits, min(share, len(bits)))]
    return found


def missed(
    made: Made, verify: Verify, places: Sequence[Place], progress: Progress | None = None
) -> list[tuple[str, int, int]]:
    """Return the changed bits that a verifier does not answer with 1."""
    found = []
    for number, (file, place, bit) in enumerate(places):
        with file.open("r+b") as changed:
            changed.seek(place)
            byte = changed.read(1)
            changed.seek(place)
            changed.write(bytes([byte[0] ^ 1 << bit]))
            changed.flush()
            if verify(made.folder) != 1:
                found.append((file.name, place, bit))
            changed.seek(place)
            changed.write(byte)
        if progress is not None:
            progress.reached(number + 1)
    assert verify(made.folder) in (0, 2)  # each change was taken back
    return found


def twice_begun(folder: Path) -> tuple[Made, Signer]:
    """Make an export of a log that was recovered; return it and the signer of before.

    It carries an anchor of what was lost.
    """
    url, case = f"sqlite:///{folder}/remit.db", f"{1:032x}"
    with opened(url, folder) as store:
        store.append(case, 4)
        old = Signer(store.keys.log_key(), origin=ORIGIN)
        size = store.database.read(lambda c: c.value("SELECT size FROM ledger_head"))
    beyond = AnchorReceipt(note=old.sign(size=size + 4, root=sha256(b"gone").digest()))
    new = recovered(url, folder, Lost(first=size, last=size + 3, receipts=(beyond,)))
    (folder / "kept").write_bytes(line_of(beyond))
    with opened(url, folder, seed=5, origin=new) as store:
        for _ in range(3):
            store.append(case, 2)
        vkey = store.journal.vkey
        store.database.read(
            lambda c: export(c, folder / "out", vkey=vkey, anchors={"a.anchor": folder / "kept"})
        )
    return Made(folder / "out", vkey), old


@contextmanager
def signed_by(made: Made, signer: Signer) -> Iterator[None]:
    """Let somebody else sign the last checkpoint but one, with a manifest that fits."""
    notes, manifest = made.folder / "checkpoints", made.folder / "manifest"
    before, listed = notes.read_bytes(), manifest.read_bytes()
    frames = split_frames(before)
    stated = parse_note(frames[-2][2:], *family(made.vkey))
    note = signer.sign(size=stated.size, root=stated.root)
    frames[-2] = len(note).to_bytes(2, "big") + note
    after = b"".join(frames)
    notes.write_bytes(after)
    digests = [sha256(data).hexdigest().encode() for data in (before, after)]
    manifest.write_bytes(listed.replace(*digests))
    try:
        yield
    finally:
        notes.write_bytes(before)
        manifest.write_bytes(listed)


def split_frames(data: bytes) -> list[bytes]:
    """Return byte strings with the lengths before them."""
    found = []
    while data:
        end = 2 + int.from_bytes(data[:2], "big")
        found.append(data[:end])
        data = data[end:]
    return found
