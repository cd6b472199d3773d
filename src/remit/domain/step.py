"""Steps: the recorded calls that workflow code makes."""

from enum import StrEnum

from remit.domain.frozen import dataclass
from remit.domain.value import Json


class StepKind(StrEnum):
    CLASSIFY = "classify"
    ASK = "ask"
    RETRIEVE = "retrieve"
    READ = "read"
    DERIVE = "derive"
    ACT = "act"
    ESCALATE = "escalate"
    SLEEP = "sleep"
    NOW = "now"
    RANDOM = "random"
    NEW_ID = "new_id"
    CHANGED = "changed"
    GATHER = "gather"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepKey:
    """What identifies a step on replay."""

    path: str  # ordinal in program order; each branch of gather adds a level: `5.0.2`
    kind: StepKind
    name: str  # tool, action, prompt
    arguments: str  # keyed digest of what the code gave, before it was masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """How sure a choice is, calibrated."""

    ppm: int  # parts per million
    kind: str  # classifier | nearest | choice_logprob | agreement

    @property
    def share(self) -> float:
        return self.ppm / 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStep:
    """A step's outcome as the ledger holds it."""

    key: StepKey
    seq: int
    result: Json
    failed: str | None = None  # the error's code when the step was refused
