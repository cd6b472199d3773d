"""The verifier for whoever has an export and a key: no Remit, Python and `cryptography` alone.

`python verify.py EXPORT --key VKEY [--anchor OPERATOR=FILE] [--disclosures FILE] [--json]`. Exit
codes: 0 intact and anchored by another operator than `local`, 1 tampered, 2 intact but anchored
here only, unsigned, incomplete or not understood, 3 no verdict was possible. In each export this
file stands with the modules that it imports joined to one.
"""

import argparse
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from cryptography.x509 import Certificate

from remit.ledger.checkpoint import NoteError, family, parse_vkey
from remit.ledger.exported import Export
from remit.ledger.inclusion import PROOF_BYTES_MAX, proven
from remit.ledger.judge import Judge, Receipt, Watcher
from remit.ledger.leaf import ENTRY_BYTES_MAX, LeafError, NewerLeafError, read_leaf
from remit.ledger.outside import Disclosures, anchored_by, authorities_of, stamped, witnessed
from remit.ledger.semantics import Semantics
from remit.ledger.verdict import VerifyReport, judged, unreadable


def verify_export(
    path: Path,
    vkeys: Sequence[str],
    *,
    receipts: Sequence[Receipt] = (),
    witnesses: Sequence[str] = (),
    authorities: Mapping[str, Sequence[Certificate]] | None = None,
    watchers: Sequence[Watcher] = (),
    events: Collection[str] = (),
    unchecked: Sequence[str] = (),
    form: bool = True,
) -> VerifyReport:
    """Judge an export, a directory or a tar file, by public keys that came another way.

    Without `form` no entry is read, only hashed: tree, signatures and anchors are judged.
    """
    try:
        for vkey in vkeys:
            parse_vkey(vkey)
    except NoteError as error:
        return unreadable(f"the public key cannot be used: {error}")
    try:
        record = Export(path)
        head = record.head()
        held, said = stamped(
            witnessed([*record.anchors(), *receipts], witnesses), authorities or {}
        )
    except OSError as error:
        return unreadable(f"`{path}` cannot be read as an export: {error}")
    except NoteError as error:
        return unreadable(f"the witness's key cannot be used: {error}")
    if head is None:
        return unreadable("there is no ledger here; nothing was written yet")
    seen = Judge(record, vkeys, events=events, watchers=watchers, part=True, form=form)
    seen.lines += said
    more = [] if record.payloads_carried else ["sealed rows (not carried here)"]
    return judged(seen, head, held, unchecked=[*more, *unchecked])


def main(arguments: Sequence[str]) -> int:
    """Judge what the arguments name, print the verdict and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="verify.py", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("export", type=Path, help="a directory or tar file; a leaf with --proof")
    parser.add_argument(
        "--key", action="append", help="the public key, as somebody gave it to you"
    )
    parser.add_argument("--anchor", action="append", default=[], help="OPERATOR=FILE")
    parser.add_argument("--witness", action="append", default=[], help="the key of a cosigner")
    parser.add_argument(
        "--authority", action="append", default=[], help="NAME=FILE: who stamps, in PEM"
    )
    parser.add_argument(
        "--disclosures", type=Path, help="contents and salts, a JSON line for each"
    )
    parser.add_argument("--proof", type=Path, help="a .tlog-proof of the one leaf that is given")
    parser.add_argument("--tree", action="store_true", help="judge tree, signatures, anchors only")
    parser.add_argument("--semantic", action="store_true", help="also judge what entries mean")
    parser.add_argument("--json", action="store_true")
    try:
        given = parser.parse_args(arguments)
    except SystemExit as stop:
        return 3 if stop.code else 0
    try:
        found = _asked(given)
    except OSError as error:
        found = unreadable(str(error))
    if given.json:
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
    else:
        sys.stdout.write("".join(f"{_printable(line)}\n" for line in found.lines))
    return found.exit_code


def _asked(given: argparse.Namespace) -> VerifyReport:
    if not given.key:
        return unreadable("give `--key`: a key is never taken from what it judges")
    if given.proof is not None:
        return verify_proof(given.export, given.proof, given.key)
    if given.tree and (given.semantic or given.disclosures is not None):
        return unreadable("`--tree` reads no entry; give it alone, or leave it out")
    receipts = [receipt for argument in given.anchor for receipt in anchored_by(argument)]
    watchers: list[Watcher] = []
    if given.disclosures is not None:
        watchers.append(Disclosures(given.disclosures))
    unchecked = [] if watchers else ["contents (no disclosures)"]
    if given.tree:
        unchecked.append("entries (--tree)")
    if given.semantic:
        watchers.append(Semantics(key_ids=key_ids(given.key)))
    else:
        unchecked.append("meaning (no --semantic)")
    return verify_export(
        given.export,
        given.key,
        receipts=receipts,
        witnesses=given.witness,
        authorities=authorities_of(given.authority),
        watchers=watchers,
        unchecked=unchecked,
        form=not given.tree,
    )


def key_ids(vkeys: Sequence[str]) -> list[str]:
    """Return the ids of public keys, as the entries name them."""
    found: list[str] = []
    for vkey in vkeys:
        try:
            found += [one.split("+")[1] for one in family(vkey)]
        except NoteError:
            continue  # whoever verifies says so
    return found


def verify_proof(leaf: Path, proof: Path, vkeys: Sequence[str]) -> VerifyReport:
    """Judge one leaf by its proof; raises `OSError`."""
    try:
        for vkey in vkeys:
            parse_vkey(vkey)
    except NoteError as error:
        return unreadable(f"the public key cannot be used: {error}")
    try:
        with leaf.open("rb") as file, proof.open("rb") as beside:
            data, written = file.read(ENTRY_BYTES_MAX + 1), beside.read(PROOF_BYTES_MAX + 1)
        shown = proven(data, written, vkeys)
        read = read_leaf(data)
    except (NoteError, LeafError, NewerLeafError) as error:
        bad = (f"result    tampered; {error}",)
        return VerifyReport(
            result="tampered", exit_code=1, lines=bad, size=0, first_bad=None, checks=()
        )
    size = shown.checkpoint.size
    lines = (
        f"entry     {shown.position:,} of {shown.checkpoint.origin}: {read.event} of {read.at}",
        f"result    in the signed tree of {size:,} entries; only the log key vouches for it",
    )
    return VerifyReport(
        result="intact", exit_code=2, lines=lines, size=size, first_bad=None, checks=()
    )


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
