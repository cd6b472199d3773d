"""The gate's seven checks: each looks at the facts and says everything that it has to say."""

from collections.abc import Iterator
from typing import assert_never

from remit.domain import autonomy
from remit.domain.action import ArgumentProof, Integrity, ParamSpec, Proof, Risk
from remit.domain.approval import Requirement
from remit.domain.autonomy import Level
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

DENIED_MAX = 3  # at the third denied proposal of one intent the case escalates
OWNER = Requirement(people=1, role="owner")
PPM = 1_000_000

_V = GateVerdict
_MENDED = Lift(kind=LiftKind.EVENT, event="the fault is mended")


# -- 1 stop --------------------------------------------------------------------------------------


def stop(facts: GateFacts) -> Iterator[Reason]:
    """Every standing switch holds; no approval lifts it, lifting the stop does."""
    for switch in facts.stops:
        yield Reason(
            check=Check.STOP,
            code="stop.hard" if switch.hard else "stop.standing",
            verdict=_V.HOLD,
            lift=Lift(kind=LiftKind.EVENT, event=f"the stop on {switch.scope} is lifted"),
            sentence=f"Stopped: {switch.scope}. {switch.sentence}",
            refs=(switch.scope,),
        )


# -- 2 declared step -----------------------------------------------------------------------------


def step(facts: GateFacts) -> Iterator[Reason]:
    """The call is one that this version of the workflow declares, in shape and in number."""
    for fault in facts.faults:
        yield _step("fact_missing", _V.FAULT, f"A fact could not be gathered: {fault}")
    if facts.now is not None and any(vote.at > facts.now for vote in facts.clearance.votes):
        yield _step("future_fact", _V.FAULT, "A vote is dated after the ledger's own time")
    if facts.denied_intent:
        yield _step("denied_intent", _V.DENY, "A person has already said no to this in this case")
        if facts.denied_count + 1 >= DENIED_MAX:
            times = facts.denied_count + 1
            yield _step("denied_again", _V.ESCALATE, f"Asked {times} times after a person's no")
    spec = facts.spec
    if spec is None:
        yield _step(
            "undeclared", _V.DENY, f"{facts.action} is not an action of this workflow version"
        )
        return
    if facts.signature_digest != facts.spec_digest:
        yield _step("signature", _V.DENY, f"{facts.action} has changed since it was proposed")
    if spec.is_undo and not facts.undo:
        yield _step("undo_only", _V.DENY, f"{facts.action} is performed by rollback alone")
    if not facts.undo and facts.times_used >= spec.times_max:
        yield _step(
            "too_often",
            _V.DENY,
            f"{facts.action} was asked for {facts.times_used + 1} times in this case; "
            f"{spec.times_max} allowed",
        )
    for param in spec.params:
        yield from _shape(facts, param)
    for name in sorted(set(facts.arguments) - {param.name for param in spec.params}):
        yield _step(
            "extra_argument", _V.DENY, f"{name} is not a parameter of {facts.action}", name
        )


def _shape(facts: GateFacts, param: ParamSpec) -> Iterator[Reason]:
    name = param.name
    if name not in facts.arguments:
        if not param.optional:
            yield _step("missing_argument", _V.DENY, f"{name} has no value", name)
        return
    value, given = facts.arguments[name], facts.types.get(name, "unknown")
    if given == "null" and param.optional:
        return
    if given != param.type:
        yield _step(
            "wrong_type", _V.DENY, f"{name} is of type {given}; {param.type} is declared", name
        )
    elif param.choices and value not in param.choices:
        allowed = ", ".join(param.choices)
        yield _step(
            "not_a_choice", _V.DENY, f"{name} is {wording.show(value)}; one of {allowed}", name
        )


def _step(word: str, verdict: GateVerdict, sentence: str, *refs: str) -> Reason:
    lift = _MENDED if verdict is _V.FAULT else NEVER
    return Reason(
        check=Check.STEP,
        code=f"step.{word}",
        verdict=verdict,
        lift=lift,
        sentence=sentence,
        refs=refs,
    )


# -- 3 sources -----------------------------------------------------------------------------------


def sources(facts: GateFacts) -> Iterator[Reason]:
    """Every argument with authority is proven, or a person vouches for it."""
    lift = approve(1, facts)
    for proof in facts.proofs:
        yield from _proof(facts, proof, lift)
    proven = {proof.parameter for proof in facts.proofs}
    for name in sorted(set(facts.arguments) - proven):
        yield _source("unknown", _V.HOLD, lift, f"It is not known where {name} comes from", name)
    for finding in facts.content_findings:
        yield _source("foreign_content", _V.HOLD, lift, f"Content carries {finding}")
    spec = facts.spec
    if spec is not None and _weighty(facts):
        content = {proof.parameter for proof in facts.proofs if proof.proof is Proof.CONTENT}
        for name in sorted(set(facts.edited) - content):
            yield _source(
                "edited",
                _V.HOLD,
                approve(2, facts),
                f"{facts.author} changed {name}; somebody else must agree too",
                name,
            )


