"""The vault of one scope: originals sealed, found again by a blind index, turned back last."""

import json
from collections.abc import Callable, Iterable
from typing import assert_never

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from remit.domain.erasure import Ending
from remit.domain.frozen import dataclass
from remit.errors import (
    MaskingFailedError,
    TokenErasedError,
    TokenExpiredError,
    TokenNotEntitledError,
    TokenUnknownError,
    VaultLockedError,
)
from remit.intake import tokens
from remit.ledger.keyed import Keyed

KEY_BYTES = 32
VALUES_MAX = 10_000  # distinct values in one scope
_NONCE_BYTES = 12
_NO_SALT = Keyed(bytes(32))
_UNKNOWN = "a token that this case does not know; use one of its own tokens"

Stored = tuple[str, str, str, bytes, bytes, str]  # scope, token, type, index, sealed, key


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultRow:
    """One sealed value; index and value are empty where it was erased and its token stays."""

    scope: str
    token: str
    type: str
    index: bytes  # HMAC over type and canonical value
    sealed: bytes  # nonce and AES-256-GCM
    key: str = ""  # id of the scope's key

    @classmethod
    def of(cls, row: Stored) -> "VaultRow":
        """Return a row as the store keeps it."""
        scope, token, kind, index, sealed, key = row
        return cls(scope=scope, token=token, type=kind, index=index, sealed=sealed, key=key)

    @property
    def stored(self) -> Stored:
        """As the store keeps it."""
        return (self.scope, self.token, self.type, self.index, self.sealed, self.key)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ScopeKeys:
    """The two keys that die with a scope, derived with HKDF-SHA-256 (RFC 5869)."""

    value: bytes
    index: bytes

    @classmethod
    def derive(cls, root_key: bytes, scope: str) -> "ScopeKeys":
        """Return the keys of a scope."""
        extracted = Keyed(_NO_SALT.digest(root_key))
        return cls(
            value=_expanded(extracted, "value", scope),
            index=_expanded(extracted, "index", scope),
        )


def check_key_of(installation_key: bytes, scope: str) -> bytes:
    """Return what makes the check letters of a scope's tokens; it says nothing of a value."""
    return _expanded(Keyed(installation_key), "check", scope)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KnownValue:
    """A value that is already in the vault."""

    token: str
    type: str
    canonical: str
    surface: str
    form: str  # text or integer: what a whole leaf turns back into


