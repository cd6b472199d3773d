"""Find values that are already known, however they are spaced, cased, accented or encoded."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from remit.domain.frozen import dataclass
from remit.domain.value import Json
from remit.errors import MaskingFailedError
from remit.intake.encoded import pieces
from remit.intake.hit import Hit

SKELETON_MIN = 6
NAME_SKELETON_MIN = 3
HITS_MAX = 10_000
DEPTH_MAX = 64
GRAM = 5  # letters that many values are told apart by
LITERALS_MAX = 200  # above, and in short texts already below, looking at each place costs less

_KEPT = re.compile(r"[^\W_]")
_LEAD = re.compile(r"(?<!\w)(?<!\w-)(?:\(\+?|\+)$")  # where a number may begin: `numbers.RUN`
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_LOWER = bytes(range(128)).lower() + bytes(range(128, 256))
_ASCII_DROPPED = bytes(point for point in range(128) if not chr(point).isalnum())


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


class KnownValues:
    """The values to look for, from the first one that was added; there is no way to take one out.

    A few are looked for one after the other. Many are found by their first letters, at each place
    of a text: its price does not grow with their number.
    """

    def __init__(self, values: Iterable[Known] = ()) -> None:
        self._of: dict[str, Known] = {}
        self._rank: dict[str, int] = {}
        self._short: list[str] = []
        self._by_gram: dict[str, list[str]] = {}
        for value in values:
            self.add(value)

    def add(self, value: Known) -> None:
        """Look for one more."""
        for bones in value.bones:
            if bones in self._of:
                continue
            self._rank[bones] = len(self._of)
            self._of[bones] = value
            if len(bones) < GRAM:
                self._short.append(bones)
            else:
                self._by_gram.setdefault(bones[:GRAM], []).append(bones)

    def hits(self, text: str) -> Iterator[Hit]:
        """Yield every place where one stands; it may not continue a word or a number."""
        if not self._of:
            return
        yield from self._plain(text)
        for start, end, said in pieces(text):
            # Where a piece says a known value, all of it is masked.
            for hit in self._plain(said):
                yield Hit(start, end, hit.type, 1.0, hit.label, hit.canonical)
                break

    def _plain(self, text: str) -> Iterator[Hit]:
        body = skeleton(text)
        found = self._in(body)
        if not found:
            return
        places = _places(text)
        count = 0
        for bones in found:
            value = self._of[bones]
            at = body.find(bones)
            while at >= 0 and count < HITS_MAX:
                start, end = places[at], places[at + len(bones) - 1] + 1
                if not _continues(text, start, end):
                    if value.type == "PHONE" and (
                        lead := _LEAD.search(text, max(0, start - 2), start)
                    ):
                        start = lead.start()
                    yield Hit(start, end, value.type, 1.0, value.type, value.canonical)
                    count += 1
                at = body.find(bones, at + 1)

    def _in(self, body: str) -> list[str]:
        """Return those that a skeleton holds, in the order in which they were added."""
        if len(self._of) <= min(LITERALS_MAX, 2 * len(body)):
            return [bones for bones in self._of if bones in body]
        starting = (
            (at, bones)
            for at in range(len(body) - GRAM + 1)
            for bones in self._by_gram.get(body[at : at + GRAM], ())
        )
        found = {bones for at, bones in starting if body.startswith(bones, at)}
        found.update(bones for bones in self._short if bones in body)
        return sorted(found, key=self._rank.__getitem__)


def stands(known: Known, form: Json, depth: int = 0) -> bool:
    """Tell whether a value stands somewhere in a form, its keys among them, in any dress.

    One that is too short to be looked for so is looked for as it is.
    """
    if depth > DEPTH_MAX:
        raise MaskingFailedError("a value is nested too deep to be searched")
    if isinstance(form, dict):
        return any(stands(known, one, depth + 1) for one in (*form.keys(), *form.values()))
    if isinstance(form, list):
        return any(stands(known, one, depth + 1) for one in form)
    if form is None or isinstance(form, bool):
        return False
    if known.bones:
        return any(True for _ in KnownValues([known]).hits(str(form)))
    return known.canonical.casefold() in str(form).casefold()


def skeleton(text: str) -> str:
    """Return letters and digits only, accents stripped, case folded, digits in ASCII."""
    if not text.isascii():
        text = _BEYOND_ASCII.sub(_boned, text)
    return text.encode().translate(_LOWER, _ASCII_DROPPED).decode()


def _boned(run: re.Match[str]) -> str:
    return run[0].translate(_BONES)


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
