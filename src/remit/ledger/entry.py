"""The leaf: the exact stored bytes of an entry, built and read in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.domain.actor import Actor, ActorKind
from remit.domain.entry import EVENTS, Draft, Entry
from remit.errors import EntryRefusedError, NewerEntryError
from remit.ledger import canonical
from remit.ledger.canonical import Json

FORMAT_VERSION: Final = 1
ENTRY_BYTES_MAX: Final = 16_384
NO_PREVIOUS: Final = "0" * 64

_REQUIRED: Final = {
    "actor", "at", "body", "case", "event", "id", "payloads", "tenant", "version", "workflow",
    "writer",
}  # fmt: skip
_KINDS: Final = {kind: kind.value for kind in ActorKind}  # an enum's own look-up is slow
_MEMBERS: Final = _REQUIRED | {"causes", "fingerprint", "on_behalf_of"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadName:
    """What a leaf says of one sealed payload."""

    role: str
    key: str
    cipher: str
    commitment: str


@dataclass(slots=True)
class Link:
    """Where an entry stands in the chain of its writer: number, and hash of the leaf before."""

    id: str
    number: int = 0
    previous: str = NO_PREVIOUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A leaf that was read: the entry without content, and what binds it."""

    entry: Entry
    payloads: tuple[PayloadName, ...]
    causes: tuple[str, ...]
    link: Link


def build(
    draft: Draft,
    *,
    id: str,
    seq: int,
    at: str,
    payloads: Sequence[dict[str, Json]],
    link: "Link",
) -> bytes:
    """Return the leaf of a draft; `at` is the written instant.

    Raises `EntryRefusedError` for anything the format does not allow, or over 16 KiB.
    """
    place: dict[str, Json] = {"id": draft.case_id, "seq": seq}
    if draft.path is not None:
        place["path"] = draft.path
    if draft.run is not None:
        place["run"] = draft.run
    body, actor = draft.body, draft.actor
    if not isinstance(body, dict):
        body = dict(body)
    canonical.check(body, "$.body", canonical.DEPTH_MAX - 1)
    members: dict[str, Json] = {
        "actor": {"kind": _KINDS[actor.kind], "ref": actor.ref},
        "at": at,
        "body": body,
        "case": place,
        "event": draft.event.NAME,
        "id": id,
        "payloads": list(payloads),
        "tenant": draft.tenant,
        "version": FORMAT_VERSION,
        "workflow": draft.workflow,
        "writer": {"id": link.id, "number": link.number, "previous": link.previous},
    }
    if draft.causes:
        members["causes"] = causes = list[Json](draft.causes)
        canonical.check(causes, "$.causes", canonical.DEPTH_MAX - 1)
    if draft.fingerprint is not None:
        members["fingerprint"] = draft.fingerprint
    if draft.on_behalf_of is not None:
        behalf = draft.on_behalf_of
        members["on_behalf_of"] = {"kind": _KINDS[behalf.kind], "ref": behalf.ref}
    leaf = canonical.write(members)  # the rest is ours: text and whole numbers
    if len(leaf) > ENTRY_BYTES_MAX:
        largest = max(members, key=lambda name: len(canonical.encode(members[name])))
        raise EntryRefusedError(
            f"an entry `{draft.event.NAME}` is {len(leaf)} bytes and {ENTRY_BYTES_MAX} are "
            f"allowed; `{largest}` is its largest member, content belongs in a payload"
        )
    return leaf


def parse(leaf: bytes, *, strict: bool = False, newer: bool = False) -> Leaf:
    """Read a leaf; `strict` also demands its one encoding, as verification does.

    With `newer`, an event that this Remit does not know is read all the same. Raises
    `NewerEntryError` for an event or version of a newer Remit, `EntryRefusedError` for anything
    else that is not an entry.
    """
    if len(leaf) > ENTRY_BYTES_MAX:
        raise EntryRefusedError(f"an entry is over {ENTRY_BYTES_MAX} bytes")
    value = canonical.decode(leaf) if strict else canonical.read(leaf)
    if not isinstance(value, dict):
        raise EntryRefusedError("`$` is not a record")
    version = value.get("version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise NewerEntryError(
            f"an entry has format {version} and this Remit reads {FORMAT_VERSION}; install the "
            "Remit that wrote it"
        )
    try:
        read = _parse(value, strict=strict)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise EntryRefusedError("an entry lacks a member or has one of another type") from error
    if not newer and read.entry.event not in EVENTS:
        raise NewerEntryError(
            f"an entry is of event `{read.entry.event}`, which this Remit does not know; "
            "install the Remit that wrote it"
        )
    return read


def _parse(value: dict[str, Json], *, strict: bool) -> Leaf:
    if strict and not (_REQUIRED <= value.keys() <= _MEMBERS):
        raise EntryRefusedError("`$` has a member that an entry does not have, or lacks one")
    place, writer, body = _record(value["case"]), _record(value["writer"]), _record(value["body"])
    behalf = value.get("on_behalf_of")
    entry = Entry(
        id=_text(value["id"]),
        case_id=_text(place["id"]),
        seq=_integer(place["seq"]),
        event=_text(value["event"]),
        body=body,
        actor=_actor(value["actor"]),
        at_us=_instant(_text(value["at"]), strict=strict),
        workflow=_text(value["workflow"]),
        tenant=_text(value["tenant"]),
        path=_text(place["path"]) if "path" in place else None,
        run=_integer(place["run"]) if "run" in place else None,
        fingerprint=_text(value["fingerprint"]) if "fingerprint" in value else None,
        on_behalf_of=None if behalf is None else _actor(behalf),
    )
    return Leaf(
        entry=entry,
        payloads=tuple([_payload(_record(item)) for item in _list(value["payloads"])]),
        causes=tuple([_text(item) for item in _list(value.get("causes", []))]),
        link=Link(_text(writer["id"]), _integer(writer["number"]), _text(writer["previous"])),
    )


def _instant(written: str, *, strict: bool) -> int:
    moment = datetime.fromisoformat(written)
    found = clock.microseconds(moment)
    if strict and clock.text(clock.instant(found)) != written:
        raise EntryRefusedError("`$.at` is not a written instant")
    return found


def _actor(value: Json) -> Actor:
    record = _record(value)
    return Actor(kind=ActorKind(_text(record["kind"])), ref=_text(record["ref"]))


def _payload(record: dict[str, Json]) -> PayloadName:
    return PayloadName(
        role=_text(record["role"]),
        key=_text(record["key"]),
        cipher=_text(record["cipher"]),
        commitment=_text(record["commitment"]),
    )


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
