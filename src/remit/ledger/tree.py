"""The signed tree: checked when it is taken up, extended by batches, its head moved by compare.

State is a copy that replaces the old one after the commit; a failed batch leaves no trace.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from remit.errors import HeadMovedError, LedgerMismatchError
from remit.ledger.checkpoint import NoteError, parse_note
from remit.ledger.merkle import EMPTY_ROOT, Frontier, Tiles
from remit.ledger.rebuild import restored
from remit.store.connection import Connection
from remit.store.entries import (
    INSERT_CHECKPOINT,
    INSERT_HEAD,
    INSERT_ORDER,
    MOVE_HEAD,
    PUT_TILE,
    RAISE_EPOCH,
    RENAME_HEAD,
)
from remit.store.journal import Written


class Signing(Protocol):
    """Who signs a tree: in this process, or in one of its own."""

    vkeys: str

    @property
    def vkey(self) -> str:
        """The public key."""

    def compare(self, size: int, root: bytes, hashes: Sequence[bytes]) -> None:
        """Hold the committed tree against what was signed; raises `LedgerMismatchError`."""

    def sign(
        self,
        *,
        size: int,
        root: bytes,
        at_us: int = 0,
        written: Sequence[Written] = (),
        before: Frontier | None = None,
    ) -> bytes:
        """Return the signed note of the tree that these leaves made of the one before."""

    def confirmed(self) -> None:
        """Note that the last tree that was signed is committed."""

    def abandoned(self) -> None:
        """Note that it never will be."""


@dataclass(slots=True)
class _State:
    """The committed tree, or a batch's copy of it."""

    frontier: Frontier = field(default_factory=Frontier)
    tiles: Tiles = field(default_factory=Tiles)
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What the head row says of the last entry."""

    at_us: int
    writer_id: str


class Tree:
    """The tree of one origin, as the one who extends it holds it."""

    def __init__(
        self,
        signer: Signing,
        *,
        origin: str,
        signing: Callable[[Connection], Signing] | None = None,
    ) -> None:
        self._signer = signer
        self._signing = signing
        self._origin = origin
        self._epoch = 0
        self._state = _State()
        self._next: _State | None = None

    @property
    def size(self) -> int:
        """How many entries are durable."""
        return self._state.frontier.size

    def signed_by(self, signer: Signing) -> None:
        """Have another sign from the next batch on."""
        self._signer = signer

    def found(self, connection: Connection) -> None:
        """Make the head row of an empty log, unless there is one."""
        connection.execute(INSERT_HEAD, (self._origin, EMPTY_ROOT))

    def check(self, connection: Connection) -> tuple[Tiles, bytes, int, End]:
        """Compare the stored tree with its head and its last checkpoint.

        Makes the head row where there is none. Raises `LedgerMismatchError`: nothing may be
        appended.
        """
        sql = "SELECT origin, size, root, at_us, writer_id, epoch FROM ledger_head"
        head = connection.one(sql)
        if head is None:
            self.found(connection)
            head = connection.one(sql)
        if head is None:
            raise LedgerMismatchError("the ledger's head cannot be written")
        origin, size, root, at_us, writer_id, epoch = head
        if origin != self._origin:
            raise LedgerMismatchError(
                f"the ledger's origin is `{origin}` and the settings say `{self._origin}`; "
                "set it back"
            )
        if self._signing is not None:
            self._signer = self._signing(connection)
        tiles = restored(connection, size=size, root=root)
        self._check_note(connection, size=size, root=root)
        return tiles, root, epoch, End(at_us=at_us, writer_id=writer_id)

    def start(self, connection: Connection, *, alone: bool = True) -> End:
        """Check the stored tree and take it up; raises `LedgerMismatchError`.

        Where others may extend it too, raising its epoch first ends whatever they are at.
        """
        if not alone:
            connection.execute(RAISE_EPOCH)
        tiles, root, self._epoch, end = self.check(connection)
        self._state = _State(tiles.frontier(), tiles, root)
        self._next = None
        frontier = self._state.frontier
        self._signer.compare(frontier.size, root, frontier.hashes)
        return end

    def renamed(self, connection: Connection, signer: Signing, *, origin: str) -> "Tree":
        """Give the same tree a new origin, under which it is extended from now on.

        Raises `LedgerMismatchError` where the stored tree does not fit itself.
        """
        tiles, root, epoch, _ = self.check(connection)
        frontier = tiles.frontier()
        if connection.execute(RENAME_HEAD, (origin, self._origin, frontier.size)) != 1:
            raise HeadMovedError("another process writes to the ledger; stop it first")
        made = Tree(signer, origin=origin)
        made._epoch = epoch + 1
        made._state = _State(frontier, tiles, root)
        return made

    def extend(
        self,
        connection: Connection,
        written: Sequence[Written],
        *,
        writer_id: str,
        ordered: bool = False,
    ) -> int:
        """Extend and sign the tree by entries in their order; return the size before.

        With `ordered` their rows of the order are written already. Raises `LedgerMismatchError`
        where somebody else has moved the head.
        """
        old = self._state
        first = old.frontier.size
        if not written:
            return first
        frontier, tiles = old.frontier.copy(), old.tiles.copy()
        full: list[tuple[int, int, bytes]] = []
        for _, _, digest, _ in written:
            frontier.append(digest)
            full.extend(tiles.append(digest))
        root, at_us = frontier.root(), written[-1][3]
        if not ordered:
            connection.executemany(
                INSERT_ORDER,
                [
                    (first + n, case_id, seq, digest)
                    for n, (case_id, seq, digest, _) in enumerate(written)
                ],
            )
        if full:  # and with them the open tiles above, which proofs read
            connection.executemany(PUT_TILE, [*full, *tiles.above()])
        note = self._signer.sign(
            size=frontier.size, root=root, at_us=at_us, written=written, before=old.frontier
        )
        connection.execute(INSERT_CHECKPOINT, (frontier.size, at_us, note))
        moved = connection.execute(
            MOVE_HEAD,
            (frontier.size, root, at_us, writer_id, self._origin, self._epoch, first),
        )
        if moved != 1:
            raise HeadMovedError(
                f"the ledger's head is no longer at {first}: another process writes to it; "
                "stop one of the two"
            )
        self._next = _State(frontier, tiles, root)
        return first

    def committed(self) -> int:
        """Replace the state by the batch's copy; return its size."""
        if self._next is not None:
            self._state, self._next = self._next, None
            self._signer.confirmed()
        return self._state.frontier.size

    def abandoned(self) -> None:
        """Drop the batch's copy."""
        self._next = None
        self._signer.abandoned()

    def _check_note(self, connection: Connection, *, size: int, root: bytes) -> None:
        found = connection.one("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1")
        if found is None and size == 0:
            return
        if found is None or found[0] != size:
            last = "none" if found is None else str(found[0])
            raise LedgerMismatchError(
                f"the ledger's head is at {size} and its last checkpoint at {last}; "
                "put back the newest copy of the database"
            )
        try:
            stated = parse_note(found[1], self._signer.vkeys)
        except NoteError as error:
            raise LedgerMismatchError(
                f"the last checkpoint is not signed by this installation's key ({error}); "
                "put back the `keys.json` that belongs to the database"
            ) from error
        if (stated.size, stated.root) != (size, root):
            raise LedgerMismatchError(
                f"the last checkpoint states size {stated.size} and root {stated.root.hex()}, the "
                f"head {size} and {root.hex()}; put back the newest copy of the database"
            )
