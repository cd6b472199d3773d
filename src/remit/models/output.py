"""The declared shape of an answer: its JSON schema, and whether an answer has it."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from remit.domain.value import Json
from remit.models.runtime import REPLY_BYTES_MAX, Choices, Prompt, Reply, ToolCall, ToolSignature

TOOL_CALLS_MAX = 8
PROBLEMS_MAX = 5

M = TypeVar("M", bound=BaseModel)

# A masked value, as an answer may hold it where its shape asks for an address or a pattern.
MASKED = "^[A-Z]{3,8}_[0-9A-Z]{8}$"
_ADDRESSED = frozenset({
    "email", "idn-email", "ipv4", "ipv6", "ipvanyaddress", "phone", "uri",
})  # fmt: skip

_CODE_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(?P<inside>.*?)\n?\s*```\s*\Z", re.DOTALL)


class Fit(Protocol):
    """Validates an answer's JSON, with whatever stands in for what its type refuses."""

    def __call__(self, validate: Callable[[Json], M], value: Json, /) -> M: ...


def as_it_is(validate: Callable[[Json], M], value: Json, /) -> M:
    """Let nothing stand in for anything."""
    return validate(value)


class ShapeError(ValueError):
    """An answer is not of the declared shape; says where, never what it held."""


def schema(output: type[BaseModel] | Choices) -> dict[str, Any]:
    """Return the JSON schema that a provider is asked to keep."""
    if isinstance(output, Choices):
        return {
            "type": "object",
            "properties": {"choice": {"type": "string", "enum": list(output.names)}},
            "required": ["choice"],
            "additionalProperties": False,
        }
    return shown(output) | {"additionalProperties": False}


def shown(shape: type[BaseModel]) -> dict[str, Any]:
    """Return a model's JSON schema with a masked value allowed where a string is confined."""
    widened = _widened(shape.model_json_schema())
    return widened if isinstance(widened, dict) else {}


def _widened(node: object) -> Any:
    if isinstance(node, list):
        return [_widened(one) for one in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") != "string" or not ("pattern" in node or node.get("format") in _ADDRESSED):
        return {key: _widened(one) for key, one in node.items()}
    said = {key: one for key, one in node.items() if key in {"title", "description", "default"}}
    rule = {key: one for key, one in node.items() if key not in said}
    return {**said, "anyOf": [rule, {"type": "string", "pattern": MASKED}]}


def parse(prompt: Prompt, reply: Reply, *, fit: Fit = as_it_is) -> object | None:
    """Return the value that the prompt declared; `ShapeError` when the reply does not hold it."""
    if len(reply.text.encode()) > REPLY_BYTES_MAX:
        raise ShapeError(f"the answer is longer than {REPLY_BYTES_MAX} bytes")
    if reply.tool_calls:
        _check_calls(prompt.tools, reply.tool_calls, fit)
        return None
    match prompt.output:
        case None:
            if not reply.text.strip():
                raise ShapeError("the answer is empty")
            return None
        case Choices():
            return _choice(prompt.output, reply.text)
        case _:
            return _model(prompt.output, _unfenced(reply.text), fit)


def _choice(choices: Choices, text: str) -> str:
    bare = _unfenced(text).strip()
    if bare.startswith("{"):
        try:
            found = json.loads(bare)
        except ValueError as error:
            raise ShapeError("the answer is not complete JSON") from error
        bare = found.get("choice", "") if set(found) == {"choice"} else ""
    if bare not in choices.names:
        raise ShapeError("the answer must be exactly one of: " + ", ".join(choices.names))
    return str(bare)


def _model(output: type[M], text: str, fit: Fit) -> M:
    try:
        return output.model_validate_json(text, extra="forbid")
    except ValidationError as error:
        first = error
    try:
        value = json.loads(text, parse_float=_exact)
        return fit(lambda one: output.model_validate_json(json.dumps(one), extra="forbid"), value)
    except (ValidationError, ValueError, RecursionError):
        raise ShapeError(_problems(first)) from first


def _exact(text: str) -> float | str:
    """Return a number that is written back as it was, or its text."""
    return number if repr(number := float(text)) == text else text


def _check_calls(tools: Iterable[ToolSignature], calls: tuple[ToolCall, ...], fit: Fit) -> None:
    known: Mapping[str, ToolSignature] = {tool.name: tool for tool in tools}
    if len(calls) > TOOL_CALLS_MAX:
        raise ShapeError(f"the answer asks for more than {TOOL_CALLS_MAX} tool calls")
    for call in calls:
        if call.name not in known:
            names = ", ".join(known) or "none"
            raise ShapeError(f"the answer asks for a tool that does not exist; there are: {names}")
        arguments = known[call.name].arguments
        try:
            fit(partial(arguments.model_validate, extra="forbid"), {**call.arguments})
        except ValidationError as error:
            raise ShapeError(f"arguments of tool `{call.name}`: {_problems(error)}") from error


def _problems(error: ValidationError) -> str:
    """Say where and which rule, never the value: it may be personal."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [
        f"{_path(item['loc'])}: {item['type'].replace('_', ' ')}" for item in found[:PROBLEMS_MAX]
    ]
    return "; ".join(lines)


def _path(parts: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in parts) or "answer"


def _unfenced(text: str) -> str:
    """Strip a surrounding code fence and nothing else: half JSON is never completed."""
    match = _CODE_FENCE.match(text)
    return match["inside"] if match else text
