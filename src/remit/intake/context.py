"""What is known around a message that may settle a reading: declared formats, country, locale."""

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from remit.domain.frozen import dataclass
from remit.intake import cldr

DAY_FIRST = "day_first"
MONTH_FIRST = "month_first"
POINT_DECIMAL = "point_decimal"
COMMA_DECIMAL = "comma_decimal"
# kind -> the formats that may be declared; any other declaration is a country, currency or year
FORMATS: Mapping[str, tuple[str, ...]] = {
    "date": (DAY_FIRST, MONTH_FIRST, "epoch_seconds"),
    "amount": (POINT_DECIMAL, COMMA_DECIMAL),
    "time": ("24h",),
    "instant": ("epoch_seconds", "epoch_millis"),
}
UNKNOWN_HABIT = "unknown"  # of a locale that only the extra knows: it may contradict what is known

_MONTH_FIRST_COUNTRIES = frozenset({"US", "PH", "FM", "MH", "PW"})
_DAY_FIRST_COUNTRIES = frozenset(
    "AT AU BE BG BR CH CL CO CZ DE DK EE ES FI FR GB GR HR IE IL IN IT LU LV MX NL NO NZ PL"
    " PT RO RS"
    " RU SE SG SI SK TR UA AR PE".split()
)
_POINT_COUNTRIES = frozenset("US GB IE AU NZ IN JP CN KR IL MX PH SG HK MY TH TW CH".split())
_COMMA_COUNTRIES = frozenset(
    "AT BE BG BR CL CO CZ DE DK EE ES FI FR GR HR HU IT LT LU LV NL NO PL PT RO RS RU SE SI"
    " SK TR UA"
    " AR".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NormaliseContext:
    """Grounds for reading, strongest first: formats, siblings, column, country, locale.

    `locale` such as `de_DE`; `country` of the sender (ISO 3166-1 alpha-2); `zone` an IANA id;
    `formats` declared by the owner, by kind: `date` day_first, month_first or epoch_seconds,
    `year_window` first year of a hundred, `amount` point_decimal or comma_decimal, `currency`
    three letters, `phone` a region, `time` 24h, `instant` epoch_seconds or epoch_millis;
    `siblings` is what other fields of the same document prove and `columns` what a column of a
    table does (see `columns`), both by kind; `key` is the name of the field.
    """

    received_at: datetime
    locale: str | None = None
    country: str | None = None
    zone: str | None = None
    formats: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    siblings: Mapping[str, str] = field(default_factory=dict)
    key: str = ""

    def grounds(self, kind: str) -> tuple[tuple[str, str], ...]:
        """Return (reading, ground) for `date` or `amount` from what is known around the field."""
        pairs = (
            (self.siblings.get(kind), "sibling"),
            (self.columns.get(kind), "column"),
            (_custom(kind, self.country), "country"),
            (_custom(kind, territory_of(self.locale)) or _habit(kind, self.locale), "locale"),
        )
        return tuple((reading, ground) for reading, ground in pairs if reading is not None)


def _habit(kind: str, locale: str | None) -> str | None:
    """Return what a language does in its country (CLDR), where the country alone says nothing."""
    if locale is None or territory_of(locale) is None:
        return None
    if not cldr.available():
        return UNKNOWN_HABIT
    order, mark = cldr.habits(locale)
    if kind == "date":
        return order
    return {".": POINT_DECIMAL, ",": COMMA_DECIMAL}.get(mark or "")


def territory_of(locale: str | None) -> str | None:
    """Return the country of a locale such as `de_DE`, or None."""
    parts = (locale or "").replace("-", "_").split("_")
    return parts[1].upper() if len(parts) > 1 and len(parts[1]) == 2 else None


def territory(context: NormaliseContext) -> tuple[str, str] | None:
    """Return the sender's country and the ground for it, or None."""
    if context.country:
        return context.country.upper(), "country"
    found = territory_of(context.locale)
    return (found, "locale") if found else None


def _custom(kind: str, country: str | None) -> str | None:
    if country is None:
        return None
    country = country.upper()
    if kind == "date":
        if country in _MONTH_FIRST_COUNTRIES:
            return MONTH_FIRST
        return DAY_FIRST if country in _DAY_FIRST_COUNTRIES else None
    if country in _POINT_COUNTRIES:
        return POINT_DECIMAL
    return COMMA_DECIMAL if country in _COMMA_COUNTRIES else None


_SPOKEN = {"PL": "pl", "CZ": "cs", "HR": "hr"}  # where month names need it


def languages(context: NormaliseContext) -> tuple[tuple[str, str], ...]:
    """Return (language, ground) of what the sender speaks, where country or locale say so."""
    spoken = _SPOKEN.get((context.country or "").upper())
    locale = re.split(r"[-_]", context.locale)[0].lower() if context.locale else None
    pairs = ((spoken, "country"), (locale, "locale"))
    return tuple((language, ground) for language, ground in pairs if language)
