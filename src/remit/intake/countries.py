"""Read countries by code or exact name, never by likeness; the home of pycountry."""

from collections.abc import Mapping
from functools import cache
from importlib import resources

from remit.intake import cldr
from remit.intake.context import NormaliseContext
from remit.intake.dates import folded
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

COUNTRY_CHARACTERS_MAX = 80

# Folded names that no list has, or that mean more than one place.
_OWN: Mapping[str, tuple[str, ...]] = {
    "uk": ("GB",), "u k": ("GB",), "great britain": ("GB",), "britain": ("GB",), "el": ("GR",),
    "usa": ("US",), "u s a": ("US",), "u s": ("US",), "united states of america": ("US",),
    "holland": ("NL",), "uae": ("AE",), "ksa": ("SA",), "prc": ("CN",), "drc": ("CD",),
    "turkey": ("TR",), "burma": ("MM",), "ivory coast": ("CI",), "cape verde": ("CV",),
    "swaziland": ("SZ",),
    "macedonia": ("MK",), "czech republic": ("CZ",), "vatican": ("VA",), "palestine": ("PS",),
    "korea": ("KP", "KR"), "congo": ("CD", "CG"), "georgia": ("GE", "US-GA"),
    "virgin islands": ("VG", "VI"), "saint martin": ("MF", "SX"), "st martin": ("MF", "SX"),
}  # fmt: skip
_PARTS: Mapping[str, str] = {
    "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
}  # fmt: skip


def normalise_country(text: str, context: NormaliseContext) -> Field:  # noqa: ARG001 - one signature for all kinds
    """Return the country's two letters (ISO 3166-1 alpha-2), or why the text names none."""
    raw = folded(text)
    if not raw:
        return refused(Kind.COUNTRY, Code.FIELD_MISSING)
    if len(raw) > COUNTRY_CHARACTERS_MAX:
        return refused(Kind.COUNTRY, Code.COUNTRY_UNKNOWN, seen=raw)
    if raw.upper() in codes():
        return found(Kind.COUNTRY, raw.upper())
    name = cldr.name_folded(raw)
    if name in _PARTS:
        told = Assumption(code="part_of_country", sentence="a part read as the whole country")
        return found(Kind.COUNTRY, _PARTS[name], (told,))
    readings = _OWN.get(name) or named(name)
    if readings is None:
        return refused(Kind.COUNTRY, Code.FIELD_EXTRA_MISSING, seen=raw)
    if len(readings) > 1:
        return refused(Kind.COUNTRY, Code.COUNTRY_AMBIGUOUS, readings, seen=raw)
    if readings:
        return found(Kind.COUNTRY, readings[0])
    if (country := _subdivided(raw)) is not None:
        told = Assumption(
            code="subdivision_dropped", sentence="the part of the country was left out"
        )
        return found(Kind.COUNTRY, country, (told,))
    return refused(Kind.COUNTRY, Code.COUNTRY_UNKNOWN, seen=raw)


@cache
def codes() -> Mapping[str, str]:
    """Return country (alpha-2) -> its English name, from the table that comes with tzdata."""
    table = resources.files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text("utf-8")
    pairs = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {pair[0]: pair[1] for pair in pairs}


def named(name: str) -> tuple[str, ...] | None:
    """Return the countries that bear a folded name in any language, or None without the extra."""
    lists = _listed()
    names = cldr.country_names()
    if lists is None or names is None:
        return None
    return tuple(sorted(set(names.get(name, ())) | lists.get(name, frozenset())))


@cache
def _listed() -> Mapping[str, frozenset[str]] | None:
    try:
        import pycountry
    except ImportError:
        return None
    listed: dict[str, set[str]] = {}
    for one in pycountry.countries:
        names = (one.alpha_3, one.numeric, one.name, getattr(one, "official_name", one.name),
                 getattr(one, "common_name", one.name))  # fmt: skip
        for name in names:
            listed.setdefault(cldr.name_folded(name), set()).add(one.alpha_2)
    return {name: frozenset(countries) for name, countries in listed.items()}


def _subdivided(raw: str) -> str | None:
    """Return the country of a code such as `US-GA` (ISO 3166-2)."""
    import pycountry

    country, _, part = raw.upper().partition("-")
    if country not in codes() or not part:
        return None
    known = {one.code for one in pycountry.subdivisions.get(country_code=country) or ()}  # type: ignore[no-untyped-call]  # it ships half of its types
    return country if f"{country}-{part}" in known else None
