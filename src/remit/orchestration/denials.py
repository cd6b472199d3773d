"""How often a proposal was made in its case, and whether it was already refused there."""

from collections.abc import Iterator

from remit.domain.action import ActionSpec, AnySource
from remit.domain.effect import EffectState
from remit.domain.frozen import dataclass
from remit.domain.value import encode
from remit.orchestration.acted_on import record_name
from remit.orchestration.acts import ActRecord
from remit.orchestration.proposed import Proposal
from remit.orchestration.run import Run
from remit.policy.denial import kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a proposal wants: neither its wording nor its amount."""

    kind: str  # denial group, or the action
    action: str
    record: str
    recipients: tuple[bytes, ...]  # whom it would reach

    def is_also(self, other: "Intent") -> bool:
        """Is this the same intent? Sibling actions reach the same person by other addresses."""
        if self.kind != other.kind or self.record != other.record:
            return False
        return self.action != other.action or self.recipients == other.recipients


def times_used(run: Run, proposal: Proposal) -> int:
    """Return how many earlier proposals of this action count against `times_max`."""
    own = run.history.act(proposal.path)
    used = run.history.used(proposal.action)
    counted = own is not None and own.action == proposal.action and proposal.version > 0
    return used - 1 if counted and used else used


def denied(run: Run, spec: ActionSpec | None, proposal: Proposal) -> bool:
    """Return whether a person's no stands for this intent in this case."""
    return any(act.code.startswith("rejected.") for act in _refused(run, spec, proposal))


def count(run: Run, spec: ActionSpec | None, proposal: Proposal) -> int:
    """Return how many proposals of this intent were denied in this case, by people or the gate."""
    return sum(1 for _ in _refused(run, spec, proposal))


def _refused(run: Run, spec: ActionSpec | None, proposal: Proposal) -> Iterator[ActRecord]:
    """Yield the proposals of this intent that were denied, but not versions of this one."""
    refused = [
        act
        for path, versions in run.history.acts.items()
        for act in versions
        if path != proposal.path and act.state is EffectState.DENIED
    ]
    if not refused:
        return
    wanted = _intent(run, spec, proposal)
    for act in refused:
        if wanted.is_also(_intent(run, run.equipment.spec(act.action), act)):
            yield act


def _intent(run: Run, spec: ActionSpec | None, asked: Proposal | ActRecord) -> Intent:
    if spec is None:
        return Intent(kind=kind(None, asked.action), action=asked.action, record="", recipients=())
    return Intent(
        kind=kind(spec, asked.action),
        action=asked.action,
        record=record_name(run, spec, asked.arguments),
        recipients=tuple(
            encode(asked.arguments.get(param.name))
            for param in spec.params
            if param.private is not None and not isinstance(param.source, AnySource)
        ),
    )
