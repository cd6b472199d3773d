"""Is this call declared, and does each of its values come from where it may? Checks 2 and 3."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from remit.domain import assumption as assumed
from remit.domain.action import ArgumentProof, Integrity, ParamSpec, Proof, Risk
from remit.domain.decision import NEVER, Check, GateFacts, GateVerdict, Lift, Reason
from remit.policy import wording
from remit.policy.lift import MENDED, approve, risk

DENIED_MAX = 3  # at the third denied proposal of one intent the case escalates
AGAIN = "denied_again"

_V = GateVerdict


def step(facts: GateFacts) -> Iterator[Reason]:
    """Deny a call that this version does not declare, in shape or in number."""
    yield from _history(facts)
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


def _history(facts: GateFacts) -> Iterator[Reason]:
    for fault in facts.faults:
        yield _step("fact_missing", _V.FAULT, f"A fact could not be gathered: {fault}")
    if facts.now is not None and any(at > facts.now for at in _moments(facts)):
        yield _step("future_fact", _V.FAULT, "A fact is dated after the ledger's own time")
    if facts.denied_intent:
        yield _step("denied_intent", _V.DENY, "A person has already said no to this in this case")
    if facts.denied_until is not None and not (facts.now and facts.now >= facts.denied_until):
        yield _step(
            "denied_subject",
            _V.DENY,
            "A person has said no to this for all cases of who sent this one, until "
            f"{facts.denied_until:%Y-%m-%d %H:%M} UTC",
        )


def _moments(facts: GateFacts) -> Iterator[datetime]:
    yield from (vote.at for vote in facts.clearance.votes)
    if facts.latest is not None:
        yield facts.latest


def again(facts: GateFacts) -> Iterator[Reason]:
    """Say of a proposal that is denied that it is the third: the case goes to a person as well."""
    if facts.denied_count + 1 >= DENIED_MAX:
        yield _step(
            AGAIN,
            _V.ESCALATE,
            f"Denied {facts.denied_count + 1} times in this case; a person must look",
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
    lift = MENDED if verdict is _V.FAULT else NEVER
    return Reason(
        check=Check.STEP,
        code=f"step.{word}",
        verdict=verdict,
        lift=lift,
        sentence=sentence,
        refs=refs,
    )


def sources(facts: GateFacts) -> Iterator[Reason]:
    """Hold for each argument with authority that is not proven."""
    lift = approve(1, facts)
    for proof in facts.proofs:
        yield from _proof(facts, proof, lift)
    proven = {proof.parameter for proof in facts.proofs}
    for name in sorted(set(facts.arguments) - proven):
        yield _source("unknown", _V.HOLD, lift, f"It is not known where {name} comes from", name)
    yield from _assumed(facts, lift)
    for finding in facts.confidential:
        yield _source("confidential", _V.DENY, NEVER, f"{finding}, which may not leave")
    for finding in facts.content_findings:
        yield _source("foreign_content", _V.HOLD, lift, f"Content carries {finding}")
    if risk(facts) in {Risk.MONEY, Risk.IRREVERSIBLE}:
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


def _assumed(facts: GateFacts, lift: Lift) -> Iterator[Reason]:
    """Hold money that moves on a reading which something had to be taken for granted for."""
    if risk(facts) is not Risk.MONEY:
        return
    rests = {proof.parameter: proof.assumptions for proof in facts.proofs}
    for name, assumptions in (*rests.items(), *facts.assumed_facts.items()):
        if assumptions:
            which = name if name in rests else f"{name}, which the rules weigh,"
            said = "; ".join(_taken(name, one) for one in assumptions)
            yield _source(
                "assumed", _V.HOLD, lift, f"{which} rests on an assumption: {said}", name
            )


def _taken(name: str, assumption: str) -> str:
    field, colon, _ = assumption.partition(":")
    of = f" (in {field})" if colon and field != name else ""
    return assumed.words_of(assumption) + of


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
