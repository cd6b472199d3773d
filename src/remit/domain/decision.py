"""What the gate is told, and what it answers."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from remit.domain.action import ActionSpec, ArgumentProof
from remit.domain.approval import Requirement, Vote
from remit.domain.autonomy import WHOLE, Level, Phase
from remit.domain.frozen import dataclass
from remit.domain.value import Json


class GateVerdict(StrEnum):
    """Ordered by strictness: the strictest reason decides."""

    ALLOW = "allow"
    HOLD = "hold"
    ESCALATE = "escalate"
    FAULT = "fault"  # the machine could not tell: denied, and blocked until mended
    DENY = "deny"  # a contract, rule or person said no

    @property
    def rank(self) -> int:
        return _RANK[self]


_RANK = {verdict: rank for rank, verdict in enumerate(GateVerdict)}


class Check(StrEnum):
    """The gate's checks, in the order in which they run; all of them always run."""

    STOP = "stop"
    STEP = "step"
    SOURCES = "sources"
    POLICY = "policy"
    LIMITS = "limits"
    LEVEL = "level"
    CONFIDENCE = "confidence"


class LiftKind(StrEnum):
    NEVER = "never"
    APPROVE = "approve"
    OWNER = "owner"
    EVENT = "event"  # a stop lifted, a limit raised, a fault mended


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """What removes a reason."""

    kind: LiftKind
    requirement: Requirement | None = None  # for APPROVE and OWNER
    event: str = ""  # for EVENT


NEVER = Lift(kind=LiftKind.NEVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that a check has to say, in words for the desk."""

    check: Check
    code: str  # `level.approve_each`, `sources.different`, `policy.no_rule`, ...
    verdict: GateVerdict
    lift: Lift
    sentence: str
    refs: tuple[str, ...] = ()  # rule ids, parameters, entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """What an allow demands: `grace` seconds, `notify`, `audit`, `reserve`."""

    kind: str
    value: str


# -- facts ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A standing switch."""

    scope: str  # everything | connector:shop | workflow:refund-desk | action:... | case:...
    sentence: str
    hard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAnswer:
    """What Cedar said; it was asked before the gate."""

    loaded: bool
    decision: str | None  # allow | deny | None when it gave none
    permits: tuple[str, ...] = ()  # ids of rules that applied
    forbids: tuple["FiredForbid", ...] = ()
    obligations: tuple[Obligation, ...] = ()
    diagnostics: tuple[str, ...] = ()
    slice_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredForbid:
    """A forbid rule that applied."""

    rule: str
    says: str
    requirement: Requirement | None = None  # `approve(n=2, role=refund-approver)`
    escalate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFact:
    """A limit's state and what this proposal asks of it, in whole units or minor units."""

    name: str
    used: int
    reserved: int
    demand: int | None  # None: cannot be counted
    max: int
    counts_all: bool = False  # also approved effects
    escalate_outside: bool = False
    unknown: bool = False  # nobody can tell what is asked: a person looks, nothing is broken
    currency: str = ""  # of money, which is in minor units


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFact:
    """What the cell may do alone."""

    phase: Phase
    granted: Level | None  # None: no grant
    ceiling: Level
    fingerprint_matches: bool = True
    expired: bool = False
    surge: bool = False
    ambiguous_effects: int = 0
    in_doubt: int = 0  # of these, on the very record that is acted upon
    owner_active: bool = True
    role: str = "approver"  # who may lift approve-each
    approvals: int = 1
    segment: str = WHOLE  # of the action's cases that this one belongs to


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceFact:
    """Confidence of the model choices that led here."""

    asked: bool  # a model chose on the way here
    ppm: int | None
    threshold_ppm: int | None  # certified for this cell; None: none certified
    low_mark_ppm: int | None
    conflict: bool = False  # sources disagree
    tie: int = 0  # millionths of a ppm, drawn for the proposal: no two of a cell are alike
    threshold_tie: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """What may remove hold reasons: votes over this digest, or an incident's containment."""

    votes: tuple[Vote, ...] = ()
    digest: str = ""
    containment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """Everything the gate knows; the same facts give the same decision, years later."""

    action_id: str
    case_id: str
    workflow: str
    version: str  # fingerprint of the workflow's behaviour
    action: str
    author: str  # `workflow`, or the person who edited
    arguments: Mapping[str, Json]  # canonical, masked
    types: Mapping[str, str]  # canonical type word of each argument
    signature_digest: str  # of the proposal
    spec: ActionSpec | None  # None: not declared in this version
    spec_digest: str
    times_used: int  # earlier effectful proposals of this action in the case
    denied_intent: bool  # a person said no to this in this case
    denied_count: int  # proposals of this intent that were denied before, by anybody
    proofs: tuple[ArgumentProof, ...]
    content_findings: tuple[str, ...]  # foreign links, addresses, accounts in content
    stops: tuple[Stop, ...]
    policy: PolicyAnswer
    limits: tuple[LimitFact, ...]
    level: LevelFact
    confidence: ConfidenceFact
    digest: str  # what an approval must be bound to
    clearance: Clearance = field(default_factory=Clearance)
    denied_until: datetime | None = None  # a person's no holds so long for the case's subject
    confidential: tuple[str, ...] = ()  # what is beyond what its parameter may carry
    latest: datetime | None = None  # the newest moment that a fact bears, beside the votes
    undo: bool = False
    assumed_facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # declared derives
    edited: tuple[str, ...] = ()  # parameters whose value the author, a person, changed
    faults: tuple[str, ...] = ()  # facts that could not be gathered
    grace_seconds: int = 0  # in which it can be taken back; a rule may ask for more
    now: datetime | None = None  # ledger time


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The gate's answer, with every reason."""

    verdict: GateVerdict
    reasons: tuple[Reason, ...]  # all that stand, in check order
    lifted: tuple[Reason, ...]  # removed by the clearance
    requirements: tuple[Requirement, ...]  # what a person must give for the standing holds
    obligations: tuple[Obligation, ...]
    performable: bool = True  # False at level shadow or draft: noted, never performed

    @property
    def grace_seconds(self) -> int:
        """How long what is allowed waits, so that it can be taken back."""
        return max((int(one.value) for one in self.obligations if one.kind == "grace"), default=0)
