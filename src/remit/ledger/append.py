"""Append: stamp the entries of a unit, number the batch, extend and sign the tree.

State is a copy that replaces the old one after the commit; a failed batch leaves no trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.domain.actor import service
from remit.domain.entry import EVENTS, Draft, Entry
from remit.domain.ids import IdSource, derived
from remit.domain.ledger_event import OriginOpened, WriterOpened
from remit.errors import EntryRefusedError, LedgerMismatchError
from remit.ledger import read
from remit.ledger.checkpoint import NoteError, Signer, parse_note
from remit.ledger.entry import Link, build
from remit.ledger.merkle import EMPTY_ROOT, Frontier, Tiles, leaf_hash
from remit.ledger.rebuild import restored
from remit.ledger.seal import PAYLOADS_PER_ENTRY_MAX, KeyRing, RandomBytes, seal
from remit.ledger.wrapping import ContentKey
from remit.store.connection import Connection
from remit.store.entries import (
    INSERT_CHECKPOINT,
    INSERT_ENTRY,
    INSERT_HEAD,
    INSERT_ORDER,
    INSERT_PAYLOAD,
    INSERT_TILE,
    MOVE_HEAD,
)

CONTROL_WORKFLOW: Final = "remit"
_ACTOR: Final = service("ledger")


def control_stream(origin: str) -> str:
    """Return the stream for what belongs to no case and no workflow."""
    return derived("control", origin)


@dataclass(slots=True)
class _Tree:
    """The committed tree and chain, or a batch's copy of them."""

    frontier: Frontier = field(default_factory=Frontier)
    tiles: Tiles = field(default_factory=Tiles)
    root: bytes = EMPTY_ROOT
    at: datetime | None = None

    def copy(self) -> "_Tree":
        return _Tree(self.frontier.copy(), self.tiles.copy(), self.root, self.at)


@dataclass(slots=True)
class _Batch:
    link: Link  # the next entry's
    at: datetime | None
    order: list[tuple[str, int, bytes]] = field(default_factory=list)  # case, seq, leaf hash
    entries: list[tuple[str | int | bytes | None, ...]] = field(default_factory=list)
    payloads: list[tuple[str | int | bytes, ...]] = field(default_factory=list)
    tree: _Tree | None = None


@dataclass(frozen=True, slots=True)
class _Mark:
    number: int
    previous: str
    length: int
    at: datetime | None


