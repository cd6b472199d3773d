"""What was set aside: messages without a certain reading, masked, and who answers for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from remit.domain import clock
from remit.domain.case import CaseStatus
from remit.domain.value import Json
from remit.errors import NotFoundError, PayloadErasedError
from remit.governance import inbox
from remit.governance.cost import shown
from remit.ledger import read as record
from remit.ledger.seal import KeyRing
from remit.store import cases
from remit.store.among import Workflows
from remit.store.connection import Connection

PAGE_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading that a person may pick; `says` is it in words, `blocked` why it cannot be."""

    shown: str
    says: str = ""
    blocked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why one field has no certain reading."""

    field: str
    code: str
    sentence: str
    offers: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A message in quarantine; its text is masked."""

    case_id: str
    workflow: str
    channel: str
    received_at: datetime
    reasons: tuple[Doubt, ...]
    text: Mapping[str, str]
    owner: str = ""  # the handle of who answers for it: the owner of escalation
    above: str = ""  # who answers with them once it is overdue: the owner of the workflow
    due_at: datetime | None = None  # until when it should be settled
    overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinePage:
    rows: tuple[SetAside, ...]
    after: str | None
    overdue: int = 0  # of this workflow, or of all


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Who answers for what a workflow has set aside."""

    owner: str  # of escalation
    above: str  # of the workflow


def page(
    connection: Connection,
    keys: KeyRing,
    *,
    workflow: Workflows,
    after: str | None,
    limit: int,
    owners: Mapping[str, Answering],
    now: datetime,
    overdue: bool = False,
) -> QuarantinePage:
    """Return messages that wait for a certain reading, newest first; `owners` by workflow."""
    size, now_us = min(limit, PAGE_MAX), clock.microseconds(now)
    rows = cases.page(
        connection,
        workflow=workflow,
        status=CaseStatus.QUARANTINED.value,
        after=inbox.cursor(after),
        limit=size + 1,
        settle_before_us=now_us if overdue else None,
    )
    shown = rows[:size]
    return QuarantinePage(
        rows=tuple(_aside(connection, keys, row, owners, now) for row in shown),
        overdue=cases.count_aside(connection, workflow=workflow, due_before_us=now_us)[0],
        after=inbox.mark(shown[-1].opened_us, shown[-1].case_id) if len(rows) > size else None,
    )


def one(
    connection: Connection,
    keys: KeyRing,
    case_id: str,
    *,
    owners: Mapping[str, Answering],
    now: datetime,
) -> SetAside:
    """Return one message that waits; raises `NotFoundError` where it does not wait (any more)."""
    row = cases.find(connection, case_id)
    if row is None or row.status is not CaseStatus.QUARANTINED:
        raise NotFoundError(f"no message waits under `{case_id}`; look at its case")
    return _aside(connection, keys, row, owners, now)


def _aside(
    connection: Connection,
    keys: KeyRing,
    row: cases.CaseRow,
    owners: Mapping[str, Answering],
    now: datetime,
) -> SetAside:
    try:
        form = record.payload(connection, keys, row.case_id, 1, "reasons")
    except PayloadErasedError:  # it is about to be closed
        form = {}
    found = form if isinstance(form, dict) else {}
    text = found.get("text")
    answering = owners.get(row.workflow, Answering(owner="", above=""))
    due_at = None if row.settle_us is None else clock.instant(row.settle_us)
    return SetAside(
        case_id=row.case_id,
        workflow=row.workflow,
        channel=row.channel,
        received_at=clock.instant(row.opened_us),
        reasons=tuple(
            Doubt(
                field=str(item.get("field", "")),
                code=str(item.get("code", "")),
                sentence=str(item.get("sentence", "")),
                offers=tuple(
                    Reading(**{name: str(word) for name, word in offer.items()})
                    for offer in _dicts(item.get("offers"))
                ),
            )
            for item in _dicts(found.get("items"))
        ),
        text={name: shown(part) for name, part in text.items()} if isinstance(text, dict) else {},
        owner=answering.owner,
        above=answering.above,
        due_at=due_at,
        overdue=due_at is not None and due_at < now,
    )


def _dicts(form: Json) -> list[dict[str, Json]]:
    return [one for one in form if isinstance(one, dict)] if isinstance(form, list) else []
