"""What people look at: the inbox, cases, what was set aside, and the numbers of the whole."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from remit.domain import clock
from remit.domain.entry import Entry
from remit.errors import NotFoundError
from remit.governance import casebook, inbox, masked, overview, set_aside, votes
from remit.governance.access import Roster
from remit.governance.card import InboxPage
from remit.governance.inventory import Inventory
from remit.governance.narrow import EVERYTHING, Narrow
from remit.governance.owners import Person, roles_of
from remit.intake.attributes import described
from remit.ledger import read as record
from remit.ledger.keys import KeyRing
from remit.orchestration.equipment import Equipment
from remit.orchestration.listed import listed
from remit.orchestration.runs import Runs
from remit.store import cases, proposals, ready
from remit.store.cases import CaseRow
from remit.store.connection import Connection
from remit.store.database import Database


class Window:
    """The reading half that people use; `remit.app.Remit` fills in what it works with."""

    database: Database
    keys: KeyRing
    equipment: dict[str, Equipment]
    runs: Runs
    now: Callable[[], datetime]
    _people: Roster

    # -- the desk --------------------------------------------------------------------------------

    def people(self) -> Mapping[str, Person]:
        """Return everybody, by handle."""
        return MappingProxyType(self._people)

    def inbox(
        self,
        *,
        person: str,
        tab: str = "team",
        workflow: str | None = None,
        action: str | None = None,
        narrow: Narrow = EVERYTHING,
        after: str | None = None,
        limit: int = 60,
    ) -> InboxPage:
        """Return a page of what waits for people, the next due first."""
        roles = roles_of(self._people, person)
        return self.database.read(
            lambda c: inbox.page(
                c, self.keys, tab=tab, workflow=self._people.within(workflow), action=action,
                narrow=narrow, after=after, limit=limit, now=self.now(), roles=roles,
                own=self._people.own(), person=person,
            )
        )  # fmt: skip

    # -- cases -----------------------------------------------------------------------------------

    def cases(
        self,
        *,
        workflow: str | None = None,
        status: str | None = None,
        after: str | None = None,
        limit: int = 60,
        search: str | None = None,
    ) -> casebook.CasePage:
        """Return cases, newest first."""
        return self.database.read(
            lambda c: casebook.page(
                c,
                workflow=self._people.within(workflow),
                status=status,
                after=after,
                limit=limit,
                search=search,
            )
        )

    def case(self, case_id: str, /) -> casebook.CaseView:
        """Return one case from message to effect."""

        def work(connection: Connection) -> casebook.CaseView:
            row = self._sighted(connection, case_id)
            equipment = self.equipment.get(row.workflow)
            actions = {} if equipment is None else equipment.workflow.actions
            specs = {name: declared.spec for name, declared in actions.items()}
            return casebook.view(connection, self.keys, case_id, specs=specs, now=self.now())

        return self.database.read(work)

    def entries(self, case_id: str, /) -> list[Entry]:
        """Return a case's entries with their masked payloads, but for what was erased."""
        if self._people.own() is not None:
            self.database.read(lambda c: self._sighted(c, case_id))
        return self.database.read(
            lambda c: votes.hidden(c, record.stream(c, self.keys, case_id, erased=True))
        )

    def masked(self, case_id: str, /) -> masked.MaskedView:
        """Return what was masked in a case and what may receive it: tokens, never a value."""

        def found(connection: Connection) -> tuple[str, bool]:
            row = self._sighted(connection, case_id)
            return row.workflow, record.ended(connection, case_id) is not None

        workflow, erased = self.database.read(found)
        attributes = {} if erased else described(self.runs.scope(case_id)[0])
        equipment = self.equipment.get(workflow)
        rules = [] if equipment is None else _rules(equipment)
        return self.database.read(
            lambda c: masked.view(c, self.keys, case_id, attributes=attributes, rules=rules)
        )

    def quarantine(
        self,
        *,
        workflow: str | None = None,
        after: str | None = None,
        limit: int = 60,
        overdue: bool = False,
    ) -> set_aside.QuarantinePage:
        """Return messages that have no certain reading; or of these the overdue ones."""
        return self.database.read(
            lambda c: set_aside.page(
                c,
                self.keys,
                workflow=self._people.within(workflow),
                after=after,
                limit=limit,
                owners=self._answering(),
                now=self.now(),
                overdue=overdue,
            )
        )

    def quarantined(self, case_id: str, /) -> set_aside.SetAside:
        """Return one message that has no certain reading; raises `NotFoundError`."""
        self.database.read(lambda c: self._sighted(c, case_id))
        return self.database.read(
            lambda c: set_aside.one(
                c, self.keys, case_id, owners=self._answering(), now=self.now()
            )
        )

    def _sighted(self, connection: Connection, case_id: str) -> CaseRow:
        """Return a case of the desk of whoever asks; of another it is as if it did not exist."""
        row, said = cases.find(connection, case_id), f"there is no case `{case_id}`"
        if row is None:
            raise NotFoundError(said)
        self._people.demand_own(row.workflow, said)
        return row

    def _answering(self) -> Mapping[str, set_aside.Answering]:
        return {
            name: set_aside.Answering(owner=one.escalation, above=one.owner)
            for name, one in self.equipment.items()
        }

    # -- the whole -------------------------------------------------------------------------------

    def workflows(self) -> tuple[overview.WorkflowView, ...]:
        """Return every workflow with what it may do alone now."""
        now_us, own = clock.microseconds(self.now()), self._people.own()
        return self.database.read(
            lambda c: tuple(
                overview.workflow(
                    c,
                    name=name,
                    phase=one.phase,
                    owner=one.owner,
                    specs=[declared.spec for declared in one.workflow.actions.values()],
                    ceilings=one.ceilings,
                    fingerprint=one.fingerprint,
                    pinned=one.pinned,
                    now_us=now_us,
                )
                for name, one in self.equipment.items()
                if own is None or name in own
            )
        )

    def inventory(self) -> tuple[Inventory, ...]:
        """Return what runs: every workflow with its version, owners, tools, actions and rules."""
        views = {one.name: one for one in self.workflows()}
        return tuple(
            listed(one, views[name].actions)
            for name, one in self.equipment.items()
            if name in views
        )

    def badges(self) -> Mapping[str, int]:
        """Return the numbers that every page shows."""
        return self.database.read(lambda c: overview.badges(c, self._people.own()))

    def counts(self) -> Mapping[str, int]:
        """Return the numbers of the whole; `balance` must read 0."""
        return self.database.read(
            lambda c: overview.counts(
                c, now_us=clock.microseconds(self.now()), own=self._people.own()
            )
        )

    def proposals(self) -> list[tuple[str, str, int]]:
        """Return (action, state, number) of all proposals."""
        return self.database.read(proposals.states)

    def held_codes(self) -> list[tuple[str, int]]:
        """Return (reason codes, number) of what the gate had to say."""
        return self.database.read(proposals.held_codes)

    def ready(self, limit: int, /) -> int:
        """Return how many cases are ready or running, counted no further than `limit`."""
        return self.database.read(lambda c: ready.count(c, limit))

    def results(self, workflow: str | None = None) -> list[tuple[str, str, str, int]]:
        """Return (status, reason, result, number) of all cases."""
        return self.database.read(lambda c: cases.results(c, workflow))

    def standing(self, case_ids: Sequence[str], /) -> Counter[tuple[str, str]]:
        """Return how many of these cases stand at each (status, reason)."""

        def work(connection: Connection) -> Counter[tuple[str, str]]:
            found = (cases.find(connection, case_id) for case_id in case_ids)
            return Counter((row.status.value, row.reason) for row in found if row is not None)

        return self.database.read(work)


def _rules(equipment: Equipment) -> list[masked.Entitled]:
    """Return what each parameter of a workflow may receive."""
    workflow = equipment.workflow
    found = [
        one
        for name, tool in workflow.tools.items()
        if not tool.spec.derive  # it calls nothing
        for one in masked.entitled(name, tool.spec.params)
    ]
    for name, action in workflow.actions.items():
        listed = {
            parameter: (one.types, one.destination)
            for parameter, one in equipment.revealed(name).items()
        }
        found += masked.entitled(name, action.spec.params, listed)
    return found
