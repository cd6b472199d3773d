"""Incidents as people use them: declared by anybody of the workflow, closed by their owners."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from remit.domain import actor, clock
from remit.domain.autonomy import WHOLE, Cell
from remit.domain.incident import Correction, Scope, ScopeKind, Seen, Severity, scope_of
from remit.errors import NotEntitledError, NotFoundError, RequestInvalidError
from remit.governance import corrections, incident, incidents, stops, streams
from remit.governance.access import Roster
from remit.governance.corrections import Noted
from remit.governance.incident import IncidentPage, IncidentView
from remit.governance.incidents import Report
from remit.governance.owners import READ_ONLY_ROLES
from remit.governance.stops import OPERATOR, OWNER
from remit.intake.scrub import scrub
from remit.ledger.keys import KeyRing
from remit.orchestration.awaited import submit
from remit.orchestration.cell_window import cells_of
from remit.orchestration.equipment import Equipment
from remit.store import cases
from remit.store import incidents as rows
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.incidents import IncidentRow
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

OWNS: Final = "incidents"  # what the owner of incidents answers for, in the settings
DAY: Final = timedelta(days=1)  # so far back effects are touched where nobody says since when
FOUND_CHARACTERS_MAX: Final = 4_000


class Incidents:
    """The part of a running Remit that works on incidents; `remit.app.Remit` fills it in."""

    database: Database
    keys: KeyRing
    writer: Writer
    equipment: dict[str, Equipment]
    now: Callable[..., datetime]
    _people: Roster

    def incidents(
        self,
        *,
        closed: bool = False,
        workflow: str | None = None,
        after: str | None = None,
        limit: int = 60,
    ) -> IncidentPage:
        """Return a page of incidents, the newest first; `closed` are those that are over."""
        return self.database.read(
            lambda c: incident.page(
                c, self.keys, owner=self._answers, closed=closed,
                workflow=self._people.within(workflow), after=after, limit=limit,
            )
        )  # fmt: skip

    def incident(self, incident_id: str, /) -> IncidentView:
        """Return one with the effects that it touches; raises `NotFoundError`."""

        def work(connection: Connection) -> IncidentView:
            row = self._asked_incident(connection, incident_id)
            one = self.equipment.get(row.scope.workflow)
            actions = {} if one is None else one.workflow.actions
            specs = {name: declared.spec for name, declared in actions.items()}
            return incident.whole(connection, self.keys, row, owner=self._answers, specs=specs)

        return self.database.read(work)

    def incident_scopes(self) -> list[str]:
        """Return what an incident may be declared on, but for single cases, of one's own desks."""
        own = self._people.own()
        return [
            scope.name
            for workflow, one in self.equipment.items()
            if own is None or workflow in own
            for scope in _scopes(workflow, one)
        ]

    def incidents_of(self, cell: Cell, /) -> tuple[IncidentView, ...]:
        """Return what keeps a cell from being raised."""
        self._people.demand_own(cell.workflow, f"there is no cell `{cell.name[:128]}`")
        return self.database.read(
            lambda c: tuple(
                incident.view(c, self.keys, row, owner=self._answers)
                for row in rows.blocking(c, cell)
            )
        )

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
    ) -> IncidentView:
        """Declare an incident, and hold it where `contain` is said.

        `scope` is written as that of a stop, or `cell:WORKFLOW.ACTION/SEGMENT`. It touches what
        was done there since it occurred, or for a day back. Raises `NotFoundError`,
        `NotEntitledError`, `RequestInvalidError`.
        """
        about = self.database.read(lambda c: self._scope(c, scope.strip()))
        self._member(person, about.workflow)
        if contain:
            self._may_contain(person, about.workflow)
        now = self.now()
        occurred = now - DAY if occurred_at is None else occurred_at
        if occurred > now:
            raise RequestInvalidError("`occurred`: it lies in the future; say when it happened")
        report = Report(
            scope=about, severity=severity, seen=Seen.PERSON, alone=False,
            since_us=clock.microseconds(occurred),
            occurred_us=clock.microseconds(now if occurred_at is None else occurred),
            sentence=scrub(stops.said(sentence, what="sentence")),
        )  # fmt: skip

        def work(uow: UnitOfWork) -> str:
            if about.kind is ScopeKind.CELL:
                streams.hold(uow, about.cell)  # before its control stream, as in a label
            made = incidents.declare(uow, report, by=actor.person(person))
            if contain:
                incidents.contain(uow, made, person=person)
            return made

        receipt = await submit(self.writer, work, lane="control")
        return self.incident(receipt.value)

    async def contain_incident(self, incident_id: str, /, *, person: str) -> IncidentView:
        """Hold an incident, by a level or a stop: one person is enough."""
        row = self.database.read(lambda c: self._asked_incident(c, incident_id))
        self._may_contain(person, row.scope.workflow)
        return await self._done(row, partial(incidents.contain, person=person))

    async def note_finding(
        self,
        incident_id: str,
        /,
        *,
        person: str,
        finding: Correction,
        actions: Sequence[str] | None = None,
    ) -> Noted:
        """Say what one found of effects, or of all that are to check, as many as are shown."""
        row = self._owned(incident_id, person)
        receipt = await submit(
            self.writer,
            lambda uow: corrections.note(
                uow, row.incident_id, finding=finding, actions=actions, person=person
            ),
            lane="control",
        )
        return receipt.value

    async def resolve_incident(self, incident_id: str, /, *, person: str) -> IncidentView:
        """Say that nothing is left to check; raises `CorrectionsOpenError` where something is."""
        row = self._owned(incident_id, person)
        return await self._done(row, partial(corrections.resolve, person=person))

    async def review_incident(
        self, incident_id: str, /, *, person: str, found: str
    ) -> IncidentView:
        """Close an incident with what was found."""
        row = self._owned(incident_id, person)
        text = " ".join(found.split())[:FOUND_CHARACTERS_MAX]
        if not text:
            raise RequestInvalidError("`found`: write what let it through and what to do")
        return await self._done(row, partial(corrections.review, person=person, found=scrub(text)))

    async def dismiss_incident(
        self, incident_id: str, /, *, person: str, reason: str
    ) -> IncidentView:
        """Say that it was no incident; it stays in the record, and counts."""
        row = self._owned(incident_id, person)
        said = scrub(stops.said(reason, what="reason"))
        return await self._done(row, partial(corrections.dismiss, person=person, reason=said))

    # -- parts -----------------------------------------------------------------------------------

    async def _done(
        self, row: IncidentRow, act: Callable[[UnitOfWork, str], None]
    ) -> IncidentView:
        await submit(self.writer, lambda uow: act(uow, row.incident_id), lane="control")
        return self.incident(row.incident_id)

    def _asked_incident(self, connection: Connection, wanted: str) -> IncidentRow:
        """Return an incident of the desk of whoever asks; of another it is as if it were none."""
        gone = incidents.GONE.format(wanted[:64])
        if self._people.own() is None:  # a command: the beginning of an id is enough
            return incidents.demand(connection, wanted)
        row = rows.find(connection, wanted)
        if row is None:
            raise NotFoundError(gone)
        self._people.demand_own(row.scope.workflow, gone)
        return row

    def _answers(self, workflow: str) -> str:
        """Return who answers for the incidents of a workflow."""
        one = self.equipment.get(workflow)
        if one is None:
            return ""
        named = one.owners.get(OWNS, "")
        person = self._people.get(named)
        return named if person is not None and person.active else one.owner

    def _owned(self, wanted: str, person: str) -> IncidentRow:
        """Return an incident that this person answers for; raises `NotEntitledError`."""
        row = self.database.read(lambda c: self._asked_incident(c, wanted))
        workflow = row.scope.workflow
        one = self.equipment.get(workflow)
        if person not in {self._answers(workflow), "" if one is None else one.owner} - {""}:
            raise NotEntitledError(
                f"`{person}` does not answer for the incidents of `{workflow}`; their owner, or "
                "the workflow's, does this"
            )
        return row

    def _member(self, person: str, workflow: str) -> None:
        """Raise `NotEntitledError` for somebody who only reads here."""
        if not self._people.demand(person, workflow) - READ_ONLY_ROLES:
            raise NotEntitledError(
                f"`{person}` may only read here; tell the owner of `{workflow}` what you saw"
            )

    def _may_contain(self, person: str, workflow: str) -> None:
        held = self._people.demand(person, workflow)
        if not held & {OPERATOR, OWNER} and person != self._answers(workflow):
            raise NotEntitledError(
                f"`{person}` may declare it and not stop it; that needs the role {OPERATOR} or "
                f"{OWNER}"
            )

    def _scope(self, connection: Connection, written: str) -> Scope:
        """Return what a scope names; raises `NotFoundError`."""
        kind, _, name = written.partition(":")
        known = {
            scope.name: scope
            for workflow, one in self.equipment.items()
            for scope in _scopes(workflow, one)
        }
        found = known.get(written) or known.get(f"{written}/{WHOLE}")
        if kind == "case":
            row = cases.find(connection, name)
            if row is not None:
                found = Scope(workflow=row.workflow, kind=ScopeKind.CASE, case_id=name)
        gone = (
            f"there is nothing called `{written[:200]}` to declare an incident of; a scope is "
            "`cell:WORKFLOW.ACTION/SEGMENT`, `action:WORKFLOW.NAME`, `workflow:NAME` or `case:ID`"
        )
        if found is None:
            raise NotFoundError(gone)
        self._people.demand_own(found.workflow, gone)
        return found


def _scopes(workflow: str, one: Equipment) -> list[Scope]:
    return [
        Scope(workflow=workflow, kind=ScopeKind.WORKFLOW),
        *(
            Scope(workflow=workflow, kind=ScopeKind.ACTION, action=name)
            for name in one.workflow.actions
        ),
        *(scope_of(cell) for cell in cells_of(one.plans.values())),
    ]
