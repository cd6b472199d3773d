"""Signed notes: what is accepted is exactly what was signed."""

import base64

import pytest

from remit.ledger.checkpoint import NoteError, Signer, parse_note, parse_vkey
from remit.ledger.seal import KeyRing

ORIGIN = "shop.example/ledger/1"
SIGNER = Signer(KeyRing(bytes(range(32))).log_key(), origin=ORIGIN)
ROOT = bytes(range(32))
NOTE = SIGNER.sign(size=70_210, root=ROOT)


def test_a_note_states_what_was_signed() -> None:
    stated = parse_note(NOTE, SIGNER.vkey)
    assert (stated.origin, stated.size, stated.root) == (ORIGIN, 70_210, ROOT)
    lines = NOTE.decode().split("\n")
    assert lines[:4] == [ORIGIN, "70210", base64.b64encode(ROOT).decode(), ""]
    assert lines[4].startswith(f"\N{EM DASH} {ORIGIN} ")


def test_every_changed_bit_of_a_note_is_refused() -> None:
    for place in range(len(NOTE)):
        for bit in range(8):
            changed = bytearray(NOTE)
            changed[place] ^= 1 << bit
            with pytest.raises(NoteError):
                parse_note(bytes(changed), SIGNER.vkey)


def test_a_cut_or_longer_note_is_refused() -> None:
    for size in range(len(NOTE)):
        with pytest.raises(NoteError):
            parse_note(NOTE[:size], SIGNER.vkey)
    for more in (b"\n", b"x", NOTE, b"\xe2\x80\x94 other AAAA\n", bytes(10_000)):
        with pytest.raises(NoteError):
            parse_note(NOTE + more, SIGNER.vkey)


def test_another_key_or_origin_does_not_verify() -> None:
    other = Signer(KeyRing(bytes(32)).log_key(), origin=ORIGIN)
    moved = Signer(KeyRing(bytes(range(32))).log_key(), origin="shop.example/ledger/2")
    for key in (other.vkey, moved.vkey):
        with pytest.raises(NoteError):
            parse_note(NOTE, key)


@pytest.mark.parametrize(
    "vkey",
    ["", "x", "+00000000+", SIGNER.vkey[:-1], SIGNER.vkey.replace("+", "-", 1), "x+00000000+AQ=="],
)
def test_a_malformed_public_key_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        parse_vkey(vkey)
    with pytest.raises(NoteError):
        parse_note(NOTE, vkey)
