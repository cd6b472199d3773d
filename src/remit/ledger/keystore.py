"""Root keys: what wraps every other key, kept in a file, behind a passphrase, or by a program.

An epoch is one root key. Once the root of an epoch is destroyed, nothing that was wrapped under it
opens again, in no backup either.
"""

import base64
import fcntl
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from remit.errors import KeyUnavailableError, SettingsError

RandomBytes = Callable[[int], bytes]

KEY_FILE: Final = "keys.json"
KEY_FILE_BYTES_MAX: Final = 65_536
ROOTS_MAX: Final = 64  # epochs that are not destroyed yet
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
ANSWER_BYTES_MAX: Final = 65_536
COMMAND_SECONDS_MAX: Final = 10.0
SCRYPT: Final = {"n": 2**15, "r": 8, "p": 1}
_DAMAGED: Final = "`{}` is not a key file; put back the one from backup"


class KeyStore(Protocol):
    """What keeps root keys; `ledger.keys` asks it at most once a minute."""

    @property
    def current(self) -> str:
        """The id of the root key that wraps from now on."""

    def wrap(self, key: bytes, *, context: str) -> tuple[str, bytes]:
        """Return the current root's id and the key wrapped under it."""

    def unwrap(self, wrapped: bytes, *, root: str, context: str) -> bytes:
        """Return a key; raises `KeyUnavailableError` when this root does not open it."""

    def renew(self) -> str:
        """Begin a new epoch; return its root's id. The root before it still unwraps."""

    def destroy(self, root: str) -> None:
        """Destroy a root for good; nothing happens where it is gone already."""


# -- a file --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class _Kept:
    current: str
    roots: dict[str, str]  # id -> the key, or the key sealed under the passphrase
    salt: str | None


