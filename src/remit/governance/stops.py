"""Setting and lifting stops: anybody on the desk sets one, with a sentence."""

from remit.domain import actor
from remit.domain.desk_event import StopLifted, StopSet
from remit.domain.entry import Draft
from remit.governance.grants import control_stream
from remit.store.unit import UnitOfWork


def set_stop(
    uow: UnitOfWork, *, scope: str, sentence: str, person: str, workflow: str, hard: bool = False
) -> None:
    """Halt effects in a scope: `everything`, `workflow:…`, `connector:…`, `action:…`, `case:…`."""
    uow.append(
        Draft(
            event=StopSet(scope=scope, hard=hard),
            case_id=control_stream(workflow),
            workflow=workflow,
            actor=actor.person(person),
            payloads={"sentence": sentence},
        )
    )


def lift_stop(uow: UnitOfWork, *, scope: str, sentence: str, person: str, workflow: str) -> None:
    """Let effects in a scope go on."""
    uow.append(
        Draft(
            event=StopLifted(scope=scope),
            case_id=control_stream(workflow),
            workflow=workflow,
            actor=actor.person(person),
            payloads={"sentence": sentence},
        )
    )
