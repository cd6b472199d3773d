"""What the faces need of a running Remit to have people judge, and to measure how they do."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from remit.domain.approval import RejectReason
from remit.governance.audit import AuditPage, AuditView, Compared, Finding
from remit.governance.standing import Reviewing


class AuditsPort(Protocol):
    """What ran alone, judged blind."""

    def audits(
        self,
        *,
        person: str,
        workflow: str | None = None,
        after: str | None = None,
        limit: int = 60,
    ) -> AuditPage: ...
    def audit(self, audit_id: str, /, *, person: str) -> AuditView: ...
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
    ) -> str: ...
    async def say_own(
        self,
        audit_id: str,
        /,
        *,
        person: str,
        labels: int,
        done: Mapping[str, str] | None,
        seconds_open: int | None = None,
    ) -> Compared: ...
    def reviewers(self, *, person: str, workflow: str | None = None) -> Sequence[Reviewing]: ...
    async def contest(self, action_id: str, /, *, person: str, reason: str) -> None: ...
