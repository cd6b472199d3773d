"""What a dead process was running: fenced, counted, and run again with care."""

from remit.domain import actor, clock
from remit.domain.case import CaseStatus
from remit.domain.entry import Draft
from remit.domain.event import CaseEscalated
from remit.domain.running_event import CaseReassigned
from remit.orchestration.engine import RUN_FAULTS_MAX
from remit.store import cases, claims
from remit.store.unit import UnitOfWork

CLAIMS_MAX = 4_096


def begin(uow: UnitOfWork, worker: str, *, host: str, pid: int) -> tuple[list[str], bool]:
    """Begin as the only worker; take over from all that never ended.

    Returns the suspects, and whether another worker died.
    """
    dead = claims.open_workers(uow.connection)
    suspects = [case_id for one in dead for case_id in take_over(uow, one)]
    claims.begin(uow.connection, worker, host=host, pid=pid, now_us=clock.microseconds(uow.now))
    return suspects, bool(dead)


def take_over(uow: UnitOfWork, worker: str) -> list[str]:
    """Reassign the cases of a worker that is gone; return those which may run again.

    Its runs are refused from this commit on. A case under which a process died too often goes to
    a person.
    """
    suspects = []
    for case_id in claims.of_worker(uow.connection, worker, CLAIMS_MAX):
        uow.lock(case_id)
        row = cases.find(uow.connection, case_id)
        if row is None or row.status is not CaseStatus.READY:
            continue  # its run had ended; only the note of it came too late
        attempt = row.faults + 1
        _append(uow, row, CaseReassigned(worker=worker, attempt=attempt))
        if attempt < RUN_FAULTS_MAX:
            suspects.append(case_id)
        else:
            _append(
                uow, row, CaseEscalated(code="faulted"),
                note=f"the process died {attempt} times while this case ran",
            )  # fmt: skip
    claims.end(uow.connection, worker, now_us=clock.microseconds(uow.now))
    return suspects


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
