"""Values drawn from a seed, and the dresses in which they may stand in a text."""

import base64
import random
from collections.abc import Callable
from urllib.parse import quote

from stdnum import iban, luhn

SEED = 2026
OF_A_TYPE = 60
FIRST = "Anna Björn Chloé Dieter Elżbieta Fatima Güler Hanna Iñaki Joana Kamil Łucja".split()
LAST = "Roe Müller Nowak García Ångström Dubois Kowalska Şahin Okafor Rossi".split()


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def _person(rng: random.Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}-{rng.choice(LAST)}"


def _email(rng: random.Random) -> str:
    return f"{rng.choice(FIRST).lower()}.{_digits(rng, 4)}@example.org".translate(
        str.maketrans("öéżüñł", "oezunl")
    )


def _phone(rng: random.Random) -> str:
    return f"+1-{rng.choice(('201', '312', '415'))}-555-01{_digits(rng, 2)}"


def _card(rng: random.Random) -> str:
    body = "4111" + _digits(rng, 11)
    return body + luhn.calc_check_digit(body)


def _iban(rng: random.Random) -> str:
    rest = _digits(rng, 18)
    return f"DE{iban.calc_check_digits('DE00' + rest)}{rest}"


def _national(rng: random.Random) -> str:
    return f"{_digits(rng, 3)}-{_digits(rng, 2)}-{_digits(rng, 4)}"


def _url(rng: random.Random) -> str:
    return f"https://example.org/u/{rng.choice(LAST).lower()}{_digits(rng, 3)}"


def _address(rng: random.Random) -> str:
    return f"{rng.choice(LAST)} Street {_digits(rng, 3)}, {_digits(rng, 5)} Leeds"


TYPES: dict[str, Callable[[random.Random], str]] = {
    "PERSON": _person, "EMAIL": _email, "PHONE": _phone, "CARD": _card, "IBAN": _iban,
    "NATID": _national, "URL": _url, "ADDRESS": _address,
}  # fmt: skip
DRESSES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper": str.upper,
    "lower": str.lower,
    "percent": lambda value: quote(value, safe=""),
    "twice": lambda value: quote(quote(value, safe=""), safe=""),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64, second": lambda value: base64.b64encode(b"#" + value.encode() + b";").decode(),
    "base64, third": lambda value: base64.b64encode(b"# " + value.encode() + b";").decode(),
    "base64 for addresses": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64, in a blob": lambda value: base64.encodebytes(
        b'{"reference": "a text around it", "who": "' + value.encode() + b'", "n": 1, "m": 22}' * 2
    ).decode(),
    "hex": lambda value: value.encode().hex(),
    "hex, upper": lambda value: value.encode().hex().upper(),
    "hex, spaced": lambda value: value.encode().hex(" "),
    "entities": lambda value: "".join(f"&#{ord(char)};" for char in value),
    "entities, hex": lambda value: "".join(f"&#x{ord(char):x};" for char in value),
    "backslash u": lambda value: "".join(f"\\u{ord(char):04x}" for char in value),
    "zero-width": "\u200b".join,
    "full-width": lambda value: "".join(
        chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in value
    ),
    "soft break": lambda value: value[: len(value) // 2] + "=\r\n" + value[len(value) // 2 :],
    "spaced": " ".join,
    "no-break spaces": lambda value: value.replace(" ", "\u00a0").replace("-", "\u2011"),
    "broken": lambda value: value[: len(value) // 2] + "\n" + value[len(value) // 2 :],
}


def values() -> list[tuple[str, str]]:
    """Return 480 values of eight types, drawn from a seed."""
    rng = random.Random(SEED)
    return [(kind, made(rng)) for kind, made in TYPES.items() for _ in range(OF_A_TYPE)]
