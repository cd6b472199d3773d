"""The chain of one writer: numbers its entries, and binds each to the leaf before it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.domain.actor import service
from remit.domain.entry import EVENTS, Draft, Entry
from remit.domain.ids import IdSource, stream
from remit.domain.ledger_event import OriginOpened, WriterOpened
from remit.errors import EntryRefusedError, LedgerMismatchError
from remit.ledger import read
from remit.ledger.entry import Link, build
from remit.ledger.merkle import leaf_hash
from remit.ledger.seal import PAYLOADS_PER_ENTRY_MAX, KeyRing, RandomBytes, seal
from remit.ledger.wrapping import ContentKey
from remit.store.connection import Connection
from remit.store.entries import INSERT_ENTRY, INSERT_PAYLOAD
from remit.store.journal import Written

CONTROL_WORKFLOW: Final = "remit"
_ACTOR: Final = service("ledger")


def control_stream(origin: str) -> str:
    """Return the stream for what belongs to no case and no workflow."""
    return stream("control", origin)


@dataclass(slots=True)
class _Batch:
    """What a transaction has stamped, on a copy of the chain's end."""

    link: Link  # the next entry's
    written: list[Written] = field(default_factory=list)
    entries: list[tuple[str | int | bytes | None, ...]] = field(default_factory=list)
    payloads: list[tuple[str | int | bytes, ...]] = field(default_factory=list)
    flushed: tuple[int, int] = (0, 0)  # so many of each are in the database
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Mark:
    number: int
    previous: str
    written: int
    entries: int
    payloads: int
    flushed: tuple[int, int]


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
        """What was stamped since `begin`."""
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
        self._batch = _Batch(replace(self._link))

    def stamp(self, draft: Draft, *, seq: int, now: datetime, connection: Connection) -> Entry:
        """Make the leaf of a draft and seal its payloads.

        Raises `EntryRefusedError` and `KeyUnavailableError`; the transaction is then as it was.
        """
        batch = self._open()
        event = draft.event
        if EVENTS.get(event.NAME) is not type(event):
            raise EntryRefusedError(f"`{type(event).__name__}` is not an event of the ledger")
        if len(draft.payloads) > PAYLOADS_PER_ENTRY_MAX:
            raise EntryRefusedError(f"`{event.NAME}` has over {PAYLOADS_PER_ENTRY_MAX} payloads")
        entry_id = self._ids()
        named: list[dict[str, str]] = []
        rows: list[tuple[str | int | bytes, ...]] = []
        sealed_bytes = 0
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
            sealed_bytes += len(sealed.ciphertext)
        at, at_us = self._written_at(now)
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
        batch.written.append((draft.case_id, seq, digest, at_us))
        batch.bytes += len(leaf) + sealed_bytes
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
        return self._keys.of_case(case_id, lambda: draft.key or self._bound(connection, case_id))

    def _bound(self, connection: Connection, case_id: str) -> str | None:
        """Return the key that the payloads of a case name, those of this transaction too."""
        self.flush(connection)
        return read.key_id(connection, case_id)

    def mark(self) -> _Mark:
        """Return a mark of the transaction so far."""
        batch = self._open()
        return _Mark(
            batch.link.number,
            batch.link.previous,
            len(batch.written),
            len(batch.entries),
            len(batch.payloads),
            batch.flushed,
        )

    def back(self, mark: object) -> None:
        """Forget what was stamped since a mark; inserted rows of it are undone."""
        batch = self._open()
        if not isinstance(mark, _Mark):
            raise TypeError("not a mark of this chain")
        batch.link.number, batch.link.previous = mark.number, mark.previous
        batch.flushed = mark.flushed
        del batch.written[mark.written :]
        del batch.entries[mark.entries :]
        del batch.payloads[mark.payloads :]

    def flush(self, connection: Connection) -> None:
        """Insert the rows of what was stamped."""
        batch = self._open()
        entries, payloads = batch.flushed
        if len(batch.entries) == entries:
            return
        connection.executemany(INSERT_ENTRY, batch.entries[entries:])
        if len(batch.payloads) > payloads:
            connection.executemany(INSERT_PAYLOAD, batch.payloads[payloads:])
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

    def _written_at(self, now: datetime) -> tuple[str, int]:
        known = self._instant
        if known is None or known[0] is not now:
            known = self._instant = (now, clock.text(now), clock.microseconds(now))
        return known[1], known[2]
