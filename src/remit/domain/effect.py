"""Proposals and effects: one life, from what a workflow asks for to what became of it."""

from enum import StrEnum

from remit.errors import IllegalMoveError


class EffectState(StrEnum):
    # the proposal
    PROPOSED = "proposed"
    NOTED = "noted"  # level shadow or draft: recorded, never performed
    HELD = "held"  # waits for a person
    BLOCKED = "blocked"  # the machine could not tell
    ESCALATED = "escalated"
    DENIED = "denied"
    REPLACED = "replaced"  # edited: a new version is proposed
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # certain: nothing went out
    CLEARED = "cleared"  # allowed; not yet begun
    # the effect
    INTENDED = "intended"  # about to be performed, recorded before it is
    DISPATCHED = "dispatched"  # the other system answers later
    CONFIRMED = "confirmed"
    FAILED = "failed"  # a definite no, or not sent
    AMBIGUOUS = "ambiguous"  # it may have happened
    COMPENSATING = "compensating"
    COMPENSATED = "compensated"
    UNCOMPENSATED = "uncompensated"


_S = EffectState

MOVES: dict[EffectState | None, dict[EffectState, str]] = {
    None: {_S.PROPOSED: "workflow, rollback: `run.act`, an undo"},
    _S.PROPOSED: {
        _S.NOTED: "gate: level shadow or draft",
        _S.HELD: "gate: hold",
        _S.DENIED: "gate: deny, forbidden",
        _S.BLOCKED: "gate: deny, fault",
        _S.ESCALATED: "gate: escalate",
        _S.CLEARED: "gate: allow",
        _S.WITHDRAWN: "person: the case is cancelled",
    },
    _S.HELD: {
        _S.PROPOSED: "machine: what stood in the way is gone; gate again",
        _S.CLEARED: "desk: approved, and the gate allows with this clearance",
        _S.DENIED: "desk: rejected; second gate: something changed",
        _S.BLOCKED: "second gate: the machine could not tell",
        _S.ESCALATED: "second gate: escalate",
        _S.NOTED: "second gate: the level has fallen to shadow or draft",
        _S.REPLACED: "desk: edited",
        _S.EXPIRED: "clock: nobody decided in time",
        _S.WITHDRAWN: "workflow, owner, incident, a person's escalate",
    },
    _S.BLOCKED: {
        _S.PROPOSED: "machine: the fault cleared; gate again",
        _S.EXPIRED: "clock: the fault was not mended in time",
        _S.WITHDRAWN: "workflow, owner, incident",
    },
    _S.CLEARED: {
        _S.HELD: "second gate: something changed",
        _S.DENIED: "second gate: something changed",
        _S.BLOCKED: "second gate: something changed",
        _S.ESCALATED: "second gate: escalate",
        _S.NOTED: "second gate: the level has fallen to shadow or draft",
        _S.WITHDRAWN: "take back in the grace time; owner, incident",
        _S.INTENDED: "executor: second gate allows, approval consumed",
    },
    _S.INTENDED: {
        _S.CONFIRMED: "executor: performed, with a receipt",
        _S.DISPATCHED: "executor: accepted, the answer comes later",
        _S.FAILED: "executor: a definite no, or no byte left",
        _S.AMBIGUOUS: "executor, recovery: time-out, torn answer, unknown error, crash",
    },
    _S.DISPATCHED: {
        _S.CONFIRMED: "receipt, reconciler, person",
        _S.FAILED: "receipt, reconciler, person",
        _S.AMBIGUOUS: "clock: the deadline passed",
    },
    _S.AMBIGUOUS: {
        _S.CONFIRMED: "reconciler, person: with proof attached",
        _S.FAILED: "reconciler, person: with proof attached",
        _S.CLEARED: "reconciler: absent, keys are honoured, and the gate allows it again",
        _S.INTENDED: "reconciler: same key, next attempt",
    },
    _S.FAILED: {
        _S.CLEARED: "executor: not sent, attempts left; gate again",
        _S.HELD: "not sent, and the gate holds it now",
        _S.DENIED: "not sent, and the gate denies it now",
        _S.BLOCKED: "not sent, and the machine cannot tell now",
        _S.ESCALATED: "not sent, and the gate escalates it now",
        _S.NOTED: "not sent, and the level has fallen to shadow or draft",
    },
    _S.CONFIRMED: {_S.COMPENSATING: "rollback: an undo is proposed"},
    _S.COMPENSATING: {
        _S.COMPENSATED: "executor: the undo is confirmed",
        _S.UNCOMPENSATED: "any refusal: a task with an owner",
    },
    _S.UNCOMPENSATED: {
        _S.COMPENSATING: "owner: tried again",
        _S.COMPENSATED: "owner: corrected by hand, with evidence",
    },
    _S.NOTED: {},
    _S.DENIED: {},
    _S.ESCALATED: {_S.PROPOSED: "person: the case is handed back; gate again"},
    _S.REPLACED: {},
    _S.EXPIRED: {},
    _S.WITHDRAWN: {},
    _S.COMPENSATED: {},
}

# It was begun, and nobody knows yet how it ended.
BEGUN = frozenset({_S.INTENDED, _S.DISPATCHED, _S.AMBIGUOUS})

# A case may not close while one of its effects is in one of these states.
UNSETTLED = frozenset(
    {_S.PROPOSED, _S.HELD, _S.BLOCKED, _S.CLEARED, _S.INTENDED, _S.DISPATCHED, _S.AMBIGUOUS}
)


def move(current: EffectState | None, to: EffectState) -> EffectState:
    """Return `to`, or raise `IllegalMoveError`."""
    if to not in MOVES[current]:
        raise IllegalMoveError(f"an effect cannot move from `{current}` to `{to}`")
    return to
