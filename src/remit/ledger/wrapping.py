"""Keys at rest: rows wrapped by the tenant key of the epoch, and that one by a root key."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from remit.errors import ConflictError, KeyUnavailableError, StorageError
from remit.ledger.keyed import Keyed
from remit.ledger.keystore import KEY_BYTES, NONCE_BYTES, KeyStore, RandomBytes
from remit.store.keys import KeyRow, KeyRows

T = TypeVar("T")

CACHE_SECONDS: Final = 60.0
VERSION_SECONDS: Final = 1.0
CACHE_MAX: Final = 10_000
TRIES_MAX: Final = 8
PAUSE_SECONDS: Final = 0.01  # before a second try, then twice as long each time
TENANT: Final = "tenant"
ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True, repr=False)
class ContentKey:
    """A key that content is sealed under, and what is made from it."""

    id: str
    secret: bytes
    _mac: Keyed = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_mac", Keyed(self.secret))

    def payload(self, entry_id: str, role: str) -> AESGCM:
        """Return the cipher of one payload; no other payload has its key."""
        return AESGCM(self._mac.digest(f"remit/payload/v1\x00{entry_id}\x00{role}".encode()))

    def subkey(self, label: str) -> bytes:
        """Return the 32 bytes that this label always has under this key."""
        return self._mac.digest(b"remit/subkey/v1\x00" + label.encode())

    def digester(self) -> Callable[[bytes], str]:
        """Return HMAC-SHA256 under this key: equal while the key is there, else nothing."""
        return Keyed(self.subkey("digest"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What a rotation did: the root before it and the new one, and how many keys it wrapped."""

    before: str
    root: str
    wrapped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """The root key in use, the one that it replaced, and since when in microseconds."""

    root: str
    before: str | None
    began_us: int


