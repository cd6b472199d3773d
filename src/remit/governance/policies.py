"""The rules as people read them: in sentences, with owner and last use, and what waits."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.governance import weighing
from remit.governance.weighing import Findings
from remit.ledger import read as record
from remit.ledger.seal import KeyRing
from remit.policy import wording
from remit.policy.book import PolicyBook
from remit.policy.rule import Rule
from remit.store import books, proposals
from remit.store.books import ChangeRow
from remit.store.connection import Connection

LOOKED_MAX: Final = 200  # the newest proposals, in which a rule's last use is looked for
KEPT_MAX: Final = 10  # earlier books, and changes that ended, that are shown
DECIDED: Final = "policy:action:decided"

WHY: Final[Mapping[str, str]] = {
    "allowed": "it allows requests that the rules in force do not, or asks fewer people",
    "flips": "recorded decisions would come nearer to an allow",
    "invariant": "what must never be allowed is not said any more, or otherwise",
    "sampled": "there are more requests than could be asked, and nothing was proved",
    "unreadable": "the rules in force do not fit the code any more, so nothing can be compared",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """One rule in force."""

    rule: str
    permits: bool
    says: str
    owner: str
    since: str
    file: str
    line: int
    asks: tuple[str, ...]  # what it demands: people, grace, notice, a look afterwards
    hits: int  # among the newest decisions that were looked at
    last: datetime | None
    last_case: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptView:
    """A book that was in force."""

    digest: str
    at: datetime
    how: str
    rules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """A change of rules: waiting, or how it ended."""

    workflow: str
    change: str
    state: str
    at: datetime
    proposer: str  # empty: it was found in the folder
    people: int
    signers: tuple[str, ...]
    ended_by: str
    why: tuple[str, ...]
    findings: Findings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    """The rules of one workflow."""

    workflow: str
    digest: str
    how: str
    at: datetime | None
    trouble: str  # why none are in force here
    rules: tuple[RuleView, ...]
    never: tuple[str, ...]
    looked: int  # decisions in which a last use was looked for
    kept: tuple[KeptView, ...]
    waiting: ChangeView | None
    ended: tuple[ChangeView, ...]
    people: int  # who must sign what lets more pass
    actions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # argument -> type


def view(
    connection: Connection,
    keys: KeyRing,
    book: PolicyBook | None,
    *,
    workflow: str,
    trouble: str,
    people: int,
) -> PolicyView:
    """Return the rules of a workflow with what waits for people."""
    row = books.in_force(connection, workflow)
    used, looked = _used(connection, keys, workflow)
    rules = () if book is None else tuple(book.rules.values())
    waiting = books.waiting(connection, workflow)
    slices = {} if book is None else book.slices
    return PolicyView(
        workflow=workflow,
        digest="" if row is None else row.digest,
        how="" if row is None else row.how,
        at=None if row is None else clock.instant(row.at_us),
        trouble=trouble,
        rules=tuple(_rule(one, used.get(one.id, [])) for one in rules),
        never=() if book is None else tuple(one.says for one in book.invariants),
        looked=looked,
        kept=tuple(
            KeptView(
                digest=one.digest, at=clock.instant(one.at_us), how=one.how, rules=one.rules
            )
            for one in books.kept(connection, workflow, limit=KEPT_MAX + 1)[1:]
        ),
        waiting=_change(connection, keys, waiting[0], whole=True) if waiting else None,
        ended=tuple(
            _change(connection, keys, one) for one in books.ended(connection, workflow)
        ),
        people=people,
        actions={name: dict(one.arguments) for name, one in slices.items()},
    )  # fmt: skip


def _change(
    connection: Connection, keys: KeyRing, row: ChangeRow, *, whole: bool = False
) -> ChangeView:
    findings = None
    if whole:
        stream = control_stream(row.workflow)
        findings = weighing.read(record.payload(connection, keys, stream, row.seq, "weighed"))
    return ChangeView(
        workflow=row.workflow, change=row.change, state=row.state, at=clock.instant(row.at_us),
        proposer=row.proposer, people=row.people, signers=row.signers, ended_by=row.ended_by,
        why=tuple(WHY.get(code, code) for code in row.codes), findings=findings,
    )  # fmt: skip


def _rule(one: Rule, used: list[tuple[int, str]]) -> RuleView:
    asks = [f"{each.kind}({each.value})" for each in one.obligations]
    if one.requirement is not None:
        asks.insert(0, wording.people(one.requirement))
    if one.escalate:
        asks.insert(0, "a person takes the case")
    last = max(used, default=None)
    return RuleView(
        rule=one.id, permits=one.permits, says=one.says, owner=one.owner,
        since=one.since.isoformat(), file=one.place.file, line=one.place.line, asks=tuple(asks),
        hits=len(used), last=None if last is None else clock.instant(last[0]),
        last_case="" if last is None else last[1],
    )  # fmt: skip


def _used(
    connection: Connection, keys: KeyRing, workflow: str
) -> tuple[dict[str, list[tuple[int, str]]], int]:
    """Return when and where each rule applied in the newest decisions, and how many they are."""
    places = proposals.decided_last(connection, workflow, event=DECIDED, limit=LOOKED_MAX)
    found: dict[str, list[tuple[int, str]]] = {}
    for entry in record.several(connection, keys, places, roles=("facts",), missing=True):
        for rule in _applied(entry.payloads.get("facts")):
            found.setdefault(rule, []).append((entry.at_us, entry.case_id))
    return found, len(places)


def _applied(told: object) -> Iterator[str]:
    match told:
        case {"facts": {"policy": {"permits": list() as permits, "forbids": list() as forbids}}}:
            yield from (str(one) for one in permits)
            yield from (str(one["rule"]) for one in forbids if isinstance(one, dict))
        case _:
            pass
