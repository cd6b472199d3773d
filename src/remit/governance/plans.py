"""Plans in the record: how the cells of an action are judged from here on."""

from remit.domain import actor
from remit.domain.autonomy import Cell, Level
from remit.domain.entry import Draft
from remit.domain.evidence_event import PlanSet
from remit.domain.ids import control_stream
from remit.domain.plan import ManyCells, Plan
from remit.governance import grants, monitors, streams
from remit.store import authority, plans
from remit.store.authority import GrantRow
from remit.store.unit import UnitOfWork


def put(uow: UnitOfWork, plan: Plan) -> None:
    """Put a plan in the record; whatever was counted or granted under another is over."""
    granted = authority.grants_of(uow.connection, workflow=plan.workflow, action=plan.action)
    for row in granted:  # as a label does: first the cell, then the control stream
        streams.hold(uow, _cell(plan, row))
    uow.lock(control_stream(plan.workflow))
    before = plans.version(uow.connection, workflow=plan.workflow, action=plan.action)
    if before == plan.version:
        return
    if before:
        _lower_all(uow, plan)
        streams.close_all(uow, workflow=plan.workflow, action=plan.action, code="plan")
    pooled = plan.many_cells is ManyCells.FDR
    event = PlanSet(
        action=plan.action,
        version=plan.version,
        risk=plan.risk.value,
        error_max_ppm=plan.error_max_ppm,
        false_grant_max_ppm=plan.false_grant_max_ppm,
        window_days=plan.window_days,
        settle=plan.settle.value,
        cluster=plan.cluster.value,
        material=plan.material,
        segments=plan.segments,
        sampled_share_ppm=plan.sampled_share_ppm,
        autonomous_share_ppm=plan.autonomous_share_ppm,
        calibration_rows=plan.calibration_rows,
        seed_share_ppm=plan.seed_share_ppm,
        reviewers=plan.reviewers.value,
        starts=plan.starts.value,
        many_cells=plan.many_cells.value if pooled else None,
        false_share_max_ppm=plan.false_share_max_ppm if pooled else None,
    )
    uow.append(
        Draft(
            event=event,
            case_id=control_stream(plan.workflow),
            workflow=plan.workflow,
            actor=actor.service("monitors"),
        )
    )


def _lower_all(uow: UnitOfWork, plan: Plan) -> None:
    """Have each cell of an action that acts alone wait for people again: nothing supports it."""
    for row in authority.grants_of(uow.connection, workflow=plan.workflow, action=plan.action):
        level, cell = Level(row.level), _cell(plan, row)
        if level.rank > Level.APPROVE_EACH.rank:
            grants.lower(
                uow, cell, level=Level.APPROVE_EACH, code="plan", fingerprint=row.fingerprint,
                before=level.value,
            )  # fmt: skip
            monitors.tell_owner(uow, cell, code="plan")


def _cell(plan: Plan, row: GrantRow) -> Cell:
    return Cell(workflow=plan.workflow, action=plan.action, segment=row.segment)
