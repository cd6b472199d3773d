"""Bytes to text: a ladder of character sets, each rung strict.

A mark at the beginning counts first, then what the sender declared, then UTF-8, then a guess,
which only a text of some length supports. Nothing is repaired.
Home of charset-normalizer and ftfy.
"""

import codecs
from collections.abc import Iterator

from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode

GUESS_BYTES_MIN = 200
GUESS_BYTES_MAX = 65_536  # of a text as much is looked at
CANDIDATES_MAX = 6
CANDIDATE_CHARACTERS_MAX = 4_000
NAME_CHARACTERS_MAX = 40

# Longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# What a sender's program writes although it declares the older, smaller set.
_LARGER = {
    "ascii": "", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949",
}  # fmt: skip
# Codecs that are no character sets, or in which plain letters stand for others.
_NOT_READ = frozenset({
    "idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7", "mbcs",
    "oem",
})  # fmt: skip
_WIDE = ("utf", "gb", "big5", "shift", "cp932", "cp949", "euc", "iso2022", "hz", "johab", "hkscs")
_LIKELY = (
    "cp1252", "cp1250", "cp1251", "iso8859-7", "cp1254", "koi8-r", "cp932", "gb18030", "euc_kr",
    "big5",
)  # fmt: skip


def decode(data: bytes, declared: str | None = None) -> Field:
    """Return the text of some bytes, on what ground it was read so, or why it was not."""
    for mark, marks in _MARKS:
        if data.startswith(mark):
            marked = _strict(data, marks)
            return found(Kind.TEXT, marked) if marked is not None else _unclear(data)
    name, unicode = _codec(declared), _strict(data, "utf-8")
    if name is not None:
        field = _declared(data, name, unicode)
        if field is not None:
            return field
    if unicode is not None:
        over = declared is not None and not data.isascii()
        return found(Kind.TEXT, unicode, [_UTF8] if over else [])
    if len(data) >= GUESS_BYTES_MIN:
        guess = _guess(data)
        text = None if guess is None else _strict(data, guess)
        if text is not None:
            said = f"read as {guess}, the set that fits the text best; none was declared"
            return found(Kind.TEXT, text, [Assumption(code="charset_guessed", sentence=said)])
    return _unclear(data)


def mended(text: str) -> str | None:
    """Return how a text reads that was probably decoded in a wrong set on its way; else None."""
    if text.isascii():
        return None
    try:
        import ftfy
    except ImportError:
        return None
    other = ftfy.fix_encoding(text)
    return None if other == text else other


# -- parts ---------------------------------------------------------------------------------------

_UTF8 = Assumption(
    code="utf8_over_declared",
    sentence="valid UTF-8, read as such although another set is declared",
)
_WIDER = Assumption(
    code="charset_superset", sentence="read in the larger set whose name is rarely declared"
)


def _codec(declared: str | None) -> str | None:
    if not declared or len(declared) > NAME_CHARACTERS_MAX or not declared.isascii():
        return None
    try:
        info = codecs.lookup(declared.strip())
    except (LookupError, ValueError):
        return None
    text = getattr(info, "_is_text_encoding", False)
    return info.name if text and info.name not in _NOT_READ else None


def _declared(data: bytes, name: str, unicode: str | None) -> Field | None:
    narrow = not name.startswith(_WIDE)
    if narrow and unicode is not None and not data.isascii():
        return found(Kind.TEXT, unicode, [_UTF8])
    text = _strict(data, name)
    larger = _LARGER.get(name)
    if larger and (text is None or any("\x80" <= one <= "\x9f" for one in text)):
        wider = _strict(data, larger)
        if wider is not None:
            return found(Kind.TEXT, wider, [_WIDER])
    return None if text is None else found(Kind.TEXT, text)


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, ValueError):
        return None


def _guess(data: bytes) -> str | None:
    try:
        import charset_normalizer
    except ImportError:
        return None
    best = charset_normalizer.from_bytes(data[:GUESS_BYTES_MAX]).best()
    return None if best is None else _codec(best.encoding)


def _unclear(data: bytes) -> Field:
    return refused(Kind.TEXT, ReasonCode.TEXT_CHARSET_UNCLEAR, _candidates(data))


def _candidates(data: bytes) -> list[str]:
    """Return how the bytes read in the sets that senders use; those that read alike once."""
    texts = dict.fromkeys(_readings(data[: CANDIDATE_CHARACTERS_MAX * 4]))
    return list(texts)[:CANDIDATES_MAX]


def _readings(data: bytes) -> Iterator[str]:
    for name in _LIKELY:
        text = _strict(data, name)
        if text is not None and not any("\x80" <= one <= "\x9f" for one in text):
            yield text[:CANDIDATE_CHARACTERS_MAX]
