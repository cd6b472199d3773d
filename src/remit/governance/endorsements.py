"""A person vouches for a value: it is proven by their word in a scope, and approves nothing."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from remit.domain import actor, clock
from remit.domain.desk_event import EndorsementGiven, EndorsementRevoked, EndorsementSeconded
from remit.domain.entry import Draft, Event
from remit.domain.ids import derived
from remit.domain.value import Json
from remit.errors import IllegalMoveError, NotEntitledError, NotFoundError, RequestInvalidError
from remit.governance.endorsement import (
    DAYS_MAX,
    SENTENCE_CHARACTERS_MAX,
    VALUES_MAX,
    Scope,
    Vouched,
)
from remit.store import cases
from remit.store import endorsements as rows
from remit.store.endorsements import EndorsementRow
from remit.store.unit import UnitOfWork


def give(
    uow: UnitOfWork,
    case_id: str,
    *,
    values: Sequence[Vouched],
    scope: Scope,
    days: int,
    sentence: str,
    person: str,
    evidence: str = "",
) -> tuple[str, ...]:
    """Let a person vouch for values in one sentence; one entry each. Return their ids.

    `evidence` names the approval that was looked at. Raises `RequestInvalidError`,
    `NotFoundError`, and `IllegalMoveError` where nobody knows whose case it is.
    """
    if not 1 <= len(values) <= VALUES_MAX:
        raise RequestInvalidError(f"vouch for 1 to {VALUES_MAX} values in one sentence")
    if not 1 <= days <= DAYS_MAX:
        raise RequestInvalidError(f"a value is vouched for during 1 to {DAYS_MAX} days")
    if not sentence.strip() or len(sentence) > SENTENCE_CHARACTERS_MAX:
        raise RequestInvalidError(
            f"say in at most {SENTENCE_CHARACTERS_MAX} characters why these values mean this"
        )
    case = cases.find(uow.connection, case_id)
    if case is None:
        raise NotFoundError(f"there is no case `{case_id}`; see the list of cases")
    if scope is Scope.SUBJECT and not case.subject:
        raise IllegalMoveError(
            "nobody knows from whom this case came, so its values are vouched for in it alone"
        )
    until = clock.microseconds(uow.now + timedelta(days=days))
    made = []
    for number, one in enumerate(values):
        endorsement_id = derived(
            "endorsement", case_id, person, str(uow.tail(case_id)), str(number)
        )
        made.append(endorsement_id)
        _append(
            uow,
            case_id,
            case.workflow,
            EndorsementGiven(
                endorsement_id=endorsement_id,
                action=one.action,
                parameter=one.parameter,
                digest=one.digest,
                scope=scope.value,
                subject=case.subject if scope is Scope.SUBJECT else "",
                people=one.people,
                until_us=until,
                evidence=evidence,
            ),
            person=person,
            payloads={"value": {"form": one.form, "sentence": sentence, "type": one.type}},
        )
    return tuple(made)


def second(uow: UnitOfWork, endorsement_id: str, *, person: str) -> None:
    """Let a second person vouch for what needs two.

    Raises `NotFoundError`, `IllegalMoveError`, and `NotEntitledError` for the same person.
    """
    row = _row(uow, endorsement_id)
    if row.people == 1 or row.second:
        raise IllegalMoveError("enough people have vouched for this")
    if person == row.person:
        raise NotEntitledError("somebody else must vouch for this too")
    _append(
        uow,
        row.case_id,
        row.workflow,
        EndorsementSeconded(endorsement_id=endorsement_id),
        person=person,
    )


def revoke(
    uow: UnitOfWork, endorsement_id: str, *, person: str, roles: Collection[str], reason: str
) -> None:
    """Take it back: who gave it, or an owner. What ran stays; nothing more rests on it.

    Raises `NotFoundError`, `NotEntitledError`, and `RequestInvalidError` without a reason.
    """
    if not reason.strip():
        raise RequestInvalidError("say why it is taken back; it stands in the record")
    row = _row(uow, endorsement_id)
    if person not in {row.person, row.second} and "owner" not in roles:
        raise NotEntitledError("only who vouched for it, or an owner, can take it back")
    _append(
        uow,
        row.case_id,
        row.workflow,
        EndorsementRevoked(endorsement_id=endorsement_id),
        person=person,
        payloads={"reason": reason},
    )


def _row(uow: UnitOfWork, endorsement_id: str) -> EndorsementRow:
    row = rows.find(uow.connection, endorsement_id)
    if row is None or row.until_us <= clock.microseconds(uow.now):
        raise NotFoundError(f"nobody vouches for `{endorsement_id}`; it was taken back, or ended")
    return row


def _append(
    uow: UnitOfWork,
    case_id: str,
    workflow: str,
    event: Event,
    *,
    person: str,
    payloads: dict[str, Json] | None = None,
) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=case_id,
            workflow=workflow,
            actor=actor.person(person),
            payloads=payloads or {},
        )
    )
