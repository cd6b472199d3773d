"""The chain of one writer: numbers its entries, and binds each to the leaf before it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.domain.actor import service
from remit.domain.entry import EVENTS, Draft, Entry
from remit.domain.ids import IdSource, stream
from remit.domain.ledger_event import OriginOpened, WriterOpened
from remit.errors import EntryRefusedError, LedgerMismatchError
from remit.ledger import read
from remit.ledger.canonical import Json
from remit.ledger.entry import Link, build
from remit.ledger.merkle import leaf_hash
from remit.ledger.seal import PAYLOADS_PER_ENTRY_MAX, KeyRing, RandomBytes, seal
from remit.ledger.wrapping import ContentKey
from remit.store.connection import Connection
from remit.store.entries import INSERT_ENTRY, INSERT_PAYLOAD
from remit.store.journal import Mark, Written

CONTROL_WORKFLOW: Final = "remit"
_ACTOR: Final = service("ledger")

_Row = tuple[str, int, str, str, bytes]  # of a payload: case, seq, role, key, what is sealed


def control_stream(origin: str) -> str:
    """Return the stream for what belongs to no case and no workflow."""
    return stream("control", origin)


@dataclass(slots=True)
class _Batch:
    """What a transaction has stamped, on a copy of the chain's end."""

    link: Link  # the next entry's
    written: list[Written] = field(default_factory=list)
    entries: list[tuple[str | int | bytes | None, ...]] = field(default_factory=list)
    payloads: list[_Row] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)  # by case, of its payloads here
    flushed: tuple[int, int] = (0, 0)  # so many of each are in the database
    bytes: int = 0


