"""Features of a short text: words, word pairs and letter pieces, weighted by rarity."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

TEXT_BYTES_MAX = 64 * 1024  # beyond this nothing is scored: a person looks
TERMS_MAX = 30_000  # in each of the two blocks
PIECE_LETTERS_MIN, PIECE_LETTERS_MAX = 2, 5

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The terms that count, each with its column and its rarity.

    Two blocks, words with word pairs and letter pieces, are weighted and normalised apart, so a
    message of one long word says as much by its pieces as by its words.
    """

    columns: Mapping[str, int]  # words are stored as `w:card`, pieces as `p:car`
    rarity: Sequence[float]  # by column

    def vector(self, text: str) -> list[tuple[int, float]]:
        """Return (column, weight) pairs, ascending; empty when no term is known."""
        weights: list[tuple[int, float]] = []
        for block in (word_terms(text), piece_terms(text)):
            weights += self._block(block)
        return sorted(weights)

    def _block(self, counts: Mapping[str, int]) -> list[tuple[int, float]]:
        found = [
            (column, (1.0 + math.log(count)) * self.rarity[column])
            for term, count in counts.items()
            if (column := self.columns.get(term)) is not None
        ]
        length = math.sqrt(sum(weight * weight for _, weight in found)) * math.sqrt(2.0)
        return [(column, weight / length) for column, weight in found]


def learn(texts: Sequence[str], *, seen_in_texts_min: int) -> Vocabulary:
    """Return the most frequent terms of these texts, ties in the order of letters."""
    kept: list[tuple[str, int]] = []
    for terms in (word_terms, piece_terms):
        frequency: Counter[str] = Counter()
        for text in texts:
            frequency.update(terms(text).keys())
        ranked = sorted(frequency.items(), key=lambda item: (-item[1], item[0]))
        kept += [item for item in ranked if item[1] >= seen_in_texts_min][:TERMS_MAX]
    return Vocabulary(
        columns={term: column for column, (term, _) in enumerate(kept)},
        rarity=[math.log((1 + len(texts)) / (1 + count)) + 1.0 for _, count in kept],
    )


def words(text: str) -> list[str]:
    """Return the words of a text, folded to one form of width and case."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def word_terms(text: str) -> Counter[str]:
    """Count words and pairs of neighbours."""
    found = words(text)
    counts = Counter(f"w:{word}" for word in found)
    counts.update(f"w:{left} {right}" for left, right in pairwise(found))
    return counts


def piece_terms(text: str) -> Counter[str]:
    """Count pieces of three to five letters inside words, with the word's edges as spaces."""
    counts: Counter[str] = Counter()
    for word in words(text):
        padded = f" {word} "
        for length in range(PIECE_LETTERS_MIN, PIECE_LETTERS_MAX + 1):
            if length > len(padded) and length > PIECE_LETTERS_MIN:
                break
            for start in range(max(1, len(padded) - length + 1)):
                counts[f"p:{padded[start : start + length]}"] += 1
    return counts


def readable(text: str, *, scripts: frozenset[str]) -> bool:
    """Say whether a text can be scored: words, not too many, in a script that was learnt."""
    if not words(text) or len(text.encode()) > TEXT_BYTES_MAX:
        return False
    letters = Counter(_script(letter) for letter in text if letter.isalpha())
    if not letters:
        return False
    known = sum(count for script, count in letters.items() if script in scripts)
    return 2 * known > letters.total()


def scripts_of(texts: Iterable[str]) -> frozenset[str]:
    """Return the scripts that make up at least one letter in a hundred."""
    letters = Counter(_script(letter) for text in texts for letter in text if letter.isalpha())
    return frozenset(name for name, count in letters.items() if 100 * count >= letters.total())


def _script(letter: str) -> str:
    """Return a coarse script name: the first word of the letter's Unicode name."""
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0] if letter > "\x7f" else "LATIN"
