"""A `.tlog-proof` file: that one leaf is in a signed tree, in the form of C2SP tlog-proof."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from remit.ledger.checkpoint import (
    Checkpoint,
    NoteError,
    family,
    number_of,
    parse_note,
    strict_base64,
)
from remit.ledger.merkle import leaf_hash, verify_inclusion

PROOF_BYTES_MAX: Final = 16_384
_FORM: Final = "c2sp.org/tlog-proof@v1"
_INDEX: Final = "index "
_HASHES_MAX: Final = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Where a leaf is, and the checkpoint that says so."""

    position: int
    checkpoint: Checkpoint


def proof_text(*, position: int, path: Sequence[bytes], note: bytes) -> bytes:
    """Return the file for a leaf at a position, its path in the tree and the signed note."""
    lines = [_FORM, f"{_INDEX}{position}", *(base64.b64encode(one).decode() for one in path), ""]
    return "\n".join(lines).encode() + b"\n" + note


def proven(leaf: bytes, proof: bytes, vkeys: Sequence[str]) -> Proven:
    """Return what a proof shows about a leaf, or raise `NoteError`."""
    if len(proof) > PROOF_BYTES_MAX:
        raise NoteError("a proof is too long")
    head, gap, note = proof.partition(b"\n\n")
    form, _, rest = head.decode("ascii", "replace").partition("\n")
    index, *hashes = rest.split("\n")
    if not gap or form != _FORM or not index.startswith(_INDEX) or len(hashes) > _HASHES_MAX:
        raise NoteError(f"a proof is not of the form `{_FORM}`")
    position = number_of(index.removeprefix(_INDEX), "a proof's index")
    stated = parse_note(note, *(one for vkey in vkeys for one in family(vkey)))
    path = [strict_base64(line) for line in hashes]
    fits = verify_inclusion(
        leaf_hash(leaf), index=position, size=stated.size, proof=path, root=stated.root
    )
    if not fits:
        raise NoteError("a proof does not lead from its leaf to the root of its checkpoint")
    return Proven(position=position, checkpoint=stated)
