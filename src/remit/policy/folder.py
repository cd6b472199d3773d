"""The folder of rules: read strictly, cut into one slice per action, examples run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from remit.domain.action import ActionSpec, AnySource, ToolSpec
from remit.domain.decision import PolicyAnswer
from remit.domain.value import Json, digest
from remit.errors import PolicyLoadError
from remit.policy import cedar, examples, invariants
from remit.policy.book import Declared, PolicyBook, Slice, ask, broken
from remit.policy.needs import needs_of
from remit.policy.request import PolicyRequest
from remit.policy.rule import Place, Rule, rule_of, statements
from remit.policy.schema import (
    CASE,
    EVERY_EFFECT,
    narrowed,
    part,
    readable,
    resource_type,
    schema_for,
    weighed,
)

RULES_MAX = 5_000
FILE_BYTES_MAX = 1_000_000
BOOK_CHARACTERS_MAX = 8_000_000  # it is kept in the record


def load(folder: Path, declared: Declared, *, owners: Collection[str]) -> PolicyBook:
    """Return the rules of all `*.cedar` files in this folder, with their examples run.

    A folder that is empty or missing is legal: no rule permits anything, so everything waits.
    Raises `PolicyLoadError` naming file, line and rule.
    """
    book = book_of(texts_of(folder), declared, owners=owners)
    given = examples.read(folder, slices=book.slices, rules=book.rules)
    make = _slicer(declared)
    by_name = {f"{spec.workflow}.{spec.name}": spec for spec in declared.specs}

    def ask_without(rule_id: str, request: PolicyRequest) -> PolicyAnswer:
        others = [rule for rule in book.rules.values() if rule.id != rule_id]
        slices = {request.name: make.slice(by_name[request.name], others)}
        return ask(replace(book, slices=slices), request)

    unshown, idle = examples.run(
        given, rules=book.rules, ask=lambda request: ask(book, request), ask_without=ask_without
    )
    for example in given:
        for one in broken(book, example.request):
            raise PolicyLoadError(
                f"{example.place}: the rules allow it, and {one.place} says never: {one.says}"
            )
    return replace(book, examples=given, unshown=unshown, idle=idle)


def texts_of(folder: Path) -> dict[str, str]:
    """Return the files of rules in a folder, and of its invariants, by name."""
    texts = {}
    for file in sorted(folder.glob("*.cedar")):
        try:
            if file.stat().st_size > FILE_BYTES_MAX:
                raise PolicyLoadError(
                    f"{file.name} is larger than {FILE_BYTES_MAX} bytes; split it"
                )
            texts[file.name] = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyLoadError(f"{file.name} cannot be read as UTF-8 text: {error}") from error
    if sum(len(text) for text in texts.values()) > BOOK_CHARACTERS_MAX:
        raise PolicyLoadError(f"`{folder}` holds over {BOOK_CHARACTERS_MAX} characters of rules")
    never = invariants.text_of(folder)
    return texts if never is None else {**texts, invariants.FILE: never}


def book_of(
    texts: Mapping[str, str], declared: Declared, *, owners: Collection[str] | None
) -> PolicyBook:
    """Return the book that these files make; no example is run.

    Without `owners` any name will do: those who owned the rules of an old book may have left.
    Raises `PolicyLoadError` naming file, line and rule.
    """
    tree = schema_for(declared.specs, declared.tools, facts=declared.facts)
    schema = cedar.schema_of(tree)
    actions = [f"{spec.workflow}.{spec.name}" for spec in declared.specs]
    rules: dict[str, Rule] = {}
    for name, text in texts.items():
        if name == invariants.FILE:
            continue
        for rule in _rules(name, text, schema, actions=actions, owners=owners):
            first = rules.setdefault(rule.id, rule)
            if first is not rule:
                raise rule.place.refuse(
                    f"rule `{rule.id}` stands in {first.place.file}, line {first.place.line} too; "
                    "give one of them another id"
                )
    if len(rules) > RULES_MAX:
        raise PolicyLoadError(f"there are {len(rules)} rules; {RULES_MAX} at most")
    make = _slicer(declared)
    return PolicyBook(
        rules=rules,
        slices={
            f"{spec.workflow}.{spec.name}": make.slice(spec, list(rules.values()))
            for spec in declared.specs
        },
        schema=schema,
        declared=declared,
        texts=dict(texts),
        invariants=invariants.read(texts.get(invariants.FILE, ""), schema, actions=actions),
    )


def _rules(
    file: str,
    text: str,
    schema: cedar.Schema,
    *,
    actions: Collection[str],
    owners: Collection[str] | None,
) -> list[Rule]:
    found = []
    for line, statement in statements(text):
        place = Place(file=file, line=line)
        tree = cedar.parse(statement, place)
        rule = rule_of(tree, place, actions=actions, owners=owners)
        cedar.validate(place, f"rule `{rule.id}`", statement, schema)
        found.append(rule)
    return found


def _slicer(declared: Declared) -> "_Slicer":
    return _Slicer(
        tree=schema_for(declared.specs, declared.tools, facts=declared.facts),
        tools={tool.name: tool for tool in declared.tools},
        facts=declared.facts,
    )


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
            "engine": cedar.ENGINE,
            "rules": trees,
            "schema": part(self.tree, action, resource_type(spec)),
        }
        needs = needs_of(rule.tree for rule in mine)
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
            everything=cedar.handle(mine),
            permits=cedar.handle([rule for rule in mine if rule.permits]),
            needs=needs,
            schema=cedar.schema_of(narrowed(self.tree, action, resource_type(spec), needs)),
            names=any(_names(rule.tree, (CASE, resource_type(spec))) for rule in mine),
        )


def _names(tree: object, types: Collection[str]) -> bool:
    """Tell whether a rule names an entity of one of these types."""
    if isinstance(tree, Mapping):
        if "id" in tree and tree.get("type") in types:
            return True
        return any(_names(item, types) for item in tree.values())
    return isinstance(tree, list | tuple) and any(_names(item, types) for item in tree)
