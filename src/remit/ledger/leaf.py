"""The leaf as a verifier reads it: strict, one encoding for each value, nothing assumed."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

FORMAT: Final = 1
ENTRY_BYTES_MAX: Final = 16_384
DEPTH_MAX: Final = 16
INTEGER_MAX: Final = 2**53 - 1

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_AT: Final = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z", re.ASCII)
_REQUIRED: Final = frozenset(
    "actor at body case event id payloads tenant version workflow writer".split()
)
_MEMBERS: Final = _REQUIRED | {"causes", "fingerprint", "on_behalf_of"}
_ACTOR: Final = frozenset(("kind", "ref"))
_CASE: Final = frozenset(("id", "path", "run", "seq"))
_WRITER: Final = frozenset(("id", "number", "previous", "signature"))
_PAYLOAD: Final = frozenset(("cipher", "commitment", "key", "role"))


class LeafError(ValueError):
    """Bytes are no entry; the text says which rule they break."""


class NewerLeafError(ValueError):
    """A leaf has a format that a newer Remit wrote."""


class Leaf(NamedTuple):
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
        if isinstance(error, LeafError):
            raise
        raise LeafError("an entry lacks a member or has one of another type") from error


def _leaf(value: dict[str, Json]) -> Leaf:
    """Check each member that the format names; what is free of form is the body's."""
    case, writer = _record(value["case"]), _record(value["writer"])
    if not (case.keys() <= _CASE and writer.keys() <= _WRITER):
        raise LeafError("a case or writer has a member that it may not have")
    at = _text(value["at"])
    if _AT.fullmatch(at) is None:
        raise ValueError("not an instant")
    _on_a_day(at[:10])
    for text in (
        value["tenant"], value["workflow"], value["id"], value["event"], writer["previous"],
        writer["id"], case["id"], case.get("path", ""), value.get("fingerprint", ""),
        writer.get("signature", ""),
    ):  # fmt: skip
        if type(text) is not str:
            raise TypeError("not text")
    _integer(case.get("run", 0))
    _actor(_record(value["actor"]))
    if "on_behalf_of" in value:
        _actor(_record(value["on_behalf_of"]))
    if "causes" in value:
        for cause in _list(value["causes"]):
            _text(cause)
    _walk(_record(value["body"]), DEPTH_MAX - 1)
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


def _actor(actor: dict[str, Json]) -> None:
    if actor.keys() != _ACTOR:
        raise LeafError("an actor has a member that it may not have, or lacks one")
    _text(actor["kind"])
    _text(actor["ref"])


@lru_cache(maxsize=4096)
def _on_a_day(day: str) -> None:
    """Raise `ValueError` for the thirtieth of February."""
    date.fromisoformat(day)


def _payload(named: dict[str, Json]) -> dict[str, str]:
    if named.keys() != _PAYLOAD:
        raise LeafError("a payload has a member that it may not have, or lacks one")
    return {
        "cipher": _text(named["cipher"]),
        "commitment": _text(named["commitment"]),
        "key": _text(named["key"]),
        "role": _text(named["role"]),
    }


# Exact types: what was read from JSON has no others, and `type` costs half of `isinstance`.


def _record(value: Json) -> dict[str, Json]:
    if type(value) is not dict:
        raise TypeError("not a record")
    return value


def _list(value: Json) -> list[Json]:
    if type(value) is not list:
        raise TypeError("not a list")
    return value


def _text(value: Json) -> str:
    if type(value) is not str:
        raise TypeError("not text")
    return value


def _integer(value: Json) -> int:
    if type(value) is not int:
        raise TypeError("not an integer")
    if not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise LeafError("an entry has an integer beyond 2^53-1")
    return value


def _walk(value: Json, depth: int) -> None:
    kind = type(value)
    if kind is str or kind is bool:
        return
    if kind is int:
        _integer(value)
        return
    if not depth:
        raise LeafError("an entry is nested too deep")
    if isinstance(value, dict):
        if not _are_names(tuple(value)):
            raise LeafError("an entry has a key that is not `[a-z][a-z0-9_]*`")
        items: Iterable[Json] = value.values()
    elif isinstance(value, list):
        items = value
    else:
        raise LeafError("an entry has a value that is no text, integer, boolean, list or record")
    for item in items:
        if type(item) is not str:
            _walk(item, depth - 1)


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
