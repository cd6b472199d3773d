"""Who signs a log's checkpoints: the keys that its own entries name, from the newest on."""

from collections.abc import Sequence
from typing import Final

from remit.domain.ledger_event import LogKeyRotated
from remit.errors import LedgerMismatchError
from remit.ledger.checkpoint import Signer, family, renamed, signers_of
from remit.ledger.entry import parse
from remit.ledger.keys import KeyRing
from remit.ledger.remote_signer import RemoteSigner
from remit.ledger.tree import Signing
from remit.store.connection import Connection
from remit.store.entries import OF_LEDGER

ROTATIONS_MAX: Final = 1_000


def succession(connection: Connection) -> list[tuple[str, int]]:
    """Return each public key that followed another, with the end of the one before it."""
    rows = connection.rows(
        f"SELECT leaf FROM entries WHERE event = ? AND {OF_LEDGER} LIMIT ?",  # noqa: S608 - a constant
        (LogKeyRotated.NAME, ROTATIONS_MAX),
    )
    found = {
        entry.number("number") or 0: (entry.word("key"), entry.number("until_us") or 0)
        for entry in (parse(row[0]).entry for row in rows)
    }
    return [found[number] for number in sorted(found)]


def signer(
    connection: Connection, keys: KeyRing, *, origin: str, remote: RemoteSigner | None = None
) -> Signing:
    """Return what signs now; its `vkeys` are all keys of the log.

    The first of them is the one to give to who verifies: the newest that has signed. A signer in a
    process of its own signs from the beginning, or once a rotation has named its key.
    """
    note = connection.value("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
    signed = () if note is None else signers_of(bytes(note))
    known = succession(connection)
    first = Signer(keys.log_key(), origin=origin)
    theirs = "" if remote is None else renamed(remote.vkey, origin)
    ids = () if remote is None else [_id(one) for one in family(remote.vkey)]
    apart = remote is not None and (note is None or any(one in signed for one in ids))
    texts = [theirs if apart and not known else first.vkey]
    texts += [renamed(key, origin) for key, _ in known]
    newest = texts[-1]
    older = [
        (Signer(keys.log_key(number), origin=origin), until)
        for number, (_, until) in enumerate(known)
    ]
    texts.reverse()
    vkeys = " ".join(sorted(texts, key=lambda text: _id(text) not in signed))
    if remote is not None and newest == theirs:
        if remote.origin != origin:  # it signed this, and signs for another origin now
            return RemoteSigner(f"unix:{remote.path}", theirs, vkeys=vkeys)
        remote.older, remote.vkeys = older, vkeys
        return remote
    made = Signer if remote is None else _Before
    found = made(
        keys.log_key(len(known)),
        origin=origin,
        older=[(keys.log_key(number), until) for number, (_, until) in enumerate(known)],
        vkeys=vkeys,
    )
    if isinstance(found, _Before):
        found.remote = remote
    return found


class _Before(Signer):
    """The key of this process, which signs until a rotation has named that of the signer."""

    remote: RemoteSigner | None = None

    def compare(self, size: int, root: bytes, hashes: Sequence[bytes]) -> None:
        """Raise `LedgerMismatchError` where the signer has signed this log already."""
        del root, hashes
        if self.remote is not None and self.remote.has_signed():
            raise LedgerMismatchError(
                f"the last of {size} entries is not signed by the signer, which has signed this "
                "log before; put back the newest copy of the database"
            )


def _id(vkey: str) -> str:
    return vkey.split("+")[1]
