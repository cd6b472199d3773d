"""A signer in a process of its own, as the one who extends the tree speaks with it."""

import json
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from remit.domain.value import Json
from remit.errors import LedgerMismatchError, SettingsError, SignerUnavailableError
from remit.ledger.checkpoint import Checkpoint, NoteError, Signer, parse_vkey
from remit.ledger.judge import Bad, Head
from remit.ledger.leaf import Leaf
from remit.ledger.merkle import Frontier
from remit.store.journal import Written

ANSWER_SECONDS: Final = 5.0
ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024
ABANDONED: Final = "ledger:checkpoint:abandoned"
_SCHEME: Final = "unix:"

Tree = tuple[int, str]  # size and root


class RemoteSigner:
    """Signs by asking; whoever extends the tree confirms what it committed.

    A signature whose commit failed is abandoned by the next session, which begins by comparing.
    """

    def __init__(
        self, place: str, vkey: str, *, older: Sequence[tuple[Signer, int]] = (), vkeys: str = ""
    ) -> None:
        if not place.startswith(_SCHEME) or not place.removeprefix(_SCHEME):
            raise SettingsError(f"`{place}` is no place of a signer; write `unix:/path`")
        try:
            self.origin = parse_vkey(vkey).origin
        except NoteError as error:
            raise SettingsError(f"`ledger.signer_key` cannot be used: {error}") from error
        self.path = Path(place.removeprefix(_SCHEME))
        self.vkey = vkey
        self.vkeys = vkeys or vkey
        self.older = list(older)
        self.abandonments: list[Tree] = []
        self._guard = threading.RLock()
        self._connection: socket.socket | None = None
        self._signed: Tree | None = None  # and not confirmed yet
        self._abandons = False

    def compare(self, size: int, root: bytes, hashes: Sequence[bytes]) -> None:
        """Begin a session with the committed tree; raises `LedgerMismatchError`."""
        with self._guard:
            self._close()
            self._begin((size, root.hex()), hashes)

    def sign(
        self,
        *,
        size: int,
        root: bytes,
        at_us: int = 0,
        written: Sequence[Written] = (),
        before: Frontier | None = None,
    ) -> bytes:
        """Return the signed note of a tree that these leaves extend.

        Raises `SignerUnavailableError`, and `LedgerMismatchError` where it knows another tree.
        """
        with self._guard:
            if self._connection is None:
                known = before or Frontier()
                self._begin((known.size, known.root().hex()), known.hashes)
            answer = self._ask(
                {
                    "op": "sign",
                    "size": size,
                    "root": root.hex(),
                    "leaves": [digest.hex() for _, _, digest, _ in written],
                    "abandon": self._abandons,
                }
            )
            self._signed, self._abandons = (size, root.hex()), False
        text = Checkpoint(origin=self.origin, size=size, root=root).text
        lines = [str(answer.get("line"))]
        lines += [one.line(text) for one, until in self.older if at_us <= until]
        return f"{text}\n{''.join(lines)}".encode()

    def confirmed(self) -> None:
        """Say that the last batch is committed; raises `SignerUnavailableError`."""
        with self._guard:
            signed, self._signed = self._signed, None
            if signed is None:
                return
            if self._connection is None:
                self._begin(signed, None)
            else:
                self._ask({"op": "confirm", "size": signed[0], "root": signed[1]})

    def abandoned(self) -> None:
        """Give up the last batch: the next session abandons its signature."""
        with self._guard:
            if self._signed is not None:
                self._signed = None
                self._close()

    def close(self) -> None:
        """End the session; the next that is needed begins anew."""
        with self._guard:
            self._close()

    def memory(self) -> Mapping[str, Json]:
        """Ask on a connection of its own what it remembers; no session is taken over."""
        with self._guard, _connected(self.path) as connection:
            return _said(connection, {"op": "memory"})

    def has_signed(self) -> bool:
        """Return whether it has signed, or was asked to sign, any tree."""
        told = self.memory()
        confirmed = _tree(told) or (0, "")
        return bool(confirmed[0] or told.get("provisional") or told.get("abandoned"))

    def _begin(self, base: Tree, hashes: Sequence[bytes] | None) -> None:
        self._connection = _connected(self.path)
        told = self._ask({"op": "hello"})
        if told.get("vkey") != self.vkey:
            self._close()
            raise LedgerMismatchError(
                f"the signer at `{self.path}` has the key `{told.get('vkey')}`, and the settings "
                "say another; set `ledger.signer_key` right"
            )
        confirmed, provisional = _tree(told), _tree(told.get("provisional"))
        listed = told.get("abandoned")
        found = [_tree(one) for one in (listed if isinstance(listed, list) else ())]
        self.abandonments = [one for one in found if one is not None]
        size, root = base
        if confirmed == base:
            self._abandons = provisional is not None
            if provisional is not None:
                self.abandonments.append(provisional)
        elif provisional == base:
            self._ask({"op": "confirm", "size": size, "root": root})
        elif hashes is not None and confirmed is not None and not confirmed[0] and size:
            self._ask({"op": "adopt", "size": size, "hashes": [one.hex() for one in hashes]})
        else:
            self._close()
            knows = provisional or confirmed or (0, "")
            raise LedgerMismatchError(
                f"the signer signed size {knows[0]} with root {knows[1]} and this ledger has "
                f"{size} with {root}; put back the newest copy of the database"
            )

    def _ask(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        connection = self._connection
        if connection is None:
            raise SignerUnavailableError(_gone(self.path, "no session"))
        try:
            answer = _said(connection, request)
        except BaseException:
            self._close()
            raise
        if "error" in answer:
            self._close()
            raise SignerUnavailableError(
                f"the signer refuses: {answer['error']}; nothing was acknowledged"
            )
        return answer

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SignerWatch:
    """Holds a ledger against what its signer remembers, and says who signs."""

    def __init__(self, remote: RemoteSigner | None) -> None:
        self._head = Head(origin="", size=0)
        self._told: set[Tree] = set()
        self._remote = remote
        self._memory: Mapping[str, Json] | None = None
        self._trouble = ""
        if remote is not None:
            try:
                self._memory = remote.memory()
            except SignerUnavailableError as error:
                self._trouble = str(error)

    def begin(self, head: Head) -> None:
        """Learn how far the record says it goes."""
        self._head = head

    def see(self, position: int, leaf: Leaf, bad: Bad) -> None:
        """Take up what is told of signatures that were abandoned."""
        del position, bad
        if leaf.event == ABANDONED:
            size, root = leaf.body.get("size"), leaf.body.get("root")
            if isinstance(size, int) and isinstance(root, str):
                self._told.add((size, root))

    def end(self, bad: Bad) -> Sequence[str]:
        """Compare with the signer's memory."""
        if self._remote is None:
            return ["signer    same process: whoever has this host can sign what they like"]
        if self._memory is None:
            return [f"signer    not asked: {self._trouble}"]
        known = _tree(self._memory) or (0, "")
        root = None if self._head.root is None else self._head.root.hex()
        if known[0] > self._head.size:
            bad(
                "signer", None, f"the signer signed size {known[0]} and here are {self._head.size}"
            )
        elif known[0] == self._head.size and root not in (None, known[1]):
            bad("signer", None, f"the signer signed another root for size {known[0]}")
        listed = self._memory.get("abandoned")
        left = [_tree(one) for one in (listed if isinstance(listed, list) else ())]
        missing = [one for one in left if one is not None and one not in self._told]
        line = f"signer    separate, {self._remote.path}: signed up to {known[0]:,}"
        if left:
            line += f"; {len(left)} signatures abandoned, {len(missing)} of them not on record"
        return [line]


def _tree(told: object) -> Tree | None:
    if not isinstance(told, Mapping):
        return None
    size, root = told.get("size"), told.get("root")
    return (size, root) if isinstance(size, int) and isinstance(root, str) else None


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(ANSWER_SECONDS)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise SignerUnavailableError(_gone(path, error)) from error
    return connection


def _said(connection: socket.socket, request: Mapping[str, Json]) -> Mapping[str, Json]:
    name = connection.getpeername()
    try:
        connection.sendall(json.dumps(request).encode() + b"\n")
        data = bytearray()
        while not data.endswith(b"\n"):
            more = connection.recv(65_536)
            if not more or len(data) > ANSWER_BYTES_MAX:
                raise SignerUnavailableError(_gone(name, "it hung up"))
            data += more
        found = json.loads(data)
    except (OSError, ValueError) as error:
        raise SignerUnavailableError(_gone(name, error)) from error
    if not isinstance(found, dict):
        raise SignerUnavailableError(_gone(name, "it talks nonsense"))
    return found


def _gone(path: object, why: object) -> str:
    return (
        f"the signer at `{path}` does not answer ({why}); nothing is acknowledged until it does: "
        "start `remit ledger signer`"
    )
