"""The decoded view of a text: what a reader would see, with a map back to the source."""

import html
import re
import unicodedata

from remit.domain.frozen import dataclass

ROUNDS_MAX = 4

_ENCODED = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)"
    r"|(?P<entity>&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});)"
    r"|(?P<escape>\\u[0-9A-Fa-f]{4})"
    r"|(?P<nothing>=\r?\n|[\u00ad\u034f\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff])"
)


_NOTHING = re.compile("[\u00ad\u034f\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_MARK = re.compile("[%&=\\\\\u00ad\u034f\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
# Whatever may be folded lies in these ranges; a test holds them against the whole of Unicode.
_ALIKE = re.compile(
    "[\u00a0\u0589-\u1c5a\u2000-\u2015\u202f\u205f\u2212\u2e00-\u2e7f\u3000-\u3030\u30a0"
    "\ua620-\uabff\ufe30-\ufe6f\uff01-\uff5e\U00010000-\U0010ffff]+"
)


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """Decoded text; `starts` and `ends` give each character's place in the source."""

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the source of a place in the view."""
        if self.starts is None or self.ends is None or start >= end:
            return start, end
        return self.starts[start], self.ends[end - 1]


def view_of(text: str) -> View:
    """Return the view of a text: at most four rounds of decoding, then look-alikes folded."""
    view = View(text)
    for _ in range(ROUNDS_MAX):
        if not _encoded(view.text) and (view.text.isascii() or not _NOTHING.search(view.text)):
            break
        decoded = _decode(view)
        if decoded is None:
            break
        view = decoded
    if view.text.isascii() or not _ALIKE.search(view.text):
        return view
    return View(_ALIKE.sub(_folded, view.text), view.starts, view.ends)


def _folded(run: re.Match[str]) -> str:
    return run[0].translate(_FOLD)


def _encoded(text: str) -> bool:
    """Tell whether something in a text may be decoded; one character is the quickest to find."""
    if "%" in text or "&" in text or ("\\" in text and "\\u" in text):
        return True
    return "=" in text and ("=\n" in text or "=\r\n" in text)


class _Fold(dict[int, int]):
    """One look-alike character to one plain one, worked out on first sight."""

    def __missing__(self, point: int) -> int:
        char = chr(point)
        plain = point
        if point > 127:
            category = unicodedata.category(char)
            if category == "Nd":
                plain = 48 + unicodedata.decimal(char)
            elif category == "Pd" or char == "\u2212":
                plain = 45
            elif category == "Zs":
                plain = 32
            elif 0xFF01 <= point <= 0xFF5E:
                plain = point - 0xFEE0
        self[point] = plain
        return plain


_FOLD = _Fold()


def _decode(view: View) -> View | None:
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = read = 0
    for mark in _MARK.finditer(view.text):  # all that one begins with: `re` skips to a set
        match = _ENCODED.match(view.text, mark.start()) if mark.start() >= read else None
        if match is None:
            continue
        read = match.end()
        replaced = _replacement(match)
        if replaced is None:
            continue
        _copy(view, done, match.start(), pieces, starts, ends)
        for char, first, last in replaced:
            pieces.append(char)
            begin, finish = view.source(first, last)
            starts.append(begin)
            ends.append(finish)
        done = match.end()
    if done == 0:
        return None
    _copy(view, done, len(view.text), pieces, starts, ends)
    return View("".join(pieces), starts, ends)


def _copy(
    view: View, start: int, end: int, pieces: list[str], starts: list[int], ends: list[int]
) -> None:
    pieces.append(view.text[start:end])
    if view.starts is None or view.ends is None:
        starts.extend(range(start, end))
        ends.extend(range(start + 1, end + 1))
    else:
        starts.extend(view.starts[start:end])
        ends.extend(view.ends[start:end])


def _replacement(match: re.Match[str]) -> list[tuple[str, int, int]] | None:
    start, end = match.span()
    if match["nothing"]:
        return []
    if match["percent"]:
        try:
            decoded = bytes.fromhex(match[0].replace("%", "")).decode()
        except UnicodeDecodeError:
            return None
        placed = []
        for char in decoded:
            width = 3 * len(char.encode())
            placed.append((char, start, start + width))
            start += width
        return placed
    if match["escape"]:
        char = chr(int(match[0].removeprefix("\\u"), base=16))
        return None if "\ud800" <= char <= "\udfff" else [(char, start, end)]
    char = html.unescape(match[0])
    return [(char, start, end)] if len(char) == 1 else None
