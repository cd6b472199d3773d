"""Values of every kind that a masker knows, made at run time, their dresses, and the search."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from urllib.parse import quote, quote_plus

import numpy as np
import phonenumbers
from numpy.typing import NDArray
from stdnum import iban, luhn

LETTERS = "abcdefghijklmnopqrstuvwxyz"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
CODES = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
MONTHS = ("January", "March", "April", "July", "October", "November")
# How each kind is said in a text; these are found without a field that declares them.
SAID = {
    "EMAIL": "write to {}", "PHONE": "call {}", "IBAN": "to IBAN {}", "CARD": "card {}",
    "IPADDR": "from {}", "MACADDR": "device {}", "URL": "see https://example.org/{}",
    "SECRET": "my key is {}", "NATID": "my social security number is {}",
    "DOB": "born on {}", "ACCOUNT": "account number {}", "HEALTHID": "record {}",
    "WALLET": "wallet {}", "TEXT": "as {} said",
}  # fmt: skip
TEXT_KINDS = tuple(SAID)
DECLARED_KINDS = ("PERSON", "ADDRESS", "PRIVATE")  # found where a field or a record says so
HEAD = 8  # a form is looked up by its first bytes; a shorter one may stand anywhere by chance
_TABLE_BITS = 20
_MULTIPLIER = 0x9E3779B97F4A7C15
_PIECE = 1 << 22


@dataclass(slots=True)
class Flock:
    """Gives canaries and keeps them; the same seed gives the same ones."""

    random: Random
    given: dict[str, str] = field(default_factory=dict)  # canary -> kind
    entries: dict[str, list[str]] = field(default_factory=dict)  # entry -> canaries planted there
    entry: str = ""
    many: int = 1  # canaries of each kind that is asked for in a text

    @classmethod
    def of(cls, seed: int, *, many: int = 1) -> "Flock":
        """Return an empty flock."""
        return cls(Random(seed), many=many)

    def at(self, entry: str) -> "Flock":
        """Return the flock for canaries that come in by this entry."""
        return replace(self, entry=entry)

    def text(self, *kinds: str) -> str:
        """Return a text with new canaries of each kind in it."""
        return ", ".join(SAID[kind].format(self.one(kind)) for kind in kinds * self.many) + "."

    def one(self, kind: str) -> str:
        """Return a new canary of a kind."""
        while True:
            value = getattr(self, f"_{kind.lower()}")()
            if value not in self.given:
                self.given[value] = kind
                self.entries.setdefault(self.entry, []).append(value)
                return str(value)

    def _word(self, length: int) -> str:
        return "".join(self.random.choices(LETTERS, k=length))

    def _digits(self, length: int) -> str:
        return "".join(self.random.choices("0123456789", k=length))

    def _email(self) -> str:
        return f"{self._word(9)}@{self._word(7)}.example"

    def _phone(self) -> str:
        while True:
            number = f"+49 30 {self._digits(8)}"
            if phonenumbers.is_valid_number(phonenumbers.parse(number)):
                return number

    def _iban(self) -> str:
        body = f"37040044{self._digits(10)}"
        return f"DE{iban.calc_check_digits('DE00' + body)}{body}"

    def _card(self) -> str:
        body = f"4{self._digits(14)}"
        return body + luhn.calc_check_digit(body)

    def _ipaddr(self) -> str:
        return ".".join(str(self.random.randrange(101, 250)) for _ in range(4))

    def _macaddr(self) -> str:
        return ":".join(f"{self.random.randrange(16, 256):02x}" for _ in range(6))

    def _url(self) -> str:
        return f"{self._word(10)}/{self._word(10)}"

    def _secret(self) -> str:
        alphabet = LETTERS + LETTERS.upper() + "0123456789"
        return "gh" + "p_" + "".join(self.random.choices(alphabet, k=36))

    def _natid(self) -> str:
        area = self.random.choice([one for one in range(1, 900) if one != 666])
        return (
            f"{area:03}-{self.random.randrange(1, 100):02}-{self.random.randrange(1, 10_000):04}"
        )

    def _dob(self) -> str:
        day, year = self.random.randrange(1, 29), self.random.randrange(1901, 2009)
        return f"{self.random.choice(MONTHS)} {day}, {year}"

    def _account(self) -> str:
        return f"{self.random.randrange(1, 10)}{self._digits(11)}"

    def _healthid(self) -> str:
        return f"MRN-{self._digits(8)}"

    def _wallet(self) -> str:
        body = b"\0" + self.random.randbytes(20)
        number = int.from_bytes(body + hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4])
        coded = ""
        while number:
            number, place = divmod(number, 58)
            coded = BASE58[place] + coded
        return f"1{coded}"

    def _text(self) -> str:
        """Return what reads as a token, which nobody outside may write."""
        code = "".join(self.random.sample(CODES[:8], 4) + self.random.sample(CODES[8:], 4))
        return f"EMAIL_{code}"

    def _person(self) -> str:
        return f"{self._word(8).title()} {self._word(10).title()}"

    def _address(self) -> str:
        return f"{self._word(9).title()} {self._digits(2)}, {self._word(9).title()}"

    def _private(self) -> str:
        return f"{self._word(9)} {self._digits(6)} {self._word(5)}"


def dresses(value: str) -> Iterator[bytes]:
    """Yield the value as it is, and as people, encodings, escapes and plain digests write it.

    Letters are compared without regard to case.
    """
    raw = value.encode()
    yield raw
    yield re.sub(r"[^0-9A-Za-z]", "", value).encode()
    yield re.sub(r"[ ./:-]", "", value).encode()
    yield quote(value, safe="").encode()
    yield quote_plus(value).encode()
    yield quote(quote(value, safe=""), safe="").encode()
    yield "".join(f"%{byte:02x}" for byte in raw).encode()
    yield html.escape(value).encode()
    for named, to in (("&#64;", "@"), ("&#x40;", "@"), ("&#43;", "+"), ("&#45;", "-")):
        yield value.replace(to, named).encode()
    yield "".join(f"&#{ord(char)};" for char in value).encode()
    yield "".join(f"&#x{ord(char):x};" for char in value).encode()
    yield "".join(f"\\u{ord(char):04x}" for char in value).encode()
    yield "".join(f"\\x{byte:02x}" for byte in raw).encode()
    yield json.dumps(value)[1:-1].encode()
    yield "".join(f"={byte:02x}" for byte in raw).encode()  # quoted-printable
    yield value.replace("@", "=40").encode()
    yield value.encode("utf-16-le")
    yield value.encode("utf-32-le")
    yield raw.hex().encode()
    for pad in range(3):  # base64 at each alignment, less what its neighbours decide
        coded = base64.b64encode(b"\0" * pad + raw).rstrip(b"=")
        yield coded[(0, 2, 3)[pad] : len(coded) - (len(coded) * 6 % 8 > 0)]
    for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256):  # all phone numbers can be tried
        yield digest(raw).digest()
        yield digest(raw).hexdigest().encode()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A canary where none may be; the value itself is not said."""

    kind: str
    number: int
    where: str
    planted: str = ""

    def __str__(self) -> str:
        return f"canary {self.number} ({self.kind}, planted in {self.planted}) in {self.where}"


