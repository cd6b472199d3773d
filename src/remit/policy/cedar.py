"""Rules in Cedar: load them strictly, ask them safely; the only importer of cedarpy.

Cedar skips a rule that errs and may still answer Allow. Whatever it reports beside its answer is
therefore recorded as a diagnostic, and the gate takes any diagnostic as a fault.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import cedarpy

from remit.domain.action import ActionSpec, AnySource, ToolSpec
from remit.domain.assumption import code_of
from remit.domain.decision import FiredForbid, PolicyAnswer
from remit.domain.value import Canonical, Json, digest, encode
from remit.errors import PolicyLoadError
from remit.policy import examples
from remit.policy.request import PolicyRequest, attributes
from remit.policy.rule import Place, Rule, rule_of, statements
from remit.policy.schema import (
    CASE,
    EVERY_EFFECT,
    WORKFLOW,
    part,
    readable,
    resource_type,
    schema_for,
    weighed,
)

__all__ = ["PolicyBook", "PolicyRequest", "ask", "load", "schema_for"]

ENGINE = f"cedarpy {version('cedarpy')}"
RULES_MAX = 5_000
FILE_BYTES_MAX = 1_000_000
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
    everything: cedarpy.PolicySet
    permits: cedarpy.PolicySet
    names: bool = True  # some rule names a case or a record itself, not only what it is like
    answers: "OrderedDict[bytes, _Heard]" = field(default_factory=OrderedDict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyBook:
    """All rules of a workspace, ready to be asked."""

    rules: Mapping[str, Rule]
    slices: Mapping[str, Slice]
    schema: cedarpy.Schema
    findings: tuple[str, ...] = field(default=())  # rules without examples, idle rules

    @property
    def digest(self) -> str:
        """What tells this book from every other: the digests of all its slices."""
        return digest({name: one.digest for name, one in self.slices.items()})


def load(
    folder: Path,
    *,
    specs: Sequence[ActionSpec],
    tools: Sequence[ToolSpec],
    owners: Collection[str],
    facts: Mapping[str, str] | None = None,
) -> PolicyBook:
    """Return the rules of all `*.cedar` files in this folder, with their examples run.

    A folder that is empty or missing is legal: no rule permits anything, so everything waits.
    Raises `PolicyLoadError` naming file, line and rule.
    """
    tree = schema_for(specs, tools, facts=facts)
    schema = _schema(tree)
    actions = [f"{spec.workflow}.{spec.name}" for spec in specs]
    rules: dict[str, Rule] = {}
    for file in sorted(folder.glob("*.cedar")):
        for rule in _rules(file, schema, actions=actions, owners=owners):
            first = rules.setdefault(rule.id, rule)
            if first is not rule:
                raise rule.place.refuse(
                    f"rule `{rule.id}` stands in {first.place.file}, line {first.place.line} too; "
                    "give one of them another id"
                )
    if len(rules) > RULES_MAX:
        raise PolicyLoadError(f"`{folder}` holds {len(rules)} rules; {RULES_MAX} at most")
    make = _Slicer(tree=tree, tools={tool.name: tool for tool in tools}, facts=facts or {})
    by_name = {f"{spec.workflow}.{spec.name}": spec for spec in specs}
    book = PolicyBook(
        rules=rules,
        slices={name: make.slice(spec, list(rules.values())) for name, spec in by_name.items()},
        schema=schema,
    )

    def ask_without(rule_id: str, request: PolicyRequest) -> PolicyAnswer:
        others = [rule for rule in rules.values() if rule.id != rule_id]
        slices = {request.name: make.slice(by_name[request.name], others)}
        return ask(replace(book, slices=slices), request)

    given = examples.read(folder, slices=book.slices, rules=rules)
    findings = examples.run(
        given, rules=rules, ask=lambda request: ask(book, request), ask_without=ask_without
    )
    return replace(book, findings=findings)


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
        asked = _asked(chosen, request, approved=True)
        unapproved = _asked(chosen, request, approved=False) if request.approvals else None
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


# -- asking --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    request: dict[str, Json]
    entities: list[dict[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    decided: bool
    permits: tuple[Rule, ...]
    forbids: tuple[Rule, ...]
    diagnostics: tuple[str, ...]


def _asked(chosen: Slice, request: PolicyRequest, *, approved: bool) -> _Asked:
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
    return _Asked(
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


def _heard(book: PolicyBook, chosen: Slice, asked: _Asked, *, permits: bool = False) -> _Heard:
    """Return the answer to this question; Cedar gives the same one to the same question."""
    policies = chosen.permits if permits else chosen.everything
    try:
        question = encode([permits, asked.request, list(asked.entities)])
    except ValueError:  # half a surrogate pair: Cedar says so in its own words
        return _hear(book, policies, asked)
    with _ANSWERING:
        known = chosen.answers.get(question)
        if known is not None:
            chosen.answers.move_to_end(question)
            return known
    heard = _hear(book, policies, asked)
    if heard.decided and not heard.diagnostics:
        with _ANSWERING:
            chosen.answers[question] = heard
            if len(chosen.answers) > ANSWERS_MAX:
                chosen.answers.popitem(last=False)
    return heard


def _hear(book: PolicyBook, policies: cedarpy.PolicySet, asked: _Asked) -> _Heard:
    try:
        result = cedarpy.is_authorized(asked.request, policies, asked.entities, book.schema)
    except (ValueError, TypeError, OverflowError) as error:
        return _Heard(decided=False, permits=(), forbids=(), diagnostics=(str(error),))
    rules = [book.rules[rule_id] for rule_id in sorted(result.diagnostics.reasons)]
    return _Heard(
        decided=result.decision is not cedarpy.Decision.NoDecision,
        permits=tuple(rule for rule in rules if rule.permits),
        forbids=tuple(rule for rule in rules if not rule.permits),
        diagnostics=tuple(str(error) for error in result.diagnostics.errors),
    )


def _is_met(rule: Rule, request: PolicyRequest) -> bool:
    """Did people lift it? A rule that asks for nobody reads the number of approvals as it is."""
    if rule.requirement is None:
        return True
    agreed = request.approvers.get(rule.requirement.role, frozenset())
    return len(agreed) >= rule.requirement.people


# -- loading -------------------------------------------------------------------------------------


def _rules(
    file: Path, schema: cedarpy.Schema, *, actions: Collection[str], owners: Collection[str]
) -> list[Rule]:
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise PolicyLoadError(f"{file.name} is larger than {FILE_BYTES_MAX} bytes; split it")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyLoadError(f"{file.name} cannot be read as UTF-8 text: {error}") from error
    found = []
    for line, statement in statements(text):
        place = Place(file=file.name, line=line)
        tree = _parse(statement, place)
        rule = rule_of(tree, place, actions=actions, owners=owners)
        _validate(rule, statement, schema)
        found.append(rule)
    return found


def _parse(statement: str, place: Place) -> Mapping[str, Json]:
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(statement))
    except ValueError as error:
        raise place.refuse(f"this is not a rule that Cedar can read: {error}") from error
    if parsed["templates"] or len(parsed["staticPolicies"]) != 1:
        raise place.refuse("a rule with `?principal` or `?resource` cannot be used; name them")
    tree: Mapping[str, Json] = next(iter(parsed["staticPolicies"].values()))
    return tree


def _validate(rule: Rule, statement: str, schema: cedarpy.Schema) -> None:
    result = cedarpy.validate_policies(statement, schema)
    if not result.validation_passed:
        said = "; ".join(
            error.error.replace("for policy `policy0`, ", "") for error in result.errors
        )
        raise rule.place.refuse(f"rule `{rule.id}` does not fit the declared actions: {said}")


def _schema(tree: dict[str, Json]) -> cedarpy.Schema:
    try:
        return cedarpy.Schema.from_json_str(json.dumps(tree))
    except ValueError as error:
        raise PolicyLoadError(
            f"the declared actions and tools make no policy schema; rename what it names: {error}"
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slicer:
    tree: dict[str, Json]
    tools: Mapping[str, ToolSpec]
    facts: Mapping[str, str]

    def slice(self, spec: ActionSpec, rules: Sequence[Rule]) -> Slice:
        """Return the rules whose scope covers this action."""
        action = f"{spec.workflow}.{spec.name}"
        groups = (spec.risk.value, EVERY_EFFECT)
        mine = [rule for rule in rules if rule.covers(action, groups)]
        tool = self.tools.get(spec.on or "")
        fields = {} if tool is None else {one.path: one.type for one in readable(tool)}
        trees: dict[str, Json] = {rule.id: dict(rule.tree) for rule in mine}
        told: dict[str, Json] = {
            "engine": ENGINE,
            "rules": trees,
            "schema": part(self.tree, action, resource_type(spec)),
        }
        return Slice(
            digest=digest(told),
            resource=resource_type(spec),
            arguments={
                one.name: one.type for one in spec.params if not isinstance(one.source, AnySource)
            },
            required=frozenset(one.name for one in spec.params if not one.optional),
            labels=frozenset(one.name for one in spec.params),
            weighed=weighed(spec, {**self.facts, **dict(spec.facts)}),
            facts={**self.facts, **dict(spec.facts)},
            fields=fields,
            everything=_handle(mine),
            permits=_handle([rule for rule in mine if rule.permits]),
            names=any(_names(rule.tree, (CASE, resource_type(spec))) for rule in mine),
        )


def _names(tree: object, types: Collection[str]) -> bool:
    """Tell whether a rule names an entity of one of these types."""
    if isinstance(tree, Mapping):
        if "id" in tree and tree.get("type") in types:
            return True
        return any(_names(item, types) for item in tree.values())
    return isinstance(tree, list | tuple) and any(_names(item, types) for item in tree)


def _handle(rules: Sequence[Rule]) -> cedarpy.PolicySet:
    named = {rule.id: rule.tree for rule in rules}
    return cedarpy.PolicySet.from_json_str(
        json.dumps({"templates": {}, "staticPolicies": named, "templateLinks": []})
    )
