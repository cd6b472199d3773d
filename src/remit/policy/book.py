"""All rules of a workspace, ready to be asked, and how they are asked safely."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from remit.domain.action import ActionSpec, ToolSpec
from remit.domain.assumption import code_of
from remit.domain.decision import FiredForbid, GateVerdict, PolicyAnswer
from remit.domain.value import Canonical, Json, digest, encode
from remit.policy import cedar
from remit.policy.cedar import Asked
from remit.policy.examples import Example, verdict
from remit.policy.invariants import Invariant
from remit.policy.needs import CONTEXT, RESOURCE, Needs
from remit.policy.request import PolicyRequest, attributes
from remit.policy.rule import Rule
from remit.policy.schema import CASE, WORKFLOW, is_told

ANSWERS_MAX = 1_024  # remembered for each action

_ANSWERING = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The rules that can apply to one action, parsed once."""

    digest: str
    resource: str  # entity type
    arguments: Mapping[str, str]  # type words of what rules may read; content is not among it
    required: frozenset[str]
    labels: frozenset[str]
    weighed: tuple[str, ...]  # arguments and derives whose assumptions rules may read
    facts: Mapping[str, str]
    fields: Mapping[str, str]
    everything: cedar.PolicySet
    permits: cedar.PolicySet
    needs: Needs  # what of a question the rules read
    schema: cedar.Schema  # of that part
    names: bool = True  # some rule names a case or a record itself, not only what it is like
    answers: "OrderedDict[bytes, _Heard]" = field(default_factory=OrderedDict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What the rules of a workspace may speak of."""

    specs: tuple[ActionSpec, ...]
    tools: tuple[ToolSpec, ...]
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyBook:
    """All rules of a workspace, ready to be asked."""

    rules: Mapping[str, Rule]
    slices: Mapping[str, Slice]
    schema: cedar.Schema
    declared: Declared
    texts: Mapping[str, str] = field(default_factory=dict)  # of the files, by name
    examples: tuple[Example, ...] = ()
    invariants: tuple[Invariant, ...] = ()
    unshown: tuple[str, ...] = ()  # rules that lack an example
    idle: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[str, ...]:
        """What is to be said of the rules, though they load."""
        return (*self.unshown, *self.idle)

    @property
    def digest(self) -> str:
        """What tells this book from every other: the digests of all its slices."""
        return digest({name: one.digest for name, one in self.slices.items()})

    @property
    def texts_digest(self) -> str:
        """What tells the files of this book from all others, comments and all."""
        return digest({"texts": dict(sorted(self.texts.items()))})


def ask(book: PolicyBook, request: PolicyRequest) -> PolicyAnswer:
    """Return what the rules say, with every rule that applied and everything that went wrong.

    Permits are told also where a forbid applies. A rule that asks `approve(n, role)` counts only
    people with that role, whatever number of others agreed.
    """
    chosen = book.slices.get(request.name)
    if chosen is None:
        said = f"no action `{request.name}` is known to the policies"
        return PolicyAnswer(loaded=True, decision=None, diagnostics=(said,))
    try:
        asked = question(chosen, request, approved=True)
        unapproved = question(chosen, request, approved=False) if request.approvals else None
    except ValueError as error:
        return PolicyAnswer(
            loaded=True, decision=None, diagnostics=(str(error),), slice_digest=chosen.digest
        )
    heard = _heard(book, chosen, asked)
    fired = {rule.id: rule for rule in heard.forbids}
    problems = dict.fromkeys(heard.diagnostics)
    if unapproved is not None:
        before = _heard(book, chosen, unapproved)
        problems |= dict.fromkeys(before.diagnostics)
        fired |= {rule.id: rule for rule in before.forbids if not _is_met(rule, request)}
    permits = heard.permits
    if fired and not permits:
        alone = _heard(book, chosen, asked, permits=True)
        problems |= dict.fromkeys(alone.diagnostics)
        permits = alone.permits
    decision = None
    if heard.decided:
        decision = "allow" if permits and not fired else "deny"
    return PolicyAnswer(
        loaded=True,
        decision=decision,
        permits=tuple(rule.id for rule in permits),
        forbids=tuple(
            FiredForbid(
                rule=rule.id, says=rule.says, requirement=rule.requirement, escalate=rule.escalate
            )
            for _, rule in sorted(fired.items())
        ),
        obligations=tuple(dict.fromkeys(one for rule in permits for one in rule.obligations)),
        diagnostics=tuple(problems),
        slice_digest=chosen.digest,
    )


def broken(book: PolicyBook, request: PolicyRequest) -> tuple[Invariant, ...]:
    """Return the invariants that this request breaks: what they name is allowed all the same.

    An invariant that cannot be told about an allowed request counts as broken.
    """
    mine = [one for one in book.invariants if one.covers(request.name)]
    if not mine or verdict(ask(book, request)) is not GateVerdict.ALLOW:
        return ()
    asked = question(book.slices[request.name], request)
    found = []
    for one in mine:
        said = cedar.answer(book.schema, one.handle, asked)
        if said.rules or said.diagnostics or not said.decided:
            found.append(one)
    return tuple(found)


# -- asking --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    decided: bool
    permits: tuple[Rule, ...]
    forbids: tuple[Rule, ...]
    diagnostics: tuple[str, ...]


def question(chosen: Slice, request: PolicyRequest, *, approved: bool = True) -> Asked:
    """Return a request in the engine's words; raises `ValueError` for what has no place there.

    What the action declares must be there, whether a rule reads it or not.
    """
    for name, word in chosen.arguments.items():
        if name in chosen.required and is_told(word):
            given = request.arguments.get(name)
            if given is None or given.type == "null":
                raise ValueError(f"`{name}` is missing")
    case: dict[str, Json] = {"type": CASE, "id": request.case_id if chosen.names else "case"}
    workflow: dict[str, Json] = {"type": WORKFLOW, "id": request.workflow}
    resource = case
    told = {"channel": request.channel, "segment": request.segment, "subject": request.subject}
    known: dict[str, Json] = {name: text for name, text in told.items() if text is not None}
    entities: list[dict[str, Json]] = [
        {"uid": workflow, "attrs": {}, "parents": []},
        {"uid": case, "attrs": known, "parents": [workflow]},
    ]
    if chosen.resource != CASE:
        record = request.record if chosen.names else "record"
        resource = {"type": chosen.resource, "id": record}
        fields: dict[str, Json] = _told(request.fields, chosen.fields)
        entities.append({"uid": resource, "attrs": fields, "parents": []})
    roles: list[Json] = [*sorted(role for role, people in request.approvers.items() if people)]
    facts: dict[str, Json] = {
        **_told(request.facts, chosen.facts),
        "approvals": request.approvals if approved else 0,
        "approver_roles": roles if approved else [],
        "level": request.level.value,
        "phase": request.phase.value,
    }
    if request.confidence_bp is not None:
        facts["confidence_bp"] = request.confidence_bp
    labels: dict[str, Json] = {
        name: label.value for name, label in request.labels.items() if name in chosen.labels
    }
    resting = {
        name: sorted({code_of(one) for one in request.assumptions.get(name, ())})
        for name in chosen.weighed
    }
    resting_on: dict[str, Json] = {name: [*codes] for name, codes in resting.items()}
    context: dict[str, Json] = {
        "args": _told(request.arguments, chosen.arguments),
        "labels": labels,
        "facts": facts,
        "assumed": [*sorted({code for codes in resting.values() for code in codes})],
        "assumptions": resting_on,
    }
    return Asked(
        request={
            "principal": case,
            "action": {"type": "Action", "id": request.name},
            "resource": resource,
            "context": context,
        },
        entities=entities,
    )


def _told(values: Mapping[str, Canonical], declared: Mapping[str, str]) -> dict[str, Json]:
    """Return what rules may read of these values; raises `ValueError` for another type."""
    known = {name: value for name, value in values.items() if name in declared}
    for name, value in known.items():
        if value.type not in {declared[name], "null"}:
            raise ValueError(f"{name} is of type {value.type}; {declared[name]} is declared")
    return attributes(known)


def _heard(book: PolicyBook, chosen: Slice, asked: Asked, *, permits: bool = False) -> _Heard:
    """Return the answer to this question; Cedar gives the same one to the same question."""
    policies = chosen.permits if permits else chosen.everything
    asked = needed(chosen, asked)
    try:
        question = encode([permits, asked.request, list(asked.entities)])
    except ValueError:  # half a surrogate pair: Cedar says so in its own words
        return _hear(book, chosen, policies, asked)
    with _ANSWERING:
        known = chosen.answers.get(question)
        if known is not None:
            chosen.answers.move_to_end(question)
            return known
    heard = _hear(book, chosen, policies, asked)
    if heard.decided and not heard.diagnostics:
        with _ANSWERING:
            chosen.answers[question] = heard
            if len(chosen.answers) > ANSWERS_MAX:
                chosen.answers.popitem(last=False)
    return heard


def needed(chosen: Slice, asked: Asked) -> Asked:
    """Return a question without what no rule of the slice reads.

    INVARIANT: the answer is that to the whole question
    (tests/properties/test_needs.py).
    """
    context = asked.request["context"]
    record = asked.entities[-1]
    entities = asked.entities
    fields = record["attrs"]
    if chosen.resource != CASE and isinstance(fields, dict):
        entities = [*entities[:-1], {**record, "attrs": chosen.needs.of(RESOURCE, fields)}]
    read = chosen.needs.of(CONTEXT, context) if isinstance(context, dict) else context
    return Asked(request={**asked.request, "context": read}, entities=entities)


def _hear(book: PolicyBook, chosen: Slice, policies: cedar.PolicySet, asked: Asked) -> _Heard:
    said = cedar.answer(chosen.schema, policies, asked)
    rules = [book.rules[rule_id] for rule_id in said.rules]
    return _Heard(
        decided=said.decided,
        permits=tuple(rule for rule in rules if rule.permits),
        forbids=tuple(rule for rule in rules if not rule.permits),
        diagnostics=said.diagnostics,
    )


def _is_met(rule: Rule, request: PolicyRequest) -> bool:
    """Did people lift it? A rule that asks for nobody reads the number of approvals as it is."""
    if rule.requirement is None:
        return True
    agreed = request.approvers.get(rule.requirement.role, frozenset())
    return len(agreed) >= rule.requirement.people
