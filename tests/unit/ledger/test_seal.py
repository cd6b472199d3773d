"""Sealed content, and the key file it rests on."""

import stat
from hashlib import sha256
from pathlib import Path

import pytest

from remit.errors import EntryRefusedError, PayloadTamperedError, SettingsError
from remit.ledger import seal as sealing
from remit.ledger.seal import KeyRing, Sealed, open_payload, seal

RING = KeyRing(bytes(range(32)))


def opened(
    sealed: Sealed, *, keys: KeyRing = RING, entry_id: str = "e1", role: str = "r"
) -> object:
    return open_payload(
        sealed.ciphertext,
        keys=keys,
        entry_id=entry_id,
        role=role,
        cipher=sealed.cipher,
        commitment=sealed.commitment,
    )


def sealed_text(text: str = "secret words") -> Sealed:
    return seal(text, keys=RING, entry_id="e1", role="r", random_bytes=bytes)


def test_a_payload_opens_only_in_its_own_place() -> None:
    sealed = sealed_text()
    assert opened(sealed) == "secret words"
    assert b"secret" not in sealed.ciphertext
    for place in ({"entry_id": "e2"}, {"role": "q"}, {"keys": KeyRing(bytes(32))}):
        with pytest.raises(PayloadTamperedError):
            opened(sealed, **place)


def test_equal_content_has_another_commitment_under_another_salt() -> None:
    one = sealed_text()
    two = seal("secret words", keys=RING, entry_id="e1", role="r", random_bytes=lambda n: b"s" * n)
    assert one.commitment != two.commitment


@pytest.mark.parametrize("place", [0, 11, 12, 43, 44, -1])
def test_a_changed_byte_is_found_even_when_its_hash_was_changed_with_it(place: int) -> None:
    sealed = sealed_text()
    changed = bytearray(sealed.ciphertext)
    changed[place] ^= 1
    with pytest.raises(PayloadTamperedError, match="not the one that was logged"):
        opened(Sealed(bytes(changed), sealed.cipher, sealed.commitment))
    digest = sha256(changed).hexdigest()
    with pytest.raises(PayloadTamperedError, match="does not open"):
        opened(Sealed(bytes(changed), digest, sealed.commitment))


def test_other_content_under_the_same_key_breaks_the_commitment() -> None:
    other = sealed_text("other words")
    with pytest.raises(PayloadTamperedError, match="not what was committed"):
        opened(Sealed(other.ciphertext, other.cipher, sealed_text().commitment))


def test_a_cut_row_is_tampered() -> None:
    cut = sealed_text().ciphertext[:20]
    with pytest.raises(PayloadTamperedError, match="too short"):
        opened(Sealed(cut, sha256(cut).hexdigest(), ""))


def test_content_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "PAYLOAD_BYTES_MAX", 10)
    with pytest.raises(EntryRefusedError, match="over 10 bytes"):
        sealed_text()


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first = KeyRing.open(tmp_path / "keys", random_bytes=lambda n: b"a" * n)
    second = KeyRing.open(tmp_path / "keys", random_bytes=lambda n: b"b" * n)

    assert first.id == second.id
    assert first.subkey("vault") == second.subkey("vault") != second.subkey("payload")
    assert len(first.subkey("vault")) == 32
    assert first.keyed("digest", b"x") == second.keyed("digest", b"x")
    assert first.keyed("digest", b"x") != first.keyed("other", b"x")
    file = tmp_path / "keys" / "keys.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_folder_without_keys_has_none(tmp_path: Path) -> None:
    assert KeyRing.existing(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"root": 1}', '{"root": "ab"}', "\x00"])
def test_a_damaged_key_file_says_what_to_do(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(SettingsError, match="put back the one from backup"):
        KeyRing.open(tmp_path, random_bytes=bytes)


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    KeyRing.open(tmp_path, random_bytes=bytes)
    (tmp_path / "keys.json").chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        KeyRing.open(tmp_path, random_bytes=bytes)
