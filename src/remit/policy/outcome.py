"""What one source says of one value."""

from collections.abc import Sequence
from decimal import Decimal

from remit.domain.action import (
    CaseSource,
    DirectorySource,
    Integrity,
    LiteralSource,
    Proof,
    Source,
    ToolSource,
    Witness,
    words,
)
from remit.domain.assumption import joined
from remit.domain.directory import Directory
from remit.domain.frozen import dataclass
from remit.domain.members import changed
from remit.domain.value import Canonical, encode
from remit.policy import bounds
from remit.policy.bounds import is_bound, size
from remit.policy.reads import CASE, Place, Reading, Reads, best, same
from remit.policy.wording import show

# What is told first when several sources fail; only the first denies by itself.
_GRAVITY = {
    proof: rank
    for rank, proof in enumerate(
        (
            Proof.PROVEN,
            Proof.CONTENT,
            Proof.NOT_LITERAL,
            Proof.ABSENT,
            Proof.NOT_A_MEMBER,
            Proof.DIFFERENT,
            Proof.AMBIGUOUS_LIST,
            Proof.TWO_RECORDS,
            Proof.STALE,
            Proof.UNTRUSTED_SELECTION,
            Proof.TOO_MANY_RECORDS,
            Proof.ABOVE,
        )
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One source tried on one value."""

    proof: Proof
    source: Source
    integrity: Integrity = Integrity.UNTRUSTED
    seq: int | None = None
    matches: bool = False  # the value is right, whether or not its origin is trusted
    accepted: str = ""  # what would have been accepted, in words
    assumptions: tuple[str, ...] = ()  # `field:code` of what the value rests on
    record: str | None = None  # of a tool: which one it looked at
    said: str = ""  # the source in words, where the declaration does not say it
    whole: bool = False  # by its place in a list that was read: the argument is that whole list

    @property
    def gravity(self) -> int:
        return _GRAVITY[self.proof]

    @property
    def tool(self) -> str:
        return self.source.tool if isinstance(self.source, ToolSource) else ""

    @property
    def words(self) -> str:
        return self.said or words(self.source)

    def failing(self, proof: Proof, accepted: str | None = None) -> "Outcome":
        """Return the same source, not proving."""
        said = self.accepted if accepted is None else accepted
        return changed(self, proof=proof, integrity=Integrity.UNTRUSTED, accepted=said)


def gravest(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the first that proves, else the failure that is told first."""
    proven = next((one for one in outcomes if one.proof is Proof.PROVEN), None)
    worst = proven or max(outcomes, key=lambda one: one.gravity)
    matches = any(one.matches for one in outcomes)
    return worst if worst.matches is matches else changed(worst, matches=matches)


def beyond_endorsing(worst: Outcome, tried: Sequence[Outcome]) -> bool:
    """Is this a bound or a constant of the reviewed version, which no person may vouch away?"""
    against_a_bound = any(is_bound(one.source) and one.proof is Proof.DIFFERENT for one in tried)
    return against_a_bound or worst.proof in {Proof.ABOVE, Proof.NOT_LITERAL}


def of_case(reads: Reads, source: CaseSource, value: Canonical) -> Outcome:
    """Return what the case says: equal to that field, which its requester stated."""
    name = words(source)
    standing = reads.standing(CASE, "", source.field)
    if not standing:
        return Outcome(proof=Proof.ABSENT, source=source, accepted=f"{name} has no value")
    now = best(standing[0].witnesses)
    accepted = f"{name} is {show(now.form)}"
    if not same(now, value.type, value.form):
        older = reads.readings(CASE, "", source.field)[1:]
        return Outcome(proof=_differs(older, value), source=source, accepted=accepted)
    witness = best([one for reading in standing for one in reading.witnesses])
    return _equal(source, witness, witness.integrity, accepted)


def of_literal(source: LiteralSource, value: Canonical) -> Outcome:
    """Return whether the value is one of the reviewed constants."""
    if encode(value.form) not in {encode(one) for one in source.values}:
        return Outcome(proof=Proof.NOT_LITERAL, source=source, accepted=words(source))
    return Outcome(proof=Proof.PROVEN, source=source, integrity=Integrity.LITERAL, matches=True)


def of_directory(
    reads: Reads, source: DirectorySource, value: Canonical, directory: Directory | None
) -> Outcome:
    """Return whether the value is a member of that list.

    What a tool reads in this case can be written by others too: its members are as good as stated.
    """
    accepted = f"a member of the directory {source.name}"
    if directory is None or not isinstance(value.form, str):
        return Outcome(proof=Proof.NOT_A_MEMBER, source=source, accepted=accepted)
    if not directory.tool:
        if value.form not in directory.members:
            return Outcome(proof=Proof.NOT_A_MEMBER, source=source, accepted=accepted)
        return Outcome(
            proof=Proof.PROVEN, source=source, integrity=Integrity.LITERAL, matches=True
        )
    found = [
        one
        for record in reads.records(directory.tool)
        for reading in reads.readings(directory.tool, record, directory.path)[:1]
        for one in reading.witnesses
        if same(one, value.type, value.form)
    ]
    if not found:
        accepted += f", which {directory.tool} found in this case"
        return Outcome(proof=Proof.NOT_A_MEMBER, source=source, accepted=accepted)
    return Outcome(
        proof=Proof.PROVEN,
        source=source,
        integrity=Integrity.STATED,
        seq=best(found).seq,
        matches=True,
    )


def at_record(
    reads: Reads,
    source: ToolSource,
    record: str,
    value: Canonical,
    *,
    already: Decimal,
    place: Place | None = None,
) -> Outcome:
    """Return what that tool says of that record, by its newest read and those that agree."""
    found = _at_record(reads, source, record, value, already=already, place=place)
    whole = place is not None and source.by is None and not source.at_most
    return changed(found, record=record, whole=whole and found.proof is Proof.PROVEN)


def _at_record(
    reads: Reads,
    source: ToolSource,
    record: str,
    value: Canonical,
    *,
    already: Decimal,
    place: Place | None,
) -> Outcome:
    name = f"{source.tool}.{source.path}" + (f" of {show(record)}" if record else "")
    standing = reads.standing(source.tool, record, source.path)
    if not standing:
        return Outcome(proof=Proof.ABSENT, source=source, accepted=f"{name} has no value")
    now = reads.element(source, standing[0], place)
    if now is None:
        return Outcome(
            proof=Proof.ABSENT, source=source, accepted=f"{name} has no element with that key"
        )
    if isinstance(now, Proof):
        listed = any(same(one, value.type, value.form) for one in standing[0].witnesses)
        return Outcome(
            proof=now,
            source=source,
            matches=listed,
            accepted=f"{name} is a list of {len(standing[0].witnesses)}",
        )
    witness = best([one for one in (_one(reads, source, read, place) for read in standing) if one])
    integrity, chosen_on = _selected(reads, source, witness)
    if chosen_on:
        witness = changed(witness, assumptions=joined([witness.assumptions, chosen_on]))
    if source.at_most:
        return _within(
            source, name, value, now, witness=witness, integrity=integrity, already=already
        )
    accepted = f"{name} is {show(now.form)}"
    if not same(now, value.type, value.form):
        older = reads.readings(source.tool, record, source.path)[len(standing) :]
        return Outcome(proof=_differs(older, value), source=source, accepted=accepted)
    return _equal(source, witness, integrity, accepted)


def _one(
    reads: Reads, source: ToolSource, reading: Reading, place: Place | None
) -> Witness | None:
    found = reads.element(source, reading, place)
    return found if isinstance(found, Witness) else None


def _selected(
    reads: Reads, source: ToolSource, witness: Witness
) -> tuple[Integrity, tuple[str, ...]]:
    """Return the integrity of the value joined with that of its key, and what the key rests on."""
    if source.by is None:
        return witness.integrity, ()
    chooser = reads.case_field(source.by[1])
    if chooser is None:
        return Integrity.UNTRUSTED, ()
    lowest = min(witness.integrity, chooser.integrity, key=lambda integrity: integrity.rank)
    return lowest, chooser.assumptions


def _equal(source: Source, witness: Witness, integrity: Integrity, accepted: str) -> Outcome:
    trusted = integrity.rank >= Integrity.STATED.rank
    return Outcome(
        proof=Proof.PROVEN if trusted else Proof.UNTRUSTED_SELECTION,
        source=source,
        integrity=integrity,
        seq=witness.seq,
        matches=True,
        accepted=accepted,
        assumptions=witness.assumptions,
    )


def _differs(older: Sequence[Reading], value: Canonical) -> Proof:
    once = any(same(one, value.type, value.form) for read in older for one in read.witnesses)
    return Proof.STALE if once else Proof.DIFFERENT


def _within(
    source: ToolSource,
    name: str,
    value: Canonical,
    now: Witness,
    *,
    witness: Witness,
    integrity: Integrity,
    already: Decimal,
) -> Outcome:
    asked, unit = size(value.type, value.form)
    bound, bound_unit = size(now.type, now.form)
    accepted = f"above zero and {name} at most, which is {show(now.form)}"
    if already and unit == bound_unit:
        accepted += f"; {bounds.words(already, unit)} of it is already given"
    if asked is None or bound is None or unit != bound_unit:
        return Outcome(proof=Proof.DIFFERENT, source=source, accepted=accepted)
    if asked <= 0 or asked + already > bound:
        return Outcome(proof=Proof.ABOVE, source=source, accepted=accepted)
    return _equal(source, witness, integrity, accepted)
