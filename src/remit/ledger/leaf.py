"""The leaf as a verifier reads it: strict, one encoding for each value, nothing assumed."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from itertools import combinations
from typing import Final, NamedTuple, NotRequired, TypedDict, cast

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

FORMAT: Final = 1
ENTRY_BYTES_MAX: Final = 16_384
DEPTH_MAX: Final = 16
INTEGER_MAX: Final = 2**53 - 1

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_AT: Final = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z", re.ASCII)
_FLAT: Final = frozenset((str, bool, int))
_MEMBERS_LEAST: Final = 11  # members of an entry
_NO_NAME: Final = "an entry has a key that is not `[a-z][a-z0-9_]*`"


def _shapes(always: str, sometimes: str = "") -> frozenset[tuple[str, ...]]:
    """Return the members that a record may have, as they stand in canonical order."""
    may = sometimes.split()
    chosen = (some for count in range(len(may) + 1) for some in combinations(may, count))
    return frozenset(tuple(sorted((*always.split(), *some))) for some in chosen)


_ENTRIES: Final = _shapes(
    "actor at body case event id payloads tenant version workflow writer",
    "causes fingerprint on_behalf_of",
)
_ACTORS: Final = _shapes("kind ref")
_CASES: Final = _shapes("id seq", "path run")
_WRITERS: Final = _shapes("id number previous", "signature")
_PAYLOADS: Final = _shapes("cipher commitment key role")


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
        found: dict[str, Json] = self.value["body"]  # type: ignore[assignment]  # it was checked
        return found


class _Case(TypedDict):
    id: str
    seq: int
    run: NotRequired[int]
    path: NotRequired[str]


class _Writer(TypedDict):
    id: str
    number: int
    previous: str
    signature: NotRequired[str]


class _Members(TypedDict):
    """What a leaf should hold; what it does hold is checked member by member."""

    actor: dict[str, str]
    at: str
    body: dict[str, Json]
    case: _Case
    causes: NotRequired[list[str]]
    event: str
    fingerprint: NotRequired[str]
    id: str
    on_behalf_of: NotRequired[dict[str, str]]
    payloads: list[dict[str, str]]
    tenant: str
    version: int
    workflow: str
    writer: _Writer


_new: Final = tuple.__new__
_text: Final = "".join  # raises `TypeError` for what is no text


def read_leaf(data: bytes) -> Leaf:
    """Read a leaf strictly: raises `LeafError`, and `NewerLeafError` for a later format."""
    if len(data) > ENTRY_BYTES_MAX:
        raise LeafError(f"an entry is over {ENTRY_BYTES_MAX} bytes")
    try:
        value = _loads(data)
        exact = _dumps(value) == data
    except (ValueError, RecursionError, TypeError) as error:
        raise LeafError("an entry is not JSON, or has an integer beyond 2^53-1") from error
    if not exact:
        raise LeafError("an entry is not in canonical form")
    if type(value) is not dict:
        raise LeafError("an entry is not a record")
    version = value.get("version")
    if type(version) is int and version > FORMAT:
        raise NewerLeafError(f"format {version}")
    if tuple(value) not in _ENTRIES or type(version) is not int or version != FORMAT:
        raise LeafError("an entry has a member that it may not have, or lacks one")
    try:
        return _leaf(cast("_Members", value))
    except (TypeError, ValueError) as error:
        if isinstance(error, LeafError):
            raise
        raise LeafError("an entry has a member of another type") from error


def word(body: Mapping[str, Json], name: str) -> str:
    """Return a text of a body; of anything else, an empty one."""
    value = body.get(name)
    return value if isinstance(value, str) else ""


def number(body: Mapping[str, Json], name: str) -> int:
    """Return a whole number of a body; of anything else, 0."""
    value = body.get(name)
    return value if isinstance(value, int) else 0


def moment(microseconds: int) -> str:
    """Return an instant as leaves write it; one that is none is the beginning of time."""
    try:
        at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)
    except OverflowError:
        return ""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"


def _leaf(value: _Members) -> Leaf:
    """Check each member that the format names; what is free of form is the body's.

    This runs for each entry there is: `join` refuses at once what is no text, and a record's
    members in their order are looked up as one.
    """
    actor, at, body, case = value["actor"], value["at"], value["body"], value["case"]
    payloads, writer = value["payloads"], value["writer"]
    if not (
        type(actor) is dict and type(body) is dict and type(case) is dict and type(writer) is dict
    ):
        raise TypeError("not a record")
    if not (tuple(actor) in _ACTORS and tuple(case) in _CASES and tuple(writer) in _WRITERS):
        raise LeafError("an actor, case or writer has other members than it may have")
    event, entry_id, case_id, seq = value["event"], value["id"], case["id"], case["seq"]
    writer_id, number, previous = writer["id"], writer["number"], writer["previous"]
    _text((
        actor["kind"], actor["ref"], at, case_id, case.get("path", ""), event, entry_id,
        value["tenant"], value["workflow"], writer_id, previous, writer.get("signature", ""),
    ))  # fmt: skip
    if not (
        type(seq) is type(number) is type(case.get("run", 0)) is int and type(payloads) is list
    ):
        raise TypeError("not an integer, or not a list")
    if _AT.fullmatch(at) is None:
        raise ValueError("not an instant")
    _on_a_day(at[:10])
    if len(value) > _MEMBERS_LEAST:
        _more(value)
    if payloads:
        _payloads(payloads)
    if not _FLAT.issuperset(map(type, body.values())):
        _walk(body, DEPTH_MAX - 1)
    elif not _are_names(tuple(body)):
        raise LeafError(_NO_NAME)
    return _new(
        Leaf,
        (value, entry_id, event, at, case_id, seq, writer_id, number, previous, payloads),
    )


def _more(value: _Members) -> None:
    """Check the members that an entry need not have."""
    behalf, causes = value.get("on_behalf_of"), value.get("causes")
    _text((value.get("fingerprint", ""),))
    if "causes" in value:
        if type(causes) is not list:
            raise TypeError("not a list")
        _text(causes)
    if "on_behalf_of" in value:
        if type(behalf) is not dict or tuple(behalf) not in _ACTORS:
            raise LeafError("an actor has a member that it may not have, or lacks one")
        _text(behalf.values())


def _payloads(payloads: list[dict[str, str]]) -> None:
    for named in payloads:
        if type(named) is not dict:
            raise TypeError("not a record")
        if tuple(named) not in _PAYLOADS:
            raise LeafError("a payload has a member that it may not have, or lacks one")
        _text(named.values())


@lru_cache(maxsize=4096)
def _on_a_day(day: str) -> None:
    """Raise `ValueError` for the thirtieth of February."""
    date.fromisoformat(day)


def _walk(value: Json, depth: int) -> None:
    """Check types and keys all the way down; the range of integers is the codec's to check."""
    kind = type(value)
    if kind in _FLAT:
        return
    if not depth:
        raise LeafError("an entry is nested too deep")
    if isinstance(value, dict):
        if not _are_names(tuple(value)):
            raise LeafError(_NO_NAME)
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
    def integer(text: str) -> int:
        number = int(text)
        if abs(number) > INTEGER_MAX:
            raise ValueError("an integer beyond 2^53-1")
        return number

    def loads(data: bytes) -> Json:
        found: Json = json.loads(data.decode(), parse_int=integer)
        return found

    def dumps(value: Json) -> bytes:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return text.encode()

    return loads, dumps


def _with_orjson() -> tuple[Callable[[bytes], Json], Callable[[Json], bytes]]:
    import orjson

    exact = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
    return orjson.loads, partial(orjson.dumps, option=exact)


try:
    _loads, _dumps = _with_orjson()
except ImportError:  # `json` does the same, at a third of the speed
    _loads, _dumps = _with_json()
