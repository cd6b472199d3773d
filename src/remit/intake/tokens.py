"""The grammar of tokens: `EMAIL_7K3QX2MD`, written one way, read tolerantly, never by nearness."""

import hmac
import re
from collections.abc import Callable, Iterator
from hashlib import sha256

from remit.domain.frozen import dataclass
from remit.errors import MaskingFailedError
from remit.intake.outline import holds_token_digit

TYPES = (
    "PERSON", "EMAIL", "PHONE", "ADDRESS", "DOB", "CARD", "IBAN", "ACCOUNT", "NATID", "HEALTHID",
    "WALLET", "IPADDR", "MACADDR", "URL", "SECRET", "PRIVATE", "TEXT",
)  # fmt: skip
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base32
DRAWS_MAX = 4_096
CODE_LENGTH = 8

_RANDOM_LENGTH = 5
_READ_AS = {char: char for char in ALPHABET} | {"O": "0", "I": "1", "L": "1"}
_READ_AS |= {char.lower(): value for char, value in list(_READ_AS.items())}
_TYPES = "|".join(TYPES)
_STRICT = re.compile(rf"({_TYPES})_([{ALPHABET}]{{{CODE_LENGTH}}})")
_TOLERANT = re.compile(
    rf"({_TYPES})(\\?_|%5F|&\#95;|\\u005f|[- \u00a0\uff3f])([0-9A-Z]{{{CODE_LENGTH}}})",
    re.IGNORECASE | re.ASCII,
)
# Every well-formed code holds two of these digits within its eight characters, and before the
# first of them stand at most the longest type, the longest separator and the rest of the code.
_TWO_DIGITS = re.compile(rf"[2-9][0-9A-Za-z]{{0,{CODE_LENGTH - 2}}}[2-9]")
_BEFORE_DIGIT = max(map(len, TYPES)) + len(r"\u005f") + CODE_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRead:
    """A place that reads as a token; `written` when it stands there in the written form."""

    start: int
    end: int
    token: str
    written: bool
    underscored: bool


def reads(text: str) -> Iterator[TokenRead]:
    """Yield every place, from the left, that reads as a token of any scope."""
    if not _may_hold(text):
        return
    for match in _TOLERANT.finditer(text):
        code = "".join(_READ_AS.get(char, "") for char in match[3])
        if len(code) != CODE_LENGTH or not _well_formed(code):
            continue
        token = f"{match[1].upper()}_{code}"
        yield TokenRead(
            start=match.start(),
            end=match.end(),
            token=token,
            written=match[0] == token,
            underscored=match[2] not in "- \u00a0",
        )


def _may_hold(text: str) -> bool:
    """Tell whether a token can stand near one of the few places that look like its code."""
    if not holds_token_digit(text):
        return False
    for pair in _TWO_DIGITS.finditer(text):
        start, end = pair.start() - _BEFORE_DIGIT, pair.end() + CODE_LENGTH
        if _TOLERANT.search(text, max(0, start), end) is not None:
            return True
    return False


def is_token(text: str, type: str | None = None) -> bool:
    """Tell whether the text is one token in its written form, of that type if one is given."""
    match = _STRICT.fullmatch(text)
    return match is not None and _well_formed(match[2]) and type in (None, match[1])


def type_of(token: str) -> str:
    """Return the type of a token in its written form."""
    return token.rpartition("_")[0]


def checks(token: str, *, check_key: bytes) -> bool:
    """Tell whether the check characters of a token belong to the scope of that key."""
    kind, _, code = token.rpartition("_")
    wanted = _check(kind, code[:_RANDOM_LENGTH], check_key)
    return hmac.compare_digest(wanted, code[_RANDOM_LENGTH:])


def draw(
    type: str,
    *,
    check_key: bytes,
    random_bytes: Callable[[int], bytes],
    taken: Callable[[str], bool],
) -> str:
    """Return a new token whose first four characters, which pages show, are free in the scope."""
    for _ in range(DRAWS_MAX):
        bits = int.from_bytes(random_bytes(4), "big")
        head = _encode(bits, _RANDOM_LENGTH)
        code = head + _check(type, head, check_key)
        if _well_formed(code) and not taken(code[:4]):
            return f"{type}_{code}"
    raise MaskingFailedError("no free token is left in this scope; close the case or split it")


def _check(type: str, head: str, check_key: bytes) -> str:
    mac = hmac.new(check_key, f"{type}:{head}".encode(), sha256).digest()
    return _encode(int.from_bytes(mac[:2], "big") >> 1, CODE_LENGTH - _RANDOM_LENGTH)


def _encode(bits: int, length: int) -> str:
    return "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(length)))


def _well_formed(code: str) -> bool:
    digits = sum(char in "23456789" for char in code)
    letters = sum(char.isalpha() for char in code)
    return digits >= 2 and letters >= 2
