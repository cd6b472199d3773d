"""Keyed digests in numbers: HMAC-SHA256 (RFC 2104) begun once for a key."""

from hashlib import sha256

_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class Keyed:
    """HMAC-SHA256 under one key, on copies of two hashes.

    That costs less than `hmac` and keeps the interpreter's lock, which its one-shot function gives
    up each time.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        size = sha256().block_size
        block = (sha256(key).digest() if len(key) > size else key).ljust(size, b"\x00")
        self._inner = sha256(block.translate(_INNER))
        self._outer = sha256(block.translate(_OUTER))

    def __call__(self, data: bytes) -> str:
        """Return the digest in hexadecimal."""
        return self.digest(data).hex()

    def digest(self, data: bytes) -> bytes:
        """Return the 32 bytes of the digest."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()
