"""Reading a JSON body strictly, and writing values as JSON."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from remit.api.headers import media
from remit.domain import clock
from remit.domain.money import Money
from remit.errors import RequestInvalidError

DEPTH_MAX = 32

M = TypeVar("M", bound=BaseModel)


class ReasonBody(BaseModel):
    """Why somebody does it."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=4_000)


async def read_object(request: Request) -> dict[str, object]:
    """Return the JSON object of a request's body.

    A number with a fraction comes back as the text that stood there, so that nothing is rounded.
    Raises `RequestInvalidError` for other media, bad UTF-8, double keys, NaN, or too deep nesting.
    """
    if media(request.headers) != "application/json":
        raise RequestInvalidError("the body is not JSON; send `Content-Type: application/json`")
    body = await request.body()
    try:
        found = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_refuse_constant,
            parse_float=str,
        )
    except UnicodeDecodeError as error:
        raise RequestInvalidError(f"byte {error.start} of the body is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise RequestInvalidError(
            f"the body is not JSON at line {error.lineno}, column {error.colno}"
        ) from error
    except ValueError as error:
        raise RequestInvalidError("a number has too many digits; send it as text") from error
    except RecursionError as error:
        raise RequestInvalidError(f"the body nests deeper than {DEPTH_MAX} levels") from error
    if not isinstance(found, dict):
        raise RequestInvalidError("the body is not a JSON object; send `{…}`")
    if _depth(found) > DEPTH_MAX:
        raise RequestInvalidError(f"the body nests deeper than {DEPTH_MAX} levels")
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise RequestInvalidError("a text holds half a character; send whole ones") from error
    return found


async def read_model(request: Request, model: type[M]) -> M:
    """Return the body as this model; raises `RequestInvalidError` naming the first bad member."""
    found = await read_object(request)
    try:
        return model.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise RequestInvalidError(f"`{where[:100]}`: {first['msg'].lower()}") from error


def as_json(value: object) -> object:
    """Return a view value as JSON: instants in UTC, money with its currency, enums as words."""
    match value:
        case Enum():
            return as_json(value.value)
        case None | bool() | int() | str():
            return value
        case Mapping():
            return {str(key): as_json(item) for key, item in value.items()}
        case AbstractSet():
            return sorted((as_json(item) for item in value), key=str)
        case Sequence():
            return [as_json(item) for item in value]
        case Money():
            return {"amount": value.written, "currency": value.currency}
        case _ if dataclasses.is_dataclass(value):
            names = [field.name for field in dataclasses.fields(value)]
            return {name: as_json(getattr(value, name)) for name in names}
        case _:
            return _scalar(value)


def _scalar(value: object) -> object:
    match value:
        case float():
            return round(value, 6)
        case Decimal():
            return str(value)
        case datetime():
            return clock.text(value)
        case date():
            return value.isoformat()
        case _:
            raise TypeError(f"`{type(value).__name__}` has no JSON form")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for key, value in pairs:
        if key in members:
            raise RequestInvalidError(f"the member `{key[:100]}` stands twice; send it once")
        members[key] = value
    return members


def _refuse_constant(word: str) -> object:
    raise RequestInvalidError(f"`{word}` is not JSON; leave the member out")


def _depth(value: object) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        one, level = waiting.pop()
        deepest = max(deepest, level)
        if level > DEPTH_MAX:
            break
        items = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting.extend((item, level + 1) for item in items)
    return deepest
