"""Incidents as people look at them: what was seen, what holds it, what each effect needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.domain.action import ActionSpec
from remit.domain.incident import OPEN, SAYS, IncidentState, Seen
from remit.domain.money import Money
from remit.errors import RemitError
from remit.governance.cards import sentence
from remit.governance.casebook import proposed
from remit.governance.incidents import EFFECTS_MAX, LOWERED, STOPPED, UNSENT, holding
from remit.ledger import read as record
from remit.ledger.keys import KeyRing
from remit.store import affected, incidents, rollbacks
from remit.store.affected import FOREVER_US, AffectedRow
from remit.store.among import Workflows
from remit.store.connection import Connection
from remit.store.incidents import IncidentRow

PAGE_MAX: Final = 200
SENTENCES_MAX: Final = 200
ROLLBACKS_MAX: Final = 20
LOST: Final = "what was written cannot be read any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectView:
    """One effect that an incident touches, and what is known of it."""

    action_id: str
    case_id: str
    action: str
    risk: str
    state: str
    at: datetime
    finding: str
    money: str = ""
    sentence: str = ""  # what was done, of the first `SENTENCES_MAX`; empty where it was erased


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """An incident; its effects are empty in lists."""

    incident_id: str
    number: int  # of the workflow
    workflow: str
    scope: str
    kind: str
    action: str
    segment: str
    case_id: str
    severity: str
    state: str
    says: str  # how it was seen
    sentence: str  # what a person wrote
    owner: str
    occurred_at: datetime
    detected_at: datetime
    declared_at: datetime
    declared_by: str
    contained_at: datetime | None
    held: bool  # something holds it now, or it is over
    how: str  # lowered | stopped | unsent; empty where nothing holds it
    containment: str  # what holds it now, or held it until it was over
    resolved_at: datetime | None
    reviewed_at: datetime | None
    dismissed_at: datetime | None
    reports: int
    reported_at: datetime
    alone: bool  # it touches only what nobody approved
    since: datetime | None  # it touches effects from then on; none: it touches none
    ended: str  # what was found in the review, or why it was dismissed
    counts: Mapping[str, int]  # effects by finding
    effects: tuple[EffectView, ...] = ()  # newest first, at most `EFFECTS_MAX`
    rollbacks: tuple[str, ...] = ()  # ids of those that were begun for it

    @property
    def ever(self) -> bool:
        """Does it touch all that was ever done there: is it of the first attempt of a cell?"""
        return self.since is not None and not self.since.timestamp()

    @property
    def open(self) -> bool:
        """Is it neither resolved nor dismissed?"""
        return self.state in OPEN

    @property
    def standing(self) -> str:
        """Its state, but for one that was contained once and that nothing holds any more."""
        lost = self.state == IncidentState.CONTAINED and not self.held
        return "not contained" if lost else self.state

    @property
    def to_check(self) -> int:
        """How many effects are still to check."""
        return self.counts.get("to_check", 0)

    @property
    def affected(self) -> int:
        """How many effects it touches."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage:
    rows: tuple[IncidentView, ...]
    after: str | None


def page(
    connection: Connection,
    keys: KeyRing,
    *,
    owner: Callable[[str], str],
    closed: bool = False,
    workflow: Workflows = None,
    after: str | None = None,
    limit: int = 60,
) -> IncidentPage:
    """Return a page of incidents, the newest first; `closed` are those that are over."""
    limit = max(1, min(limit, PAGE_MAX))
    rows = incidents.page(
        connection, closed=closed, workflow=workflow, after=_cursor(after), limit=limit + 1
    )
    more = rows[limit - 1] if len(rows) > limit else None
    return IncidentPage(
        rows=tuple(view(connection, keys, row, owner=owner) for row in rows[:limit]),
        after=None if more is None else f"{more.declared_us}-{more.incident_id}",
    )


