"""What flows with a value: how far it can be trusted, who may see it, and where it came from."""

from collections.abc import Iterable
from enum import StrEnum

from remit.domain.action import Integrity
from remit.domain.frozen import dataclass


class Confidentiality(StrEnum):
    """Who may see a value, low to high."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105 - a word of the scale

    @property
    def rank(self) -> int:
        return _RANK[self]


_RANK = {one: rank for rank, one in enumerate(Confidentiality)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLabel:
    """Integrity is a minimum, confidentiality a maximum; subjects and origins add up."""

    integrity: Integrity
    confidentiality: Confidentiality
    subjects: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    def join(self, other: "FlowLabel") -> "FlowLabel":
        """Return the label of what is made of both."""
        return FlowLabel(
            integrity=min(self.integrity, other.integrity, key=lambda one: one.rank),
            confidentiality=max(
                self.confidentiality, other.confidentiality, key=lambda one: one.rank
            ),
            subjects=self.subjects | other.subjects,
            origins=self.origins | other.origins,
        )


UNLABELLED = FlowLabel(
    integrity=Integrity.UNTRUSTED, confidentiality=Confidentiality.INTERNAL
)  # what nobody has said anything of


def joined(labels: Iterable[FlowLabel]) -> FlowLabel:
    """Return the label of what is made of all of these; of nothing it is what is unlabelled."""
    made: FlowLabel | None = None
    for one in labels:
        made = one if made is None else made.join(one)
    return UNLABELLED if made is None else made
