"""Sealed content: the key ring, payloads encrypted beside a leaf, commitments inside it.

commitment = SHA-256("remit/commit/v1" 00 salt[32] plaintext)                  in the leaf
ciphertext = nonce[12] AES-256-GCM(key, salt plaintext, aad = entry id, role)  a row
cipher     = SHA-256(ciphertext)                                               in the leaf
"""

import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from remit.errors import EntryRefusedError, PayloadTamperedError, SettingsError
from remit.ledger import canonical
from remit.ledger.canonical import Json

RandomBytes = Callable[[int], bytes]

PAYLOAD_BYTES_MAX: Final = 32 * 1024 * 1024
PAYLOADS_PER_ENTRY_MAX: Final = 8
KEY_FILE: Final = "keys.json"
KEY_FILE_BYTES_MAX: Final = 4096
ROOT_BYTES: Final = 32
SALT_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
_COMMIT: Final = b"remit/commit/v1\x00"


class KeyRing:
    """The root key of an installation and the keys derived from it, each for one purpose."""

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._subkeys: dict[str, bytes] = {}
        self._macs: dict[str, hmac.HMAC] = {}
        self.id = sha256(b"remit/root-id/v1\x00" + root).hexdigest()[:16]
        self.payload_key_id = f"root-{self.id}"
        self._payload = AESGCM(self.subkey("payload"))

    @classmethod
    def open(cls, folder: Path, *, random_bytes: RandomBytes) -> "KeyRing":
        """Open the key file of a folder, or make it once, readable by its owner alone.

        Raises `SettingsError` for a file that is damaged or that others can read.
        """
        path = folder / KEY_FILE
        if not path.exists():
            _make(path, random_bytes(ROOT_BYTES))
        return cls(_root_of(path))

    @classmethod
    def existing(cls, folder: Path) -> "KeyRing | None":
        """Open the key file of a folder, or None where there is none."""
        path = folder / KEY_FILE
        return cls(_root_of(path)) if path.exists() else None

    def subkey(self, label: str) -> bytes:
        """Return the 32 bytes that this label always has (HKDF-SHA256)."""
        found = self._subkeys.get(label)
        if found is None:
            expand = HKDFExpand(algorithm=SHA256(), length=32, info=b"remit/v1/" + label.encode())
            found = self._subkeys[label] = expand.derive(self._root)
        return found

    def keyed(self, label: str, data: bytes) -> str:
        """Return HMAC-SHA256 of data under a subkey, in hexadecimal."""
        begun = self._macs.get(label)
        if begun is None:
            begun = self._macs[label] = hmac.new(self.subkey(label), digestmod="sha256")
        # A copy keeps the interpreter's lock, which the one-shot function gives up each time.
        mac = begun.copy()
        mac.update(data)
        return mac.hexdigest()

    def log_key(self) -> Ed25519PrivateKey:
        """Return the key that signs checkpoints."""
        return Ed25519PrivateKey.from_private_bytes(self.subkey("log"))

    @property
    def payload_cipher(self) -> AESGCM:
        """The cipher of this installation's payloads."""
        return self._payload


@dataclass(frozen=True, slots=True)
class Sealed:
    """A payload as its row and its leaf have it."""

    ciphertext: bytes
    cipher: str
    commitment: str


def seal(
    content: Json, *, keys: KeyRing, entry_id: str, role: str, random_bytes: RandomBytes
) -> Sealed:
    """Encrypt content for one role of one entry.

    Raises `EntryRefusedError` for content that is not JSON or is over 32 MiB.
    """
    plaintext = canonical.encode_content(content)
    if len(plaintext) > PAYLOAD_BYTES_MAX:
        raise EntryRefusedError(f"payload `{role}` is over {PAYLOAD_BYTES_MAX} bytes")
    random = random_bytes(SALT_BYTES + NONCE_BYTES)
    salt, nonce = random[:SALT_BYTES], random[SALT_BYTES:]
    aad = (entry_id + role).encode()
    ciphertext = nonce + keys.payload_cipher.encrypt(nonce, salt + plaintext, aad)
    return Sealed(
        ciphertext,
        sha256(ciphertext).hexdigest(),
        sha256(_COMMIT + salt + plaintext).hexdigest(),
    )


def open_payload(
    ciphertext: bytes, *, keys: KeyRing, entry_id: str, role: str, cipher: str, commitment: str
) -> Json:
    """Return the content that the leaf names, or raise `PayloadTamperedError`."""
    check_row(ciphertext, cipher=cipher)
    if len(ciphertext) < NONCE_BYTES + SALT_BYTES + TAG_BYTES:
        raise PayloadTamperedError(f"payload `{role}` of entry `{entry_id}` is too short")
    aad = (entry_id + role).encode()
    try:
        opened = keys.payload_cipher.decrypt(
            ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], aad
        )
    except InvalidTag as error:
        raise PayloadTamperedError(
            f"payload `{role}` of entry `{entry_id}` does not open with `{keys.payload_key_id}`"
        ) from error
    if sha256(_COMMIT + opened).hexdigest() != commitment:
        raise PayloadTamperedError(
            f"payload `{role}` of entry `{entry_id}` is not what was committed"
        )
    return canonical.read(opened[SALT_BYTES:])


def check_row(ciphertext: bytes, *, cipher: str) -> None:
    """Raise `PayloadTamperedError` where a stored row is not the logged one; needs no key."""
    if sha256(ciphertext).hexdigest() != cipher:
        raise PayloadTamperedError("a payload's row is not the one that was logged")


def _make(path: Path, root: bytes) -> None:
    """Write the key file durably under its name, never over another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format": 1, "root": root.hex()}) + "\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first: its key is the key
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _root_of(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"`{path}` can be read by other users; run `chmod 600 {path}`")
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(KEY_FILE_BYTES_MAX))
        root = bytes.fromhex(found["root"])
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"`{path}` is not a key file; put back the one from backup") from error
    if len(root) != ROOT_BYTES:
        raise SettingsError(f"`{path}` is not a key file; put back the one from backup")
    return root
