"""Carried evidence made again from the entries: the fingerprints, the proof, what was dropped.

With the keys of the record and the code of the workflow the rules before and after are asked
again. Without them, or where the code has changed, what rests on bodies of entries is still held.
"""

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Final

from remit.domain.autonomy import Cell
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.errors import PolicyLoadError
from remit.governance import books, proven, recounts
from remit.governance.carrying import Step
from remit.governance.limit_proof import ComparedLimits
from remit.governance.proven import ANALYSIS, BACKTEST, SAME, Compared
from remit.governance.tossed import Found
from remit.ledger.keys import KeyRing
from remit.policy import folder
from remit.policy.book import Declared, PolicyBook
from remit.store import books as book_rows
from remit.store import evidence, limit_books, plans
from remit.store.books import BookRow
from remit.store.connection import Connection
from remit.store.limit_books import LimitBook

CARRIED: Final = "governance:evidence:carried"
EVENTS: Final = frozenset({CARRIED, book_rows.LOADED}) | limit_books.EVENTS
_STEP: Final = ("rest", "rules_before", "rules_after", "limits_before", "limits_after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What it takes to ask rules again: the record, its keys, and what rules may speak of."""

    connection: Connection
    keys: KeyRing
    declared: Callable[[str], Declared | None]  # of a workflow, in the code that is loaded here


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """A carry, and the rows that it had to name as far as anybody can tell."""

    entry: Entry
    runs: Mapping[str, bool | None] | None  # none: it cannot be told here
    named: set[str]


@dataclass(slots=True, kw_only=True, frozen=False)
class Carries:
    """The carries so far."""

    shadow: Connection
    asking: Asking | None
    unasked: int = 0  # whose rules could not be asked again here
    _open: dict[tuple[str, str], _Carried] = field(default_factory=dict)
    _compared: dict[tuple[str, str, str], Compared | None] = field(default_factory=dict)

    def look(self, entry: Entry) -> Iterator[Found]:
        """Compare an entry of a carry with those before; yields what differs."""
        cell = recounts.cell_of(entry)
        if not entry.number("part"):
            yield from self._first(cell, entry)
        yield from self._named(cell, entry)

    def end(self) -> Iterator[tuple[Entry, Found]]:
        """Yield where other rows were named than would not run any more."""
        for one in self._open.values():
            if one.runs is None:
                continue
            gone = {name for name, runs in one.runs.items() if runs is False}
            for name in sorted(gone - one.named):
                yield one.entry, Found(what="a row", said="goes on", found=f"{name[:16]} is held")
            for name in sorted(name for name in one.named if one.runs.get(name) is True):
                yield one.entry, Found(what="a row", said="gone", found=f"{name[:16]} still runs")

    def _first(self, cell: Cell, entry: Entry) -> Iterator[Found]:
        before, after = entry.word("before"), entry.word("after")
        step = Step(workflow=entry.workflow, **{name: entry.word(name) for name in _STEP})
        for said, found in ((before, step.before), (after, step.after)):
            if said != found:
                yield Found(what="a fingerprint", said=said[:16], found=found[:16])
        yield from self._in_force(entry)
        known = evidence.streams(self.shadow, workflow=cell.workflow, action=cell.action)
        tried = plans.over(self.shadow, cell, after).attempt >= 0
        if (cell, after) in known or tried or before == after:
            yield Found(what="where it goes", said=after[:16], found="has rows of its own")
        rows = list(evidence.of_cell(self.shadow, cell, fingerprint=before))
        attempt = plans.over(self.shadow, cell, before).attempt + 1
        for name, value in (("rows", len(rows)), ("attempt", attempt)):
            if entry.number(name) != value:
                yield Found(what=name, said=str(entry.number(name)), found=str(value))
        runs: Mapping[str, bool | None] | None = None
        one = self._limits(entry) if _of_limits(entry) else self._books(entry)
        self.unasked += one is None
        if one is not None:
            yield from self._proof(cell, entry, one)
            ran = {row.action_id: row.at_us for row in rows if not row.gone}
            runs = self._runs(cell, entry, one, ran)
        self._open[cell.name, after] = _Carried(entry=entry, runs=runs, named=set())

    def _in_force(self, entry: Entry) -> Iterator[Found]:
        """Look for the rules that came into force in the same transaction."""
        parts = ("rules", "limits")
        said = {
            name: (entry.word(f"{name}_before"), entry.word(f"{name}_after")) for name in parts
        }
        changed = [name for name, (old, new) in said.items() if old != new]
        if len(changed) != 1:
            yield Found(what="what changed", said=" and ".join(changed), found="one of both")
            return
        (name,) = changed
        row: BookRow | LimitBook | None = limit_books.in_force(self.shadow, entry.workflow)
        if name == "rules":
            row = book_rows.in_force(self.shadow, entry.workflow)
        if row is None or row.at_us != entry.at_us or (row.before, row.digest) != said[name]:
            found = "none" if row is None else f"{row.before[:16]} to {row.digest[:16]}"
            yield Found(
                what=f"{name} that came into force with it",
                said=" to ".join(one[:16] for one in said[name]), found=found,
            )  # fmt: skip

    def _named(self, cell: Cell, entry: Entry) -> Iterator[Found]:
        one = self._open.get((cell.name, entry.word("after")))
        if one is None:
            yield Found(what="a part", said=str(entry.number("part")), found="without its first")
            return
        right, of = 0, {(cell, one.entry.word("before")), (cell, one.entry.word("after"))}
        for name in entry.words("gone"):
            row = evidence.find(self.shadow, name)
            if row is None or not row.eligible or (row.cell, row.fingerprint) not in of:
                yield Found(what="a row", said=name[:16], found="none of these")
            elif row.gone or name in one.named:
                yield Found(what="a row", said=name[:16], found="named twice")
            right += row is not None and row.outcome == "right"
            one.named.add(name)
        stayed = len(entry.words("gone")) - right
        for what, said, found in (
            ("right rows dropped", entry.number("dropped"), right),
            ("wrong and open rows that stay", entry.number("stayed"), stayed),
        ):
            if said != found:
                yield Found(what=what, said=str(said), found=str(found))

    # -- rules, asked again -----------------------------------------------------------------------

    def _proof(self, cell: Cell, entry: Entry, one: Compared | ComparedLimits) -> Iterator[Found]:
        said, found = entry.word("proof"), one.kind(cell.action)
        unsolved = said == ANALYSIS and found == BACKTEST and not _solves()
        if not unsolved and said != found:
            yield Found(what="the proof", said=said, found=found or "none: more is allowed")
            return
        if one.proof(cell.action, said).digest != entry.word("proven"):
            yield Found(what="what is proved", said=entry.word("proven")[:16], found="other rules")
        asking = self.asking
        self.unasked += unsolved  # what a solver said is not asked again without one
        if (said == BACKTEST or unsolved) and asking is not None and isinstance(one, Compared):
            tested = proven.retried(
                asking.connection, asking.keys, one, now_us=entry.at_us, erased=True
            )
            if tested.get(cell.action, 0) is None:
                yield Found(what="the proof", said=said, found="a decision comes nearer to allow")

    def _runs(
        self, cell: Cell, entry: Entry, one: Compared | ComparedLimits, rows: Mapping[str, int]
    ) -> Mapping[str, bool | None]:
        if entry.word("proof") == SAME or self.asking is None:
            return dict.fromkeys(rows, True)
        found = proven.running(
            self.asking.connection, self.asking.keys, cell.workflow, {cell.action: one.runs},
            since_us=min(rows.values(), default=entry.at_us), until_us=entry.at_us,
        )  # fmt: skip
        return {name: found.get(name) for name in rows}

    def _books(self, entry: Entry) -> Compared | None:
        """Return both books, compiled from what was recorded of them."""
        key = entry.workflow, entry.word("rules_before"), entry.word("rules_after")
        if key not in self._compared:
            made = [self._book(entry, digest) for digest in key[1:]]
            before, after = made
            self._compared[key] = (
                None
                if before is None or after is None
                else proven.compared(entry.workflow, before, after)
            )
        return self._compared[key]

    def _limits(self, entry: Entry) -> ComparedLimits | None:
        """Return both sets of limits, as they were recorded."""
        declared = None if self.asking is None else self.asking.declared(entry.workflow)
        known = {one.digest: one for one in limit_books.kept(self.shadow, entry.workflow)}
        before, after = (known.get(entry.word(f"limits_{when}")) for when in ("before", "after"))
        if declared is None or before is None or after is None:
            return None
        specs = {one.name: one for one in declared.specs if one.workflow == entry.workflow}
        if entry.word("action") not in specs:
            return None
        return ComparedLimits(
            workflow=entry.workflow, before=before.limits, after=after.limits, specs=specs
        )

    def _book(self, entry: Entry, digest: str) -> PolicyBook | None:
        asking = self.asking
        declared = None if asking is None else asking.declared(entry.workflow)
        if asking is None or declared is None:
            return None
        kept = books.kept(asking.connection, asking.keys, entry.workflow)
        known = [one for one in kept if one.digest == digest and one.at_us <= entry.at_us]
        try:
            book = folder.book_of(known[-1].texts, declared, owners=None) if known else None
        except PolicyLoadError:
            return None
        return book if book is not None and book.digest == digest else None


def _of_limits(entry: Entry) -> bool:
    return entry.word("limits_before") != entry.word("limits_after")


def _solves() -> bool:
    return importlib.util.find_spec("z3") is not None