def _proof(facts: GateFacts, proof: ArgumentProof, lift: Lift) -> Iterator[Reason]:
    name = proof.parameter
    match proof.proof:
        case Proof.CONTENT:
            return
        case Proof.PROVEN:
            if proof.integrity.rank >= Integrity.STATED.rank:
                return
            code, verdict = "untrusted", _V.HOLD
        case Proof.NOT_LITERAL | Proof.ABOVE:
            code, verdict, lift = proof.proof.value.replace("-", "_"), _V.DENY, NEVER
        case (
            Proof.ABSENT
            | Proof.DIFFERENT
            | Proof.STALE
            | Proof.TWO_RECORDS
            | Proof.UNTRUSTED_SELECTION
            | Proof.AMBIGUOUS_LIST
            | Proof.NOT_A_MEMBER
            | Proof.TOO_MANY_RECORDS
        ):
            code, verdict = proof.proof.value.replace("-", "_"), _V.HOLD
        case _:  # pragma: no cover - mypy proves that nothing is left
            assert_never(proof.proof)
    value = wording.show(facts.arguments.get(name))
    said = f"{name} {value} {_FAILED[proof.proof]}"
    if proof.accepted:
        said += f": {'; '.join(proof.accepted)}"
    if proof.elsewhere:
        said += f". The same value stands in {'; '.join(proof.elsewhere)}"
    yield _source(code, verdict, lift, said, name)


_FAILED = {
    Proof.PROVEN: "rests on words that nobody vouches for",
    Proof.CONTENT: "is content",
    Proof.ABSENT: "is not proven, its source has no value",
    Proof.DIFFERENT: "is not what its source says",
    Proof.STALE: "is out of date, a newer read says otherwise",
    Proof.TWO_RECORDS: "belongs to another record than the other arguments",
    Proof.UNTRUSTED_SELECTION: "comes from a record that untrusted text chose",
    Proof.AMBIGUOUS_LIST: "is one of several in a list",
    Proof.NOT_A_MEMBER: "is not in the directory",
    Proof.NOT_LITERAL: "is not one of the fixed values",
    Proof.ABOVE: "is outside its bound",
    Proof.TOO_MANY_RECORDS: "cannot be proven, too many records were read",
}


def _source(word: str, verdict: GateVerdict, lift: Lift, sentence: str, *refs: str) -> Reason:
    return Reason(
        check=Check.SOURCES,
        code=f"sources.{word}",
        verdict=verdict,
        lift=lift,
        sentence=sentence,
        refs=refs,
    )


# -- 4 policy ------------------------------------------------------------------------------------


