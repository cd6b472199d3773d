"""One pass over a record: each thing that does not fit becomes a finding, never an error."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Protocol

from remit.ledger.checkpoint import Checkpoint, NoteError, parse_note
from remit.ledger.leaf import Leaf, LeafError, NewerLeafError, read_leaf
from remit.ledger.merkle import Tree
from remit.ledger.pruned import Pruned
from remit.ledger.recovered import RECOVERED, Recoveries
from remit.ledger.successions import ROTATED, Successions

FINDINGS_NAMED_MAX: Final = 20
LOCAL: Final = "local"  # the operator of whatever is kept on the ledger's own host
MISSING: Final = "missing"  # a check: its text is the key of a payload that has no row
NO_PREVIOUS: Final = "0" * 64
_OF_LEDGER: Final = b'"event":"ledger:'  # what the tree's own story is told by
_ERASED: Final = "ledger:erasure:completed"
_PRUNED: Final = "ledger:range:pruned"

Bad = Callable[[str, int | None, str], None]  # check, position, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that does not fit: which check found it, where, and what differs."""

    check: str
    position: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the record says of its own end, and the first position that it carries."""

    origin: str
    size: int
    root: bytes | None = None
    first: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """A stored checkpoint; size and time as columns beside it claim, where there are any."""

    note: bytes
    size: int | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """At most 256 positions in order; `hashes` instead of leaves where none are carried."""

    positions: Sequence[int]
    leaves: Sequence[bytes | None]
    hashes: Sequence[bytes] | None = None
    gone: Mapping[int, tuple[str, bytes]] = field(default_factory=dict)  # case and hash of leaves


@dataclass(frozen=True, slots=True)
class Receipt:
    """A checkpoint that was kept outside: by whom, where it is read, and when it got there."""

    operator: str
    where: str
    note: bytes
    at: str = ""
    kind: str = "file"
    raw: bytes = b""  # what they answered, such as cosignatures


class Record(Protocol):
    """A record that can be judged: an export, or rows of a database."""

    def head(self) -> Head | None:
        """Return what the record says of its end; None where there is no ledger."""

    def keys(self) -> Sequence[str]:
        """Return the keys that the record says it is signed with: nobody's word but its own."""

    def pages(self) -> Iterator[Page]:
        """Yield every position that is there, in order; a page does not reach over a tile."""

    def notes(self) -> Iterator[Note]:
        """Yield the checkpoints, smallest first."""

    def tile(self, level: int, n: int) -> bytes | None:
        """Return a stored full tile."""

    def beside(self, position: int, leaf: Leaf, digest: bytes) -> Iterable[tuple[str, str]]:
        """Return check and text of what is stored beside a leaf and does not fit it."""

    def surplus(self, seen: "Judge") -> Iterator[tuple[str, str]]:
        """Yield check and text of what is stored beyond, or short of, what was judged."""


class Watcher(Protocol):
    """A further check that sees each leaf in order: semantics, disclosures."""

    def begin(self, head: Head) -> None:
        """Learn what the record claims, before its first leaf."""

    def see(self, position: int, leaf: Leaf, bad: Bad) -> None:
        """Look at one leaf."""

    def end(self, bad: Bad) -> Sequence[str]:
        """Return the lines that a report shows of it."""


