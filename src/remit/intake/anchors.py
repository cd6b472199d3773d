"""Where in a text a value may begin: one scan for all words and shapes that recognisers ask for.

Two buffers of one byte a character, so that places are the same as in the text: the text in lower
case, with `?` for what Latin-1 lacks, and its shape, `0` for a digit and `a` for a letter. Every
row says in which it is looked for. The scan is done by Vectorscan where the extra `fast` is
installed, else by RE2 where `fast-re2` is (`accelerator`), else by `re`, with the same places; a
recogniser then looks closely at each place, with patterns that know all letters.
"""

import re
from functools import cache
from typing import Final

from remit.intake import accelerator
from remit.intake.accelerator import Row
from remit.intake.schemes import SCHEMES


class Anchor:
    """What may begin at a place."""

    NAME = 0  # of a scheme of national numbers
    RECORD = 1  # a word for a patient's record
    BIRTH = 2
    KEY = 3  # a name that a credential stands under
    VENDOR = 4  # a prefix of credentials
    BEARER = 5
    LAYOUT = 6  # a national number that is evidence by itself
    IBAN = 7
    LONG = 8  # letters and digits, longer than a word: a wallet's address
    PAIRS = 9  # a hardware address
    COLONS = 10  # an address of IP version 6
    PAPER = 11  # a word for a passport or a driving licence


def _row(anchor: int, *patterns: str, inside: bool = False) -> Row:
    return Row(anchor=anchor, patterns=patterns, inside=inside)


def _bytes_of(word: str) -> str:
    """Return a pattern for a word as it stands in the lower-case buffer."""
    return "".join(
        re.escape(char)
        if char.isascii()
        else f"[{char}{char.upper()}]"
        if max(ord(char), ord(char.upper())) < 256
        else r"\?"
        for char in word
    )


_CLASS = re.compile(r"\\.|\[[^\]]*\]|\(\?![^)]*\)|\(\?:|[0-9A-Za-z]+(?![^{]*\})|.", re.DOTALL)


def _shape(layout: str) -> str:
    """Return the pattern of a layout's shape."""
    marks = re.search(r"\((\[[-. ]+\])\)", layout)
    if marks:  # one mark, and the same again
        layout = layout.replace(marks[0], marks[1]).replace(r"\1", marks[1])
    made = []
    depth = 0
    for piece in _CLASS.findall(layout):
        if piece.startswith("(?!"):
            continue
        depth += piece == "{"
        if depth:
            made.append(piece)
            depth -= piece == "}"
        elif piece.startswith("["):
            made.append(_shape_of_class(piece))
        elif piece == r"\d":
            made.append("0")
        elif piece.isalnum():
            made.append(re.sub("[A-Za-z]", "a", re.sub("[0-9]", "0", piece)))
        else:
            made.append(piece)
    return "".join(made)


def _shape_of_class(piece: str) -> str:
    members = {chr(point) for point in range(128) if re.fullmatch(piece, chr(point))}
    kinds = sorted({"0" if one.isdigit() else "a" if one.isalpha() else one for one in members})
    return "[" + "".join(map(re.escape, kinds)) + "]"