def policy(facts: GateFacts) -> Iterator[Reason]:
    """A rule permits and none forbids; whatever the engine could not tell is a fault."""
    answer = facts.policy
    if not answer.loaded:
        yield _policy("not_loaded", _V.FAULT, _MENDED, "The policies of this workflow do not load")
        return
    for diagnostic in answer.diagnostics:
        yield _policy("diagnostic", _V.FAULT, _MENDED, f"A rule failed: {diagnostic}")
    if answer.decision not in {"allow", "deny"}:
        yield _policy("no_decision", _V.FAULT, _MENDED, "The policies gave no decision")
    elif not answer.permits:
        lift = Lift(kind=LiftKind.OWNER, requirement=OWNER)
        yield _policy("no_rule", _V.HOLD, lift, f"No rule permits {facts.action}")
    elif answer.decision == "deny" and not answer.forbids:
        yield _policy(
            "contradiction", _V.FAULT, _MENDED, "The policies deny but name no rule that forbids"
        )
    for obligation in answer.obligations:
        if not _can_be_met(obligation.kind, obligation.value):
            yield _policy(
                "obligation",
                _V.HOLD,
                _MENDED,
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


def _can_be_met(kind: str, value: str) -> bool:
    if kind == "grace":
        return value.isascii() and value.isdigit()
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


# -- 5 limits ------------------------------------------------------------------------------------


def limits(facts: GateFacts) -> Iterator[Reason]:
    """What this proposal asks for still fits into every limit."""
    for limit in facts.limits:
        yield from _limit(facts, limit)


def _limit(facts: GateFacts, limit: LimitFact) -> Iterator[Reason]:
    taken, demand = limit.used + limit.reserved, limit.demand
    if demand is None or demand < 0 or limit.used < 0 or limit.reserved < 0:
        word, verdict, lift = "uncountable", _V.FAULT, _MENDED
        said = f"{limit.name}: what this asks for cannot be counted"
    elif demand == 0:
        word, verdict, lift = "zero", _V.HOLD, approve(1, facts)
        said = f"{limit.name}: this asks for 0, which is nothing to count"
    elif taken + demand <= limit.max:
        return
    else:
        word, verdict, lift = "exceeded", _V.HOLD, approve(1, facts)
        said = f"{limit.name}: {taken} taken and {demand} asked for; {limit.max} allowed"
        if limit.escalate_outside:
            word, verdict, lift = "outside", _V.ESCALATE, NEVER
        elif limit.counts_all:
            lift = Lift(kind=LiftKind.EVENT, event=f"the limit {limit.name} is raised")
    yield Reason(
        check=Check.LIMITS,
        code=f"limits.{word}",
        verdict=verdict,
        lift=lift,
        sentence=said,
        refs=(limit.name,),
    )


# -- 6 level -------------------------------------------------------------------------------------


def level(facts: GateFacts) -> Iterator[Reason]:
    """The cell may do this alone, and nothing puts that in doubt."""
    now, said = effective(facts), facts.level
    lift = approve(said.approvals, facts)
    if now.rank < Level.APPROVE_EACH.rank:
        yield _level(now.value, NEVER, f"Level is {now.value}: recorded, never performed")
    elif now is Level.APPROVE_EACH:
        word = "no_grant" if said.granted is None else "approve_each"
        why = "Nothing is granted yet" if said.granted is None else "Level is approve-each"
        requirement = lift.requirement or OWNER
        yield _level(word, lift, f"{why}: needs {wording.people(requirement)}")
    if said.expired:
        yield _level("expired", lift, "The grant has expired")
    if not said.fingerprint_matches:
        yield _level(
            "fingerprint", lift, "Model, prompt, tools, rules or knowledge changed since the grant"
        )
    if said.surge:
        yield _level("surge", lift, "Every case is reviewed for a while after a warning")
    if said.ambiguous_effects:
        yield _level(
            "ambiguous",
            lift,
            f"{said.ambiguous_effects} earlier effect(s) of {facts.action} may or may not have "
            "happened",
        )
    if not said.owner_active:
        yield _level("no_owner", lift, "The workflow has no active owner")


def effective(facts: GateFacts) -> Level:
    """Return the lowest of grant, phase cap, ceiling and what the risk allows.

    Without a grant each effect is approved; an action that is not declared counts as irreversible.
    """
    said = facts.level
    return autonomy.lowest(
        said.granted or Level.APPROVE_EACH,
        autonomy.PHASE_CAP[said.phase],
        said.ceiling,
        autonomy.RISK_CEILING[_risk(facts)],
    )


def _level(word: str, lift: Lift, sentence: str) -> Reason:
    return Reason(
        check=Check.LEVEL,
        code=f"level.{word}",
        verdict=_V.HOLD,
        lift=lift,
        sentence=sentence,
    )


# -- 7 confidence --------------------------------------------------------------------------------


def confidence(facts: GateFacts) -> Iterator[Reason]:
    """The model choices that led here are as sure as the cell's evidence demands."""
    said, lift = facts.confidence, approve(1, facts)
    if said.conflict:
        yield _confidence("conflict", _V.ESCALATE, NEVER, "What was read contradicts itself")
    if not said.asked:
        return
    if said.threshold_ppm is None and facts.level.granted in {Level.SAMPLED, Level.AUTONOMOUS}:
        yield _confidence(
            "no_threshold", _V.HOLD, lift, "No confidence is certified as enough for this"
        )
    if said.ppm is None:
        yield _confidence("missing", _V.HOLD, lift, "A model chose without saying how sure it is")
        return
    if not 0 <= said.ppm <= PPM:
        yield _confidence("invalid", _V.FAULT, _MENDED, "Confidence is not between 0 and 100 %")
    if said.low_mark_ppm is not None and said.ppm < said.low_mark_ppm:
        yield _confidence(
            "low",
            _V.ESCALATE,
            NEVER,
            f"Confidence {wording.percent(said.ppm)} is below the low mark of "
            f"{wording.percent(said.low_mark_ppm)}",
        )
    if said.threshold_ppm is not None and said.ppm < said.threshold_ppm:
        yield _confidence(
            "below_threshold",
            _V.HOLD,
            lift,
            f"Confidence {wording.percent(said.ppm)} is below the "
            f"{wording.percent(said.threshold_ppm)} that this needs",
        )


def _confidence(word: str, verdict: GateVerdict, lift: Lift, sentence: str) -> Reason:
    return Reason(
        check=Check.CONFIDENCE,
        code=f"confidence.{word}",
        verdict=verdict,
        lift=lift,
        sentence=sentence,
    )


# -- what lifts ----------------------------------------------------------------------------------


def approve(least: int, facts: GateFacts) -> Lift:
    """Return the approval by so many people, two at least where there is no way back."""
    fewest = 2 if _risk(facts) is Risk.IRREVERSIBLE else 1
    requirement = Requirement(people=max(least, fewest), role=facts.level.role)
    return Lift(kind=LiftKind.APPROVE, requirement=requirement)


def _risk(facts: GateFacts) -> Risk:
    if facts.spec is None or facts.spec.irreversible:
        return Risk.IRREVERSIBLE
    return facts.spec.risk


def _weighty(facts: GateFacts) -> bool:
    return _risk(facts) in {Risk.MONEY, Risk.IRREVERSIBLE}
