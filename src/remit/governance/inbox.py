"""What waits for people: pages of the inbox, and one approval with everything about it."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from remit.domain import clock
from remit.domain.approval import ApprovalState
from remit.domain.effect import EffectState
from remit.domain.entry import Entry
from remit.domain.money import Money
from remit.domain.value import Json
from remit.errors import NotFoundError, PayloadErasedError
from remit.governance import cards, checks
from remit.governance.card import COUNTED_MAX, ApprovalRow, ApprovalView, Card, InboxPage, Kind
from remit.governance.escalation import Chain, following
from remit.governance.narrow import EVERYTHING, Narrow
from remit.governance.remark import Remark
from remit.governance.votes import VOTED
from remit.ledger import read as record
from remit.ledger.seal import KeyRing
from remit.observability import tracing
from remit.observability.line import Line
from remit.store import approvals, proposals, remarks, votes
from remit.store import inbox as waits
from remit.store.among import Workflows
from remit.store.approvals import ApprovalRecord
from remit.store.connection import Connection

PAGE_MAX = 200
RECENT_MAX = 5  # steps of its case that an approval shows
ENTRIES = 2 * RECENT_MAX  # that are looked at for them
NOBODY = Chain()
NO_PAGE = "this page does not exist; begin at the first"
ERASED = "the content was erased"


def page(
    connection: Connection,
    keys: KeyRing,
    *,
    tab: str,
    workflow: Workflows,
    action: str | None,
    narrow: Narrow = EVERYTHING,
    after: str | None,
    limit: int,
    now: datetime,
    roles: frozenset[str],
    own: Workflows = None,
    person: str = "",
) -> InboxPage:
    """Return a page of what waits, the next due first, then by risk times money.

    The tab `mine` holds what these roles may decide. What this person snoozed stands in `snoozed`,
    and in no other list but `overdue`.
    """
    now_us = clock.microseconds(now)
    size = min(limit, PAGE_MAX)
    rows = waits.page(
        connection,
        workflow=workflow,
        action=action,
        risks=("money", "irreversible") if tab == "money" else (),
        roles=roles if tab == "mine" else None,
        changed=tab == "changed",
        code=narrow.reason,
        money=narrow.money,
        due_before_us=now_us if tab == "overdue" else None,
        snoozed=None if tab == "overdue" or not person else (person, now_us),
        only_snoozed=tab == "snoozed",
        after=_place(after),
        limit=size + 1,
    )
    shown = rows[:size]
    last = shown[-1] if len(rows) > size else None
    kinds = tuple(
        Kind(workflow=one, action=action, waiting=number)
        for one, action, number in waits.kinds(connection, own)
    )
    return InboxPage(
        rows=approval_rows(connection, keys, shown, now),
        after=None if last is None else _marked(last),
        waiting=sum(kind.waiting for kind in kinds),
        overdue=waits.count_overdue(
            connection, now_us=now_us, workflow=own, limit=COUNTED_MAX + 1
        ),
        kinds=kinds,
    )


def approval_rows(
    connection: Connection, keys: KeyRing, rows: Sequence[ApprovalRecord], now: datetime
) -> tuple[ApprovalRow, ...]:
    """Return lines of the inbox: as many queries for sixty as for one."""
    places = [(row.case_id, row.card_seq) for row in rows]
    shown = {
        (entry.case_id, entry.seq): entry.payloads.get("card")
        for entry in record.several(connection, keys, places, roles={"card"})
    }
    ids = [row.approval_id for row in rows]
    voters = votes.voters(connection, ids)
    return tuple(
        _line(
            row,
            shown.get((row.case_id, row.card_seq)),
            votes=voters.get(row.approval_id, 0),
            now=now,
        )
        for row in rows
    )


def _line(row: ApprovalRecord, form: Json, *, votes: int, now: datetime) -> ApprovalRow:
    card: dict[str, Json] = form if isinstance(form, dict) else {"sentence": ERASED}
    reasons = card.get("reasons")
    listed: list[Json] = reasons if isinstance(reasons, list) else []
    first = listed[0] if listed else {}
    return ApprovalRow(
        approval_id=row.approval_id,
        case_id=row.case_id,
        workflow=row.workflow,
        action=row.action,
        risk=row.risk,
        sentence=str(card.get("sentence", "")),
        money=_money(card),
        first_reason=str(first.get("sentence", "")) if isinstance(first, dict) else "",
        code=row.code,
        reasons=len(listed),
        votes=votes,
        votes_needed=max((one.people for one in row.requirements), default=1),
        state=row.state,
        requested_at=clock.instant(row.requested_us),
        due_at=clock.instant(row.due_us),
        expires_at=clock.instant(row.expires_us),
        overdue=row.state is ApprovalState.OPEN and row.due_us < clock.microseconds(now),
        changed=row.again,
        claimed_by=row.claimed_by if row.claimed_until_us > clock.microseconds(now) else "",
        asked_of=row.asked_of,
        comments=row.comments,
    )


def view(
    connection: Connection,
    keys: KeyRing,
    row: ApprovalRecord,
    *,
    grace_seconds: int,
    undoable: bool,
    person: str = "",
    now: datetime | None = None,
    chain: Chain = NOBODY,
) -> ApprovalView:
    """Return an approval with its card and what has become of it, as a person sees it.

    Until all have answered, nobody is shown how another did.
    """
    said = votes.of_approval(connection, row.approval_id)
    now_us = 0 if now is None else clock.microseconds(now)
    snoozed_us = remarks.snoozed_until(connection, row.approval_id, person) if row.remarks else 0
    is_open = row.state is ApprovalState.OPEN
    at_it = is_open and row.claimed_until_us > now_us
    proposal = proposals.find(connection, row.action_id)
    approved = row.state is ApprovalState.APPROVED and row.decided_us is not None
    state = "" if proposal is None else _told(proposal.state, row.state).value
    entries = record.ending(connection, keys, row.case_id, limit=ENTRIES, also=row.card_seq)
    card, before = _card(entries, row), _replaced(connection, row)
    then = _following(row, chain, now_us) if is_open and now_us else None
    begins_us = (row.decided_us or 0) + grace_seconds * 1_000_000 if grace_seconds else 0
    if proposal is not None and proposal.begins_us is not None:  # a rule gives more time
        begins_us = max(begins_us, proposal.begins_us)
    return ApprovalView(
        card=card,
        held_by=row.held_by,
        changed_since=()
        if before is None
        else cards.changed_since(card_of(connection, keys, before), card),
        state=row.state,
        votes=tuple(one for one in said if not is_open or one.person == person),
        answered=len({one.person for one in said}),
        claimed_by=row.claimed_by if at_it else "",
        claimed_until=clock.instant(row.claimed_until_us) if at_it else None,
        asked_of=row.asked_of if is_open else "",
        snoozed_until=clock.instant(snoozed_us) if is_open and snoozed_us > now_us else None,
        next_to="" if then is None else then[1],
        next_at=None if then is None else clock.instant(then[0]),
        recent=_recent(entries),
        check="" if is_open else checks.told(connection, row.approval_id, person),
        remarks=_remarks(connection, keys, row.approval_id) if row.remarks else (),
        effect_state=state,
        decided_by=row.decided_by or None,
        decided_at=None if row.decided_us is None else clock.instant(row.decided_us),
        verdict=row.verdict or None,
        reason=row.reason or None,
        replaced_by=_replacement(connection, row, proposal),
        effect_due_at=clock.instant(begins_us) if approved and begins_us else None,
        can_undo=undoable and state == EffectState.CONFIRMED.value,
    )


def _told(state: EffectState, approval: ApprovalState) -> EffectState:
    """Return how a proposal stands, as its desk is told: a check waits like any other.

    Only the gate makes an approval void: there the level has fallen, and nothing waits.
    """
    waits = state is EffectState.NOTED and approval is not ApprovalState.VOID
    return EffectState.HELD if waits else state


def _following(row: ApprovalRecord, chain: Chain, now_us: int) -> tuple[int, str] | None:
    """Return when somebody else gets an approval, and who, if that is before it expires."""
    found = following(chain, now_us - row.due_us, held_by=row.held_by)
    if found is None or row.due_us + found[0] >= row.expires_us:
        return None
    return row.due_us + found[0], found[1]


def _card(entries: Sequence[Entry], row: ApprovalRecord) -> Card:
    """Return the card exactly as it was shown, from the entry that asks."""
    (asked,) = [one for one in entries if one.seq == row.card_seq]
    if "card" not in asked.payloads:
        raise PayloadErasedError("the content of this approval was erased; its entry stands")
    return cards.from_form(asked.payloads["card"])


def _recent(entries: Sequence[Entry]) -> tuple[Line, ...]:
    """Return the last steps of a case, without who voted how: that is told when all have."""
    told = [one for one in checks.disguised(entries) if one.event != VOTED]
    lines = tracing.timeline(told, says={}).lines[-RECENT_MAX:]
    return tuple(replace(one, detail=()) for one in lines)


def _remarks(connection: Connection, keys: KeyRing, approval_id: str) -> tuple[Remark, ...]:
    """Return what people said and did about an approval, oldest first."""
    found = remarks.of_approval(connection, approval_id)
    places = [(one.case_id, one.seq) for one in found if one.kind == "commented"]
    texts: dict[int, Json] = {}
    if places:
        entries = record.several(connection, keys, places, roles={"comment"})
        texts = {entry.seq: entry.payloads.get("comment") for entry in entries}
    return tuple(
        Remark(
            kind=one.kind,
            person=one.person,
            at=clock.instant(one.at_us),
            other=one.other,
            until=None if not one.until_us else clock.instant(one.until_us),
            text=None if one.kind != "commented" else str(texts.get(one.seq) or ERASED),
        )
        for one in found
    )


def unknown(approval_id: str) -> str:
    """Return what is said of an approval that is nowhere, or not on one's desk."""
    return f"there is no approval `{approval_id}`; look in the inbox"