def seen(
    flock: Flock, written: Iterable[tuple[str, bytes]], *, dressed: bool = True
) -> list[Sighting]:
    """Return where canaries stand in what was written or sent."""
    forms: Forms = {}
    for number, value in enumerate(flock.given):
        made = dresses(value) if dressed else iter([value.encode()])
        for form in {one.lower() for one in made if len(one) >= HEAD}:
            forms.setdefault(form[:HEAD], []).append((number, form))
    planted = {value: entry for entry, values in flock.entries.items() for value in values}
    values = list(flock.given.items())
    table = _table(forms)
    found: dict[tuple[int, str], Sighting] = {}
    for where, content in written:
        for number in _standing(content.lower(), forms, table):
            value, kind = values[number]
            found.setdefault(
                (number, where), Sighting(kind, number, where, planted.get(value, ""))
            )
    return list(found.values())


Forms = dict[bytes, list[tuple[int, bytes]]]  # by first bytes: number of the canary, form
Bits = NDArray[np.bool_]


def _table(forms: Forms) -> Bits:
    """Return a bit for each scattered beginning of a form."""
    table = np.zeros(1 << _TABLE_BITS, dtype=np.bool_)
    table[_scattered(np.frombuffer(b"".join(forms), "<u8"))] = True
    return table


def _scattered(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (words * np.uint64(_MULTIPLIER)) >> np.uint64(64 - _TABLE_BITS)


def _standing(content: bytes, forms: Forms, table: Bits) -> set[int]:
    """Return the numbers of the canaries of which some form stands in the content.

    Each place of the content is looked up by its first bytes in the table; what that does not
    rule out is compared.
    """
    found: set[int] = set()
    for begin in range(0, len(content), _PIECE):
        piece = content[begin : begin + _PIECE + HEAD - 1]
        for offset in range(HEAD):
            count = (len(piece) - offset) // HEAD
            if count < 1:
                continue
            words = np.frombuffer(piece, "<u8", count, offset)
            for index in np.flatnonzero(table[_scattered(words)]).tolist():
                place = begin + offset + index * HEAD
                for number, form in forms.get(content[place : place + HEAD], ()):
                    if content.startswith(form, place) and _by_itself(content, place, form):
                        found.add(number)
    return found


def _by_itself(content: bytes, place: int, form: bytes) -> bool:
    """Tell whether a run of digits is no part of a longer number or of a digest in hexadecimal."""
    if not form.isdigit():
        return True
    around = content[max(0, place - 1) : place] + content[place + len(form) :][:1]
    return not any(char in b"0123456789abcdef" for char in around)
