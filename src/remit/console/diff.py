"""What differs between two texts, by word: for long values, which nobody compares by eye."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

LONG_CHARACTERS: Final = 60  # shorter values stand side by side
WORDS_MAX: Final = 2_000  # of each; longer texts stand side by side too

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Words that stay, go or come."""

    kind: str  # same | gone | new
    text: str


def by_word(now: str | None, after: str) -> tuple[Stretch, ...]:
    """Return the stretches of two texts; nothing where both are short, or too long for it."""
    if not now or max(len(now), len(after)) <= LONG_CHARACTERS:
        return ()
    before, behind = _WORDS.findall(now), _WORDS.findall(after)
    if max(len(before), len(behind)) > WORDS_MAX:
        return ()
    found: list[Stretch] = []
    matched = SequenceMatcher(a=before, b=behind, autojunk=False)
    for _, first, last, start, end in matched.get_opcodes():
        gone, new = "".join(before[first:last]), "".join(behind[start:end])
        if gone == new:
            found.append(Stretch(kind="same", text=gone))
            continue
        if gone:
            found.append(Stretch(kind="gone", text=gone))
        if new:
            found.append(Stretch(kind="new", text=new))
    return tuple(found)
