"""Grants made again from the entries alone: coins, labels, counts, alarms and what lowered them.

Each entry that moves a cell is compared with what the entries before it come to, in a private
database that is thrown away: no row that pages or the gate read is looked at.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Final

from remit.domain import clock
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.errors import IllegalMoveError
from remit.governance import grounds, recarried, recounts, retold, tossed
from remit.governance.grounds import Grounds
from remit.governance.recarried import Asking, Carries
from remit.governance.tossed import Found
from remit.ledger import selection
from remit.ledger.keys import KeyRing
from remit.ledger.selection import Progress
from remit.policy.book import Declared
from remit.store import authority, books, carries, checks, evidence, incidents, limit_books, plans
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.shadow import scratch

DIFFERENCES_MAX: Final = 100  # named; all are counted
GIVEN, LOWERED = "governance:grant:given", "governance:grant:lowered"
MOVING: Final = frozenset({GIVEN, LOWERED, "governance:surge:begun", "governance:surge:ended"})
EVENTS: Final = (
    MOVING | evidence.EVENTS | plans.EVENTS | checks.EVENTS | incidents.EVENTS | recarried.EVENTS
)
ROWS: Final = (evidence, plans, checks, incidents, authority, carries, books, limit_books)
DAY_KEYS: Final = frozenset({"governance:day_key:committed", "governance:day_key:revealed"})
PRUNED: Final = "ledger:range:pruned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that an entry says and the entries before it do not."""

    stream: str  # of the entry, and its number there
    seq: int
    event: str
    at: str
    cell: str  # empty where it is about none
    what: str
    said: str
    found: str

    @property
    def line(self) -> str:
        of = f" of {self.cell}" if self.cell else ""
        return (
            f"{self.event}{of}, entry {self.seq} of {self.stream} ({self.at}): {self.what}: "
            f"it says {self.said or 'nothing'}, and by the entries it is {self.found or 'nothing'}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """A grant, and whether the entries come to it."""

    cell: str
    at: str
    level: str
    signer: str
    rows: int
    wrong: int
    result: str  # equal | different | test kit | pruned

    @property
    def line(self) -> str:
        rests = {
            "equal": f"{self.rows:,} rows, {self.wrong:,} wrong: as the entries say",
            "different": "not what the entries say",
            "test kit": "made by the test kit: it rests on no evidence",
            "pruned": "some of its rows were pruned: it cannot be told any more",
        }
        return f"{self.at}  {self.cell} to {self.level} by {self.signer}  {rests[self.result]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceReport:
    """What was made again; `result` is `equal` or `different`."""

    size: int  # entries of the ledger
    folded: int  # of them, that have to do with evidence
    told: Mapping[str, int]  # how many of each kind were made again
    grants: tuple[Recomputed, ...]
    differing: int
    differences: tuple[Difference, ...]  # the first of them

    @property
    def result(self) -> str:
        return "different" if self.differing else "equal"

    @property
    def lines(self) -> tuple[str, ...]:
        """The report as a person reads it; the first difference is named first."""
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in self.told.items())
        said = [one.line for one in self.differences]
        if self.differing > len(self.differences):
            said.append(f"and {self.differing - len(self.differences):,} more differences")
        said += [one.line for one in self.grants]
        return (
            *said,
            f"{self.folded:,} of {self.size:,} entries folded: {kinds or 'no evidence'}",
            f"{len(self.grants):,} grants"
            + (f", {self.differing:,} differences" if self.differing else ": all as entries say"),
        )


def verify(
    database: Database,
    *,
    keys: KeyRing | None = None,
    declared: Callable[[str], Declared | None] = lambda _workflow: None,
    progress: Progress | None = None,
) -> EvidenceReport:
    """Make every grant again from the entries, in one snapshot; changes nothing.

    With the keys of the record, and what the rules of each workflow may speak of, the rules that
    evidence was carried under are asked again too. Raises `NewerEntryError` and the errors of the
    store.
    """

    def work(connection: Connection) -> EvidenceReport:
        asking = (
            None if keys is None else Asking(connection=connection, keys=keys, declared=declared)
        )
        with scratch([one for noun in ROWS for one in noun.SCHEMA]) as shadow:
            pruned = next(selection.of(connection, {PRUNED}), None) is not None
            walk = _Walk(
                shadow=shadow, keys=_keys(connection), pruned=pruned,
                carries=Carries(shadow=shadow, asking=asking),
            )  # fmt: skip
            for entry in selection.of(connection, EVENTS, progress=progress):
                walk.take(entry)
            walk.end()
            return walk.report(selection.size(connection))

    return database.read(work)


@dataclass(slots=True, kw_only=True, frozen=False)
class _Walk:
    """The entries so far, and what does not follow from those before."""

    shadow: Connection
    keys: Mapping[str, bytes]  # of the days whose key was told, whenever that was
    pruned: bool
    carries: Carries
    folded: int = 0
    told: Counter[str] = field(default_factory=Counter)
    grants: list[Recomputed] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    differing: int = 0
    grounds: Grounds = field(default_factory=Grounds)
    last: Entry | None = None

    def take(self, entry: Entry) -> None:
        """Compare an entry with what came before, then bring the rows up to it."""
        before = self.differing
        for found in self._look(entry):
            self._note(entry, found)
        if entry.event == GIVEN:
            self._grant(entry, differs=self.differing > before)
        self.grounds.note(self.shadow, entry)
        for events, project in _NOUNS:
            if entry.event in events:
                self._bring(entry, project)
        self.folded += 1
        self.last = entry

    def _bring(self, entry: Entry, project: Callable[[Connection, Entry], None]) -> None:
        """Bring the rows up to an entry; of one that no row could follow, say so and go on."""
        try:
            project(self.shadow, entry)
        except (IllegalMoveError, ValueError) as error:
            said = entry.event.rpartition(":")[2]
            self._note(entry, Found(what="the move", said=said, found=f"not possible: {error}"))

    def _look(self, entry: Entry) -> Iterator[Found]:
        look = _LOOKS.get(entry.event)
        if look is not None:
            yield from look(self, entry)

    def coin(self, entry: Entry) -> Iterator[Found]:
        if entry.number("share_ppm") is not None:
            self.told["coins"] += 1
            self.told["coins under a key that is still secret"] += tossed.is_open(entry, self.keys)
            yield from tossed.coin(self.shadow, entry, self.keys)

    def label(self, entry: Entry) -> Iterator[Found]:
        self.told["labels"] += 1
        if not (self.pruned and evidence.find(self.shadow, entry.word("action_id")) is None):
            yield from retold.label(self.shadow, entry)

    def moved(self, entry: Entry) -> Iterator[Found]:
        kind, look = recounts.LOOKS[entry.event]
        self.told[kind] += 1
        yield from look(self.shadow, entry)

    def lowered(self, entry: Entry) -> Iterator[Found]:
        self.told["lowerings"] += 1
        yield from grounds.lowered(self.shadow, entry, self.grounds)

    def given(self, entry: Entry) -> Iterator[Found]:
        if not recounts.is_tested(entry) and not self._gone(entry):
            yield from recounts.given(self.shadow, entry)

    def day(self, entry: Entry) -> Iterator[Found]:
        self.told["keys of days"] += entry.event == "governance:day_key:committed"
        yield from tossed.day(self.shadow, entry)

    def carried(self, entry: Entry) -> Iterator[Found]:
        if not self.pruned:  # rows that it moved may be gone
            self.told["carried evidence"] += not entry.number("part")
            yield from self.carries.look(entry)

    def end(self) -> None:
        """Look for what should have happened and did not."""
        for entry, found in self.carries.end():
            self._note(entry, found)
        self.told["carries whose rules cannot be asked again here"] += self.carries.unasked
        if self.last is not None and not self.pruned:
            for cell, found in grounds.undone(self.shadow, self.grounds, self.last.at_us):
                self._note(self.last, found, cell=cell)

    def report(self, size: int) -> EvidenceReport:
        told = {kind: number for kind, number in sorted(self.told.items()) if number}
        return EvidenceReport(
            size=size, folded=self.folded, told=told, grants=tuple(self.grants),
            differing=self.differing, differences=tuple(self.differences),
        )  # fmt: skip

    def _gone(self, entry: Entry) -> bool:
        """Tell whether rows that a grant rests on may have been pruned."""
        return self.pruned and evidence.find(self.shadow, entry.word("last")) is None

    def _grant(self, entry: Entry, *, differs: bool) -> None:
        result = "different" if differs else "equal"
        if recounts.is_tested(entry):
            result = "test kit"
        elif self._gone(entry):
            result = "pruned"
        self.grants.append(
            Recomputed(
                cell=recounts.cell_of(entry).name, at=_at(entry), level=entry.word("level"),
                signer=entry.word("signer"), rows=entry.number("rows") or 0,
                wrong=entry.number("wrong") or 0, result=result,
            )
        )  # fmt: skip

    def _note(self, entry: Entry, found: Found, *, cell: str = "") -> None:
        self.differing += 1
        if len(self.differences) < DIFFERENCES_MAX:
            self.differences.append(
                Difference(
                    stream=entry.case_id, seq=entry.seq, event=entry.event, at=_at(entry),
                    cell=cell or (recounts.cell_of(entry).name if entry.word("action") else ""),
                    what=found.what, said=found.said, found=found.found,
                )
            )  # fmt: skip


_NOUNS: Final = (
    (evidence.EVENTS, evidence.project),
    (plans.EVENTS, plans.project),
    (checks.EVENTS, checks.project),
    (incidents.EVENTS, incidents.project),
    (MOVING, authority.project),
    ({books.LOADED}, books.project),
    (limit_books.EVENTS, limit_books.project),
    (carries.EVENTS, carries.project),
)
_LOOKS: Final[Mapping[str, Callable[[_Walk, Entry], Iterator[Found]]]] = {
    "policy:action:decided": _Walk.coin,
    "governance:evidence:carried": _Walk.carried,
    "governance:label:given": _Walk.label,
    "governance:label:contested": _Walk.label,
    "governance:day_key:committed": _Walk.day,
    "governance:day_key:revealed": _Walk.day,
    GIVEN: _Walk.given,
    LOWERED: _Walk.lowered,
    **dict.fromkeys(recounts.LOOKS, _Walk.moved),
}


def _keys(connection: Connection) -> dict[str, bytes]:
    """Return the keys of all days that were told and are those that were fixed before."""
    fixed: dict[str, str] = {}
    told: dict[str, bytes] = {}
    for one in selection.of(connection, DAY_KEYS):
        if one.event == "governance:day_key:committed":
            fixed.setdefault(one.word("day"), one.word("digest"))
        else:
            told[one.word("day")] = tossed.key_bytes(one.word("key"))
    return {day: key for day, key in told.items() if tossed.is_key(key, fixed.get(day, ""))}


def _at(entry: Entry) -> str:
    return f"{clock.instant(entry.at_us):%Y-%m-%d %H:%M:%S}"
