"""One pass over a record: each thing that does not fit becomes a finding, never an error."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from remit.domain.entry import EVENTS
from remit.errors import EntryRefusedError, NewerEntryError, PayloadTamperedError
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.checkpoint import Checkpoint, NoteError, parse_note
from remit.ledger.entry import NO_PREVIOUS, Leaf, parse
from remit.ledger.merkle import Frontier, Tiles, leaf_hash
from remit.ledger.record import Head, Note, Place, Record, claims_of
from remit.ledger.seal import KeyRing, check_row, open_payload

FINDINGS_NAMED_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that does not fit: which check found it, where, and what differs."""

    check: str
    position: int | None
    text: str


@dataclass(frozen=True, slots=True)
class _Due:
    """A checkpoint, and the size at which it is to be judged; malformed ones are due at once."""

    note: Note
    size: int
    stated: Checkpoint | None
    trouble: str


@dataclass(slots=True)
class Judge:
    """One pass over the record."""

    record: Record
    vkey: str
    keys: KeyRing | None
    tree: Frontier = field(default_factory=Frontier)
    tiles: Tiles = field(default_factory=Tiles)
    findings: list[Finding] = field(default_factory=list)
    found: int = 0
    newer: int = 0
    blind: bool = False
    payloads_named: int = 0
    payloads_opened: int = 0
    payloads_carried: bool = True
    notes_seen: int = 0
    signed: int = 0
    anchored: int = 0
    last: Leaf | None = None
    _seq: dict[str, int] = field(default_factory=dict)
    _writers: dict[str, tuple[int, str]] = field(default_factory=dict)

    def run(self, head: Head, receipts: Sequence[AnchorReceipt]) -> None:
        """Judge every position, checkpoint and anchor, then the end."""
        notes = self.record.notes()
        due = self._next(notes)
        wanted: dict[int, list[AnchorReceipt]] = {}
        for receipt in receipts:
            self._receipt(receipt, wanted)
        for place in self.record.places():
            self._place(place)
            size = self.tree.size
            while due is not None and due.size <= size:
                self._note(due)
                due = self._next(notes)
            for receipt in wanted.pop(size, ()):
                self._anchored(receipt)
        while due is not None:
            self._note(due)
            due = self._next(notes)
        for size in sorted(wanted):
            self.bad("anchors", None, f"an anchor holds size {size} and the ledger ends before")
        self._end(head)

    def bad(self, check: str, position: int | None, text: str) -> None:
        """Keep a finding; the first ones are named, all are counted."""
        self.found += 1
        if len(self.findings) < FINDINGS_NAMED_MAX:
            self.findings.append(Finding(check=check, position=position, text=text))

    # -- one position ----------------------------------------------------------------------------

    def _place(self, place: Place) -> None:
        position = self.tree.size
        if place.position != position:
            self.bad("structure", position, f"position {position} is missing")
        digest = leaf_hash(place.leaf) if place.leaf is not None else bytes(32)
        self.tree.append(digest)
        for level, n, hashes in self.tiles.append(digest):
            if self.record.tile(level, n) != hashes:
                self.bad("tree", position, f"tile {n} of level {level} is not that of its entries")
        if place.leaf is None:
            self.bad("structure", position, "the leaf is missing or cannot be read")
            return
        try:
            leaf = parse(place.leaf, strict=True, newer=True)
        except NewerEntryError:  # of another format: its bytes are in the tree, no more is known
            self.newer += 1
            self.blind = True
            self.last = None
            return
        except EntryRefusedError as error:
            self.bad("structure", position, str(error))
            return
        self.newer += leaf.entry.event not in EVENTS
        if place.claims and place.claims != claims_of(leaf, digest):
            self.bad("structure", position, "columns beside the leaf say something else")
        if not self.blind:
            self._stream(position, leaf)
            self._writer(position, leaf, digest)
        self._payloads(position, leaf, place)
        self.last = leaf

    def _stream(self, position: int, leaf: Leaf) -> None:
        entry = leaf.entry
        expected = self._seq.get(entry.case_id, 0) + 1
        if entry.seq != expected:
            self.bad(
                "seq",
                position,
                f"entry {entry.seq} of case `{entry.case_id}` stands where {expected} should",
            )
        self._seq[entry.case_id] = entry.seq

    def _writer(self, position: int, leaf: Leaf, digest: bytes) -> None:
        link = leaf.link
        number, previous = self._writers.get(link.id, (0, NO_PREVIOUS))
        if (link.number, link.previous) != (number, previous):
            self.bad("writers", position, f"the chain of writer `{link.id}` breaks at {number}")
        self._writers[link.id] = (link.number + 1, digest.hex())

    def _payloads(self, position: int, leaf: Leaf, place: Place) -> None:
        self.payloads_named += len(leaf.payloads)
        if place.payloads is None:
            self.payloads_carried = False
            return
        rows = {row.role: row for row in place.payloads}
        for name in leaf.payloads:
            row = rows.get(name.role)
            if row is None:
                self.bad("payloads", position, f"payload `{name.role}` is missing")
                continue
            try:
                check_row(row.sealed, cipher=name.cipher)
                if row.key != name.key:
                    self.bad("payloads", position, f"payload `{name.role}` names another key")
                elif self.keys is not None and name.key == self.keys.payload_key_id:
                    open_payload(
                        row.sealed,
                        keys=self.keys,
                        entry_id=leaf.entry.id,
                        role=name.role,
                        cipher=name.cipher,
                        commitment=name.commitment,
                    )
                    self.payloads_opened += 1
            except (PayloadTamperedError, EntryRefusedError) as error:
                self.bad("payloads", position, str(error))

    # -- checkpoints and anchors -----------------------------------------------------------------

    def _next(self, notes: Iterator[Note]) -> "_Due | None":
        note = next(notes, None)
        if note is None:
            return None
        try:
            stated = parse_note(note.note, self.vkey)
        except NoteError as error:
            return _Due(note, note.size or 0, None, str(error))
        return _Due(note, stated.size if note.size is None else note.size, stated, "")

    def _note(self, due: "_Due") -> None:
        self.notes_seen += 1
        size = self.tree.size
        position = max(size - 1, 0)
        note, stated = due.note, due.stated
        if stated is None:
            self.bad("signatures", position, f"a checkpoint near {size}: {due.trouble}")
            return
        if stated.size != size or stated.root != self._root():
            self.bad("tree", position, f"the checkpoint of {stated.size} does not fit the entries")
        elif note.size is not None and note.size != stated.size:
            self.bad("structure", position, f"the row of checkpoint {stated.size} claims another")
        elif (
            note.at_us is not None
            and self.last is not None
            and note.at_us != self.last.entry.at_us
        ):
            self.bad("structure", position, f"checkpoint {stated.size} claims another time")
        else:
            self.signed = size

    def _receipt(self, receipt: AnchorReceipt, wanted: dict[int, list[AnchorReceipt]]) -> None:
        try:
            stated = parse_note(receipt.note, self.vkey)
        except NoteError as error:
            self.bad("anchors", None, f"line {receipt.line} of an anchor: {error}")
        else:
            wanted.setdefault(stated.size, []).append(receipt)

    def _anchored(self, receipt: AnchorReceipt) -> None:
        if parse_note(receipt.note, self.vkey).root == self._root():
            self.anchored = self.tree.size
        else:
            position = self.tree.size - 1
            self.bad("anchors", position, f"an anchor holds another root for {self.tree.size}")

    def _root(self) -> bytes:
        return self.tree.root()

    # -- the end ---------------------------------------------------------------------------------

    def _end(self, head: Head) -> None:
        size = self.tree.size
        if head.size != size:
            self.bad("tree", min(head.size, size), f"the head says {head.size}, there are {size}")
        elif head.root is not None and head.root != self._root():
            self.bad("tree", None, "the head's root is not that of the entries")
        if head.origin != self.vkey.partition("+")[0]:
            self.bad("structure", None, f"the head is of origin `{head.origin}`")
        if self.last is not None and head.at_us is not None:
            claimed = (head.at_us, head.writer_id)
            if claimed != (self.last.entry.at_us, self.last.link.id):
                self.bad("structure", None, "the head claims another time or writer")
        if size and self.signed != size:
            self.bad("signatures", size - 1, f"no checkpoint signs the last {size - self.signed}")
        payloads = None if self.blind else self.payloads_named
        for text in self.record.surplus(size=size, payloads=payloads, tiles=self.tiles):
            self.bad("structure", None, text)
