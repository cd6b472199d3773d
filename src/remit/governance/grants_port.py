"""What the faces need of a running Remit to show what cells may do and to let owners sign it."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Protocol

from remit.domain.autonomy import Cell, Level
from remit.errors import GrantUnmetError
from remit.governance.cell_rows import RowPage
from remit.governance.cell_whole import CellWhole
from remit.governance.cells import CellView
from remit.governance.comparisons import CASES, ComparisonView
from remit.governance.promoting import Unmet


class GrantsPort(Protocol):
    """Cells: where they stand, why, and grants signed and lowered."""

    def remit_map(self, workflow: str | None = None, /) -> Sequence[CellView]: ...
    def cell(self, cell: Cell, /) -> CellView: ...
    def cell_whole(self, cell: Cell, /) -> CellWhole: ...
    def cell_rows(
        self, cell: Cell, /, *, after: str | None = None, limit: int = 50
    ) -> RowPage: ...
    async def sign_grant(
        self,
        cell: Cell,
        /,
        *,
        to: Level,
        digest: str,
        person: str,
        attested: Collection[str] = (),
    ) -> object: ...
    async def lower_grant(
        self, cell: Cell, /, *, to: Level, person: str, reason: str
    ) -> object: ...
    def comparing(self, cell: Cell, /) -> tuple[int, int] | None: ...
    def compared(self, cell: Cell, comparison_id: str, /) -> ComparisonView: ...
    async def begin_comparison(self, cell: Cell, /, *, person: str, cases: int = CASES) -> str: ...
    async def cancel_comparison(self, cell: Cell, /, *, person: str) -> None: ...


async def signed(
    remit: GrantsPort,
    cell: Cell,
    *,
    to: Level,
    digest: str,
    person: str,
    attested: Collection[str] = (),
) -> CellView:
    """Sign a grant and return the cell; raises `GrantUnmetError` with what stands against it."""
    found = await remit.sign_grant(cell, to=to, digest=digest, person=person, attested=attested)
    if isinstance(found, Unmet):
        said = "; ".join(f"{one.name}: {one.said}" for one in found.conditions)
        raise GrantUnmetError(f"`{cell.name}` stays as it is: {said}")
    return await asyncio.to_thread(remit.cell, cell)  # all rows of an attempt are read
