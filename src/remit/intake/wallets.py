"""Addresses of wallets, proved by their own check sums: base58check, bech32, keccak's layout."""

import re
from collections.abc import Iterator
from hashlib import sha256

from remit.intake.hit import Hit

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PLACE = {char: place for place, char in enumerate(_BASE58)}
_BECH32 = {char: place for place, char in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKS = (1, 0x2BC830A3)  # bech32 and bech32m
_WALLET = re.compile(
    r"(?<![A-Za-z0-9])(?:[13mn2LMD][1-9A-HJ-NP-Za-km-z]{25,34}"
    r"|(?:bc1|tb1|ltc1|BC1|TB1|LTC1)[02-9A-HJ-NP-Zac-hj-np-z]{8,87}"
    r"|0x[0-9a-fA-F]{40})(?![A-Za-z0-9])"
)


def wallet_hits(text: str, places: list[int]) -> Iterator[Hit]:
    """Yield the wallet addresses of a text."""
    for place in places:
        match = _WALLET.match(text, place)
        if match and _valid(match[0]):
            yield Hit(*match.span(), "WALLET", 0.95, "CRYPTO", match[0])


def _valid(address: str) -> bool:
    if address.startswith("0x"):
        return len(set(address[2:])) > 6
    lower = address.lower()
    if lower.startswith(("bc1", "tb1", "ltc1")):
        return address in (lower, address.upper()) and _bech32(lower)
    return _base58(address)


def _base58(address: str) -> bool:
    number = 0
    for char in address:
        number = number * 58 + _PLACE[char]
    try:
        raw = number.to_bytes(25, "big")
    except OverflowError:
        return False
    return sha256(sha256(raw[:21]).digest()).digest()[:4] == raw[21:]


def _bech32(address: str) -> bool:
    human, _, data = address.rpartition("1")
    if any(char not in _BECH32 for char in data):
        return False
    values = [ord(char) >> 5 for char in human] + [0] + [ord(char) & 31 for char in human]
    check = 1
    for value in [*values, *(_BECH32[char] for char in data)]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place in range(5):
            if (top >> place) & 1:
                check ^= _GENERATOR[place]
    return check in _CHECKS
