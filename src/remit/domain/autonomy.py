"""Levels, phases and what caps them."""

from enum import StrEnum
from hashlib import sha256
from typing import Final

from remit.domain.action import Risk
from remit.domain.frozen import dataclass

WHOLE: Final = "all"  # the one segment of an action that declares none
OTHER: Final = "other"  # what no declared segment claims
SEGMENTS_MAX: Final = 50
TIES: Final = 1_000_000


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What earns autonomy: one action of a workflow in one segment of its cases."""

    workflow: str
    action: str
    segment: str = WHOLE

    @property
    def name(self) -> str:
        """As people write it: `refund-desk.issue_refund/small`."""
        return f"{self.workflow}.{self.action}/{self.segment}"


def tie(action_id: str) -> int:
    """Return the tie-break of a proposal, in millionths of a ppm: the same in every process."""
    return int.from_bytes(sha256(action_id.encode()).digest()[:8], "big") % TIES
