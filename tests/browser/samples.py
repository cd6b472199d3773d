"""The gallery's held items, people and cases: values that are hard on purpose."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

from remit.domain.approval import ApprovalState, Requirement, Vote
from remit.domain.assumption import words_of
from remit.domain.case import CaseStatus
from remit.domain.decision import NEVER, Check, GateVerdict, Lift, LiftKind, Reason
from remit.domain.money import Money
from remit.governance.card import (
    ApprovalRow,
    ApprovalView,
    Card,
    Change,
    EditField,
    Message,
    Quote,
)  # fmt: skip
from remit.governance.casebook import CallPair, CaseLine, Diverged
from remit.governance.owners import Person
from remit.ledger.anchor_standing import AnchorsView, SinkView
from remit.observability.line import Line

NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
HOSTILE = (
    '<script>document.title="owned"</script><img src=x onerror=alert(1)> '
    "[click](javascript:alert(1)) \u202eevil\u202c zero\u200bwidth https://xn--80ak6aa92e.example"
)
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen " * 12

PEOPLE = {
    "a.weber": Person(
        handle="a.weber", name="A. Weber", roles=frozenset({"refund-approver", "operator"})
    ),
    "l.costa": Person(handle="l.costa", name="L. Costa", roles=frozenset({"owner"})),
    "i.auditor": Person(handle="i.auditor", name="I. Auditor", roles=frozenset({"auditor"})),
    "gone": Person(handle="gone", name="Gone", roles=frozenset({"owner"}), active=False),
}

SAYS = {"issue_refund": "Refund {amount} to {person} for order {order_id}"}


def approval_id(number: int) -> str:
    """Return the id of the gallery's item of that number."""
    return f"{number:032x}"


def case_id(number: int) -> str:
    """Return the id of the gallery's case of that number."""
    return f"c{number:031x}"


def items_of(now: datetime, items: int) -> list[ApprovalView]:
    kinds = [
        ("money", "Refund 1843.57 EUR to PERSON_7K3QX4M2 for order 35979", "1843.57", -32),
        ("normal", "Send a letter to PERSON_QX4M2345 about the late parcel", None, -4),
        ("low", "Answer PERSON_9TBD2345 with the opening hours", None, 12),
        ("irreversible", "Pay invoice 88-104 of Nordlicht GmbH by bank transfer", "18848.17", 168),
        ("money", f"Refund 49.90 EUR for {LONG}", "49.90", 200),
        ("money", f"Refund 12.00 EUR to {HOSTILE}", "12.00", 240),
        ("normal", "Change the address of order 11374 to the one in the message", None, 1_500),
        ("irreversible", "Delete the account of PERSON_W2HE2345", None, 1_600),
        ("low", "Close ticket 4411 as answered", None, 2_000),
    ]
    return [_view(now, number, *kinds[number % len(kinds)]) for number in range(items)]


