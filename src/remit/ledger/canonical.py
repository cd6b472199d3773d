"""The one encoding of an entry: restricted JCS (RFC 8785), and the JSON of sealed content.

Restricted: keys `[a-z][a-z0-9_]*`, exact `str int bool list dict` only, integers within
±(2^53-1), no float, no null, depth at most 16. The walk comes first, since encoders differ in what
they should refuse; after it `orjson` (extra `fast`) and `json` give the same bytes.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from remit.domain.value import write_with
from remit.errors import EntryRefusedError

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

DEPTH_MAX: Final = 16
INTEGER_MAX: Final = 2**53 - 1
CONTENT_DEPTH_MAX: Final = 100
CONTENT_INTEGER_MAX: Final = 2**63 - 1
KEYS_CACHED_MAX: Final = 4096

_KEY: Final = re.compile(r"[a-z][a-z0-9_]*")


def encode(value: Json) -> bytes:
    """Return the canonical bytes of a value.

    Raises `EntryRefusedError` with path and rule, never with the value.
    """
    check(value)
    return _written(value)


def check(value: Json, path: str = "$", depth: int = DEPTH_MAX) -> None:
    """Raise `EntryRefusedError` with path and rule where a value has no canonical bytes."""
    if not _fits(value, depth):
        _walk(value, path, depth)


def write(value: Json) -> bytes:
    """Return the canonical bytes of a value that needs no check.

    Raises `EntryRefusedError` for text that is not valid Unicode.
    """
    return _written(value)


def decode(data: bytes) -> Json:
    """Return the value of canonical bytes; anything that is not its own encoding is refused.

    Raises `EntryRefusedError`.
    """
    value = read(data)
    if encode(value) != data:
        raise EntryRefusedError("`$` is not in canonical form")
    return value


def read(data: bytes) -> Json:
    """Return the value of JSON bytes that are known to be ours, without judging their form."""
    try:
        return _read(data)
    except (ValueError, RecursionError) as error:
        raise EntryRefusedError("`$` is not JSON") from error


def encode_content(value: Json) -> bytes:
    """Return the JSON bytes of sealed content: any keys, null, integers of 64 bits, no float."""
    if not _content_fits(value, CONTENT_DEPTH_MAX):
        _walk_content(value, "$", CONTENT_DEPTH_MAX)
    return _written(value)


def _fits(value: Json, depth: int) -> bool:
    """Tell what `_walk` tells, without the names that only an error needs."""
    kind = type(value)
    if kind is str or kind is bool:
        return True
    if kind is int:
        return -INTEGER_MAX <= value <= INTEGER_MAX  # type: ignore[operator]  # an exact int
    if depth == 0:
        return False
    if kind is dict:
        for key, item in value.items():  # type: ignore[union-attr]  # an exact dict
            if not _is_key(key):
                return False
            item_kind = type(item)
            if item_kind is not str and item_kind is not bool and not _fits(item, depth - 1):
                return False
        return True
    if kind is list:
        for item in value:  # type: ignore[union-attr]  # noqa: SIM110 - an exact list; faster so
            if type(item) is not str and not _fits(item, depth - 1):
                return False
        return True
    return False


def _content_fits(value: Json, depth: int) -> bool:
    """Tell what `_walk_content` tells, without the names that only an error needs."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -CONTENT_INTEGER_MAX <= value <= CONTENT_INTEGER_MAX  # type: ignore[operator]  # an exact int
    if depth == 0:
        return False
    if kind is dict:
        for key, item in value.items():  # type: ignore[union-attr]  # an exact dict
            if type(key) is not str:
                return False
            if type(item) is not str and not _content_fits(item, depth - 1):
                return False
        return True
    if kind is list:
        for item in value:  # type: ignore[union-attr]
            if type(item) is not str and not _content_fits(item, depth - 1):
                return False
        return True
    return False


def _walk(value: Json, path: str, depth: int) -> None:
    kind = type(value)
    if kind is str or kind is bool:
        return
    if kind is int:
        if not -INTEGER_MAX <= value <= INTEGER_MAX:  # type: ignore[operator]  # an exact int
            raise EntryRefusedError(f"`{path}` is an integer beyond 2^53-1; write it as text")
        return
    if depth == 0:
        raise EntryRefusedError(f"`{path}` is nested deeper than {DEPTH_MAX}")
    if kind is dict:
        for key, item in value.items():  # type: ignore[union-attr]  # an exact dict
            if not _is_key(key):
                raise EntryRefusedError(f"`{path}` has a key that is not `[a-z][a-z0-9_]*`")
            item_kind = type(item)
            if item_kind is not str and item_kind is not bool:
                _walk(item, f"{path}.{key}", depth - 1)
    elif kind is list:
        for index, item in enumerate(value):  # type: ignore[arg-type]  # an exact list
            if type(item) is not str:
                _walk(item, f"{path}[{index}]", depth - 1)
    else:
        raise EntryRefusedError(f"`{path}` is of type `{kind.__name__}`, which has no exact form")


@lru_cache(maxsize=KEYS_CACHED_MAX)
def _is_key(key: object) -> bool:
    return type(key) is str and _KEY.fullmatch(key) is not None


def _walk_content(value: Json, path: str, depth: int) -> None:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -CONTENT_INTEGER_MAX <= value <= CONTENT_INTEGER_MAX:  # type: ignore[operator]  # an exact int
            raise EntryRefusedError(f"content at `{path}` is an integer beyond 64 bits")
        return
    if depth == 0:
        raise EntryRefusedError(f"content at `{path}` is nested deeper than {CONTENT_DEPTH_MAX}")
    if kind is dict:
        for number, (key, item) in enumerate(value.items()):  # type: ignore[union-attr]  # an exact dict
            if type(key) is not str:
                raise EntryRefusedError(f"content at `{path}` has a key that is not text")
            item_kind = type(item)
            if item_kind is not str and item_kind is not bool:
                _walk_content(item, f"{path}.{number}", depth - 1)  # a key may be personal
    elif kind is list:
        for number, item in enumerate(value):  # type: ignore[arg-type]  # an exact list
            if type(item) is not str:
                _walk_content(item, f"{path}.{number}", depth - 1)
    else:
        raise EntryRefusedError(
            f"content at `{path}` is of type `{kind.__name__}`; only text, integers, booleans, "
            "null, lists and records are kept"
        )


def _with_json() -> tuple[Callable[[Json], bytes], Callable[[bytes], Json]]:
    def write(value: Json) -> bytes:
        try:
            return json.dumps(
                value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
            ).encode()
        except UnicodeEncodeError as error:
            raise EntryRefusedError("a text is not valid Unicode") from error

    def read_json(data: bytes) -> Json:
        found: Json = json.loads(data.decode())
        return found

    return write, read_json


def _with_orjson() -> tuple[Callable[[Json], bytes], Callable[[bytes], Json]]:
    import orjson

    dumps, loads, sort_keys = orjson.dumps, orjson.loads, orjson.OPT_SORT_KEYS
    exact = sort_keys | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    write_with(lambda form: dumps(form, option=exact))

    def write(value: Json) -> bytes:
        try:
            return dumps(value, option=sort_keys)
        except TypeError as error:
            raise EntryRefusedError("a text is not valid Unicode") from error

    def read_json(data: bytes) -> Json:
        found: Json = loads(data)
        return found

    return write, read_json


try:
    _written, _read = _with_orjson()
except ImportError:
    _written, _read = _with_json()
