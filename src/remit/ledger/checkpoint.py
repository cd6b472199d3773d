"""Checkpoints: signed statements of size and root, in the form of C2SP tlog-checkpoint."""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from remit.ledger.merkle import HASH_BYTES

NOTE_BYTES_MAX: Final = 8192
SIGNATURES_MAX: Final = 16
SIZE_DIGITS_MAX: Final = 18
_ED25519: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_KEY_BYTES: Final = 33  # the algorithm's byte and the key
_LINES: Final = 4  # origin, size, root, and nothing after the last newline
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
    """Signs checkpoints of one origin."""

    def __init__(self, key: Ed25519PrivateKey, *, origin: str) -> None:
        self._key = key
        self._origin = origin
        self._public = key.public_key().public_bytes_raw()
        self._id = _key_id(origin, self._public)

    @property
    def vkey(self) -> str:
        """The public key in the form of C2SP signed notes: name, id and key."""
        key = base64.b64encode(_ED25519 + self._public).decode()
        return f"{self._origin}+{self._id.hex()}+{key}"

    def sign(self, *, size: int, root: bytes) -> bytes:
        """Return the signed note of a tree."""
        text = Checkpoint(origin=self._origin, size=size, root=root).text
        signature = base64.b64encode(self._id + self._key.sign(text.encode())).decode()
        return f"{text}\n{_DASH}{self._origin} {signature}\n".encode()


class NoteError(ValueError):
    """A note is malformed or not signed by the key; its text says which."""


def parse_note(note: bytes, vkey: str) -> Checkpoint:
    """Return what a note states if this key signed it, else raise `NoteError`.

    Strict: no control characters, a final newline, base64 that encodes back to itself.
    """
    origin, key_id, public = parse_vkey(vkey)
    text = _note_text(note)
    body, gap, signatures = text.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise NoteError("a note has no signature lines")
    checkpoint = _parse_text(body + "\n")
    if checkpoint.origin != origin:
        raise NoteError(f"a note is of origin `{checkpoint.origin}`, the key of `{origin}`")
    lines = signatures[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteError("a note has too many signatures")
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not name or not encoded:
            raise NoteError("a signature line is malformed")
        signature = _strict_base64(encoded)
        if name != origin or signature[:_KEY_ID_BYTES] != key_id:
            raise NoteError("a note has a signature of an unknown key")
        _check(public, signature[_KEY_ID_BYTES:], body + "\n")
    return checkpoint


def parse_vkey(vkey: str) -> tuple[str, bytes, Ed25519PublicKey]:
    """Return origin, key id and key of a public key's text, or raise `NoteError`."""
    name, plus, rest = vkey.strip().partition("+")
    hexadecimal, other, encoded = rest.partition("+")
    if not (name and plus and other and len(hexadecimal) == 2 * _KEY_ID_BYTES):
        raise NoteError("the key is not of the form `name+id+key`")
    key = _strict_base64(encoded)
    if len(key) != _KEY_BYTES or key[:1] != _ED25519:
        raise NoteError("the key is not an Ed25519 key")
    if _key_id(name, key[1:]).hex() != hexadecimal:
        raise NoteError("the key's id does not belong to it")
    return name, bytes.fromhex(hexadecimal), Ed25519PublicKey.from_public_bytes(key[1:])


def _note_text(note: bytes) -> str:
    if len(note) > NOTE_BYTES_MAX:
        raise NoteError("a note is too long")
    try:
        text = note.decode()
    except UnicodeDecodeError as error:
        raise NoteError("a note is not UTF-8") from error
    if any(character < " " and character != "\n" for character in text):
        raise NoteError("a note has control characters")
    return text


def _parse_text(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != _LINES or not lines[0] or lines[3]:
        raise NoteError("a checkpoint has three lines")
    origin, digits, encoded = lines[:3]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= SIZE_DIGITS_MAX):
        raise NoteError("a checkpoint's size is not a number")
    root = _strict_base64(encoded)
    if str(int(digits)) != digits or len(root) != HASH_BYTES:
        raise NoteError("a checkpoint's size or root is malformed")
    return Checkpoint(origin=origin, size=int(digits), root=root)


def _check(public: Ed25519PublicKey, signature: bytes, text: str) -> None:
    try:
        public.verify(signature, text.encode())
    except InvalidSignature as error:
        raise NoteError("a signature does not verify") from error


def _strict_base64(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("base64 is malformed") from error
    if base64.b64encode(found).decode() != text:
        raise NoteError("base64 is not in its one spelling")
    return found


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]
