"""How often a proposal was made in its case, and whether a person has already said no to it."""

from remit.domain.action import ActionSpec
from remit.orchestration.proposed import Proposal
from remit.orchestration.run import Run


def times_used(run: Run, proposal: Proposal) -> int:
    """Return how many earlier proposals of this action count against `times_max`."""
    own = run.history.act(proposal.path)
    used = run.history.used(proposal.action)
    counted = own is not None and own.action == proposal.action and proposal.version > 0
    return used - 1 if counted and used else used


def denied(run: Run, spec: ActionSpec | None, proposal: Proposal) -> bool:
    """Return whether a person's no stands for this intent: same action or group, in this case."""
    group = None if spec is None else spec.denial_group
    for path, versions in run.history.acts.items():
        newest = versions[-1]
        if path == proposal.path or not newest.code.startswith("rejected."):
            continue
        other = run.equipment.spec(newest.action)
        if newest.action == proposal.action:
            return True
        if group is not None and other is not None and other.denial_group == group:
            return True
    return False


def count(run: Run) -> int:
    """Return how many proposals of this case were denied."""
    return sum(
        1
        for versions in run.history.acts.values()
        for act in versions
        if act.state.value == "denied"
    )
