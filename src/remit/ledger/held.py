"""The tree as an anchor is told of it: the last checkpoint, and proofs from what is stored."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from remit.errors import LedgerForkError, LedgerMismatchError
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.checkpoint import Checkpoint, NoteError, parse_note
from remit.ledger.merkle import EMPTY_ROOT, Frontier, Node, consistency, split
from remit.ledger.rebuild import node_of
from remit.store.connection import Connection

T = TypeVar("T")
Reading = Callable[[Callable[[Connection], T]], T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The ledger as its last checkpoint states it; what is smaller is asked of stored tiles."""

    note: bytes
    size: int
    root: bytes
    vkey: str
    root_at: Callable[[int], bytes]
    proof_from: Callable[[int], list[bytes]]

    def compare(self, receipt: AnchorReceipt | None, *, place: str) -> None:
        """Raise `LedgerForkError` where a receipt of this log is of another tree than ours."""
        if receipt is None:
            return
        self.compare_size(receipt.size, place=place)
        ours = self.root_at(receipt.size)
        if receipt.root != ours:
            raise LedgerForkError(
                f"{place} keeps root {receipt.root.hex()} for size {receipt.size} and this ledger "
                f"has {ours.hex()}; nothing more is appended: find out who changed it"
            )

    def compare_size(self, size: int, *, place: str) -> None:
        """Raise `LedgerForkError` where an anchor knows more entries than there are."""
        if size > self.size:
            raise LedgerForkError(
                f"{place} knows {size} entries and this ledger has {self.size} with root "
                f"{self.root.hex()}; put back the newest copy of the database, or run "
                "`remit ledger recover`"
            )

    def signed(self, receipt: AnchorReceipt) -> bool:
        """Did this log sign what the receipt is of?"""
        try:
            parse_note(receipt.note, self.vkey)
        except NoteError:
            return False
        return True


def held(connection: Connection, vkey: str, read: Reading[bytes]) -> Held:
    """Return the last checkpoint, of size 0 where there is none.

    Proofs open snapshots of their own: what is below a signed size never changes. Raises
    `LedgerMismatchError` where the checkpoint is not signed by this key.
    """
    note: bytes | None = connection.value(
        "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1"
    )
    try:
        stated = (
            Checkpoint(origin="", size=0, root=EMPTY_ROOT)
            if note is None
            else parse_note(bytes(note), vkey)
        )
    except NoteError as error:
        raise LedgerMismatchError(
            f"the last checkpoint is not signed by this installation's key ({error})"
        ) from error

    def root_at(size: int) -> bytes:
        return stated.root if size == stated.size else read(lambda c: root_of(node_of(c), size))

    def proof_from(size: int) -> list[bytes]:
        joined = read(lambda c: b"".join(consistency(size, stated.size, node_of(c))))
        return split(joined)

    return Held(
        note=bytes(note or b""),
        size=stated.size,
        root=stated.root,
        vkey=vkey,
        root_at=root_at,
        proof_from=proof_from,
    )


def root_of(node: Node, size: int) -> bytes:
    """Return the root of the first `size` entries."""
    hashes, start = [], 0
    for height in reversed(range(size.bit_length())):
        if size >> height & 1:
            hashes.append(node(height, start >> height))
            start += 1 << height
    return Frontier(size, hashes).root()
