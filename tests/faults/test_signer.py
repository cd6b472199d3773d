"""The signer is killed at each point and at random: nothing acknowledged is lost, it goes on."""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from remit.cli.signer import Server
from remit.errors import (
    LedgerError,
    LedgerMismatchError,
    SettingsError,
    SignerUnavailableError,
    StorageError,
)
from remit.ledger.acknowledge import Acknowledger
from remit.ledger.checkpoint import Signer
from remit.ledger.log_keys import LogKeys
from remit.ledger.merkle import EMPTY_ROOT, Frontier
from remit.ledger.recovery import Lost
from remit.ledger.remote_signer import RemoteSigner, SignerWatch
from remit.ledger.signer import SignerMemory
from remit.ledger.verdict import VerifyReport
from remit.ledger.verify import verify
from remit.store.database import open_database
from tests.faults.test_tampering import Ground
from tests.opened import NOTES, ORIGIN, Opened, appending, opened, recovered

ROOT = Path(__file__).parents[2]
CASE = "1" * 32
POINTS = ("asked", "kept", "confirmed")


@dataclass(slots=True)
class Office:
    """A signer's folder, and the process that serves it now."""

    folder: Path
    program: "subprocess.Popen[str]"
    vkey: str
    pid: int = 0
    lives: int = 0

    def begin(self, point: str = "never", number: int = 0) -> None:
        """Begin a life that ends itself at a point, or never."""
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write(f"{point} {number}\n")
        self.program.stdin.flush()
        self.pid = int(self.program.stdout.readline())
        assert self.pid, "the signer could not begin"
        self.lives += 1

    def kill(self) -> None:
        """End this life with -9, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        while self.alive:
            time.sleep(0.001)

    def ended(self, *, seconds: float = 10.0) -> bool:
        """Wait until this life is over: its parent may notice after its callers have."""
        deadline = time.monotonic() + seconds
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.001)
        return not self.alive

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def remote(self) -> RemoteSigner:
        return RemoteSigner(f"unix:{self.folder}/socket", self.vkey)


@pytest.fixture
def office() -> Iterator[Office]:
    with tempfile.TemporaryDirectory(prefix="remit-s") as folder:
        memory = SignerMemory(Path(folder), origin=ORIGIN, random_bytes=random.Random(1).randbytes)
        vkey = memory.vkey
        memory.close()
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.signer_program", folder],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )  # fmt: skip
        made = Office(Path(folder), program, vkey)
        try:
            yield made
        finally:
            if made.pid:
                made.kill()
            program.communicate("end\n", timeout=10)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/remit.db"


@dataclass(slots=True)
class Told:
    """What callers were told is in the signed tree."""

    hashes: dict[tuple[str, int], bytes] = field(default_factory=dict)
    failed: int = 0


def write(store: Opened, told: Told, *, seconds: float = 10.0) -> bool:
    """Append an entry; note it once somebody may rely on it."""
    try:
        receipt = store.writer.run(appending(CASE))
        receipt.sequenced().result(seconds)
    except (StorageError, TimeoutError):
        told.failed += 1
        return False
    told.hashes |= dict(zip(receipt.entries, receipt.hashes, strict=True))
    return True


def judged(store: Opened, remote: RemoteSigner) -> VerifyReport:
    """Record what was abandoned, then judge all of it against the signer's memory."""
    keeping = LogKeys(store.database, store.writer, store.journal, Acknowledger())
    keeping.tell_abandoned()
    store.settle()
    return verify(
        store.database, store.journal.vkey, payload_keys=store.keys, watchers=[SignerWatch(remote)]
    )


def assert_whole(store: Opened, told: Told, remote: RemoteSigner) -> None:
    report = judged(store, remote)
    assert report.checks == ()
    (line,) = (line for line in report.lines if line.startswith("signer "))
    assert "separate" in line
    assert "abandoned" not in line or " 0 of them not on record" in line
    for (case_id, seq), digest in told.hashes.items():
        there = store.database.read(
            lambda c, case_id=case_id, seq=seq: c.value(  # type: ignore[misc]  # defaults bind the loop's values
                "SELECT leaf_hash FROM entries WHERE case_id = ? AND seq = ?", (case_id, seq)
            )
        )
        assert bytes(there) == digest


def test_a_log_is_signed_by_the_other_process(url: str, tmp_path: Path, office: Office) -> None:
    office.begin()
    remote, told = office.remote(), Told()
    with opened(url, tmp_path, remote=remote) as store:
        assert store.journal.vkey == office.vkey
        assert all(write(store, told) for _ in range(20))
        assert_whole(store, told, remote)
    with opened(url, tmp_path, seed=2, remote=office.remote()) as store:
        assert write(store, told)
        assert_whole(store, told, office.remote())


