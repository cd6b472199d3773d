"""Requirement 15: whoever votes, lends, edits and loses roles, behind an effect stand two people.

A state machine over a real desk on SQLite, through its public doors, beside a small model of its
own: who said yes to what, in whose right, and who has which right now. The model counts the slow
way, by trying every reading, and reads no vote and no delegation of the record.
"""

import itertools
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from remit import testing
from remit.app import Remit
from remit.domain.approval import ApprovalState, Verdict
from remit.errors import (
    ApprovalClosedError,
    InvalidEditError,
    NotEntitledError,
    NotFoundError,
    OwnRequestError,
    RequestInvalidError,
    StaleDigestError,
)
from remit.governance.delegations import Lending
from remit.governance.sessions import SignedIn
from remit.integrations.recorder import Fault
from tests.faults.lengths import times
from tests.projects import NAME, ODA, OLGA, OTTO, PAUL, ROSA, Small, found, waiting

PEOPLE = (OLGA, PAUL, ROSA, OTTO, ODA)
ROLES = {OLGA: "owner approver payer", PAUL: "approver", ROSA: "payer", OTTO: "operator"}
PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""
TWO = """
@id("two-payers") @says("Two payers agree") @owner("olga") @since("2026-11-01")
@obligation("approve(n=2, role=payer)")
forbid (principal, action == Action::"small-desk.pay", resource)
unless { context.facts.approvals >= 2 };
"""
# What a person may be told; anything else that is raised is a defect.
REFUSED = (
    ApprovalClosedError, InvalidEditError, NotEntitledError, NotFoundError, OwnRequestError,
    RequestInvalidError, StaleDigestError,
)  # fmt: skip
CASES_MAX = 3
FULL, LESS = 5_000, 900  # what the order is worth, and what an edit makes of it: minor units
somebody = st.sampled_from(PEOPLE)
picked = st.integers(0, 11)  # of however many there are: what is drawn depends on no desk


@dataclass(kw_only=True)
class Loan:
    """What the model knows of one delegation."""

    key: str
    giver: str
    to: str
    begins: datetime
    until: datetime
    most: int | None
    ended: bool = False


@dataclass(kw_only=True)
class Asked:
    """What the model knows of one approval: by voter and role, in whose right they said yes."""

    case_id: str
    action_id: str
    moved: int
    editor: str  # has said yes to what they wrote, in the right that they have whenever one looks
    yes: dict[str, dict[str, set[str]]] = field(default_factory=dict)


