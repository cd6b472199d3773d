"""The checklist before a cell acts alone: what the system verifies, and what its signer attests.

Each item is met, unmet, or cannot be verified. What is unmet stands against the grant; what no
machine can see is ticked by whoever signs, and stands in the grant's entry as theirs.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from remit.domain import clock
from remit.domain.autonomy import Cell, Level
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.domain.plan import DAY_US
from remit.domain.value import digest
from remit.governance.condition import Condition
from remit.ledger import verified
from remit.store import evidence_counts, rollbacks
from remit.store.connection import Connection

VERIFIED_MAX: Final = timedelta(days=7)
LABELS_US: Final = 28 * DAY_US  # back, in which verdicts must have come
LABELS_DUE_US: Final = 3 * DAY_US  # by when a proposal should have one
REHEARSED_US: Final = 90 * DAY_US

# What nobody but a person can know: name -> what is attested by the tick.
ATTESTED: Final[Mapping[str, str]] = {
    "rollback": "I have seen what this action did taken back, in a rehearsal or in earnest",
    "stop": "I know how this action is stopped, and somebody who may do it is there when it runs",
    "told": "Those whose work it touches know that it acts alone from now on, and whom to call",
}
VERIFIED: Final = ("undo", "escalation", "labels", "audits", "ledger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to be settled before anything runs alone."""

    name: str
    met: bool | None  # None: it cannot be verified, so the signer has to tick it
    said: str
    then: str  # what to do where it is not met, or what the tick says


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """All of them, as they are now."""

    items: tuple[Item, ...]

    @property
    def ready(self) -> bool:
        """Is nothing unmet, so that the rest is for the signer to tick?"""
        return all(one.met is not False for one in self.items)

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of what the signer has to tick."""
        return tuple(one.name for one in self.items if one.met is None)

    def ticked(self, attested: Collection[str]) -> "Ticked":
        """Return what is recorded of it with a signature."""
        return Ticked(
            checked=tuple(one.name for one in self.items if one.met),
            attested=tuple(name for name in self.asked if name in attested),
        )

    def unmet(self, attested: Collection[str]) -> tuple[Condition, ...]:
        """Return what stands against a signature with these ticks."""
        return tuple(
            Condition(
                name=f"checklist, {one.name}", met=one.met,
                said=f"{one.said}; {one.then}"
                if one.met is False
                else f"its signer has to tick `{one.name}`: {one.then}",
            )
            for one in self.items
            if one.met is False or (one.met is None and one.name not in attested)
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """A checklist as a grant's entry keeps it."""

    checked: tuple[str, ...]  # verified by the system
    attested: tuple[str, ...]  # ticked by the signer

    @property
    def digest(self) -> str:
        return digest([[*self.checked], [*self.attested]])

    @property
    def missing(self) -> tuple[str, ...]:
        """The items that nobody has settled."""
        settled = {*self.attested, *(name for name in self.checked if name not in ATTESTED)}
        return tuple(name for name in (*VERIFIED, *ATTESTED) if name not in settled)


def of(
    connection: Connection,
    cell: Cell,
    *,
    fingerprint: str,
    to: Level | None,
    undo: str,
    escalation: str,
    now_us: int,
) -> Checklist | None:
    """Return the checklist of a raise to that level; `None` where nothing runs alone there."""
    if to is None or to.rank <= Level.APPROVE_EACH.rank:
        return None
    return Checklist(
        items=(
            _undo(connection, cell, undo, now_us=now_us),
            _escalation(escalation),
            *counted(connection, cell, fingerprint, now_us=now_us),
            _ledger(connection, now_us=now_us),
            *(
                Item(name=name, met=None, said="no machine can see this", then=said)
                for name, said in ATTESTED.items()
            ),
        )
    )


def counted(
    connection: Connection, cell: Cell, fingerprint: str, *, now_us: int
) -> tuple[Item, ...]:
    """Return the items that rows of evidence tell, as they were then: they can be told again."""
    return (
        _labels(connection, cell, fingerprint, now_us=now_us),
        _audits(connection, cell.workflow, now_us=now_us),
    )


def ticks_of(entry: Entry) -> Ticked:
    """Return the checklist that a grant's entry keeps."""
    return Ticked(checked=entry.words("checked"), attested=entry.words("attested"))


# -- what the system verifies --------------------------------------------------------------------


def _undo(connection: Connection, cell: Cell, undo: str, *, now_us: int) -> Item:
    last = next(
        (
            one
            for one in rollbacks.drills(connection)
            if (one.workflow, one.action) == (cell.workflow, cell.action)
        ),
        None,
    )
    said = f"`{undo}` takes it back" if undo else "nothing takes it back"
    then = "declare `undo=` beside the action in the code"
    met = bool(undo)
    if undo and last is not None and not last.passed:
        said, met = f"{said}, and its last rehearsal failed: {last.code}", False
        then = "mend the undo and run `remit drill undo` again"
    elif undo and (last is None or last.at_us < now_us - REHEARSED_US):
        said += "; it was not rehearsed in the last 90 days"
    elif undo and last is not None:
        said += f"; rehearsed {clock.instant(last.at_us):%Y-%m-%d}"
    return Item(name="undo", met=met, said=said, then=then)


def _escalation(escalation: str) -> Item:
    return Item(
        name="escalation", met=bool(escalation),
        said=f"{escalation} answers for what the workflow cannot do"
        if escalation
        else "nobody who is active answers for what the workflow cannot do",
        then="name somebody active as `escalation` in `[workflow.owners]`",
    )  # fmt: skip


def _labels(connection: Connection, cell: Cell, fingerprint: str, *, now_us: int) -> Item:
    due, came = evidence_counts.judged(
        connection, cell, fingerprint, since_us=now_us - LABELS_US, until_us=now_us - LABELS_DUE_US
    )
    return Item(
        name="labels", met=2 * came >= due if due else None,
        said=f"{came:,} of {due:,} proposals of the last four weeks were judged"
        if due
        else "no proposal of the last four weeks was due to be judged",
        then="have people judge what is drawn: `remit audit list` shows what waits"
        if due
        else "I know who will judge what is drawn, and that they have the time",
    )  # fmt: skip


def _audits(connection: Connection, workflow: str, *, now_us: int) -> Item:
    late = evidence_counts.overdue(connection, workflow, now_us=now_us)
    return Item(
        name="audits", met=not late,
        said=f"{late:,} audits of the workflow are overdue" if late else "no audit is overdue",
        then="do them first: `remit audit list`, or the page Audits",
    )  # fmt: skip


def _ledger(connection: Connection, *, now_us: int) -> Item:
    last = verified.last(connection)
    if last is None:
        return Item(
            name="ledger", met=None, said="no full verify is on record",
            then="I have run `remit ledger verify`, and nothing was tampered with",
        )  # fmt: skip
    fresh = clock.instant(now_us) - last.at <= VERIFIED_MAX
    return Item(
        name="ledger", met=fresh and last.result == "intact",
        said=f"the last full verify, {last.at:%Y-%m-%d}, said {last.result}",
        then="set `verify_cron` so that it is verified while Remit runs"
        if last.result == "intact"
        else "run `remit ledger verify`, and keep a copy of the database before anything else",
    )  # fmt: skip
