"""What was taken for granted when a value was read, in words for those who decide on it.

A code stands in entries and in the gate's facts, as `field:code` where the field is named. Codes
are made by intake; the words are kept here because rules, cards and the log say them too.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from remit.domain.value import Json

GROUNDS: Final[Mapping[str, str]] = {
    "sibling": "the other fields of the message",
    "column": "the other values of its column",
    "country": "the sender's country",
    "locale": "the workflow's locale",
    "key": "the name of the field",
}
# What a ground settled: the code is the word before the ground.
TAKEN: Final[Mapping[str, str]] = {
    "day_first_": "the order of day and month was taken from",
    "month_first_": "the order of day and month was taken from",
    "separators_by_": "which mark separates the decimals was taken from",
    "currency_by_": "the currency of its sign was taken from",
    "month_by_": "the language of the month's name was taken from",
    "region_by_": "the country of the number was taken from",
    "zone_by_": "the zone of its abbreviation was taken from",
    "scheme_by_": "what kind of number it is was taken from",
}
ALONE: Final[Mapping[str, str]] = {
    "brackets_negative": "brackets were read as a minus sign",
    "charset_guessed": "the character set was guessed from the bytes",
    "charset_superset": "the text was read in a larger character set than the declared one",
    "display_name_split": "the name before the address was left out",
    "epoch_millis": "the number was read as milliseconds since 1970, in UTC",
    "epoch_seconds": "the number was read as seconds since 1970, in UTC",
    "language_undetermined": "no tag of a language was read as none",
    "letters_as_digits": "letters were read as on a keypad",
    "mixed_script": "letters of several scripts that look alike were kept",
    "part_of_country": "a part was read as the whole country",
    "received_when_sent": "the time of sending was taken for that of receipt",
    "relative_to_receipt": "the day was counted from the day of receipt",
    "reply_kept_whole": "where the quoted text begins was not certain, so all of it was kept",
    "stated_in_text": "it is the only amount in the sender's own words",
    "subdivision_dropped": "the part of the country was left out",
    "time_dropped": "the time of day was left out",
    "twelve_as_on_clocks": "12 am was read as midnight and 12 pm as noon",
    "utf8_over_declared": "the text was read as UTF-8 although another set is declared",
    "windows_zone": "the zone was taken from its name in Windows",
    "year_window": "the century of a two-digit year was taken from the declared window",
    "zone_declared": "the zone was taken from the workflow's settings",
}


def code_of(assumption: str) -> str:
    """Return the code of `field:code`, or of a code that stands alone."""
    return assumption.rpartition(":")[2]


def is_known(code: str) -> bool:
    """Is this a code that intake makes?"""
    return code in ALONE or any(
        code == f"{start}{ground}" for start in TAKEN for ground in GROUNDS
    )


def words_of(assumption: str, *, evidence: object = None) -> str:
    """Return what was taken for granted, as it goes on after *rests on an assumption*.

    `evidence` is said in brackets behind it, where there is any.
    """
    return _taken(code_of(assumption)) + (f" ({evidence})" if evidence else "")


def _taken(code: str) -> str:
    for start, said in TAKEN.items():
        ground = GROUNDS.get(code.removeprefix(start)) if code.startswith(start) else None
        if ground is not None:
            return f"{said} {ground}"
    return ALONE.get(code, f"its reading is not certain by itself ({code})")


def joined(parts: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return the assumptions of several values together, each once, in one order."""
    return tuple(sorted({one for part in parts for one in part}))


def after(before: tuple[str, ...], body: Mapping[str, Json]) -> tuple[str, ...]:
    """Return what fields rest on after an entry: what a person picked or typed rests on them."""
    settled = names(body.get("corrected")) | {
        one.partition(":")[0] for one in names(body.get("chosen"))
    }
    kept = {one for one in before if one.partition(":")[0] not in settled}
    return tuple(sorted(kept | names(body.get("assumptions"))))


def names(value: Json) -> frozenset[str]:
    """Return the words of a list; none of anything else."""
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()
