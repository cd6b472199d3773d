"""Grants: the level of one cell, given by a signature on evidence and lowered at once."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from remit.domain import actor, clock
from remit.domain.acknowledgement import Act
from remit.domain.autonomy import PHASE_CAP, TIES, Cell, Level, Phase, lowest
from remit.domain.desk_event import GrantGiven, GrantLowered
from remit.domain.entry import Draft
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.domain.value import Json
from remit.errors import IllegalMoveError, NotAcknowledgedError
from remit.governance import judged, streams
from remit.governance.checklist import Ticked
from remit.governance.judged import Judged
from remit.governance.streams import EvidenceStream
from remit.ledger.acknowledge import Acknowledger
from remit.store import authority, plans
from remit.store.authority import GrantRow
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

T = TypeVar("T")

TESTED = "test"  # the evidence of a grant that a test or a benchmark gave


def put_in_force(
    writer: Writer,
    acknowledger: Acknowledger,
    giving: Callable[[UnitOfWork], T],
    *,
    cell: Cell,
    starts: Level = Level.APPROVE_EACH,
) -> T:
    """Have a grant given and wait until it has come as far in the log as it must; blocks.

    Until then nothing rests on it that must come further than it has: the intent of such an effect
    stands behind it in the log. Raises `NotAcknowledgedError` with the level as it was before,
    which is `starts` where nothing was ever granted; a cell that acted alone before stands at
    approve-each then, for the grant that it acted under is replaced. Where `giving` writes
    nothing, nothing is waited for.
    """

    def work(uow: UnitOfWork) -> tuple[Level, T]:
        before = of_cell(uow.connection, cell)
        found = giving(uow)
        level = starts if before is None else Level(before.level)
        return lowest(level, Level.APPROVE_EACH), found

    receipt = writer.run(work, lane="control")
    before, found = receipt.value
    if not receipt.entries:
        return found
    try:
        acknowledger.require(receipt, Act.GRANT)
    except NotAcknowledgedError:
        writer.run(lambda uow: _take_back(uow, cell, before), lane="control")
        raise
    return found


def _take_back(uow: UnitOfWork, cell: Cell, level: Level) -> None:
    """Lower a cell whose grant was not acknowledged, unless something has lowered it meanwhile."""
    streams.hold(uow, cell)
    uow.lock(control_stream(cell.workflow))
    standing = of_cell(uow.connection, cell)
    if standing is not None and Level(standing.level).rank > level.rank:
        lower(uow, cell, level=level, code="unacknowledged", before=standing.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What was counted for a grant, so that it can be counted again from the entries."""

    plan: str  # its version
    attempt: int
    counted: Judged
    since_us: int  # when the first row that counts was decided, or later
    sensitivity_ppm: int  # of reviewers, at the least


def of_cell(connection: Connection, cell: Cell) -> GrantRow | None:
    """Return the grant in force for a cell, raised or lowered; `None` before the first."""
    return authority.grant(
        connection, workflow=cell.workflow, action=cell.action, segment=cell.segment
    )


def give(
    uow: UnitOfWork,
    cell: Cell,
    *,
    phase: Phase,
    level: Level,
    fingerprint: str,
    signer: str,
    evidence: str,
    expires_at: datetime,
    proven: Proven | None = None,
    ticked: Ticked | None = None,
) -> None:
    """Give a cell its level, on evidence and a signature.

    Raises `IllegalMoveError` for a level above what the workflow's phase allows.
    """
    if level.rank > PHASE_CAP[phase].rank:
        raise IllegalMoveError(
            f"phase {phase.value} allows at most {PHASE_CAP[phase].value}, not {level.value}"
        )
    counted = None if proven is None else proven.counted
    score = None if counted is None else counted.threshold
    event = GrantGiven(
        action=cell.action,
        segment=cell.segment,
        level=level.value,
        fingerprint=fingerprint,
        signer=signer,
        evidence=evidence,
        expires_us=clock.microseconds(expires_at),
        threshold_ppm=None if score is None else score // TIES,
        threshold_tie=None if score is None else score % TIES,
        low_mark_ppm=None if counted is None else counted.low_mark_ppm,
        attempt=None if proven is None else proven.attempt,
        plan=None if proven is None else proven.plan,
        rows=None if counted is None else counted.rows,
        wrong=None if counted is None else counted.wrong,
        last=None if counted is None else counted.last,
        since_us=None if proven is None else proven.since_us,
        log_evidence=None if counted is None else f"{counted.log_evidence:.12f}",
        sensitivity_ppm=None if proven is None else proven.sensitivity_ppm,
        checklist=None if ticked is None else ticked.digest,
        checked=None if ticked is None else ticked.checked,
        attested=None if ticked is None else ticked.attested,
    )
    _append(uow, cell, event, by=actor.person(signer))


def lower(
    uow: UnitOfWork,
    cell: Cell,
    *,
    level: Level,
    code: str,
    fingerprint: str = "",
    before: str = "",
    by: actor.Actor | None = None,
    reason: str = "",
) -> None:
    """Lower a cell at once; needs nobody's leave."""
    event = GrantLowered(
        action=cell.action, segment=cell.segment, level=level.value, code=code,
        fingerprint=fingerprint, before=before,
    )  # fmt: skip
    _append(
        uow, cell, event, by=by or actor.service("monitors"),
        payloads={"reason": {"note": reason}} if reason else {},
    )  # fmt: skip


def lapsed(
    connection: Connection, stream: EvidenceStream, grant: GrantRow, *, now_us: int
) -> bool:
    """Do the rows that a grant rests on not support it any more, as they are labelled now?"""
    if (
        not grant.evidence_last
        or grant.attempt != stream.attempt
        or grant.fingerprint != stream.fingerprint
    ):
        return False  # nothing was counted for it, its stream is over, or these are others' rows
    found = judged.judge(
        stream,
        to=Level(grant.level),
        grid=plans.grid(connection, stream.cell, stream.fingerprint, stream.attempt),
        sensitivity_min=grant.sensitivity_ppm / 1_000_000,
        now_us=now_us,
        since_us=grant.counted_since_us,
        until=grant.evidence_last,
        fresh=False,
    )
    if found.threshold is not None:
        return found.threshold > grant.score
    return not found.accepted


def _append(
    uow: UnitOfWork,
    cell: Cell,
    event: GrantGiven | GrantLowered,
    *,
    by: actor.Actor,
    payloads: Mapping[str, Json] | None = None,
) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=control_stream(cell.workflow),
            workflow=cell.workflow,
            actor=by,
            payloads=payloads or {},
        )
    )
