"""Text from outside, made inert: in pieces that a template escapes one by one."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

QUOTE_CHARACTERS_MAX = 2_000
COMBINING_MAX = 4

_TOKEN = re.compile(r"\b([A-Z]{4,9})_([0-9A-HJKMNP-TV-Z]{8})\b")
_COMBINING = re.compile(r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff\ufe20-\ufe2f]+")

# Nothing hidden and nothing that combines is among these: most text is looked at no further.
_PLAIN = re.compile(r"[\n\t\r\x20-\x7e\u00a0-\u02af]*")

# Written by category Cf and Cc, but part of ordinary text.
_ORDINARY = frozenset("\n\t\r\u00ad")

_TAG_PLANE = range(0xE0000, 0xE0080)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text: plain, a masked value's token, or the name of a hidden character."""

    kind: str  # text | token | mark
    text: str
    whole: str = ""  # the whole token


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """Somebody's words: the shown part, whether there is more, and how much is hidden in it."""

    shown: tuple[Piece, ...]
    rest: tuple[Piece, ...]
    characters: int
    hidden: tuple[str, ...]  # names of hidden characters, each once


def pieces(text: object) -> tuple[Piece, ...]:
    """Return a value's pieces; each bidi, zero-width, tag or control character is a named mark."""
    return tuple(_pieces(str(text), named=True))


def quoted(text: object, characters: int = QUOTE_CHARACTERS_MAX) -> Quoted:
    """Return a quote's pieces, cut at so many; hidden characters are taken out and named.

    Some languages need such characters, so a quote counts them instead of marking each.
    """
    whole = str(text)
    found = dict.fromkeys(name_of(letter) for letter in whole if is_hidden(letter))
    clean = "".join(letter for letter in whole if not is_hidden(letter))
    cut = _cut(clean, characters)
    return Quoted(
        shown=tuple(_pieces(clean[:cut], named=False)),
        rest=tuple(_pieces(clean[cut:], named=False)),
        characters=len(whole),
        hidden=tuple(found),
    )


def _cut(text: str, characters: int) -> int:
    """Return where to cut, so that no token is torn in two."""
    if len(text) <= characters:
        return len(text)
    torn = (one for one in _TOKEN.finditer(text) if one.start() < characters < one.end())
    return next((one.start() for one in torn), characters)


def is_hidden(letter: str) -> bool:
    """Return whether a character changes how text reads without showing itself."""
    if letter in _ORDINARY:
        return False
    if ord(letter) in _TAG_PLANE or letter in "\u115f\u1160\u3164\uffa0\u2800\u034f":
        return True
    return unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}


def name_of(letter: str) -> str:
    """Name a character: `U+202E right-to-left override`."""
    point = f"U+{ord(letter):04X}"
    known = unicodedata.name(letter, "").lower()
    return f"{point} {known or 'control character'}"


def _pieces(text: str, *, named: bool) -> Iterator[Piece]:
    at = 0
    for token in _TOKEN.finditer(text):
        yield from _marked(text[at : token.start()], named=named)
        word = f"{token[1].lower()} {token[2][:4]}"
        yield Piece(kind="token", text=word, whole=token[0])
        at = token.end()
    yield from _marked(text[at:], named=named)


def _marked(text: str, *, named: bool) -> Iterator[Piece]:
    if _PLAIN.fullmatch(text):
        if text:
            yield Piece(kind="text", text=text)
        return
    text = _COMBINING.sub(lambda stack: stack[0][:COMBINING_MAX], text)
    plain = ""
    for letter in text:
        if named and is_hidden(letter):
            if plain:
                yield Piece(kind="text", text=plain)
            plain = ""
            yield Piece(kind="mark", text=name_of(letter))
        else:
            plain += letter
    if plain:
        yield Piece(kind="text", text=plain)
