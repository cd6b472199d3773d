"""Find values that are already known, however they are spaced, cased, accented or encoded."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from remit.domain.frozen import dataclass
from remit.intake.encoded import pieces
from remit.intake.hit import Hit

SKELETON_MIN = 6
NAME_SKELETON_MIN = 3
HITS_MAX = 10_000

_KEPT = re.compile(r"[^\W_]")
_LEAD = re.compile(r"(?<!\w)(?<!\w-)(?:\(\+?|\+)$")  # where a number may begin: `numbers.RUN`
_ASCII_DROPPED = dict.fromkeys(point for point in range(128) if not chr(point).isalnum())


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Known:
    """A value to look for: its skeletons, and the canonical form that its token stands for."""

    type: str
    canonical: str
    bones: tuple[str, ...]

    @classmethod
    def of(cls, type: str, canonical: str, *written: str) -> "Known":
        """Return what to look for; a skeleton that is too short to mean anything is left out.

        A whole text is not looked for within others.
        """
        if type == "TEXT":
            return cls(type=type, canonical=canonical, bones=())
        least = NAME_SKELETON_MIN if type == "PERSON" else SKELETON_MIN
        bones = dict.fromkeys(skeleton(form) for form in (canonical, *written))
        kept = tuple(one for one in bones if len(one) >= least)
        return cls(type=type, canonical=canonical, bones=kept)


def hits(text: str, known: Iterable[Known]) -> Iterator[Hit]:
    """Yield every place where a known value stands; it may not continue a word or a number."""
    wanted: dict[str, Known] = {}
    for value in known:
        for one in value.bones:
            wanted.setdefault(one, value)
    if not wanted:
        return
    yield from _plain(text, wanted)
    for start, end, said in pieces(text):
        # Where a piece says a known value, all of it is masked.
        for hit in _plain(said, wanted):
            yield Hit(start, end, hit.type, 1.0, hit.label, hit.canonical)
            break


def _plain(text: str, wanted: dict[str, Known]) -> Iterator[Hit]:
    body = skeleton(text)
    found = [bones for bones in wanted if bones in body]
    if not found:
        return
    places = _places(text)
    count = 0
    for bones in found:
        at = body.find(bones)
        while at >= 0 and count < HITS_MAX:
            start, end = places[at], places[at + len(bones) - 1] + 1
            if not _continues(text, start, end):
                value = wanted[bones]
                if value.type == "PHONE" and (
                    lead := _LEAD.search(text, max(0, start - 2), start)
                ):
                    start = lead.start()
                yield Hit(start, end, value.type, 1.0, value.type, value.canonical)
                count += 1
            at = body.find(bones, at + 1)


def skeleton(text: str) -> str:
    """Return letters and digits only, accents stripped, case folded, digits in ASCII."""
    if text.isascii():
        return text.translate(_ASCII_DROPPED).lower()
    return text.translate(_BONES)


def _places(text: str) -> list[int]:
    if text.isascii():
        return [match.start() for match in _KEPT.finditer(text)]
    return [place for place, char in enumerate(text) for _ in _bone(char)]


def _bone(char: str) -> str:
    if char.isascii():
        return char.lower() if char.isalnum() else ""
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    spread = unicodedata.normalize("NFKD", char).casefold()
    return "".join(one for one in spread if one.isalnum())


class _Bones(dict[int, str]):
    """What is left of a character, worked out on first sight."""

    def __missing__(self, point: int) -> str:
        bone = self[point] = _bone(chr(point))
        return bone


_BONES = _Bones()


def _continues(text: str, start: int, end: int) -> bool:
    before, first = text[start - 1 : start], text[start]
    last, after = text[end - 1], text[end : end + 1]
    return _joined(before, first) or _joined(last, after)


def _joined(left: str, right: str) -> bool:
    return (left.isalpha() and right.isalpha()) or (left.isdigit() and right.isdigit())
