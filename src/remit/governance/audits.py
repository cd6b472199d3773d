"""Judging blind: who may judge what, what they are shown, and the label that comes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from remit.domain import actor, clock
from remit.domain.action import ActionSpec, AnySource
from remit.domain.approval import RejectReason
from remit.domain.autonomy import Outcome
from remit.domain.entry import Draft, Entry
from remit.domain.evidence_event import LabelContested
from remit.domain.plan import Plan
from remit.domain.value import Json
from remit.errors import (
    IllegalMoveError,
    NotFoundError,
    OwnRequestError,
    PayloadErasedError,
    RequestInvalidError,
)
from remit.governance import cards, cost, day_keys, labels, streams
from remit.governance.audit import AuditView, Compared, Finding, How, Judgement, Read
from remit.governance.card import EditField
from remit.governance.cost import shown
from remit.governance.decided import DECIDED, Decided, decided
from remit.governance.edits import READABLE
from remit.governance.labels import Said
from remit.ledger import read as record
from remit.ledger.keys import KeyRing
from remit.store import approvals, cases, evidence, votes
from remit.store.connection import Connection
from remit.store.evidence import CONTESTED, OWN, EvidenceRow
from remit.store.unit import UnitOfWork

READ_MAX: Final = 20
GONE = "there is nothing to judge under `{}`; see `remit audit`"


def how(row: EvidenceRow) -> How:
    """Return what is asked of whoever judges a row."""
    if row.asks == OWN:
        return How.OWN
    return How.CONTESTED if row.asks == CONTESTED else How.JUDGE


def barred(connection: Connection, keys: KeyRing, row: EvidenceRow, person: str) -> bool:
    """Has this person a part in what they would judge?

    Who brought the case in has; who voted on it or edited it; who said something of it already.
    Under a correction stand two names, and whoever called it wrong may be one of them.
    """
    case = cases.find(connection, row.case_id)
    if case is None or person in {case.requester, row.contested_by}:
        return True
    if row.asks == CONTESTED:
        return False
    if row.reviewer == person:
        return True
    for one in approvals.of_action(connection, row.action_id):
        voters = {vote.person for vote in votes.of_approval(connection, one.approval_id)}
        if person in voters | {one.decided_by}:
            return True
    return row.labels > 1 and person in _said_by(connection, keys, row)


def found(connection: Connection, keys: KeyRing, action_id: str, person: str) -> EvidenceRow:
    """Return a row that asks this person to judge it.

    Raises `NotFoundError`, and `OwnRequestError` for who has a part in it.
    """
    row = evidence.find(connection, action_id)
    if row is None or not row.asks:
        raise NotFoundError(GONE.format(action_id[:64]))
    if barred(connection, keys, row, person):
        raise OwnRequestError(
            f"`{person}` has a part in this and does not judge it; somebody else must"
        )
    return row


def view(
    connection: Connection, keys: KeyRing, row: EvidenceRow, *, spec: ActionSpec, plan: Plan
) -> AuditView:
    """Return what a person sees who judges a row; raises `PayloadErasedError`."""
    said = record.stream(connection, keys, row.case_id, erased=True)
    told = _decision(said, row.action_id)
    before = [one for one in said if one.seq < told.seq]
    fields: Json = {}
    for one in before:
        fields = one.payloads.get("fields", fields)
    blind = AuditView(
        audit_id=row.action_id, labels=row.labels, workflow=row.workflow, action=row.action,
        risk=spec.risk.value, how=how(row), due_at=clock.instant(row.due_us),
        fields={name: shown(form) for name, form in fields.items()}
        if isinstance(fields, dict)
        else {},
        read=tuple(_reads(before))[-READ_MAX:],
        evidence=cards.quoted(_passages(before)),
        own=_own(spec, plan) if row.asks == OWN else (),
    )  # fmt: skip
    return blind if row.asks == OWN else _proposed(blind, told, spec, said, row)


def judge(
    uow: UnitOfWork, keys: KeyRing, action_id: str, answer: Judgement, *, person: str
) -> Outcome:
    """Record what a person says of a proposal; return as what it counts from now on.

    Raises `NotFoundError`, `OwnRequestError`, `IllegalMoveError` where somebody was quicker.
    """
    row = _held(uow, keys, action_id, person, answer.labels)
    if row.asks == OWN:
        raise IllegalMoveError("say first what you did yourself; the proposal is shown afterwards")
    if answer.finding is Finding.WRONG and answer.cause is None:
        raise RequestInvalidError("`cause`: say what is wrong with it")
    if row.asks == CONTESTED:
        return _corrected(uow, row, answer, person)
    outcome = {
        Finding.RIGHT: Outcome.RIGHT, Finding.WRONG: Outcome.WRONG,
        Finding.UNSURE: Outcome.PENDING, Finding.VOID: Outcome.VOID,
    }[answer.finding]  # fmt: skip
    second = bool(row.reviewer)
    agreed = second and row.asks == evidence.VOID and outcome is Outcome.VOID
    why = "" if answer.cause is None else f".{answer.cause.value}"
    said = Said(
        outcome=outcome, code=f"audit{why}" if outcome is Outcome.WRONG else "audit",
        source="double" if second else "audit", reviewer=person, blind=True, settled=agreed,
        severity=_severity(answer) if outcome is Outcome.WRONG else "",
        seconds_open=answer.seconds_open, note=answer.note,
        again=not second and outcome is Outcome.RIGHT and _again(uow, keys, action_id),
    )  # fmt: skip
    labels.give(uow, action_id, said)
    return outcome


def _severity(answer: Judgement) -> str:
    """Return what lowers a cell without counting, of what is wrong: harm, or a rule broken."""
    if answer.critical:
        return labels.CRITICAL
    return labels.POLICY if answer.cause is RejectReason.POLICY else ""


def compare(
    uow: UnitOfWork,
    keys: KeyRing,
    action_id: str,
    done: Mapping[str, Json] | None,
    *,
    shown_labels: int,
    plan: Plan,
    spec: ActionSpec,
    person: str,
    seconds_open: int | None = None,
) -> Compared:
    """Record what a person did themselves, `None` for nothing: right is what agrees with it.

    By rule: each parameter whose change is material must be the same. Raises as `judge`.
    """
    row = _held(uow, keys, action_id, person, shown_labels)
    if row.asks != OWN:
        raise IllegalMoveError("what you did yourself is not asked here; say whether it was right")
    entries = record.stream(uow.connection, keys, row.case_id, erased=True)
    facts = _decision(entries, action_id).facts
    outcome, code, differs = _agreement(facts.arguments, done, plan=plan, spec=spec)
    values: dict[str, Json] = {"own": None if done is None else dict(done)}
    said = Said(
        outcome=outcome, code=code, source="shadow", reviewer=person, blind=True,
        seconds_open=seconds_open, note=values,
        again=outcome is Outcome.RIGHT and _again(uow, keys, action_id),
    )  # fmt: skip
    labels.give(uow, action_id, said)
    return Compared(
        outcome=outcome.value, sentence=cards.sentence(spec, facts.arguments), differs=differs
    )


def contest(uow: UnitOfWork, action_id: str, *, person: str, reason: str) -> None:
    """Say that what was called wrong was right; it counts so when a second person says it too.

    Raises `NotFoundError`, `OwnRequestError`, `IllegalMoveError` for what is not wrong.
    """
    row = labels.demand_other(uow.connection, action_id, person)
    streams.hold(uow, row.cell)
    row = labels.demand_other(uow.connection, action_id, person)
    if row.outcome != Outcome.WRONG or not labels.counts(row):
        raise IllegalMoveError("only what was said to be wrong is corrected")
    if row.asks == CONTESTED:
        raise IllegalMoveError(f"`{row.contested_by}` said so already; somebody else signs it")
    uow.append(
        Draft(
            event=LabelContested(action_id=action_id, person=person, number=row.labels),
            case_id=row.case_id, workflow=row.workflow, actor=actor.person(person),
            payloads={"reason": {"note": reason}},
        )
    )  # fmt: skip


# -- parts ---------------------------------------------------------------------------------------


def _held(uow: UnitOfWork, keys: KeyRing, action_id: str, person: str, seen: int) -> EvidenceRow:
    """Return a row that nobody else labels meanwhile, as this person was shown it."""
    row = evidence.find(uow.connection, action_id)
    if row is not None:
        streams.hold(uow, row.cell)
        now = evidence.find(uow.connection, action_id) or row
        if now.labels != seen or (now.reviewer == person and not now.asks):
            raise IllegalMoveError("somebody has judged this meanwhile; look at it again")
    return found(uow.connection, keys, action_id, person)


def _corrected(uow: UnitOfWork, row: EvidenceRow, answer: Judgement, person: str) -> Outcome:
    """Put a second name under a correction, or refuse it: then it stays wrong."""
    agreed = answer.finding is Finding.RIGHT
    if answer.finding not in {Finding.RIGHT, Finding.WRONG}:
        raise RequestInvalidError("`finding`: right, which corrects it, or wrong, as it stands")
    labels.give(
        uow,
        row.action_id,
        Said(
            outcome=Outcome.RIGHT if agreed else Outcome.WRONG,
            code=f"corrected.{row.contested_by}" if agreed else "contest.refused",
            source="correction", reviewer=person, settled=agreed, note=answer.note,
            seconds_open=answer.seconds_open,
        ),
    )  # fmt: skip
    return Outcome.RIGHT if agreed else Outcome.WRONG


def _again(uow: UnitOfWork, keys: KeyRing, action_id: str) -> bool:
    return day_keys.looked_at_again(keys, action_id, at=uow.now)


def _agreement(
    proposed: Mapping[str, Json],
    done: Mapping[str, Json] | None,
    *,
    plan: Plan,
    spec: ActionSpec,
) -> tuple[Outcome, str, tuple[tuple[str, str, str], ...]]:
    if done is None:
        return Outcome.WRONG, "shadow.nothing", ()
    left = [one.name for one in _own(spec, plan) if one.name not in done and not one.optional]
    if left:
        raise RequestInvalidError(f"`{left[0]}`: say what you wrote there yourself")
    differs = tuple(
        (name, shown(done.get(name)), shown(proposed.get(name)))
        for name in plan.differing(proposed, done)
    )
    written = {one.name for one in _own(spec, plan)}
    if any(name not in written for name, _, _ in differs):
        return Outcome.PENDING, "shadow.incomparable", differs
    return (Outcome.WRONG, "shadow.differs", differs) if differs else (Outcome.RIGHT, "shadow", ())


def _own(spec: ActionSpec, plan: Plan) -> tuple[EditField, ...]:
    """Return the fields of what a person did themselves: those that decide, and empty."""
    return tuple(
        EditField(
            name=param.name, type=param.type, value="", optional=param.optional,
            authority=not isinstance(param.source, AnySource), choices=param.choices,
        )
        for param in spec.params
        if param.name in plan.material and param.type in READABLE
    )  # fmt: skip


def _proposed(
    blind: AuditView, told: Decided, spec: ActionSpec, said: Sequence[Entry], row: EvidenceRow
) -> AuditView:
    facts = told.facts
    contest = next(
        (one for one in reversed(said) if one.event == "governance:label:contested"), None
    )
    why = None if contest is None else contest.payloads.get("reason")
    return replace(
        blind,
        sentence=cards.sentence(spec, facts.arguments),
        money=cost.money_of(spec, facts.arguments),
        changes=cards.changes(spec, facts),
        message=cost.message(spec, facts.arguments),
        undo=cost.undo_of(spec, spec.undo),
        unknowns=cards.unknowns(facts),
        contested_by=row.contested_by,
        contest=str(why.get("note", "")) if row.contested_by and isinstance(why, dict) else "",
        said=row.code if row.asks == CONTESTED else "",
    )


def _decision(said: Sequence[Entry], action_id: str) -> Decided:
    """Return the decision that made a proposal a row of evidence."""
    for one in said:
        if one.event == DECIDED and one.word("action_id") == action_id:
            told = decided(one)
            if isinstance(told, Decided):
                return told
            break
    raise PayloadErasedError("the content of this proposal was erased; nobody can judge it")


def _said_by(connection: Connection, keys: KeyRing, row: EvidenceRow) -> frozenset[str]:
    entries = record.stream(connection, keys, row.case_id, roles=())
    return frozenset(
        one.word("reviewer")
        for one in entries
        if one.event == "governance:label:given" and one.word("action_id") == row.action_id
    )


def _reads(entries: Sequence[Entry]) -> Iterator[Read]:
    for one in entries:
        result = one.payloads.get("result")
        if one.event == "orchestration:tool:read" and result is not None:
            members = result.items() if isinstance(result, dict) else (("", result),)
            yield Read(
                tool=one.word("name"),
                values=tuple((name, shown(form)) for name, form in members),
            )


def _passages(entries: Sequence[Entry]) -> list[Json]:
    found: list[Json] = []
    for one in entries:
        result = one.payloads.get("result")
        if one.event == "orchestration:passages:retrieved" and isinstance(result, list):
            found += result
    return found
