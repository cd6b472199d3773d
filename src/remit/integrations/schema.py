"""Check values against the part of JSON Schema that API documents use."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from remit.integrations.keywords import DEPTH_MAX, Node, target, type_names

Schema: TypeAlias = Node | bool

FAULTS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Where a value does not fit, and which rule says so; never the value."""

    path: str
    rule: str

    def __str__(self) -> str:
        return f"`{self.path or '.'}`: {self.rule}"


def faults(node: Schema, value: object, *, document: Node) -> tuple[Fault, ...]:
    """Return what does not fit, at most `FAULTS_MAX`; `$ref` is looked up in `document`.

    Numbers with a fraction are `Decimal`.
    """
    found: list[Fault] = []
    for fault in _faults(node, value, "", document, 0):
        found.append(fault)
        if len(found) == FAULTS_MAX:
            break
    return tuple(found)


def _faults(node: Schema, value: object, path: str, document: Node, depth: int) -> Iterator[Fault]:
    if isinstance(node, bool):
        if not node:
            yield Fault(path=path, rule="is not allowed")
        return
    if depth > DEPTH_MAX:
        yield Fault(path=path, rule=f"is nested deeper than {DEPTH_MAX}")
        return
    if "$ref" in node:
        named = target(node["$ref"], document=document, where="a schema")
        yield from _faults(named, value, path, document, depth + 1)
    if value is None and node.get("nullable") is True:
        return
    kinds = type_names(node)
    if kinds and not any(_IS[kind](value) for kind in kinds):
        yield Fault(path=path, rule=f"is not {' or '.join(kinds)}")
        return
    yield from _listed_faults(node, value, path)
    match value:
        case str():
            yield from _text_faults(node, value, path)
        case dict():
            yield from _object_faults(node, value, path, document, depth)
        case list():
            yield from _array_faults(node, value, path, document, depth)
        case int() | Decimal() if not isinstance(value, bool):
            yield from _number_faults(node, value, path)
    yield from _combined_faults(node, value, path, document, depth)


def _listed_faults(node: Node, value: object, path: str) -> Iterator[Fault]:
    if "enum" in node and not any(_same(value, one) for one in node["enum"]):
        yield Fault(path=path, rule="is none of the listed values")
    if "const" in node and not _same(value, node["const"]):
        yield Fault(path=path, rule="is not the one allowed value")


def _text_faults(node: Node, value: str, path: str) -> Iterator[Fault]:
    if len(value) < node.get("minLength", 0):
        yield Fault(path=path, rule=f"is shorter than {node['minLength']} characters")
    if len(value) > node.get("maxLength", len(value)):
        yield Fault(path=path, rule=f"is longer than {node['maxLength']} characters")
    elif "pattern" in node and not re.search(_whole(node["pattern"]), value):
        yield Fault(path=path, rule=f"does not match `{node['pattern']}`")


def _number_faults(node: Node, value: int | Decimal, path: str) -> Iterator[Fault]:
    low, high = node.get("minimum"), node.get("maximum")
    above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    if above is True:  # OpenAPI 3.0
        low, above = None, low
    if below is True:
        high, below = None, high
    if low is not None and value < low:
        yield Fault(path=path, rule=f"is below {low}")
    if high is not None and value > high:
        yield Fault(path=path, rule=f"is above {high}")
    if above not in (None, False) and value <= above:
        yield Fault(path=path, rule=f"is not above {above}")
    if below not in (None, False) and value >= below:
        yield Fault(path=path, rule=f"is not below {below}")


def _object_faults(
    node: Node, value: dict[str, Any], path: str, document: Node, depth: int
) -> Iterator[Fault]:
    properties = node.get("properties", {})
    for name in node.get("required", []):
        if name not in value:
            yield Fault(path=_below(path, name), rule="is missing")
    if len(value) < node.get("minProperties", 0):
        yield Fault(path=path, rule=f"has fewer than {node['minProperties']} fields")
    if len(value) > node.get("maxProperties", len(value)):
        yield Fault(path=path, rule=f"has more than {node['maxProperties']} fields")
    others = node.get("additionalProperties", True)
    for name, item in value.items():
        if name in properties:
            yield from _faults(properties[name], item, _below(path, name), document, depth + 1)
        elif others is False:
            yield Fault(path=_below(path, name), rule="is not a field of this")
        else:
            yield from _faults(others, item, _below(path, name), document, depth + 1)


def _array_faults(
    node: Node, value: list[Any], path: str, document: Node, depth: int
) -> Iterator[Fault]:
    if len(value) < node.get("minItems", 0):
        yield Fault(path=path, rule=f"has fewer than {node['minItems']} items")
    if len(value) > node.get("maxItems", len(value)):
        yield Fault(path=path, rule=f"has more than {node['maxItems']} items")
    if node.get("uniqueItems") is True and any(
        _same(one, other) for number, one in enumerate(value) for other in value[:number]
    ):
        yield Fault(path=path, rule="has an item twice")
    for number, item in enumerate(value):
        yield from _faults(node.get("items", True), item, f"{path}[{number}]", document, depth + 1)


def _combined_faults(
    node: Node, value: object, path: str, document: Node, depth: int
) -> Iterator[Fault]:
    def fits(inner: Schema) -> bool:
        return next(_faults(inner, value, path, document, depth + 1), None) is None

    for inner in node.get("allOf", []):
        yield from _faults(inner, value, path, document, depth + 1)
    if "anyOf" in node and not any(fits(inner) for inner in node["anyOf"]):
        yield Fault(path=path, rule="fits none of its alternatives")
    if "oneOf" in node and sum(fits(inner) for inner in node["oneOf"]) != 1:
        yield Fault(path=path, rule="does not fit exactly one of its alternatives")


def _whole(pattern: str) -> str:
    """Return the pattern with `$` meaning the very end, as in the language schemas are from."""
    return re.sub(r"(?<!\\)((?:\\\\)*)\$$", r"\1\\Z", pattern)


def _same(one: object, other: object) -> bool:
    """Are these equal, and true no 1?"""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _whole_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and _number(value) and value == int(value)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_IS: Mapping[str, Callable[[object], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": _whole_number,
    "number": _number,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
