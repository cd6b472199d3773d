"""The rows of a cell as people read them: each proposal, whether it counts, and its label."""

from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.domain.autonomy import Cell
from remit.domain.frozen import dataclass
from remit.domain.plan import Plan
from remit.errors import RequestInvalidError
from remit.governance import streams
from remit.governance.cells import score
from remit.store import checks, evidence_pages
from remit.store.connection import Connection
from remit.store.evidence import CONTESTED

ROWS_MAX: Final = 200
DIGITS_MAX: Final = 17  # of microseconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One proposal as a row of evidence."""

    action_id: str
    case_id: str
    at: datetime  # when it was decided first
    level: str
    score: str  # empty where no model chose
    drawn: bool
    eligible: bool
    alone: bool  # it ran, or would have run, without a person
    current: bool  # of the behaviour that runs now
    gone: bool  # under the rules of now it would not run: it counts where it was wrong
    outcome: str  # right | wrong | pending | void, as it is known now; empty where nothing does
    code: str
    source: str
    reviewer: str
    contested: bool  # somebody says that it was right; a second person is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """A page of rows, the newest first."""

    rows: tuple[RowView, ...]
    after: str | None  # ask with this for older ones


def page(
    connection: Connection,
    plan: Plan,
    cell: Cell,
    *,
    fingerprint: str,
    after: str | None,
    limit: int,
    now_us: int,
) -> RowPage:
    """Return a page of the rows of a cell; raises `RequestInvalidError` for a place that is none.

    It reads one more row than it shows, whatever their number.
    """
    limit = max(1, min(limit, ROWS_MAX))
    doubted = checks.doubted(connection, cell.workflow)
    found = evidence_pages.newest(connection, cell, limit=limit + 1, before=_place(after))
    rows = tuple(
        RowView(
            action_id=row.action_id, case_id=row.case_id, at=clock.instant(row.at_us),
            level=row.level, score=score(row.score), drawn=row.drawn, eligible=row.eligible,
            alone=row.alone, current=row.fingerprint == fingerprint, gone=row.gone,
            outcome=streams.said(row, plan, now_us=now_us, doubted=doubted).value
            if row.drawn and row.eligible
            else "",
            code=row.code, source=row.source, reviewer=row.reviewer,
            contested=row.asks == CONTESTED,
        )
        for row in found[:limit]
    )  # fmt: skip
    last = found[limit - 1] if len(found) > limit else None
    return RowPage(rows=rows, after=None if last is None else f"{last.at_us}.{last.action_id}")


def _place(after: str | None) -> tuple[int, str] | None:
    if not after:
        return None
    at_us, _, action_id = after.partition(".")
    number = at_us.isascii() and at_us.isdigit() and len(at_us) <= DIGITS_MAX
    if not (number and action_id.isascii() and action_id.isalnum()):
        raise RequestInvalidError("`after` is no place in these rows; leave it out")
    return int(at_us), action_id
