"""What CLDR knows of names and habits: the home of Babel, which comes with the extra `intake`.

Every function answers None where Babel is not installed; the caller then refuses.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

LANGUAGES = (
    "en de fr pl es it nl pt sv da nb fi cs sk hu ro ru uk tr el bg hr sl et lv lt sr sr_Latn bs"
    " ca is sq mk eu ga gl id ms af sw vi".split()
)
COUNTRY_LANGUAGES = (*LANGUAGES, *"ja ko zh ar he hi th fa".split())
WORD_MIN = 3  # letters; shorter ones mean too much
Meanings = Mapping[str, Mapping[str, frozenset[str]]]  # word -> meaning -> languages

_NO_LETTER = re.compile(r"[^\w]+")


@cache
def month_words() -> Meanings | None:
    """Return word -> month -> the languages in which it means that month."""
    found: dict[str, dict[str, set[str]]] = {}
    for language, locale in _locales(LANGUAGES):
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, name in locale.months[form][width].items():
                    word = plain(name).strip(".")
                    if word.isalpha():
                        meant = found.setdefault(word, {}).setdefault(str(month), set())
                        meant.add(language.partition("_")[0])
    return _frozen(found) if found else None


@cache
def weekday_words() -> Mapping[str, frozenset[int]] | None:
    """Return word -> the days of the week, from Monday as 0, that it means in some language."""
    found: dict[str, set[int]] = {}
    for _, locale in _locales(LANGUAGES):
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for day, name in locale.days[form][width].items():
                    word = plain(name).partition("-")[0].strip(".")
                    if word.isalpha() and len(word) >= WORD_MIN:
                        found.setdefault(word, set()).add(day)
    return {word: frozenset(days) for word, days in found.items()} or None


@cache
def country_names() -> Meanings | None:
    """Return folded name -> country (ISO 3166-1 alpha-2) -> the languages that call it so."""
    found: dict[str, dict[str, set[str]]] = {}
    for language, locale in _locales(COUNTRY_LANGUAGES):
        for code, name in locale.territories.items():
            country = code.partition("-")[0]
            if len(country) == 2 and country.isalpha() and country not in _NO_COUNTRIES:
                found.setdefault(name_folded(name), {}).setdefault(country, set()).add(language)
    return _frozen(found) if found else None


@cache
def currency_names() -> Meanings | None:
    """Return folded name -> currency, also of the past -> the languages that call it so."""
    found: dict[str, dict[str, set[str]]] = {}
    for language, locale in _locales(LANGUAGES):
        for code in locale.currencies:
            plurals = locale._data["currency_names_plural"].get(code, {}).values()  # noqa: SLF001 - Babel has no public door to them
            for name in (locale.currencies[code], *plurals):
                found.setdefault(name_folded(name), {}).setdefault(str(code), set()).add(language)
    return _frozen(found) if found else None


@cache
def windows_zones() -> Mapping[str, str] | None:
    """Return Windows name of a time zone, folded -> IANA id."""
    try:
        from babel.core import get_global
    except ImportError:
        return None
    return {name.casefold(): zone for name, zone in get_global("windows_zone_mapping").items()}


@cache
def habits(locale: str) -> tuple[str | None, str | None]:
    """Return the order of day and month, and the decimal mark, of a language in a country."""
    try:
        from babel import Locale, UnknownLocaleError
    except ImportError:
        return None, None
    try:
        found = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None, None
    letters = [char for char in found.date_formats["short"].pattern if char in "dMy"]
    order = "".join(dict.fromkeys(letters))
    mark = found.number_symbols.get("latn", {}).get("decimal")
    return {"dMy": "day_first", "Mdy": "month_first"}.get(order), mark


def available() -> bool:
    """Return whether Babel is installed."""
    return windows_zones() is not None


def plain(text: str) -> str:
    """Return the text without case and accents."""
    spread = unicodedata.normalize("NFD", text.casefold())
    return "".join(char for char in spread if not unicodedata.combining(char)).strip()


def name_folded(text: str) -> str:
    """Return a name as words of letters without case and accents, and without its article."""
    return _NO_LETTER.sub(" ", plain(text).replace("'", "")).strip().removeprefix("the ")


_NO_COUNTRIES = frozenset("EU EZ UN QO XA XB XK ZZ AC CP CQ DG EA IC TA".split())


def _locales(names: tuple[str, ...] | list[str]) -> Iterator[tuple[str, "Locale"]]:
    try:
        from babel import Locale
    except ImportError:
        return
    for name in names:
        yield name, Locale.parse(name)


def _frozen(found: Mapping[str, Mapping[str, set[str]]]) -> Meanings:
    return {
        word: {meaning: frozenset(languages) for meaning, languages in meanings.items()}
        for word, meanings in found.items()
    }