def found(connection: Connection, approval_id: str) -> ApprovalRecord:
    """Return the row of an approval; raises `NotFoundError`."""
    row = approvals.find(connection, approval_id)
    if row is None:
        raise NotFoundError(unknown(approval_id))
    return row


def card_of(connection: Connection, keys: KeyRing, row: ApprovalRecord) -> Card:
    """Return the card exactly as it was shown."""
    return cards.from_form(record.payload(connection, keys, row.case_id, row.card_seq, "card"))


def _replaced(connection: Connection, row: ApprovalRecord) -> ApprovalRecord | None:
    """Return the approval of the same proposal that was asked for before this one, if any."""
    if not row.again:
        return None
    earlier = [
        one
        for one in approvals.of_action(connection, row.action_id)
        if one.requested_us < row.requested_us
    ]
    return earlier[-1] if earlier else None


def _replacement(
    connection: Connection, row: ApprovalRecord, own: proposals.ProposalRow | None
) -> str | None:
    """Return the approval that was asked for after this one on the same step, if any."""
    if row.state is ApprovalState.OPEN:
        return None
    for other in approvals.of_case(connection, row.case_id):
        if other.requested_us <= row.requested_us or other.approval_id == row.approval_id:
            continue
        later = proposals.find(connection, other.action_id)
        if own is not None and later is not None and later.path == own.path:
            return other.approval_id
    return None


