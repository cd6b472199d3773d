"""May it happen now? Stops, policies and limits: checks 1, 4 and 5."""

from collections.abc import Iterator, Sequence

from remit.domain.decision import (
    NEVER,
    Check,
    FiredForbid,
    GateFacts,
    GateVerdict,
    Lift,
    LiftKind,
    LimitFact,
    Reason,
)
from remit.policy import wording
from remit.policy.lift import MENDED, OWNER, approve, event
from remit.policy.limits import amount, fits

_V = GateVerdict


def stop(facts: GateFacts) -> Iterator[Reason]:
    """Hold for every standing switch; no approval lifts it, lifting the stop does."""
    for switch in facts.stops:
        yield Reason(
            check=Check.STOP,
            code="stop.hard" if switch.hard else "stop.standing",
            verdict=_V.HOLD,
            lift=event(f"the stop on {switch.scope} is lifted"),
            sentence=f"Stopped: {switch.scope}. {switch.sentence}",
            refs=(switch.scope,),
        )


def policy(facts: GateFacts) -> Iterator[Reason]:
    """Say what the rules said; whatever the engine could not tell is a fault."""
    answer = facts.policy
    if not answer.loaded:
        yield _policy("not_loaded", _V.FAULT, MENDED, "The policies of this workflow do not load")
        return
    for diagnostic in answer.diagnostics:
        yield _policy("diagnostic", _V.FAULT, MENDED, f"A rule failed: {diagnostic}")
    if answer.decision not in {"allow", "deny"}:
        yield _policy("no_decision", _V.FAULT, MENDED, "The policies gave no decision")
    elif not answer.permits:
        yield _policy("no_rule", _V.HOLD, OWNER, f"No rule permits {facts.action}")
    elif answer.decision == "deny" and not answer.forbids:
        yield _policy(
            "contradiction", _V.FAULT, MENDED, "The policies deny but name no rule that forbids"
        )
    for obligation in answer.obligations:
        if not _can_be_met(obligation.kind, obligation.value, undo=facts.undo):
            yield _policy(
                "obligation",
                _V.HOLD,
                MENDED,
                f"A rule asks for `{obligation.kind}({obligation.value})`, which cannot be done",
            )
    for forbid in answer.forbids:
        yield _forbidden(forbid)


def _forbidden(forbid: FiredForbid) -> Reason:
    if forbid.escalate:
        return _policy("escalate", _V.ESCALATE, NEVER, forbid.says, forbid.rule)
    if forbid.requirement is not None:
        lift = Lift(kind=LiftKind.APPROVE, requirement=forbid.requirement)
        said = f"{forbid.says}: needs {wording.people(forbid.requirement)}"
        return _policy("approval", _V.HOLD, lift, said, forbid.rule)
    return _policy("forbidden", _V.DENY, NEVER, forbid.says, forbid.rule)


def _can_be_met(kind: str, value: str, *, undo: bool) -> bool:
    if kind == "grace":  # an undo is begun by a person who has just looked at it
        return value.isascii() and value.isdigit() and not undo
    return kind in {"notify", "review"}


def _policy(word: str, verdict: GateVerdict, lift: Lift, sentence: str, *refs: str) -> Reason:
    return Reason(
        check=Check.POLICY,
        code=f"policy.{word}",
        verdict=verdict,
        lift=lift,
        sentence=sentence,
        refs=refs,
    )


def limits(facts: GateFacts) -> Iterator[Reason]:
    """Hold what does not fit into its limits any more."""
    foreign = [one for one in facts.limits if one.unknown and one.demand is None and one.currency]
    if foreign:
        yield _foreign(facts, foreign)
    for limit in facts.limits:
        if limit not in foreign:
            yield from _limit(facts, limit)


def _foreign(facts: GateFacts, limits: Sequence[LimitFact]) -> Reason:
    """Hold what moves in a currency that none of these limits counts."""
    counted = ", ".join(sorted({one.currency for one in limits}))
    return Reason(
        check=Check.LIMITS,
        code="limits.unknown",
        verdict=_V.HOLD,
        lift=OWNER if any(one.counts_all for one in limits) else approve(1, facts),
        sentence=f"no limit counts what this moves; its limits count {counted}",
        refs=tuple(one.name for one in limits),
    )


def _limit(facts: GateFacts, limit: LimitFact) -> Iterator[Reason]:
    taken, demand = limit.used + limit.reserved, limit.demand
    if demand is None and limit.unknown:
        word, verdict = "unknown", _V.HOLD
        lift = OWNER if limit.counts_all else approve(1, facts)
        said = f"{limit.name}: nobody can tell how much this asks for"
    elif demand is None or demand < 0 or limit.used < 0 or limit.reserved < 0:
        word, verdict, lift = "uncountable", _V.FAULT, MENDED
        said = f"{limit.name}: what this asks for cannot be counted"
    elif demand == 0:
        word, verdict, lift = "zero", _V.HOLD, approve(1, facts)
        said = f"{limit.name}: this asks for 0, which is nothing to count"
    elif fits(limit.used, limit.reserved, demand, limit.max):
        return
    else:
        word, verdict, lift = "exceeded", _V.HOLD, approve(1, facts)
        said = (
            f"{limit.name}: {amount(limit, taken)} taken and {amount(limit, demand)} asked for; "
            f"{amount(limit, limit.max)} allowed"
        )
        if limit.escalate_outside:
            word, verdict, lift = "outside", _V.ESCALATE, NEVER
        elif limit.counts_all:
            lift = event(f"the limit {limit.name} is raised")
    yield Reason(
        check=Check.LIMITS,
        code=f"limits.{word}",
        verdict=verdict,
        lift=lift,
        sentence=said,
        refs=(limit.name,),
    )
