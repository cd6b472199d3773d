"""Which nouns look at which entry: the one place that live writing and a rebuild share."""

from typing import Final

from remit.domain.entry import Entry
from remit.store import (
    approvals,
    authority,
    books,
    bounds,
    carries,
    case_moves,
    cases,
    checks,
    claims,
    comparisons,
    delegations,
    denials,
    endorsements,
    erasures,
    evidence,
    incidents,
    kpi_days,
    legal_holds,
    levels,
    limit_books,
    limits,
    marks,
    plans,
    proposals,
    prunes,
    remarks,
    rollbacks,
    schedules,
    starts,
    tasks,
    timers,
    vault,
    waits,
    workers,
)
from remit.store.connection import Connection
from remit.store.ready import Ready
from remit.store.tally import Tally

SCHEMA: tuple[str, ...] = (
    *cases.SCHEMA,
    *waits.SCHEMA,
    *timers.SCHEMA,
    *proposals.SCHEMA,
    *bounds.SCHEMA,
    *limits.SCHEMA,
    *approvals.SCHEMA,
    *remarks.SCHEMA,
    *authority.SCHEMA,
    *books.SCHEMA,
    *limit_books.SCHEMA,
    *delegations.SCHEMA,
    *denials.SCHEMA,
    *endorsements.SCHEMA,
    *evidence.SCHEMA,
    *checks.SCHEMA,
    *plans.SCHEMA,
    *carries.SCHEMA,
    *levels.SCHEMA,
    *comparisons.SCHEMA,
    *kpi_days.SCHEMA,
    *erasures.SCHEMA,
    *legal_holds.SCHEMA,
    *tasks.SCHEMA,
    *rollbacks.SCHEMA,
    *incidents.SCHEMA,
    *prunes.SCHEMA,
    *prunes.CARRIED,
    *vault.SCHEMA,
    *claims.SCHEMA,
    *marks.SCHEMA,
    *starts.SCHEMA,
    *schedules.SCHEMA,
    *workers.SCHEMA,
)

# Tables that a rebuild from entries makes anew; the vault is another store, claims
# are liveness, starts what a crash leaves, marks what saves folding.
TABLES: tuple[str, ...] = (
    *cases.TABLES,
    *waits.TABLES,
    *timers.TABLES,
    *proposals.TABLES,
    *bounds.TABLES,
    *limits.TABLES,
    *approvals.TABLES,
    *remarks.TABLES,
    *authority.TABLES,
    *books.TABLES,
    *limit_books.TABLES,
    *delegations.TABLES,
    *denials.TABLES,
    *endorsements.TABLES,
    *evidence.TABLES,
    *checks.TABLES,
    *plans.TABLES,
    *carries.TABLES,
    *levels.TABLES,
    *comparisons.TABLES,
    *kpi_days.TABLES,
    *erasures.TABLES,
    *legal_holds.TABLES,
    *tasks.TABLES,
    *rollbacks.TABLES,
    *incidents.TABLES,
    *prunes.TABLES,
)


# Nouns that look at an entry by themselves, whatever the others made of it.
_BESIDE: Final = (
    (authority.EVENTS, authority.project),
    (books.EVENTS, books.project),
    (limit_books.EVENTS, limit_books.project),
    (delegations.EVENTS, delegations.project),
    (denials.EVENTS, denials.project),
    (endorsements.EVENTS, endorsements.project),
    (checks.EVENTS, checks.project),
    (evidence.EVENTS, evidence.project),
    (plans.EVENTS, plans.project),
    (carries.EVENTS, carries.project),
    (levels.EVENTS, levels.project),
    (comparisons.EVENTS, comparisons.project),
    (tasks.EVENTS, tasks.project),
    (rollbacks.EVENTS, rollbacks.project),
    (incidents.EVENTS, incidents.project),
)


def project(
    connection: Connection, entry: Entry, tally: Tally, *, counted: bool = True
) -> Ready | None:
    """Bring all rows and counters up to this entry; return the case that became ready.

    Without `counted` nothing is counted of its day: that was carried over by itself.
    """
    event = entry.event
    if event in approvals.EVENTS:
        approvals.project(connection, entry, tally)
    if event in remarks.EVENTS:
        remarks.project(connection, entry)
    if event in proposals.EVENTS:
        proposals.project(connection, entry, tally)
    if event in bounds.EVENTS:
        bounds.project(connection, entry)
    if event in limits.EVENTS:
        limits.project(connection, entry)
    if event in waits.EVENTS:
        waits.project(connection, entry)
    if event in timers.EVENTS:
        timers.project(connection, entry)
    for events, bring in _BESIDE:
        if event in events:
            bring(connection, entry)
    if counted:
        kpi_days.project(tally, entry)
    if event.startswith("ledger:"):
        erasures.project(connection, entry)
        legal_holds.project(connection, entry)
        prunes.project(connection, entry)
    return case_moves.project(connection, entry, tally)
