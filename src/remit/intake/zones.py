"""Read time zones: an IANA id or an offset; an abbreviation only means one with a country."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo, available_timezones

from remit.intake import cldr
from remit.intake.context import NormaliseContext, territory
from remit.intake.dates import folded
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

ZONE_CHARACTERS_MAX = 64
OFFSET_MINUTES_MAX = 14 * 60

_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?(\d\d))?", re.IGNORECASE)
_ABBREVIATION = re.compile(r"[A-Za-z]{2,5}")
_UTC = frozenset("Z UTC GMT UT UCT ZULU".split())
_CENTRAL = "AT BE CH CZ DE DK ES FR HR HU IT LU NL NO PL RS SE SI SK MT AL BA ME MK LI MC SM VA AD"
_EASTERN = "BG EE FI GR LT LV RO CY UA MD EG LB"

# abbreviation -> country -> its zone, where a country has several or the word several meanings
_NAMED: Mapping[str, Mapping[str, str]] = {
    "CST": {
        "US": "America/Chicago", "CA": "America/Winnipeg", "CN": "Asia/Shanghai",
        "CU": "America/Havana", "TW": "Asia/Taipei", "MX": "America/Mexico_City",
    },
    "CDT": {"US": "America/Chicago", "CA": "America/Winnipeg", "CU": "America/Havana"},
    "EST": {"US": "America/New_York", "CA": "America/Toronto"},
    "EDT": {"US": "America/New_York", "CA": "America/Toronto"},
    "MST": {"CA": "America/Edmonton"},
    "MDT": {"US": "America/Denver", "CA": "America/Edmonton"},
    "PST": {"US": "America/Los_Angeles", "CA": "America/Vancouver", "PH": "Asia/Manila"},
    "PDT": {"US": "America/Los_Angeles", "CA": "America/Vancouver"},
    "AST": {"CA": "America/Halifax", "PR": "America/Puerto_Rico", "SA": "Asia/Riyadh"},
    "IST": {"IN": "Asia/Kolkata", "IE": "Europe/Dublin", "IL": "Asia/Jerusalem"},
    "BST": {"GB": "Europe/London", "BD": "Asia/Dhaka"},
    "AEST": {"AU": "Australia/Sydney"},
    "AEDT": {"AU": "Australia/Sydney"},
    "ACST": {"AU": "Australia/Adelaide"},
    "AWST": {"AU": "Australia/Perth"},
    "JST": {"JP": "Asia/Tokyo"},
    "KST": {"KR": "Asia/Seoul"},
    "SGT": {"SG": "Asia/Singapore"},
    "HKT": {"HK": "Asia/Hong_Kong"},
    "NZST": {"NZ": "Pacific/Auckland"},
    "NZDT": {"NZ": "Pacific/Auckland"},
    "MSK": {"RU": "Europe/Moscow"},
    "SAST": {"ZA": "Africa/Johannesburg"},
    "WET": {"PT": "Europe/Lisbon"},
    "WEST": {"PT": "Europe/Lisbon"},
    "BRT": {"BR": "America/Sao_Paulo"},
    "HST": {"US": "Pacific/Honolulu"},
}  # fmt: skip
_SHARED: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("CET", "CEST", "MEZ", "MESZ"), frozenset(_CENTRAL.split())),
    **dict.fromkeys(("EET", "EEST"), frozenset(_EASTERN.split())),
}
_MAIN = {
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "PT": "Europe/Lisbon",
    "UA": "Europe/Kyiv",
    "CY": "Asia/Nicosia",
}


def normalise_zone(text: str, context: NormaliseContext) -> Field:
    """Return an IANA id, `UTC` or an offset such as `+02:00`, or why the text names none."""
    raw = folded(text)
    if not raw:
        return refused(Kind.ZONE, Code.FIELD_MISSING)
    if len(raw) > ZONE_CHARACTERS_MAX:
        return refused(Kind.ZONE, Code.ZONE_UNKNOWN, seen=raw)
    if raw.upper() in _UTC:
        return found(Kind.ZONE, "UTC")
    if match := _OFFSET.fullmatch(raw):
        offset = _offset(match)
        return (
            found(Kind.ZONE, offset) if offset else refused(Kind.ZONE, Code.ZONE_UNKNOWN, seen=raw)
        )
    if (zone := _ids().get(raw.casefold())) is not None:
        return found(Kind.ZONE, zone)
    if raw.upper() in _NAMED or raw.upper() in _SHARED:
        return _abbreviated(raw, context)
    return _otherwise(raw)


def zone_info(zone: str) -> tzinfo:
    """Return the zone of a canonical form; raises `ZoneInfoNotFoundError` for any other text."""
    if zone == "UTC":
        return UTC
    if match := _OFFSET.fullmatch(zone):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))
    return ZoneInfo(zone)


def _offset(match: re.Match[str]) -> str | None:
    hours, minutes = int(match[2]), int(match[3] or 0)
    if minutes > 59 or hours * 60 + minutes > OFFSET_MINUTES_MAX:
        return None
    if match[1] == "-" and not hours and not minutes:
        return None  # RFC 3339: the local offset is not known
    return "UTC" if not hours and not minutes else f"{match[1]}{hours:02}:{minutes:02}"


@cache
def _ids() -> Mapping[str, str]:
    """Return folded id -> IANA id; ids that are abbreviations mean too much to count."""
    known = available_timezones() - {"Factory", "localtime", "posixrules"}
    return {
        one.casefold(): one
        for one in known
        if one not in _NAMED and one not in _SHARED and one != "MET"
    }


def _abbreviated(raw: str, context: NormaliseContext) -> Field:
    word = raw.upper()
    where = territory(context)
    candidates = tuple(dict.fromkeys(_NAMED.get(word, {}).values()))
    if where is None:
        return refused(Kind.ZONE, Code.ZONE_AMBIGUOUS, candidates, seen=raw)
    country, ground = where
    zone = _NAMED.get(word, {}).get(country)
    if zone is None and country in _SHARED.get(word, ()):
        zone = _MAIN.get(country) or _only(country)
    if zone is None:
        return refused(Kind.ZONE, Code.ZONE_AMBIGUOUS, candidates, seen=raw)
    told = Assumption(
        code=f"zone_by_{ground}", sentence=f"{word} read as {zone}, from the {ground}"
    )
    return found(Kind.ZONE, zone, (told,))


def _otherwise(raw: str) -> Field:
    windows = cldr.windows_zones()
    if windows is not None and (zone := windows.get(raw.casefold())) is not None:
        told = Assumption(code="windows_zone", sentence=f"the Windows name read as {zone}")
        return found(Kind.ZONE, zone, (told,))
    if windows is None and raw.casefold().endswith(" time"):
        return refused(Kind.ZONE, Code.FIELD_EXTRA_MISSING, seen=raw)
    city = raw.casefold().replace(" ", "_")
    places = [one for one in _ids().values() if one.casefold().rpartition("/")[2] == city]
    return refused(Kind.ZONE, Code.ZONE_UNKNOWN, sorted(places), seen=raw)


@cache
def _by_country() -> Mapping[str, tuple[str, ...]]:
    table = resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text("utf-8")
    zones: dict[str, list[str]] = {}
    for line in table.splitlines():
        if not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            zones.setdefault(country, []).append(zone)
    return {country: tuple(names) for country, names in zones.items()}


def _only(country: str) -> str | None:
    zones: Iterable[str] = _by_country().get(country, ())
    distinct = tuple(zones)
    return distinct[0] if len(distinct) == 1 else None


def readings(naive: datetime, info: tzinfo) -> tuple[datetime, datetime]:
    """Return both moments that a local time may be, in UTC; equal for all but a few."""
    early, late = (naive.replace(tzinfo=info, fold=fold).astimezone(UTC) for fold in (0, 1))
    return early, late
