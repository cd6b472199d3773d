"""What the gate is told of a cell's level and of the confidence that led to a proposal."""

from remit.domain import autonomy
from remit.domain.action import ActionSpec, AnySource, Risk
from remit.domain.autonomy import WHOLE, Cell, Level
from remit.domain.decision import ConfidenceFact, LevelFact
from remit.orchestration.proposed import Proposal
from remit.orchestration.run import Run
from remit.orchestration.standing import Standing
from remit.store import evidence, proposals
from remit.store.authority import GrantRow
from remit.store.connection import Connection


def level(
    run: Run,
    connection: Connection,
    spec: ActionSpec | None,
    proposal: Proposal,
    standing: Standing,
    record: str,
) -> LevelFact:
    """Return what the cell of this proposal may do alone, and what puts that in doubt.

    What is sent again under its key, since the other system does not have it, was cleared once
    already: others in doubt do not hold it. They would wait for one another.
    """
    cell = cell_of(run, proposal)
    grant = run.authority.grant(connection, standing.authority, cell)
    granted = _granted(run, proposal, grant)
    alone = grant is not None and Level(grant.level).rank > Level.APPROVE_EACH.rank
    now_us = int(run.now().timestamp() * 1_000_000)
    risk = None if spec is None else spec.risk
    return LevelFact(
        phase=run.equipment.phase,
        granted=granted,
        ceiling=run.equipment.ceiling(proposal.action),
        fingerprint_matches=grant is None
        or not alone
        or (grant.fingerprint == run.equipment.fingerprint and not run.mixed),
        expired=grant is not None and alone and grant.expires_us <= now_us,
        surge=_surges(run, connection, cell, standing),
        ambiguous_effects=0 if proposal.repeats else standing.ambiguous,
        in_doubt=proposals.in_doubt_on(
            connection,
            workflow=run.equipment.name,
            action=proposal.action,
            record=record,
            but=proposal.action_id,
        )
        if standing.ambiguous and record and not proposal.repeats
        else 0,
        owner_active=bool(run.equipment.owner),
        role=run.equipment.desk.approver_role,
        approvals=_approvals(run, spec, proposal, risk),
        segment=cell.segment,
    )


def cell_of(run: Run, proposal: Proposal) -> Cell:
    """Return the cell that a proposal belongs to."""
    declared = run.equipment.workflow.actions.get(proposal.action)
    segment = WHOLE if declared is None else declared.segment(proposal.arguments)
    return Cell(workflow=run.equipment.name, action=proposal.action, segment=segment)


def _granted(run: Run, proposal: Proposal, grant: GrantRow | None) -> Level | None:
    """Return the level that a cell was given, or at which its plan has it begin."""
    if grant is not None:
        return Level(grant.level)
    plan = run.equipment.plans.get(proposal.action)
    starts = Level.APPROVE_EACH if plan is None else plan.starts
    return None if starts is Level.APPROVE_EACH else starts


def _surges(run: Run, connection: Connection, cell: Cell, standing: Standing) -> bool:
    """Is each of these cases looked at for a while?"""
    found = run.authority.surge(connection, standing.authority, cell)
    return found is not None and (
        evidence.eligible_since(connection, cell, since_us=found.begun_us) < found.cases
    )


def _approvals(run: Run, spec: ActionSpec | None, proposal: Proposal, risk: Risk | None) -> int:
    """Two where one person both wrote and would approve a value with authority over money."""
    if spec is None or risk is None:
        return 1
    needed = run.equipment.approvals_needed(risk)
    with_authority = any(
        param.name in proposal.endorsed and not isinstance(param.source, AnySource)
        for param in spec.params
    )
    if with_authority and risk in {Risk.MONEY, Risk.IRREVERSIBLE}:
        return max(needed, 2)
    return needed


def effective(fact: LevelFact, risk: Risk) -> Level:
    """Return the level that applies to an action of this risk."""
    granted = fact.granted if fact.granted is not None else Level.APPROVE_EACH
    return autonomy.lowest(
        granted,
        fact.ceiling,
        autonomy.PHASE_CAP[fact.phase],
        autonomy.RISK_CEILING[risk],
    )


def lowest_choice(run: Run) -> int | None:
    """Return the lowest confidence of the choices so far; `None` where one did not say."""
    choices = run.history.choices
    if not choices or any(choice is None for choice in choices):
        return None
    return min(choice for choice in choices if choice is not None)


def confidence(
    run: Run, connection: Connection, proposal: Proposal, standing: Standing, *, segment: str
) -> ConfidenceFact:
    """Return how sure the models were that chose on the way here, and how sure they must be."""
    cell = Cell(workflow=run.equipment.name, action=proposal.action, segment=segment)
    grant = run.authority.grant(connection, standing.authority, cell)
    marks = [run.equipment.low_marks_ppm.get(proposal.action)]
    if grant is not None:
        marks.append(grant.low_mark_ppm)
    return ConfidenceFact(
        asked=bool(run.history.choices),
        ppm=lowest_choice(run),
        threshold_ppm=None if grant is None else grant.threshold_ppm,
        low_mark_ppm=max((mark for mark in marks if mark is not None), default=None),
        tie=autonomy.tie(proposal.action_id),
        threshold_tie=0 if grant is None else grant.threshold_tie,
    )
