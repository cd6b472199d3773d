"""A witness: cosigns a log's checkpoint if it only grew since the last one (C2SP tlog-witness).

It knows nothing of our database: a folder with its key and, for each origin, the last size and
root that it cosigned, durable before it answers.
"""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from remit.domain.clock import Clock
from remit.errors import LedgerMismatchError, SettingsError
from remit.ledger.checkpoint import Checkpoint, NoteError, parse_note, parse_vkey
from remit.ledger.cosignature import Cosigner, Request, parse_request, text_of
from remit.ledger.merkle import EMPTY_ROOT, verify_consistency
from remit.ledger.witness_sink import SIZE_TYPE

KEY_FILE: Final = "key.json"
LOCK_FILE: Final = "lock"
REFUSED_FILE: Final = "refused.jsonl"
REFUSED_BYTES_MAX: Final = 16 * 1024 * 1024
STATE_BYTES_MAX: Final = 4096
SEED_BYTES: Final = 32
_PLAIN: Final = "text/plain; charset=utf-8"
_DASH: Final = "\u2014 ".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a witness answers: an HTTP status and its body."""

    status: int
    body: bytes
    content_type: str = _PLAIN


@dataclass(frozen=True, slots=True)
class _Known:
    size: int = 0
    root: bytes = EMPTY_ROOT


class Witness:
    """The state of one witness; one process at a time owns its folder."""

    def __init__(
        self,
        folder: Path,
        origins: Sequence[str],
        *,
        name: str | None,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, list[str]] = {}
        for vkey in origins:
            try:
                origin = parse_vkey(vkey).origin
            except NoteError as error:
                raise SettingsError(f"`{vkey}` is not the key of a log: {error}") from error
            self._keys.setdefault(origin, []).append(vkey)
        self._owned = own(folder, "witness")
        try:
            self._cosigner = _cosigner(folder, name=name, random_bytes=random_bytes)
            self._known = {origin: self._load(origin) for origin in self._keys}
        except BaseException:
            self.close()
            raise

    @property
    def vkey(self) -> str:
        """The key that verifies this witness's cosignatures: for whoever configures it."""
        return self._cosigner.vkey

    def known(self) -> dict[str, int]:
        """Return the size last cosigned for each origin."""
        with self._lock:
            return {origin: known.size for origin, known in self._known.items()}

    def add_checkpoint(self, body: bytes) -> Reply:
        """Answer a request for a cosignature."""
        try:
            request = parse_request(body)
            text = text_of(request.note)
        except NoteError as error:
            return _no(400, str(error))
        origin = text.split(b"\n", 1)[0].decode(errors="replace")
        if origin not in self._keys:
            return _no(404, "this witness does not know that origin")
        stated = self._stated(origin, request.note, text)
        if stated is None:
            return _no(403, "no signature of a key that this witness trusts for that origin")
        if request.old > stated.size:
            return _no(400, "the old size is larger than the checkpoint's")
        with self._lock:
            return self._judged(request, stated)

    def close(self) -> None:
        """Give the folder free."""
        os.close(self._owned)

    def _judged(self, request: Request, stated: Checkpoint) -> Reply:
        known = self._known[stated.origin]
        if request.old != known.size:
            return Reply(status=409, body=f"{known.size}\n".encode(), content_type=SIZE_TYPE)
        if stated.size == known.size and stated.root != known.root:
            self._refuse(request.note, "another root for a size that was cosigned")
            return Reply(status=409, body=f"{known.size}\n".encode(), content_type=SIZE_TYPE)
        if not _grown(known, stated, request):
            self._refuse(request.note, "not consistent with what was cosigned")
            return _no(422, "the proof does not lead from the last checkpoint to this one")
        self._keep(stated)
        seconds = int(self._clock().timestamp())
        return Reply(status=200, body=self._cosigner.cosign(request.note, seconds=seconds))

    def _stated(self, origin: str, note: bytes, text: bytes) -> Checkpoint | None:
        """Return what a note states if a trusted key signed it; other signatures are ignored."""
        signatures = note[len(text) + 1 :].splitlines(keepends=True)
        for line in signatures:
            if not line.startswith(_DASH + origin.encode() + b" "):
                continue
            for vkey in self._keys[origin]:
                try:
                    return parse_note(text + b"\n" + line, vkey)
                except NoteError:
                    continue
        return None

    # -- what is durable -------------------------------------------------------------------------

    def _load(self, origin: str) -> _Known:
        path = self._file(origin)
        if not path.exists():
            return _Known()
        try:
            members = json.loads(path.read_bytes()[:STATE_BYTES_MAX])
            known = _Known(int(members["size"]), bytes.fromhex(members["root"]))
            named = members["origin"]
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerMismatchError(
                f"`{path}` is damaged: this witness no longer knows what it cosigned; put it back"
            ) from error
        if named != origin:
            raise LedgerMismatchError(f"`{path}` is of another origin; put the right one back")
        return known

    def _keep(self, stated: Checkpoint) -> None:
        members = {"origin": stated.origin, "root": stated.root.hex(), "size": stated.size}
        write_durably(self._file(stated.origin), (json.dumps(members) + "\n").encode())
        self._known[stated.origin] = _Known(stated.size, stated.root)

    def _refuse(self, note: bytes, why: str) -> None:
        """Keep a signed statement that contradicts an earlier one: it is proof of a fork."""
        path = self._folder / REFUSED_FILE
        if path.exists() and path.stat().st_size > REFUSED_BYTES_MAX:
            return
        members = {"at": self._clock().isoformat(), "note": note.decode(), "why": why}
        with path.open("ab") as file:
            file.write((json.dumps(members) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())

    def _file(self, origin: str) -> Path:
        return self._folder / f"{sha256(origin.encode()).hexdigest()[:32]}.json"


def _grown(known: _Known, stated: Checkpoint, request: Request) -> bool:
    if known.size == 0:
        return not request.proof and (stated.size > 0 or stated.root == EMPTY_ROOT)
    return verify_consistency(
        first=known.size,
        second=stated.size,
        first_root=known.root,
        second_root=stated.root,
        proof=request.proof,
    )


def _no(status: int, why: str) -> Reply:
    return Reply(status=status, body=f"{why}\n".encode())


def own(folder: Path, what: str) -> int:
    """Take a folder for one process alone; raises `SettingsError` where another has it."""
    handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise SettingsError(
            f"`{folder}` belongs to another {what} that is running; end it, or name another"
        ) from error
    return handle


def _cosigner(folder: Path, *, name: str | None, random_bytes: Callable[[int], bytes]) -> Cosigner:
    """Open the witness's own key, or make it once; a name once given stays."""
    path = folder / KEY_FILE
    if not path.exists():
        if not name:
            raise SettingsError("a new witness needs a name of its own; give `--name`")
        if "+" in name or not name.isprintable() or " " in name:
            raise SettingsError(f"`{name}` cannot be a witness's name: no space and no `+` in it")
        members = {"name": name, "seed": random_bytes(SEED_BYTES).hex()}
        write_durably(path, (json.dumps(members) + "\n").encode())
    key, kept = read_key(path, member="name", whose="witness")
    if name and name != kept:
        raise SettingsError(f"this witness is `{kept}`, not `{name}`; leave `--name` out")
    return Cosigner(key, name=kept)


def read_key(path: Path, *, member: str, whose: str) -> tuple[Ed25519PrivateKey, str]:
    """Read a key, and whose it is, from where it was made once; raises `SettingsError`."""
    try:
        found = json.loads(path.read_bytes()[:STATE_BYTES_MAX])
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(found["seed"]))
        return key, str(found[member])
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"`{path}` is not a {whose}'s key; put back the right one") from error


def write_durably(path: Path, data: bytes) -> None:
    """Replace a file by these bytes, synced with its folder."""
    draft = path.with_suffix(".draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
