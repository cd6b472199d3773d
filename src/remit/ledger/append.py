"""Append: one log with one origin; its writers have chains, and one of them extends the tree."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from remit.domain import clock
from remit.domain.ids import IdSource
from remit.errors import SettingsError
from remit.ledger import signing
from remit.ledger.chain import Chain
from remit.ledger.checkpoint import Signer
from remit.ledger.merkle import leaf_hash
from remit.ledger.proof import prove
from remit.ledger.remote_signer import RemoteSigner
from remit.ledger.seal import KeyRing, RandomBytes
from remit.ledger.tree import Signing, Tree
from remit.store.connection import Connection
from remit.store.journal import ChainPort
from remit.store.receipt import Proven


class Journal:
    """The ledger's end of the writers of this process."""

    def __init__(
        self,
        keys: KeyRing,
        *,
        origin: str,
        ids: IdSource,
        random_bytes: RandomBytes,
        remote: RemoteSigner | None = None,
    ) -> None:
        self.origin = origin
        self._keys = keys
        self._ids = ids
        self._random = random_bytes
        self.remote = remote
        self._signer: Signing = remote or Signer(keys.log_key(), origin=origin)
        self._tree = self.tree()
        self._guard = threading.Lock()
        self._last: datetime | None = None
        self.on_step: Callable[[], None] = lambda: None  # after a sequencer here gave places

    @property
    def vkey(self) -> str:
        """The public key that verifies this log's checkpoints."""
        return self.vkeys.split()[0]

    @property
    def vkeys(self) -> str:
        """All public keys of this log, the one to give to who verifies first."""
        return self._signer.vkeys

    def next_key(self, connection: Connection) -> tuple[int, str, str]:
        """Return the number of the key that would follow, the newest there is, and that one."""
        known = signing.succession(connection)
        number, now = len(known) + 1, self._signing(connection).vkey
        if self.remote is not None and now != self.remote.vkey:
            return number, now, self.remote.vkey
        if self.remote is not None:
            raise SettingsError("the log is signed by its signer already; give it another one")
        return number, now, Signer(self._keys.log_key(number), origin=self.origin).vkey

    def reload(self, read: Callable[[Callable[[Connection], Signing]], Signing]) -> None:
        """Sign with the keys that the record names now, from the next batch on."""
        self._tree.signed_by(read(self._signing))

    def _signing(self, connection: Connection) -> Signing:
        self._signer = found = signing.signer(
            connection, self._keys, origin=self.origin, remote=self.remote
        )
        return found

    def prove(self, connection: Connection, position: int) -> Proven:
        """Return what proves an entry under the last checkpoint."""
        found = prove(connection, position, vkey=self.vkeys)
        return Proven(
            position=found.position,
            leaf_hash=leaf_hash(found.leaf),
            checkpoint=found.note,
            proof=found.text,
        )

    def time(self, wall: datetime) -> datetime:
        """Return ledger time: the clock's, but never before what was returned already."""
        with self._guard:
            if self._last is None or wall > self._last:
                self._last = wall
            return self._last

    def chain(self, follows: Sequence[str] = ()) -> Chain:
        """Begin a chain that follows those which have ended."""
        return Chain(
            self._keys,
            origin=self.origin,
            key=self.vkey.split("+")[1],
            ids=self._ids,
            random_bytes=self._random,
            follows=follows,
        )

    def tree(self) -> Tree:
        """Return a tree of this log that is not taken up yet."""
        return Tree(self._signer, origin=self.origin, signing=self._signing)

    def found(self, connection: Connection) -> None:
        """Make the head row of an empty log, unless there is one."""
        self._tree.found(connection)

    def check(self, connection: Connection) -> Sequence[str]:
        """Compare the stored tree with its head and its last checkpoint.

        Returns the writer of the last entry. Raises `LedgerMismatchError`.
        """
        *_, end = self.tree().check(connection)
        self._past(end.at_us)
        return (end.writer_id,) if end.writer_id else ()

    def start(self, connection: Connection) -> Sequence[str]:
        """Check the stored tree and take it up; return the writer of its last entry.

        Raises `LedgerMismatchError`.
        """
        end = self._tree.start(connection)
        self._past(end.at_us)
        return (end.writer_id,) if end.writer_id else ()

    def sequence(self, connection: Connection, chain: ChainPort) -> int:
        """Extend and sign the tree by what a chain has written; return the size before.

        Raises `LedgerMismatchError` where somebody else has moved the head.
        """
        return self._tree.extend(connection, chain.written, writer_id=chain.id)

    def committed(self) -> int:
        """Replace the tree by the extended copy; return its size."""
        return self._tree.committed()

    def abandoned(self) -> None:
        """Drop the extended copy."""
        self._tree.abandoned()

    def close(self) -> None:
        """End the session with a signer in a process of its own."""
        if self.remote is not None:
            self.remote.close()

    def _past(self, at_us: int) -> None:
        """Let ledger time be no earlier than an entry that is there."""
        if at_us:
            self.time(clock.instant(at_us))
