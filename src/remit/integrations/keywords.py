"""Which words of JSON Schema are checked, and whether a document uses no others.

It is ours because nothing among the core's libraries does it. Any other word makes a document
unusable, instead of being passed over (JSON Schema 2020-12, and what OpenAPI 3.0 says differently:
`nullable`, boolean exclusive bounds).
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from remit.errors import ManifestInvalidError

Node: TypeAlias = Mapping[str, Any]

DEPTH_MAX = 64
TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})

_BOUND = (int, Decimal, bool)
_WORDS: Mapping[str, tuple[type, ...]] = {
    "$ref": (str,),
    "type": (str, list),
    "nullable": (bool,),
    "enum": (list,),
    "const": (object,),
    "properties": (dict,),
    "required": (list,),
    "additionalProperties": (bool, dict),
    "items": (bool, dict),
    "minItems": (int,),
    "maxItems": (int,),
    "uniqueItems": (bool,),
    "minLength": (int,),
    "maxLength": (int,),
    "pattern": (str,),
    "minimum": _BOUND,
    "maximum": _BOUND,
    "exclusiveMinimum": _BOUND,
    "exclusiveMaximum": _BOUND,
    "minProperties": (int,),
    "maxProperties": (int,),
    "allOf": (list,),
    "anyOf": (list,),
    "oneOf": (list,),
}
# Words that say nothing about whether a value fits.
_NOTES = frozenset(
    {
        "title", "description", "default", "example", "examples", "deprecated", "readOnly",
        "writeOnly", "format", "externalDocs", "xml", "$comment", "discriminator",
    }
)  # fmt: skip


def require_usable(node: object, *, document: Node, where: str) -> None:
    """Raise `ManifestInvalidError` for a schema with a word that would not be checked."""
    seen: set[str] = set()

    def visit(node: object, where: str, depth: int) -> None:
        if isinstance(node, bool):
            return
        if not isinstance(node, dict):
            raise ManifestInvalidError(f"{where} is not a schema; write an object")
        if depth > DEPTH_MAX:
            raise ManifestInvalidError(f"{where} is nested deeper than {DEPTH_MAX}; flatten it")
        _require_words(node, where)
        reference = node.get("$ref")
        if reference is not None and reference not in seen:
            seen.add(reference)
            visit(target(reference, document=document, where=where), where, depth + 1)
        for part, inner in _inner(node):
            visit(inner, f"{where}.{part}", depth + 1)

    visit(node, where, 0)


def resolved(node: Node, *, document: Node, where: str) -> Node:
    """Return the object that a chain of local references ends at."""
    for _ in range(DEPTH_MAX):
        if "$ref" not in node:
            return node
        node = target(node["$ref"], document=document, where=where)
    raise ManifestInvalidError(f"{where} refers to itself without end; break the circle")


def target(reference: object, *, document: Node, where: str) -> Node:
    """Return what one local reference names; raises `ManifestInvalidError`."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        raise ManifestInvalidError(
            f"{where} refers to `{reference}`; only references inside the document are followed"
        )
    found: Any = document
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise ManifestInvalidError(f"{where} refers to `{reference}`, which is not there")
    return found


def type_names(node: Node) -> list[str]:
    """Return the types that a schema allows; an empty list allows any."""
    kinds = node.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _require_words(node: Node, where: str) -> None:
    for word, value in node.items():
        if word in _NOTES or word.startswith("x-"):
            continue
        if word not in _WORDS:
            raise ManifestInvalidError(f"{where} uses `{word}`, which is not checked; remove it")
        if not isinstance(value, _WORDS[word]):
            raise ManifestInvalidError(f"{where} has a `{word}` of another shape than it needs")
    for kind in type_names(node):
        if str(kind) not in TYPES:
            raise ManifestInvalidError(f"{where} has the unknown type `{kind}`")
    for name in node.get("required", []):
        if not isinstance(name, str):
            raise ManifestInvalidError(f"{where} has a `required` that does not list names")
    try:
        re.compile(node.get("pattern", ""))
    except re.error as error:
        raise ManifestInvalidError(
            f"{where} has a pattern that does not parse: {error}"
        ) from error


def _inner(node: Node) -> Iterator[tuple[str, object]]:
    yield from node.get("properties", {}).items()
    for word in ("items", "additionalProperties"):
        if word in node:
            yield word, node[word]
    for word in ("allOf", "anyOf", "oneOf"):
        for number, inner in enumerate(node.get(word, [])):
            yield f"{word}[{number}]", inner
