"""Evidence that is carried to other rules which provably allow less: one-sided, with a surge.

People repair what went wrong. So a right row that would not run any more is left out, and a wrong
one stays; nobody can sign that away.
INVARIANT: what counts after a carry is never more favourable than before it
(tests/properties/test_carried.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from remit.domain import clock
from remit.domain.actor import Actor
from remit.domain.autonomy import Cell, Level
from remit.domain.entry import Draft
from remit.domain.evidence_event import EvidenceCarried
from remit.domain.fingerprint import fingerprint
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.domain.plan import Plan
from remit.governance import grants, monitors, streams
from remit.governance.alarm import BREACH
from remit.governance.proven import SAME, Proof
from remit.governance.streams import EvidenceStream
from remit.store import evidence, plans
from remit.store.authority import GrantRow
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork

CARRIED: Final = "carried"
NAMED_MAX: Final = 200  # rows in one entry: a leaf has an end


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From one fingerprint of a workflow to another; they differ by rules and limits alone."""

    workflow: str
    rest: str
    rules_before: str
    rules_after: str
    limits_before: str
    limits_after: str

    @property
    def before(self) -> str:
        return fingerprint(self.rest, rules=self.rules_before, limits=self.limits_before)

    @property
    def after(self) -> str:
        return fingerprint(self.rest, rules=self.rules_after, limits=self.limits_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """What may be carried in a step, by action, and which rows would still run."""

    step: Step
    proofs: Mapping[str, Proof]
    look: Callable[
        [Connection, int], Mapping[str, bool | None]
    ]  # rows since then, by id: would it run?
    runs: Mapping[str, bool | None]  # what that said a moment ago

    def gone(self, connection: Connection, rows: Sequence[EvidenceRow]) -> list[EvidenceRow]:
        """Return the rows of an action that would not run any more, and ran until now."""
        unseen = [row.at_us for row in rows if row.action_id not in self.runs]
        runs = {**self.runs, **(self.look(connection, min(unseen)) if unseen else {})}
        return [row for row in rows if not row.gone and not runs.get(row.action_id)]


def concerned(connection: Connection, step: Step) -> dict[str, int]:
    """Return the actions with rows under the fingerprint before, and since when."""
    return evidence.first_of(connection, workflow=step.workflow, fingerprint=step.before)


def hold(uow: UnitOfWork, workflow: str) -> None:
    """Hold all cells of a workflow, before its control stream is locked."""
    for cell in evidence.cells(uow.connection, workflow):
        streams.hold(uow, cell)


def carry(uow: UnitOfWork, carried: Carry, *, by: Actor) -> None:
    """Carry what may be carried, in the transaction in which the other rules come into force.

    A cell begins anew where the fingerprint had rows of its own before, or where what is left
    would sound a breach. A grant that what is left does not support falls to approve-each.
    """
    step = carried.step
    if step.before == step.after:
        return
    for action, proof in carried.proofs.items():
        plan = plans.find(uow.connection, workflow=step.workflow, action=action)
        if plan is None:
            continue
        found = evidence.streams(uow.connection, workflow=step.workflow, action=action)
        fresh = {cell for cell, behaviour in found if behaviour == step.after}
        for cell, behaviour in found:
            if behaviour == step.before and cell not in fresh:
                _cell(uow, plan, cell, carried, proof, by=by)


def _cell(
    uow: UnitOfWork, plan: Plan, cell: Cell, carried: Carry, proof: Proof, *, by: Actor
) -> None:
    step, now_us = carried.step, clock.microseconds(uow.now)
    if plans.over(uow.connection, cell, step.after).attempt >= 0:
        return
    rows = list(evidence.of_cell(uow.connection, cell, fingerprint=step.before))
    gone = [] if proof.kind == SAME else carried.gone(uow.connection, rows)
    if not rows or _breaches(uow.connection, plan, cell, step, gone, now_us=now_us):
        return
    over = plans.over(uow.connection, cell, step.before)
    for event in _events(cell, step, proof, gone, rows=len(rows), attempt=over.attempt + 1):
        uow.append(
            Draft(
                event=event, case_id=control_stream(cell.workflow), workflow=cell.workflow,
                actor=by,
            )
        )  # fmt: skip
    streams.close(uow, cell, step.before, code=CARRIED, cooldown_us=0)
    _grant(uow, plan, cell, step, now_us=now_us)


def _events(
    cell: Cell, step: Step, proof: Proof, gone: list[EvidenceRow], *, rows: int, attempt: int
) -> Iterator[EvidenceCarried]:
    """Yield what tells of a carry; many rows are named in several entries."""
    for part, begin in enumerate(range(0, max(len(gone), 1), NAMED_MAX)):
        named = gone[begin : begin + NAMED_MAX]
        right = sum(row.outcome == "right" for row in named)
        yield EvidenceCarried(
            action=cell.action, segment=cell.segment, before=step.before, after=step.after,
            rest=step.rest, rules_before=step.rules_before, rules_after=step.rules_after,
            limits_before=step.limits_before, limits_after=step.limits_after, proof=proof.kind,
            proven=proof.digest, decisions=proof.decisions, attempt=attempt, rows=rows,
            dropped=right, stayed=len(named) - right,
            gone=tuple(row.action_id for row in named), part=part,
        )  # fmt: skip


def _breaches(
    connection: Connection,
    plan: Plan,
    cell: Cell,
    step: Step,
    gone: list[EvidenceRow],
    *,
    now_us: int,
) -> bool:
    """Tell whether a cell would have fallen, had only what is left been seen of it."""
    grant = grants.of_cell(connection, cell)
    stream = streams.read(connection, plan, cell, step.before)
    if grant is not None and _alone(grant) and not _supported(grant, stream):
        return True
    seen = streams.since_level(connection, stream, grant)
    named = {row.action_id for row in gone}
    left = tuple(replace(row, gone=row.gone or row.action_id in named) for row in seen.rows)
    grid = plans.grid(connection, cell, step.before, stream.attempt)
    found = monitors.alarms(replace(seen, rows=left), grant, grid, now_us=now_us)
    known = {(one.detector, one.row) for one in plans.alarms(connection, cell)}
    return any(one.detector == BREACH and (one.detector, one.row) not in known for one in found)


def _grant(uow: UnitOfWork, plan: Plan, cell: Cell, step: Step, *, now_us: int) -> None:
    """Keep a grant that what is left supports, with a surge; else it falls."""
    grant = grants.of_cell(uow.connection, cell)
    if grant is None or not _alone(grant) or grant.fingerprint != step.after:
        return
    stream = streams.read(uow.connection, plan, cell, step.after)
    if grants.lapsed(uow.connection, stream, grant, now_us=now_us):
        grants.lower(
            uow, cell, level=Level.APPROVE_EACH, code="unsupported", fingerprint=step.after,
            before=grant.level,
        )  # fmt: skip
        monitors.tell_owner(uow, cell, code="unsupported")
        return
    monitors.surge(uow, cell, code=CARRIED)


def _supported(grant: GrantRow, stream: EvidenceStream) -> bool:
    """Tell whether a grant rests on rows of the attempt that goes on, which can be asked."""
    return bool(grant.evidence_last) and grant.attempt == stream.attempt


def _alone(grant: GrantRow) -> bool:
    return Level(grant.level).rank > Level.APPROVE_EACH.rank
