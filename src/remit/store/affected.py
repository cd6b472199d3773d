"""Effects that an incident touches: a stored query, run anew each time until it is resolved."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from remit.domain.effect import EffectState
from remit.domain.frozen import dataclass
from remit.domain.incident import Correction, ScopeKind
from remit.store.connection import Connection, Parameter
from remit.store.incidents import IncidentRow

# What happened or may have; what was not performed harmed nobody.
_DONE: Final = (
    "('confirmed', 'intended', 'dispatched', 'ambiguous', 'compensating', 'compensated',"
    " 'uncompensated')"
)
# Alone is what was performed with nobody's yes, whatever it waited for first. A yes that was
# voided is none; who edits a proposal writes another version of it, and has looked at it.
_ALONE: Final = (
    "p.version = 1 and not exists (select 1 from approvals a where a.action_id = p.action_id"
    " and a.state in ('approved', 'consumed'))"
)
# Only the first version of a proposal is a row of evidence, which knows its cell.
_SEGMENT: Final = (
    "exists (select 1 from proposals f join evidence e on e.action_id = f.action_id"
    " where f.case_id = p.case_id and f.path = p.path and f.version = 1 and e.segment = ?)"
)
# An undo says by itself what became of it; else what a person said last; else it is to check.
_FINDING: Final = (
    "case when p.state = 'compensated' then case when exists (select 1 from attested t"
    " where t.action_id = p.action_id and t.finding = 'corrected') then 'by_hand' else 'undone'"
    " end else coalesce(c.finding, 'to_check') end"
)
FOREVER_US: Final = 2**53 - 1  # the highest that an entry holds


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedRow:
    """One effect that an incident touches, and what is known of it."""

    action_id: str
    case_id: str
    action: str
    risk: str
    state: EffectState
    at_us: int  # when it was last heard of
    money_minor: int | None
    currency: str
    finding: Correction


def effects(
    connection: Connection,
    incident: IncidentRow,
    *,
    limit: int,
    finding: Correction | None = None,
    to_check_first: bool = False,
) -> list[AffectedRow]:
    """Return the effects that an incident touches, newest first; of one `finding`, or all.

    What is still to check may come before the rest, where not all of them are wanted.
    """
    where, values = _which(incident)
    if finding is not None:
        where, values = f"{where} and {_FINDING} = ?", (*values, finding.value)
    first = f"case when {_FINDING} = 'to_check' then 0 else 1 end, " if to_check_first else ""
    rows = connection.rows(
        "select p.action_id, p.case_id, p.action, p.risk, p.state, p.changed_us, p.money_minor,"
        f" p.currency, {_FINDING} from {_FROM} where {where}"
        f" order by {first}p.proposed_us desc, p.action_id desc limit ?",
        (*values, limit),
    )
    return [
        AffectedRow(
            action_id=str(row[0]), case_id=str(row[1]), action=str(row[2]), risk=str(row[3]),
            state=EffectState(str(row[4])), at_us=int(row[5]), money_minor=row[6],
            currency=str(row[7]), finding=Correction(str(row[8])),
        )
        for row in rows
    ]  # fmt: skip


def among(connection: Connection, incident: IncidentRow, actions: Sequence[str]) -> set[str]:
    """Return those of these effects that an incident touches; the caller bounds how many."""
    where, values = _which(incident)
    named = ", ".join("?" * len(actions))
    rows = connection.rows(
        f"select p.action_id from {_FROM} where {where} and p.action_id in ({named})",
        (*values, *actions),
    )
    return {str(row[0]) for row in rows}


def counts(connection: Connection, incident: IncidentRow) -> Counter[str]:
    """Return how many effects that an incident touches there are of each finding."""
    where, values = _which(incident)
    rows = connection.rows(
        f"select {_FINDING}, count(*) from {_FROM} where {where} group by 1",
        values,
    )
    return Counter({str(row[0]): int(row[1]) for row in rows})


def first_wrong(connection: Connection, incident: IncidentRow) -> int | None:
    """Return when the first effect that is known to be wrong was decided."""
    where, values = _which(incident)
    value = connection.value(
        f"select min(w.at_us) from {_FROM} join evidence w on w.action_id = p.action_id"
        f" where {where} and w.outcome = 'wrong'",
        values,
    )
    return None if value is None else int(str(value))


def ran_alone(connection: Connection, action_id: str) -> bool:
    """Tell whether this was performed, or may have been, with nobody's yes."""
    value = connection.value(
        f"select 1 from proposals p where p.action_id = ? and p.state in {_DONE} and {_ALONE}",
        (action_id,),
    )
    return value is not None


_FROM: Final = (
    "proposals p left join corrections c on c.incident_id = ? and c.action_id = p.action_id"
)


def _which(incident: IncidentRow) -> tuple[str, tuple[Parameter, ...]]:
    """Return the condition of the effects that an incident touches, and its values.

    What is begun after it was resolved is none of it: nobody could settle it any more.
    """
    scope = incident.scope
    until_us = incident.resolved_us or incident.dismissed_us or FOREVER_US
    where = "p.workflow = ? and p.changed_us >= ?"
    where += " and (p.intended_us <= ? or c.finding is not null)"
    where += f" and p.undoes = '' and p.state in {_DONE}"
    values: tuple[Parameter, ...] = (
        incident.incident_id, scope.workflow, incident.since_us, until_us,
    )  # fmt: skip
    if incident.alone:
        where += f" and p.intended_us >= ? and {_ALONE}"
        values = (*values, incident.since_us)
    match scope.kind:
        case ScopeKind.CELL:
            where += f" and p.action = ? and {_SEGMENT}"
            values = (*values, scope.action, scope.segment)
        case ScopeKind.ACTION:
            where += " and p.action = ?"
            values = (*values, scope.action)
        case ScopeKind.CASE:
            where += " and p.case_id = ?"
            values = (*values, scope.case_id)
        case ScopeKind.WORKFLOW:
            pass
    return where, values
