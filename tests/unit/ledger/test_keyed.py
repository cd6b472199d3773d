"""A keyed digest is an HMAC, whatever the length of its key."""

import hmac

import pytest

from remit.ledger.keyed import Keyed


@pytest.mark.parametrize("size", [0, 31, 32, 63, 64, 65, 200])
def test_it_is_hmac(size: int) -> None:
    key = bytes(range(200))[:size]
    keyed = Keyed(key)
    for data in (b"", b"a", b"a" * 1000):
        assert keyed(data) == hmac.new(key, data, "sha256").hexdigest()
        assert keyed(data) == keyed(data)
