"""Read the record back: a case's stream, one payload, the tail of the whole log."""

import contextlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from remit.domain.entry import Entry
from remit.domain.erasure import Ended, Ending
from remit.errors import NotFoundError, PayloadErasedError, PayloadMissingError
from remit.ledger.canonical import Json
from remit.ledger.entry import Leaf, PayloadName, parse
from remit.ledger.keys import CASE
from remit.ledger.seal import KeyRing, open_payload
from remit.store import erasures, vault
from remit.store.connection import Connection, Parameter
from remit.store.entries import positions

TAIL_PAGE_MAX: Final = 10_000
PLACES_PAGE: Final = 200  # payloads of one query
OUTCOMES: Final = tuple(
    f"orchestration:effect:{verb}" for verb in ("ambiguous", "confirmed", "dispatched", "failed")
)
ORIGINAL: Final = "raw"  # the role of what came in, unmasked; opened for those who ask for it


def stream(
    connection: Connection,
    keys: KeyRing,
    case_id: str,
    *,
    after: int = 0,
    roles: Collection[str] | None = None,
    erased: bool = False,
) -> list[Entry]:
    """Return a case's entries after a number, in order, with their payloads of these roles.

    Without `roles` every payload but `raw` is opened; an empty collection opens none. With
    `erased`, payloads that were erased are left out. Raises `NewerEntryError`,
    `PayloadMissingError`, `PayloadErasedError`, `PayloadTamperedError`.
    """
    leaves = connection.rows(
        "SELECT seq, leaf FROM entries WHERE case_id = ? AND seq > ? ORDER BY seq",
        (case_id, after),
    )
    sealed: dict[int, dict[str, bytes]] = defaultdict(dict)
    if roles is None or roles:
        sql = "SELECT seq, role, sealed FROM payloads WHERE case_id = ? AND seq > ?"
        if roles is None:
            found = connection.rows(f"{sql} AND role <> ?", (case_id, after, ORIGINAL))
        else:
            marks = ", ".join("?" * len(roles))
            found = connection.rows(f"{sql} AND role IN ({marks})", (case_id, after, *roles))
        for seq, role, ciphertext in found:
            sealed[seq][role] = ciphertext
    entries: list[Entry] = []
    for seq, data in leaves:
        leaf = parse(data)
        wanted = [name for name in leaf.payloads if _wanted(name.role, roles)]
        if not wanted:
            entries.append(leaf.entry)
            continue
        rows, contents = sealed.get(seq, {}), dict[str, Json]()
        for name in wanted:
            try:
                contents[name.role] = _open(
                    connection, leaf.entry, name, rows.get(name.role), keys
                )
            except PayloadErasedError:
                if not erased:
                    raise
        entries.append(replace(leaf.entry, payloads=contents))
    return entries


def last_of(connection: Connection, case_id: str, event: str) -> Entry | None:
    """Return the last entry of an event in a stream, its contents left sealed."""
    leaf = connection.value(
        "SELECT leaf FROM entries WHERE case_id = ? AND event = ? ORDER BY seq DESC LIMIT 1",
        (case_id, event),
    )
    return None if leaf is None else parse(leaf).entry


def find(connection: Connection, case_id: str, seq: int) -> Entry | None:
    """Return one entry of a stream, its contents left sealed."""
    leaf = connection.value(
        "SELECT leaf FROM entries WHERE case_id = ? AND seq = ?", (case_id, seq)
    )
    return None if leaf is None else parse(leaf).entry


def after(connection: Connection, case_id: str, seq: int, event: str) -> list[Entry]:
    """Return the entries of an event that come after an entry in the log, none of them opened."""
    found = connection.rows(
        "SELECT e.leaf FROM entry_order o JOIN entries e"
        " ON e.case_id = o.case_id AND e.seq = o.seq WHERE e.event = ? AND o.position >"
        " (SELECT position FROM entry_order WHERE case_id = ? AND seq = ?) ORDER BY o.position",
        (event, case_id, seq),
    )
    return [parse(row[0]).entry for row in found]


def outcome_of(connection: Connection, case_id: str, action_id: str, attempt: int) -> int | None:
    """Return when an attempt of an effect had its first outcome; None while it has none."""
    found = connection.rows(
        "SELECT leaf FROM entries WHERE case_id = ? AND event IN (?, ?, ?, ?) ORDER BY seq",
        (case_id, *OUTCOMES),
    )
    told = (parse(row[0]).entry for row in found)
    mine = (one for one in told if one.word("action_id") == action_id)
    return next((one.at_us for one in mine if one.number("attempt") == attempt), None)