_GAP = r"[ .\-\r\n]{0,2}"
_IN_TEXT = (
    _row(Anchor.NAME, *sorted({_bytes_of(name) for one in SCHEMES for name in one.names})),
    _row(Anchor.RECORD, r"mrn|med(?:\.|ical)? rec|chart n|patient (?:id|n)"),
    _row(Anchor.PAPER, (
        r"passport|passeport|pasaporte|passaport|paszport|reisep[a\xe4\xc4]ss|paspoort"
        r"|driv(?:er|ing)'?s? licen|f[u\xfc\xdc]hrersch|permis(?:o)? de condu|praw[oa] jazdy"
        r"|patente di|rijbewijs")),
    _row(Anchor.BIRTH, (
        r"birth|born|dob|gebor|geburt|nacid|nacim|naissance|n[\xe9\xc9]|urodz|nascit|nat[oa]\b"
        r"|\bur\b"), inside=True),
    _row(Anchor.KEY, (
        r"passwor[dt]|passwd|pwd|passphrase|secret|kennwort|has[l?]o|contrase[n\xf1\xd1]a"
        r"|mot de passe|(?:api|access|account|private|signing|encryption)[ _-]?key"
        r"|(?:auth|access|refresh|session|bot)[ _-]?token"), inside=True),
    _row(Anchor.VENDOR, (
        r"akia|asia[0-9a-z]|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|sk-|[rs]k_(?:live|test)_"
        r"|whsec_|aiza|ya29\.|sg\.[a-z0-9_-]{8}|hf_|npm_|pypi-|dop_v1_|sq0(?:atp|csp)-|shp[a-z]{2}_"
        r"|remit_svc_"
        r"|eyj[a-z0-9_-]{8}|-----begin|age-secret-key-|(?:ac|sk)[0-9a-f]{32}"
        r"|hooks\.slack\.com|[0-9]{8,10}:aa")),
    _row(Anchor.BEARER, r"bearer|basic"),
)  # fmt: skip
_IN_SHAPE = (
    _row(Anchor.LAYOUT, *sorted({_shape(one.alone) for one in SCHEMES if one.alone})),
    _row(Anchor.LONG, r"[0a]{26}"),
    _row(Anchor.PAIRS, (
        r"[0a]{2}[:-][0a]{2}[:-][0a]{2}[:-][0a]{2}[:-]|[0a]{4}\.[0a]{4}\.[0a]{4}")),
    _row(Anchor.COLONS, r"::|:[0a]{1,4}:[0a]{1,4}:", inside=True),
)  # fmt: skip
_IN_NUMBERED = (
    _row(Anchor.IBAN, rf"[a-z]{{2}}{_GAP}(?:[0-9]{_GAP}[0-9oil]|[oil]{_GAP}[0-9])"),
)  # in a text that holds a digit
_TO_SHAPE: Final = bytes(
    ord("0") if chr(byte).isdigit() and byte < 128
    else ord("a") if chr(byte).isalpha() and byte < 128
    else byte
    for byte in range(256)
)  # fmt: skip
_WORD: Final = "a-z0-9"
_MARKS: Final = (b"-", b":")
Places = dict[int, list[int]]

PLAIN: Final = "re"
SCANNERS: Final = (*accelerator.NAMES, PLAIN)


def anchors(raw: bytes, *, by: str = "") -> Places:
    """Return the places of every anchor in a text; `by` names the scanner, else the fastest."""
    found: dict[int, set[int]] = {}
    scan = _scan(by or scanner())
    lower, shape = raw.lower(), raw.translate(_TO_SHAPE)
    numbered = b"0" in shape
    # Every shape holds a digit, or the marks of a hardware address.
    shaped = numbered or max(map(shape.count, _MARKS)) >= 5
    for number, buffer in enumerate((lower, shape if shaped else b"", lower if numbered else b"")):
        if not buffer:
            continue
        for anchor, start in scan(number, buffer):
            found.setdefault(anchor, set()).add(start)
    return {anchor: sorted(starts) for anchor, starts in found.items()}


@cache
def scanner() -> str:
    """Return the name of the scanner in use: the fastest one that is installed."""
    return next((name for name in accelerator.NAMES if _compiled(name)), PLAIN)


def _scan(name: str) -> accelerator.Scan:
    scan = _slow if name == PLAIN else _compiled(name)
    if scan is None:
        raise ImportError(f"{name} is not installed, or not for this processor")
    return scan


@cache
def _compiled(name: str) -> accelerator.Scan | None:
    return accelerator.scanner(name, _TABLES)


def _slow(number: int, buffer: bytes) -> accelerator.Places:
    for row, pattern in zip(_TABLES[number], _SLOW[number], strict=True):
        for match in pattern.finditer(buffer):
            yield row.anchor, match.start()


def _pattern(row: Row) -> re.Pattern[bytes]:
    before = "" if row.inside else f"(?<![{_WORD}])"
    return re.compile(f"{before}(?=(?:{'|'.join(row.patterns)}))".encode("latin-1"))


_TABLES: Final = (_IN_TEXT, _IN_SHAPE, _IN_NUMBERED)
_SLOW: Final = tuple(tuple(map(_pattern, rows)) for rows in _TABLES)
