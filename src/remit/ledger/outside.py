"""What others hold against a record: anchors kept outside, contents that were disclosed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.x509 import Certificate, load_pem_x509_certificates

from remit.ledger.checkpoint import NoteError, strict_base64
from remit.ledger.cosignature import NotCosignedError, check_vkey, cosigned_at
from remit.ledger.judge import LOCAL, Bad, Head, Receipt
from remit.ledger.leaf import Leaf
from remit.ledger.timestamp import TokenError, read_token, signed_by

LINES_BYTES_MAX: Final = 1024 * 1024 * 1024
ANCHOR_LINES_MAX: Final = 2_000_000
SALT_BYTES: Final = 32
STAMPS_LISTED_MAX: Final = 20


def receipts_of(lines: Sequence[bytes], *, operator: str, where: str) -> Iterator[Receipt]:
    """Yield the receipts of an anchor's lines; a malformed one has a note that no key signed.

    Without an `operator` each line names its own. A last line without its end was never complete.
    """
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            return
        name, at, note, kind, raw = operator or LOCAL, "", b"", "file", b""
        try:
            found = json.loads(line)
            at, name = str(found["at"]), operator or str(found.get("operator", LOCAL))
            kind, raw = str(found.get("kind", kind)), strict_base64(found.get("raw", ""))
            note = strict_base64(found["note"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            note = b""
        yield Receipt(name, f"{where} line {number}", note, at, kind, raw)


def witnessed(receipts: Sequence[Receipt], vkeys: Sequence[str]) -> list[Receipt]:
    """Name each receipt of a witness by the key that cosigned it, wherever it was found.

    A cosignature under one of these names that does not verify leaves no note to believe. Raises
    `NoteError` for a key that is none.
    """
    names = {check_vkey(vkey): vkey for vkey in vkeys}
    found = []
    for one in receipts:
        receipt = one
        for name, vkey in names.items() if one.kind == "witness" else ():
            try:
                at = datetime.fromtimestamp(cosigned_at(one.note, one.raw, vkey), UTC)
                receipt = replace(one, operator=name, at=f"{at:%Y-%m-%d %H:%M:%SZ}")
            except NotCosignedError:
                continue
            except (NoteError, OverflowError, ValueError, OSError):
                receipt = replace(one, note=b"")
        found.append(receipt)
    return found


def stamped(
    receipts: Sequence[Receipt], authorities: Mapping[str, Sequence[Certificate]]
) -> tuple[list[Receipt], list[str]]:
    """Name each time stamp by the authority whose certificate vouches for it.

    Any other one vouches for nobody, and a line says that it was not checked. One of another note
    leaves no note to believe.
    """
    found, unknown, known = [], [], 0
    for one in receipts:
        receipt = one
        if one.kind == "rfc3161":
            try:
                token = read_token(one.raw, one.note)
            except TokenError as error:
                receipt = replace(one, note=b"", where=f"{one.where}, {error}")
            else:
                at = f"{token.at:%Y-%m-%d %H:%M:%SZ}"
                name = next((n for n, given in authorities.items() if signed_by(token, given)), "")
                receipt = replace(one, operator=name or LOCAL, at=at if name else one.at)
                known += bool(name)
                if not name:
                    unknown.append(f"stamped   {one.where}: {at} by its own word, not checked")
        found.append(receipt)
    lines = unknown[:STAMPS_LISTED_MAX]
    if len(unknown) > STAMPS_LISTED_MAX:
        lines.append(f"stamped   {len(unknown) - STAMPS_LISTED_MAX} more, not checked")
    if known:
        lines.append(f"stamped   {known} checkpoints, by the certificates that were given")
    return found, lines


def authorities_of(arguments: Sequence[str]) -> dict[str, list[Certificate]]:
    """Return the certificates of each `NAME=FILE`, PEM; raises `OSError`."""
    found: dict[str, list[Certificate]] = {}
    for argument in arguments:
        name, _, file = argument.rpartition("=")
        try:
            given = load_pem_x509_certificates(_read(Path(file)))
        except ValueError as error:
            raise OSError(f"`{file}` holds no certificate in PEM") from error
        found.setdefault(name or file, []).extend(given)
    return found


def anchored_by(argument: str) -> list[Receipt]:
    """Return the receipts of `OPERATOR=FILE`, or of a file whose lines say who.

    Raises `OSError`.
    """
    operator, _, name = argument.rpartition("=")
    lines = _read(Path(name)).splitlines(keepends=True)
    if len(lines) > ANCHOR_LINES_MAX:
        raise OSError(f"`{name}` has over {ANCHOR_LINES_MAX} lines")
    return list(receipts_of(lines, operator=operator, where=name))


def _read(path: Path) -> bytes:
    if not path.is_file() or path.stat().st_size > LINES_BYTES_MAX:
        raise OSError(f"`{path}` is no file, or over {LINES_BYTES_MAX} bytes")
    return path.read_bytes()


class Disclosures:
    """Contents that were handed over, each with its salt, against what the leaves commit to."""

    def __init__(self, path: Path) -> None:
        self._due: dict[tuple[str, str], tuple[int, str]] = {}
        self._fit = 0
        self._malformed: list[int] = []
        for number, line in enumerate(_read(path).splitlines(), 1):
            try:
                found = json.loads(line)
                salt, text = bytes.fromhex(found["salt"]), found["content"].encode()
                name = (str(found["entry"]), str(found["role"]))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                self._malformed.append(number)
                continue
            if len(salt) != SALT_BYTES or name in self._due:
                self._malformed.append(number)
            else:
                self._due[name] = (number, commitment(salt, text))

    def begin(self, head: Head) -> None:
        """Nothing depends on what the record claims."""

    def see(self, position: int, leaf: Leaf, bad: Bad) -> None:
        """Compare what is disclosed of this leaf."""
        for named in leaf.payloads:
            number, found = self._due.pop((leaf.id, named["role"]), (0, ""))
            if number and found == named["commitment"]:
                self._fit += 1
            elif number:
                bad("disclosures", position, f"disclosure {number} is not what was committed")

    def end(self, bad: Bad) -> Sequence[str]:
        """Return how many fit."""
        for number in self._malformed:
            bad("disclosures", None, f"disclosure {number} is malformed")
        for number, _ in self._due.values():
            bad("disclosures", None, f"disclosure {number} names a payload that is not here")
        return [f"disclosed {self._fit} contents are what was committed"]


def commitment(salt: bytes, plaintext: bytes) -> str:
    """Return the commitment to a content."""
    return sha256(b"remit/commit/v1\x00" + salt + plaintext).hexdigest()
