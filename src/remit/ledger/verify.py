"""Verification of the live ledger, and of exports: any changed, missing or moved byte is found."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.x509 import Certificate

from remit.domain.entry import EVENTS
from remit.errors import NewerEntryError, StorageError
from remit.ledger import anchor, projections, standalone
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.checkpoint import NoteError, parse_vkey
from remit.ledger.judge import Bad, Finding, Head, Judge, Receipt, Watcher
from remit.ledger.leaf import Leaf
from remit.ledger.record import Rows
from remit.ledger.seal import KeyRing
from remit.ledger.semantics import Semantics
from remit.ledger.verdict import Result, VerifyReport, judged, report, unreadable
from remit.store.connection import Connection
from remit.store.database import Database

__all__ = ["Finding", "Result", "VerifyReport", "verify", "verify_export"]

Anchors = Path | AnchorReceipt | Receipt  # a file or folder of receipts, or one


def verify(
    source: Database | Connection,
    keys_public: str,
    *,
    payload_keys: KeyRing | None = None,
    anchors: Sequence[Anchors] = (),
    watchers: Sequence[Watcher] = (),
    projected: bool = False,
    form: bool = True,
) -> VerifyReport:
    """Judge the record in a database against a public key; `payload_keys` also opens contents.

    `keys_public` is the text `origin+id+key` and is never taken from what it judges. `projected`
    also compares the rows that pages and the gate read with those that the entries say. Without
    `form` no entry is read, only hashed: tree, signatures and anchors are judged.
    """
    more = list(watchers)
    if projected and isinstance(source, Database):
        more.append(Projected(source))

    def run(connection: Connection) -> VerifyReport:
        record = Rows(connection, payload_keys, form=form)
        return _judge(record, keys_public, received(anchors), more, form=form)

    return source.read(run) if isinstance(source, Database) else run(source)


def verify_export(
    path: Path,
    keys_public: str,
    *,
    anchors: Sequence[Anchors] = (),
    witnesses: Sequence[str] = (),
    authorities: Mapping[str, Sequence[Certificate]] | None = None,
    watchers: Sequence[Watcher] = (),
    form: bool = True,
) -> VerifyReport:
    """Judge an export, a directory or a tar file, against a public key that came another way."""
    return standalone.verify_export(
        path,
        keys_public.split(),
        receipts=received(anchors),
        witnesses=witnesses,
        authorities=authorities,
        watchers=watchers,
        events=EVENTS,
        unchecked=_unchecked(watchers),
        form=form,
    )


def received(anchors: Sequence[Anchors]) -> list[Receipt]:
    """Return receipts as a judge reads them; a path is a file or a folder of them."""
    found: list[Receipt] = []
    for one in anchors:
        if isinstance(one, Receipt):
            found.append(one)
            continue
        where = str(one) if isinstance(one, Path) else ""
        for receipt in anchor.receipts(one) if isinstance(one, Path) else [one]:
            at = "" if receipt.at is None else f"{receipt.at:%Y-%m-%d %H:%M:%SZ}"
            line = f"{where} line {receipt.line}" if where else f"{receipt.kind} anchor"
            found.append(
                Receipt(receipt.operator, line, receipt.note, at, receipt.kind, receipt.raw)
            )
    return found


def _judge(
    record: Rows,
    vkey: str,
    receipts: Sequence[Receipt],
    watchers: Sequence[Watcher],
    *,
    form: bool,
) -> VerifyReport:
    vkey = (vkey.split() or [""])[0]  # what it says of the others is judged, too
    try:
        parse_vkey(vkey)
    except NoteError as error:
        return unreadable(f"the public key cannot be used: {error}")
    seen = Judge(record, [vkey], events=EVENTS, watchers=watchers, form=form)
    head = Head(origin="unknown", size=-1)
    try:
        found = record.head()
        if found is None:
            return unreadable("there is no ledger here; nothing was written yet")
        return judged(seen, found, receipts, unchecked=_unchecked(watchers))
    except StorageError as error:
        seen.bad("structure", None, f"the database cannot be read to the end: {error}")
        return report(seen, head, unchecked=_unchecked(watchers))


class Projected:
    """The rows that pages and the gate read, against those that the entries say."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, head: Head) -> None:
        """Nothing depends on what the record claims."""

    def see(self, position: int, leaf: Leaf, bad: Bad) -> None:
        """Wait for the end: the entries are folded all at once."""

    def end(self, bad: Bad) -> Sequence[str]:
        """Fold all entries anew and compare."""
        try:
            found = projections.check(self._database)
        except (NewerEntryError, StorageError) as error:
            return [f"rows      not compared: {error}"]
        for one in found.differences:
            key = ", ".join(str(value) for value in one.key.values())
            what = one.column or "the row"
            bad("projections", None, f"`{one.table}` {key}: {what} is not as the entries say")
        return [f"rows      {len(found.tables)} tables compared, {found.differing} differences"]


def _unchecked(watchers: Sequence[Watcher]) -> list[str]:
    there = {type(watcher) for watcher in watchers}
    possible = {Semantics: "meaning (no --semantic)", Projected: "projections (no --projections)"}
    return [text for kind, text in possible.items() if kind not in there]
