"""Streams of evidence: the rows of one attempt of a cell and fingerprint, as they count now."""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from remit.domain import actor, clock
from remit.domain.autonomy import Cell, Outcome
from remit.domain.entry import Draft
from remit.domain.evidence_event import EvidenceStreamClosed
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.domain.plan import DAY_US, Plan, Settle
from remit.store import checks, evidence, evidence_watch, plans
from remit.store.authority import GrantRow
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork

COOLDOWN_US = 7 * DAY_US
VOID_SHARE_MAX = 0.05
NOBODY: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceStream:
    """The eligible rows of an attempt in decision order, with what is known of each by now."""

    cell: Cell
    fingerprint: str
    attempt: int
    plan: Plan
    since_us: int
    rows: tuple[EvidenceRow, ...]
    doubted: Mapping[str, int] = field(default_factory=dict)  # until when a reviewer's yes is

    def drawn(self, *, since_us: int = 0) -> Iterator[EvidenceRow]:
        """Yield the rows that the coin drew, decided from then on."""
        return (row for row in self.rows if row.drawn and row.at_us >= since_us)

    def outcome(self, row: EvidenceRow, *, now_us: int) -> Outcome:
        """Return what is known of a row: right only where its label is settled by now."""
        return outcome(row, self.plan, now_us=now_us, doubted=self.doubted)


def is_dropped(stream: EvidenceStream, row: EvidenceRow, *, now_us: int) -> bool:
    """Say whether a right row is left out, since it would not run any more."""
    known = said(row, stream.plan, now_us=now_us, doubted=stream.doubted)
    return row.gone and known is Outcome.RIGHT


def outcome(
    row: EvidenceRow, plan: Plan, *, now_us: int, doubted: Mapping[str, int] = NOBODY
) -> Outcome:
    """Return what is known of a row by an instant.

    A yes that somebody said under alarm, or before it was cleared, counts when a second person has
    judged: the checks that they missed measure nobody whose yes counts. A void row is left out
    when a second person has confirmed it. Until then both are pending. A right row that would not
    run any more is left out like a void one, where its evidence was carried to other rules.
    """
    known = said(row, plan, now_us=now_us, doubted=doubted)
    return Outcome.VOID if row.gone and known is Outcome.RIGHT else known


def said(
    row: EvidenceRow, plan: Plan, *, now_us: int, doubted: Mapping[str, int] = NOBODY
) -> Outcome:
    """Return what is known of a row by an instant, whether it counts or would not run any more."""
    match row.outcome:
        case "wrong":
            return Outcome.WRONG
        case "void" if row.settled:
            return Outcome.VOID
        case "right" if _in_doubt(row, doubted):
            return Outcome.PENDING
        case "right" if row.settled or plan.settle is Settle.VERDICT:
            return Outcome.RIGHT
        case "right" if now_us >= row.at_us + plan.window_us:
            return Outcome.RIGHT
        case _:
            return Outcome.PENDING


def _in_doubt(row: EvidenceRow, doubted: Mapping[str, int]) -> bool:
    if not doubted:
        return False
    return row.source != "double" and (row.label_us or 0) <= doubted.get(row.reviewer, -1)


def read(
    connection: Connection,
    plan: Plan,
    cell: Cell,
    fingerprint: str,
    *,
    until_us: int | None = None,
) -> EvidenceStream:
    """Return the stream of a cell that counts now; its rows are those of the open attempt."""
    doubted = checks.doubted(connection, cell.workflow)
    over = plans.over(connection, cell, fingerprint)
    found = evidence_watch.stream(
        connection, cell, fingerprint, since_us=over.resumes_us, until_us=until_us
    )
    return EvidenceStream(
        cell=cell, fingerprint=fingerprint, attempt=over.attempt + 1, plan=plan,
        since_us=over.resumes_us, rows=tuple(found), doubted=doubted,
    )  # fmt: skip


def since_level(
    connection: Connection, stream: EvidenceStream, grant: GrantRow | None
) -> EvidenceStream:
    """Return the stream with all rows since the level was set: what is watched knows no cooldown.

    A cell that was lowered to a level at which it still acts alone is watched from its first row,
    though nothing of it counts towards another grant until the cooldown is over.
    """
    if grant is None or grant.given_us >= stream.since_us:
        return stream
    rows = evidence_watch.stream(
        connection, stream.cell, stream.fingerprint, since_us=grant.given_us
    )
    return replace(stream, since_us=grant.given_us, rows=tuple(rows))


def hold(uow: UnitOfWork, cell: Cell) -> None:
    """Keep everybody else from labelling, raising or lowering a cell until this unit is over.

    Whoever also writes to the control stream of the workflow holds the cell first.
    """
    uow.hold(f"evidence {cell.name}")


def close(
    uow: UnitOfWork, cell: Cell, fingerprint: str, *, code: str, cooldown_us: int = COOLDOWN_US
) -> None:
    """End the open attempt of a cell: its rows count no more, and new ones after the cooldown."""
    over = plans.over(uow.connection, cell, fingerprint)
    now_us = clock.microseconds(uow.now)
    uow.append(
        Draft(
            event=EvidenceStreamClosed(
                action=cell.action, segment=cell.segment, fingerprint=fingerprint,
                attempt=over.attempt + 1, code=code, resumes_us=now_us + cooldown_us,
            ),
            case_id=control_stream(cell.workflow),
            workflow=cell.workflow,
            actor=actor.service("monitors"),
        )
    )  # fmt: skip


def close_all(uow: UnitOfWork, *, workflow: str, action: str, code: str) -> None:
    """End the open attempts of all cells of an action, whatever their fingerprint."""
    for cell, fingerprint in evidence.streams(uow.connection, workflow=workflow, action=action):
        close(uow, cell, fingerprint, code=code, cooldown_us=0)
