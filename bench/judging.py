"""What judging and proving cost: `python -m bench.judging [ENTRIES]`, in seconds of a core.

The record is made here, of leaves of about 650 bytes under a checkpoint each 64 entries, and
judged as an export: tree and signatures, as the verifiers of other logs do, then form and chains
too. Wall-clock time is not printed: it says more about what else the machine does.
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from sqlite3 import connect
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from remit.ledger import canonical
from remit.ledger.checkpoint import Signer
from remit.ledger.files import bundle_name, manifest, tile_name
from remit.ledger.judge import Watcher
from remit.ledger.merkle import TILE_WIDTH, Tree, leaf_hash
from remit.ledger.proof import prove
from remit.ledger.rebuild import restored
from remit.ledger.semantics import Semantics
from remit.ledger.standalone import key_ids, verify_export
from remit.ledger.successions import Sizes, policy
from remit.store.connection import Connection
from remit.store.database import open_database
from remit.store.sqlite import SqliteConnection

T = TypeVar("T")

CHECKPOINT_EACH = 64
CASE_ENTRIES = 20
ROUNDS = 3
PROOFS = 300


def main(entries: int) -> None:
    signer = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)), origin="bench/1")
    vkeys = [signer.vkey]
    with tempfile.TemporaryDirectory() as folder:
        many, few = Path(folder) / "many", Path(folder) / "few"
        size = make(many, signer, entries)
        make(few, signer, entries, each=entries)
        print(f"{entries:,} entries of {size} bytes, a checkpoint each {CHECKPOINT_EACH}")
        tree = rate("tree, the last signature", entries, lambda: verify(few, vkeys, form=False))
        signed = rate("tree, all signatures", entries, lambda: verify(many, vkeys, form=False))
        all_of_it = rate("verify", entries, lambda: verify(many, vkeys))
        rate(
            "verify --semantic", entries,
            lambda: verify(many, vkeys, watchers=[Semantics(key_ids=key_ids(vkeys))]),
        )  # fmt: skip
        print(
            f"of which, a leaf: tree {1e6 / tree:.2f}, signatures {1e6 / signed - 1e6 / tree:.2f},"
        )
        print(
            f"                  form and chains {1e6 / all_of_it - 1e6 / signed:.2f} microseconds"
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{'memory, at most':<26}{peak:>12,.0f} MB")
        proofs(Path(folder), signer, entries)


def verify(
    out: Path, vkeys: list[str], *, watchers: Sequence[Watcher] = (), form: bool = True
) -> int:
    report = verify_export(out, vkeys, watchers=watchers, form=form)
    assert not report.checks, report.lines
    return report.size


def rate(name: str, entries: int, judge: Callable[[], int]) -> float:
    """Print and return how many entries a second of a core are judged, at best."""
    spent = min(timed(judge)[0] for _ in range(ROUNDS))
    print(f"{name:<26}{entries / spent:>12,.0f} entries/s a core")
    return entries / spent


def make(out: Path, signer: Signer, entries: int, *, each: int = CHECKPOINT_EACH) -> int:
    """Write an export; return the length of its last leaf."""
    tree, page, notes, previous, leaf = Tree(), [], [], "0" * 64, b""
    sizes = Sizes()

    def put(name: str, data: bytes) -> None:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    for n in range(entries):
        leaf = canonical.encode(entry(n, previous))
        digest = leaf_hash(leaf)
        previous = digest.hex()
        page.append(len(leaf).to_bytes(2, "big") + leaf)
        for level, number, tile in tree.append(digest):
            put(tile_name(level, number), tile)
        if len(page) == TILE_WIDTH or n == entries - 1:
            put(bundle_name(n // TILE_WIDTH, width=len(page)), b"".join(page))
            page = []
        if tree.size % each == 0 or n == entries - 1:
            notes.append(signer.sign(size=tree.size, root=tree.root()))
            sizes.see(notes[-1])
    for level, number, tile in tree.partial():
        put(tile_name(level, number, width=len(tile) // 32), tile)
    others = {
        "checkpoints": b"".join(len(note).to_bytes(2, "big") + note for note in notes),
        "checkpoint": notes[-1],
        "vkey": f"{signer.vkey}\n".encode(),
        "policy": policy([signer.vkey], sizes.by_id),
    }
    for name, data in others.items():
        put(name, data)
    digests = {name: sha256(data).hexdigest() for name, data in others.items()}
    counts = [f"checkpoints {len(notes)}", "payloads none"]
    put("manifest", manifest("bench/1", 0, entries, counts, digests))
    return len(leaf)


def entry(n: int, previous: str) -> canonical.Json:
    second, millisecond = divmod(n, 1000)
    case, seq = divmod(n, CASE_ENTRIES)
    return {
        "actor": {"kind": "workflow", "ref": "refund-desk"},
        "at": f"2026-11-24T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        f".{millisecond:03d}000Z",
        "body": {
            "arguments": "a" * 64, "connector": "shop", "latency_ms": 3, "name": "get_order",
            "result": "b" * 24,
        },
        "case": {"id": f"{case:032x}", "path": "1", "run": 1, "seq": seq + 1},
        "event": "intake:case:received" if seq == 0 else "orchestration:tool:read",
        "id": f"{n:032x}",
        "payloads": [],
        "tenant": "default",
        "version": 1,
        "workflow": "refund-desk",
        "writer": {"id": "0" * 32, "number": n, "previous": previous},
    }  # fmt: skip


def proofs(folder: Path, signer: Signer, entries: int) -> None:
    """Print what proofs and the check at a start cost, from stored rows."""
    database = open_database(f"sqlite:///{folder}/remit.db", schema=(), durability_check=False)
    writer, tree = database.writer(), Tree()
    writer.begin(write=True)
    for n in range(entries):
        leaf, place = n.to_bytes(8, "big"), (f"{n // 20:032x}", n % 20 + 1)
        digest = leaf_hash(leaf)
        writer.execute(
            "INSERT INTO entry_order (position, case_id, seq, leaf_hash) VALUES (?, ?, ?, ?)",
            (n, *place, digest),
        )
        writer.execute(
            "INSERT INTO entries (case_id, seq, event, at_us, tenant, workflow, writer_id,"
            " writer_n, leaf, leaf_hash) VALUES (?, ?, 'e', 0, 't', 'w', 'x', ?, ?, ?)",
            (*place, n, leaf, digest),
        )
        writer.executemany(
            "INSERT INTO tiles (level, n, hashes) VALUES (?, ?, ?)", tree.append(digest)
        )
    above = [one for one in tree.partial() if one[0]]
    writer.executemany("INSERT INTO tiles (level, n, hashes) VALUES (?, ?, ?)", above)
    root = tree.root()
    note = signer.sign(size=entries, root=root)
    writer.execute(
        "INSERT INTO checkpoints (size, at_us, note) VALUES (?, ?, ?)", (entries, 0, note)
    )
    writer.commit()
    chance = random.Random(1)
    cold = []
    for _ in range(PROOFS // 10):
        with closing(SqliteConnection(connect(folder / "remit.db"))) as fresh:
            place = chance.randrange(entries)
            cold.append(timed(lambda c=fresh, p=place: prove(c, p, vkey=signer.vkey))[0])
    print(
        f"{'proof, just opened':<26}{sorted(cold)[len(cold) // 2] * 1e3:>12,.2f} ms at the median"
    )

    def work(connection: Connection) -> None:
        then = sorted(
            timed(lambda: prove(connection, chance.randrange(entries), vkey=signer.vkey))[0]
            for _ in range(PROOFS)
        )
        print(f"{'proof, then':<26}{then[PROOFS // 2] * 1e3:>12,.2f} ms at the median")
        start, _ = timed(lambda: restored(connection, size=entries, root=root))
        print(f"{'check at a start':<26}{start * 1e3:>12,.1f} ms")

    database.read(work)
    writer.close()
    database.close()


def timed(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.process_time()
    found = work()
    return time.process_time() - begun, found


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
