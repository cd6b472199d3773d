"""Labels: was a proposal right first time? And what follows at once from what is said of it."""

from collections.abc import Mapping
from typing import Final

from remit.domain import actor
from remit.domain.actor import Actor
from remit.domain.autonomy import Outcome
from remit.domain.entry import Draft
from remit.domain.evidence_event import LabelGiven
from remit.domain.frozen import dataclass
from remit.domain.value import Json
from remit.errors import IllegalMoveError, NotFoundError, OwnRequestError
from remit.governance import monitors, streams
from remit.store import cases, evidence, proposals
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork

CRITICAL, POLICY = "critical", "policy"  # of what is wrong: harm, or a rule that it broke
FOLLOWS: Final = frozenset({"approval", "after-effect"})  # what is said with something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that is said of a proposal."""

    outcome: Outcome
    code: str
    source: str  # approval | audit | shadow | double | after-effect | correction
    reviewer: str = ""  # a person; empty where something happened
    severity: str = ""  # of what is wrong: critical | policy
    blind: bool = False  # the reviewer saw neither level nor score nor whether it ran
    settled: bool = False  # something outside confirmed it, or a second person did
    seconds_open: int | None = None
    again: bool = False  # somebody else is asked too, without being told
    note: Json = None  # masked


def give(uow: UnitOfWork, action_id: str, said: Said) -> bool:
    """Record what is said of a proposal, with its consequences; false where it has none.

    Only what the coin drew is evidence; of the rest nothing but harm is taken in. `wrong` turns
    `right` by a correction only, which two people sign. Saying the same again changes nothing.
    Raises `IllegalMoveError`.
    """
    row = evidence.find(uow.connection, action_id)
    if row is not None:  # whoever labels a row of the same cell meanwhile waits, and sees this
        streams.hold(uow, row.cell)
        row = evidence.find(uow.connection, action_id)
    if row is None or not (counts(row) or said.severity):
        return False
    if _known(row, said):
        return False
    mends = row.outcome == Outcome.WRONG and said.outcome is not Outcome.WRONG
    if mends and said.source in FOLLOWS:
        return False  # it was allowed, or ended well, and was wrong first time all the same
    if mends and said.source != "correction":
        raise IllegalMoveError(
            "this was said to be wrong; a correction that two people sign says otherwise"
        )
    proposal = proposals.find(uow.connection, action_id)
    event = LabelGiven(
        action_id=action_id, outcome=said.outcome.value, code=said.code, source=said.source,
        number=row.labels + 1, severity=said.severity, reviewer=said.reviewer, blind=said.blind,
        settled=said.settled, seconds_open=said.seconds_open, again=said.again,
    )  # fmt: skip
    payloads: Mapping[str, Json] = {} if said.note is None else {"reason": {"note": said.note}}
    uow.append(
        Draft(
            event=event, case_id=row.case_id, workflow=row.workflow, actor=_by(said),
            path=None if proposal is None else proposal.path, payloads=payloads,
        )
    )  # fmt: skip
    monitors.react(uow, row, said.outcome, severity=said.severity)
    return True


def _known(row: EvidenceRow, said: Said) -> bool:
    """Is that what was said last, by the same, and with no more weight?"""
    return (
        (row.outcome, row.source, row.reviewer) == (said.outcome, said.source, said.reviewer)
        and said.severity in {"", row.severity}
        and (row.settled or not said.settled)
    )


def counts(row: EvidenceRow) -> bool:
    """Is this row evidence: eligible, and drawn by the coin?"""
    return row.eligible and row.drawn


def demand_other(connection: Connection, action_id: str, person: str) -> EvidenceRow:
    """Return the row of a proposal that this person may judge.

    Raises `NotFoundError`, and `OwnRequestError` for who brought the case in.
    """
    row = evidence.find(connection, action_id)
    if row is None:
        raise NotFoundError(f"there is no proposal `{action_id[:64]}` to judge; see `remit audit`")
    case = cases.find(connection, row.case_id)
    if case is not None and case.requester == person:
        raise OwnRequestError(
            f"`{person}` brought this case in and judges nothing of it; somebody else must"
        )
    return row


def _by(said: Said) -> Actor:
    return actor.person(said.reviewer) if said.reviewer else actor.service("monitors")
