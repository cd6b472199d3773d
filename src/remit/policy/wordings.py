"""Runs of words that two texts share: an alarm on content, never a proof of anything."""

import re
from collections.abc import Iterable

WORDS_MAX = 20_000

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def runs(text: str, length: int) -> frozenset[str]:
    """Return every run of so many words, as words alone."""
    words = [match.group().casefold() for match in _WORD.finditer(text)][:WORDS_MAX]
    return frozenset(" ".join(words[at : at + length]) for at in range(len(words) - length + 1))


def common(text: str, others: Iterable[str], length: int) -> frozenset[str]:
    """Return the runs of words that a text has in common with any of the others."""
    own = runs(text, length)
    if not own:
        return own
    found: set[str] = set()
    for one in others:
        found |= own & runs(one, length)
    return frozenset(found)
