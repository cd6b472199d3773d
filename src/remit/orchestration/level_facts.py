"""What the gate is told of a cell's level and of the confidence that led to a proposal."""

from remit.domain import autonomy
from remit.domain.action import ActionSpec, AnySource, Risk
from remit.domain.autonomy import Level
from remit.domain.decision import ConfidenceFact, LevelFact
from remit.orchestration.proposed import Proposal
from remit.orchestration.run import Run
from remit.orchestration.standing import Standing
from remit.store import proposals
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
    grant = run.authority.grant(
        connection, standing.authority, workflow=run.equipment.name, action=proposal.action
    )
    now_us = int(run.now().timestamp() * 1_000_000)
    risk = None if spec is None else spec.risk
    return LevelFact(
        phase=run.equipment.phase,
        granted=None if grant is None else Level(grant.level),
        ceiling=run.equipment.ceiling(proposal.action),
        fingerprint_matches=grant is None
        or (grant.fingerprint == run.equipment.fingerprint and not run.mixed),
        expired=grant is not None and grant.expires_us <= now_us,
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


def effective(fact: LevelFact, spec: ActionSpec) -> Level:
    """Return the level that applies, for people to read."""
    granted = fact.granted if fact.granted is not None else Level.APPROVE_EACH
    return autonomy.lowest(
        granted,
        fact.ceiling,
        autonomy.PHASE_CAP[fact.phase],
        autonomy.RISK_CEILING[spec.risk],
    )


def lowest_choice(run: Run) -> int | None:
    """Return the lowest confidence of the choices so far; `None` where one did not say."""
    choices = run.history.choices
    if not choices or any(choice is None for choice in choices):
        return None
    return min(choice for choice in choices if choice is not None)


def confidence(run: Run, proposal: Proposal) -> ConfidenceFact:
    """Return how sure the models were that chose on the way here."""
    return ConfidenceFact(
        asked=bool(run.history.choices),
        ppm=lowest_choice(run),
        threshold_ppm=run.equipment.thresholds_ppm.get(proposal.action),
        low_mark_ppm=run.equipment.low_marks_ppm.get(proposal.action),
    )
