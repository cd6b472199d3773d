"""Open approvals that too few may answer since roles changed: looked at again at the next tick."""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from remit.domain import actor
from remit.domain.case import CaseStatus
from remit.domain.check_event import SEEDED
from remit.domain.entry import Draft
from remit.domain.event import WaitEnded
from remit.governance.access import Rights, Roster
from remit.store import approvals as rows
from remit.store import cases, inbox, timers, waits
from remit.store.approvals import ApprovalRecord
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

PAGE: Final = 500

log = logging.getLogger("remit.desk")


@dataclass(slots=True, kw_only=True)
class Answerable:
    """Remembers by which rights open approvals were looked at; those of now are read at a tick."""

    read: Callable[[Callable[[Connection], Any]], Awaitable[Any]]
    writer: Writer
    people: Roster
    _seen: Rights = field(init=False)

    def __post_init__(self) -> None:
        self._seen = self.people.rights

    async def tick(self) -> int:
        """Where roles changed, wake what too few may answer now; return how many there were.

        What is woken tells its owner by itself, once (`asking.tell_unanswerable`). Lending adds
        and takes away nobody, so that it wakes nothing.
        """
        rights = self.people.rights
        if rights == self._seen:  # a file may have changed that says the same of people
            return 0
        woken = 0
        after: tuple[int, int, str] | None = None
        while True:
            page = await self.read(functools.partial(_page, after=after))
            for row, requester in page:
                if self._too_few(row, requester):
                    woken += await self._wake(row)
            if len(page) < PAGE:
                break
            after = page[-1][0].place
        self._seen = rights
        if woken:
            log.warning("%s open approvals may be answered by too few people now", woken)
        return woken

    def _too_few(self, row: ApprovalRecord, requester: str) -> bool:
        return any(
            len(set(self.people.able(row.workflow, one.role, row.moved)) - {requester})
            < one.people
            for one in row.requirements
        )

    async def _wake(self, row: ApprovalRecord) -> bool:
        receipt = await asyncio.wrap_future(
            self.writer.submit(
                functools.partial(_look, approval_id=row.approval_id),
                lane="control",
                streams=(row.case_id,),
            )
        )
        return bool(receipt.value)


def _page(
    connection: Connection, *, after: tuple[int, int, str] | None
) -> list[tuple[ApprovalRecord, str]]:
    """Return open approvals, each with who brought its case in."""
    found = []
    for row in inbox.page(connection, after=after, limit=PAGE):
        case = cases.find(connection, row.case_id)
        found.append((row, "" if case is None else case.requester or ""))
    return found


def _look(uow: UnitOfWork, *, approval_id: str) -> bool:
    """Have the case of an open approval look at it again; not while it runs."""
    approval = rows.find(uow.connection, approval_id)
    case = None if approval is None else cases.find(uow.connection, approval.case_id)
    if approval is None or case is None or case.status is not CaseStatus.PARKED:
        return False
    if case.tenant == SEEDED:
        return False  # no run of it would look
    waiting = waits.of_case(uow.connection, case.case_id)
    paths = [path for path, _, ref in waiting if ref == approval_id]
    if not paths:
        return False
    uow.append(
        Draft(
            event=WaitEnded(kind="approval", ref=approval_id, how=timers.LOOK),
            case_id=case.case_id,
            workflow=case.workflow,
            actor=actor.service("clock"),
            path=paths[0],
        )
    )
    return True