@pytest.mark.parametrize("point", POINTS)
def test_it_is_killed_at_a_point_and_goes_on(
    url: str, tmp_path: Path, office: Office, point: str
) -> None:
    remote, told = office.remote(), Told()
    office.begin(point, 4)
    with opened(url, tmp_path, remote=remote) as store:
        for _ in range(8):
            write(store, told, seconds=0.3)
        assert office.ended()
        assert told.failed >= 1, "while it is gone nothing is acknowledged"
        office.begin()
        assert write(store, told)
        assert_whole(store, told, remote)


def test_while_it_is_gone_a_write_says_so(tmp_path: Path, office: Office) -> None:
    office.begin()
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path, remote=office.remote()) as store:
        store.append(CASE)
        office.kill()
        with pytest.raises(SignerUnavailableError, match="start `remit ledger signer`"):
            store.append(CASE)
        office.begin()
        store.append(CASE)
        assert store.verify().result == "intact"


def test_a_batch_that_is_never_committed_is_abandoned_and_recorded(
    tmp_path: Path, office: Office
) -> None:
    office.begin()
    remote, told, fail = office.remote(), Told(), [False]

    def cut(name: str) -> None:
        if name == "before-commit" and fail[0]:
            fail[0] = False
            raise ConnectionAbortedError(name)

    database = f"sqlite:///{tmp_path}/remit.db"
    with opened(database, tmp_path, remote=remote, hooks=[cut]) as store:
        for n in range(9):
            fail[0] = n % 3 == 1
            with contextlib.suppress(ConnectionAbortedError):
                assert write(store, told)
        report = judged(store, remote)
        assert report.checks == ()
        (line,) = (line for line in report.lines if line.startswith("signer "))
        assert "3 signatures abandoned, 0 of them not on record" in line
        events = store.database.read(
            lambda c: c.value(
                "SELECT COUNT(*) FROM entries WHERE event = 'ledger:checkpoint:abandoned'"
            )
        )
        assert events == 3


def test_a_signature_is_abandoned_by_the_next_session_only(tmp_path: Path) -> None:
    memory = SignerMemory(tmp_path, origin=ORIGIN, random_bytes=random.Random(1).randbytes)
    session, _ = memory.answer(0, {"op": "hello"})

    def sign(leaf: bytes, **more: bool) -> dict[str, object]:
        frontier = Frontier()
        frontier.append(leaf)
        asked = {
            "op": "sign", "size": 1, "root": frontier.root().hex(), "leaves": [leaf.hex()], **more,
        }  # fmt: skip
        return dict(memory.answer(session, asked)[1])

    one, two, three = (bytes([n]) * 32 for n in (1, 2, 3))
    assert "line" in sign(one)
    assert "line" in sign(one), "the same again is the same"
    assert "not confirmed" in str(sign(two)["error"])
    assert "not confirmed" in str(sign(two, abandon=True)["error"])
    old, (session, told) = session, memory.answer(session, {"op": "hello"})
    assert told["provisional"]["size"] == 1  # type: ignore[index,call-overload]
    assert "line" in sign(two, abandon=True)
    assert "not confirmed" in str(sign(three, abandon=True)["error"])
    assert "taken over" in str(memory.answer(old, {"op": "confirm", "size": 1})[1]["error"])
    memory.close()
    again = SignerMemory(tmp_path, origin=None, random_bytes=random.Random(1).randbytes)
    listed = again.answer(0, {"op": "memory"})[1]["abandoned"]
    assert isinstance(listed, list)
    assert len(listed) == 1
    again.close()


def test_another_user_may_not_ask(office: Office) -> None:
    memory = SignerMemory(office.folder, origin=None, random_bytes=bytes)
    place = office.folder / "socket"
    server = Server(place, memory, {os.getuid() + 1})
    answering = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    answering.start()
    try:
        with pytest.raises(SignerUnavailableError, match=f"user {os.getuid()} may not ask"):
            office.remote().compare(0, EMPTY_ROOT, ())
    finally:
        server.shutdown()
        server.server_close()
        answering.join()
        memory.close()


def test_a_signer_with_another_key_is_no_signer_of_ours(office: Office) -> None:
    office.begin()
    other = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    remote = RemoteSigner(f"unix:{office.folder}/socket", Signer(other, origin=ORIGIN).vkey)
    with pytest.raises(LedgerMismatchError, match=r"set `ledger\.signer_key` right"):
        remote.compare(0, EMPTY_ROOT, ())


