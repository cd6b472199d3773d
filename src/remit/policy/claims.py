"""Values that need a proof, and what one tool proves of all of them together."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from remit.domain.action import (
    Bound,
    CaseSource,
    Demand,
    DirectorySource,
    Integrity,
    LiteralSource,
    ParamSpec,
    Proof,
    Source,
    ToolSource,
    Witness,
    alternatives,
)
from remit.domain.directory import Directories
from remit.domain.frozen import dataclass
from remit.domain.value import Canonical
from remit.policy import reads as entries
from remit.policy.bounds import bound_of, is_bound, size, together
from remit.policy.outcome import (
    Outcome,
    at_record,
    gravest,
    of_case,
    of_directory,
    of_literal,
)
from remit.policy.reads import ENDORSEMENT, Place, Reads

COMBINATIONS_MAX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One value that needs a proof: an argument, or one element of a list."""

    param: ParamSpec
    value: Canonical
    place: int
    of: int = 0  # so many elements has the list that the argument is

    @property
    def key(self) -> tuple[str, int]:
        return (self.param.name, self.place)

    def cites(self, tool: str) -> tuple[ToolSource, ...]:
        return tuple(
            one
            for one in alternatives(self.param.source)
            if isinstance(one, ToolSource) and one.tool == tool
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    reads: Reads
    directories: Directories
    already: Mapping[Bound, Decimal]
    claims: Sequence[Claim]

    def tools(self) -> tuple[str, ...]:
        found = {
            one.tool
            for claim in self.claims
            for one in alternatives(claim.param.source)
            if isinstance(one, ToolSource)
        }
        return tuple(sorted(found))

    def outcomes_of(self, tool: str) -> dict[tuple[str, int], Outcome]:
        """Return what that tool proves of each claim that cites it, by one and the same record.

        A claim that another source proves must still agree with that record; otherwise somebody
        could take the order from here and the amount from there.
        """
        claims = [claim for claim in self.claims if claim.cites(tool)]
        records = self.reads.records(tool)
        if self.reads.too_many(tool) or len(records) * len(claims) > COMBINATIONS_MAX:
            return {
                claim.key: Outcome(proof=Proof.TOO_MANY_RECORDS, source=claim.cites(tool)[0])
                for claim in claims
            }
        if not records:
            return {
                claim.key: Outcome(
                    proof=Proof.ABSENT,
                    source=claim.cites(tool)[0],
                    accepted=f"{tool} was not read",
                )
                for claim in claims
            }
        table = {record: self._at(record, tool, claims) for record in records}
        for record in records:
            if all(outcome.proof is Proof.PROVEN for outcome in table[record].values()):
                return table[record]
        chosen = max(records, key=lambda record: _likeness(table[record]))
        return {claim.key: self._alone(claim, claims, chosen, table) for claim in claims}

    def record_of(self, tool: str) -> str:
        """Return the record that agrees best with all claims that cite this tool."""
        records = self.reads.records(tool)
        claims = [claim for claim in self.claims if claim.cites(tool)]
        return max(records, key=lambda record: _likeness(self._at(record, tool, claims)))

    def _at(
        self, record: str, tool: str, claims: Sequence[Claim]
    ) -> dict[tuple[str, int], Outcome]:
        return {
            claim.key: gravest(
                [
                    at_record(
                        self.reads,
                        source,
                        record,
                        claim.value,
                        already=self._taken(source, record, claim),
                        place=Place(number=claim.place, of=claim.of) if claim.of else None,
                    )
                    for source in claim.cites(tool)
                ]
            )
            for claim in claims
        }

    def _taken(self, source: ToolSource, record: str, claim: Claim) -> Decimal:
        """Return what others take of a bound: earlier effects, and this one's other arguments."""
        if not source.at_most:
            return Decimal(0)
        bound = bound_of(source, record, claim.value, self.reads)
        beside = [
            other.value
            for other in self.claims
            if other is not claim and source in alternatives(other.param.source)
        ]
        return self.already.get(bound, Decimal(0)) + together(beside, bound.unit)

    def demands(self, claim: Claim, tried: Sequence[Outcome]) -> tuple[Demand, ...]:
        """Return what a value takes of its bounds, unless a source that is no bound proves it."""
        proven = next((one for one in tried if one.proof is Proof.PROVEN), None)
        if proven is not None:
            tried = (proven,)
        limiting = [
            (one.source, one.record)
            for one in tried
            if one.record is not None and isinstance(one.source, ToolSource) and one.source.at_most
        ]
        quantity = size(claim.value.type, claim.value.form)[0] if limiting else None
        return tuple(
            Demand(
                bound=bound_of(source, record, claim.value, self.reads),
                quantity=format(quantity, "f"),
            )
            for source, record in limiting
            if quantity is not None
        )

    def _alone(
        self,
        claim: Claim,
        claims: Sequence[Claim],
        chosen: str,
        table: Mapping[str, Mapping[tuple[str, int], Outcome]],
    ) -> Outcome:
        """Return the outcome where no record proves everything that cites the tool."""
        mine = table[chosen][claim.key]
        strangers = [
            other
            for other in claims
            if other is not claim and not table[chosen][other.key].matches
        ]
        if mine.matches:
            bound = is_bound(mine.source)
            if any(
                (bound and not _is_bound(table[chosen][other.key]))
                or self._is_proven_otherwise(other, chosen_tool=mine.tool)
                for other in strangers
            ):
                return mine.failing(Proof.TWO_RECORDS)
            return mine
        identified = not any(not _is_bound(table[chosen][other.key]) for other in strangers)
        if mine.proof is Proof.ABOVE and identified:
            return mine
        if any(outcomes[claim.key].matches for outcomes in table.values()):
            return mine.failing(Proof.TWO_RECORDS)
        return mine

    def _is_proven_otherwise(self, claim: Claim, *, chosen_tool: str) -> bool:
        """Could something else than this tool prove it? Another tool counts as yes."""
        if self.endorsed(claim) is not None:
            return True
        return any(
            one.tool != chosen_tool
            if isinstance(one, ToolSource)
            else self.fixed(one, claim).proof is Proof.PROVEN
            for one in alternatives(claim.param.source)
        )

    def fixed(self, source: Source, claim: Claim) -> Outcome:
        if isinstance(source, CaseSource):
            return of_case(self.reads, source, claim.value)
        if isinstance(source, LiteralSource):
            return of_literal(source, claim.value)
        if isinstance(source, DirectorySource):
            directory = self.directories.get(source.name)
            return of_directory(self.reads, source, claim.value, directory)
        # AnySource and OneOf cannot stand among alternatives (`Source.any() | ...` is refused).
        return Outcome(proof=Proof.DIFFERENT, source=source)

    def endorsed(self, claim: Claim) -> Witness | None:
        """Return the word of a person for this value, where one may be given."""
        if not claim.param.endorsable:
            return None
        found = [
            one
            for one in self.reads.witnesses
            if one.tool == ENDORSEMENT
            and one.path == claim.param.name
            and one.integrity is Integrity.ENDORSED
            and entries.same(one, claim.value.type, claim.value.form)
        ]
        return entries.best(found) if found else None


def _likeness(outcomes: Mapping[tuple[str, int], Outcome]) -> tuple[int, int]:
    matched = [outcome for outcome in outcomes.values() if outcome.matches]
    equal = sum(not _is_bound(outcome) for outcome in matched)
    return (equal, len(matched) - equal)


def _is_bound(outcome: Outcome) -> bool:
    return is_bound(outcome.source)
