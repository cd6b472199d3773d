"""Recovery: going on after a loss, under a new origin that names what was lost and who said so.

The entries that are left keep their positions, and the old tree is the beginning of the new one:
its checkpoints and anchors still verify. Readers' cursors and witnesses know the origin, so that
none of them goes on unasked.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.domain.actor import person
from remit.domain.entry import Draft
from remit.domain.ids import IdSource
from remit.domain.ledger_event import OriginRecovered
from remit.domain.value import Json
from remit.errors import DatabaseInUseError, LedgerError
from remit.ledger import signing
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.chain import CONTROL_WORKFLOW, Chain, control_stream
from remit.ledger.checkpoint import ORIGIN_DIGITS_MAX, origin_parts
from remit.ledger.held import Held
from remit.ledger.keeper import LOCK
from remit.ledger.keys import KeyRing
from remit.ledger.remote_signer import RemoteSigner
from remit.ledger.seal import RandomBytes
from remit.ledger.tree import Tree
from remit.store.connection import Connection
from remit.store.database import Database

RECEIPTS_MAX: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Positions of the old tree that are not in this ledger, and the receipts that say so."""

    first: int
    last: int
    receipts: tuple[AnchorReceipt, ...]

    @property
    def text(self) -> str:
        """The range as a person types it."""
        return f"{self.first}..{self.last}"


def lost_of(ours: Held, known: Iterable[AnchorReceipt]) -> Lost | None:
    """Return what anchors know of this log and it has not; None where everything fits.

    Where an anchor holds another root, what was lost began after the last size that fits.
    """
    signed = [one for one in known if ours.signed(one)]
    wrong = [one for one in signed if not _fits(ours, one)]
    if not wrong:
        return None
    smallest = min(one.size for one in wrong)
    if smallest > ours.size:
        first = ours.size
    else:
        first = max((one.size for one in signed if one.size < smallest), default=0)
    newest = sorted(wrong, key=lambda one: one.size)[-RECEIPTS_MAX:]
    return Lost(first=first, last=max(one.size for one in wrong) - 1, receipts=tuple(newest))


def recover(
    database: Database,
    keys: KeyRing,
    *,
    origin: str,
    lost: Lost,
    persons: Sequence[str],
    reason: str,
    ids: IdSource,
    random_bytes: RandomBytes,
    now: datetime,
    remote: RemoteSigner | None = None,
) -> str:
    """Go on under the next origin; return it. What is written says who lost what, and why.

    A signer in a process of its own has to sign for that origin already.
    """
    if remote is not None and remote.origin != next_origin(origin):
        raise LedgerError(
            f"the signer signs for `{remote.origin}`; start it with `--recovered --origin "
            f"{next_origin(origin)}`, and set the `ledger.signer_key` that it prints"
        )
    connection = database.sequencer() if database.dialect == "postgresql" else database.writer()
    try:
        alone = connection.dialect == "sqlite" or connection.value(
            "SELECT pg_try_advisory_lock(?)", (LOCK,)
        )
        if not alone:
            raise DatabaseInUseError("another process sequences this ledger; stop it first")
        connection.begin(write=True)
        try:
            made = _recovered(
                connection, keys, origin=origin, lost=lost, persons=persons, reason=reason,
                ids=ids, random_bytes=random_bytes, now=now, remote=remote,
            )  # fmt: skip
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
        if remote is not None:
            remote.confirmed()
    finally:
        connection.close()
        if remote is not None:
            remote.close()
    return made


def next_origin(origin: str) -> str:
    """Return the origin that follows: `…/1` and a name without a number become `…/2`."""
    stem, number = origin_parts(origin)
    if number + 1 >= 10**ORIGIN_DIGITS_MAX:
        raise LedgerError(f"`{origin}` was recovered too often; begin a new ledger")
    return f"{stem}/{number + 1}"


def current_origin(database: Database, base: str) -> str:
    """Return the origin of the head if it is the settings' one or follows it, else the settings'.

    Whoever compares origins then finds the two apart.
    """
    return database.read(lambda c: origin_now(c, base))


def origin_now(connection: Connection, base: str) -> str:
    """Return the same, on a connection that is open already."""
    found = connection.value("SELECT origin FROM ledger_head")
    if found is None or origin_parts(str(found))[0] != origin_parts(base)[0]:
        return base
    return str(found) if origin_parts(str(found))[1] > origin_parts(base)[1] else base


def _fits(ours: Held, receipt: AnchorReceipt) -> bool:
    return receipt.size <= ours.size and ours.root_at(receipt.size) == receipt.root


def _recovered(
    connection: Connection,
    keys: KeyRing,
    *,
    origin: str,
    lost: Lost,
    persons: Sequence[str],
    reason: str,
    ids: IdSource,
    random_bytes: RandomBytes,
    now: datetime,
    remote: RemoteSigner | None,
) -> str:
    new = next_origin(origin)
    signer = signing.signer(connection, keys, origin=new, remote=remote)
    old = Tree(signing.signer(connection, keys, origin=origin, remote=remote), origin=origin)
    _, root, _, end = old.check(connection)
    tree = old.renamed(connection, signer, origin=new)
    key = signer.vkey.split("+")[1]
    chain = Chain(
        keys, origin=new, key=key, ids=ids, random_bytes=random_bytes,
        follows=(end.writer_id,) if end.writer_id else (),
    )  # fmt: skip
    event = OriginRecovered(
        origin=new, key=key, old_origin=origin, old_size=tree.size, old_root=root.hex(),
        lost_from=lost.first, lost_to=lost.last, persons=tuple(persons), reason=reason,
    )  # fmt: skip
    receipts: list[Json] = [
        {"operator": one.operator, "kind": one.kind, "note": b64encode(one.note).decode()}
        for one in lost.receipts
    ]
    first = Draft(
        event=event,
        case_id=control_stream(new),
        workflow=CONTROL_WORKFLOW,
        actor=person(persons[0]),
        payloads={"anchors": receipts},
    )
    at = max(now, clock.instant(end.at_us)) if end.at_us else now
    chain.begin()
    for seq, draft in enumerate((first, *chain.opening(first=False)), 1):
        chain.stamp(draft, seq=seq, now=at, connection=connection)
    chain.flush(connection)
    tree.extend(connection, chain.written, writer_id=chain.id)
    return new
