"""Grants: the level of one cell, given by a signature and lowered at once."""

from collections.abc import Callable
from datetime import datetime

from remit.domain import actor, clock
from remit.domain.acknowledgement import Act
from remit.domain.autonomy import PHASE_CAP, Level, Phase
from remit.domain.desk_event import GrantGiven, GrantLowered
from remit.domain.entry import Draft
from remit.domain.ids import stream
from remit.errors import IllegalMoveError, NotAcknowledgedError
from remit.ledger.acknowledge import Acknowledger
from remit.store import authority
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer


def control_stream(workflow: str) -> str:
    """Return the stream of what belongs to a workflow and no case."""
    return stream("control", workflow)


def put_in_force(
    writer: Writer,
    acknowledger: Acknowledger,
    giving: Callable[[UnitOfWork], None],
    *,
    workflow: str,
    action: str,
) -> None:
    """Have a grant given and wait until it has come as far in the log as it must; blocks.

    Until then nothing rests on it that must come further than it has: the intent of such an effect
    stands behind it in the log. Raises `NotAcknowledgedError` with the level as it was before.
    """

    def work(uow: UnitOfWork) -> Level:
        before = authority.grant(uow.connection, workflow=workflow, action=action)
        giving(uow)
        return Level.APPROVE_EACH if before is None else Level(before.level)

    receipt = writer.run(work, lane="control", streams=(control_stream(workflow),))
    try:
        acknowledger.require(receipt, Act.GRANT)
    except NotAcknowledgedError:
        writer.run(
            lambda uow: lower(
                uow, workflow=workflow, action=action, level=receipt.value, code="unacknowledged"
            ),
            lane="control",
        )
        raise


def give(
    uow: UnitOfWork,
    *,
    workflow: str,
    phase: Phase,
    action: str,
    level: Level,
    fingerprint: str,
    signer: str,
    evidence: str,
    expires_at: datetime,
    segment: str = "all",
) -> None:
    """Give a cell its level, on evidence and a signature.

    Raises `IllegalMoveError` for a level above what the workflow's phase allows.
    """
    if level.rank > PHASE_CAP[phase].rank:
        raise IllegalMoveError(
            f"phase {phase.value} allows at most {PHASE_CAP[phase].value}, not {level.value}"
        )
    uow.append(
        Draft(
            event=GrantGiven(
                action=action,
                segment=segment,
                level=level.value,
                fingerprint=fingerprint,
                signer=signer,
                evidence=evidence,
                expires_us=clock.microseconds(expires_at),
            ),
            case_id=control_stream(workflow),
            workflow=workflow,
            actor=actor.person(signer),
        )
    )


def lower(
    uow: UnitOfWork, *, workflow: str, action: str, level: Level, code: str, segment: str = "all"
) -> None:
    """Lower a cell at once; needs nobody's leave."""
    uow.append(
        Draft(
            event=GrantLowered(action=action, segment=segment, level=level.value, code=code),
            case_id=control_stream(workflow),
            workflow=workflow,
            actor=actor.service("monitors"),
        )
    )
