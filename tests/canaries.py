"""Values of every kind that a masker knows, made at run time, and their dresses."""

import base64
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

import phonenumbers
from stdnum import iban, luhn

LETTERS = "abcdefghijklmnopqrstuvwxyz"
TEXT_KINDS = ("EMAIL", "PHONE", "IBAN", "CARD", "IPADDR", "MACADDR", "URL", "SECRET", "NATID")
SHORT = 7  # a run of fewer characters may stand anywhere by chance


@dataclass(slots=True)
class Flock:
    """Gives canaries and keeps them; the same seed gives the same ones."""

    random: Random
    given: dict[str, str]  # canary -> kind

    @classmethod
    def of(cls, seed: int) -> "Flock":
        """Return an empty flock."""
        return cls(Random(seed), {})

    def text(self, *kinds: str) -> str:
        """Return a text with a new canary of each kind in it."""
        said = {
            "EMAIL": "write to {}", "PHONE": "call {}", "IBAN": "to IBAN {}", "CARD": "card {}",
            "IPADDR": "from {}", "MACADDR": "device {}", "URL": "see https://example.org/{}",
            "SECRET": "my key is {}", "NATID": "my social security number is {}",
        }  # fmt: skip
        return ", ".join(said[kind].format(self.one(kind)) for kind in kinds) + "."

    def one(self, kind: str) -> str:
        """Return a new canary of a kind."""
        while True:
            value = getattr(self, f"_{kind.lower()}")()
            if value not in self.given:
                self.given[value] = kind
                return value

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

    def _person(self) -> str:
        return f"{self._word(8).title()} {self._word(10).title()}"

    def _private(self) -> str:
        return f"{self._word(9)} {self._digits(6)} {self._word(5)}"


def dresses(value: str) -> Iterator[bytes]:
    """Yield the value as it is and as encodings, escapes and people's spacing would have it."""
    yield value.encode()
    yield value.upper().encode()
    compact = re.sub(r"[^0-9A-Za-z]", "", value)
    if len(compact) > SHORT:
        yield compact.encode()
    yield quote(value, safe="").encode()
    yield html.escape(value).encode()
    yield value.encode().hex().encode()
    for pad in range(3):  # base64 at each alignment, less what its neighbours decide
        coded = base64.b64encode(b"\0" * pad + value.encode()).rstrip(b"=")
        yield coded[(0, 2, 3)[pad] : len(coded) - (len(coded) * 6 % 8 > 0)]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A canary where none may be; the value itself is not said."""

    kind: str
    number: int
    where: str

    def __str__(self) -> str:
        return f"canary {self.number} ({self.kind}) in {self.where}"


def seen(
    flock: Flock, written: Iterable[tuple[str, bytes]], *, dressed: bool = True
) -> list[Sighting]:
    """Return where canaries stand in what was written or sent."""
    wanted = [
        (number, kind, tuple(dict.fromkeys(dresses(value))) if dressed else (value.encode(),))
        for number, (value, kind) in enumerate(flock.given.items())
    ]
    found = []
    for where, content in written:
        for number, kind, forms in wanted:
            if any(form in content for form in forms):
                found.append(Sighting(kind, number, where))
    return found
