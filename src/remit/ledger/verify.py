"""Everything that judges the record: any changed, missing or moved byte is found and named.

Order: structure, tree, signatures, seq, writers, payloads, anchors. Malformed data is a finding,
never an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from remit.errors import StorageError
from remit.ledger import anchor
from remit.ledger.checkpoint import NoteError, parse_vkey
from remit.ledger.exported import Export
from remit.ledger.judge import Finding, Judge
from remit.ledger.merkle import EMPTY_ROOT
from remit.ledger.record import Head, Record, Rows, readable
from remit.ledger.seal import KeyRing
from remit.store.connection import Connection
from remit.store.database import Database

Result = Literal["intact", "tampered", "incomplete", "unreadable"]

EXIT: Final[dict[Result, int]] = {"intact": 2, "tampered": 1, "incomplete": 2, "unreadable": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """A verdict and everything it rests on.

    Exit codes: 0 intact and anchored by another operator, 1 tampered, 2 intact but vouched for on
    this host only, or incomplete, 3 no verdict was possible.
    """

    result: Result
    exit_code: int
    lines: tuple[str, ...]
    size: int
    first_bad: int | None
    checks: tuple[Finding, ...]


def verify(
    source: Database | Connection,
    keys_public: str,
    *,
    payload_keys: KeyRing | None = None,
    anchors: Sequence[Path] = (),
) -> VerifyReport:
    """Judge the record in a database against a public key; `payload_keys` also opens contents.

    `keys_public` is the text `origin+id+key` and is never taken from what it judges.
    """

    def judged(connection: Connection) -> VerifyReport:
        return judge(Rows(connection), keys_public, payload_keys=payload_keys, anchors=anchors)

    return source.read(judged) if isinstance(source, Database) else judged(source)


def verify_export(path: Path, keys_public: str, *, anchors: Sequence[Path] = ()) -> VerifyReport:
    """Judge an export, a directory or a tar file, against a public key that came another way."""
    try:
        record = Export(path, vkey=keys_public)
    except OSError as error:
        return _unreadable(f"`{path}` cannot be read as an export: {error}")
    try:
        return judge(record, keys_public, anchors=anchors)
    finally:
        record.close()


def judge(
    record: Record,
    keys_public: str,
    *,
    payload_keys: KeyRing | None = None,
    anchors: Sequence[Path] = (),
) -> VerifyReport:
    """Judge a record: rows of a database, or an export."""
    try:
        parse_vkey(keys_public)
    except NoteError as error:
        return _unreadable(f"the public key cannot be used: {error}")
    verdict = Judge(record, keys_public, payload_keys)
    try:
        head = record.head()
        if head is None:
            return _unreadable("there is no ledger here; nothing was written yet")
        verdict.run(head, [receipt for path in anchors for receipt in anchor.receipts(path)])
    except StorageError as error:
        verdict.bad("structure", None, f"the database cannot be read to the end: {error}")
        head = Head(origin="unknown", size=verdict.tree.size)
    return _report(verdict, head)


def _unreadable(sentence: str) -> VerifyReport:
    return VerifyReport(
        result="unreadable",
        exit_code=EXIT["unreadable"],
        lines=(f"result    {sentence}",),
        size=0,
        first_bad=None,
        checks=(),
    )


def _report(seen: Judge, head: Head) -> VerifyReport:
    """Put the verdict into lines: what was found, and what could not be said."""
    result: Result = "tampered" if seen.found else "incomplete" if seen.newer else "intact"
    size = seen.tree.size
    first = min((f.position for f in seen.findings if f.position is not None), default=None)
    key_id = seen.vkey.split("+")[1]
    lines = [f"origin    {head.origin}   {size} entries   key {key_id}"]
    if seen.anchored:
        lines.append(f"anchored  0..{seen.anchored - 1}   1 operator: local (file)")
    else:
        lines.append("anchored  none")
    lines.append(f"signed    {seen.signed} entries under {seen.notes_seen} checkpoints")
    if seen.last is not None:
        lines.append(f"last      {readable(seen.last.entry.at_us)}")
    lines.append(_payload_line(seen))
    lines.append("not checked  projections; whether something was never written")
    lines.extend(_finding_lines(seen))
    lines.append(f"result    {_sentence(seen, result)}")
    return VerifyReport(
        result=result,
        exit_code=EXIT[result],
        lines=tuple(lines),
        size=size,
        first_bad=first,
        checks=tuple(seen.findings),
    )


def _payload_line(seen: Judge) -> str:
    if not seen.payloads_carried:
        return f"payloads  {seen.payloads_named} named, not carried here"
    if seen.keys is None:
        return f"payloads  {seen.payloads_named} rows as logged, contents not opened (no keys)"
    return f"payloads  {seen.payloads_named} rows as logged, {seen.payloads_opened} opened"


def _finding_lines(seen: Judge) -> list[str]:
    lines = [
        f"bad       {'' if f.position is None else f'{f.position:,}: '}{f.text} ({f.check})"
        for f in seen.findings
    ]
    if seen.found > len(seen.findings):
        lines.append(f"bad       and {seen.found - len(seen.findings)} more")
    return lines


def _sentence(seen: Judge, result: Result) -> str:
    if result == "tampered":
        return f"tampered; {seen.found} findings"
    if result == "incomplete":
        return f"incomplete; {seen.newer} entries were written by a newer Remit"
    if seen.tree.root() == EMPTY_ROOT:
        return "intact and empty"
    return "intact, not anchored outside this host"