class Journal:
    """The ledger's end of the writer: one log with one origin."""

    def __init__(
        self, keys: KeyRing, *, origin: str, ids: IdSource, random_bytes: RandomBytes
    ) -> None:
        self._keys = keys
        self._origin = origin
        self._ids = ids
        self._random = random_bytes
        self._signer = Signer(keys.log_key(), origin=origin)
        self._tree = _Tree()
        self._link = Link("")
        self._follows: str | None = None
        self._batch: _Batch | None = None
        self._instant: tuple[datetime, str, int] | None = None

    @property
    def vkey(self) -> str:
        """The public key that verifies this log's checkpoints."""
        return self._signer.vkey

    @property
    def now(self) -> datetime | None:
        """Ledger time of the last entry; None in an empty ledger."""
        return self._tree.at if self._batch is None else self._batch.at

    def start(self, connection: Connection) -> None:
        """Compare the stored tree with its head and checkpoint, then begin a writer chain.

        Raises `LedgerMismatchError`: nothing may be appended.
        """
        head = connection.one("SELECT origin, size, root, at_us, writer_id FROM ledger_head")
        if head is None:
            connection.execute(INSERT_HEAD, (self._origin, EMPTY_ROOT))
            head = (self._origin, 0, EMPTY_ROOT, 0, "")
        origin, size, root, at_us, writer_id = head
        if origin != self._origin:
            raise LedgerMismatchError(
                f"the ledger's origin is `{origin}` and the settings say `{self._origin}`; "
                "set it back"
            )
        tiles = restored(connection, size=size, root=root)
        self._check_note(connection, size=size, root=root)
        self._tree = _Tree(tiles.frontier(), tiles, root, clock.instant(at_us) if size else None)
        self._link = Link(self._ids())
        self._follows = writer_id or None
        self._batch = None

    def opening(self) -> Sequence[Draft]:
        """Return the entries that open this origin and this writer, until they are written."""
        if self._link.number:
            return ()
        stream = control_stream(self._origin)
        opened = Draft(
            event=WriterOpened(writer=self._link.id, follows=self._follows),
            case_id=stream,
            workflow=CONTROL_WORKFLOW,
            actor=_ACTOR,
        )
        if self._tree.frontier.size:
            return (opened,)
        first = Draft(
            event=OriginOpened(origin=self._origin, key=self.vkey.split("+")[1]),
            case_id=stream,
            workflow=CONTROL_WORKFLOW,
            actor=_ACTOR,
        )
        return (first, opened)

    def begin(self) -> None:
        """Begin a batch on a copy of the state."""
        self._batch = _Batch(replace(self._link), self._tree.at)

    def stamp(self, draft: Draft, *, seq: int, now: datetime, connection: Connection) -> Entry:
        """Make the leaf of a draft and seal its payloads.

        Raises `EntryRefusedError` and `KeyUnavailableError`; the batch is then as it was.
        """
        batch = self._open_batch()
        event = draft.event
        if EVENTS.get(event.NAME) is not type(event):
            raise EntryRefusedError(f"`{type(event).__name__}` is not an event of the ledger")
        if len(draft.payloads) > PAYLOADS_PER_ENTRY_MAX:
            raise EntryRefusedError(f"`{event.NAME}` has over {PAYLOADS_PER_ENTRY_MAX} payloads")
        entry_id = self._ids()
        named: list[dict[str, str]] = []
        rows: list[tuple[str | int | bytes, ...]] = []
        for role, content in draft.payloads.items():
            if role not in event.ROLES:
                raise EntryRefusedError(f"`{event.NAME}` has no payload of role `{role}`")
            key = self._key(connection, draft, role)
            sealed = seal(
                content, key=key, entry_id=entry_id, role=role, random_bytes=self._random
            )
            key_id = key.id
            named.append(
                {
                    "cipher": sealed.cipher,
                    "commitment": sealed.commitment,
                    "key": key_id,
                    "role": role,
                }
            )
            rows.append((draft.case_id, seq, role, key_id, sealed.ciphertext))
        at, at_us = self._written(now)
        link, body = batch.link, draft.body
        leaf = build(
            draft,
            id=entry_id,
            seq=seq,
            at=at,
            body=body,
            payloads=named,
            link=link,
        )
        digest = leaf_hash(leaf)
        batch.entries.append(
            (
                draft.case_id, seq, event.NAME, draft.run, draft.path, at_us, draft.tenant,
                draft.workflow, link.id, link.number, leaf, digest,
            )
        )  # fmt: skip
        batch.payloads.extend(rows)
        batch.order.append((draft.case_id, seq, digest))
        batch.at = now
        link.number += 1
        link.previous = digest.hex()
        return Entry(
            id=entry_id,
            case_id=draft.case_id,
            seq=seq,
            event=event.NAME,
            body=body,
            actor=draft.actor,
            at_us=at_us,
            workflow=draft.workflow,
            tenant=draft.tenant,
            path=draft.path,
            run=draft.run,
            fingerprint=draft.fingerprint,
            payloads=draft.payloads,
            on_behalf_of=draft.on_behalf_of,
        )

    def _key(self, connection: Connection, draft: Draft, role: str) -> ContentKey:
        """Return what a payload is sealed under: the key of its case, or that of facts."""
        if role in draft.event.FACTS:
            return self._keys.facts()
        case_id = draft.case_id
        return self._keys.of_case(case_id, lambda: draft.key or read.key_id(connection, case_id))

    def mark(self) -> _Mark:
        """Return a mark of the batch so far, with everything flushed."""
        batch = self._open_batch()
        return _Mark(batch.link.number, batch.link.previous, len(batch.order), batch.at)

    def back(self, mark: object) -> None:
        """Forget what was stamped since a mark."""
        batch = self._open_batch()
        if not isinstance(mark, _Mark):
            raise TypeError("not a mark of this journal")
        batch.link.number, batch.link.previous = mark.number, mark.previous
        del batch.order[mark.length :]
        batch.entries.clear()
        batch.payloads.clear()
        batch.at = mark.at

    def flush(self, connection: Connection) -> None:
        """Insert the rows of what was stamped."""
        batch = self._open_batch()
        if batch.entries:
            connection.executemany(INSERT_ENTRY, batch.entries)
            batch.entries.clear()
        if batch.payloads:
            connection.executemany(INSERT_PAYLOAD, batch.payloads)
            batch.payloads.clear()

    def sequence(self, connection: Connection) -> int:
        """Extend and sign the tree by the batch; return its size.

        Raises `LedgerMismatchError` where somebody else has moved the head.
        """
        batch = self._open_batch()
        old = self._tree
        if not batch.order:
            return old.frontier.size
        tree = old.copy()
        frontier, tiles = tree.frontier, tree.tiles
        first = frontier.size
        full: list[tuple[int, int, bytes]] = []
        for _, _, digest in batch.order:
            frontier.append(digest)
            full.extend(tiles.append(digest))
        tree.root, tree.at = frontier.root(), batch.at
        connection.executemany(
            INSERT_ORDER,
            [(first + n, case, seq, digest) for n, (case, seq, digest) in enumerate(batch.order)],
        )
        if full:
            connection.executemany(INSERT_TILE, full)
        at_us = clock.microseconds(batch.at) if batch.at is not None else 0
        note = self._signer.sign(size=frontier.size, root=tree.root)
        connection.execute(INSERT_CHECKPOINT, (frontier.size, at_us, note))
        moved = connection.execute(
            MOVE_HEAD, (frontier.size, tree.root, at_us, batch.link.id, first, old.root)
        )
        if moved != 1:
            raise LedgerMismatchError(
                f"the ledger's head is no longer at {first}: another process writes to it; "
                "stop one of the two"
            )
        batch.tree = tree
        return frontier.size

    def committed(self) -> None:
        """Replace the state by the batch's copy."""
        batch = self._open_batch()
        if batch.tree is not None:
            self._tree, self._link = batch.tree, batch.link
        self._batch = None

    def kept(self, connection: Connection) -> bool:
        """Is the batch whose commit failed stored all the same?"""
        batch = self._open_batch()
        if batch.tree is None:
            return True  # it had no entry: there is nothing to find
        head = connection.one("SELECT size, root FROM ledger_head")
        return head == (batch.tree.frontier.size, batch.tree.root)

    def abandoned(self) -> None:
        """Drop the batch's copy."""
        self._batch = None

    def _open_batch(self) -> _Batch:
        if self._batch is None:
            raise LedgerMismatchError("no batch is open; only the writer appends")
        return self._batch

    def _written(self, now: datetime) -> tuple[str, int]:
        known = self._instant
        if known is None or known[0] is not now:
            known = self._instant = (now, clock.text(now), clock.microseconds(now))
        return known[1], known[2]

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
            stated = parse_note(found[1], self.vkey)
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
