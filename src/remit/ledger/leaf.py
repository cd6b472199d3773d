"""The leaf as a verifier reads it: strict, one encoding for each value, nothing assumed."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

FORMAT: Final = 1
ENTRY_BYTES_MAX: Final = 16_384
DEPTH_MAX: Final = 16
INTEGER_MAX: Final = 2**53 - 1

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_AT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_REQUIRED: Final = frozenset(
    "actor at body case event id payloads tenant version workflow writer".split()
)
_MEMBERS: Final = _REQUIRED | {"causes", "fingerprint", "on_behalf_of"}


class LeafError(ValueError):
    """Bytes are no entry; the text says which rule they break."""


class NewerLeafError(ValueError):
    """A leaf has a format that a newer Remit wrote."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf that was read: its value, and the members that every check asks for."""

    value: Mapping[str, Json]
    id: str
    event: str
    at: str
    case_id: str
    seq: int
    writer: str
    number: int
    previous: str
    payloads: Sequence[Mapping[str, str]]

    @property
    def body(self) -> Mapping[str, Json]:
        """The body of the event."""
        return _record(self.value["body"])


def read_leaf(data: bytes) -> Leaf:
    """Read a leaf strictly: raises `LeafError`, and `NewerLeafError` for a later format."""
    if len(data) > ENTRY_BYTES_MAX:
        raise LeafError(f"an entry is over {ENTRY_BYTES_MAX} bytes")
    try:
        value = _loads(data)
        if _dumps(value) != data:
            raise LeafError("an entry is not in canonical form")
    except (ValueError, RecursionError, TypeError) as error:
        raise (
            error if isinstance(error, LeafError) else LeafError("an entry is not JSON")
        ) from error
    _walk(value, DEPTH_MAX)
    if not isinstance(value, dict):
        raise LeafError("an entry is not a record")
    version = value.get("version")
    if type(version) is int and version > FORMAT:
        raise NewerLeafError(f"format {version}")
    if not _REQUIRED <= value.keys() <= _MEMBERS or version != FORMAT:
        raise LeafError("an entry has a member that it may not have, or lacks one")
    try:
        return _leaf(value)
    except (KeyError, TypeError, ValueError) as error:
        raise LeafError("an entry lacks a member or has one of another type") from error


def _leaf(value: dict[str, Json]) -> Leaf:
    case, writer = _record(value["case"]), _record(value["writer"])
    _record(value["body"])
    at = _text(value["at"])
    if _AT.fullmatch(at) is None:
        raise ValueError("not an instant")
    datetime.fromisoformat(at)  # it raises for the thirtieth of February
    for optional in (value.get("fingerprint", ""), case.get("path", "")):
        _text(optional)
    _integer(case.get("run", 0))
    for actor in (value["actor"], value.get("on_behalf_of", value["actor"])):
        record = _record(actor)
        _text(record["kind"]), _text(record["ref"])
    for cause in _list(value.get("causes", [])):
        _text(cause)
    _text(value["tenant"]), _text(value["workflow"])
    return Leaf(
        value,
        _text(value["id"]),
        _text(value["event"]),
        at,
        _text(case["id"]),
        _integer(case["seq"]),
        _text(writer["id"]),
        _integer(writer["number"]),
        _text(writer["previous"]),
        [_payload(_record(item)) for item in _list(value["payloads"])],
    )


def _payload(named: dict[str, Json]) -> dict[str, str]:
    return {
        "cipher": _text(named["cipher"]),
        "commitment": _text(named["commitment"]),
        "key": _text(named["key"]),
        "role": _text(named["role"]),
    }


def _record(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise TypeError("not a record")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _integer(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not an integer")
    return value


def _walk(value: Json, depth: int) -> None:
    if isinstance(value, dict):
        if not depth or not _are_names(tuple(value)):
            raise LeafError("an entry is nested too deep, or has a key not of `[a-z][a-z0-9_]*`")
        for item in value.values():
            if type(item) is not str:
                _walk(item, depth - 1)
    elif isinstance(value, list):
        if not depth:
            raise LeafError("an entry is nested too deep")
        for item in value:
            if type(item) is not str:
                _walk(item, depth - 1)
    elif isinstance(value, int):
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise LeafError("an entry has an integer beyond 2^53-1")
    elif not isinstance(value, str):
        raise LeafError("an entry has a value that is no text, integer, boolean, list or record")


@lru_cache(maxsize=4096)
def _are_names(names: tuple[str, ...]) -> bool:
    return all(_NAME.fullmatch(name) for name in names)


def _with_json() -> tuple[Callable[[bytes], Json], Callable[[Json], bytes]]:
    def loads(data: bytes) -> Json:
        found: Json = json.loads(data.decode())
        return found

    def dumps(value: Json) -> bytes:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return text.encode()

    return loads, dumps


def _with_orjson() -> tuple[Callable[[bytes], Json], Callable[[Json], bytes]]:
    import orjson

    def dumps(value: Json) -> bytes:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)

    return orjson.loads, dumps


try:
    _loads, _dumps = _with_orjson()
except ImportError:  # `json` does the same, at a third of the speed
    _loads, _dumps = _with_json()
