"""What a signer remembers: the log's key, and the last tree it signed, synced before it answers.

It extends its own frontier by the leaves of a batch and signs the root that it finds itself, so
nothing that it signed can be changed or dropped later. A signature is provisional until the
writer's commit is confirmed; one whose commit never came is abandoned by the next session, once,
and stays on record here.
"""

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from remit.domain.value import Json
from remit.errors import LedgerMismatchError, SettingsError
from remit.ledger.checkpoint import Checkpoint, Signer, origin_parts
from remit.ledger.merkle import HASH_BYTES, Frontier
from remit.ledger.witness import own, read_key, write_durably

KEY_FILE: Final = "signer.json"
STATE_FILE: Final = "signed.json"
ABANDONED_MAX: Final = 10_000
STATE_BYTES_MAX: Final = 2 * 1024 * 1024
SEED_BYTES: Final = 32


class _Refused(Exception):  # noqa: N818 - an answer, no error of ours
    """Why a request is not answered as it was asked."""


@dataclass(slots=True)
class _Signed:
    frontier: Frontier = field(default_factory=Frontier)
    session: int = 0  # who asked for it

    @property
    def told(self) -> dict[str, Json]:
        return {"size": self.frontier.size, "root": self.frontier.root().hex()}


class SignerMemory:
    """The key and the memory of one signer; one process at a time owns its folder."""

    def __init__(
        self,
        folder: Path,
        *,
        origin: str | None,
        random_bytes: Callable[[int], bytes],
        recovered: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.points: list[Callable[[str], None]] = []  # tests kill here
        self._folder = folder
        self._guard = threading.Lock()
        self._session = 0
        self._confirmed = _Signed()
        self._provisional: _Signed | None = None
        self._abandoned: list[tuple[int, str]] = []
        self._owned = own(folder, "signer")
        try:
            if recovered and origin:
                _follow(folder, origin)
            self._signer, self.origin = _key(folder, origin, random_bytes)
            self._load()
        except BaseException:
            self.close()
            raise

    @property
    def vkey(self) -> str:
        """The public key that verifies what this signs."""
        return self._signer.vkey

    @property
    def size(self) -> int:
        """The size of the last tree that was signed and confirmed."""
        return self._confirmed.frontier.size

    def close(self) -> None:
        """Give the folder free."""
        os.close(self._owned)

    def answer(self, session: int, request: Mapping[str, Json]) -> tuple[int, dict[str, Json]]:
        """Answer a request; return the session that it is of, and the answer."""
        with self._guard:
            try:
                if request.get("op") == "hello":
                    self._session += 1
                    return self._session, self._hello()
                if request.get("op") == "memory":
                    return session, self._hello()
                return session, self._asked(session, request)
            except _Refused as refused:
                return session, {"error": str(refused)}

    def _asked(self, session: int, request: Mapping[str, Json]) -> dict[str, Json]:
        if session != self._session or not session:
            raise _Refused("another session has taken over")
        match request.get("op"):
            case "sign":
                return self._sign(session, request)
            case "confirm":
                return self._confirm(request)
            case "adopt":
                return self._adopt(request)
        raise _Refused("there is no such request")

    def _hello(self) -> dict[str, Json]:
        return {
            **self._confirmed.told,
            "vkey": self.vkey,
            "provisional": None if self._provisional is None else self._provisional.told,
            "abandoned": [{"size": size, "root": root} for size, root in self._abandoned],
        }

    def _sign(self, session: int, request: Mapping[str, Json]) -> dict[str, Json]:
        self._point("asked")
        frontier = self._confirmed.frontier.copy()
        for leaf in _hashes(request.get("leaves")):
            frontier.append(leaf)
        root = frontier.root()
        if (request.get("size"), request.get("root")) != (frontier.size, root.hex()):
            raise _Refused(
                f"{request.get('size')} entries do not follow the {self.size} that were signed"
            )
        standing = self._provisional
        if standing is not None and standing.told != {"size": frontier.size, "root": root.hex()}:
            if not request.get("abandon") or standing.session == session:
                raise _Refused("a signature is not confirmed yet; a new session may abandon it")
            if len(self._abandoned) >= ABANDONED_MAX:
                raise _Refused("too many signatures were abandoned; rotate the log's key")
            self._abandoned.append((standing.frontier.size, standing.frontier.root().hex()))
        self._provisional = _Signed(frontier, session)
        self._keep()
        self._point("kept")
        text = Checkpoint(origin=self.origin, size=frontier.size, root=root).text
        return {"line": self._signer.line(text)}

    def _confirm(self, request: Mapping[str, Json]) -> dict[str, Json]:
        asked = {"size": request.get("size"), "root": request.get("root")}
        if self._provisional is not None and self._provisional.told == asked:
            self._confirmed, self._provisional = self._provisional, None
            self._keep()
            self._point("confirmed")
        elif self._confirmed.told != asked:
            raise _Refused(f"size {asked['size']} was not signed")
        return {"size": self.size}

    def _adopt(self, request: Mapping[str, Json]) -> dict[str, Json]:
        """Begin with a tree that another key has signed; only where nothing was signed yet."""
        if self.size or self._provisional is not None or self._abandoned:
            raise _Refused("this signer has signed already; it adopts no other tree")
        size, hashes = request.get("size"), _hashes(request.get("hashes"))
        if not isinstance(size, int) or size < 0 or size.bit_count() != len(hashes):
            raise _Refused("that is no tree")
        self._confirmed = _Signed(Frontier(size, hashes))
        self._keep()
        return {"size": size}

    # -- what is durable -------------------------------------------------------------------------

    def _load(self) -> None:
        path = self._folder / STATE_FILE
        if not path.exists():
            self._keep()
            return
        try:
            found = json.loads(path.read_bytes()[:STATE_BYTES_MAX])
            self._confirmed = _signed(found["confirmed"])
            if found["provisional"] is not None:
                self._provisional = _signed(found["provisional"])
            self._abandoned = [(int(size), str(root)) for size, root in found["abandoned"]]
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerMismatchError(
                f"`{path}` is damaged: this signer no longer knows what it signed; put it back"
            ) from error

    def _keep(self) -> None:
        members = {
            "abandoned": self._abandoned,
            "confirmed": _written(self._confirmed),
            "provisional": None if self._provisional is None else _written(self._provisional),
        }
        write_durably(self._folder / STATE_FILE, (json.dumps(members) + "\n").encode())

    def _point(self, name: str) -> None:
        for hook in self.points:
            hook(name)


def _hashes(given: object) -> list[bytes]:
    if not isinstance(given, list):
        raise _Refused("hashes are a list")
    try:
        found = [bytes.fromhex(str(one)) for one in given]
    except ValueError as error:
        raise _Refused("a hash is malformed") from error
    if any(len(one) != HASH_BYTES for one in found):
        raise _Refused("a hash is of another length")
    return found


def _signed(found: Mapping[str, object]) -> _Signed:
    hashes = found["hashes"]
    if not isinstance(hashes, list):
        raise TypeError("hashes are a list")
    return _Signed(Frontier(int(str(found["size"])), [bytes.fromhex(one) for one in hashes]))


def _written(signed: _Signed) -> dict[str, Json]:
    return {
        "size": signed.frontier.size,
        "hashes": [one.hex() for one in signed.frontier.hashes],
    }


def _follow(folder: Path, origin: str) -> None:
    """Go on under the origin that follows ours; what was signed under the old one is set aside."""
    path, state = folder / KEY_FILE, folder / STATE_FILE
    try:
        found = json.loads(path.read_bytes()[:STATE_BYTES_MAX])
        kept, seed = str(found["origin"]), found["seed"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"`{path}` is not a signer's key; put back the right one") from error
    if kept == origin:
        return
    stem, number = origin_parts(kept)
    if origin_parts(origin) != (stem, number + 1):
        raise SettingsError(f"`{origin}` is not the origin that follows `{kept}`")
    if state.exists():
        state.replace(folder / f"signed.{number}.json")
    write_durably(path, (json.dumps({"origin": origin, "seed": seed}) + "\n").encode())


def _key(
    folder: Path, origin: str | None, random_bytes: Callable[[int], bytes]
) -> tuple[Signer, str]:
    """Open the signer's key, or make it once for an origin; neither changes later."""
    path = folder / KEY_FILE
    if not path.exists():
        if not origin:
            raise SettingsError("a new signer needs the log's origin; give `--origin`")
        made = {"origin": origin, "seed": random_bytes(SEED_BYTES).hex()}
        write_durably(path, (json.dumps(made) + "\n").encode())
    key, kept = read_key(path, member="origin", whose="signer")
    if origin and origin != kept:
        raise SettingsError(f"this signer signs for `{kept}`, not `{origin}`")
    return Signer(key, origin=kept), kept
