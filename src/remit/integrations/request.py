"""Turn checked arguments into one HTTP request of a described operation."""

import json
from collections.abc import Mapping
from urllib.parse import quote

from remit.domain.value import Json, canonical
from remit.errors import ArgumentsInvalidError
from remit.integrations import schema
from remit.integrations.document import WHOLE_BODY, Described
from remit.integrations.exchange import Asked
from remit.integrations.keywords import Node

SENT_BYTES_MAX = 256 * 1024


def request(
    described: Described,
    given: Mapping[str, object],
    *,
    url: str,
    headers: Mapping[str, str],
    tree: Node,
) -> Asked:
    """Return the request; raises `ArgumentsInvalidError` before anything could leave.

    Values travel in their canonical form: money as `{amount, currency}`, a decimal as its text.
    """
    arguments = _arguments(described, given, tree)
    path, query, body = described.path, list[tuple[str, str]](), dict[str, Json]()
    sent_headers = {"accept": "application/json"}
    for one in described.parameters:
        if one.name not in arguments:
            continue
        value = arguments[one.name]
        match one.place:
            case "path":
                path = path.replace(f"{{{one.name}}}", _segment(described, value))
            case "query":
                items = value if isinstance(value, list) else [value]
                query += [(one.name, _text(described, item)) for item in items]
            case "header":
                sent_headers[one.name.lower()] = _text(described, value)
            case _:
                body[one.name] = value
    content = _body(described, body, tree)
    if content is not None:
        sent_headers["content-type"] = "application/json"
    return Asked(
        method=described.method.upper(),
        url=url + path,
        query=tuple(query),
        headers={**sent_headers, **headers},
        body=content,
    )


def _arguments(described: Described, given: Mapping[str, object], tree: Node) -> dict[str, Json]:
    """Return the arguments as JSON, without optional ones that are None and may not be."""
    try:
        arguments = {name: canonical(value).form for name, value in given.items()}
    except TypeError as error:
        raise ArgumentsInvalidError(f"an argument of `{described.name}`: {error}") from error
    for one in described.parameters:
        left_out = arguments.get(one.name, "") is None and not one.required
        if left_out and schema.faults(one.schema, None, document=tree):
            del arguments[one.name]
    _require_fit(f"arguments of `{described.name}`", described.arguments, arguments, tree)
    return arguments


def _body(described: Described, fields: dict[str, Json], tree: Node) -> bytes | None:
    if described.body is None or not (fields or described.body_required):
        return None
    whole: Json = fields
    if any(one.place == "body" and one.schema is described.body for one in described.parameters):
        whole = fields[WHOLE_BODY]
    _require_fit(f"the body of `{described.name}`", described.body, whole, tree)
    content = json.dumps(whole, ensure_ascii=False, allow_nan=False).encode()
    if len(content) > SENT_BYTES_MAX:
        raise ArgumentsInvalidError(
            f"the body of `{described.name}` is larger than {SENT_BYTES_MAX} bytes; send less"
        )
    return content


def _require_fit(what: str, expected: Node, value: Json, tree: Node) -> None:
    wrong = schema.faults(expected, value, document=tree)
    if wrong:
        raise ArgumentsInvalidError(
            f"{what} do not fit its schema: " + "; ".join(str(fault) for fault in wrong)
        )


def _segment(described: Described, value: Json) -> str:
    text = _text(described, value)
    if text in ("", ".", ".."):
        raise ArgumentsInvalidError(f"an argument in the path of `{described.name}` is empty")
    return quote(text, safe="")


def _text(described: Described, value: Json) -> str:
    match value:
        case bool():
            text = "true" if value else "false"
        case int() | str():
            text = str(value)
        case _:
            raise ArgumentsInvalidError(
                f"an argument in the address of `{described.name}` is neither text nor number"
            )
    if any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in text):  # noqa: PLR2004
        raise ArgumentsInvalidError(
            f"an argument in the address of `{described.name}` has a control character"
        )
    return text
