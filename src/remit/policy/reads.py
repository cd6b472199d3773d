"""What the entries of a case say: its witnesses, sorted by what was read, newest first."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from remit.domain.action import CaseSource, Integrity, Proof, ToolSource, Witness
from remit.domain.frozen import dataclass
from remit.domain.value import Json, encode

CASE = "case"  # the tool word of witnesses that stand in the case itself
ENDORSEMENT = "endorsement"  # a person vouched: record is the person, path the parameter
READS_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One field of one record in one read; several witnesses where it stands in a list."""

    seq: int
    witnesses: tuple[Witness, ...]

    @property
    def values(self) -> frozenset[bytes]:
        return frozenset(key(witness) for witness in self.witnesses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an element stands in the list that an argument is."""

    number: int
    of: int


class Reads:
    """The witnesses of one case, in one order whatever the order they came in."""

    def __init__(self, witnesses: Sequence[Witness]) -> None:
        self.witnesses = _in_order(witnesses)
        self._fields: dict[tuple[str, str, str], dict[int, list[Witness]]] = {}
        self._elements: dict[tuple[str, int, str], set[tuple[str, int]]] = {}
        self._records: dict[str, dict[str, int]] = {}
        self._reads: dict[str, set[int]] = {}
        for one in self.witnesses:  # with the seq that only grows: the last is the newest
            tool, seq, record, path = one.tool, one.seq, one.record, one.path
            self._fields.setdefault((tool, record, path), {}).setdefault(seq, []).append(one)
            self._elements.setdefault((tool, seq, path), set()).add((record, one.element))
            self._records.setdefault(tool, {})[record] = seq
            self._reads.setdefault(tool, set()).add(seq)

    @classmethod
    def of(cls, witnesses: "Sequence[Witness] | Reads") -> "Reads":
        """Return these witnesses sorted; they may be already, when several questions need them."""
        return witnesses if isinstance(witnesses, Reads) else cls(witnesses)

    def records(self, tool: str) -> tuple[str, ...]:
        """Return the records of that tool that were read, the newest read first."""
        newest = self._records.get(tool, {})
        if len(newest) < 2:  # noqa: PLR2004 - nothing to sort
            return tuple(newest)
        return tuple(sorted(newest, key=lambda record: (-newest[record], record)))

    def too_many(self, tool: str) -> bool:
        """Was this tool read more often than a proof looks through?"""
        return len(self._reads.get(tool, ())) > READS_MAX

    def readings(self, tool: str, record: str, path: str) -> tuple[Reading, ...]:
        """Return what each read of that record says at that path, the newest first."""
        by_seq = self._fields.get((tool, record, path), {})
        return tuple(
            Reading(seq=seq, witnesses=tuple(by_seq[seq])) for seq in sorted(by_seq, reverse=True)
        )

    def standing(self, tool: str, record: str, path: str) -> tuple[Reading, ...]:
        """Return the newest reading and those before it that say the same."""
        readings = self.readings(tool, record, path)
        same = [*readings[:1]]
        for newer, older in pairwise(readings):
            if newer.values != older.values:
                break
            same.append(older)
        return tuple(same)

    def case_field(self, source: CaseSource) -> Witness | None:
        """Return what the case says now in that field."""
        standing = self.standing(CASE, "", source.field)
        return best(standing[0].witnesses) if standing else None

    def element(
        self, source: ToolSource, reading: Reading, place: Place | None = None
    ) -> Witness | Proof | None:
        """Return the one value that the source means in this reading.

        `place` is of an element of a list: it means the element at the same place of a list that
        is exactly as long. `None` where the key field matches nothing; a `Proof` says why no
        single one can be told.
        """
        first = reading.witnesses[0]
        if source.by is None:
            elements = self._elements[first.tool, first.seq, first.path]
            if len(elements) == 1:
                return first
            if place is None or not len(elements) == len(reading.witnesses) == place.of:
                return Proof.AMBIGUOUS_LIST
            return next(
                (one for one in reading.witnesses if one.element == place.number),
                Proof.AMBIGUOUS_LIST,
            )
        key_field, key_source = source.by
        wanted = self.case_field(key_source)
        if wanted is None or wanted.integrity.rank < Integrity.STATED.rank:
            return Proof.UNTRUSTED_SELECTION
        keys = self._fields.get((first.tool, first.record, beside(source.path, key_field)), {})
        places = {one.element for one in keys.get(reading.seq, ()) if key(one) == key(wanted)}
        chosen = [one for one in reading.witnesses if one.element in places]
        if len(chosen) > 1:
            return Proof.AMBIGUOUS_LIST
        return chosen[0] if chosen else None


def key(value: Witness) -> bytes:
    """Return what two equal values have in common: the bytes of type and form."""
    return encode([value.type, value.form])


def same(witness: Witness, type_word: str, form: Json) -> bool:
    """Is this exactly that value, of exactly that type?"""
    return witness.type == type_word and encode(witness.form) == encode(form)


def _in_order(witnesses: Sequence[Witness]) -> list[Witness]:
    """Return witnesses so that the order in which they come changes nothing.

    Their values are compared only where everything else is equal: writing them is what costs.
    """
    said = sorted(witnesses, key=_place)
    if any(_place(one) == _place(other) for one, other in pairwise(said)):
        said.sort(key=lambda one: (_place(one), key(one)))
    return said


def _place(one: Witness) -> tuple[int, str, str, str, int]:
    return (one.seq, one.tool, one.record, one.path, one.element)


def best(witnesses: Sequence[Witness]) -> Witness:
    """Return the most trusted of these witnesses, the newest of equals."""
    return max(witnesses, key=lambda one: (one.integrity.rank, one.seq))


def beside(path: str, field: str) -> str:
    """Return the path of a field that stands in the same element."""
    parent, dot, _ = path.rpartition(".")
    return f"{parent}{dot}{field}"


def occurrences(witnesses: Sequence[Witness], type_word: str, form: Json) -> Iterator[Witness]:
    """Yield where this same value does stand; information for people, never proof."""
    return (one for one in witnesses if same(one, type_word, form))