def covering(connection: Connection, case_id: str, seq: int) -> int | None:
    """Return the size of a signed tree that holds an entry; None while it has no position."""
    if connection.dialect == "sqlite":  # its commit gave it one
        return int(connection.value("SELECT size FROM ledger_head") or 0)
    places, _ = positions(connection, [(case_id, seq)])
    return None if not places else places[case_id, seq] + 1


def payload(connection: Connection, keys: KeyRing, case_id: str, seq: int, role: str) -> Json:
    """Return one payload's content.

    Raises `NotFoundError` where the entry has none of that role, `PayloadMissingError`,
    `PayloadTamperedError`.
    """
    data, ciphertext = connection.one(
        "SELECT e.leaf, p.sealed FROM entries e LEFT JOIN payloads p"
        " ON p.case_id = e.case_id AND p.seq = e.seq AND p.role = ?"
        " WHERE e.case_id = ? AND e.seq = ?",
        (role, case_id, seq),
    ) or (None, None)
    leaf = None if data is None else parse(data)
    name = next((name for name in leaf.payloads if name.role == role), None) if leaf else None
    if leaf is None or name is None:
        raise NotFoundError(f"entry {seq} of case `{case_id}` has no payload `{role}`")
    return _open(connection, leaf.entry, name, ciphertext, keys)


def several(
    connection: Connection,
    keys: KeyRing,
    places: Sequence[tuple[str, int]],
    *,
    roles: Collection[str] | None = None,
    missing: bool = False,
) -> list[Entry]:
    """Return the entries at many places (case, number), as given, with their payloads.

    Takes one query for each page of places, and one for their keys. What was erased is left out,
    payloads and whole entries; with `missing` also what is not there. Raises as `stream` does for
    what is missing or altered.
    """
    gone = (PayloadErasedError, PayloadMissingError) if missing else (PayloadErasedError,)
    found: list[Entry] = []
    for first in range(0, len(places), PLACES_PAGE):
        page = list(places[first : first + PLACES_PAGE])
        asked, given = _asked(page)
        leaves: dict[tuple[str, int], Leaf] = {}
        sealed: dict[tuple[str, int, str], bytes] = {}
        for case_id, seq, data, role, content in connection.rows(
            f"{asked} SELECT e.case_id, e.seq, e.leaf, p.role, p.sealed FROM asked"  # noqa: S608 - marks only
            " CROSS JOIN entries e LEFT JOIN payloads p"
            " ON p.case_id = e.case_id AND p.seq = e.seq"
            " WHERE e.case_id = asked_case AND e.seq = asked_seq",
            given,
        ):
            if (case_id, seq) not in leaves:
                leaves[case_id, seq] = parse(data)
            if role is not None and _wanted(role, roles):
                sealed[case_id, seq, role] = content
        keys.warm(
            sorted(
                name.key
                for (case_id, seq), leaf in leaves.items()
                for name in leaf.payloads
                if (case_id, seq, name.role) in sealed
            )
        )
        for place in page:
            leaf = leaves.get(place)
            if leaf is None:
                continue
            contents: dict[str, Json] = {}
            for name in leaf.payloads:
                if _wanted(name.role, roles):
                    with contextlib.suppress(*gone):
                        contents[name.role] = _open(
                            connection, leaf.entry, name, sealed.get((*place, name.role)), keys
                        )
            found.append(replace(leaf.entry, payloads=contents))
    return found


def ending(
    connection: Connection, keys: KeyRing, case_id: str, *, limit: int, also: int
) -> list[Entry]:
    """Return the last entries of a case and one before them, in order, with their payloads.

    Takes one query. What was erased is left out; raises as `stream` does for what is missing.
    """
    leaves: dict[int, Leaf] = {}
    sealed: dict[tuple[int, str], bytes] = {}
    for seq, data, role, content in connection.rows(
        "WITH asked (asked_seq) AS (VALUES (?) UNION SELECT seq FROM"
        " (SELECT seq FROM entries WHERE case_id = ? ORDER BY seq DESC LIMIT ?) AS newest)"
        " SELECT e.seq, e.leaf, p.role, p.sealed FROM asked CROSS JOIN entries e"
        " LEFT JOIN payloads p ON p.case_id = e.case_id AND p.seq = e.seq AND p.role <> ?"
        " WHERE e.case_id = ? AND e.seq = asked_seq ORDER BY e.seq",
        (also, case_id, limit, ORIGINAL, case_id),
    ):
        if seq not in leaves:
            leaves[seq] = parse(data)
        if role is not None:
            sealed[seq, role] = content
    found: list[Entry] = []
    for seq, leaf in leaves.items():
        contents: dict[str, Json] = {}
        for name in leaf.payloads:
            if name.role != ORIGINAL:
                with contextlib.suppress(PayloadErasedError):
                    contents[name.role] = _open(
                        connection, leaf.entry, name, sealed.get((seq, name.role)), keys
                    )
        found.append(replace(leaf.entry, payloads=contents))
    return found


