"""A witness answers as C2SP tlog-witness says, and keeps what it cosigned."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from remit.errors import LedgerMismatchError, SettingsError
from remit.ledger.checkpoint import NoteError, Signer
from remit.ledger.cosignature import (
    Cosigner,
    Request,
    check_vkey,
    cosigned_at,
    parse_request,
)
from remit.ledger.merkle import Frontier, consistency, leaf_hash, subtree_root
from remit.ledger.witness import SIZE_TYPE, Reply, Witness

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ORIGIN = "shop.example/ledger/1"
SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(b"a" * 32), origin=ORIGIN)
THIEF = Signer(Ed25519PrivateKey.from_private_bytes(b"b" * 32), origin=ORIGIN)
STRANGER = Signer(Ed25519PrivateKey.from_private_bytes(b"a" * 32), origin="else.example/1")
LEAVES = [leaf_hash(str(n).encode()) for n in range(64)]


def root(size: int, leaves: list[bytes] = LEAVES) -> bytes:
    frontier = Frontier()
    for leaf in leaves[:size]:
        frontier.append(leaf)
    return frontier.root()


def asked(old: int, size: int, *, signer: Signer = SIGNER, leaves: list[bytes] = LEAVES) -> bytes:
    def node(height: int, index: int) -> bytes:
        return subtree_root(leaves[index << height : (index + 1) << height])

    proof = tuple(consistency(old, size, node)) if 0 < old < size else ()
    note = signer.sign(size=size, root=root(size, leaves))
    return Request(old=old, proof=proof, note=note).encoded()


def opened(folder: Path, *, name: str | None = "audit.example/w1") -> Witness:
    return Witness(
        folder, [SIGNER.vkey], name=name, clock=lambda: NOW, random_bytes=lambda n: b"k" * n
    )


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    made = opened(tmp_path)
    yield made
    made.close()


def test_it_cosigns_what_grew(witness: Witness) -> None:
    for old, size in ((0, 5), (5, 5), (5, 17), (17, 64)):
        reply = witness.add_checkpoint(asked(old, size))
        assert reply.status == 200
        note = SIGNER.sign(size=size, root=root(size))
        assert cosigned_at(note, reply.body, witness.vkey) == int(NOW.timestamp())
    assert witness.known() == {ORIGIN: 64}


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (asked(0, 5, signer=STRANGER), 404, b""),
        (asked(0, 5, signer=THIEF), 403, b""),
        (asked(9, 8, signer=THIEF), 403, b""),
        (Request(old=9, proof=(), note=SIGNER.sign(size=8, root=root(8))).encoded(), 400, b""),
        (asked(7, 9), 409, b"8\n"),
        (asked(0, 9), 409, b"8\n"),
        (asked(8, 8, leaves=LEAVES[::-1]), 409, b"8\n"),
        (asked(8, 9, leaves=LEAVES[::-1]), 422, b""),
        (Request(old=8, proof=(), note=SIGNER.sign(size=9, root=root(9))).encoded(), 422, b""),
        (b"", 400, b""),
        (b"old 8\n", 400, b""),
        (b"old 08\n\n" + SIGNER.sign(size=8, root=root(8)), 400, b""),
        (b"old -1\n\n" + SIGNER.sign(size=8, root=root(8)), 400, b""),
        (b"new 8\n\n" + SIGNER.sign(size=8, root=root(8)), 400, b""),
        (b"old 8\n" + b"AAAA\n" + b"\n" + SIGNER.sign(size=9, root=root(9)), 400, b""),
        (b"old 8\n" + b"!\n" + b"\n" + SIGNER.sign(size=9, root=root(9)), 400, b""),
        (
            b"old 8\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + SIGNER.sign(size=9, root=root(9)),
            400,
            b"",
        ),
        (b"old \xff\n\nx\n\n", 400, b""),
        (b"old 8\n\nno signatures", 400, b""),
    ],
)
def test_it_refuses_by_the_protocol(
    witness: Witness, body: bytes, status: int, said: bytes
) -> None:
    assert witness.add_checkpoint(asked(0, 8)).status == 200
    reply = witness.add_checkpoint(body)
    assert reply.status == status
    if said:
        assert (reply.body, reply.content_type) == (said, SIZE_TYPE)
    assert witness.known() == {ORIGIN: 8}


def test_a_proof_where_nothing_is_known_is_refused(witness: Witness) -> None:
    note = SIGNER.sign(size=5, root=root(5))
    body = Request(old=0, proof=(bytes(32),), note=note).encoded()
    assert witness.add_checkpoint(body).status == 422


def test_signatures_of_others_are_ignored(witness: Witness) -> None:
    other = Cosigner(Ed25519PrivateKey.from_private_bytes(b"o" * 32), name="other.example")
    note = SIGNER.sign(size=5, root=root(5))
    both = note + other.cosign(note, seconds=1)
    assert witness.add_checkpoint(Request(old=0, proof=(), note=both).encoded()).status == 200


def test_a_signed_contradiction_is_kept_as_proof(witness: Witness, tmp_path: Path) -> None:
    witness.add_checkpoint(asked(0, 8))
    witness.add_checkpoint(asked(8, 8, leaves=LEAVES[::-1]))
    witness.add_checkpoint(asked(8, 9, leaves=LEAVES[::-1]))
    kept = [json.loads(line) for line in (tmp_path / "refused.jsonl").read_text().splitlines()]
    assert [one["note"].split("\n")[1] for one in kept] == ["8", "9"]


def test_it_remembers_over_a_restart(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.add_checkpoint(asked(0, 8))
    key = first.vkey
    first.close()
    again = opened(tmp_path, name=None)
    assert (again.vkey, again.known()) == (key, {ORIGIN: 8})
    assert again.add_checkpoint(asked(0, 9)).body == b"8\n"
    again.close()


def test_a_folder_has_one_witness_with_one_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--name"):
        opened(tmp_path, name=None)
    with pytest.raises(SettingsError, match="no space"):
        opened(tmp_path, name="two words")
    first = opened(tmp_path)
    with pytest.raises(SettingsError, match="another witness"):
        opened(tmp_path)
    first.close()
    with pytest.raises(SettingsError, match="leave `--name` out"):
        opened(tmp_path, name="audit.example/w2")


def test_a_damaged_memory_is_no_memory_to_sign_from(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.add_checkpoint(asked(0, 8))
    first.close()
    (state,) = (one for one in tmp_path.glob("*.json") if one.name != "key.json")
    state.write_text("{}")
    with pytest.raises(LedgerMismatchError, match="damaged"):
        opened(tmp_path)


def test_a_cosignature_is_bound_to_note_key_and_time() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    cosigner = Cosigner(key, name="audit.example/w1")
    note = SIGNER.sign(size=5, root=root(5))
    line = cosigner.cosign(note, seconds=1_764_000_000)
    assert cosigned_at(note, b"\xe2\x80\x94 x AAAA\n" + line, cosigner.vkey) == 1_764_000_000
    other = Cosigner(Ed25519PrivateKey.from_private_bytes(b"v" * 32), name="audit.example/w1")
    for wrong, lines, vkey in (
        (SIGNER.sign(size=6, root=root(6)), line, cosigner.vkey),
        (note, line, other.vkey),
        (note, b"", cosigner.vkey),
        (note, line[:-6] + b"\n", cosigner.vkey),
        (b"nothing", line, cosigner.vkey),
    ):
        with pytest.raises(NoteError):
            cosigned_at(wrong, lines, vkey)
    for bad in ("x", "a+b+!", SIGNER.vkey, cosigner.vkey.replace("+", "+0", 1)):
        with pytest.raises(NoteError):
            check_vkey(bad)


def test_every_flipped_bit_of_a_cosignature_is_found() -> None:
    cosigner = Cosigner(Ed25519PrivateKey.from_private_bytes(b"w" * 32), name="w.example")
    note = SIGNER.sign(size=5, root=root(5))
    line = cosigner.cosign(note, seconds=1_764_000_000)
    missed = []
    for place in range(len(line) - 1):  # the newline ends the line, whatever it is
        for bit in range(8):
            changed = bytearray(line)
            changed[place] ^= 1 << bit
            try:
                cosigned_at(note, bytes(changed), cosigner.vkey)
            except NoteError:
                continue
            missed.append((place, bit))
    assert missed == []


def test_a_request_comes_back_from_its_body() -> None:
    request = Request(old=7, proof=(bytes(32), b"a" * 32), note=b"the note\n\nx\n")
    assert parse_request(request.encoded()) == request
    assert isinstance(Reply(status=200, body=b"").body, bytes)
