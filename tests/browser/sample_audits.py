"""Audits of the gallery: one to judge, one that somebody did themselves, one contested."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from remit.domain.approval import RejectReason
from remit.errors import IllegalMoveError, NotFoundError, RequestInvalidError
from remit.governance.audit import (
    AuditLine,
    AuditPage,
    AuditView,
    Compared,
    Finding,
    How,
    Read,
)
from remit.governance.card import Change, EditField, Message, Quote
from remit.governance.standing import Pool, Reviewing, Standing
from tests.browser.samples import HOSTILE, LONG


def audit_id(number: int) -> str:
    """Return the id of an audit of the gallery."""
    return f"{number:x}".rjust(2, "0") + "a" * 30


class Audited:
    """The part of the gallery that is judged afterwards."""

    now: datetime

    def audits(
        self,
        *,
        person: str,
        workflow: str | None = None,
        after: str | None = None,
        limit: int = 60,
    ) -> AuditPage:
        del person, after
        rows = [
            AuditLine(
                audit_id=one.audit_id, workflow=one.workflow, action=one.action, risk=one.risk,
                how=one.how, due_at=one.due_at, overdue=one.due_at < self.now,
            )
            for one in self._audits().values()
            if workflow in {None, one.workflow}
        ]  # fmt: skip
        return AuditPage(rows=tuple(rows[:limit]), after="next" if len(rows) > 2 else None)

    def audit(self, wanted: str, /, *, person: str) -> AuditView:
        del person
        found = self._audits().get(wanted)
        if found is None:
            raise NotFoundError(f"there is nothing to judge under `{wanted}`; see `remit audit`")
        return found

    async def judge(
        self,
        wanted: str,
        /,
        *,
        person: str,
        finding: Finding,
        labels: int,
        cause: RejectReason | None = None,
        critical: bool = False,
        note: str | None = None,
        seconds_open: int | None = None,
    ) -> str:
        del critical, note, seconds_open
        view = self.audit(wanted, person=person)
        if labels != view.labels:
            raise IllegalMoveError("somebody has judged this meanwhile; look at it again")
        if finding is Finding.WRONG and cause is None:
            raise RequestInvalidError("`cause`: say what is wrong with it")
        del self._audits()[wanted]
        return "pending" if finding is Finding.UNSURE else finding.value

    async def say_own(
        self,
        wanted: str,
        /,
        *,
        person: str,
        labels: int,
        done: Mapping[str, str] | None,
        seconds_open: int | None = None,
    ) -> Compared:
        del labels, seconds_open
        view = self.audit(wanted, person=person)
        del self._audits()[wanted]
        own = (done or {}).get("amount", "")
        same = own == "19.00 EUR"
        return Compared(
            outcome="right" if same else "wrong",
            sentence=f"Refund 19.00 EUR for order {view.fields['order_id']}",
            differs=() if same else (("amount", own, "19.00 EUR"),),
        )

    def reviewers(self, *, person: str, workflow: str | None = None) -> tuple[Reviewing, ...]:
        del workflow
        rows = (
            Standing(
                reviewer="a.weber",
                bad=50,
                missed=1,
                good=20,
                refused=2,
                found_min_ppm=870_000,
                found_ppm=980_000,
                found_from_ppm=861_000,
                found_to_ppm=1_000_000,
                seconds=42,
                agreed_ppm=940_000,
                alarm=False,
            ),
            Standing(
                reviewer="gone",
                bad=8,
                missed=7,
                good=4,
                refused=0,
                found_min_ppm=0,
                found_ppm=125_000,
                found_from_ppm=1_000,
                found_to_ppm=640_000,
                seconds=2,
                agreed_ppm=None,
                alarm=True,
            ),
            Standing(
                reviewer="l.costa",
                bad=0,
                missed=0,
                good=1,
                refused=0,
                found_min_ppm=0,
                found_ppm=None,
                found_from_ppm=0,
                found_to_ppm=1_000_000,
                seconds=None,
                agreed_ppm=None,
                alarm=False,
            ),
        )
        own = tuple(one for one in rows if one.reviewer == person)
        pool = Pool(risk="money", bad=58, missed=8, found_min_ppm=690_000, bad_min=20)
        few = Pool(risk="normal", bad=3, missed=0, found_min_ppm=110_000, bad_min=20)
        whole = person in {"l.costa", "i.auditor"}
        return (
            Reviewing(
                workflow="refund-desk", whole=whole, rows=rows if whole else own,
                pools=(pool, few) if whole else (), alarmed=("gone",) if whole else (),
            ),
            Reviewing(workflow="letters", whole=whole, rows=(), pools=(), alarmed=()),
        )  # fmt: skip

    async def contest(self, wanted: str, /, *, person: str, reason: str) -> None:
        del reason
        self.audit(wanted, person=person)

    def _audits(self) -> dict[str, AuditView]:
        if not hasattr(self, "_audited"):
            self._audited = {one.audit_id: one for one in samples(self.now)}
        return self._audited


def samples(now: datetime) -> list[AuditView]:
    """Return one of each kind."""
    judged = AuditView(
        audit_id=audit_id(0), labels=0, workflow="refund-desk", action="issue_refund",
        risk="money", how=How.JUDGE, due_at=now + timedelta(hours=40),
        fields={"order_id": "35979", "message": HOSTILE + LONG},
        read=(Read(tool="get_order", values=(("id", "35979"), ("total", "19.00 EUR"))),),
        evidence=(Quote(author="Refunds", text=HOSTILE, source="handbook"),),
        sentence="Refund 19.00 EUR to PERSON_7K3QX4M2 for order 35979",
        changes=(
            Change(
                name="amount", now=None, after="19.00 EUR", source="get_order.total",
                proof="proven", integrity="system", assumptions=("the amount is in euro",),
            ),
            Change(
                name="reason", now=None, after=HOSTILE, source="content only", proof="content",
                integrity="untrusted",
            ),
        ),
        message=Message(to="PERSON_7K3QX4M2", subject="Your refund", text=HOSTILE),
        undo="can be undone", unknowns=("reason: content",),
    )  # fmt: skip
    own = replace(
        judged, audit_id=audit_id(1), how=How.OWN, sentence="", changes=(), message=None, undo="",
        unknowns=(), risk="normal", due_at=now - timedelta(hours=3),
        own=(
            EditField(name="order_id", type="text", value="", optional=False, authority=True),
            EditField(name="amount", type="money", value="", optional=False, authority=True),
            EditField(
                name="kind", type="text", value="", optional=True, authority=True,
                choices=("whole", "part"),
            ),
        ),
    )  # fmt: skip
    contested = replace(
        judged, audit_id=audit_id(2), how=How.CONTESTED, contested_by="l.costa", contest=HOSTILE,
        said="audit.amount", labels=1,
    )  # fmt: skip
    return [judged, own, contested]
