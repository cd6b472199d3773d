"""Pieces of a text that are another text in base64 or hexadecimal, read as what they say."""

import base64
import binascii
import re
from collections.abc import Iterator

BLOB_MIN = 8
HEX_MIN = 10  # digits: five characters
LINE_MIN = 40  # characters of a line that another one follows
DIGEST_MIN = 16  # so long a run of hexadecimal digits is no base64

_TELLING = re.compile(r"[A-Z0-9]")
_RUN = re.compile(r"[A-Za-z0-9+/_-][A-Za-z0-9+/_-]{7,}+")  # `re` skips to a set it begins with
_BLOB = re.compile(
    r"(?<![A-Za-z0-9+/_-])(?=[A-Za-z0-9+/_-]{8})"
    r"(?:[A-Za-z0-9+/_-]{40,128}\r?\n)*[A-Za-z0-9+/_-]+={0,2}"
)
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:(?:\\x|0x|%)?[0-9A-Fa-f]{2}[ :,-]?){5,}(?![0-9A-Za-z])")
_HEX_CLASSES = bytes(
    ord("0") if chr(byte) in "0123456789ABCDEFabcdef" else 46 for byte in range(256)
)
_HEX_DRESS = b"\\x% :,-"
_NO_HEX = re.compile(r"\\x|0x|[^0-9A-Fa-f]")
_URL_SAFE = str.maketrans("-_", "+/", "\r\n=")
_QUANTUM = 4
_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_NO_DIGEST = str.maketrans("", "", "0123456789abcdef-")


def pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the place of every piece that may be encoded, and what it would say.

    A piece is read from each of its first four characters on, since something may be glued to it.
    """
    done = 0
    for run in _RUN.finditer(text):
        if run.start() < done or _is_word(run[0]):
            continue
        match = _BLOB.match(text, run.start())
        if match is None:
            continue
        done = match.end()
        if _may_be_base64(match[0]):
            for said in _from_base64(match[0]):
                yield *match.span(), said
    for match in _HEX.finditer(text) if _may_hold_hex(text) else ():
        digits = _NO_HEX.sub("", match[0])
        if len(digits) < HEX_MIN:
            continue
        for first in (0, 1):
            even = digits[first : first + (len(digits) - first) // 2 * 2]
            said = _said(bytes.fromhex(even))
            if said:
                yield *match.span(), said


def _is_word(run: str) -> bool:
    """Tell whether no line follows a run and no letter or digit in it hints at an encoding."""
    return len(run) < LINE_MIN and _TELLING.search(run, 1) is None


def _may_hold_hex(text: str) -> bool:
    """Tell whether enough hexadecimal digits stand in a row, whatever stands between them."""
    raw = text.encode("latin-1", "replace")
    return b"0" * HEX_MIN in raw.translate(_HEX_CLASSES, _HEX_DRESS)


def _said(raw: bytes) -> str:
    """Return bytes as text, empty where they are mostly no letters: a digest, an image."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        odd = len(raw.translate(None, _PRINTABLE))
        return raw.decode("latin-1") if 3 * odd <= len(raw) else ""


def _may_be_base64(run: str) -> bool:
    """Tell whether a run of letters is neither a word nor a number."""
    if len(run) >= DIGEST_MIN and not run.translate(_NO_DIGEST):
        return False
    if run.isdigit() or (run.isalpha() and (run[1:].islower() or run.isupper())):
        return False
    return any(char.isupper() or char.isdigit() for char in run[1:])


def _from_base64(run: str) -> Iterator[str]:
    chars = run.translate(_URL_SAFE)
    for first in range(_QUANTUM):
        kept = chars[first:]
        # What is cut off at the end says a character at most: two or three make one or two bytes.
        kept = kept[: len(kept) - (len(kept) % _QUANTUM == 1)]
        try:
            raw = base64.b64decode(kept + "=" * (-len(kept) % _QUANTUM))
        except (binascii.Error, ValueError):
            continue
        said = _said(raw)
        if said:
            yield said
