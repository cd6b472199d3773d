"""Read an OpenAPI 3.0 or 3.1 document: its operations, what each takes and gives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from remit.domain import value
from remit.errors import ManifestInvalidError, ResultInvalidError
from remit.integrations.connector import OperationKind
from remit.integrations.exchange import parsed, plain
from remit.integrations.keywords import Node, require_usable, resolved

DOCUMENT_BYTES_MAX = 4 * 1024 * 1024
OPERATIONS_MAX = 1000
READING = frozenset({"get", "head"})
METHODS = frozenset({*READING, "post", "put", "patch", "delete", "options", "trace"})
WHOLE_BODY = "body"  # the argument's name where a body is not a plain object

_PLACES = frozenset({"path", "query", "header"})
_OURS = frozenset({"accept", "content-type", "authorization"})  # OpenAPI 3.1, parameter object


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One argument and where it travels."""

    name: str
    place: str  # path query header body
    required: bool
    schema: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One operation as the document has it."""

    name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: Node | None  # the body's own schema
    body_required: bool
    answers: Mapping[str, Node]  # by status: `200`, `2XX`
    remit: Mapping[str, Any]  # what `x-remit` says

    @property
    def kind(self) -> OperationKind:
        """GET and HEAD read; everything else writes."""
        return OperationKind.READ if self.method in READING else OperationKind.WRITE

    @property
    def arguments(self) -> Node:
        """One schema for all arguments together."""
        return {
            "type": "object",
            "properties": {one.name: one.schema for one in self.parameters},
            "required": [one.name for one in self.parameters if one.required],
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that can be used whole."""

    tree: Node
    digest: str  # of its canonical form: spaces and order of fields do not count
    operations: Mapping[str, Described]


def document(content: bytes, *, connector: str) -> Document:
    """Return what a document describes; raises `ManifestInvalidError` naming the operation."""
    if len(content) > DOCUMENT_BYTES_MAX:
        raise ManifestInvalidError(
            f"the document of `{connector}` is larger than {DOCUMENT_BYTES_MAX} bytes"
        )
    try:
        tree = parsed(content)
        digest = value.digest(plain(tree))
    except ResultInvalidError as error:
        raise ManifestInvalidError(f"the document of `{connector}` is not JSON") from error
    version = str(tree.get("openapi", "")) if isinstance(tree, dict) else ""
    if not version.startswith(("3.0", "3.1")):
        raise ManifestInvalidError(
            f"the document of `{connector}` is not OpenAPI 3.0 or 3.1; convert it"
        )
    operations: dict[str, Described] = {}
    for found in _operations(tree, connector):
        if found.name in operations:
            raise ManifestInvalidError(
                f"the document of `{connector}` has operationId `{found.name}` twice; rename one"
            )
        operations[found.name] = found
    if len(operations) > OPERATIONS_MAX:
        raise ManifestInvalidError(
            f"the document of `{connector}` has more than {OPERATIONS_MAX} operations; cut it"
        )
    return Document(tree=tree, digest=digest, operations=operations)


def _operations(tree: Node, connector: str) -> Iterator[Described]:
    for path, item in _record(tree.get("paths", {}), f"`paths` of `{connector}`").items():
        whole = resolved(_record(item, f"`{path}`"), document=tree, where=f"`{path}`")
        for method, operation in whole.items():
            if method not in METHODS:
                continue
            where = f"`{method.upper()} {path}`"
            name = _record(operation, where).get("operationId")
            if not isinstance(name, str) or not name.isidentifier():
                raise ManifestInvalidError(
                    f"{where} has no operationId that is a plain name; give it one"
                )
            yield _described(tree, name, method, path, whole.get("parameters", []), operation)


def _described(
    tree: Node, name: str, method: str, path: str, shared: list[Any], operation: Node
) -> Described:
    where = f"operation `{name}`"
    parameters: dict[tuple[str, str], Parameter] = {}
    for one in [*shared, *operation.get("parameters", [])]:
        node = resolved(_record(one, where), document=tree, where=where)
        parameter = _parameter(tree, node, where)
        if parameter is not None:
            parameters[parameter.place, parameter.name] = parameter
    body, body_required = _body(tree, operation, where)
    names: dict[str, Parameter] = {}
    for parameter in [*parameters.values(), *_body_parameters(tree, body, body_required)]:
        if parameter.name in names:
            raise ManifestInvalidError(f"{where} has `{parameter.name}` in two places; rename one")
        names[parameter.name] = parameter
    for placed in names.values():
        if placed.place == "path" and f"{{{placed.name}}}" not in path:
            raise ManifestInvalidError(f"{where} has no `{placed.name}` in its path")
    return Described(
        name=name,
        method=method,
        path=path,
        parameters=tuple(names.values()),
        body=body,
        body_required=body_required,
        answers=dict(_answers(tree, operation, where)),
        remit=_record(operation.get("x-remit", {}), f"`x-remit` of {where}"),
    )


def _parameter(tree: Node, node: Node, where: str) -> Parameter | None:
    name, place = node.get("name"), node.get("in")
    if not isinstance(name, str):
        raise ManifestInvalidError(f"{where} has a parameter without a name")
    required = node.get("required") is True
    if place == "header" and name.lower() in _OURS:
        return None
    if place not in _PLACES or "schema" not in node or node.get("style", "") == "deepObject":
        if required:
            raise ManifestInvalidError(f"{where} needs `{name}` in a way that cannot be sent")
        return None
    schema = _record(node["schema"], where)
    require_usable(schema, document=tree, where=f"{where}, `{name}`")
    return Parameter(name=name, place=place, required=required or place == "path", schema=schema)


def _body(tree: Node, operation: Node, where: str) -> tuple[Node | None, bool]:
    if "requestBody" not in operation:
        return None, False
    node = resolved(_record(operation["requestBody"], where), document=tree, where=where)
    required = node.get("required") is True
    schema = _json_schema(node)
    if schema is None:
        if required:
            raise ManifestInvalidError(f"{where} needs a body that is not JSON")
        return None, False
    require_usable(schema, document=tree, where=f"{where}, body")
    return schema, required


def _body_parameters(tree: Node, body: Node | None, required: bool) -> Iterator[Parameter]:  # noqa: FBT001
    if body is None:
        return
    whole = resolved(body, document=tree, where="a body")
    if whole.get("type") != "object" or not {"allOf", "anyOf", "oneOf"}.isdisjoint(whole):
        yield Parameter(name=WHOLE_BODY, place="body", required=required, schema=body)
        return
    needed = whole.get("required", []) if required else []
    for name, schema in whole.get("properties", {}).items():
        inner = schema if isinstance(schema, dict) else {}
        yield Parameter(name=name, place="body", required=name in needed, schema=inner)


def _answers(tree: Node, operation: Node, where: str) -> Iterator[tuple[str, Node]]:
    for status, one in _record(operation.get("responses", {}), where).items():
        if not str(status).startswith("2"):
            continue
        schema = _json_schema(resolved(_record(one, where), document=tree, where=where))
        if schema is not None:
            require_usable(schema, document=tree, where=f"{where}, answer {status}")
            yield str(status).upper(), schema


def _json_schema(node: Node) -> Node | None:
    for media, content in _record(node.get("content", {}), "`content`").items():
        short = media.partition(";")[0].strip().lower()
        if short == "application/json" or short.endswith("+json"):
            schema = _record(content, media).get("schema", {})
            return _record(schema, f"the schema of {media}")
    return None


def _record(node: object, where: str) -> dict[str, Any]:
    if not isinstance(node, dict):
        raise ManifestInvalidError(f"{where} is not a JSON object")
    return node
