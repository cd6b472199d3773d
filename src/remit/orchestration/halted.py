"""The standing stops that reach an effect, or a read that sends something out."""

from remit.domain.decision import Stop
from remit.orchestration.run import Run
from remit.policy import stop
from remit.store.connection import Connection


def stops_on(
    run: Run, connection: Connection, version: int, *, action: str, connector: str
) -> tuple[Stop, ...]:
    """Return the stops of that version that reach an action of this run's case."""
    return tuple(
        one
        for one in run.authority.stops(connection, version)
        if stop.applies(
            one,
            case_id=run.case_id,
            workflow=run.equipment.name,
            action=action,
            connector=connector,
        )
    )
