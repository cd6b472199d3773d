"""Cosignatures and requests for them, as C2SP tlog-cosignature and tlog-witness have them."""

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from remit.ledger.checkpoint import NoteError, strict_base64
from remit.ledger.merkle import HASH_BYTES

REQUEST_BYTES_MAX: Final = 16_384
PROOF_HASHES_MAX: Final = 63
_COSIGNATURE: Final = b"\x04"
_COSIGNER_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 64
_COSIGNER_BYTES: Final = 33
_COSIGNED_BY: Final = "\u2014 "


class NotCosignedError(NoteError):
    """A note has no cosignature of that key."""


class Cosigner:
    """Signs checkpoints of others under its own name, each with the time."""

    def __init__(self, key: Ed25519PrivateKey, *, name: str) -> None:
        self._key = key
        self._name = name
        self._public = key.public_key().public_bytes_raw()
        self._id = _cosigner_id(name, self._public)

    @property
    def vkey(self) -> str:
        """The public key that verifies these cosignatures: name, id and key."""
        key = base64.b64encode(_COSIGNATURE + self._public).decode()
        return f"{self._name}+{self._id.hex()}+{key}"

    def cosign(self, note: bytes, *, seconds: int) -> bytes:
        """Return the signature line over a note's text at that many seconds since 1970."""
        signature = self._key.sign(_cosigned(text_of(note), seconds))
        stamped = self._id + seconds.to_bytes(_TIME_BYTES, "big") + signature
        return f"{_COSIGNED_BY}{self._name} {base64.b64encode(stamped).decode()}\n".encode()


def cosigned_at(note: bytes, lines: bytes, vkey: str) -> int:
    """Return the seconds since 1970 at which this key cosigned a note.

    Lines of other keys are passed over. Raises `NoteError` where none of this key verifies.
    """
    name, key_id, public = _parse_cosigner(vkey)
    for line in lines.decode(errors="replace").split("\n"):
        named, _, encoded = line.removeprefix(_COSIGNED_BY).partition(" ")
        if not line.startswith(_COSIGNED_BY) or named != name:
            continue
        stamped = strict_base64(encoded)
        if stamped[:_COSIGNER_ID_BYTES] != key_id:
            continue
        rest = stamped[_COSIGNER_ID_BYTES:]
        if len(rest) != _TIME_BYTES + _SIGNATURE_BYTES:
            raise NoteError("a cosignature is of another length")
        seconds = int.from_bytes(rest[:_TIME_BYTES], "big")
        try:
            public.verify(rest[_TIME_BYTES:], _cosigned(text_of(note), seconds))
        except InvalidSignature as error:
            raise NoteError(f"the cosignature of `{name}` does not verify") from error
        return seconds
    raise NotCosignedError(f"there is no cosignature of `{name}`")


def text_of(note: bytes) -> bytes:
    """Return the text of a note that its signatures are over, its last newline included."""
    text, gap, _ = note.rpartition(b"\n\n")
    if not gap:
        raise NoteError("a note has no signature lines")
    return text + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a witness is asked to cosign, with the proof from the size it last cosigned."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def encoded(self) -> bytes:
        """Return the body of `add-checkpoint`."""
        hashes = "".join(f"{base64.b64encode(one).decode()}\n" for one in self.proof)
        return f"old {self.old}\n{hashes}\n".encode() + self.note


def parse_request(body: bytes) -> Request:
    """Return what a body of `add-checkpoint` asks for, or raise `NoteError`."""
    head, gap, note = body.partition(b"\n\n")
    if not gap or len(body) > REQUEST_BYTES_MAX:
        raise NoteError("the request is not of the form of `add-checkpoint`")
    try:
        first, *hashes = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise NoteError("the request's head is not ASCII") from error
    word, _, digits = first.partition(" ")
    if word != "old" or not digits.isdigit() or len(digits) > 18 or str(int(digits)) != digits:  # noqa: PLR2004 - digits of a size
        raise NoteError("the first line is not `old` and a size")
    if len(hashes) > PROOF_HASHES_MAX:
        raise NoteError(f"a proof has at most {PROOF_HASHES_MAX} hashes")
    proof = tuple(strict_base64(one) for one in hashes)
    if any(len(one) != HASH_BYTES for one in proof):
        raise NoteError("a hash of the proof is of another length")
    return Request(old=int(digits), proof=proof, note=note)


def check_vkey(vkey: str) -> str:
    """Return the name of a cosigner's public key, or raise `NoteError`."""
    return _parse_cosigner(vkey)[0]


def _parse_cosigner(vkey: str) -> tuple[str, bytes, Ed25519PublicKey]:
    name, plus, rest = vkey.strip().partition("+")
    hexadecimal, other, encoded = rest.partition("+")
    if not (name and plus and other):
        raise NoteError("the key is not of the form `name+id+key`")
    key = strict_base64(encoded)
    if len(key) != _COSIGNER_BYTES or key[:1] != _COSIGNATURE:
        raise NoteError("the key is not one for cosignatures (its kind is not 4)")
    if _cosigner_id(name, key[1:]).hex() != hexadecimal:
        raise NoteError("the key's id does not belong to it")
    return name, bytes.fromhex(hexadecimal), Ed25519PublicKey.from_public_bytes(key[1:])


def _cosigned(text: bytes, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n".encode() + text


def _cosigner_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _COSIGNATURE + public).digest()[:_COSIGNER_ID_BYTES]