class FileKeyStore:
    """Root keys in a file for its owner alone; a passphrase seals them in it (scrypt)."""

    def __init__(
        self, path: Path, *, random_bytes: RandomBytes, passphrase: str | None = None
    ) -> None:
        self._path = path
        self._random = random_bytes
        self._passphrase = passphrase
        self._derived: tuple[str, AESGCM] | None = None
        if not path.exists():
            salt = None if passphrase is None else random_bytes(16).hex()
            self._write(self._with_root(_Kept("", {}, salt)), first=True)
        if self._read().salt is None and passphrase is not None:
            raise SettingsError(
                f"`{path}` was made without a passphrase; take `key_passphrase` out again"
            )

    @property
    def current(self) -> str:
        """The id of the root key that wraps from now on."""
        return self._read().current

    def wrap(self, key: bytes, *, context: str) -> tuple[str, bytes]:
        """Return the current root's id and the key wrapped under it."""
        kept = self._read()
        nonce = self._random(NONCE_BYTES)
        sealed = AESGCM(self._root(kept, kept.current)).encrypt(nonce, key, context.encode())
        return kept.current, nonce + sealed

    def unwrap(self, wrapped: bytes, *, root: str, context: str) -> bytes:
        """Return a key; raises `KeyUnavailableError` when this root does not open it."""
        kept = self._read()
        if root not in kept.roots:
            raise KeyUnavailableError(
                f"the root key `{root}` is not in `{self._path}`: its epoch was destroyed, or the "
                "file is another's; put back the file that belongs to the database"
            )
        try:
            return AESGCM(self._root(kept, root)).decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise KeyUnavailableError(
                f"a key does not open with the root key `{root}`; put back the keys from backup"
            ) from error

    def renew(self) -> str:
        """Begin a new epoch; return its root's id."""
        with self._alone():
            kept = self._with_root(self._read())
            if len(kept.roots) > ROOTS_MAX:
                raise KeyUnavailableError(
                    f"`{self._path}` holds {ROOTS_MAX} root keys; "
                    "lower `root_key_destroy_after_days` so that old ones end"
                )
            self._write(kept)
        return kept.current

    def destroy(self, root: str) -> None:
        """Destroy a root for good; the current one stays."""
        with self._alone():
            kept = self._read()
            if root in kept.roots and root != kept.current:
                roots = {name: key for name, key in kept.roots.items() if name != root}
                self._write(_Kept(kept.current, roots, kept.salt))

    # -- parts -----------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep every other process from changing the file meanwhile: it would undo this change."""
        lock = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _root(self, kept: _Kept, root: str) -> bytes:
        held = bytes.fromhex(kept.roots[root])
        if kept.salt is None:
            return held
        try:
            return self._cipher(kept.salt).decrypt(
                held[:NONCE_BYTES], held[NONCE_BYTES:], root.encode()
            )
        except InvalidTag as error:
            raise SettingsError(
                f"the passphrase does not open `{self._path}`; set the one it was made with"
            ) from error

    def _with_root(self, kept: _Kept) -> _Kept:
        key = self._random(KEY_BYTES)
        root = sha256(b"remit/root-id/v1\x00" + key).hexdigest()[:16]
        held = key
        if kept.salt is not None:
            nonce = self._random(NONCE_BYTES)
            held = nonce + self._cipher(kept.salt).encrypt(nonce, key, root.encode())
        return _Kept(root, {**kept.roots, root: held.hex()}, kept.salt)

    def _cipher(self, salt: str) -> AESGCM:
        """Return the cipher of the passphrase; it takes a tenth of a second once a process."""
        if self._derived is None or self._derived[0] != salt:
            if self._passphrase is None:
                raise SettingsError(
                    f"`{self._path}` is sealed under a passphrase; set `key_passphrase`"
                )
            derive = Scrypt(salt=bytes.fromhex(salt), length=KEY_BYTES, **SCRYPT)
            self._derived = (salt, AESGCM(derive.derive(self._passphrase.encode())))
        return self._derived[1]

    def _read(self) -> _Kept:
        try:
            return self._kept()
        except SettingsError:
            return self._kept()  # it was replaced while we read

    def _kept(self) -> _Kept:
        path = self._path
        try:
            if path.stat().st_mode & 0o077:
                raise SettingsError(f"`{path}` can be read by other users; run `chmod 600 {path}`")
            with path.open("rb") as file:
                text = file.read(KEY_FILE_BYTES_MAX)
        except OSError as error:
            raise KeyUnavailableError(
                f"the key file `{path}` cannot be read ({error.strerror}); put it back"
            ) from error
        try:
            found = json.loads(text)
            kept = _Kept(found["current"], dict(found["roots"]), found.get("salt"))
            whole = kept.current in kept.roots and all(
                len(bytes.fromhex(key)) >= KEY_BYTES for key in kept.roots.values()
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(_DAMAGED.format(path)) from error
        if not whole:
            raise SettingsError(_DAMAGED.format(path))
        return kept

    def _write(self, kept: _Kept, *, first: bool = False) -> None:
        """Write the key file durably under its name; the first one never over another."""
        path = self._path
        path.parent.mkdir(parents=True, exist_ok=True)
        form = {"format": 1, "current": kept.current, "roots": kept.roots}
        text = json.dumps(form if kept.salt is None else {**form, "salt": kept.salt}) + "\n"
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(handle, text.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        if first:
            try:
                os.link(draft, path)
            except FileExistsError:
                pass  # another process was first: its keys are the keys
            finally:
                draft.unlink()
        else:
            with path.open("r+b", buffering=0) as before:
                draft.replace(path)
                # A courtesy: flash and copy-on-write disks may keep the bytes all the same.
                before.write(bytes(os.fstat(before.fileno()).st_size))
                os.fsync(before.fileno())
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


# -- a program -----------------------------------------------------------------------------------


class CommandKeyStore:
    """Root keys that a program keeps: it fits every key service without a library of ours.

    The program gets one JSON object on standard input and answers with one on standard output:
    `{"do": "current"}` → `{"root": ID}`; `{"do": "wrap", "key": B64, "context": TEXT}` →
    `{"root": ID, "wrapped": B64}`; `{"do": "unwrap", "root": ID, "wrapped": B64, "context": TEXT}`
    → `{"key": B64}`; `{"do": "renew"}` → `{"root": ID}`; `{"do": "destroy", "root": ID}` → `{}`.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    @property
    def current(self) -> str:
        """The id of the root key that wraps from now on."""
        return self._text(self._ask({"do": "current"}), "root")

    def wrap(self, key: bytes, *, context: str) -> tuple[str, bytes]:
        """Return the current root's id and the key wrapped under it."""
        answer = self._ask({"do": "wrap", "key": _base64(key), "context": context})
        return self._text(answer, "root"), self._bytes(answer, "wrapped")

    def unwrap(self, wrapped: bytes, *, root: str, context: str) -> bytes:
        """Return a key; raises `KeyUnavailableError` when the program does not open it."""
        request = {"do": "unwrap", "root": root, "wrapped": _base64(wrapped), "context": context}
        return self._bytes(self._ask(request), "key")

    def renew(self) -> str:
        """Begin a new epoch; return its root's id."""
        return self._text(self._ask({"do": "renew"}), "root")

    def destroy(self, root: str) -> None:
        """Destroy a root for good."""
        self._ask({"do": "destroy", "root": root})

    def _ask(self, request: dict[str, str]) -> dict[str, object]:
        name = self._command[0]
        try:
            done = subprocess.run(  # noqa: S603 - the command is the operator's own setting
                self._command,
                input=json.dumps(request).encode(),
                capture_output=True,
                timeout=COMMAND_SECONDS_MAX,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise KeyUnavailableError(
                f"`{name}` did not answer `{request['do']}`; see why it does not run"
            ) from error
        if done.returncode or len(done.stdout) > ANSWER_BYTES_MAX:
            raise KeyUnavailableError(
                f"`{name}` ended with {done.returncode} for `{request['do']}`; see its own log"
            )
        try:
            answer = json.loads(done.stdout or b"{}")
        except ValueError as error:
            raise KeyUnavailableError(f"`{name}` did not answer with JSON") from error
        if not isinstance(answer, dict):
            raise KeyUnavailableError(f"`{name}` did not answer with a JSON object")
        return answer

    def _text(self, answer: dict[str, object], name: str) -> str:
        found = answer.get(name)
        if not isinstance(found, str) or not found:
            raise KeyUnavailableError(f"`{self._command[0]}` answered without `{name}`")
        return found

    def _bytes(self, answer: dict[str, object], name: str) -> bytes:
        try:
            return base64.b64decode(self._text(answer, name), validate=True)
        except ValueError as error:
            raise KeyUnavailableError(
                f"`{self._command[0]}` answered with a `{name}` that is not base64"
            ) from error


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
