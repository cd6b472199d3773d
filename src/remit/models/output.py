"""The declared shape of an answer: its JSON schema, and whether an answer has it."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from remit.models.runtime import REPLY_BYTES_MAX, Choices, Prompt, Reply, ToolCall, ToolSignature

TOOL_CALLS_MAX = 8
PROBLEMS_MAX = 5

_CODE_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(?P<inside>.*?)\n?\s*```\s*\Z", re.DOTALL)


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
    return output.model_json_schema() | {"additionalProperties": False}


def parse(prompt: Prompt, reply: Reply) -> object | None:
    """Return the value that the prompt declared; `ShapeError` when the reply does not hold it."""
    if len(reply.text.encode()) > REPLY_BYTES_MAX:
        raise ShapeError(f"the answer is longer than {REPLY_BYTES_MAX} bytes")
    if reply.tool_calls:
        _check_calls(prompt.tools, reply.tool_calls)
        return None
    match prompt.output:
        case None:
            if not reply.text.strip():
                raise ShapeError("the answer is empty")
            return None
        case Choices():
            return _choice(prompt.output, reply.text)
        case _:
            return _model(prompt.output, _unfenced(reply.text))


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


def _model(output: type[BaseModel], text: str) -> BaseModel:
    try:
        return output.model_validate_json(text, extra="forbid")
    except ValidationError as error:
        raise ShapeError(_problems(error)) from error


def _check_calls(tools: Iterable[ToolSignature], calls: tuple[ToolCall, ...]) -> None:
    known: Mapping[str, ToolSignature] = {tool.name: tool for tool in tools}
    if len(calls) > TOOL_CALLS_MAX:
        raise ShapeError(f"the answer asks for more than {TOOL_CALLS_MAX} tool calls")
    for call in calls:
        if call.name not in known:
            names = ", ".join(known) or "none"
            raise ShapeError(f"the answer asks for a tool that does not exist; there are: {names}")
        try:
            known[call.name].arguments.model_validate(call.arguments, extra="forbid")
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
