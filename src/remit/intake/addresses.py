"""Keep postal addresses as they are given; only country and postcode are read from them."""

import re
import unicodedata
from collections.abc import Mapping

from remit.intake import countries
from remit.intake.context import NormaliseContext, territory
from remit.intake.outcome import Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

ADDRESS_CHARACTERS_MAX = 600
LINES_MAX = 12

_FIVE, _FOUR, _SIX = r"\d{5}", r"\d{4}", r"\d{6}"
_POSTCODES: Mapping[str, str] = {
    **dict.fromkeys("DE FR IT ES FI EE HR TR UA MX KR MY".split(), _FIVE),
    **dict.fromkeys("AT CH BE DK NO LU HU SI BG AU NZ ZA CY LI".split(), _FOUR),
    **dict.fromkeys("CN IN SG RO RU".split(), _SIX),
    "US": r"\d{5}(?:-\d{4})?",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
    "IE": r"[A-Z]\d[\dW] ?[A-Z\d]{4}",
    "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d",
    "NL": r"[1-9]\d{3} ?[A-Z]{2}",
    "PL": r"\d{2}-\d{3}",
    "PT": r"\d{4}-\d{3}",
    "CZ": r"\d{3} ?\d{2}",
    "SK": r"\d{3} ?\d{2}",
    "SE": r"\d{3} ?\d{2}",
    "GR": r"\d{3} ?\d{2}",
    "BR": r"\d{5}-?\d{3}",
    "JP": r"\d{3}-\d{4}",
    "LV": r"LV-\d{4}",
    "LT": r"LT-\d{5}",
}
# Two letters that end an address of North America or Australia as a state.
_STATES = frozenset(
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM"
    " NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AB BC MB NB NL NS NT NU ON PE QC"
    " SK YT SA".split()
)


def normalise_address(text: str, context: NormaliseContext) -> Field:
    """Return the address line by line as given, with `country` and `postcode` as its parts."""
    lines = [" ".join(line.split()) for line in unicodedata.normalize("NFC", text).splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        return refused(Kind.ADDRESS, Code.FIELD_MISSING)
    if len(lines) > LINES_MAX or sum(map(len, lines)) > ADDRESS_CHARACTERS_MAX:
        return refused(Kind.ADDRESS, Code.FIELD_TOO_LONG)
    country = country_in(lines, context)
    where = (country, "") if country else territory(context)
    postcode = _postcode(lines, where[0]) if where else None
    parts = {"country": country, "postcode": postcode}
    return found(
        Kind.ADDRESS, "\n".join(lines), parts={name: one for name, one in parts.items() if one}
    )


def country_in(lines: list[str], context: NormaliseContext) -> str | None:
    """Return the country that an address ends with, where its last line or words name one."""
    last = re.split(r"[,;]", lines[-1])[-1].strip()
    if last.upper() in _STATES or len(last) < 2:
        return None
    field = countries.normalise_country(last, context)
    return field.value if isinstance(field.value, str) and not last.isdecimal() else None


def _postcode(lines: list[str], country: str) -> str | None:
    shape = _POSTCODES.get(country)
    if shape is None:
        return None
    codes = {
        match[1].upper()
        for line in lines[1:] or re.split(r",", lines[0])
        for match in re.finditer(
            rf"(?<![\w-])(?:[A-Z]{{1,2}}-)?({shape})(?![\w-])", line, re.IGNORECASE
        )
    }
    return codes.pop() if len(codes) == 1 else None
