"""Levels, phases and what caps them."""

from enum import StrEnum

from remit.domain.action import Risk
from remit.domain.frozen import dataclass


class Level(StrEnum):
    SHADOW = "shadow"
    DRAFT = "draft"
    APPROVE_EACH = "approve-each"
    SAMPLED = "sampled"
    AUTONOMOUS = "autonomous"

    @property
    def rank(self) -> int:
        return _RANK[self]


_RANK = {level: rank for rank, level in enumerate(Level)}


class Phase(StrEnum):
    BASELINE = "baseline"
    PILOT = "pilot"
    EXPAND = "expand"
    REPLICATE = "replicate"


# Architecture ruling 2: baseline performs nothing, pilot approves each, more begins in expand.
PHASE_CAP = {
    Phase.BASELINE: Level.SHADOW,
    Phase.PILOT: Level.APPROVE_EACH,
    Phase.EXPAND: Level.AUTONOMOUS,
    Phase.REPLICATE: Level.AUTONOMOUS,
}

RISK_CEILING = {
    Risk.LOW: Level.AUTONOMOUS,
    Risk.NORMAL: Level.AUTONOMOUS,
    Risk.MONEY: Level.AUTONOMOUS,
    Risk.IRREVERSIBLE: Level.APPROVE_EACH,
}


def lowest(*levels: Level) -> Level:
    """Return the lowest of these levels."""
    return min(levels, key=lambda level: level.rank)


class Outcome(StrEnum):
    """What a label says of a proposal: was it right first time?"""

    WRONG = "wrong"
    RIGHT = "right"
    PENDING = "pending"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The error rate to stay below, and the chance of a grant to a stream that does not."""

    error_max: float
    false_grant_max: float
