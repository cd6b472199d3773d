"""The gallery: every state that a page can show, in memory, with hard values."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

from remit.domain import actor
from remit.domain.approval import ApprovalState, RejectReason, Requirement, Verdict, Vote
from remit.domain.case import CaseStatus
from remit.domain.decision import NEVER, Check, GateVerdict, Lift, LiftKind, Reason
from remit.domain.event import (
    ActionDecided,
    ActionProposed,
    ApprovalDecided,
    ApprovalRequested,
    CaseClosed,
    CaseReceived,
    EffectConfirmed,
    EffectIntended,
    Entry,
    Event,
    IntentClassified,
    ModelAnswered,
    PassagesRetrieved,
    RunStarted,
    StepFailed,
    ToolRead,
    WaitEnded,
    WaitStarted,
)  # fmt: skip
from remit.domain.money import Money
from remit.errors import (
    ApprovalClosedError,
    ApprovalExpiredError,
    IntakeConflictError,
    InvalidEditError,
    NotEntitledError,
    NotFoundError,
    StaleDigestError,
    UnknownWorkflowError,
)  # fmt: skip
from remit.governance.card import (
    ApprovalRow,
    ApprovalView,
    Card,
    Change,
    EditField,
    InboxPage,
    Quote,
)  # fmt: skip
from remit.governance.casebook import (
    CaseLine,
    CasePage,
    CaseView,
    Doubt,
    EffectLine,
    QuarantinePage,
    SetAside,
)  # fmt: skip
from remit.governance.owners import Person
from remit.observability.tracing import timeline

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


class FakeRemit:
    """Remit without a store: keeps verdicts in memory and obeys the same rules of refusal."""

    def __init__(self, *, now: datetime = NOW, items: int = 9) -> None:
        self.now = now
        self.views = {view.card.approval_id: view for view in _items(now, items)}
        self.decided: list[tuple[str, Verdict, str | None]] = []
        self.queues: set[asyncio.Queue[tuple[int, str, str]]] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.position = 8_900
        self.released: dict[str, Mapping[str, str]] = {}
        self.received: dict[str, Mapping[str, object]] = {}
        self.ended: dict[str, str] = {}

    def clock(self) -> datetime:
        """Return the gallery's frozen time."""
        return self.now

    def people(self) -> Mapping[str, Person]:
        return PEOPLE

    def inbox(
        self,
        *,
        person: str,
        tab: str = "team",
        workflow: str | None = None,
        action: str | None = None,
        after: str | None = None,
        limit: int = 60,
    ) -> InboxPage:
        rows = sorted(
            (_row(view, self.now) for view in self.views.values() if view.state == "open"),
            key=lambda row: (row.due_at, row.approval_id),
        )
        overdue = sum(row.overdue for row in rows)
        waiting = len(rows)
        keep = {
            "overdue": lambda row: row.overdue,
            "money": lambda row: row.risk in {"money", "irreversible"},
            "changed": lambda row: False,
        }.get(tab, lambda row: True)
        rows = [
            row
            for row in rows
            if keep(row) and workflow in {None, row.workflow} and action in {None, row.action}
        ]
        first = 0 if after is None else [row.approval_id for row in rows].index(after) + 1
        page = rows[first : first + limit]
        more = first + limit < len(rows)
        return InboxPage(
            rows=tuple(page),
            after=page[-1].approval_id if more else None,
            waiting=waiting,
            overdue=overdue,
        )

    def approval(
        self,
        approval_id: str,
        /,
        *,
        person: str,
    ) -> ApprovalView:
        if approval_id not in self.views:
            raise NotFoundError(f"there is no approval `{approval_id}`")
        return self.views[approval_id]

    async def decide(
        self,
        approval_id: str,
        /,
        *,
        person: str,
        verdict: Verdict,
        digest: str,
        channel: str = "console",
        edits: Mapping[str, str] | None = None,
        reason: RejectReason | None = None,
        note: str | None = None,
        seconds_open: int | None = None,
    ) -> ApprovalView:
        view = self.approval(approval_id, person=person)
        if view.state is not ApprovalState.OPEN:
            if view.decided_by == person and view.verdict == verdict.value:
                return view
            if view.state is ApprovalState.EXPIRED:
                raise ApprovalExpiredError("nobody decided in time; open the case")
            raise ApprovalClosedError(f"{view.decided_by} answered this before you; see the case")
        if digest != view.card.digest:
            raise StaleDigestError("the order changed after this was held; look again")
        if "refund-approver" not in PEOPLE[person].roles:
            raise NotEntitledError("you may not approve refunds; pass it to `a.weber`")
        replaced_by = None
        if verdict is Verdict.EDIT:
            if edits and " " not in edits.get("amount", "1 EUR"):
                raise InvalidEditError("`amount` is not money; write it as `19.00 EUR`")
            replaced_by = f"{len(self.views):032x}"
            card = replace(
                view.card,
                approval_id=replaced_by,
                version=view.card.version + 1,
                digest=replaced_by * 2,
            )
            self.views[replaced_by] = replace(view, card=card)
        state = {
            Verdict.APPROVE: ApprovalState.APPROVED,
            Verdict.REJECT: ApprovalState.DENIED,
            Verdict.EDIT: ApprovalState.SUPERSEDED,
            Verdict.ESCALATE: ApprovalState.REVOKED,
        }[verdict]
        approved = verdict is Verdict.APPROVE
        self.views[approval_id] = replace(
            view,
            state=state,
            verdict=verdict.value,
            decided_by=person,
            decided_at=self.now,
            reason=reason.value if reason else None,
            replaced_by=replaced_by,
            effect_state="cleared" if approved else "withdrawn",
            effect_due_at=self.now + timedelta(seconds=10) if approved else None,
        )
        self.decided.append((approval_id, verdict, reason.value if reason else None))
        self.tell("governance:approval:decided", view.card.case_id)
        return self.views[approval_id]

    async def take_back(
        self,
        approval_id: str,
        /,
        *,
        person: str,
    ) -> ApprovalView:
        view = self.approval(approval_id, person=person)
        if view.effect_state != "cleared":
            raise ApprovalClosedError("too late to take back: it runs; undo it from its case")
        self.views[approval_id] = replace(
            view, state=ApprovalState.REVOKED, effect_state="withdrawn", effect_due_at=None,
            verdict=None,
        )  # fmt: skip
        return self.views[approval_id]

    async def undo(
        self,
        action_id: str,
        /,
        *,
        person: str,
        reason: str,
    ) -> str:
        return "b" * 32

    def workflows(
        self,
    ) -> tuple[SimpleNamespace, ...]:
        return (
            SimpleNamespace(
                name="refund-desk", phase="pilot", owner="l.costa",
                counts={"closed": 41, "parked": 8, "escalated": 3},
                actions=(
                    SimpleNamespace(
                        action="issue_refund", level="approve-each", ceiling="autonomous",
                        risk="money",
                    ),
                    SimpleNamespace(
                        action="send_reply", level="sampled", ceiling="autonomous", risk="normal"
                    ),
                    SimpleNamespace(
                        action="delete_account", level="draft", ceiling="approve-each",
                        risk="irreversible",
                    ),
                ),
            ),
            SimpleNamespace(
                name="triage", phase="baseline", owner="", counts={"closed": 900}, actions=()
            ),
        )  # fmt: skip

    def cases(
        self,
        *,
        workflow: str | None = None,
        status: str | None = None,
        after: str | None = None,
        limit: int = 60,
        search: str | None = None,
    ) -> CasePage:
        rows = [
            _case_line(number, self.now) for number in range(1, 25) if search != "nothing-like-it"
        ]
        kept = [
            row
            for row in rows
            if status in {None, row.status} and workflow in {None, row.workflow}
        ]
        return CasePage(rows=tuple(kept[:limit]), after=None)

    def case(
        self,
        wanted: str,
        /,
    ) -> CaseView:
        number = int(wanted[1:], 16) if wanted[:1] == "c" else 0
        if not 1 <= number <= 24:
            raise NotFoundError(f"there is no case `{wanted}`")
        entries = entries_of_a_case(self.now, wanted)
        told = timeline(entries, says=SAYS)
        effect = EffectLine(
            action_id="a" * 32, action="issue_refund",
            state="ambiguous" if number == 3 else "confirmed",
            sentence="Refund 129.14 EUR to PERSON_7K3QX4M2 for order 35979",
            reference="re_8812", attempt=1, can_undo=number != 3,
        )  # fmt: skip
        open_ = [_row(view, self.now) for view in self.views.values() if view.state == "open"]
        return CaseView(
            row=_case_line(number, self.now),
            fields={"message": HOSTILE, "order_id": "35979", "sender": "EMAIL_9TBD2345"},
            timeline=told,
            approvals=tuple(open_[:1]) if number == 2 else (),
            effects=(effect,),
        )

    def entries(
        self,
        wanted: str,
        /,
    ) -> list[Entry]:
        return entries_of_a_case(self.now, wanted)

    async def close_case(
        self,
        case_id: str,
        /,
        *,
        person: str,
        note: str | None,
    ) -> None:
        self.ended[case_id] = note

    async def hand_back(
        self,
        case_id: str,
        /,
        *,
        person: str,
        note: str | None,
    ) -> None:
        self.ended[case_id] = f"back: {note}"

    def quarantine(
        self,
        *,
        after: str | None = None,
        limit: int = 60,
    ) -> QuarantinePage:
        rows = tuple(
            row
            for row in (
                SetAside(
                    case_id=case_id(21), workflow="refund-desk", channel="mail",
                    received_at=self.now - timedelta(hours=2),
                    reasons=(
                        Doubt(
                            field="ordered_on", code="date.order_ambiguous",
                            sentence="day and month could be swapped in `03/04/2026`",
                            candidates=("2026-04-03", "2026-03-04"),
                        ),
                        Doubt(
                            field="amount", code="amount.several",
                            sentence="two amounts stand here; ask which is meant",
                            candidates=(),
                        ),
                    ),
                    text={"message": HOSTILE, "ordered_on": "03/04/2026"},
                ),
                SetAside(
                    case_id=case_id(22), workflow="triage", channel="api",
                    received_at=self.now - timedelta(minutes=4),
                    reasons=(
                        Doubt(
                            field="message", code="text.undecodable",
                            sentence="the text cannot be read as UTF-8; ask for it again",
                            candidates=(),
                        ),
                    ),
                    text={"message": LONG * 6},
                ),
            )
            if row.case_id not in self.released
        )  # fmt: skip
        return QuarantinePage(rows=rows, after=None)

    async def release(
        self,
        case_id: str,
        /,
        *,
        person: str,
        corrections: Mapping[str, str],
    ) -> None:
        self.released[case_id] = corrections

    async def discard(
        self,
        case_id: str,
        /,
        *,
        person: str,
        reason: str,
    ) -> None:
        self.released[case_id] = {"discarded": reason}

    def counts(
        self,
    ) -> dict[str, int]:
        waiting = [view for view in self.views.values() if view.state == "open"]
        return {
            "received": 1_004, "ready": 0, "parked": 8, "escalated": 3, "quarantined": 2,
            "closed": 991, "waiting": len(waiting),
            "overdue": sum(view.card.due_at < self.now for view in waiting),
            "ambiguous": 1, "balance": 0,
        }  # fmt: skip

    def verify(
        self,
    ) -> SimpleNamespace:
        return SimpleNamespace(
            result="intact", exit_code=2, size=8_840,
            lines=("8,840 entries, each byte as written", "not anchored outside this host"),
        )  # fmt: skip

    async def receive(
        self,
        workflow: str,
        raw: Mapping[str, object],
        /,
        *,
        channel: str,
        external_id: str | None = None,
    ) -> SimpleNamespace:
        if workflow != "refund-desk":
            raise UnknownWorkflowError(f"there is no workflow `{workflow}`")
        known = self.received.get(external_id or "")
        if known is not None and known != raw:
            raise IntakeConflictError(f"`{external_id}` came before with another body")
        self.received[external_id or str(raw)] = raw
        return SimpleNamespace(
            case_id=case_id(1), status="ready", duplicate=known is not None, reasons=()
        )

    async def subscribe(self) -> AsyncIterator[tuple[int, str, str]]:
        queue: asyncio.Queue[tuple[int, str, str]] = asyncio.Queue()
        self.queues.add(queue)
        self.loop = asyncio.get_running_loop()
        try:
            while True:
                yield await queue.get()
        finally:
            self.queues.discard(queue)

    def tell(self, name: str, subject: str) -> None:
        """Tell every open page of a change."""
        self.position += 1
        for queue in self.queues:
            queue.put_nowait((self.position, name, subject))

    def tell_soon(self, name: str, subject: str) -> None:
        """Tell it from another thread than the server's."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.tell, name, subject)


# -- what stands in it ---------------------------------------------------------------------------


def _items(now: datetime, items: int) -> list[ApprovalView]:
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
    )  # fmt: skip
    votes = (
        (Vote(person="l.costa", role="refund-approver", digest=card.digest, at=now),)
        if number == 3
        else ()
    )
    return ApprovalView(card=card, state=ApprovalState.OPEN, votes=votes, effect_state="held")


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


def _changes(money: Money | None) -> tuple[Change, ...]:
    return (
        Change(name="amount", now="0.00 EUR", after=str(money or "0.00 EUR"),
               source="get_order.total", proof="proven", integrity="vouched", step="4"),
        Change(name="recipient", now=None, after="IBAN_M5ZC2345", source="get_order.iban",
               proof="different", integrity="untrusted", accepted=("IBAN_Q7RT2345",),
               elsewhere=("the customer's message",)),
        Change(name="note", now=None, after="Sorry for the delay.\u200b We refund in full.",
               source="model", proof="content", integrity="untrusted"),
    )  # fmt: skip


def _row(view: ApprovalView, now: datetime) -> ApprovalRow:
    card = view.card
    return ApprovalRow(
        approval_id=card.approval_id, case_id=card.case_id, workflow=card.workflow,
        action=card.action, risk=card.risk, sentence=card.sentence, money=card.money,
        first_reason=card.reasons[0].sentence, reasons=len(card.reasons), votes=len(view.votes),
        votes_needed=sum(one.people for one in card.requirements), state=view.state,
        requested_at=card.requested_at, due_at=card.due_at, expires_at=card.expires_at,
        overdue=card.due_at < now,
    )  # fmt: skip


def _case_line(number: int, now: datetime) -> CaseLine:
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


def entries_of_a_case(now: datetime, of_case: str) -> list[Entry]:
    """Return the entries of a case that was held, approved and performed."""
    began = int((now - timedelta(hours=4)).timestamp() * 1_000_000)
    refund = {"amount": "129.14", "currency": "EUR"}
    digest = "7f3a91c204be" + "0" * 52
    steps: list[tuple[float, Event, str | None, dict[str, object]]] = [
        (0, CaseReceived(channel="mail", external="x", content="y",
                         outcomes={"message": "accepted", "order_id": "assumed"},
                         assumptions=("country: DE",)), None,
         {"fields": {"message": HOSTILE, "order_id": "35979"}}),
        (0.2, RunStarted(version="v7"), None, {}),
        (1, IntentClassified(name="classify", arguments="a", model="local-1", choice="refund",
                             confidence_ppm=930_000), "1", {"result": {"refund": "0.93"}}),
        (2, StepFailed(kind="read", name="get_order", arguments="b", code="tool.unavailable",
                       final=False), "2", {"error": "the shop did not answer in 5 s"}),
        (5, ToolRead(name="get_order", arguments="b", connector="shop", latency_ms=38, result="r"),
         "2", {"arguments": {"order_id": "35979"},
               "result": {"status": "delivered", "total": refund, "note": HOSTILE}}),
        (6, PassagesRetrieved(name="help", arguments="c", citations=("refunds@4#2",)), "3",
         {"query": "late parcel refund"}),
        (8, ModelAnswered(name="refund-reply", arguments="d", prompt="91c2", model="small-1",
                          finish="stop", latency_ms=1310, input_tokens=412, output_tokens=88),
         "4", {"prompt": LONG, "result": {"reply": HOSTILE}}),
        (9, ActionProposed(action_id="a" * 32, action="issue_refund", version=1, arguments="e",
                           signature="s", risk="money", money_minor=12_914, currency="EUR"), "5",
         {"arguments": {"amount": refund, "order_id": "35979", "person": "PERSON_7K3QX4M2"}}),
        (9, ActionDecided(action_id="a" * 32, state="held", codes=("level.approve_each",),
                          digest=digest, level="approve-each", policy="12"), "5",
         {"facts": {"decision": {"reasons": [{"sentence": "129.14 EUR is over the line of 50.00 EUR"}]}}}),
        (9, ApprovalRequested(approval_id=approval_id(0), action_id="a" * 32,
                              action="issue_refund", risk="money", digest=digest,
                              requirements=("1 refund-approver",), codes=("level.approve_each",),
                              due_us=began + 7_200_000_000, expires_us=began + 28_800_000_000,
                              money_minor=12_914, currency="EUR"), "5", {}),
        (9, WaitStarted(kind="approval", ref="a" * 32), "5", {}),
        (7_809, ApprovalDecided(approval_id=approval_id(0), action_id="a" * 32, verdict="approve",
                                person="l.costa", role="refund-approver", digest=digest,
                                channel="console", seconds_open=41), None, {}),
        (7_809, WaitEnded(kind="approval", ref="a" * 32, how="approved"), "5", {}),
        (7_819, EffectIntended(action_id="a" * 32, effect_id="a" * 32, attempt=1,
                               connector="shop", digest=digest, sent="z",
                               deadline_us=began + 9_000_000_000,
                               reveals=("PERSON_7K3QX4M2@person",)), "5", {}),
        (7_820, EffectConfirmed(action_id="a" * 32, effect_id="a" * 32, attempt=1,
                                reference="re_8812", latency_ms=210), "5",
         {"receipt": {"id": "re_8812"}}),
        (7_821, CaseClosed(outcome="completed", result="refunded"), None, {"result": "refunded"}),
    ]  # fmt: skip
    return [
        Entry(
            id=f"{seq:032x}", case_id=of_case, seq=8_812 + seq, event=event.NAME,
            body=event.body(), actor=actor.workflow("refund-desk"),
            at_us=began + int(seconds * 1_000_000), workflow="refund-desk", path=path, run=0,
            payloads=payloads,
        )
        for seq, (seconds, event, path, payloads) in enumerate(steps)
    ]  # fmt: skip