@dataclass(slots=True)
class Wrapping:
    """The stored keys of an installation, unwrapped for a minute at most."""

    rows: KeyRows
    roots: KeyStore
    random_bytes: RandomBytes
    now_us: Callable[[], int]
    clock: Callable[[], float] = time.monotonic
    _cached: "OrderedDict[str, tuple[ContentKey, float]]" = field(default_factory=OrderedDict)
    _guard: threading.RLock = field(default_factory=threading.RLock)
    _version: int = -1
    _looked: float = float("-inf")

    def find(self, id: str) -> ContentKey | None:
        """Return a key, or None where it was destroyed.

        Raises `KeyUnavailableError` where the key store does not answer.
        """
        with self._guard:
            now = self.clock()
            if now - self._looked >= VERSION_SECONDS:
                self._look(now)
            found = self._cached.get(id)
            if found is not None and found[1] > now:
                return found[0]
            for _ in range(TRIES_MAX):
                row = self._asked(lambda: self.rows.find(id))
                if row is None:
                    return None
                opened = self._opened(row)
                if opened is not None:  # else another process began an epoch in between
                    return self._keep(opened)
        raise KeyUnavailableError(f"the key that wraps `{id}` is not there")

    def warm(self, ids: Sequence[str]) -> None:
        """Read those keys that are not at hand in one query; what is gone stays unknown."""
        with self._guard:
            now = self.clock()
            wanted = [
                one for one in ids if (kept := self._cached.get(one)) is None or kept[1] <= now
            ]
            for row in self._asked(lambda: self.rows.several(wanted)) if wanted else ():
                opened = self._opened(row)
                if opened is not None:
                    self._keep(opened)

    def newest(self, kind: str) -> ContentKey | None:
        """Return the newest key of a kind."""
        row = self._asked(lambda: self.rows.newest(kind))
        return None if row is None else self.find(row.id)

    def make(self, kind: str, number: int = 1) -> list[ContentKey]:
        """Make fresh keys of a kind, durable when this returns."""
        with self._guard:
            for _ in _tries():
                tenant = self._tenant()
                made = [
                    ContentKey(f"{kind}-{self.random_bytes(ID_BYTES).hex()}", self._random_key())
                    for _ in range(number)
                ]
                rows = [self._wrapped(key, kind, tenant) for key in made]
                try:
                    there = self._asked(lambda r=rows, t=tenant: self.rows.add(r, under=t.id))  # type: ignore[misc]  # a default binds the loop's value
                except ConflictError:
                    continue  # an id that is taken
                if there:
                    return [self._keep(key) for key in made]
        raise KeyUnavailableError("the keys are being wrapped anew; try again in a second")

    def put(self, key: ContentKey, kind: str) -> ContentKey:
        """Store a key under an id of its own; return the one that is there if it was first."""
        with self._guard:
            for _ in _tries():
                tenant = self._tenant()
                row = self._wrapped(key, kind, tenant)
                try:
                    there = self._asked(lambda r=row, t=tenant: self.rows.add([r], under=t.id))  # type: ignore[misc]  # a default binds the loop's value
                except ConflictError:
                    found = self.find(key.id)
                    return key if found is None else found
                if there:
                    return self._keep(key)
        raise KeyUnavailableError("the keys are being wrapped anew; try again in a second")

    def destroy(self, ids: Sequence[str]) -> None:
        """Destroy keys for good; other processes see it within a second."""
        with self._guard:
            self._asked(lambda: self.rows.delete(ids))
            self._cached.clear()

    def epoch(self) -> Epoch:
        """Return the root key in use, and the one before it."""
        row = self._tenant_row()
        _, _, before = row.id.partition("-")
        return Epoch(root=row.parent, before=before or None, began_us=row.made_us)

    def rotate(self) -> Rotated | None:
        """Begin a new epoch and wrap every surviving key under its tenant key.

        Returns None where another process has just done so.
        """
        with self._guard:
            before = self._tenant_row()
            old = self._from_root(before)
            # Its id names the root that it replaces: a crash leaves that to be told.
            fresh = ContentKey(f"{TENANT}-{before.parent}", self._random_key())
            roots: list[str] = []

            def begin() -> KeyRow:
                roots.append(self.roots.renew())  # one process at a time: the row is locked
                return self._wrapped_by_root(fresh)

            wrapped = self._asked(
                lambda: self.rows.rewrap(
                    lambda one: self._wrapped(_unwrapped(one, old), one.kind, fresh).wrapped,
                    fresh=begin,
                    gone=before.id,
                )
            )
            self._cached.clear()
            if wrapped is None:
                return None
            return Rotated(before=before.parent, root=roots[0], wrapped=wrapped)

    def close(self) -> None:
        """Forget every key and close the rows."""
        with self._guard:
            self._cached.clear()
            self.rows.close()

    # -- parts -----------------------------------------------------------------------------------

    def _look(self, now: float) -> None:
        version = self._asked(self.rows.version)
        if version != self._version:
            self._cached.clear()
        self._version, self._looked = version, now

    def _keep(self, key: ContentKey) -> ContentKey:
        while len(self._cached) >= CACHE_MAX:
            self._cached.popitem(last=False)
        self._cached[key.id] = (key, self.clock() + CACHE_SECONDS)
        return key

    def _tenant_row(self) -> KeyRow:
        row = self._asked(lambda: self.rows.newest(TENANT))
        if row is None:
            raise KeyUnavailableError("there is no tenant key; put back the keys from backup")
        return row

    def _tenant(self) -> ContentKey:
        """Return the key that wraps all others now; the first one is made here."""
        if self._asked(lambda: self.rows.newest(TENANT)) is None:
            first = ContentKey(TENANT, self._random_key())
            with suppress(ConflictError):  # another process was first
                self._asked(lambda: self.rows.add([self._wrapped_by_root(first)]))
        for _ in range(TRIES_MAX):
            found = self.find(self._tenant_row().id)
            if found is not None:  # else another process began an epoch in between
                return found
        raise KeyUnavailableError("the keys are being wrapped anew; try again in a second")

    def _opened(self, row: KeyRow) -> ContentKey | None:
        """Return the key of a row, or None where the one that wraps it there is gone."""
        if row.kind == TENANT:
            return self._from_root(row)
        tenant = self.find(row.parent)
        return None if tenant is None else _unwrapped(row, tenant)

    def _from_root(self, row: KeyRow) -> ContentKey:
        return ContentKey(row.id, self.roots.unwrap(row.wrapped, root=row.parent, context=row.id))

    def _wrapped(self, key: ContentKey, kind: str, tenant: ContentKey) -> KeyRow:
        nonce = self.random_bytes(NONCE_BYTES)
        sealed = AESGCM(tenant.secret).encrypt(nonce, key.secret, key.id.encode())
        return KeyRow(
            id=key.id, kind=kind, parent=tenant.id, wrapped=nonce + sealed, made_us=self.now_us()
        )

    def _wrapped_by_root(self, key: ContentKey) -> KeyRow:
        root, wrapped = self.roots.wrap(key.secret, context=key.id)
        return KeyRow(id=key.id, kind=TENANT, parent=root, wrapped=wrapped, made_us=self.now_us())

    def _random_key(self) -> bytes:
        return self.random_bytes(KEY_BYTES)

    def _asked(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except ConflictError:
            raise
        except StorageError as error:
            raise KeyUnavailableError(
                f"the store of keys does not answer ({error}); nothing is written unsealed"
            ) from error


def _tries() -> Iterator[None]:
    """Yield before each try, and wait in between: whoever wraps the keys anew comes to an end."""
    for number in range(TRIES_MAX):
        if number:
            time.sleep(PAUSE_SECONDS * 2 ** (number - 1))
        yield


def _unwrapped(row: KeyRow, tenant: ContentKey) -> ContentKey:
    try:
        secret = AESGCM(tenant.secret).decrypt(
            row.wrapped[:NONCE_BYTES], row.wrapped[NONCE_BYTES:], row.id.encode()
        )
    except (InvalidTag, ValueError) as error:
        raise KeyUnavailableError(
            f"the key `{row.id}` does not open; put back the keys from backup"
        ) from error
    return ContentKey(row.id, secret)
