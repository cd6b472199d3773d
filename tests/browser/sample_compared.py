"""A comparison of the gallery: what a new behaviour came to in cases whose answer is known."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from remit.domain.autonomy import Cell
from remit.domain.plan import DAY_US
from remit.errors import IllegalMoveError, NotFoundError
from remit.governance.cell_whole import CellWhole
from remit.governance.cells import CellView
from remit.governance.comparisons import CASES, ComparisonView
from tests.browser.samples import case_id

COMPARED = "5c" * 16
CAME = (
    *(("broken", "", "amount", 1),) * 2, ("broken", "instead.close_ticket", "", 1),
    ("fixed", "", "text", 0), ("differs", "", "text", 0), ("escalated", "workflow", "", 1),
    ("incomparable", "away", "", 1), ("incomparable", "read.sends", "", 1),
    *(("same", "", "", 1),) * 42,
)  # fmt: skip


class Comparing:
    """The part of the gallery that compares; refuses what the real one refuses."""

    cell_whole: Callable[[Cell], CellWhole]
    _owned: Callable[[Cell, str], CellView]

    def comparing(self, cell: Cell, /) -> tuple[int, int] | None:
        self.cell_whole(cell)
        begun = self.__dict__.get("begun", {})
        return (12, begun[cell]) if cell in begun else None

    def compared(self, cell: Cell, comparison_id: str, /) -> ComparisonView:
        found = self.cell_whole(cell).comparison.whole
        if found is None or found.comparison_id != comparison_id:
            raise NotFoundError(f"there is no comparison `{comparison_id[:64]}` of this cell")
        return found

    async def begin_comparison(self, cell: Cell, /, *, person: str, cases: int = CASES) -> str:
        self._owned(cell, person)
        if not self.cell_whole(cell).comparison.offer.cases:
            raise IllegalMoveError("there is nothing to compare")
        self.__dict__.setdefault("begun", {})[cell] = cases
        return COMPARED

    async def cancel_comparison(self, cell: Cell, /, *, person: str) -> None:
        self._owned(cell, person)
        if self.__dict__.get("begun", {}).pop(cell, None) is None:
            raise IllegalMoveError(f"no comparison of `{cell.name}` is under way in this process")


Tables = Iterator[tuple[str, Sequence[Mapping[str, Any]]]]


def tables(of: Mapping[str, str], now_us: int, *, fingerprint: str, before: str) -> Tables:
    """Yield the rows of a comparison that came to its end, by table."""
    at = now_us - 2 * DAY_US
    whole = {
        "comparison_id": COMPARED, "fingerprint": fingerprint, "before_them": before,
        "person": "a.weber", "cases": len(CAME), "asked": len(CAME), "started_us": at,
        "ended_us": at + 90_000_000, "state": "finished", "results": "9d" * 32,
    }  # fmt: skip
    yield "comparisons", [{**of, **whole}]
    yield "compared_cases", [
        {
            "comparison_id": COMPARED, "position": n, "case_id": case_id(1 + n % 24),
            "action_id": f"{n:032x}", "was_right": right, "came": came, "code": code,
            "parameters": parameters,
        }
        for n, (came, code, parameters, right) in enumerate(CAME)
    ]  # fmt: skip
