"""The gallery: every state that a page can show, in memory, behind the methods of Remit."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from types import SimpleNamespace

from remit.domain.approval import Verdict
from remit.domain.entry import Entry
from remit.errors import (
    CaseClosedError,
    IntakeConflictError,
    NotFoundError,
    UnknownWorkflowError,
)
from remit.governance.casebook import (
    CasePage,
    CaseView,
    EffectLine,
)
from remit.governance.masked import MaskedView
from remit.governance.owners import Person
from remit.ledger.anchor_standing import AnchorsView
from remit.observability.tracing import timeline
from tests.browser.refused import Refused
from tests.browser.sample_audits import Audited
from tests.browser.sample_case import entries_of_a_case
from tests.browser.sample_desk import Decided
from tests.browser.sample_duties import Left
from tests.browser.sample_health import Examined
from tests.browser.sample_incidents import WentWrong
from tests.browser.sample_masked import masked_of
from tests.browser.sample_policies import Ruled
from tests.browser.sample_quarantine import Aside
from tests.browser.sample_remarks import Remarked, remarked
from tests.browser.sample_remit import Earning
from tests.browser.sample_stops import Halted
from tests.browser.samples import (
    HOSTILE,
    NOW,
    PEOPLE,
    SAYS,
    anchors,
    case_id,
    case_line,
    diverged,
    items_of,
    row_of,
    workflow_views,
)
from tests.browser.samples import case_id as a_case


class FakeRemit(
    Decided, Remarked, Examined, Aside, Refused, Halted, Left, WentWrong, Ruled, Earning, Audited
):
    """Remit without a store: keeps verdicts in memory and obeys the same rules of refusal."""

    def __init__(self, *, now: datetime = NOW, items: int = 9) -> None:
        self.now = now
        self.views = remarked({view.card.approval_id: view for view in items_of(now, items)})
        self.answered: dict[str, tuple[str, ...]] = {}
        self.decided: list[tuple[str, Verdict, str | None]] = []
        self.queues: set[asyncio.Queue[tuple[int, str, str]]] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.position = 8_900
        self.released: dict[str, Mapping[str, str]] = {}
        self.classes: list[str] = []
        self.cancelled: list[tuple[str, str, str]] = []
        self.received: dict[str, Mapping[str, object]] = {}
        self.ended: dict[str, str] = {}

    def people(self) -> Mapping[str, Person]:
        return PEOPLE

    def workflows(self) -> tuple[SimpleNamespace, ...]:
        return workflow_views()

    def inventory(self) -> tuple[dict[str, object], ...]:
        return (
            {"workflow": "refund-desk", "version": "9" * 64, "owners": {"workflow": "a.weber"}},
        )

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
            case_line(number, self.now) for number in range(1, 25) if search != "nothing-like-it"
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
            action_id="a" * 32,
            action="issue_refund",
            state="ambiguous" if number == 3 else "confirmed",
            sentence="Refund 129.14 EUR to PERSON_7K3QX4M2 for order 35979",
            reference="re_8812",
            attempt=1,
            can_undo=number != 3,
        )
        open_ = [row_of(view, self.now) for view in self.views.values() if view.state == "open"]
        return CaseView(
            row=case_line(number, self.now),
            fields={"message": HOSTILE, "order_id": "35979", "sender": "EMAIL_9TBD2345"},
            timeline=told,
            approvals=tuple(open_[:1]) if number == 2 else (),
            effects=(effect,),
            diverged=diverged() if number == 9 else None,
            follows=case_id(4) if number == 15 else None,
            followed_by=case_id(5) if number == 16 else None,
        )

    def masked(self, wanted: str, /) -> MaskedView:
        return masked_of(self.entries(wanted), self.case(wanted).row)

    def entries(
        self,
        wanted: str,
        /,
    ) -> list[Entry]:
        return entries_of_a_case(self.now, wanted)

    async def close_case(self, case_id: str, /, *, person: str, note: str | None) -> None:
        self.ended[case_id] = note

    async def confirm_clock(self, /, *, person: str) -> float:
        self.cancelled.append(("clock", person, ""))
        return 400.0

    async def freeze(self, wanted: str, /, *, person: str, sentence: str) -> None:
        self.case(wanted)
        await self.set_stop(f"case:{wanted}", person=person, sentence=sentence)

    async def cancel(
        self,
        wanted: str,
        /,
        *,
        person: str,
        reason: str,
    ) -> bool:
        row = self.case(wanted).row
        if row.status == "closed":
            raise CaseClosedError(f"`b.stone` closed case `{wanted}` at 2026-11-24 09:30 UTC")
        self.cancelled.append((wanted, person, reason))
        return row.number != 3

    async def hand_back(self, case_id: str, /, *, person: str, note: str | None) -> None:
        self.ended[case_id] = f"back: {note}"

    async def follow(self, case_id: str, /, *, person: str, note: str | None) -> str:
        self.ended[case_id] = f"followed: {note}"
        return a_case(1)

    def badges(self) -> dict[str, int]:
        names = ("waiting", "quarantined", "stops", "tasks", "incidents")
        return {name: n for name, n in self.counts().items() if name in names}

    def counts(
        self,
    ) -> dict[str, int]:
        waiting = [view for view in self.views.values() if view.state == "open"]
        return {
            "received": 1_004, "ready": 0, "parked": 8, "escalated": 3, "quarantined": 2,
            "closed": 991, "waiting": len(waiting),
            "overdue": sum(view.card.due_at < self.now for view in waiting),
            "ambiguous": 1, "balance": 0, "stops": len(self.stops()),
            "tasks": len(self.tasks().rows),
            "incidents": sum(one.open for one in self.incidents().rows),
        }  # fmt: skip

    trouble = ""

    def anchored(self) -> AnchorsView:
        return anchors()

    def verify(
        self,
    ) -> SimpleNamespace:
        return SimpleNamespace(
            result="intact",
            exit_code=2,
            size=8_840,
            lines=("8,840 entries, each byte as written", "not anchored outside this host"),
        )

    async def receive_mail(
        self, workflow: str, data: bytes, /, *, priority: str = "normal", by: str | None = None
    ) -> SimpleNamespace:
        return await self.receive(
            workflow, {"mail": data}, channel="mail", priority=priority, by=by
        )

    async def receive(
        self,
        workflow: str,
        raw: Mapping[str, object],
        /,
        *,
        channel: str,
        external_id: str | None = None,
        priority: str = "normal",
        by: str | None = None,
    ) -> SimpleNamespace:
        if workflow != "refund-desk":
            raise UnknownWorkflowError(f"there is no workflow `{workflow}`")
        known = self.received.get(external_id or "")
        if known is not None and known != raw:
            raise IntakeConflictError(f"`{external_id}` came before with another body")
        self.received[external_id or str(raw)] = raw
        self.classes.append(str(priority))
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
