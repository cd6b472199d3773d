"""Text that comes in pieces: masked or restored on the way, as if it had come whole."""

import re
from collections.abc import Callable

from remit.errors import MaskingFailedError
from remit.intake import tokens
from remit.intake.scrub import DROPPED

PIECE_CHARACTERS_MAX = 8_192
_BLANK_LINE = "\n\n"
_BOUNDARY = re.compile(r"\n|[.!?]\s")
_BOUNDARY_CHARACTERS = 2


class RestoringStream:
    """Turns tokens back in text that comes in pieces; what it gives never depends on the cuts.

    It holds back only what could still grow into a token, 21 characters at most.
    """

    def __init__(self, back: Callable[[str], str]) -> None:
        self._back = back
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return what is settled by now; raises `TokenRefusedError`."""
        text = self._held + piece
        settled = tokens.growing(text)
        self._held = text[settled:]
        return self._back(text[:settled])

    def end(self) -> str:
        """Return what was held back; raises `TokenRefusedError`."""
        text, self._held = self._held, ""
        return self._back(text)


class MaskingStream:
    """Masks text that comes in pieces; what it gives never depends on the cuts.

    It gathers up to 8,192 characters and masks them up to the last blank line, else the last line,
    else the last sentence. Where none ends, everything up to the next end is dropped whole. After
    an error it takes no more.
    """

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._held = ""
        self._dropping = False
        self._failed = False

    def feed(self, piece: str) -> str:
        """Return what could be masked by now; raises `MaskingFailedError`."""
        return self._guarded(piece, last=False)

    def end(self) -> str:
        """Return the rest, masked; raises `MaskingFailedError`."""
        return self._guarded("", last=True)

    def _guarded(self, piece: str, *, last: bool) -> str:
        if self._failed:
            raise MaskingFailedError(
                "this stream failed before; nothing more of it is let through"
            )
        self._failed = True
        done = self._taken(piece, last=last)
        self._failed = False
        return done

    def _taken(self, piece: str, *, last: bool) -> str:
        self._held += piece
        ready: list[str] = []
        while self._held:
            if self._dropping:
                if not self._dropped():
                    break
            elif len(self._held) <= PIECE_CHARACTERS_MAX:
                if last:
                    ready.append(self._mask(self._held))
                    self._held = ""
                break
            elif cut := _last_boundary(self._held[:PIECE_CHARACTERS_MAX]):
                ready.append(self._mask(self._held[:cut]))
                self._held = self._held[cut:]
            else:
                self._dropping = True
                ready.append(f"{DROPPED}\n")
        return "".join(ready)

    def _dropped(self) -> bool:
        """Drop up to the next boundary; tell whether it has come."""
        if found := _BOUNDARY.search(self._held):
            self._held = self._held[found.end() :]
            self._dropping = False
            return True
        self._held = self._held[1 - _BOUNDARY_CHARACTERS :]
        return False


def _last_boundary(text: str) -> int:
    """Return where the last blank line, line or sentence of a text ends; 0 where none does."""
    for mark in (_BLANK_LINE, "\n"):
        if (at := text.rfind(mark)) >= 0:
            return at + len(mark)
    return max((found.end() for found in _BOUNDARY.finditer(text)), default=0)
