"""Values are frozen for the type checker; type-checked by `make check`, never run."""

from remit.domain.entry import Draft
from remit.domain.event import CaseClosed
from remit.domain.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    minor: int


# Were one of these allowed, the checker would complain of its comment.
def change(price: Price, event: CaseClosed, draft: Draft) -> None:
    price.minor = 6  # type: ignore[misc]
    event.outcome = "handled"  # type: ignore[misc]
    draft.path = "1"  # type: ignore[misc]