class ScopeVault:
    """Holds the values of one scope while a case is at work.

    `root_key` is the scope's own and ends with it; `check_key` is the installation's and outlives
    it, so that a token of a scope that `ended` is told from an invented one. `random_bytes` gives
    that many random bytes. Raises `VaultLockedError` for rows that do not open.
    """

    def __init__(
        self,
        scope: str,
        *,
        root_key: bytes,
        check_key: bytes,
        rows: Iterable[VaultRow],
        random_bytes: Callable[[int], bytes],
        key_id: str = "",
        ended: Ending | None = None,
    ) -> None:
        if {len(root_key), len(check_key)} != {KEY_BYTES}:
            raise VaultLockedError(f"the keys of a vault must have {KEY_BYTES} bytes each")
        self.scope = scope
        self._root_key = root_key
        self._check_key = check_key
        self._key_id = key_id
        self._ended = ended
        self._erased: set[str] = set()
        self._derived: _Derived | None = None  # with the first value: most cases have none
        self._checking: Keyed | None = None
        self._random_bytes = random_bytes
        self._values: dict[str, KnownValue] = {}
        self._tokens: frozenset[str] = frozenset()
        self._by_index: dict[bytes, str] = {}
        self._heads: set[str] = set()
        self._new_rows: list[VaultRow] = []
        for row in rows:
            if row.sealed:
                self._admit(self._open(row), row.index)
            else:
                self._erased.add(row.token)
                self._heads.add(_head(row.token))

    def token_for(self, type: str, canonical: str, surface: str, *, form: str = "text") -> str:
        """Return the one token of a value, sealing the value when it is new."""
        index = self._index(type, canonical)
        if known := self._by_index.get(index):
            return known
        if len(self._values) >= VALUES_MAX:
            raise MaskingFailedError("this scope holds too many private values; split the case")
        token = tokens.draw(
            type,
            check=self._check,
            random_bytes=self._random_bytes,
            taken=self._heads.__contains__,
        )
        value = KnownValue(token=token, type=type, canonical=canonical, surface=surface, form=form)
        self._new_rows.append(self._row(value, index))
        self._admit(value, index)
        return token

    def take_new_rows(self) -> tuple[VaultRow, ...]:
        """Return the rows to store in the transaction of the entry that names their tokens."""
        taken, self._new_rows = tuple(self._new_rows), []
        return taken

    def resolve(self, token: str, *, expected_type: str | None) -> str:
        """Return the canonical value; for the executor only.

        Raises as `value_of`, and `TokenNotEntitledError` when the value is of another type than
        the parameter may carry.
        """
        value = self.value_of(token)
        if expected_type is not None and value.type != expected_type:
            raise TokenNotEntitledError(
                f"this parameter may carry {expected_type}, not {value.type}"
            )
        return value.canonical

    def value_of(self, token: str) -> KnownValue:
        """Return what a token stands for.

        Raises `TokenUnknownError` (altered, invented, of another scope: the same answer for all),
        `TokenErasedError` and `TokenExpiredError` for one that stood for a value once.
        """
        value = self._values.get(token)
        if not self.checks(token):
            raise TokenUnknownError(_UNKNOWN)
        if value is not None:
            return value
        match Ending.ERASED if token in self._erased else self._ended:
            case Ending.ERASED:
                raise TokenErasedError("a token whose value was erased; nothing turns it back")
            case Ending.EXPIRED:
                raise TokenExpiredError(
                    "a token whose value is past its retention; nothing turns it back"
                )
            case None:
                raise TokenUnknownError(_UNKNOWN)
            case _ as never:
                assert_never(never)

    def known_values(self) -> tuple[KnownValue, ...]:
        """Return every value of the scope, for the masker's search."""
        return tuple(self._values.values())

    def tokens(self) -> frozenset[str]:
        """Return every token of the scope, those of erased values too: they stay what they are."""
        if len(self._tokens) != len(self._values) + len(self._erased):
            self._tokens = frozenset((*self._values, *self._erased))
        return self._tokens

    def erased(self) -> frozenset[str]:
        """Return the tokens whose values were erased one by one."""
        return frozenset(self._erased)

    def resealed(self, root_key: bytes, *, key_id: str, without: str) -> tuple[VaultRow, ...]:
        """Return all rows of the scope under another key, one of them without its value."""
        other = ScopeVault(
            self.scope, root_key=root_key, check_key=self._check_key, rows=(),
            random_bytes=self._random_bytes, key_id=key_id,
        )  # fmt: skip
        rows = [
            other._row(value, other._index(value.type, value.canonical))
            for token, value in self._values.items()
            if token != without
        ]
        gone = sorted(self._erased | {without})
        return (*rows, *(_emptied(self.scope, token, key_id) for token in gone))

    @property
    def size(self) -> int:
        """How many values the scope holds; it only grows."""
        return len(self._values)

    def checks(self, token: str) -> bool:
        """Tell whether a token's check characters belong to this scope."""
        return tokens.is_token(token) and tokens.checks(token, check=self._check)

    def seal_bytes(self, content: bytes, *, purpose: str) -> bytes:
        """Seal bytes that belong beside masked content, such as how values were written."""
        nonce = self._random_bytes(_NONCE_BYTES)
        return nonce + self._keys.cipher.encrypt(nonce, content, self._bound(purpose))

    def open_bytes(self, sealed: bytes, *, purpose: str) -> bytes:
        """Open what `seal_bytes` sealed for the same purpose; raises `VaultLockedError`."""
        try:
            nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return self._keys.cipher.decrypt(nonce, rest, self._bound(purpose))
        except (InvalidTag, ValueError):
            raise VaultLockedError("a vault row does not open; check the root key") from None

    @property
    def _keys(self) -> "_Derived":
        if self._derived is None:
            keys = ScopeKeys.derive(self._root_key, self.scope)
            self._derived = _Derived(AESGCM(keys.value), Keyed(keys.index))
        return self._derived

    @property
    def _check(self) -> Keyed:
        if self._checking is None:
            self._checking = Keyed(check_key_of(self._check_key, self.scope))
        return self._checking

    def _row(self, value: KnownValue, index: bytes) -> VaultRow:
        return VaultRow(
            scope=self.scope, token=value.token, type=value.type, index=index,
            sealed=self._seal(value), key=self._key_id,
        )  # fmt: skip

    def _admit(self, value: KnownValue, index: bytes) -> None:
        self._values[value.token] = value
        self._by_index[index] = value.token
        self._heads.add(_head(value.token))

    def _index(self, type: str, canonical: str) -> bytes:
        content = f"{type}\x00{canonical}".encode("utf-8", "surrogatepass")
        return self._keys.blind.digest(content)

    def _seal(self, value: KnownValue) -> bytes:
        content = json.dumps([value.canonical, value.surface, value.form]).encode()
        return self.seal_bytes(content, purpose=f"value\x00{value.token}\x00{value.type}")

    def _open(self, row: VaultRow) -> KnownValue:
        content = self.open_bytes(row.sealed, purpose=f"value\x00{row.token}\x00{row.type}")
        canonical, surface, form = json.loads(content)
        return KnownValue(
            token=row.token, type=row.type, canonical=canonical, surface=surface, form=form
        )

    def _bound(self, purpose: str) -> bytes:
        return f"{self.scope}\x00{purpose}".encode()


class _Derived:
    """What is done with the keys of a scope."""

    __slots__ = ("blind", "cipher")

    def __init__(self, cipher: AESGCM, blind: Keyed) -> None:
        self.cipher = cipher
        self.blind = blind


def _emptied(scope: str, token: str, key_id: str) -> VaultRow:
    kind = tokens.type_of(token)
    return VaultRow(scope=scope, token=token, type=kind, index=b"", sealed=b"", key=key_id)


def _head(token: str) -> str:
    return token.rpartition("_")[2][:4]


def _expanded(extracted: Keyed, purpose: str, scope: str) -> bytes:
    info = f"remit/vault/v1\x00{purpose}\x00{scope}".encode()
    return extracted.digest(info + b"\x01")  # one block is the 32 bytes
