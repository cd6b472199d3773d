"""What sealing costs: CPU for each payload, and durable writes of the key store for each case.

`python -m bench.sealing`
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from remit.ledger.keys import KeyRing
from remit.ledger.randomness import RandomPages
from remit.ledger.seal import open_payload, seal
from remit.store.connection import Connection
from remit.store.keys import KeyRow, KeyRows
from remit.store.sqlite import key_file

TIMES = 20_000
CASES = 20_000
ENTRY, ROLE = "e" * 32, "raw"


class Counted(KeyRows):
    """Counts the durable writes of new keys."""

    writes = 0

    def add(self, rows: Sequence[KeyRow]) -> None:
        self.writes += 1
        super().add(rows)


def microseconds(work: Callable[[], object], times: int = TIMES) -> float:
    """Return the CPU time of one call."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times * 1e6


def main() -> None:
    random_bytes = RandomPages(os.urandom)
    with TemporaryDirectory() as name:
        folder = Path(name)

        def connect() -> Connection:
            return key_file(folder / "keys.sqlite")

        rows = Counted(connect)
        ring = KeyRing.open(folder, random_bytes=random_bytes, rows=rows)
        key, text = ring.draw(), "x" * 2_048
        sealed = seal(text, key=key, entry_id=ENTRY, role=ROLE, random_bytes=random_bytes)
        figures = {
            "seal 2 KiB": microseconds(
                lambda: seal(text, key=key, entry_id=ENTRY, role=ROLE, random_bytes=random_bytes)
            ),
            "open 2 KiB": microseconds(
                lambda: open_payload(
                    sealed.ciphertext, key=key, entry_id=ENTRY, role=ROLE,
                    cipher=sealed.cipher, commitment=sealed.commitment,
                )
            ),
            "of which the payload's own key": microseconds(lambda: key.payload(ENTRY, ROLE)),
            "find the key of a case": microseconds(lambda: ring.of_case("c", lambda: key.id)),
        }  # fmt: skip
        before = rows.writes
        figures["draw the key of a new case"] = microseconds(ring.draw, CASES)
        writes = rows.writes - before
        began = time.process_time()
        wrapped = ring.rotate().wrapped
        figures["wrap a key anew in a rotation"] = (time.process_time() - began) / wrapped * 1e6
        for what, figure in figures.items():
            print(f"{what:<32} {figure:6.2f} us CPU")
        print(f"{'durable writes of the key store':<32} {writes} for {CASES:,} cases")
        size = (folder / "keys.sqlite").stat().st_size
        print(f"{'a key at rest':<32} {size // wrapped} bytes")
        ring.close()


if __name__ == "__main__":
    main()
