"""Harmless properties shown beside a token: what kind of value it is, never the value."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import phonenumbers

from remit.domain.erasure import Ending
from remit.intake.context import NormaliseContext
from remit.intake.dates import normalise_date
from remit.intake.schemes import SCHEMES, fits, shape_of

if TYPE_CHECKING:
    from remit.intake.mask import Masker

# An address there says of its owner's place nothing that its domain would add.
_FREE_MAIL = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com"
    " icloud.com me.com mac.com aol.com proton.me protonmail.com pm.me gmx.de gmx.net gmx.at"
    " gmx.ch web.de t-online.de freenet.de mail.ru yandex.ru wp.pl o2.pl onet.pl interia.pl"
    " orange.fr wanadoo.fr free.fr laposte.net libero.it seznam.cz qq.com 163.com 126.com"
    " naver.com fastmail.com zoho.com tutanota.com mail.com hey.com".split()
)
_BRANDS = (
    ("American Express", ("34", "37")),
    ("Visa", ("4",)),
    ("Mastercard", ("51", "52", "53", "54", "55", *(str(n) for n in range(2221, 2721)))),
    ("Diners Club", ("300", "301", "302", "303", "304", "305", "36", "38")),
    ("JCB", tuple(str(n) for n in range(3528, 3590))),
    ("Discover", ("6011", "644", "645", "646", "647", "648", "649", "65")),
    ("UnionPay", ("62",)),
)
_LAST = 4


def attribute(type: str, canonical: str) -> str:
    """Return what may be said of a value beside its token, or nothing."""
    say = _SAYS.get(type)
    return "" if say is None else say(canonical)


def _email(value: str) -> str:
    domain = value.rpartition("@")[2].lower()
    return "" if not domain or domain in _FREE_MAIL else f"at {domain}"


def _phone(value: str) -> str:
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(number)
    return f"a number of {region}" if region else ""


def _card(value: str) -> str:
    digits = "".join(char for char in value if char.isdigit())
    brand = next((name for name, heads in _BRANDS if digits.startswith(heads)), "card")
    return f"{brand}, ends in {digits[-_LAST:]}" if len(digits) > 2 * _LAST else ""


def _iban(value: str) -> str:
    country = value[:2].upper()
    return f"an account in {country}" if country.isalpha() and country.isascii() else ""


def _birth(value: str) -> str:
    context = NormaliseContext(received_at=datetime(1970, 1, 1, tzinfo=UTC))
    field = normalise_date(value, context)
    found = field.value or (field.reason.candidates[0] if field.reason and field.reason.candidates
                            else "")  # fmt: skip
    year = str(found)[:4]
    return f"born in the {year[:3]}0s" if len(year) == 4 and year.isdecimal() else ""


def _national(value: str) -> str:
    compact = "".join(char for char in value if char.isalnum()).upper()
    found = [one for one in SCHEMES if shape_of(one).fullmatch(compact) and fits(one, compact)]
    if len(found) != 1:
        return ""  # bare digits fit several schemes: which one it is nobody knows
    country, _, name = found[0].label.partition("_")
    return f"{name.replace('_', ' ').lower()} number of {country}"


_SAYS: Mapping[str, Callable[[str], str]] = {
    "EMAIL": _email,
    "PHONE": _phone,
    "CARD": _card,
    "IBAN": _iban,
    "DOB": _birth,
    "NATID": _national,
}


def described(masker: "Masker") -> dict[str, str]:
    """Return what may be said of each value of a scope, by token: never the value."""
    said = {one.token: attribute(one.type, one.canonical) for one in masker.vault.known_values()}
    return said | dict.fromkeys(sorted(masker.vault.erased()), Ending.ERASED.value)