def tail(connection: Connection, after_position: int, limit: int) -> list[tuple[int, Entry]]:
    """Return entries after a position (-1: from the first) with their positions, no payloads."""
    found = connection.rows(
        "SELECT o.position, e.leaf FROM entry_order o JOIN entries e"
        " ON e.case_id = o.case_id AND e.seq = o.seq"
        " WHERE o.position > ? ORDER BY o.position LIMIT ?",
        (after_position, min(limit, TAIL_PAGE_MAX)),
    )
    return [(position, parse(leaf).entry) for position, leaf in found]


def key_id(connection: Connection, case_id: str) -> str | None:
    """Return the id of the key that a case's content is sealed under; None where it has none."""
    found: str | None = connection.value(
        "SELECT key_id FROM payloads WHERE case_id = ? AND key_id LIKE ? AND role <> ?"
        " ORDER BY seq LIMIT 1",
        (case_id, f"{CASE}-%", ORIGINAL),
    )
    return found


def originals_key_id(connection: Connection, case_id: str) -> str | None:
    """Return the id of the key of a case's originals: masked values, and what came in."""
    found: str | None = vault.key_of(connection, case_id) or connection.value(
        "SELECT key_id FROM payloads WHERE case_id = ? AND role = ? ORDER BY seq DESC LIMIT 1",
        (case_id, ORIGINAL),
    )
    return found


def originals(connection: Connection, case_id: str, key: str) -> int:
    """Return how many messages are kept of a case as they came in, under that key."""
    return int(
        connection.value(
            "SELECT COUNT(*) FROM payloads WHERE case_id = ? AND role = ? AND key_id = ?",
            (case_id, ORIGINAL, key),
        )
    )


def ended(connection: Connection, case_id: str) -> Ended | None:
    """Return how the content of a case ended, by the keys that its leaves name; None: it is there.

    What came in decides. Where that expired and what was said later was erased, it is erased.
    """
    first = erasures.ended(connection, _keys(connection, case_id, until=1))
    if first is None or first.how is Ending.ERASED:
        return first
    return erasures.ended(connection, _keys(connection, case_id, until=None))


def _keys(connection: Connection, case_id: str, *, until: int | None) -> set[str]:
    """Return the keys that the leaves of a case name, up to a number."""
    bound = "" if until is None else f" AND seq <= {until}"
    rows = connection.rows(f"SELECT leaf FROM entries WHERE case_id = ?{bound}", (case_id,))  # noqa: S608 - a number
    return {name.key for row in rows for name in parse(row[0]).payloads}


def _asked(places: Sequence[tuple[str, int]]) -> tuple[str, tuple[Parameter, ...]]:
    """Return the beginning of a query that is joined to some places, and its values.

    `IN (VALUES …)` reads the whole table on SQLite; a join from these few rows never does.
    """
    marks = ", ".join(["(?, ?)"] * len(places))
    given = tuple(part for place in places for part in place)
    return f"WITH asked (asked_case, asked_seq) AS (VALUES {marks})", given


def _wanted(role: str, roles: Collection[str] | None) -> bool:
    return role != ORIGINAL if roles is None else role in roles


def _open(
    connection: Connection,
    entry: Entry,
    name: PayloadName,
    ciphertext: bytes | None,
    keys: KeyRing,
) -> Json:
    key = None if ciphertext is None else keys.find(name.key)
    if key is None and erasures.covers(connection, key_id=name.key, case_id=entry.case_id):
        raise PayloadErasedError(
            f"the content of entry {entry.seq} of case `{entry.case_id}` was erased; "
            "the entry and its proofs stand"
        )
    if ciphertext is None:
        raise PayloadMissingError(
            f"payload `{name.role}` of entry {entry.seq} of case `{entry.case_id}` is not there; "
            "run `remit ledger verify`"
        )
    if key is None:
        raise PayloadMissingError(
            f"the key `{name.key}` of entry {entry.seq} of case `{entry.case_id}` is not there; "
            "put back the keys from backup"
        )
    return open_payload(
        ciphertext,
        key=key,
        entry_id=entry.id,
        role=name.role,
        cipher=name.cipher,
        commitment=name.commitment,
    )
