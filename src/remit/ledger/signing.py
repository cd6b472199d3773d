"""Who signs a log's checkpoints: the keys that its own entries name, from the newest on."""

from dataclasses import dataclass
from typing import Final

from remit.domain.ledger_event import LogKeyRotated
from remit.ledger.checkpoint import Signer, signers_of
from remit.ledger.entry import parse
from remit.ledger.keys import KeyRing
from remit.store.connection import Connection
from remit.store.entries import OF_LEDGER

ROTATIONS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Succession:
    """How often the key was replaced, and until when each one before signs beside the next."""

    until_us: tuple[int, ...] = ()

    @property
    def newest(self) -> int:
        """The number of the newest key; the first is 0."""
        return len(self.until_us)


def succession(connection: Connection) -> Succession:
    """Return how the keys of a log have followed each other."""
    rows = connection.rows(
        f"SELECT leaf FROM entries WHERE event = ? AND {OF_LEDGER} LIMIT ?",  # noqa: S608 - a constant
        (LogKeyRotated.NAME, ROTATIONS_MAX),
    )
    found = {
        entry.number("number") or 0: entry.number("until_us") or 0
        for entry in (parse(row[0]).entry for row in rows)
    }
    return Succession(tuple(found[number] for number in sorted(found)))


def signer(connection: Connection, keys: KeyRing, *, origin: str) -> Signer:
    """Return what signs now; its `vkeys` are all keys of the log.

    The first of them is the one to give to who verifies: the newest that has signed.
    """
    known = succession(connection)
    if not known.newest:
        return Signer(keys.log_key(), origin=origin)
    texts = [
        Signer(keys.log_key(number), origin=origin).vkey for number in range(known.newest, -1, -1)
    ]
    note = connection.value("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
    signed = () if note is None else signers_of(bytes(note))
    texts.sort(key=lambda text: text.split("+")[1] not in signed)
    return Signer(
        keys.log_key(known.newest),
        origin=origin,
        older=[(keys.log_key(number), until) for number, until in enumerate(known.until_us)],
        vkeys=" ".join(texts),
    )