def view(
    connection: Connection, keys: KeyRing, row: IncidentRow, *, owner: Callable[[str], str]
) -> IncidentView:
    """Return one incident without its effects."""
    scope = row.scope
    held = holding(connection, row) if row.state in OPEN else (row.how, row.held_by)
    return IncidentView(
        incident_id=row.incident_id, number=row.number, workflow=scope.workflow, scope=scope.name,
        kind=scope.kind.value, action=scope.action, segment=scope.segment, case_id=scope.case_id,
        severity=row.severity.value, state=row.state.value, says=SAYS[Seen(row.code)],
        sentence=_words(connection, keys, row, row.seq, "sentence")
        if row.code == Seen.PERSON else "",
        owner=owner(scope.workflow), occurred_at=clock.instant(row.occurred_us),
        detected_at=clock.instant(row.detected_us), declared_at=clock.instant(row.declared_us),
        declared_by=row.declared_by, contained_at=_at(row.contained_us),
        held=held is not None, how=held[0] if held else "", containment=_containment(held),
        resolved_at=_at(row.resolved_us),
        reviewed_at=_at(row.reviewed_us), dismissed_at=_at(row.dismissed_us), reports=row.reports,
        reported_at=clock.instant(row.reported_us), alone=row.alone,
        since=None if row.since_us >= FOREVER_US else clock.instant(row.since_us),
        ended=_ended(connection, keys, row), counts=dict(affected.counts(connection, row)),
    )  # fmt: skip


def whole(
    connection: Connection,
    keys: KeyRing,
    row: IncidentRow,
    *,
    owner: Callable[[str], str],
    specs: Mapping[str, ActionSpec],
) -> IncidentView:
    """Return one incident with the effects that it touches, newest first.

    Of more than are shown at once those that are to check come first.
    """
    made = view(connection, keys, row, owner=owner)
    more = made.affected > EFFECTS_MAX
    found = affected.effects(connection, row, limit=EFFECTS_MAX, to_check_first=more)
    return replace(
        made,
        effects=_effects(connection, keys, found, specs),
        rollbacks=tuple(rollbacks.of_incident(connection, row.incident_id, ROLLBACKS_MAX)),
    )


# -- parts ---------------------------------------------------------------------------------------


def _effects(
    connection: Connection,
    keys: KeyRing,
    found: Sequence[AffectedRow],
    specs: Mapping[str, ActionSpec],
) -> tuple[EffectView, ...]:
    first = {one.case_id for one in found[:SENTENCES_MAX]}
    given = {case_id: proposed(connection, keys, case_id) for case_id in first}
    made = []
    for one in found:
        arguments = given.get(one.case_id, {}).get(one.action_id)
        spec = specs.get(one.action)
        made.append(
            EffectView(
                action_id=one.action_id, case_id=one.case_id, action=one.action, risk=one.risk,
                state=one.state.value, at=clock.instant(one.at_us), finding=one.finding.value,
                money="" if one.money_minor is None
                else str(Money.of_minor(one.money_minor, one.currency)),
                sentence="" if spec is None or arguments is None else sentence(spec, arguments),
            )
        )  # fmt: skip
    return tuple(made)


def _containment(held: tuple[str, str] | None) -> str:
    how, by = held or ("", "")
    if how == STOPPED:
        return f"a stop stands on `{by}`"
    if how == LOWERED:
        at = f": it stands at {by}" if by else ""
        return f"nothing of the cell runs alone{at}"
    return "nothing was sent" if how == UNSENT else ""


def _ended(connection: Connection, keys: KeyRing, row: IncidentRow) -> str:
    match row.state:
        case IncidentState.REVIEWED:
            return _words(connection, keys, row, row.ended_seq, "found")
        case IncidentState.DISMISSED:
            return _words(connection, keys, row, row.ended_seq, "reason")
        case IncidentState.DECLARED | IncidentState.CONTAINED | IncidentState.RESOLVED:
            return ""


def _words(connection: Connection, keys: KeyRing, row: IncidentRow, seq: int, role: str) -> str:
    try:
        return str(record.payload(connection, keys, row.stream, seq, role))
    except RemitError:
        return LOST


def _at(when_us: int | None) -> datetime | None:
    return None if when_us is None else clock.instant(when_us)


def _cursor(after: str | None) -> tuple[int, str] | None:
    declared, _, found = (after or "").partition("-")
    return (int(declared), found) if found and declared.isascii() and declared.isdigit() else None
