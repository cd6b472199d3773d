"""One find in the view of a text, before it is a finding."""

from remit.domain.frozen import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """A place in the view and what stands there; `label` is the fine kind."""

    start: int
    end: int
    type: str
    score: float
    label: str
    canonical: str
