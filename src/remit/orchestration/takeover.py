"""What a dead process was running: fenced, counted, and run again with care."""

from remit.domain import actor, clock
from remit.domain.case import CaseStatus
from remit.domain.entry import Draft
from remit.domain.event import CaseEscalated
from remit.domain.running_event import CaseReassigned
from remit.orchestration.engine import RUN_FAULTS_MAX
from remit.store import cases, claims, workers
from remit.store.unit import UnitOfWork
from remit.store.workers import Worker

CLAIMS_MAX = 4_096


def begin(uow: UnitOfWork, worker: Worker) -> tuple[list[str], bool]:
    """Begin as the only worker; take over from all that never ended.

    Returns the suspects, and whether another worker died.
    """
    dead = workers.unended(uow.connection)
    suspects = [case_id for one in dead for case_id in take_over(uow, one)]
    workers.begin(uow.connection, worker, now_us=clock.microseconds(uow.now))
    return suspects, bool(dead)


def take_over(uow: UnitOfWork, worker: str) -> list[str]:
    """Reassign what a worker who is gone had claimed; return the cases that may run again."""
    claimed = claims.of_worker(uow.connection, worker, CLAIMS_MAX)
    suspects = [case_id for case_id in claimed if reassign(uow, case_id, worker)]
    end(uow, worker)
    return suspects


def end(uow: UnitOfWork, worker: str) -> None:
    """Note that a worker has ended and has no case any more."""
    claims.give_all_back(uow.connection, worker)
    workers.end(uow.connection, worker, now_us=clock.microseconds(uow.now))


def reassign(uow: UnitOfWork, case_id: str, worker: str) -> bool:
    """Take a case from a worker: whoever writes under its run is refused from this commit on.

    Returns whether it may run again: a case under which a process died too often goes to a
    person.
    """
    uow.lock(case_id)
    row = cases.find(uow.connection, case_id)
    if row is None or row.status is not CaseStatus.READY:
        return False  # its run had ended; only the note of it came too late
    attempt = row.faults + 1
    _append(uow, row, CaseReassigned(worker=worker, attempt=attempt))
    if attempt < RUN_FAULTS_MAX:
        return True
    _append(
        uow, row, CaseEscalated(code="faulted"),
        note=f"the process died {attempt} times while this case ran",
    )  # fmt: skip
    return False


def _append(
    uow: UnitOfWork, row: cases.CaseRow, event: CaseReassigned | CaseEscalated, *, note: str = ""
) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=row.case_id,
            workflow=row.workflow,
            actor=actor.service("supervisor"),
            run=uow.tail(row.case_id) + 1,  # a run of its own: an older one is fenced by it
            payloads={"note": note} if note else {},
        )
    )
