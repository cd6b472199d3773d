"""Sealed content: payloads encrypted beside a leaf, commitments inside it.

commitment = SHA-256("remit/commit/v1" 00 salt[32] plaintext)                  in the leaf
ciphertext = nonce[12] AES-256-GCM(payload key, salt plaintext, aad = entry id, role)  a row
cipher     = SHA-256(ciphertext)                                               in the leaf
payload key  that of this entry and role under the key of its case, or of the facts
"""

from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag

from remit.errors import EntryRefusedError, PayloadTamperedError
from remit.ledger import canonical
from remit.ledger.canonical import Json
from remit.ledger.keys import KeyRing
from remit.ledger.keystore import RandomBytes
from remit.ledger.wrapping import ContentKey

PAYLOAD_BYTES_MAX: Final = 32 * 1024 * 1024
PAYLOADS_PER_ENTRY_MAX: Final = 8
SALT_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
_COMMIT: Final = b"remit/commit/v1\x00"


class Sealed(NamedTuple):
    """A payload as its row and its leaf have it."""

    ciphertext: bytes
    cipher: str
    commitment: str


def seal(
    content: Json, *, key: ContentKey, entry_id: str, role: str, random_bytes: RandomBytes
) -> Sealed:
    """Encrypt content for one role of one entry.

    Raises `EntryRefusedError` for content that is not JSON or is over 32 MiB.
    """
    plaintext = canonical.encode_content(content)
    if len(plaintext) > PAYLOAD_BYTES_MAX:
        raise EntryRefusedError(f"payload `{role}` is over {PAYLOAD_BYTES_MAX} bytes")
    random = random_bytes(SALT_BYTES + NONCE_BYTES)
    salted, nonce = random[:SALT_BYTES] + plaintext, random[SALT_BYTES:]
    aad = (entry_id + role).encode()
    ciphertext = nonce + key.payload(entry_id, role).encrypt(nonce, salted, aad)
    return Sealed(ciphertext, sha256(ciphertext).hexdigest(), sha256(_COMMIT + salted).hexdigest())


def open_payload(
    ciphertext: bytes, *, key: ContentKey, entry_id: str, role: str, cipher: str, commitment: str
) -> Json:
    """Return the content that the leaf names, or raise `PayloadTamperedError`."""
    _, plaintext = reveal(
        ciphertext, key=key, entry_id=entry_id, role=role, cipher=cipher, commitment=commitment
    )
    return canonical.read(plaintext)


def reveal(
    ciphertext: bytes, *, key: ContentKey, entry_id: str, role: str, cipher: str, commitment: str
) -> tuple[bytes, bytes]:
    """Return salt and plaintext of a payload: what the commitment in the leaf is over.

    Raises `PayloadTamperedError`.
    """
    check_row(ciphertext, cipher=cipher)
    if len(ciphertext) < NONCE_BYTES + SALT_BYTES + TAG_BYTES:
        raise PayloadTamperedError(f"payload `{role}` of entry `{entry_id}` is too short")
    aad = (entry_id + role).encode()
    try:
        opened = key.payload(entry_id, role).decrypt(
            ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], aad
        )
    except InvalidTag as error:
        raise PayloadTamperedError(
            f"payload `{role}` of entry `{entry_id}` does not open with `{key.id}`"
        ) from error
    if sha256(_COMMIT + opened).hexdigest() != commitment:
        raise PayloadTamperedError(
            f"payload `{role}` of entry `{entry_id}` is not what was committed"
        )
    return opened[:SALT_BYTES], opened[SALT_BYTES:]


def check_row(ciphertext: bytes, *, cipher: str) -> None:
    """Raise `PayloadTamperedError` where a stored row is not the logged one; needs no key."""
    if sha256(ciphertext).hexdigest() != cipher:
        raise PayloadTamperedError("a payload's row is not the one that was logged")


__all__ = [
    "PAYLOADS_PER_ENTRY_MAX",
    "KeyRing",
    "RandomBytes",
    "Sealed",
    "check_row",
    "open_payload",
    "reveal",
    "seal",
]
