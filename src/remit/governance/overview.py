"""The whole at a glance: what each workflow may do alone now, and the numbers that must add up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from remit.domain.action import ActionSpec
from remit.domain.autonomy import PHASE_CAP, RISK_CEILING, Level, Phase, lowest
from remit.store import authority, cases, inbox, incidents, proposals, stops, tasks
from remit.store import badges as badge_rows
from remit.store.among import Workflows
from remit.store.connection import Connection

STRANDED_SECONDS = 60  # ready for so long, and no worker carries its version
STATES = ("ready", "parked", "escalated", "quarantined", "closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """One action of a workflow and what it may do alone."""

    action: str
    level: str
    ceiling: str
    risk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowView:
    """A workflow: its phase, its owner, its remit, its cases by state."""

    name: str
    phase: str
    owner: str
    actions: tuple[ActionView, ...]
    counts: Mapping[str, int]
    stranded: Mapping[str, int] = field(default_factory=dict)  # version -> cases that wait for it


def workflow(
    connection: Connection,
    *,
    name: str,
    phase: Phase,
    owner: str,
    specs: Sequence[ActionSpec],
    ceilings: Mapping[str, Level],
    fingerprint: str,
    pinned: bool,
    now_us: int,
) -> WorkflowView:
    """Return what a workflow may do alone: the lowest of grant, ceiling, phase and risk."""
    return WorkflowView(
        name=name,
        phase=phase.value,
        owner=owner,
        actions=actions(
            connection,
            name=name,
            phase=phase,
            specs=specs,
            ceilings=ceilings,
            fingerprint=fingerprint,
            now_us=now_us,
        ),
        counts=cases.counts(connection, name),
        stranded=cases.waiting_for_versions(
            connection, name, but=fingerprint, until_us=now_us - STRANDED_SECONDS * 1_000_000
        )
        if pinned
        else {},
    )


def actions(
    connection: Connection,
    *,
    name: str,
    phase: Phase,
    specs: Sequence[ActionSpec],
    ceilings: Mapping[str, Level],
    fingerprint: str,
    now_us: int,
) -> tuple[ActionView, ...]:
    """Return what each action may do alone now: the lowest of grant, ceiling, phase and risk."""
    granted: dict[str, Level] = {}
    for spec in specs:
        for grant in authority.grants_of(connection, workflow=name, action=spec.name):
            said = Level(grant.level)
            alone = said.rank > Level.APPROVE_EACH.rank
            if not alone or (grant.fingerprint == fingerprint and grant.expires_us > now_us):
                before = granted.get(
                    spec.name, said
                )  # of several segments the one that is furthest
                granted[spec.name] = max(before, said, key=lambda level: level.rank)
    return _views(specs, phase=phase, ceilings=ceilings, granted=granted)


def without_grants(
    specs: Sequence[ActionSpec], *, phase: Phase, ceilings: Mapping[str, Level]
) -> tuple[ActionView, ...]:
    """Return what each action may do alone where nothing was granted yet."""
    return _views(specs, phase=phase, ceilings=ceilings, granted={})


def _views(
    specs: Sequence[ActionSpec],
    *,
    phase: Phase,
    ceilings: Mapping[str, Level],
    granted: Mapping[str, Level],
) -> tuple[ActionView, ...]:
    views = []
    for spec in specs:
        ceiling = lowest(ceilings.get(spec.name, Level.AUTONOMOUS), RISK_CEILING[spec.risk])
        now = lowest(granted.get(spec.name, Level.APPROVE_EACH), ceiling, PHASE_CAP[phase])
        views.append(
            ActionView(
                action=spec.name, level=now.value, ceiling=ceiling.value, risk=spec.risk.value
            )
        )
    return tuple(views)


def counts(connection: Connection, *, now_us: int, own: Workflows = None) -> dict[str, int]:
    """Return the numbers of the whole, or of one's own desk; `balance` must read 0."""
    found = cases.counts(connection, own)
    counted = {name: found.get(name, 0) for name in STATES}
    total = cases.received(connection, own)
    return {
        "received": total,
        **counted,
        "waiting": inbox.count(connection, own),
        "overdue": inbox.count_overdue(connection, now_us=now_us, workflow=own),
        "overdue_aside": cases.count_aside(connection, workflow=own, due_before_us=now_us)[0],
        "ambiguous": proposals.all_ambiguous(connection, own),
        "stops": stops.count(connection),
        "tasks": tasks.count_open(connection, own),
        "incidents": incidents.count_open(connection, own),
        "balance": total - sum(counted.values()),
    }


def badges(connection: Connection, own: Workflows = None) -> dict[str, int]:
    """Return the numbers that every page shows: counters, and what is few by its nature."""
    return badge_rows.numbers(connection, own)
