"""Digests that outsiders cannot try out."""

from remit.intake.digests import keyed_digest


def test_equal_content_has_one_digest_for_one_key_and_purpose() -> None:
    mine = keyed_digest(b"k" * 32, "content", b"hello")

    assert mine == keyed_digest(b"k" * 32, "content", b"hello")
    assert len({
        mine,
        keyed_digest(b"x" * 32, "content", b"hello"),
        keyed_digest(b"k" * 32, "external", b"hello"),
        keyed_digest(b"k" * 32, "content", b"hello!"),
    }) == 4  # fmt: skip
