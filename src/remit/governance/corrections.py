"""What is found of the effects that an incident touches, and how it is closed."""

from collections.abc import Sequence
from typing import Final

from remit.domain import actor
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.domain.incident import OPEN, SAID, Correction, IncidentState, move
from remit.domain.incident_event import (
    CorrectionSet,
    IncidentDismissed,
    IncidentResolved,
    IncidentReviewed,
)
from remit.errors import (
    CorrectionsOpenError,
    IllegalMoveError,
    NotFoundError,
    RequestInvalidError,
)
from remit.governance import incidents
from remit.store import affected
from remit.store.incidents import IncidentRow
from remit.store.unit import UnitOfWork

ACTIONS_AN_ENTRY: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Of how many effects something was noted, and how many are still to check."""

    noted: int
    left: int


def note(
    uow: UnitOfWork,
    wanted: str,
    *,
    finding: Correction,
    actions: Sequence[str] | None,
    person: str,
) -> Noted:
    """Record what a person found of effects, or of all that are to check.

    Of all it is the newest that a page shows at once, so that nobody speaks of what they could
    not see; the answer says how many are left. Raises `IllegalMoveError` once it is resolved,
    `RequestInvalidError` for what only an undo says, and `NotFoundError` for an effect that the
    incident does not touch.
    """
    row = _open(uow, wanted)
    if finding not in SAID:
        raise RequestInvalidError("`finding`: an undo says by itself that it undid an effect")
    mine = _to_check(uow, row) if actions is None else _named(uow, row, actions)
    for first in range(0, len(mine), ACTIONS_AN_ENTRY):
        event = CorrectionSet(
            incident_id=row.incident_id, finding=finding.value,
            actions=tuple(mine[first : first + ACTIONS_AN_ENTRY]),
        )  # fmt: skip
        incidents.append(uow, row.scope.workflow, event, by=actor.person(person))
    left = affected.counts(uow.connection, row)[Correction.TO_CHECK]
    return Noted(noted=len(mine), left=left)


def resolve(uow: UnitOfWork, wanted: str, *, person: str) -> None:
    """Say that nothing of an incident is left to check.

    Raises `IllegalMoveError` where nothing holds it now, and `CorrectionsOpenError` where
    something is left.
    """
    row = _open(uow, wanted)
    if incidents.holding(uow.connection, row) is None:  # whatever held it before
        raise IllegalMoveError(
            f"incident {row.number} is not contained: nothing holds it now; lower the cell or set "
            "a stop first"
        )
    incidents.contain_if_held(uow, row.incident_id, by=actor.person(person))
    row = incidents.demand(uow.connection, row.incident_id)
    move(row.state, IncidentState.RESOLVED)
    found = affected.counts(uow.connection, row)
    left = found[Correction.TO_CHECK]
    if left:
        raise CorrectionsOpenError(
            f"{left} effect{'' if left == 1 else 's'} of incident {row.number} "
            f"{'is' if left == 1 else 'are'} still to check; undo them or say what you found"
        )
    event = IncidentResolved(
        incident_id=row.incident_id, no_harm=found[Correction.NO_HARM],
        undone=found[Correction.UNDONE], by_hand=found[Correction.BY_HAND],
        cannot=found[Correction.CANNOT],
    )  # fmt: skip
    incidents.append(uow, row.scope.workflow, event, by=actor.person(person))


def review(uow: UnitOfWork, wanted: str, *, person: str, found: str) -> None:
    """Close an incident with what was found; nobody is named as having done wrong."""
    row = _locked(uow, wanted)
    move(row.state, IncidentState.REVIEWED)
    event = IncidentReviewed(incident_id=row.incident_id)
    incidents.append(
        uow, row.scope.workflow, event, by=actor.person(person), payloads={"found": found}
    )


def dismiss(uow: UnitOfWork, wanted: str, *, person: str, reason: str) -> None:
    """Say that it was no incident; it stays in the record, and counts."""
    row = _locked(uow, wanted)
    move(row.state, IncidentState.DISMISSED)
    event = IncidentDismissed(incident_id=row.incident_id)
    incidents.append(
        uow, row.scope.workflow, event, by=actor.person(person), payloads={"reason": reason}
    )


# -- parts ---------------------------------------------------------------------------------------


def _to_check(uow: UnitOfWork, row: IncidentRow) -> list[str]:
    """Return what is to check, newest first, at most as many as are shown at once."""
    found = affected.effects(
        uow.connection, row, limit=incidents.EFFECTS_MAX, finding=Correction.TO_CHECK
    )
    return [one.action_id for one in found]


def _named(uow: UnitOfWork, row: IncidentRow, actions: Sequence[str]) -> list[str]:
    """Return the effects that somebody names, each once; each is looked up, however old it is."""
    wanted = sorted(set(actions))
    for first in range(0, len(wanted), ACTIONS_AN_ENTRY):
        some = wanted[first : first + ACTIONS_AN_ENTRY]
        known = affected.among(uow.connection, row, some)
        for one in some:
            if one not in known:
                raise NotFoundError(f"incident {row.number} touches no effect `{one[:64]}`")
    return wanted


def _locked(uow: UnitOfWork, wanted: str) -> IncidentRow:
    row = incidents.demand(uow.connection, wanted)
    uow.lock(control_stream(row.scope.workflow))
    return incidents.demand(uow.connection, row.incident_id)


def _open(uow: UnitOfWork, wanted: str) -> IncidentRow:
    row = _locked(uow, wanted)
    if row.state not in OPEN:
        raise IllegalMoveError(f"incident {row.number} is {row.state.value} already")
    return row
