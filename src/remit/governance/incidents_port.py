"""What the faces need of a running Remit to declare incidents, work on them, and close them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from remit.domain.autonomy import Cell
from remit.domain.incident import Correction, Severity
from remit.governance.corrections import Noted
from remit.governance.incident import IncidentPage, IncidentView


class IncidentsPort(Protocol):
    """Incidents, from the report to the review."""

    def incidents(
        self,
        *,
        closed: bool = False,
        workflow: str | None = None,
        after: str | None = None,
        limit: int = 60,
    ) -> IncidentPage: ...
    def incident(self, incident_id: str, /) -> IncidentView: ...
    def incident_scopes(self) -> Sequence[str]: ...
    def incidents_of(self, cell: Cell, /) -> Sequence[IncidentView]: ...
    async def declare_incident(
        self,
        scope: str,
        /,
        *,
        person: str,
        severity: Severity,
        sentence: str,
        occurred_at: datetime | None = None,
        contain: bool = False,
    ) -> IncidentView: ...
    async def contain_incident(self, incident_id: str, /, *, person: str) -> IncidentView: ...
    async def note_finding(
        self,
        incident_id: str,
        /,
        *,
        person: str,
        finding: Correction,
        actions: Sequence[str] | None = None,
    ) -> Noted: ...
    async def resolve_incident(self, incident_id: str, /, *, person: str) -> IncidentView: ...
    async def review_incident(
        self, incident_id: str, /, *, person: str, found: str
    ) -> IncidentView: ...
    async def dismiss_incident(
        self, incident_id: str, /, *, person: str, reason: str
    ) -> IncidentView: ...
