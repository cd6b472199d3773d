"""Rules of the gallery: a desk whose changed rules wait, and one without any."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from remit.errors import IllegalMoveError, NotEntitledError, NotFoundError, NotSignedInError
from remit.governance.asked_rules import Question, Told
from remit.governance.book_changes import Reloaded
from remit.governance.policies import WHY, ChangeView, KeptView, PolicyView, RuleView
from remit.governance.weighing import BackTest, Findings, Flip, Looked, Newly
from remit.policy.difference import RuleChange
from tests.browser.sample_health import PROOF
from tests.browser.samples import case_id

DESK = "refund-desk"
CHANGE = "5e0a61c20b7f" + "4" * 52
LINES = (
    ' @id("two-above-500")',
    '-@says("Above 500 euro two people must agree")',
    '+@says("Above 2,000 euro two people must agree")',
    ' forbid (principal, action in Action::"money", resource)',
    "-when { context.args.amount > 50000 }",
    "+when { context.args.amount > 200000 }",
    " unless { context.facts.approvals >= 2 };",
)


class Ruled:
    """The part of the gallery that has rules; refuses what the real one refuses."""

    now: datetime

    def policies(self) -> tuple[PolicyView, ...]:
        return (self.policy(DESK), self.policy("triage"))

    def policy(self, workflow: str, /) -> PolicyView:
        if workflow == "triage":
            return _empty()
        if workflow != DESK:
            raise NotFoundError(f"there is no workflow `{workflow}`")
        return replace(_view(self.now), waiting=self._change())

    def ask_rules(self, told: Question, /) -> Told:
        if not told.action.startswith(DESK):
            raise NotFoundError(f"there is no action `{told.action}`")
        return Told(
            action=told.action,
            verdict="hold",
            rules=("refunds-are-permitted", "two-above-500"),
            lines=(
                "the rules say hold",
                "  permitted by refunds-are-permitted: A refund may be made",
                "  forbidden by two-above-500: Above 500 euro two people must agree",
                "    lifted by 2 people with the role refund-approver",
            ),
        )

    def may_sign(self, handle: str, workflow: str, /) -> bool:
        del workflow
        return handle in {"l.costa", "a.weber"}

    def reload_rules(self) -> tuple[Reloaded, ...]:
        return (Reloaded(workflow=DESK, outcome="waits", said="they wait", change=CHANGE),)

    def reload_proved(self, proved: str, /) -> tuple[Reloaded, ...]:
        if proved != PROOF:
            raise NotSignedInError("this is not asked with this installation's keys")
        return self.reload_rules()

    async def propose_rules(
        self, workflow: str, /, *, person: str, folder: Path | None = None, candidate: bool = False
    ) -> Reloaded:
        del folder
        if workflow != DESK:
            raise NotFoundError(f"there is no workflow `{workflow}`")
        if not candidate:
            raise IllegalMoveError("these rules are in force already; nothing is proposed")
        self.__dict__["proposer"] = person
        return Reloaded(workflow=workflow, outcome="waits", said="they wait", change=CHANGE)

    async def sign_rules(self, workflow: str, change: str, /, *, person: str) -> int:
        one = self._waiting(workflow, change)
        if person == one.proposer or not self.may_sign(person, workflow):
            raise NotEntitledError(f"`{person}` may not sign this; somebody else must")
        signed = self.__dict__.setdefault("signed", [])
        signed.append(person)
        if len(set(signed)) > 1:
            self.__dict__["ended"] = True
        return max(0, 2 - len(set(signed)))

    async def refuse_rules(
        self, workflow: str, change: str, /, *, person: str, reason: str
    ) -> None:
        del person, reason
        self._waiting(workflow, change)
        self.__dict__["ended"] = True

    def _waiting(self, workflow: str, change: str) -> ChangeView:
        one = self._change()
        if workflow != DESK or change != CHANGE or one is None:
            raise NotFoundError(f"there is no change `{change}` of the rules of `{workflow}`")
        return one

    def _change(self) -> ChangeView | None:
        if self.__dict__.get("ended"):
            return None
        return ChangeView(
            workflow=DESK, change=CHANGE, state="waiting", at=self.now - timedelta(hours=3),
            proposer=self.__dict__.get("proposer", "i.auditor"), people=2,
            signers=tuple(self.__dict__.get("signed", ())), ended_by="",
            why=(WHY["allowed"], WHY["flips"]), findings=_findings(),
        )  # fmt: skip


def _findings() -> Findings:
    return Findings(
        changes=(
            RuleChange(rule="two-above-500", kind="changed", lines=LINES),
            RuleChange(
                rule="invariant: Nobody moves more than 500 euro alone", kind="removed",
                lines=("-never: context.args.amount > 50000 && context.facts.approvals < 2",),
            ),
        ),
        newly=tuple(
            Newly(
                action=f"{DESK}.issue_refund", before="hold", after="allow",
                request=f"{DESK}.issue_refund: amount={amount}.00 EUR, 1 agreed, level autonomous",
            )
            for amount in range(501, 514)
        ),
        looked=(
            Looked(action=f"{DESK}.issue_refund", asked=20_000, possible=64_800, proved=False),
            Looked(action=f"{DESK}.send_letter", asked=240, possible=240, proved=True),
        ),
        tested=BackTest(
            decisions=1_204, erased=3, flipped=2, loosened=2,
            flips=tuple(
                Flip(
                    case_id=case_id(n), seq=9, action=f"{DESK}.issue_refund", before="hold",
                    after="allow", rules=("two-above-500",), loosens=True, broken=(),
                )
                for n in (2, 5)
            ),
        ),
    )  # fmt: skip


def _view(now: datetime) -> PolicyView:
    return PolicyView(
        workflow=DESK, digest="9c3e12ab45d0" + "7" * 52, how="signed",
        at=now - timedelta(days=12), trouble="",
        rules=(
            RuleView(
                rule="refunds-are-permitted", permits=True, says="A refund may be made",
                owner="l.costa", since="2026-11-01", file="money.cedar", line=2,
                asks=("grace(60)",), hits=118, last=now - timedelta(minutes=4),
                last_case=case_id(1),
            ),
            RuleView(
                rule="two-above-500", permits=False, says="Above 500 euro two people must agree",
                owner="l.costa", since="2026-11-01", file="money.cedar", line=11,
                asks=("2 people with the role refund-approver",), hits=9,
                last=now - timedelta(hours=5), last_case=case_id(3),
            ),
            RuleView(
                rule="no-refund-to-a-stranger-who-asked-under-another-name", permits=False,
                says="Nobody pays to an account that the customer has not used before",
                owner="gone", since="2026-11-14", file="accounts-and-strangers.cedar", line=104,
                asks=(), hits=0, last=None, last_case="",
            ),
        ),
        never=("Nobody moves more than 500 euro alone",), looked=200,
        kept=(
            KeptView(digest="4" * 64, at=now - timedelta(days=40), how="tighter", rules=3),
            KeptView(digest="1" * 64, at=now - timedelta(days=60), how="first", rules=2),
        ),
        waiting=None,
        ended=(
            ChangeView(
                workflow=DESK, change="8" * 64, state="in force", at=now - timedelta(days=12),
                proposer="a.weber", people=2, signers=("l.costa", "gone"), ended_by="", why=(),
            ),
        ),
        people=2,
        actions={
            f"{DESK}.issue_refund": {"amount": "money", "order_id": "text"},
            f"{DESK}.send_letter": {},
        },
    )  # fmt: skip


def _empty() -> PolicyView:
    return PolicyView(
        workflow="triage", digest="", how="", at=None, trouble="", rules=(), never=(), looked=0,
        kept=(), waiting=None, ended=(), people=0,
    )  # fmt: skip