def _money(card: dict[str, Json]) -> Money | None:
    form = card.get("money")
    if not isinstance(form, dict):
        return None
    return Money(Decimal(str(form["amount"])), str(form["currency"]))


def _place(after: str | None) -> tuple[int, int, str] | None:
    """Return the place that a page's cursor says; raises `NotFoundError` as `cursor` does."""
    if after is None:
        return None
    try:
        minute, turn, name = json.loads(base64.urlsafe_b64decode(after.encode()))
        return int(minute), int(turn), str(name)
    except (ValueError, TypeError) as error:
        raise NotFoundError(NO_PAGE) from error


def _marked(row: ApprovalRecord) -> str:
    """Return the cursor of a page that ends at this row."""
    return base64.urlsafe_b64encode(json.dumps(row.place).encode()).decode()


def cursor(after: str | None) -> tuple[int, str] | None:
    """Return what a page's cursor says; raises `NotFoundError` for one that is not ours."""
    if after is None:
        return None
    try:
        number, name = json.loads(base64.urlsafe_b64decode(after.encode()))
        return int(number), str(name)
    except (ValueError, TypeError) as error:
        raise NotFoundError(NO_PAGE) from error


def mark(number: int, name: str) -> str:
    """Return a page's cursor."""
    return base64.urlsafe_b64encode(json.dumps([number, name]).encode()).decode()