class Desk(RuleBasedStateMachine):
    """People at one desk, and a model of what they may."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.portal: BlockingPortal = self.stack.enter_context(start_blocking_portal())
        self.small = Small(folder=folder, granted=("pay",), policy=TWO, grace=5)
        self.small.write(PAY)
        self.roles = {who: set(ROLES.get(who, "operator").split()) for who in PEOPLE}
        self.loans: list[Loan] = []
        self.asked: dict[str, Asked] = {}
        self.brought: dict[str, str] = {}  # case -> who brought it in
        self.wrote: dict[str, str] = {}  # case -> who edited last
        self.judged: set[str] = set()  # intents, by entry
        self.open()

    def open(self) -> None:
        """Start the desk, as after a restart."""
        self.running: AbstractContextManager[Remit] = self.portal.wrap_async_context_manager(
            self.small.open()
        )
        self.remit = self.running.__enter__()
        self.small.granted = ()  # what is granted stays granted

    def teardown(self) -> None:
        """Close it: the record must be sound, and the verifier agree."""
        try:
            self.running.__exit__(None, None, None)
        finally:
            self.stack.close()

    # -- what people do -----------------------------------------------------------------------

    @precondition(lambda self: len(self.brought) < CASES_MAX)
    @rule(by=st.sampled_from([None, *PEOPLE]))
    def somebody_brings_a_case_in(self, by: str | None) -> None:
        self.bring(by)

    def bring(self, by: str | None = None) -> None:
        admission = self._call(
            self.remit.receive, NAME, {"order_id": "7"}, channel="api",
            external_id=str(len(self.brought)), by=None if by is None else f"person:{by}",
        )  # fmt: skip
        self.brought[admission.case_id] = by or ""
        self.settle()

    @rule(
        pick=picked,
        person=somebody,
        how=st.sampled_from([Verdict.APPROVE] * 6 + [Verdict.EDIT, Verdict.REJECT]),
        session=st.sampled_from(["one", "two"]),
    )
    def somebody_answers(self, pick: int, person: str, how: Verdict, session: str) -> None:
        if asked := self.waiting():
            self.answer(asked[pick % len(asked)], person, how, session)

    def answer(self, approval: str, person: str, how: Verdict, session: str = "one") -> None:
        row, now = self.asked[approval], self.remit.now()
        able = {role: self.rights(person, row, role, now) for role in ("payer", "approver")}
        signed = SignedIn(
            session=session, strength="passkey", auth_at=now,
            fresh_until=now + timedelta(minutes=5),
        )  # fmt: skip
        try:
            shown = self.remit.approval(approval, person=person)
            self._call(
                self.remit.decide, approval, person=person, verdict=how, channel=session,
                digest=shown.card.digest, signed_in=signed,
                edits={"amount": "9.00 EUR"} if how is Verdict.EDIT else None,
            )  # fmt: skip
        except REFUSED:
            self.settle()
            return
        if how is not Verdict.REJECT:  # to say no is never harder: who brought it in may
            assert any(able.values()), f"{person} answered and has no right to"
        if how is Verdict.EDIT:
            self.wrote[row.case_id] = person
        if how is Verdict.APPROVE:
            row.yes.setdefault(person, able)
        self.settle()

    @rule(
        giver=somebody,
        to=somebody,
        seconds=st.sampled_from([8, 3_600]),
        most=st.sampled_from([None, None, LESS]),
        later=st.booleans(),
        by_owner=st.booleans(),
    )
    def somebody_lends(
        self, giver: str, to: str, seconds: int, most: int | None, *, later: bool, by_owner: bool
    ) -> None:
        self.lend(giver, to, seconds, most, later=later, by_owner=by_owner)

    def lend(
        self,
        giver: str,
        to: str,
        seconds: int = 3_600,
        most: int | None = None,
        *,
        later: bool = False,
        by_owner: bool = False,
    ) -> None:
        now = self.remit.now()
        begins = now + timedelta(seconds=4 if later else 0)
        lending = Lending(
            giver=giver, to=to, begins=begins, until=begins + timedelta(seconds=seconds),
            workflows=(NAME,), cap=None if most is None else (most, "EUR"),
        )  # fmt: skip
        try:
            key = self._call(self.remit.delegate, lending, person=OLGA if by_owner else giver)
        except REFUSED:
            return
        self.loans.append(
            Loan(
                key=key, giver=giver, to=to, begins=begins, until=lending.until, most=most,
            )
        )  # fmt: skip
        self.settle()

    @rule(pick=picked)
    def a_loan_is_ended(self, pick: int) -> None:
        if standing := [one for one in self.loans if not one.ended]:
            self.end(standing[pick % len(standing)])

    def end(self, loan: Loan) -> None:
        loan.ended = True
        try:
            self._call(self.remit.end_delegation, loan.key, person=loan.giver)
        except NotFoundError:
            assert self.remit.now() >= loan.until
        self.settle()

    @rule(person=somebody, role=st.sampled_from(["payer", "payer", "approver", "operator"]))
    def a_role_is_lost_or_given(self, person: str, role: str) -> None:
        self.turn(person, role)

    def turn(self, person: str, role: str) -> None:
        self.roles[person] ^= {role}
        file = self.small.folder / "project" / "remit.toml"
        lines = file.read_text().splitlines()
        at = lines.index(f"[people.{person}]") + 2
        lines[at] = f"roles = [{', '.join(f'{one!r}' for one in sorted(self.roles[person]))}]"
        file.write_text("\n".join(lines).replace("'", '"') + "\n")
        self.settle()

    @rule(pick=picked)
    def a_yes_is_taken_back(self, pick: int) -> None:
        if not self.asked:
            return
        approval = sorted(self.asked)[pick % len(self.asked)]
        for person in self.asked[approval].yes:
            try:
                self._call(self.remit.take_back, approval, person=person)
            except REFUSED:
                continue
        self.settle()

    # -- what happens -------------------------------------------------------------------------

    @rule(fault=st.sampled_from([Fault.NOT_SENT, Fault.ERROR_BEFORE, Fault.TIMEOUT_AFTER]))
    def the_other_system_will_fail_once(self, fault: Fault) -> None:
        self.small.tape.fail("pay", fault)

    @rule(seconds=st.sampled_from([1, 6, 6, 70]))
    def time_passes(self, seconds: int) -> None:
        self.wait(seconds)

    def wait(self, seconds: int) -> None:
        self._call(testing.pass_time, self.remit, self.small.clock, seconds)
        self.settle()

    @rule()
    def it_is_restarted(self) -> None:
        self.running.__exit__(None, None, None)
        self.open()
        self.settle()

    # -- the model ----------------------------------------------------------------------------

    def settle(self) -> None:
        """Let everything that is due happen, look at what is asked now, and judge."""
        self._call(self.remit.settled)
        for row in waiting(self.remit):
            if row.approval_id in self.asked:
                continue
            card = self.remit.approval(row.approval_id, person=OLGA).card
            assert row.money is not None
            editor = self.wrote.get(row.case_id, "")
            self.asked[row.approval_id] = Asked(
                case_id=row.case_id, action_id=card.action_id, moved=row.money.minor, editor=editor
            )
        self.judge()

    def judge(self) -> None:
        """INVARIANT: what was intended since has enough people behind it, with the right now."""
        for case_id in self.brought:
            for entry in found(self.remit, case_id, "orchestration:effect:intended"):
                if entry.id in self.judged:
                    continue
                self.judged.add(entry.id)
                used = [
                    row
                    for approval, row in self.asked.items()
                    if row.action_id == entry.body["action_id"]
                    and self.remit.approval(approval, person=OLGA).state is ApprovalState.CONSUMED
                ]
                assert used, "an effect is intended, and no approval was used"
                self.enough(used[-1])

    def enough(self, row: Asked) -> None:
        """Fail unless two people stand behind it for each role that was needed."""
        for role in ("payer", "approver") if row.editor else ("payer",):
            assert self.most(row, role) >= 2, f"{role}: {row.yes}, {self.loans}, {self.roles}"

    def rights(self, person: str, row: Asked, role: str, now: datetime) -> set[str]:
        """Return in whose right somebody may say yes to this now, their own or a giver's."""
        requester = self.brought[row.case_id]
        if person == requester:
            return set()
        lent = {
            one.giver
            for one in self.loans
            if one.to == person
            and not one.ended
            and one.begins <= now < one.until
            and (one.most is None or row.moved <= one.most)
        }
        return {who for who in {person, *lent} if role in self.roles[who] and who != requester}

    def most(self, row: Asked, role: str) -> int:
        """Return behind how many people this is at most, whoever each voter acted for."""
        now = self.remit.now()
        able = {
            who: then[role] & self.rights(who, row, role, now) for who, then in row.yes.items()
        }
        if row.editor:
            able[row.editor] = self.rights(row.editor, row, role, now)
        voters = {who: sorted(givers) for who, givers in able.items() if givers}
        return max(
            (
                groups([{who, giver} for who, giver in zip(voters, reading, strict=True)])
                for reading in itertools.product(*voters.values())
            ),
            default=0,
        )

    def waiting(self) -> list[str]:
        return [row.approval_id for row in waiting(self.remit) if row.approval_id in self.asked]

    def _call(self, function: Any, *given: Any, **named: Any) -> Any:
        async def call() -> Any:
            return await function(*given, **named)

        return self.portal.call(call)


def groups(pairs: list[set[str]]) -> int:
    """Count people: two pairs that share one are one, until nothing changes."""
    left = list(pairs)
    for one, other in itertools.combinations(pairs, 2):
        if one & other:
            left.remove(one)
            left.remove(other)
            return groups([*left, one | other])
    return len(left)


TestDesk = Desk.TestCase
TestDesk.settings = settings(
    max_examples=times(12, long=400),
    stateful_step_count=times(25, long=60),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # each step writes a record: shrinking takes minutes
)
