"""What a text could hold at all, seen in its outline: the classes of its characters, in bytes.

A shape costs some ten nanoseconds for each character of a text, and nearly every text holds none
of what is looked for. One translation of the whole text into classes, and a search for a run of a
class, costs a hundredth of that; only where it finds one is the shape worth its while.
"""

import re
from typing import Final

from remit.intake.anchors import Places, anchors

_DOTTED = re.compile(r"\d\.\d{1,3}\.\d")

_NOWHERE: list[int] = []
_OTHER: Final = ord("x")
_DIGIT: Final = ord("0")


def _classes(*classes: tuple[str, int]) -> bytes:
    table = bytearray([_OTHER] * 256)
    for chars, name in classes:
        for char in chars:
            table[ord(char)] = name
    return bytes(table)


_ONLY_DIGITS = _classes(("0123456789", _DIGIT))
_WITH_MARKS = _classes(("0123456789 ().-/", _DIGIT))
_WITH_DOTS = _classes(("0123456789", _DIGIT), (".", ord(".")))
_TOKEN_DIGITS = _classes(("23456789", _DIGIT))


class Outline:
    """The classes of a text's characters, made when they are first asked for."""

    __slots__ = ("_numbers", "_places", "digits", "raw", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.raw = text.encode("latin-1", "replace")  # one byte a character: places are the same
        digits = self.raw.translate(_ONLY_DIGITS)  # `0` for every digit and `x` for all else
        self.digits = digits if b"0" in digits else b""
        self._numbers: bool | None = None
        self._places: Places | None = None

    def at(self, anchor: int) -> list[int]:
        """Return the places where something of a kind may begin."""
        if self._places is None:
            self._places = anchors(self.raw)
        return self._places.get(anchor, _NOWHERE)

    @property
    def numbers(self) -> bool:
        """Whether there is a run of digits and what may stand between them."""
        if self._numbers is None:
            self._numbers = bool(self.digits) and b"000000" in self.raw.translate(_WITH_MARKS)
        return self._numbers

    @property
    def dotted(self) -> bool:
        """Whether three numbers stand with dots between them."""
        if not self.digits or b"0.0" not in self.raw.translate(_WITH_DOTS):
            return False
        return _DOTTED.search(self.text) is not None


def holds_token_digit(raw: bytes) -> bool:
    """Tell whether a text, in bytes, has one of the digits that every token has two of."""
    return _DIGIT in raw.translate(_TOKEN_DIGITS)