@dataclass(slots=True)
class Judge:
    """One pass over a record: what does not fit becomes a finding, never an error."""

    record: Record
    vkeys: Sequence[str]
    events: Collection[str] = ()  # those that are understood; empty: names are not looked at
    watchers: Sequence[Watcher] = ()
    part: bool = False  # an export: the log may have gone on since
    form: bool = True  # all entries are read: their form, their chains, what lies beside them
    tree: Tree = field(default_factory=Tree)
    findings: list[Finding] = field(default_factory=list)
    found: int = 0
    newer: int = 0
    blind: bool = False
    first: int = 0
    notes_seen: int = 0
    signed: int = 0
    named: int = 0  # payloads
    missing: dict[str, tuple[int, int]] = field(default_factory=dict)  # by key: how many, first at
    erased: int = 0
    erasures: int = 0
    destroyed: set[str] = field(default_factory=set)  # keys that an erasure names
    pruned: Pruned = field(default_factory=Pruned)
    beyond: int = 0  # the largest size that an anchor holds after the end of a part
    now: str = ""  # ledger time: the largest instant so far
    last: Leaf | None = None
    anchored: dict[str, tuple[int, str]] = field(default_factory=dict)  # by operator: size, at
    anchored_at: str = ""  # ledger time at the last position that others than `local` anchor
    lines: list[str] = field(default_factory=list)
    successions: Successions = field(default_factory=Successions)
    _ats: list[str] = field(default_factory=list)
    _start: int = 0
    _seq: dict[str, int] = field(default_factory=dict)
    _writers: dict[str, tuple[int, str, int]] = field(default_factory=dict)  # and holes before
    _notes: Iterator[Note] = field(default_factory=lambda: iter(()))
    _due: tuple[int, Note, Checkpoint | str] | None = None
    _wanted: dict[int, list[tuple[Receipt, Checkpoint]]] = field(default_factory=dict)
    _keys: list[str] = field(default_factory=list)  # with those of the origins before a recovery
    _recoveries: Recoveries = field(default_factory=Recoveries)
    _stops: list[int] = field(default_factory=list)  # sizes that anchors hold, largest first

    @property
    def origin(self) -> str:
        """The origin that the keys sign for."""
        return self.vkeys[0].partition("+")[0]

    def run(self, head: Head, receipts: Sequence[Receipt]) -> None:
        """Judge every position, checkpoint and anchor, then the end."""
        self.first, self.blind = head.first, not self.form
        for watcher in self.watchers:
            watcher.begin(head)
        claimed = self.record.keys()
        self._keys = self.successions.begin(self.vkeys, claimed, origin=self.origin)
        self._notes = self.record.notes()
        self._next_note()
        for receipt in receipts:
            try:
                stated = parse_note(receipt.note, *self._keys)
            except NoteError as error:
                self.bad("anchors", None, f"{receipt.where}: {error}")
            else:
                self._wanted.setdefault(stated.size, []).append((receipt, stated))
        self._stops = sorted(self._wanted, reverse=True)
        self._at_size()
        for page in self.record.pages():
            self._page(page)
        self._end(head)

    def bad(self, check: str, position: int | None, text: str) -> None:
        """Keep a finding; the first ones are named, all are counted."""
        self.found += 1
        if len(self.findings) < FINDINGS_NAMED_MAX:
            self.findings.append(Finding(check=check, position=position, text=text))

    # -- one page

    def _page(self, page: Page) -> None:
        start = self._start = self.tree.size
        self._ats = []
        if page.hashes is not None:
            self._grow(list(page.hashes))
            return
        hashes = [sha256(b"\x00" + (leaf or b"")).digest() for leaf in page.leaves]
        told = self.successions.active or any(
            not leaf or self.form or _OF_LEDGER in leaf for leaf in page.leaves
        )
        if told or list(page.positions) != list(range(start, start + len(hashes))):
            self._leaves(page, hashes)
        self._grow(hashes)

    def _leaves(self, page: Page, hashes: list[bytes]) -> None:
        """Look at each leaf; put the hashes of those that are gone in their place."""
        ats, start = self._ats, self._start
        for n, (data, digest) in enumerate(zip(page.leaves, hashes, strict=True)):
            position = start + n
            if page.positions[n] != position:
                self.bad("structure", position, f"position {position} is missing")
            if n in page.gone:
                hashes[n] = page.gone[n][1]
                self.pruned.leaf(position, *page.gone[n])
                ats.append("")
                continue
            if data is None:
                self.bad("structure", position, "the leaf is missing or cannot be read")
            elif (
                self.form or self.successions.active or _OF_LEDGER in data
            ):  # who signs until when
                self._leaf(position, data, digest)
            else:
                self.last = None
            ats.append("" if self.last is None else self.last.at)

    def _leaf(self, position: int, data: bytes, digest: bytes) -> None:
        try:
            leaf = read_leaf(data)
        except NewerLeafError:  # its bytes are in the tree, no more is known
            self.newer += 1
            self.blind = True
            self.last = None
            return
        except LeafError as error:
            self.bad("structure", position, str(error))
            return
        self.last, event = leaf, leaf.event
        self.newer += bool(self.events) and event not in self.events
        self.now = max(self.now, leaf.at)
        self.named += len(leaf.payloads)
        for check, text in self.record.beside(position, leaf, digest) if self.form else ():
            if check == MISSING:
                count, first = self.missing.get(text, (0, position))
                self.missing[text] = (count + 1, first)
            else:
                self.bad(check, position, text)
        if event == _ERASED:
            self._erased(leaf)
        elif event == _PRUNED:
            self.pruned.tell(leaf.body)
        elif event == RECOVERED:
            self.lines += self._recoveries.see(position, leaf, self.bad)
        elif leaf.event == ROTATED:
            self.successions.see(position, leaf)
        if not self.blind:
            self._chains(position, leaf, digest.hex())
        for watcher in self.watchers:
            watcher.see(position, leaf, self.bad)

    def _erased(self, leaf: Leaf) -> None:
        self.erasures += 1
        keys = leaf.body.get("keys")
        if isinstance(keys, list):
            self.destroyed.update(str(key) for key in keys)

    def _chains(self, position: int, leaf: Leaf, digest: str) -> None:
        _, _, _, _, case, seq, writer, number, previous, _ = leaf
        known = self._seq.get(case, None if self.first else 0)  # a part may begin within a case
        if known is not None and seq != known + 1:
            text = f"entry {seq} of case `{case}` stands where {known + 1} should"
            self.bad("seq", position, text)
        self._seq[case] = seq
        due = self._writers.get(writer)
        if due is None:
            due = (number, previous, 0) if self.first else (0, NO_PREVIOUS, 0)
        if (number != due[0] or previous != due[1]) and not (
            self.pruned.holes > due[2] and number > due[0]  # what lay between was pruned
        ):
            self.bad("writers", position, f"the chain of writer `{writer}` breaks here")
        self._writers[writer] = (number + 1, digest, self.pruned.holes)

    def _grow(self, hashes: list[bytes]) -> None:
        """Extend the tree, and stop where a checkpoint or an anchor states its root."""
        done = 0
        while done < len(hashes):
            stop = self._stop()
            end = len(hashes) if stop is None else done + stop - self.tree.size
            self._filled(self.tree.extend(hashes[done:end]))
            done = min(end, len(hashes))
            self._at_size()

    def _filled(self, tiles: list[tuple[int, int, bytes]]) -> None:
        for level, n, hashes in tiles:
            if self.record.tile(level, n) != hashes:
                text = f"tile {n} of level {level} is not that of its entries"
                self.bad("tree", self.tree.size - 1, text)

    def _stop(self) -> int | None:
        sizes = [self._due[0]] if self._due else []
        sizes += self._stops[-1:]
        return min(sizes, default=None)

    # -- checkpoints and anchors

    def _next_note(self) -> None:
        note = next(self._notes, None)
        if note is None:
            self._due = None
            return
        try:
            stated = parse_note(note.note, *self._keys)
        except NoteError as error:
            self._due = (note.size or 0, note, str(error))
        else:
            self._due = (stated.size if note.size is None else note.size, note, stated)

    def _at_size(self) -> None:
        size = self.tree.size
        while self._due is not None and self._due[0] <= size:
            self._note(*self._due[1:])
            self._next_note()
        while self._stops and self._stops[-1] <= size:
            for receipt, stated in self._wanted.pop(self._stops.pop()):
                self._anchor(receipt, stated)

    def _note(self, note: Note, stated: Checkpoint | str) -> None:
        size, position = self.tree.size, max(self.tree.size - 1, 0)
        self.notes_seen += 1
        there = 0 < size - self._start <= len(self._ats)
        at = self._ats[size - 1 - self._start] if there else None
        if isinstance(stated, str):
            self.bad("signatures", position, f"checkpoint {self.notes_seen}: {stated}")
        elif stated.size != size or stated.root != self.tree.root():
            self.bad("tree", position, f"the checkpoint of {stated.size} does not fit the entries")
        elif self.notes_seen > 1 and size <= self.signed:
            self.bad("structure", position, f"the checkpoint of {size} is there twice")
        elif note.size is not None and note.size != stated.size:
            self.bad("structure", position, f"the row of checkpoint {stated.size} claims another")
        elif note.at is not None and at and note.at != at:
            self.bad("structure", position, f"checkpoint {stated.size} claims another time")
        else:
            self.signed = size
            self._recoveries.signed(stated)
            if self.successions.active:
                for text in self.successions.signed(note.note, size, at or ""):
                    self.bad("signatures", position, text)

    def _anchor(self, receipt: Receipt, stated: Checkpoint) -> None:
        size = self.tree.size
        if stated.root != self.tree.root():
            text = f"{receipt.where}: `{receipt.operator}` holds another root for {size}"
            self._recoveries.against(max(size - 1, 0), stated, text)
            return
        self.anchored[receipt.operator] = (size, receipt.at)
        if receipt.operator != LOCAL and 0 < size - self._start <= len(self._ats):
            self.anchored_at = self._ats[size - 1 - self._start] or self.anchored_at

    # -- the end

    def _end(self, head: Head) -> None:
        size = self.tree.size
        while self._due is not None:
            self._note(*self._due[1:])
            self._next_note()
        self.beyond = max(
            (
                stated.size
                for held in self._wanted.values()
                for _, stated in held
                if not self._recoveries.lost(stated)
            ),
            default=0,
        )
        for beyond in () if self.part else sorted(self._wanted):
            for receipt, stated in self._wanted[beyond]:
                text = f"`{receipt.operator}` holds size {beyond} and the ledger ends at {size}"
                self._recoveries.against(None, stated, f"{receipt.where}: {text}")
        if self.successions.active:
            self.successions.end(self.bad)
        self._recoveries.end(self.bad, origin="" if self.first else self.origin)
        if head.size != size:
            self.bad("tree", min(head.size, size), f"the head says {head.size}, there are {size}")
        elif head.root is not None and head.root != self.tree.root():
            self.bad("tree", None, "the head's root is not that of the entries")
        if head.origin != self.origin:
            self.bad("structure", None, f"the head is of origin `{head.origin}`")
        if size and self.signed != size:
            self.bad("signatures", size - 1, f"no checkpoint signs the last {size - self.signed}")
        for key, (count, position) in self.missing.items():
            if key in self.destroyed:
                self.erased += count
            else:
                text = f"{count} payloads under `{key}` are missing and no erasure names them"
                self.bad("payloads", position, text)
        self.lines += self.pruned.end(self.bad)
        for check, text in self.record.surplus(self):
            self.bad(check, None, text)
        for watcher in self.watchers:
            self.lines += watcher.end(self.bad)
