"""What ran alone, as people judge it afterwards: drawn by the coin, and shown blind."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from remit.domain import clock
from remit.domain.action import ActionSpec
from remit.domain.approval import RejectReason
from remit.domain.plan import Plan
from remit.errors import NotEntitledError, NotFoundError
from remit.governance import audits, inbox, stops
from remit.governance import labels as labels_of
from remit.governance.audit import (
    AuditLine,
    AuditPage,
    AuditView,
    Compared,
    Finding,
    Judgement,
)
from remit.governance.edits import typed
from remit.governance.owners import roles_of
from remit.intake.mask import Masker
from remit.ledger.keys import KeyRing
from remit.orchestration.comparing import Comparing
from remit.orchestration.granting import OWNER_ROLE
from remit.orchestration.runs import Runs
from remit.store import evidence, vault
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork

PAGE_MAX: Final = 200
LOOKED_MAX: Final = 1_000  # rows that one page looks at: some may be nothing for who asks


class Auditing(Comparing):
    """The part of a running Remit at which people judge; `remit.app.Remit` fills in the rest."""

    keys: KeyRing
    runs: Runs
    write: Callable[..., Any]
    _masked: Callable[[str, str], tuple[str, Callable[[UnitOfWork], None]]]

    def audits(
        self,
        *,
        person: str,
        workflow: str | None = None,
        after: str | None = None,
        limit: int = 60,
    ) -> AuditPage:
        """Return a page of what this person may judge, the first due first."""
        roles_of(self._people, person)
        wanted = [
            name
            for name in self.equipment
            if workflow in {None, name} and self.may_judge(person, name)
        ]
        size, mark = max(1, min(limit, PAGE_MAX)), inbox.cursor(after) or (0, "")

        def work(connection: Connection) -> AuditPage:
            return _page(
                connection, self.keys, frozenset(wanted), person=person, after=mark, size=size,
                now_us=clock.microseconds(self.now()), risk=self._risk,
            )  # fmt: skip

        return self.database.read(work)

    def audit(self, audit_id: str, /, *, person: str) -> AuditView:
        """Return what this person sees of one; raises `NotFoundError`, `OwnRequestError`."""

        def work(connection: Connection) -> AuditView:
            row = self._asked(connection, audit_id, person)
            audits.found(connection, self.keys, audit_id, person)
            spec, plan = self._judged_by(row)
            return audits.view(connection, self.keys, row, spec=spec, plan=plan)

        return self.database.read(work)

    async def judge(
        self,
        audit_id: str,
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
        """Say whether a proposal was right first time; return as what it counts.

        `labels` is what was shown with it. Raises `NotFoundError`, `OwnRequestError`,
        `NotEntitledError`, `RequestInvalidError`, and `IllegalMoveError` where somebody was
        quicker.
        """
        row = self.database.read(lambda c: self._asked(c, audit_id, person))
        said, keep = self._masked(row.case_id, note or "")
        answer = Judgement(
            finding=finding, labels=labels, cause=cause, critical=critical, note=said or None,
            seconds_open=seconds_open,
        )  # fmt: skip

        def work(uow: UnitOfWork) -> str:
            keep(uow)
            return audits.judge(uow, self.keys, audit_id, answer, person=person).value

        done: str = await self.write(work, streams=(row.case_id,), lane="control")
        return done

    async def say_own(
        self,
        audit_id: str,
        /,
        *,
        person: str,
        labels: int,
        done: Mapping[str, str] | None,
        seconds_open: int | None = None,
    ) -> Compared:
        """Say what one did oneself, as typed, or nothing; the proposal is shown with the answer.

        Raises as `judge`, and `InvalidEditError` for what does not read as declared.
        """
        row = self.database.read(lambda c: self._asked(c, audit_id, person))
        spec, plan = self._judged_by(row)
        masker, rows = self.runs.scope(row.case_id)
        values = None if done is None else _values(spec, done, masker)
        new = rows()

        def work(uow: UnitOfWork) -> Compared:
            if new:
                vault.insert(uow.projected, new)
            return audits.compare(
                uow, self.keys, audit_id, values, shown_labels=labels, plan=plan, spec=spec,
                person=person, seconds_open=seconds_open,
            )  # fmt: skip

        compared: Compared = await self.write(work, streams=(row.case_id,), lane="control")
        return compared

    async def contest(self, action_id: str, /, *, person: str, reason: str) -> None:
        """Say that what was called wrong was right; a second person must say so too."""
        row = self.database.read(lambda c: labels_of.demand_other(c, action_id, person))
        self._demand_judge(row, person)
        said, keep = self._masked(row.case_id, stops.said(reason, what="reason"))

        def work(uow: UnitOfWork) -> None:
            keep(uow)
            audits.contest(uow, action_id, person=person, reason=said)

        await self.write(work, streams=(row.case_id,), lane="control")

    def may_judge(self, person: str, workflow: str) -> bool:
        """May this person judge what a workflow did: its approvers and its owners."""
        one = self.equipment[workflow]
        return bool(self._people.held(person, workflow) & {one.desk.approver_role, OWNER_ROLE})

    # -- parts -----------------------------------------------------------------------------------

    def _asked(self, connection: Connection, audit_id: str, person: str) -> EvidenceRow:
        """Return a row on this person's desk that they may judge."""
        row = evidence.find(connection, audit_id)
        if row is None:
            raise NotFoundError(audits.GONE.format(audit_id[:64]))
        self._demand_judge(row, person)
        return row

    def _demand_judge(self, row: EvidenceRow, person: str) -> None:
        gone = audits.GONE.format(row.action_id[:64])
        self._people.demand_sight(person, row.workflow, gone)
        if row.workflow not in self.equipment:
            raise NotFoundError(gone)
        if not self.may_judge(person, row.workflow):
            role = self.equipment[row.workflow].desk.approver_role
            raise NotEntitledError(
                f"`{person}` may not judge this; it needs the role {OWNER_ROLE} or {role}"
            )

    def _judged_by(self, row: EvidenceRow) -> tuple[ActionSpec, Plan]:
        one = self.equipment[row.workflow]
        spec, plan = one.spec(row.action), one.plans.get(row.action)
        if spec is None or plan is None:
            raise NotFoundError(f"`{row.action}` is no action of `{row.workflow}` any more")
        return spec, plan

    def _risk(self, row: EvidenceRow) -> str:
        spec = self.equipment[row.workflow].spec(row.action)
        return "" if spec is None else spec.risk.value


