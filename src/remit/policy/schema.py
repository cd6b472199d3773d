"""The Cedar schema, made from the signatures of actions and tools: what rules may speak of."""

from collections.abc import Iterable, Mapping, Sequence

from remit.domain.action import ActionSpec, AnySource, FieldSpec, Risk, ToolSpec
from remit.domain.value import Json
from remit.policy.needs import CONTEXT, RESOURCE, Needs

EVERY_EFFECT = "effect"
CASE = "Case"
WORKFLOW = "Workflow"

_TEXT: Json = {"type": "String"}
_LONG: Json = {"type": "Long"}
_WORDS: dict[str, dict[str, Json]] = {
    "boolean": {"": {"type": "Bool"}},
    "integer": {"": _LONG},
    "decimal": {"": _LONG},
    "instant": {"": _LONG},
    "date": {"": _LONG},
    "text": {"": _TEXT},
    "money": {"": _LONG, "_currency": _TEXT},
    "list": {"_count": _LONG},
}
_CODES: dict[str, Json] = {"type": "Set", "element": {"type": "String"}}
_GIVEN: dict[str, Json] = {
    "approvals": {"type": "Long"},
    "approver_roles": {"type": "Set", "element": {"type": "String"}},
    "level": {"type": "String"},
    "phase": {"type": "String"},
    "confidence_bp": {"type": "Long", "required": False},
}


def schema_for(
    specs: Sequence[ActionSpec],
    tools: Sequence[ToolSpec],
    *,
    facts: Mapping[str, str] | None = None,
) -> dict[str, Json]:
    """Return the schema in Cedar's JSON form.

    `facts` are derives, with their type words, that rules of every action may read beside those
    that an action declares. Content stands in no rule: it appears among the labels only.
    """
    records = {spec.on for spec in specs if spec.on is not None}
    entities: dict[str, Json] = {
        WORKFLOW: {},
        CASE: {"memberOfTypes": [WORKFLOW], "shape": _record(_case_attributes())},
    }
    for tool in tools:
        if tool.name in records:
            shown = ((one.path, one.type, False) for one in readable(tool))
            entities[tool.name] = {"shape": _record(_attributes(shown))}
    for name in records - set(entities):
        entities[name] = {"shape": _record({})}
    actions: dict[str, Json] = {EVERY_EFFECT: {}}
    actions |= {risk.value: {"memberOf": [{"id": EVERY_EFFECT}]} for risk in Risk}
    for spec in specs:
        actions[f"{spec.workflow}.{spec.name}"] = _action(spec, facts or {})
    return {"": {"entityTypes": entities, "actions": actions}}


def readable(tool: ToolSpec) -> tuple[FieldSpec, ...]:
    """Return the fields of a record that rules may read: no private ones, none inside a list."""
    return tuple(one for one in tool.fields if one.private is None and "*" not in one.path)


def weighed(spec: ActionSpec, facts: Iterable[str]) -> tuple[str, ...]:
    """Return the arguments and derives whose assumptions rules may read."""
    named = {param.name for param in spec.params if not isinstance(param.source, AnySource)}
    return tuple(sorted(named | set(facts)))


def part(tree: Mapping[str, Json], action: str, resource: str) -> Json:
    """Return what the schema says of one action and of the record that it acts upon."""
    whole = tree[""]
    if not isinstance(whole, dict):
        return None
    actions, entities = whole["actions"], whole["entityTypes"]
    if not isinstance(actions, dict) or not isinstance(entities, dict):
        return None
    return {"action": actions[action], "resource": entities[resource], "case": entities[CASE]}


def is_told(word: str) -> bool:
    """Tell whether rules can read a value of this type; a record is none, its fields are."""
    return word in _WORDS


def narrowed(
    tree: Mapping[str, Json], action: str, resource: str, needs: Needs
) -> dict[str, Json]:
    """Return the schema of one action alone, with what its rules read and nothing else."""
    whole = tree[""]
    actions = whole["actions"] if isinstance(whole, dict) else None
    entities = whole["entityTypes"] if isinstance(whole, dict) else None
    if not isinstance(actions, dict) or not isinstance(entities, dict):
        return dict(tree)
    groups = {name: one for name, one in actions.items() if name in {EVERY_EFFECT, *Risk}}
    mine = actions[action]
    applies = mine["appliesTo"] if isinstance(mine, dict) else None
    if not isinstance(mine, dict) or not isinstance(applies, dict):
        return dict(tree)
    types: dict[str, Json] = {name: entities[name] for name in (WORKFLOW, CASE, resource)}
    record = types[resource]
    if resource != CASE and isinstance(record, dict):
        types[resource] = {**record, "shape": needs.declared(RESOURCE, record["shape"])}
    context = needs.declared(CONTEXT, applies["context"])
    told: dict[str, Json] = {**mine, "appliesTo": {**applies, "context": context}}
    return {"": {"entityTypes": types, "actions": {**groups, action: told}}}


def resource_type(spec: ActionSpec) -> str:
    """Return the entity type that the action's rules call `resource`."""
    return CASE if spec.on is None else spec.on


def _action(spec: ActionSpec, facts: Mapping[str, str]) -> Json:
    arguments = _attributes(
        (param.name, param.type, not param.optional)
        for param in spec.params
        if not isinstance(param.source, AnySource)
    )
    labels: dict[str, Json] = {
        param.name: {"type": "String", "required": False} for param in spec.params
    }
    declared = {**facts, **dict(spec.facts)}
    told = _GIVEN | _attributes((name, word, False) for name, word in sorted(declared.items()))
    return {
        "memberOf": [{"id": spec.risk.value}],
        "appliesTo": {
            "principalTypes": [CASE],
            "resourceTypes": [resource_type(spec)],
            "context": _record(
                {
                    "args": _record(arguments),
                    "labels": _record(labels),
                    "facts": _record(told),
                    "assumed": _CODES,
                    "assumptions": _record(dict.fromkeys(weighed(spec, declared), _CODES)),
                }
            ),
        },
    }


def _case_attributes() -> dict[str, Json]:
    return {
        name: {"type": "String", "required": False} for name in ("channel", "segment", "subject")
    }


def _attributes(declared: Iterable[tuple[str, str, bool]]) -> dict[str, Json]:
    """Return attributes by name; dotted paths nest."""
    made: dict[str, Json] = {}
    for path, word, required in declared:
        *parents, last = path.split(".")
        place = made
        for parent in parents:
            inner = place.setdefault(parent, _record({}) | {"required": False})
            found = inner.get("attributes") if isinstance(inner, dict) else None
            if isinstance(found, dict):
                place = found
        for suffix, kind in _WORDS.get(word, {}).items():
            if isinstance(kind, dict):
                place[f"{last}{suffix}"] = kind | {"required": required}
    return made


def _record(attributes: dict[str, Json]) -> dict[str, Json]:
    return {"type": "Record", "attributes": attributes}
