"""What was masked in a case, where it stood, who may receive it and who did; never a value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from remit.domain import clock
from remit.domain.action import ParamSpec
from remit.domain.entry import Entry
from remit.domain.erasure import Ending
from remit.domain.value import Json
from remit.errors import NotFoundError
from remit.governance.casebook import CaseLine, line
from remit.intake import tokens
from remit.ledger import read as record
from remit.ledger.seal import KeyRing
from remit.store import cases
from remit.store.connection import Connection

VALUES_MAX = 500  # that are shown of one case
OWN_CONNECTOR = "the system that it calls"

_INTENDED = "orchestration:effect:intended"
_READ = "orchestration:tool:read"
_PROPOSED = "orchestration:action:proposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitled:
    """One parameter of a workflow that may receive a type, and towards whom."""

    owner: str  # of an action or a read
    parameter: str
    type: str
    destination: str
    listed: bool = False  # in free text, by an owner's list; else as a whole, by its declared type


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a token stands in the record of the case."""

    words: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """One time that a value was turned back."""

    owner: str
    parameter: str
    connector: str
    at: datetime
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedValue:
    """A token with what may be said of its value."""

    token: str
    attribute: str
    places: tuple[Place, ...]
    turned: tuple[Turned, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedType:
    """The values of one type in a case, and what may receive that type."""

    type: str
    values: tuple[MaskedValue, ...]
    may: tuple[Entitled, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedView:
    """What was masked in one case; `left_out` values are not shown."""

    row: CaseLine
    types: tuple[MaskedType, ...]
    left_out: int = 0
    erased_at: datetime | None = None
    ending: Ending | None = None


def entitled(
    owner: str,
    params: Sequence[ParamSpec],
    listed: Mapping[str, tuple[frozenset[str], str]] | None = None,
) -> Iterator[Entitled]:
    """Yield what the parameters of an action or a read may receive.

    `listed` is what an owner lists for free text: types and destination by parameter.
    """
    for param in params:
        carried = [("", param.private), *param.leaves] if param.private else list(param.leaves)
        for path, kind in carried:
            if kind is not None:
                name = f"{param.name}.{path}" if path else param.name
                yield Entitled(owner=owner, parameter=name, type=kind, destination=OWN_CONNECTOR)
    for name, (types, destination) in sorted((listed or {}).items()):
        for kind in sorted(types):
            yield Entitled(
                owner=owner, parameter=name, type=kind, destination=destination, listed=True
            )


def view(
    connection: Connection,
    keys: KeyRing,
    case_id: str,
    *,
    attributes: Mapping[str, str],
    rules: Sequence[Entitled],
) -> MaskedView:
    """Return what was masked in a case; `attributes` is what may be said of each token.

    Raises `NotFoundError`.
    """
    row = cases.find(connection, case_id)
    if row is None:
        raise NotFoundError(f"there is no case `{case_id}`")
    ended = record.ended(connection, case_id)
    return of_entries(
        record.stream(connection, keys, case_id, erased=True),
        row=line(row),
        attributes=attributes,
        rules=rules,
        erased_at=None if ended is None else clock.instant(ended.at_us),
        ending=None if ended is None else ended.how,
    )


def of_entries(
    entries: Sequence[Entry],
    *,
    row: CaseLine,
    attributes: Mapping[str, str],
    rules: Sequence[Entitled],
    erased_at: datetime | None = None,
    ending: Ending | None = None,
) -> MaskedView:
    """Return the view that a case's entries make; pure."""
    places: dict[str, dict[str, Place]] = {token: {} for token in attributes}
    turned: dict[str, list[Turned]] = {}
    actions: dict[str, str] = {}
    for entry in entries:
        if entry.event == _PROPOSED:
            actions[entry.word("action_id")] = entry.word("action")
        for token, one in _turned(entry, actions):
            turned.setdefault(token, []).append(one)
            places.setdefault(token, {})
        for token, words in _places(entry):
            found = places.setdefault(token, {})
            found.setdefault(words, Place(words=words, seq=entry.seq))
    shown = list(places)[:VALUES_MAX]
    kinds = dict.fromkeys(tokens.type_of(token) for token in shown)
    return MaskedView(
        row=row,
        types=tuple(
            MaskedType(
                type=kind,
                values=tuple(
                    MaskedValue(
                        token=token,
                        attribute=attributes.get(token, "" if ending is None else ending.value),
                        places=tuple(places[token].values()),
                        turned=tuple(turned.get(token, ())),
                    )
                    for token in shown
                    if tokens.type_of(token) == kind
                ),
                may=tuple(one for one in rules if one.type == kind),
            )
            for kind in kinds
        ),
        left_out=len(places) - len(shown),
        erased_at=erased_at,
        ending=ending,
    )


def _turned(entry: Entry, actions: Mapping[str, str]) -> Iterator[tuple[str, Turned]]:
    """Yield each token that an entry says was turned back: by an effect, or to read by it."""
    at = clock.instant(entry.at_us)
    if entry.event == _INTENDED:
        listed = entry.body.get("reveals")
        for one in listed if isinstance(listed, list | tuple) else ():
            token, _, rest = str(one).partition("@")
            parameter, _, connector = rest.partition(">")
            yield token, Turned(
                owner=actions.get(entry.word("action_id"), "an action"), parameter=parameter,
                connector=connector or entry.word("connector"), at=at, seq=entry.seq,
            )  # fmt: skip
    elif entry.event == _READ and entry.word("connector"):
        given = entry.payloads.get("arguments")
        for name, form in given.items() if isinstance(given, dict) else ():
            for token, _ in _tokens(form):
                yield token, Turned(
                    owner=entry.word("name"), parameter=name, connector=entry.word("connector"),
                    at=at, seq=entry.seq,
                )  # fmt: skip


def _places(entry: Entry) -> Iterator[tuple[str, str]]:
    for role, form in entry.payloads.items():
        for token, path in _tokens(form):
            yield token, _words(entry, role, path)


def _words(entry: Entry, role: str, path: tuple[str, ...]) -> str:
    """Say where a token stands: `came in: sender`, `get_order answered: customer.email`."""
    name, inner = entry.word("name"), ".".join(path)
    match entry.event.split(":")[1:], role:
        case ["case", "received"], _:
            return f"came in: {inner}"
        case ["case", "quarantined"], _:
            return f"quarantine: {'.'.join(path[1:2]) if path[:1] == ('text',) else 'its reasons'}"
        case ["case", "released"], _:
            return f"released: {inner}"
        case ["tool", "read"], "arguments":
            return f"asked of {name}: {inner}"
        case ["tool", "read"], _:
            return f"{name} answered: {inner}"
        case ["model", "answered"], "prompt":
            return f"prompt of {name}"
        case ["model", "answered"], _:
            return f"{name} answered"
        case ["action", "proposed"], _:
            return f"proposed {entry.word('action')}: {inner}"
        case ["approval", "requested"], _:
            return "what a person was shown"
        case [noun, verb], _:
            return f"{noun} {verb}"
        case _:
            return role


def _tokens(form: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(form, dict):
        for key, item in form.items():
            yield from _tokens(key, path)
            yield from _tokens(item, (*path, key))
    elif isinstance(form, list):
        for item in form:
            yield from _tokens(item, path)
    elif isinstance(form, str):
        for read in tokens.reads(form):
            if read.written:
                yield read.token, path
