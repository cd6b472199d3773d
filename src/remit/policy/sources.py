"""Proof of arguments: each is equal to what its declared source says, or it is not proven.

Values are compared whole, by type and canonical form, at named paths; never looked up in text.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from remit.domain.action import (
    ActionSpec,
    AnySource,
    ArgumentProof,
    Bound,
    CaseSource,
    Integrity,
    ParamSpec,
    Proof,
    Source,
    ToolSource,
    Witness,
    alternatives,
    words,
)
from remit.domain.assumption import joined
from remit.domain.directory import Directories
from remit.domain.value import Canonical, Json, encode
from remit.policy import reads as entries
from remit.policy import wordings
from remit.policy.bounds import bounds_of, is_bound
from remit.policy.claims import Claim, Claims
from remit.policy.content import content_findings
from remit.policy.outcome import Outcome, beyond_endorsing, gravest
from remit.policy.reads import CASE, ENDORSEMENT, Reads

__all__ = [
    "CASE",
    "ENDORSEMENT",
    "acted_upon",
    "bounds",
    "content_findings",
    "elements",
    "named",
    "prove",
]

ELSEWHERE_MAX = 4
REPEATED_WORDS = 5  # a run of so many words from outside is told

_NULL = "null"


def prove(
    spec: ActionSpec,
    arguments: Mapping[str, Canonical],
    witnesses: Sequence[Witness] | Reads,
    *,
    directories: Directories | None = None,
    already: Mapping[Bound, Decimal] | None = None,
) -> tuple[ArgumentProof, ...]:
    """Return what became of the sources of each declared argument that is given.

    `witnesses` are all of this case; those of the case itself have the tool `case` and no record;
    a person's word for a value has the tool `endorsement`, the person as record and the parameter
    as path. `already` holds, per bound, what effects of this action that are cleared, unsettled or
    confirmed take of it: money in minor units, other numbers as they are. An argument without a
    proof here is one that the action does not declare.
    """
    facts = _claims(
        spec, arguments, witnesses, directories=directories or {}, already=already or {}
    )
    by_tool = {tool: facts.outcomes_of(tool) for tool in facts.tools()}
    return tuple(
        _argument(facts, by_tool, param, arguments[param.name])
        for param in spec.params
        if param.name in arguments
    )


def acted_upon(
    spec: ActionSpec, arguments: Mapping[str, Canonical], witnesses: Sequence[Witness] | Reads
) -> str:
    """Return the record of `spec.on` that these arguments mean; empty where none was read.

    Where no argument cites that tool it is the record that was read last.
    """
    if spec.on is None:
        return ""
    reads = Reads.of(witnesses)
    records = reads.records(spec.on)
    if len(records) < 2:  # noqa: PLR2004 - one alone agrees best, whatever it says
        return records[0] if records else ""
    return _claims(spec, arguments, reads, directories={}, already={}).record_of(spec.on)


def bounds(
    spec: ActionSpec, arguments: Mapping[str, Canonical], witnesses: Sequence[Witness] | Reads
) -> tuple[Bound, ...]:
    """Return the bounds of which `prove` needs to know how much is taken."""
    if not any(is_bound(one) for param in spec.params for one in alternatives(param.source)):
        return ()
    return bounds_of(spec, arguments, Reads.of(witnesses))


def elements(value: Canonical) -> tuple[Canonical, ...]:
    """Return the values that are proven one by one: the elements of a list, or the value."""
    return _values(value)


def named(sources: Collection[Source]) -> frozenset[tuple[str, str]]:
    """Return the (tool, path) pairs that these sources look at: where witnesses are needed."""
    found: set[tuple[str, str]] = set()
    for source in sources:
        for one in alternatives(source):
            if isinstance(one, CaseSource):
                found.add((CASE, one.field))
            elif isinstance(one, ToolSource):
                found.add((one.tool, one.path))
                if one.by is not None:
                    found.add((one.tool, entries.beside(one.path, one.by[0])))
                    found.add((CASE, one.by[1].field))
    return frozenset(found)


def _claims(
    spec: ActionSpec,
    arguments: Mapping[str, Canonical],
    witnesses: Sequence[Witness] | Reads,
    *,
    directories: Directories,
    already: Mapping[Bound, Decimal],
) -> Claims:
    reads = Reads.of(witnesses)
    return Claims(
        reads=reads,
        directories=directories,
        already=already,
        claims=[
            Claim(param=param, value=value, place=place, of=_length(arguments[param.name]))
            for param in spec.params
            if param.name in arguments
            for place, value in enumerate(_values(arguments[param.name]))
            if _has_authority(param, value)
        ],
    )


def _argument(
    facts: Claims,
    by_tool: Mapping[str, Mapping[tuple[str, int], Outcome]],
    param: ParamSpec,
    value: Canonical,
) -> ArgumentProof:
    if isinstance(param.source, AnySource):
        return ArgumentProof(
            parameter=param.name,
            proof=Proof.CONTENT,
            source=words(param.source),
            integrity=Integrity.UNTRUSTED,
            elsewhere=_repeats(facts, value),
        )
    if param.optional and value.type == _NULL:
        return ArgumentProof(
            parameter=param.name,
            proof=Proof.PROVEN,
            source="left out",
            integrity=Integrity.LITERAL,
        )
    tried = [
        (claim, _tried(facts, by_tool, claim))
        for claim in facts.claims
        if claim.param.name == param.name
    ]
    demands = tuple(demand for one in tried for demand in facts.demands(*one))
    outcomes = [_claim(facts, *one) for one in tried]
    if _has_twin(value) and not all(one.whole for one in outcomes):
        outcomes.append(
            Outcome(proof=Proof.DIFFERENT, source=param.source, accepted="no value twice")
        )
    failed = [one for one in outcomes if one.proof is not Proof.PROVEN]
    if failed:
        worst = max(failed, key=lambda one: one.gravity)
        accepted = tuple(
            dict.fromkeys(text for one in failed for text in one.accepted.split("\n"))
        )
        return ArgumentProof(
            parameter=param.name,
            proof=worst.proof,
            source=words(param.source),
            integrity=Integrity.UNTRUSTED,
            accepted=tuple(text for text in accepted if text),
            demands=demands,
            elsewhere=_elsewhere(facts, value),
        )
    weakest = min(outcomes, key=lambda one: one.integrity.rank)
    return ArgumentProof(
        parameter=param.name,
        proof=Proof.PROVEN,
        source=weakest.words,
        integrity=weakest.integrity,
        seq=weakest.seq,
        assumptions=joined(one.assumptions for one in outcomes),
        demands=demands,
    )


def _claim(facts: Claims, claim: Claim, tried: Sequence[Outcome]) -> Outcome:
    vouched = facts.endorsed(claim)
    proven = next((one for one in tried if one.proof is Proof.PROVEN), None)
    if proven is not None:
        # Whoever typed the value confirmed how it is read: it rests on their word.
        return proven if vouched is None else replace(proven, assumptions=())
    worst = gravest(tried)
    if vouched is not None and not beyond_endorsing(worst, tried):
        return Outcome(
            proof=Proof.PROVEN,
            source=claim.param.source,
            integrity=Integrity.ENDORSED,
            seq=vouched.seq,
            said=f"endorsed by {vouched.record}",
        )
    accepted = "\n".join(dict.fromkeys(one.accepted for one in tried if one.accepted))
    return worst.failing(worst.proof, accepted=accepted)


def _tried(
    facts: Claims, by_tool: Mapping[str, Mapping[tuple[str, int], Outcome]], claim: Claim
) -> list[Outcome]:
    return [
        by_tool[one.tool][claim.key] if isinstance(one, ToolSource) else facts.fixed(one, claim)
        for one in alternatives(claim.param.source)
    ]


def _repeats(facts: Claims, value: Canonical) -> tuple[str, ...]:
    """Return which outside texts a text repeats, with one run each: a label, blocking nothing."""
    if not isinstance(value.form, str):
        return ()
    found: dict[str, None] = {}
    own = wordings.runs(value.form, REPEATED_WORDS)
    for one in facts.reads.witnesses if own else ():
        if one.integrity.rank >= Integrity.STATED.rank or not isinstance(one.form, str):
            continue
        run = min(own & wordings.runs(one.form, REPEATED_WORDS), default=None)
        if run is not None:
            found[f"repeats outside text: `{run}` ({one.tool}.{one.path}, entry {one.seq})"] = None
    return tuple(found)[:ELSEWHERE_MAX]


def _elsewhere(facts: Claims, value: Canonical) -> tuple[str, ...]:
    found = entries.occurrences(facts.reads.witnesses, value.type, value.form)
    said = (f"{one.tool}.{one.path}, entry {one.seq} ({one.integrity})" for one in found)
    return tuple(dict.fromkeys(said))[:ELSEWHERE_MAX]


def _has_authority(param: ParamSpec, value: Canonical) -> bool:
    return not isinstance(param.source, AnySource) and not (param.optional and value.type == _NULL)


def _values(value: Canonical) -> tuple[Canonical, ...]:
    """Return the values to prove: the elements of a list, or the value itself."""
    if value.type != "list" or not isinstance(value.form, list) or not value.form:
        return (value,)
    return tuple(Canonical(type=_type_of(form), form=form) for form in value.form)


def _length(value: Canonical) -> int:
    """Return how many elements a list has; 0 where the argument is no list."""
    return len(value.form) if value.type == "list" and isinstance(value.form, list) else 0


def _type_of(form: Json) -> str:
    match form:
        case None:
            return _NULL
        case bool():
            return "boolean"
        case int():
            return "integer"
        case str():
            return "text"
        case {"amount": str(), "currency": str(), **rest} if not rest:
            return "money"
        case dict():
            return "record"
        case _:
            return "list"


def _has_twin(value: Canonical) -> bool:
    if value.type != "list" or not isinstance(value.form, list):
        return False
    return len({encode(form) for form in value.form}) < len(value.form)