def _values(spec: ActionSpec, done: Mapping[str, str], masker: Masker) -> Mapping[str, Any]:
    """Return what a person typed as values of the declared types, masked as proposals are."""
    private = {param.name: param.private for param in spec.params if param.private}
    masked = masker.mask_json(typed(spec, done), private=private, trusted_tokens=True)
    return masked if isinstance(masked, dict) else {}


def _page(
    connection: Connection,
    keys: KeyRing,
    workflows: frozenset[str],
    *,
    person: str,
    after: tuple[int, str],
    size: int,
    now_us: int,
    risk: Callable[[EvidenceRow], str],
) -> AuditPage:
    """Look through what asks, until a page is full or enough was looked at."""
    found: list[AuditLine] = []
    looked, mark, more = 0, after, True
    while more and len(found) < size and looked < LOOKED_MAX:
        rows = evidence.asking(connection, workflows, after=mark, limit=size)
        more = len(rows) == size
        for row in rows:
            looked += 1
            mark = (row.due_us, row.action_id)
            if audits.barred(connection, keys, row, person):
                continue
            found.append(
                AuditLine(
                    audit_id=row.action_id, workflow=row.workflow, action=row.action,
                    risk=risk(row), how=audits.how(row), due_at=clock.instant(row.due_us),
                    overdue=row.due_us < now_us,
                )
            )  # fmt: skip
            if len(found) == size:
                more = more or row is not rows[-1]
                break
    return AuditPage(rows=tuple(found), after=inbox.mark(*mark) if more else None)
