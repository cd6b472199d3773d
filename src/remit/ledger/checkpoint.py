"""Checkpoints: signed statements of size and root, in the form of C2SP tlog-checkpoint."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from remit.ledger.merkle import HASH_BYTES

NOTE_BYTES_MAX: Final = 8192
ORIGIN_DIGITS_MAX: Final = 2  # so often may a log be recovered
SIGNATURES_MAX: Final = 16
DIGITS_MAX: Final = 15
_ED25519: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_KEY_BYTES: Final = 33  # the algorithm's byte and the key
_LINES: Final = 4  # origin, size, root, and nothing after the last newline
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH: Final = "\u2014 "


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The tree of `size` entries at `origin` has this root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class Signer:
    """Signs checkpoints of one origin; a key that was replaced signs beside its successor."""

    def __init__(
        self,
        key: Ed25519PrivateKey,
        *,
        origin: str,
        older: Sequence[tuple[Ed25519PrivateKey, int]] = (),  # with the instant of its end
        vkeys: str = "",
    ) -> None:
        self._key = key
        self._origin = origin
        self._public = key.public_key().public_bytes_raw()
        self._id = _key_id(origin, self._public)
        self._older = [(Signer(one, origin=origin), until) for one, until in older]
        self.vkeys = vkeys or self.vkey

    @property
    def vkey(self) -> str:
        """The public key in the form of C2SP signed notes: name, id and key."""
        key = base64.b64encode(_ED25519 + self._public).decode()
        return f"{self._origin}+{self._id.hex()}+{key}"

    def compare(self, size: int, root: bytes, hashes: Sequence[bytes]) -> None:
        """Accept every tree: a signer in the same process remembers none."""

    def confirmed(self) -> None:
        """Note nothing."""

    def abandoned(self) -> None:
        """Note nothing."""

    def sign(
        self,
        *,
        size: int,
        root: bytes,
        at_us: int = 0,
        written: Sequence[object] = (),
        before: object = None,
    ) -> bytes:
        """Return the signed note of a tree whose last entry is of this instant."""
        del written, before
        text = Checkpoint(origin=self._origin, size=size, root=root).text
        line = self.line(text)
        for one, until in self._older:
            if at_us <= until:
                line += one.line(text)
        return f"{text}\n{line}".encode()

    def line(self, text: str) -> str:
        """Return the signature line over the text of a checkpoint."""
        signature = base64.b64encode(self._id + self._key.sign(text.encode())).decode()
        return f"{_DASH}{self._origin} {signature}\n"


class NoteError(ValueError):
    """A note is malformed or not signed by the key; its text says which."""


def parse_note(note: bytes, *vkeys: str) -> Checkpoint:
    """Return what a note states if these keys and no other signed it, else raise `NoteError`.

    Each text may hold several keys, apart by spaces. Strict: no control characters, a final
    newline, base64 that encodes back to itself.
    """
    text = _note_text(note)
    body, gap, signatures = text.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise NoteError("a note has no signature lines")
    checkpoint = _parse_text(body + "\n")
    keys = [
        key
        for one in vkeys
        for key in map(parse_vkey, one.split())
        if key.origin == checkpoint.origin
    ]
    if not keys:
        raise NoteError(f"a note is of origin `{checkpoint.origin}`, the key of another")
    lines = signatures[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX or len(set(lines)) != len(lines):
        raise NoteError("a note has too many signatures, or one twice")
    for line in lines:
        _check(line, keys, body + "\n")
    return checkpoint


@dataclass(frozen=True, slots=True)
class Key:
    """A public log key: the origin it signs for, its id, and the key."""

    origin: str
    id: bytes
    public: Ed25519PublicKey


@lru_cache(maxsize=256)
def parse_vkey(vkey: str) -> Key:
    """Return the key of a text `origin+id+base64`, or raise `NoteError`."""
    name, plus, rest = vkey.strip().partition("+")
    hexadecimal, other, encoded = rest.partition("+")
    if not (name and plus and other and len(hexadecimal) == 2 * _KEY_ID_BYTES):
        raise NoteError("the key is not of the form `name+id+key`")
    key = strict_base64(encoded)
    if len(key) != _KEY_BYTES or key[:1] != _ED25519:
        raise NoteError("the key is not an Ed25519 key")
    if _key_id(name, key[1:]).hex() != hexadecimal:
        raise NoteError("the key's id does not belong to it")
    return Key(name, bytes.fromhex(hexadecimal), Ed25519PublicKey.from_public_bytes(key[1:]))


def signers_of(note: bytes) -> list[str]:
    """Return the ids of the keys that a well-formed note names."""
    lines = note.rpartition(b"\n\n")[2].decode("utf-8", "replace").split("\n")
    found = [line.rpartition(" ")[2] for line in lines if line]
    return [base64.b64decode(one)[:_KEY_ID_BYTES].hex() for one in found]


def family(vkey: str) -> list[str]:
    """Return a key's text, and those of the same key under the origins before a recovery.

    `remit.example/ledger/3` follows `…/2` and `…/1`, or the name without a number.
    """
    first, *others = vkey.split() or [vkey]
    if others:
        return [one for text in (first, *others) for one in family(text)]
    key = parse_vkey(vkey)
    stem, number = origin_parts(key.origin)
    older = [f"{stem}/{n}" for n in range(number - 1, 0, -1)]
    public = key.public.public_bytes_raw()
    names = [*older, *([stem] if older else [])]
    return [vkey, *(_vkey(name, public) for name in names)]


def renamed(vkey: str, origin: str) -> str:
    """Return the text of the same key under another origin, or raise `NoteError`."""
    return _vkey(origin, parse_vkey(vkey).public.public_bytes_raw())


def origin_parts(origin: str) -> tuple[str, int]:
    """Return an origin's stem and its number; the first one of a log may have none."""
    stem, slash, digits = origin.rpartition("/")
    known = slash and digits.isascii() and digits.isdigit() and len(digits) <= ORIGIN_DIGITS_MAX
    return (stem, int(digits)) if known else (origin, 1)


