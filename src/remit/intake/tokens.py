"""The grammar of tokens: `EMAIL_7K3QX2MD`, written one way, read tolerantly, never by nearness."""

import hmac
import re
from collections.abc import Callable, Iterator

from remit.domain.frozen import dataclass
from remit.errors import MaskingFailedError
from remit.intake.outline import holds_token_digit
from remit.ledger.keyed import Keyed

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
_SEPARATOR = r"(\\?_|%5F|&\#95;|\\u005f|[- \u00a0\uff3f])"
_TOLERANT = re.compile(
    rf"({_TYPES}){_SEPARATOR}([0-9A-Z]{{{CODE_LENGTH}}})",
    re.IGNORECASE | re.ASCII,
)
_SEPARATOR_GROWING = r"\\(?:u(?:0(?:0(?:5)?)?)?)?|%5?|&(?:\#(?:9(?:5)?)?)?"
_GROWING_MAX = max(map(len, TYPES)) + len("\\u005f") + CODE_LENGTH - 1
_NAMES = tuple(name.encode() for name in TYPES)


def _nested(name: str) -> str:
    """Return a shape of every beginning of a token of that type."""
    inner = rf"(?:{_SEPARATOR_GROWING}|{_SEPARATOR}[0-9A-Z]{{0,{CODE_LENGTH - 1}}})?"
    for char in reversed(name[1:]):
        inner = f"(?:{char}{inner})?"
    return f"{name[0]}{inner}"


_GROWING = re.compile(rf"(?:{'|'.join(map(_nested, TYPES))})\Z", re.IGNORECASE | re.ASCII)


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
    if not holds_token_digit(text.encode("latin-1", "replace")):
        return
    for match in _places(text):
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


def _places(text: str) -> Iterator[re.Match[str]]:
    """Yield what looks like a token, as a scan with the tolerant shape would from the left.

    That shape costs as much at each character as the names of all types; they are looked up first.
    """
    raw = text.encode("latin-1", "replace").upper()  # one byte a character: places are the same
    starts: list[int] = []
    for name in _NAMES:
        at = raw.find(name)
        while at >= 0:
            starts.append(at)
            at = raw.find(name, at + 1)
    done = 0
    for start in sorted(starts):
        match = _TOLERANT.match(text, start) if start >= done else None
        if match is not None:
            done = match.end()
            yield match


def growing(text: str) -> int:
    """Return where the end of a text begins that more text could make a token, or its length."""
    done = max([match.end() for match in _places(text)], default=0)
    found = _GROWING.search(text, max(done, len(text) - _GROWING_MAX))
    return len(text) if found is None else found.start()


def is_token(text: str, type: str | None = None) -> bool:
    """Tell whether the text is one token in its written form, of that type if one is given."""
    match = _STRICT.fullmatch(text)
    return match is not None and _well_formed(match[2]) and type in (None, match[1])


def type_of(token: str) -> str:
    """Return the type of a token in its written form."""
    return token.rpartition("_")[0]


def number_of(code: str) -> int:
    """Return the forty bits that the eight characters of a token's code write."""
    number = 0
    for char in code:
        number = number << 5 | ALPHABET.index(char)
    return number


def checks(token: str, *, check: Keyed) -> bool:
    """Tell whether the check characters of a token belong to the scope of that key."""
    kind, _, code = token.rpartition("_")
    wanted = _check(kind, code[:_RANDOM_LENGTH], check)
    return hmac.compare_digest(wanted, code[_RANDOM_LENGTH:])


def draw(
    type: str,
    *,
    check: Keyed,
    random_bytes: Callable[[int], bytes],
    taken: Callable[[str], bool],
) -> str:
    """Return a new token whose first four characters, which pages show, are free in the scope."""
    if type not in TYPES:
        raise MaskingFailedError("there is no such type of token")
    for _ in range(DRAWS_MAX):
        bits = int.from_bytes(random_bytes(4), "big")
        head = _encode(bits, _RANDOM_LENGTH)
        code = head + _check(type, head, check)
        if _well_formed(code) and not taken(code[:4]):
            return f"{type}_{code}"
    raise MaskingFailedError("no free token is left in this scope; close the case or split it")


def _check(type: str, head: str, check: Keyed) -> str:
    mac = check.digest(f"{type}:{head}".encode())
    return _encode(int.from_bytes(mac[:2], "big") >> 1, CODE_LENGTH - _RANDOM_LENGTH)


def _encode(bits: int, length: int) -> str:
    return "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(length)))


def _well_formed(code: str) -> bool:
    digits = sum(char in "23456789" for char in code)
    letters = sum(char.isalpha() for char in code)
    return digits >= 2 and letters >= 2
