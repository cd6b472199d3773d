"""The key ring of an installation: what its service is keyed with, and the keys of content.

payload key  made from  case key | facts key   wrapped by  tenant key   wrapped by  root key

A case has a key of its own; a person's keys are those of that person's cases. They are made in
batches that are durable before any of them is used: a case costs no durable write of its own here,
and a crash leaves keys unused, never a payload unreadable.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from remit.domain import clock
from remit.errors import KeyUnavailableError
from remit.ledger.keyed import Keyed
from remit.ledger.keystore import KEY_BYTES, KEY_FILE, FileKeyStore, KeyStore, RandomBytes
from remit.ledger.wrapping import ContentKey, Epoch, Rotated, Wrapping
from remit.store.keys import KeyRows, file_rows

BATCH_FIRST: Final = 16
BATCH_MAX: Final = 256
CASES_BOUND_MAX: Final = 20_000
CASE: Final = "case"
FACTS: Final = "facts"
SERVICE: Final = "service"
_SEED: Final = "service"


class KeyRing:
    """The keys of an installation: its service's by label, those of content by id.

    `seed` is the service's own secret. A ring without stored keys signs and digests, and seals
    nothing.
    """

    def __init__(self, seed: bytes, stored: Wrapping | None = None) -> None:
        self._seed = seed
        self._stored = stored
        self._subkeys: dict[str, bytes] = {}
        self._macs: dict[str, Keyed] = {}
        self._batch: deque[ContentKey] = deque()
        self._batch_size = BATCH_FIRST
        self._facts: str | None = None
        self._bound: OrderedDict[str, str] = OrderedDict()
        self._guard = threading.Lock()
        self.id = sha256(b"remit/installation/v1\x00" + seed).hexdigest()[:16]

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        random_bytes: RandomBytes,
        now: Callable[[], datetime] | None = None,
        roots: KeyStore | None = None,
        rows: KeyRows | None = None,
    ) -> "KeyRing":
        """Open the keys of a folder, or make them once, readable by their owner alone.

        Raises `SettingsError` for a key file that is damaged or that others can read,
        `KeyUnavailableError` where keys do not open.
        """
        stored = Wrapping(
            rows or file_rows(folder),
            roots or FileKeyStore(folder / KEY_FILE, random_bytes=random_bytes),
            random_bytes,
            lambda: 0 if now is None else clock.microseconds(now()),
        )
        try:
            seed = stored.find(_SEED) or stored.put(
                ContentKey(_SEED, random_bytes(KEY_BYTES)), SERVICE
            )
        except BaseException:
            stored.close()
            raise
        return cls(seed.secret, stored)

    def close(self) -> None:
        """Forget the keys of content and close their store; both come back when needed."""
        with self._guard:
            self._batch.clear()
            self._facts = None
        if self._stored is not None:
            self._stored.close()

    # -- the service's own -----------------------------------------------------------------------

    def subkey(self, label: str) -> bytes:
        """Return the 32 bytes that this label always has (HKDF-SHA256)."""
        found = self._subkeys.get(label)
        if found is None:
            expand = HKDFExpand(algorithm=SHA256(), length=32, info=b"remit/v1/" + label.encode())
            found = self._subkeys[label] = expand.derive(self._seed)
        return found

    def keyed(self, label: str, data: bytes) -> str:
        """Return HMAC-SHA256 of data under a subkey, in hexadecimal."""
        keyed = self._macs.get(label)
        if keyed is None:
            keyed = self._macs[label] = Keyed(self.subkey(label))
        return keyed(data)

    def log_key(self, number: int = 0) -> Ed25519PrivateKey:
        """Return the key that signs checkpoints: the first, or one that followed it."""
        label = f"log/{number}" if number else "log"
        return Ed25519PrivateKey.from_private_bytes(self.subkey(label))

    # -- content ---------------------------------------------------------------------------------

    def draw(self) -> ContentKey:
        """Return a fresh key for one case; it is durable already."""
        with self._guard:
            if not self._batch:
                self._batch.extend(self._store.make(CASE, self._batch_size))
                self._batch_size = min(2 * self._batch_size, BATCH_MAX)
            return self._batch.popleft()

    def facts(self) -> ContentKey:
        """Return the key of typed facts, which outlive a person's erasure."""
        stored = self._store
        found = None if self._facts is None else stored.find(self._facts)
        if found is None:
            found = stored.newest(FACTS) or stored.make(FACTS)[0]
            self._facts = found.id
        return found

    def destroy(self, ids: Sequence[str]) -> None:
        """Destroy keys of content for good; other processes see it within a second."""
        self._store.destroy(ids)

    def epoch(self) -> Epoch:
        """Return the root key in use, and the one before it."""
        return self._store.epoch()

    def rotate(self) -> Rotated | None:
        """Begin a new epoch: a new root key wraps every key that is left.

        Returns None where another process has just done so.
        """
        return self._store.rotate()

    def destroy_root(self, root: str) -> None:
        """Destroy the root key of an epoch that ended."""
        self._store.roots.destroy(root)

    def find(self, id: str) -> ContentKey | None:
        """Return a key by its id, or None where it was destroyed.

        Raises `KeyUnavailableError`.
        """
        return self._store.find(id)

    def warm(self, ids: Sequence[str]) -> None:
        """Bring many keys to hand at once, for whoever opens many payloads."""
        self._store.warm(ids)

    def of_case(self, case_id: str, look: Callable[[], str | None]) -> ContentKey:
        """Return the key of a case, a fresh one where it has none or none any more.

        `look` finds the id that the case's payloads name, when this process does not know it.
        """
        bound = self._bound.get(case_id)
        name = bound or look()
        found = None if name is None else self._store.find(name)
        if found is None:
            found = self.draw()
        if found.id != bound:
            self.bind(case_id, found)
        return found

    def bind(self, case_id: str, key: ContentKey) -> None:
        """Remember under which key a case is sealed."""
        with self._guard:
            if len(self._bound) >= CASES_BOUND_MAX and case_id not in self._bound:
                self._bound.popitem(last=False)
            self._bound[case_id] = key.id

    @property
    def _store(self) -> Wrapping:
        if self._stored is None:
            raise KeyUnavailableError("this key ring has no keys for content")
        return self._stored


__all__ = ["BATCH_MAX", "CASE", "FACTS", "ContentKey", "Epoch", "KeyRing", "Rotated"]
