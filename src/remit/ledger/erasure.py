"""Erasing: the keys of cases are destroyed, their payload rows go, every leaf and proof stays."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from remit.domain.entry import Draft
from remit.domain.ledger_event import ErasureCompleted, ErasureRequested
from remit.ledger.entry import parse
from remit.ledger.keys import CASE
from remit.ledger.proof import Proof, prove
from remit.ledger.read import ORIGINAL
from remit.store import vault
from remit.store.connection import Connection
from remit.store.entries import OF_LEDGER

KEYS_PER_ENTRY_MAX: Final = 400  # a leaf has 16 KiB
_OF_CASES: Final = f"{CASE}-%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is sealed of some cases: rows, and the keys that they are sealed under."""

    payloads: int
    keys: tuple[str, ...]


def content(connection: Connection, case_ids: Sequence[str]) -> Content:
    """Return what is sealed of these cases under keys of their own."""
    payloads, keys = 0, dict[str, None]()
    for case_id in case_ids:
        for key_id, number in connection.rows(
            "SELECT key_id, COUNT(*) FROM payloads WHERE case_id = ? AND key_id LIKE ?"
            " GROUP BY key_id ORDER BY key_id",
            (case_id, _OF_CASES),
        ):
            keys[key_id] = None
            payloads += number
        if (of_values := vault.key_of(connection, case_id)) is not None:
            keys[of_values] = None
    return Content(payloads=payloads, keys=tuple(keys))


def delete(connection: Connection, case_ids: Sequence[str]) -> tuple[int, int]:
    """Delete payloads and vault values of cases, overwritten where the database can.

    Returns how many there were of each.
    """
    with scrubbing(connection):
        payloads = values = 0
        for case_id in case_ids:
            payloads += connection.execute(
                "DELETE FROM payloads WHERE case_id = ? AND key_id LIKE ?", (case_id, _OF_CASES)
            )
            values += vault.count(connection, case_id)
            vault.forget(connection, case_id)
        return payloads, values


def delete_originals(connection: Connection, case_id: str, *, key_id: str) -> int:
    """Delete what came in under a key; return how many payloads that were."""
    with scrubbing(connection):
        return connection.execute(
            "DELETE FROM payloads WHERE case_id = ? AND role = ? AND key_id = ?",
            (case_id, ORIGINAL, key_id),
        )


@contextmanager
def scrubbing(connection: Connection) -> Iterator[None]:
    """Have what is deleted overwritten, where the database can."""
    scrub = connection.dialect == "sqlite"
    if scrub:
        connection.rows("PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        if scrub:
            connection.rows("PRAGMA secure_delete = OFF")


def completed(draft: Draft, event: ErasureCompleted, keys: Sequence[str]) -> list[Draft]:
    """Return the entries that name every key that was destroyed; `draft` says whose and where."""
    pages = [
        tuple(keys[start : start + KEYS_PER_ENTRY_MAX])
        for start in range(0, len(keys), KEYS_PER_ENTRY_MAX)
    ] or [()]
    return [
        replace(draft, event=replace(event, part=part, parts=len(pages), keys=page))
        for part, page in enumerate(pages, 1)
    ]


def certificate(connection: Connection, erasure_id: str, *, vkey: str) -> list[Proof]:
    """Return the entries that requested and completed an erasure, each with its proof.

    Whoever has the public key can check them without Remit. Raises `NotFoundError`.
    """
    found = [
        position
        for position, leaf in connection.rows(
            "SELECT o.position, e.leaf FROM entries e JOIN entry_order o"  # noqa: S608 - a constant
            f" ON o.case_id = e.case_id AND o.seq = e.seq WHERE event IN (?, ?) AND {OF_LEDGER}"
            " ORDER BY o.position",
            (ErasureRequested.NAME, ErasureCompleted.NAME),
        )
        if parse(leaf).entry.word("erasure_id") == erasure_id
    ]
    return [prove(connection, position, vkey=vkey) for position in found]