class Chain:
    """The entries of one writer; the end moves only when a transaction is durable."""

    def __init__(
        self,
        keys: KeyRing,
        *,
        origin: str,
        key: str,
        ids: IdSource,
        random_bytes: RandomBytes,
        follows: Sequence[str] = (),
    ) -> None:
        self.stream = control_stream(origin)
        self._keys = keys
        self._origin = origin
        self._log_key = key
        self._ids = ids
        self._random = random_bytes
        self._follows = tuple(follows)
        self._link = Link(ids())
        self._batch: _Batch | None = None
        self._instant: tuple[datetime, str, int] | None = None

    @property
    def id(self) -> str:
        """Who writes."""
        return self._link.id

    @property
    def number(self) -> int:
        """How many entries are durable."""
        return self._link.number

    @property
    def written(self) -> Sequence[Written]:
        """What was stamped since `begin`; the list itself, to which more is added."""
        return self._open().written

    @property
    def bytes(self) -> int:
        """How much was stamped since `begin`, leaves and payloads."""
        return self._open().bytes

    def opening(self, *, first: bool) -> Sequence[Draft]:
        """Return the entries that come before any other; `first`: of the whole log."""
        events = (
            *((OriginOpened(origin=self._origin, key=self._log_key),) if first else ()),
            WriterOpened(writer=self.id, follows=self._follows),
        )
        return [
            Draft(event=event, case_id=self.stream, workflow=CONTROL_WORKFLOW, actor=_ACTOR)
            for event in events
        ]

    def begin(self) -> None:
        """Begin a transaction on a copy of the state."""
        link = self._link
        self._batch = _Batch(Link(link.id, link.number, link.previous))

    def stamp(self, draft: Draft, *, seq: int, now: datetime, connection: Connection) -> Entry:
        """Make the leaf of a draft and seal its payloads.

        Raises `EntryRefusedError` and `KeyUnavailableError`; the transaction is then as it was.
        """
        batch = self._batch or self._open()
        name, case_id = draft.event.NAME, draft.case_id
        if EVENTS.get(name) is not type(draft.event):
            raise EntryRefusedError(
                f"`{type(draft.event).__name__}` is not an event of the ledger"
            )
        entry_id = self._ids()
        named: list[dict[str, Json]] = []
        rows: list[_Row] = []
        if draft.payloads:
            self._seal(draft, connection, entry_id, seq, named, rows)
        known = self._instant
        if known is None or known[0] is not now:
            known = self._instant = (now, clock.text(now), clock.microseconds(now))
        _, at, at_us = known
        link, body = batch.link, draft.body
        leaf = build(draft, id=entry_id, seq=seq, at=at, payloads=named, link=link)
        digest = leaf_hash(leaf)
        batch.entries.append(
            (
                case_id, seq, name, draft.run, draft.path, at_us, draft.tenant,
                draft.workflow, link.id, link.number, leaf, digest,
            )
        )  # fmt: skip
        batch.written.append((case_id, seq, digest, at_us))
        batch.bytes += len(leaf)
        for row in rows:
            batch.payloads.append(row)
            batch.bytes += len(row[4])
        link.number += 1
        link.previous = digest.hex()
        return Entry(
            id=entry_id,
            case_id=case_id,
            seq=seq,
            event=name,
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

    def _seal(
        self,
        draft: Draft,
        connection: Connection,
        entry_id: str,
        seq: int,
        named: list[dict[str, Json]],
        rows: list[_Row],
    ) -> None:
        """Seal the payloads of a draft: what its leaf says of them, and their rows."""
        event, case_id = draft.event, draft.case_id
        if len(draft.payloads) > PAYLOADS_PER_ENTRY_MAX:
            raise EntryRefusedError(f"`{event.NAME}` has over {PAYLOADS_PER_ENTRY_MAX} payloads")
        of_case: ContentKey | None = None
        for role, content in draft.payloads.items():
            if role not in event.ROLES:
                raise EntryRefusedError(f"`{event.NAME}` has no payload of role `{role}`")
            if role in event.FACTS:
                key = self._keys.facts()
            elif role == read.ORIGINAL:
                key = self._originals(draft, connection)
            else:
                key = of_case = of_case or self._keys.of_case(
                    case_id, lambda: draft.key or self._bound(connection, case_id, seq)
                )
            sealed, cipher, commitment = seal(
                content, key=key, entry_id=entry_id, role=role, random_bytes=self._random
            )
            named.append({"cipher": cipher, "commitment": commitment, "key": key.id, "role": role})
            rows.append((case_id, seq, role, key.id, sealed))
        if of_case is not None:
            self._open().keys[case_id] = of_case.id

    def _originals(self, draft: Draft, connection: Connection) -> ContentKey:
        """Return the key of what came in: that of the values masked in it, and of nothing else."""
        name = draft.originals or read.originals_key_id(connection, draft.case_id)
        return (None if name is None else self._keys.find(name)) or self._keys.draw()

    def _bound(self, connection: Connection, case_id: str, seq: int) -> str | None:
        """Return the key that the payloads of a case name, those of this transaction too."""
        if seq == 1:
            return None
        return self._open().keys.get(case_id) or read.key_id(connection, case_id)

    def mark(self) -> Mark:
        """Return a mark of the transaction so far."""
        batch = self._batch or self._open()
        link = batch.link
        return (
            link.number, link.previous, len(batch.written), len(batch.payloads), batch.flushed,
            batch.bytes,
        )  # fmt: skip

    def back(self, mark: Mark) -> None:
        """Forget what was stamped since a mark; inserted rows of it are undone."""
        batch = self._open()
        link = batch.link
        link.number, link.previous, written, payloads, batch.flushed, batch.bytes = mark
        del batch.written[written:]
        del batch.entries[written:]
        del batch.payloads[payloads:]

    def flush(self, connection: Connection) -> None:
        """Insert the rows of what was stamped."""
        batch = self._open()
        entries, payloads = batch.flushed
        if len(batch.entries) == entries:
            return
        connection.later(INSERT_ENTRY, batch.entries[entries:])
        if len(batch.payloads) > payloads:
            connection.later(INSERT_PAYLOAD, batch.payloads[payloads:])
        batch.flushed = len(batch.entries), len(batch.payloads)

    def committed(self) -> None:
        """Replace the state by the transaction's copy."""
        self._link = self._open().link
        self._batch = None

    def abandoned(self) -> None:
        """Drop the transaction's copy."""
        self._batch = None

    def _open(self) -> _Batch:
        if self._batch is None:
            raise LedgerMismatchError("no transaction is open; only the writer appends")
        return self._batch
