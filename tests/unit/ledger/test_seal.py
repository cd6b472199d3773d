"""Sealed content: it opens in its own place, under its own key, and nowhere else."""

from hashlib import sha256

import pytest

from remit.errors import EntryRefusedError, PayloadTamperedError
from remit.ledger import seal as sealing
from remit.ledger.keys import ContentKey
from remit.ledger.seal import Sealed, open_payload, seal

KEY = ContentKey("case-1", bytes(range(32)))


def opened(
    sealed: Sealed, *, key: ContentKey = KEY, entry_id: str = "e1", role: str = "r"
) -> object:
    return open_payload(
        sealed.ciphertext,
        key=key,
        entry_id=entry_id,
        role=role,
        cipher=sealed.cipher,
        commitment=sealed.commitment,
    )


def sealed_text(text: str = "secret words") -> Sealed:
    return seal(text, key=KEY, entry_id="e1", role="r", random_bytes=bytes)


def test_a_payload_opens_only_in_its_own_place() -> None:
    sealed = sealed_text()
    assert opened(sealed) == "secret words"
    assert b"secret" not in sealed.ciphertext
    for place in ({"entry_id": "e2"}, {"role": "q"}, {"key": ContentKey("case-1", bytes(32))}):
        with pytest.raises(PayloadTamperedError):
            opened(sealed, **place)


def test_equal_content_has_another_commitment_under_another_salt() -> None:
    one = sealed_text()
    two = seal("secret words", key=KEY, entry_id="e1", role="r", random_bytes=lambda n: b"s" * n)
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
