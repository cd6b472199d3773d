"""Names of people in free text, by lists, shape and words around: the extra `names`.

The lists are read from Faker where it is installed, and wordfreq tells names from common words;
nothing of either is copied. Without a model this is a floor, not a promise: people who are known
from fields are found as known values, wherever they stand.
"""

import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module

COMMON = 4.3  # on the Zipf scale: a word that stands once in 50,000 is no name by itself
VERY_COMMON = 5.0
TOKENS_MAX = 4

_LETTER = r"[^\W\d_]"
_UPPER = r"(?=[^\W\d_])(?![a-zß-öø-ÿ])"
_TOKEN = rf"{_UPPER}{_LETTER}+(?:['’\-]{_LETTER}+)*\.?"
_PARTICLE = (
    r"(?:van der|van den|van|von|de la|de|del|della|di|da|dos|du|bin|ibn|al|el|le|la|ter|zu)"
)
_RUN = re.compile(rf"(?<!\w){_TOKEN}(?:[ \u00a0](?:{_PARTICLE}[ \u00a0])?{_TOKEN}){{0,5}}(?!\w)")
_WORD = re.compile(rf"{_LETTER}+(?:['’\-]{_LETTER}+)*\.?")
_TITLE = frozenset(
    "mr mrs ms miss dr prof sir madam herr frau señor señora sr sra monsieur madame mme pan pani"
    " signor signora mister doctor professor".split()
)
_BEFORE = re.compile(
    r"(?:\b(?:name is|named|called|i am|i'm|this is|dear|hi|hello|hey|regards,?|sincerely,?|from:"
    r"|to:|attn:?|c/o|contact:?|patient:?|customer:?|name[\"']?\s?[:=]\s?[\"']?|signed,?|by"
    r"|holder|nazywam się|ich heiße|me llamo|je m'appelle))\s{0,3}\Z",
    re.IGNORECASE,
)
_NEVER = frozenset(
    "inc ltd llc gmbh corp co plc street st road rd avenue ave lane drive box po apt suite unit"
    " north south east west january february march april may june july august september october"
    " november december way court square trail terrace country monday"
    " tuesday wednesday thursday friday saturday sunday university"
    " bank group company republic united states kingdom island islands city county".split()
)


class Lists:
    """First and last names, and how common a word is."""

    def __init__(self) -> None:
        import wordfreq

        self._english = wordfreq.get_frequency_dict("en", "small")
        self.first, self.last = _faker_names()

    def zipf(self, word: str) -> float:
        """Return how common an English word is: 3 is once in a million, 6 once in a thousand."""
        from math import log10

        frequency = self._english.get(word.casefold(), 0.0)
        return log10(frequency) + 9 if frequency else 0.0


@cache
def lists() -> Lists:
    """Return the lists, read once; raises ImportError where the extra is not installed."""
    return Lists()


def _faker_names() -> tuple[frozenset[str], frozenset[str]]:
    import faker.providers.person as persons

    first: set[str] = set()
    last: set[str] = set()
    for module in pkgutil.iter_modules(persons.__path__):
        provider = import_module(f"{persons.__name__}.{module.name}").Provider
        for name in dir(provider):
            kind = first if "first_name" in name else last if "last_name" in name else None
            values = getattr(provider, name)
            if kind is not None and isinstance(values, (list, tuple, set, dict)):
                kind.update(str(one).casefold() for one in values)
    return frozenset(first), frozenset(last)


def people(text: str) -> Iterator[tuple[int, int, str, float]]:
    """Yield the names of people in a text, as a plug-in does."""
    known = lists()
    for run in _RUN.finditer(text):
        yield from _in_run(text, run, known)


def _in_run(text: str, run: re.Match[str], known: Lists) -> Iterator[tuple[int, int, str, float]]:
    words = list(_WORD.finditer(text, run.start(), run.end()))
    place = 0
    while place < len(words):
        length = _name_at(text, words, place, known)
        if length:
            last = words[place + length - 1]
            end = last.end() - (last[0].endswith(".") and len(last[0]) > 2)
            yield words[place].start(), end, "PERSON", 0.6
            place += length
        else:
            place += 1


def _name_at(text: str, words: list[re.Match[str]], place: int, known: Lists) -> int:
    """Return how many words from a place on are a name, 0 for none."""
    here = _plain(words[place][0])
    if here in _TITLE:
        return 0
    titled = place > 0 and _plain(words[place - 1][0]) in _TITLE
    introduced = place == 0 and _BEFORE.search(
        text, max(0, words[place].start() - 24), words[place].start()
    )
    strength = _strength(here, known)
    length = 1
    best = strength
    while place + length < len(words) and length < TOKENS_MAX:
        following = _plain(words[place + length][0])
        if following in _NEVER:
            break
        more = _strength(following, known)
        initial = len(following) == 1
        if more == 0 and not initial and known.zipf(following) >= COMMON:
            break
        best = max(best, more)
        length += 1
    behind = _plain(words[place + length][0]) if place + length < len(words) else ""
    if here in _NEVER or behind in _NEVER:  # Kimberly Way, Hill Inc.
        return 0
    if titled or (introduced and known.zipf(here) < VERY_COMMON):
        return length
    if length > 1 and strength and (best == 2 or known.zipf(here) < COMMON):
        return length
    return length if strength == 2 else 0


def _strength(word: str, known: Lists) -> int:
    """Return 2 for what is a name and no common word, 1 for what may be one."""
    if word in known.first:
        return 2 if known.zipf(word) < VERY_COMMON else 1
    if word in known.last:
        return 2 if known.zipf(word) < 3.2 else 1
    parts = re.split(r"[-’']", word)
    return (
        1
        if len(parts) > 1 and any(part in known.first or part in known.last for part in parts)
        else 0
    )


def _plain(word: str) -> str:
    return word.rstrip(".").removesuffix("'s").removesuffix("’s").casefold()
