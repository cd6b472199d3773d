"""Passwords: argon2id, with its parameters in each hash, and the same work for nobody."""

import threading
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from remit.errors import PasswordError

# RFC 9106, second recommended option: for servers that cannot give 2 GiB to one sign-in.
MEMORY_KIB: Final = 65_536
PASSES: Final = 3
LANES: Final = 4
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32
AT_ONCE: Final = 2  # so much memory is taken at most, however many sign in

LENGTH_MIN: Final = 12
BYTES_MAX: Final = 1_024

_HASHER: Final = PasswordHasher(
    time_cost=PASSES,
    memory_cost=MEMORY_KIB,
    parallelism=LANES,
    hash_len=HASH_BYTES,
    salt_len=SALT_BYTES,
    type=Type.ID,
)
_ROOM: Final = threading.BoundedSemaphore(AT_ONCE)


def hashed(password: str, *, handle: str) -> str:
    """Return what is kept of a password; raises `PasswordError` for one that is too easy."""
    if len(password) < LENGTH_MIN:
        raise PasswordError(f"a password has {LENGTH_MIN} characters at least; take a sentence")
    if len(password.encode()) > BYTES_MAX:
        raise PasswordError(f"a password has {BYTES_MAX:,} bytes at most; take a shorter one")
    if len(set(password)) <= LENGTH_MIN // 3 or password.casefold().strip() == handle.casefold():
        raise PasswordError("this password is the first that somebody would try; take another")
    return again(password)


def again(password: str) -> str:
    """Return what is kept of a password that was found right, under the parameters of now."""
    with _ROOM:
        return _HASHER.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Return whether a password is the one that was kept; for nobody's it takes as long."""
    if len(password.encode()) > BYTES_MAX:
        password = ""
    compared = kept or _nobody()
    with _ROOM:
        try:
            _HASHER.verify(compared, password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _HASHER.hash("a password that nobody has")


def is_weak(kept: str) -> bool:
    """Return whether a password was kept under other parameters than those of now."""
    return _HASHER.check_needs_rehash(kept)