def _vkey(name: str, public: bytes) -> str:
    key = base64.b64encode(_ED25519 + public).decode()
    return f"{name}+{_key_id(name, public).hex()}+{key}"


def _note_text(note: bytes) -> str:
    if len(note) > NOTE_BYTES_MAX:
        raise NoteError("a note is too long")
    try:
        text = note.decode()
    except UnicodeDecodeError as error:
        raise NoteError("a note is not UTF-8") from error
    if _CONTROL.search(text) is not None:
        raise NoteError("a note has control characters")
    return text


def _parse_text(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != _LINES or not lines[0] or lines[3]:
        raise NoteError("a checkpoint has three lines")
    root = strict_base64(lines[2])
    if len(root) != HASH_BYTES:
        raise NoteError("a checkpoint's root is malformed")
    return Checkpoint(origin=lines[0], size=number_of(lines[1], "a checkpoint's size"), root=root)


def _check(line: str, keys: Sequence[Key], text: str) -> None:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not name or not encoded:
        raise NoteError("a signature line is malformed")
    signature = strict_base64(encoded)
    known = [key for key in keys if key.origin == name and key.id == signature[:_KEY_ID_BYTES]]
    if not known:
        raise NoteError("a note has a signature of an unknown key")
    try:
        known[0].public.verify(signature[_KEY_ID_BYTES:], text.encode())
    except InvalidSignature as error:
        raise NoteError("a signature does not verify") from error


def number_of(text: str, what: str) -> int:
    """Return a number written in the one way, or raise `NoteError`."""
    if not (len(text) <= DIGITS_MAX and text.isascii() and text.isdigit()):
        raise NoteError(f"{what} is not a number")
    if str(int(text)) != text:
        raise NoteError(f"{what} is not written in the one way")
    return int(text)


def strict_base64(text: str) -> bytes:
    """Return what base64 says if this is its one spelling, else raise `NoteError`."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("base64 is malformed") from error
    if base64.b64encode(found).decode() != text:
        raise NoteError("base64 is not in its one spelling")
    return found


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]
