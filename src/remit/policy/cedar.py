"""The engine that judges rules, and the only importer of cedarpy.

Cedar skips a rule that errs and may still answer Allow. Whatever it reports beside its answer is
therefore handed on, and the gate takes any diagnostic as a fault.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import cedarpy

from remit.domain.value import Json
from remit.errors import PolicyLoadError
from remit.policy.rule import Place, Rule

ENGINE = f"cedarpy {version('cedarpy')}"

PolicySet = cedarpy.PolicySet
Schema = cedarpy.Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question in the engine's words."""

    request: dict[str, Json]
    entities: list[dict[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the engine said: ids of the rules that decided, and whatever went wrong."""

    decided: bool
    rules: tuple[str, ...]
    diagnostics: tuple[str, ...]


def answer(schema: Schema, policies: PolicySet, asked: Asked) -> Answered:
    """Ask the engine; an error of its own is a diagnostic, never an answer."""
    try:
        result = cedarpy.is_authorized(asked.request, policies, asked.entities, schema)
    except (ValueError, TypeError, OverflowError) as error:
        return Answered(decided=False, rules=(), diagnostics=(str(error),))
    return Answered(
        decided=result.decision is not cedarpy.Decision.NoDecision,
        rules=tuple(sorted(result.diagnostics.reasons)),
        diagnostics=tuple(str(error) for error in result.diagnostics.errors),
    )


def parse(statement: str, place: Place) -> Mapping[str, Json]:
    """Return the tree of one rule; raises `PolicyLoadError` naming file and line."""
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(statement))
    except ValueError as error:
        raise place.refuse(f"this is not a rule that Cedar can read: {error}") from error
    if parsed["templates"] or len(parsed["staticPolicies"]) != 1:
        raise place.refuse("a rule with `?principal` or `?resource` cannot be used; name them")
    tree: Mapping[str, Json] = next(iter(parsed["staticPolicies"].values()))
    return tree


def validate(place: Place, name: str, statement: str, schema: Schema) -> None:
    """Refuse a rule or invariant that does not fit the schema, strictly."""
    result = cedarpy.validate_policies(statement, schema)
    if not result.validation_passed:
        said = "; ".join(
            error.error.replace("for policy `policy0`, ", "") for error in result.errors
        )
        raise place.refuse(f"{name} does not fit the declared actions: {said}")


def schema_of(tree: dict[str, Json]) -> Schema:
    """Return a handle on the schema; raises `PolicyLoadError`."""
    try:
        return cedarpy.Schema.from_json_str(json.dumps(tree))
    except ValueError as error:
        raise PolicyLoadError(
            f"the declared actions and tools make no policy schema; rename what it names: {error}"
        ) from error


def handle(rules: Sequence[Rule]) -> PolicySet:
    """Parse rules once, for many questions."""
    return handle_of({rule.id: rule.tree for rule in rules})


def handle_of(trees: Mapping[str, Mapping[str, Json]]) -> PolicySet:
    """Parse trees by the id that an answer names them by."""
    return PolicySet.from_json_str(
        json.dumps({"templates": {}, "staticPolicies": trees, "templateLinks": []})
    )
