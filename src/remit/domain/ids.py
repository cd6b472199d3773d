"""Identifiers: time-ordered random ids, and ids derived from what they name."""

import hashlib
from collections.abc import Callable

IdSource = Callable[[], str]


def uuid7(*, milliseconds: int, random_bytes: bytes) -> str:
    """Return a version 7 UUID (RFC 9562, section 5.7) as 32 hexadecimal digits.

    `milliseconds` since 1970 in UTC; `random_bytes` are 10 bytes.
    """
    head = milliseconds.to_bytes(6, "big")
    version = bytes([0x70 | (random_bytes[0] & 0x0F), random_bytes[1]])
    variant = bytes([0x80 | (random_bytes[2] & 0x3F)])
    return (head + version + variant + random_bytes[3:10]).hex()


def stream(*parts: str) -> str:
    """Return the id of a stream that is no case: it sorts behind every id that is made by time."""
    return "f" + derived(*parts)[1:]


def control_stream(workflow: str) -> str:
    """Return the stream of what belongs to a workflow and no case."""
    return stream("control", workflow)


def derived(*parts: str) -> str:
    """Return the id that these parts always give: 32 hexadecimal digits of their SHA-256."""
    joined = "\x00".join(parts).encode()
    return hashlib.sha256(b"remit/id/v1\x00" + joined).hexdigest()[:32]