ROLL_BACK, DROP_NEWEST = "e", "k"
ROW = re.compile(r"^\| \*\*(\w)\*\* [^|]*\| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


@pytest.mark.parametrize("attack", [ROLL_BACK, DROP_NEWEST])
def test_a_log_that_lost_what_was_signed_is_found_by_an_unstolen_signer(
    tmp_path: Path, office: Office, attack: str
) -> None:
    """Attacks e and k of the tampering page, where their misses without a signer are asserted."""
    page = (ROOT / "docs/explanation/tampering.md").read_text()
    assert {row[0]: row[1:] for row in ROW.findall(page)}[attack] == ("found", "found")
    office.begin()
    url = f"sqlite:///{tmp_path}/remit.db"
    with opened(url, tmp_path, remote=office.remote()) as store:
        for _ in range(4):
            store.append(CASE, 3)
        keys = store.keys
    database = open_database(url, schema=NOTES, durability_check=False)
    rows = database.writer()
    ground = Ground(url, tmp_path, keys, office.vkey, database, rows)
    rows.begin(write=True)
    notes = {row[0]: bytes(row[1]) for row in rows.rows("SELECT size, note FROM checkpoints")}
    sizes = sorted(notes)
    older = sizes[-2] if attack == ROLL_BACK else sizes[-1] - 1
    ground.rewrite(ground.leaves()[:older], sizes=notes.keys())
    for at in [at for at in notes if at <= older]:
        rows.execute("UPDATE checkpoints SET note = ? WHERE size = ?", (notes[at], at))
    rows.commit()
    rows.close()
    report = verify(database, office.vkey, watchers=[SignerWatch(office.remote())])
    assert any(finding.check == "signer" for finding in report.checks), report.lines
    alone = verify(database, office.vkey)
    assert (alone.result == "intact") is (attack == ROLL_BACK), "the miss without a signer"
    database.close()
    with pytest.raises(LedgerMismatchError), opened(url, tmp_path, seed=2, remote=office.remote()):
        pass


def test_a_backup_that_was_put_back_goes_on_under_the_next_origin(
    url: str, tmp_path: Path, office: Office
) -> None:
    """The signer refuses what it knows to be older, until its own people let it begin anew."""
    told, new = Told(), f"{ORIGIN.rpartition('/')[0]}/2"
    memory = SignerMemory(office.folder, origin=None, random_bytes=random.Random(1).randbytes)
    memory.close()
    office.begin()
    with opened(url, tmp_path, remote=office.remote()) as store:
        assert all(write(store, told) for _ in range(5))
    lost = Lost(first=5, last=9, receipts=())
    with pytest.raises(LedgerError, match="start it with `--recovered"):
        recovered(url, tmp_path, lost, remote=office.remote())
    office.kill()
    with pytest.raises(SettingsError, match="is not the origin that follows"):
        SignerMemory(office.folder, origin="x/7", random_bytes=bytes, recovered=True)
    memory = SignerMemory(office.folder, origin=new, random_bytes=bytes, recovered=True)
    office.vkey = memory.vkey
    memory.close()
    office.begin()
    assert recovered(url, tmp_path, lost, remote=office.remote()) == new
    assert (office.folder / "signed.1.json").exists()
    with opened(url, tmp_path, seed=2, origin=new, remote=office.remote()) as store:
        assert write(store, told)
        assert_whole(store, told, office.remote())


def random_kills(url: str, folder: Path, office: Office, *, kills: int, seed: int) -> Told:
    """Write without pause while the signer is killed at random moments and begun again."""
    chance, told = random.Random(seed), Told()
    remote = office.remote()
    office.begin()
    with opened(url, folder, remote=remote) as store:
        ended = threading.Event()

        def writing() -> None:
            while not ended.is_set():
                write(store, told, seconds=5.0)

        writers = [threading.Thread(target=writing) for _ in range(3)]
        for one in writers:
            one.start()
        for _ in range(kills):
            time.sleep(chance.random() * 0.05)
            office.kill()
            office.begin()
        ended.set()
        for one in writers:
            one.join()
        assert write(store, told)
        assert_whole(store, told, remote)
    assert office.lives == kills + 1
    return told


def test_fifty_kills_at_random_lose_nothing(tmp_path: Path, office: Office) -> None:
    told = random_kills(f"sqlite:///{tmp_path}/remit.db", tmp_path, office, kills=50, seed=1)
    assert len(told.hashes) > 5


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_kills_at_random_lose_nothing(
    url: str, tmp_path: Path, office: Office, seed: int
) -> None:
    told = random_kills(url, tmp_path, office, kills=100, seed=seed)
    assert len(told.hashes) > 5
