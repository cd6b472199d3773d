"""Reviewers: what share of errors they find at the least, and who waves them through."""

from typing import Final

from remit.domain.plan import PPM, Plan, Reviewed
from remit.evidence import gate
from remit.evidence import reviewers as measure
from remit.store import checks
from remit.store.connection import Connection

CLEARED_AFTER: Final = 10  # fresh checks in a row, all answered rightly
BAD_MIN: Final = 20  # known-bad ones a quarter, of each workflow and risk


def found(connection: Connection, plan: Plan, *, since_us: int) -> tuple[int, int]:
    """Return (missed, dealt) known-bad checks of a workflow and risk, of all its reviewers."""
    return checks.answered_bad(connection, plan.workflow, risk=plan.risk.value, since_us=since_us)


def sensitivity_ppm(plan: Plan, *, missed: int, dealt: int, attempt: int) -> int:
    """Return what share of errors reviewers find at the least, in millionths."""
    if plan.reviewers is Reviewed.ASSUMED:
        return PPM
    bar = gate.attempt(plan.bar, number=attempt)
    least = measure.sensitivity_min(missed=missed, dealt=dealt, chance=bar.false_grant_max)
    return round(least * PPM)


def alarmed(connection: Connection, workflow: str) -> frozenset[str]:
    """Return the reviewers who wave through too much of what was put before them."""
    return checks.alarmed(connection, workflow)