def _view(
    now: datetime, number: int, risk: str, sentence: str, amount: str | None, minutes: int
) -> ApprovalView:
    money = Money(Decimal(amount), "EUR") if amount else None
    due = now + timedelta(minutes=minutes, seconds=number // 9)
    card = Card(
        approval_id=approval_id(number), action_id=f"{number:031x}a", case_id=case_id(2),
        workflow="refund-desk", action="issue_refund" if money else "send_reply", version=1,
        risk=risk, level="approve-each", sentence=sentence, money=money,
        reasons=_reasons(money),
        requirements=(Requirement(people=1 + (risk == "irreversible"), role="refund-approver"),),
        changes=_changes(money),
        payload='{"amount":{"amount":"1843.57","currency":"EUR"},"note":"\u202eabc","order_id":"35979"}',
        digest=f"7f3a91c204be{number:052x}",
        undo="cannot be undone" if risk == "irreversible" else "yes, by cancel_refund, 30 days",
        cost=(
            ("money at stake", f"€{amount}" if amount else "none"),
            ("people, records", "1 person, 2 records"),
            ("limit refunds a day", "5 of 40 used"),
        ),
        evidence=(
            Quote(author="customer, 24 Nov 09:41", text=HOSTILE, source="message"),
            Quote(author="help centre", text="Refunds over 50 euro need a second look.",
                  source="refund-policy", version="v4"),
        ),
        unknowns=("whether the parcel came back",),
        workflow_reason="The parcel is lost, so the order is refunded in full.",
        confidence="0.93, calibrated: of 100 like this, 93 were right",
        fields=(
            EditField(name="amount", type="money", value=str(money or "0.00 EUR"), optional=False,
                      authority=True),
            EditField(name="carrier", type="text", value="post", optional=False, authority=True,
                      choices=("post", "courier")),
            EditField(name="note", type="text", value="Sorry for the delay.", optional=True,
                      authority=False),
        ),
        requested_at=now - timedelta(hours=2), due_at=due, expires_at=due + timedelta(hours=4),
        message=None if money else Message(
            to="EMAIL_QX4M2345", subject="Your parcel", text=f"Sorry. {HOSTILE}"
        ),
    )  # fmt: skip
    votes = (
        (Vote(person="l.costa", role="refund-approver", digest=card.digest, at=now),)
        if number == 3
        else ()
    )
    return ApprovalView(
        card=card, state=ApprovalState.OPEN, votes=(), answered=len(votes), effect_state="held",
        eligible=("a.weber", "l.costa"), recent=recent(now),
        next_to=("person:l.costa", "role:refund-approver", "")[number % 3],
        next_at=(due + timedelta(hours=1), due + timedelta(hours=1), None)[number % 3],
    )  # fmt: skip


def recent(now: datetime) -> tuple[Line, ...]:
    """Return the end of a case as an item shows it."""
    said = (
        ("received", "A message came in by mail", False),
        ("read", f"`get_order` was read: {HOSTILE}", False),
        ("model", "The model did not answer in time", True),
        ("gate", "The gate held it: 3 reasons", False),
        ("approval", "A person was asked: Refund to PERSON_7K3Q2345", False),
    )
    return tuple(
        Line(seq=seq, at=now - timedelta(minutes=150 - seq), kind=kind, text=text, problem=bad)
        for seq, (kind, text, bad) in enumerate(said, start=1)
    )


def _reasons(money: Money | None) -> tuple[Reason, ...]:
    lift = Lift(kind=LiftKind.APPROVE, requirement=Requirement(people=1, role="refund-approver"))
    level = Reason(
        check=Check.LEVEL, code="level.approve_each", verdict=GateVerdict.HOLD, lift=lift,
        sentence="the level of this action is approve-each: a person says yes each time",
    )  # fmt: skip
    if money is None:
        return (level,)
    line = Reason(
        check=Check.POLICY, code="policy.forbidden", verdict=GateVerdict.HOLD, lift=lift,
        sentence=f"{money} is over the line of 50.00 EUR", refs=("refund-line", "policy 12"),
    )  # fmt: skip
    third = Reason(
        check=Check.LIMITS, code="limits.reached", verdict=GateVerdict.HOLD, lift=NEVER,
        sentence="third refund for this person in 30 days; two are allowed",
    )  # fmt: skip
    return (line, third, level)


LARGE = 1_000  # the card of the first one shows as little as a card can


def _changes(money: Money | None) -> tuple[Change, ...]:
    return (
        Change(name="amount", now="0.00 EUR", after=str(money or "0.00 EUR"),
               source="get_order.total", proof="proven", integrity="vouched", step="4",
               assumptions=() if money is None or money.amount > LARGE
               else (words_of("total:separators_by_country"),)),
        Change(name="recipient", now=None, after="IBAN_M5ZC2345", source="get_order.iban",
               proof="different", integrity="untrusted", accepted=("IBAN_Q7RT2345",),
               elsewhere=("the customer's message",)),
        Change(name="note", now=None, after="Sorry for the delay.\u200b We refund in full.",
               source="model", proof="content", integrity="untrusted"),
        *(_more() if money is None else ()),
    )  # fmt: skip


def _more() -> tuple[Change, ...]:
    """Return a long text that changes in some words, and a value that stays as it is."""
    was = f"Dear customer, your parcel is late. {HOSTILE} We send another one at once."
    return (
        Change(name="reply", now=was, after=was.replace("late", "lost"), source="model",
               proof="content", integrity="untrusted"),
        Change(name="carrier", now="post", after="post", source="get_order.carrier",
               proof="proven", integrity="vouched", step="#4"),
    )  # fmt: skip


def row_of(view: ApprovalView, now: datetime) -> ApprovalRow:
    card = view.card
    return ApprovalRow(
        approval_id=card.approval_id, case_id=card.case_id, workflow=card.workflow,
        action=card.action, risk=card.risk, sentence=card.sentence, money=card.money,
        code=card.reasons[0].code,
        first_reason=card.reasons[0].sentence, reasons=len(card.reasons), votes=view.answered,
        votes_needed=sum(one.people for one in card.requirements), state=view.state,
        requested_at=card.requested_at, due_at=card.due_at, expires_at=card.expires_at,
        overdue=card.due_at < now, changed=card.approval_id == approval_id(5),
        claimed_by=view.claimed_by, asked_of=view.asked_of,
        comments=sum(one.kind == "commented" for one in view.remarks),
    )  # fmt: skip


def case_line(number: int, now: datetime) -> CaseLine:
    states = ["closed", "parked", "escalated", "closed", "quarantined", "ready"]
    status = states[(number - 1) % len(states)]
    return CaseLine(
        case_id=case_id(number), number=20_040 + number, workflow="refund-desk",
        status=CaseStatus(status).value,
        reason={"parked": "approval", "escalated": "no order of that number"}.get(status),
        result="refunded" if status == "closed" else None,
        opened_at=now - timedelta(hours=number), closed_at=now if status == "closed" else None,
        external=f"mail-{number}",
    )  # fmt: skip


def diverged() -> Diverged:
    """Return a case whose code has changed under it: one call differs, one is gone."""
    calls = [
        ("1", "classify intent", "classify intent", "refund_desk.py:71", True),
        ("2", "read get_order", "read get_order", "refund_desk.py:74", True),
        ("3.0.1", "retrieve help", "retrieve help", "refund_desk.py:80", True),
        ("3.1.1", "ask refund-reply", "ask refund-reply-short", "refund_desk.py:81", False),
        ("4", "act issue_refund", "", "", False),
    ]
    return Diverged(
        sentence="step 3.1.1 was `ask refund-reply` but now asks for `ask refund-reply-short`; "
        "put the old code back, or guard the change with `run.changed`",
        path="3.1.1",
        at="refund_desk.py:81",
        recorded_version="7f3a91c204be" + "0" * 52,
        found_version="91c204be7f3a" + "0" * 52,
        calls=tuple(
            CallPair(path=path, recorded=recorded, found=found, at=at, same=same)
            for path, recorded, found, at, same in calls
        ),
    )


def workflow_views() -> tuple[SimpleNamespace, ...]:
    """Return two workflows, one of them without an action."""
    return (
        SimpleNamespace(
            name="refund-desk",
            phase="pilot",
            owner="l.costa",
            counts={"closed": 41, "parked": 8, "escalated": 3},
            stranded={"7f3a91c204be" + "0" * 52: 12},
            actions=(
                SimpleNamespace(
                    action="issue_refund",
                    level="approve-each",
                    ceiling="autonomous",
                    risk="money",
                ),
                SimpleNamespace(
                    action="send_reply", level="sampled", ceiling="autonomous", risk="normal"
                ),
                SimpleNamespace(
                    action="delete_account",
                    level="draft",
                    ceiling="approve-each",
                    risk="irreversible",
                ),
            ),
        ),
        SimpleNamespace(
            name="triage",
            phase="baseline",
            owner="",
            counts={"closed": 900},
            actions=(),
            stranded={},
        ),
    )


def anchors() -> AnchorsView:
    """Return three anchors, of which one does not answer."""
    kept = [
        ("local", "file", "the anchor `state/remit/3f2a.anchor`", 8_840, ""),
        ("audit-team", "git", "the anchor `git@audit.example:anchors`", 8_702, ""),
        ("acme", "witness", "the witness `https://w.acme.example`", 8_702,
         "the witness `https://w.acme.example` does not answer (timed out)"),
    ]  # fmt: skip
    return AnchorsView(
        sinks=tuple(
            SinkView(operator=who, kind=kind, place=place, size=size, at=NOW, trouble=trouble)
            for who, kind, place, size, trouble in kept
        ),
        size=8_840, anchored=8_702, tail_entries=138, tail_seconds=46, alarm=False,
        warning="", fork="",
    )  # fmt: skip
