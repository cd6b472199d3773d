"""What the faces need of a running Remit for what people do about effects: tasks, rollbacks."""

from collections.abc import Sequence
from typing import Protocol

from remit.domain.task import Finding
from remit.domain.value import Json
from remit.governance.incidents_port import IncidentsPort
from remit.governance.rollbacks import Plan, RollbackView, Selection
from remit.governance.tasks import TaskPage, TaskView


class DutiesPort(IncidentsPort, Protocol):
    """Effects taken back, found out about, and put right; and the incidents that they are of."""

    async def withdraw(self, action_id: str, /, *, person: str) -> None: ...
    def tasks(
        self,
        *,
        closed: bool = False,
        workflow: str | None = None,
        after: str | None = None,
        limit: int = 60,
    ) -> TaskPage: ...
    def task(self, task_id: str, /) -> TaskView: ...
    async def settle(
        self,
        action_id: str,
        /,
        *,
        person: str,
        finding: Finding,
        evidence: str,
        reference: str = "",
        receipt: Json = None,
    ) -> bool: ...
    async def close_task(self, task_id: str, /, *, person: str, note: str) -> None: ...
    def plan_rollback(self, selection: Selection, /) -> Plan: ...
    async def start_rollback(
        self, selection: Selection, /, *, person: str, reason: str, digest: str
    ) -> RollbackView: ...
    def rollback_of(self, rollback_id: str, /) -> RollbackView: ...
    def rollbacks(self) -> Sequence[RollbackView]: ...
