"""What lowered a cell, looked for again in rows that were made of entries alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Final

from remit.domain.autonomy import Cell, Level
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.domain.plan import Plan
from remit.governance import alarm, grants, labels, recounts, streams, watch
from remit.governance.tossed import Found
from remit.store import evidence, plans
from remit.store.connection import Connection


@dataclass(slots=True, kw_only=True, frozen=False)
class Grounds:
    """What may have lowered a cell and is in no row: harm, grants, a plan to come."""

    harm: dict[tuple[str, str], int] = field(default_factory=dict)  # cell, severity -> when said
    given: dict[str, int] = field(default_factory=dict)  # cell -> when it was raised
    planned: set[tuple[str, str]] = field(default_factory=set)  # lowered for a plan to come
    carried: dict[str, int] = field(default_factory=dict)  # cell that acts alone -> since when

    def note(self, connection: Connection, entry: Entry) -> None:
        """Keep what an entry may be the ground of."""
        if entry.event == "governance:label:given" and entry.word("severity"):
            row = evidence.find(connection, entry.word("action_id"))
            if row is not None:
                self.harm[row.cell.name, entry.word("severity")] = entry.at_us
        elif entry.event == "governance:evidence:carried":
            cell = recounts.cell_of(entry)
            grant = grants.of_cell(connection, cell)
            if grant is not None and Level(grant.level).rank > Level.APPROVE_EACH.rank:
                self.carried[cell.name] = entry.at_us
        elif entry.event == "governance:surge:begun":
            self._followed(entry)
        elif entry.event == "governance:grant:given":
            self.given[recounts.cell_of(entry).name] = entry.at_us
        elif entry.event == "governance:grant:lowered":
            self._followed(entry)
            if entry.word("code") == "plan":
                self.planned.add((entry.workflow, entry.word("action")))
        elif entry.event == "governance:plan:set":
            self.planned.discard((entry.workflow, entry.word("action")))

    def _followed(self, entry: Entry) -> None:
        """Take what came of a carry in its own transaction for what was due with it."""
        name = recounts.cell_of(entry).name
        if self.carried.get(name) == entry.at_us:
            del self.carried[name]


def lowered(connection: Connection, entry: Entry, grounds: Grounds) -> Iterator[Found]:
    """Look for what lowered a cell; yields what differs."""
    cell, code = recounts.cell_of(entry), entry.word("code")
    grant = grants.of_cell(connection, cell)
    plan = plans.find(connection, workflow=cell.workflow, action=cell.action)
    level = Level(grant.level) if grant is not None else None
    if level is None and plan is not None:
        level = plan.starts
    if entry.word("before") and level is not None and entry.word("before") != level:
        yield Found(what="the level before", said=entry.word("before"), found=level.value)
    if level is not None and Level(entry.word("level")).rank > level.rank:
        yield Found(what="a lower level", said=entry.word("level"), found=f"below {level.value}")
    ground = _GROUNDS.get(code)
    if ground is None or not ground(connection, entry, grounds):
        yield Found(what="what lowered it", said=code, found="no such thing before it")


def _is_lapsed(connection: Connection, entry: Entry, _grounds: Grounds) -> bool:
    cell = recounts.cell_of(entry)
    plan = plans.find(connection, workflow=cell.workflow, action=cell.action)
    grant = grants.of_cell(connection, cell)
    if plan is None or grant is None:
        return False
    stream = streams.read(connection, plan, cell, grant.fingerprint)
    return grants.lapsed(connection, stream, grant, now_us=entry.at_us)


def _is_breached(connection: Connection, entry: Entry, _grounds: Grounds) -> bool:
    return recounts.fired(connection, recounts.cell_of(entry), alarm.BREACH, at_us=entry.at_us)


def _is_expired(connection: Connection, entry: Entry, _grounds: Grounds) -> bool:
    grant = grants.of_cell(connection, recounts.cell_of(entry))
    return grant is not None and grant.expires_us <= entry.at_us


def _is_starved(connection: Connection, entry: Entry, _grounds: Grounds) -> bool:
    due, arrived = recounts.arrivals(connection, recounts.cell_of(entry), entry)
    return due >= watch.DUE_MIN and not arrived


def _is_of_another(connection: Connection, entry: Entry, _grounds: Grounds) -> bool:
    """Say whether that fingerprint was granted; which one ran then is in no entry of its own."""
    grant = grants.of_cell(connection, recounts.cell_of(entry))
    return grant is not None and grant.fingerprint == entry.word("fingerprint")


def _is_harmful(connection: Connection, entry: Entry, grounds: Grounds) -> bool:
    cell = recounts.cell_of(entry)
    grant = grants.of_cell(connection, cell)
    said_us = grounds.harm.get((cell.name, entry.word("code")), -1)
    return said_us >= (0 if grant is None else grant.given_us)


_GROUNDS: Final[Mapping[str, Callable[[Connection, Entry, Grounds], bool]]] = {
    alarm.BREACH: _is_breached,
    "unsupported": _is_lapsed,
    labels.CRITICAL: _is_harmful,
    labels.POLICY: _is_harmful,
    "expired": _is_expired,
    "fingerprint": _is_of_another,
    "starved": _is_starved,
    "by_hand": lambda _connection, entry, _grounds: entry.actor.kind == "person",
    "unacknowledged": lambda _c, entry, grounds: recounts.cell_of(entry).name in grounds.given,
    "plan": lambda _connection, _entry, _grounds: True,  # the plan that follows: see `undone`
}


def undone(connection: Connection, grounds: Grounds, now_us: int) -> Iterator[tuple[str, Found]]:
    """Yield, by cell, what should have happened by now and did not."""
    for workflow, action in sorted(grounds.planned):
        found = Found(what="what lowered it", said="plan", found="no plan was set then")
        yield f"{workflow}.{action}", found
    for name in sorted(grounds.carried):
        yield name, Found(what="a surge after a carry", said="nothing", found="due with it")
    for plan in plans.every(connection):
        for cell, fingerprint in evidence.streams(
            connection, workflow=plan.workflow, action=plan.action
        ):
            yield from _unheard(connection, plan, cell, fingerprint, now_us)


def _unheard(
    connection: Connection, plan: Plan, cell: Cell, fingerprint: str, now_us: int
) -> Iterator[tuple[str, Found]]:
    grant = grants.of_cell(connection, cell)
    stream = streams.read(connection, plan, cell, fingerprint)
    seen = streams.since_level(connection, stream, grant)
    known = {(one.detector, one.row) for one in plans.alarms(connection, cell)}
    for one in recounts.watched(connection, stream, seen, now_us):
        if one.detector == alarm.BREACH and (one.detector, one.row) not in known:
            yield cell.name, Found(what="a breach", said="nothing", found=f"row {one.row[:16]}")
    alone = grant is not None and Level(grant.level).rank > Level.APPROVE_EACH.rank
    if alone and grant is not None and grants.lapsed(connection, stream, grant, now_us=now_us):
        yield cell.name, Found(what="the grant in force", said=grant.level, found="not supported")
