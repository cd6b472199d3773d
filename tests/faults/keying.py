"""Make or rotate keys in a process of its own, beside others that do the same.

`python -m tests.faults.keying FOLDER DATABASE make` makes keys until its input ends and says each;
`... rotate NUMBER` begins so many epochs.
"""

import secrets
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from remit.errors import KeyUnavailableError
from remit.ledger.keys import CASE, KeyRing
from remit.ledger.keystore import KEY_FILE, FileKeyStore
from remit.ledger.wrapping import Wrapping
from remit.store.keys import key_rows


def stored(folder: Path, url: str) -> Wrapping:
    """Open the stored keys of an installation, as each of its processes does."""
    return Wrapping(
        key_rows(folder, url=url),
        FileKeyStore(folder / KEY_FILE, random_bytes=secrets.token_bytes),
        secrets.token_bytes,
        lambda: int(datetime.now(UTC).timestamp() * 1_000_000),
    )


def make(keys: Wrapping) -> None:
    """Make keys, a few at a time, until the input ends."""
    ended = threading.Event()

    def read() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    while not ended.is_set():
        try:
            made = keys.make(CASE, 2)
        except KeyUnavailableError as error:
            sys.stderr.write(f"{error}\n")
            continue
        for key in made:
            sys.stdout.write(f"{key.id} {key.secret.hex()}\n")
        sys.stdout.flush()


def main(folder: Path, url: str, what: str, number: int) -> None:
    """Do what is asked."""
    KeyRing.open(folder, random_bytes=secrets.token_bytes, rows=key_rows(folder, url=url)).close()
    keys = stored(folder, url)
    try:
        if what == "make":
            make(keys)
        else:
            for _ in range(number):
                keys.rotate()
    finally:
        keys.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 0)
