"""The map: every cell at one look, each beside its siblings and on the board of its workflow."""

from collections.abc import Iterable

from remit.domain.autonomy import Cell
from remit.domain.plan import Plan
from remit.governance import board, cells, nearness
from remit.governance.board import Board
from remit.governance.cells import CellView
from remit.governance.scorecard import Frame
from remit.store.connection import Connection


def of(
    connection: Connection, known: Iterable[tuple[Cell, Plan, Frame]], *, now_us: int
) -> tuple[CellView, ...]:
    """Return where each of these cells stands; a board is taken once for all that are on it."""
    boards: dict[tuple[str, str], Board | None] = {}
    found = []
    for cell, plan, frame in known:
        key = cell.workflow, frame.fingerprint
        if key not in boards:
            boards[key] = board.of(connection, plan, frame.fingerprint, now_us=now_us)
        found.append(cells.view(connection, plan, cell, frame, now_us=now_us, boarded=boards[key]))
    return tuple(nearness.told(found))
