"""Rules as people use them: read, asked, proposed, signed and refused."""

import asyncio
from pathlib import Path
from typing import Final

from remit.domain.ids import control_stream
from remit.errors import (
    IllegalMoveError,
    NotEntitledError,
    NotFoundError,
    NotSignedInError,
    PolicyLoadError,
)
from remit.governance import asked_rules, book_changes, carrying, policies, proof, stops
from remit.governance.asked_rules import Question, Told
from remit.governance.book_changes import Reloaded
from remit.governance.carrying import Carry
from remit.governance.owners import READ_ONLY_ROLES, roles_of
from remit.governance.policies import PolicyView
from remit.intake.scrub import scrub
from remit.orchestration.awaited import submit
from remit.orchestration.reloading import Reloading
from remit.policy import folder as folders
from remit.policy.book import PolicyBook
from remit.store import books
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork

CANDIDATE: Final = "candidate"  # the folder in the folder of rules that holds a proposal


class Ruling(Reloading):
    """The part that people change rules by; `remit.app.Remit` fills in what it works with."""

    def policies(self) -> tuple[PolicyView, ...]:
        """Return the rules of every workflow, when each was last used, and what waits."""
        own = self._people.own()
        return tuple(self.policy(name) for name in self.equipment if own is None or name in own)

    def policy(self, workflow: str, /) -> PolicyView:
        """Return the rules of one workflow; raises `NotFoundError`."""
        self._demand_sight(workflow)
        return self.database.read(
            lambda c: policies.view(
                c,
                self.keys,
                (held := self.shelf.look(c, workflow)).book,
                workflow=workflow,
                trouble=held.rules_refused,
                people=self.signers,
            )
        )

    def ask_rules(self, told: Question, /) -> Told:
        """Say what the rules in force make of a request; nothing is recorded.

        Raises `NotFoundError` and `RequestInvalidError`.
        """
        workflow = told.action.rpartition(".")[0]
        self._demand_sight(workflow)
        book = self.database.read(lambda c: self.shelf.look(c, workflow)).book
        if book is None:
            raise IllegalMoveError(f"no rules of `{workflow}` are in force; see the page Policies")
        return asked_rules.answered(book, told)

    def reload_proved(self, proved: str, /) -> tuple[Reloaded, ...]:
        """Take rules in for whoever proves to hold the same keys; raises `NotSignedInError`."""
        if not proof.good(self.keys.keyed, self.now(), proved):
            raise NotSignedInError("this is not asked with this installation's keys")
        return self.reload_rules()

    async def propose_rules(
        self, workflow: str, /, *, person: str, folder: Path | None = None, candidate: bool = False
    ) -> Reloaded:
        """Propose what a folder holds; in force at once where it lets nothing more pass.

        Without `folder` it is that of the settings, or the folder `candidate` in it. Raises
        `PolicyLoadError` naming file, line and rule, `NotEntitledError`, `IllegalMoveError`.
        """
        self._demand_sight(workflow)
        if not self._people.demand(person, workflow) - READ_ONLY_ROLES:
            raise NotEntitledError(f"`{person}` may read only; ask the owner of `{workflow}`")
        place = folder or self._rules[workflow].folder
        if candidate:
            place /= CANDIDATE
        if not place.is_dir():
            raise NotFoundError("there is no folder of rules there; write the rules first")

        def work() -> Reloaded:
            book = self.loaded(workflow, place)
            found = self.take_in(workflow, book, person=person)
            if found.outcome == "same":
                raise IllegalMoveError("these rules are in force already; nothing is proposed")
            return found

        return await asyncio.to_thread(work)

    async def sign_rules(self, workflow: str, change: str, /, *, person: str) -> int:
        """Sign a change; return how many more must. With the last signature it is in force.

        Raises `NotFoundError`, `NotEntitledError`, `IllegalMoveError`, `PolicyLoadError`.
        """
        self._demand_sight(workflow)
        roles_of(self._people, person)
        book, carried = await asyncio.to_thread(self._proposed, workflow, change)

        def work(uow: UnitOfWork) -> int:
            carrying.hold(uow, workflow)  # before its stream, as who gives a label does
            uow.lock(control_stream(workflow))
            return book_changes.sign(
                uow, change, book, workflow=workflow, person=person, carried=carried,
                entitled=lambda handle: self.may_sign(handle, workflow),
            )  # fmt: skip

        receipt = await submit(self.writer, work, lane="control")
        if not receipt.value:
            await asyncio.to_thread(self.database.read, lambda c: self.shelf.look(c, workflow))
        return receipt.value

    async def refuse_rules(
        self, workflow: str, change: str, /, *, person: str, reason: str
    ) -> None:
        """Refuse a change that waits; who proposed it may, and anybody who may sign it.

        Raises `NotFoundError`, `NotEntitledError`, `IllegalMoveError`.
        """
        self._demand_sight(workflow)
        roles_of(self._people, person)
        said = scrub(stops.said(reason, what="reason"))
        row = self.database.read(lambda c: books.change(c, workflow, change))
        proposed = row is not None and row.proposer == person
        if not (proposed or self.may_sign(person, workflow)):
            raise NotEntitledError(f"`{person}` may not refuse rules of `{workflow}`")
        await submit(
            self.writer,
            lambda uow: book_changes.refuse(
                uow, change, workflow=workflow, person=person, reason=said
            ),
            lane="control",
            streams=(control_stream(workflow),),
        )

    def _proposed(self, workflow: str, change: str) -> tuple[PolicyBook, Carry | None]:
        """Return the book of a change, and what evidence may be carried to it.

        Its rules must still load, owners and all.
        """
        row = self.database.read(lambda c: books.change(c, workflow, change))
        if row is None:
            raise NotFoundError(
                f"there is no change `{change[:64]}` of the rules of `{workflow[:64]}`; see the "
                "page Policies"
            )
        texts = self.database.read(lambda c: self.shelf.texts(c, workflow, row.seq))
        declared = self._rules[workflow].declared
        book = folders.book_of(texts, declared, owners=self.active())
        try:
            before = self.database.read(lambda c: self._in_force(c, workflow))
        except PolicyLoadError:  # they do not fit the code any more: nothing can be compared
            return book, None
        return book, None if before is None else self.carried(workflow, before, book)

    def _in_force(self, connection: Connection, workflow: str) -> PolicyBook | None:
        row = books.in_force(connection, workflow)
        if row is None:
            return None
        return self.shelf.compiled(workflow, self.shelf.texts(connection, workflow, row.seq))

    def _demand_sight(self, workflow: str) -> None:
        said = f"there is no workflow `{workflow[:64]}`"
        if workflow not in self._rules:
            raise NotFoundError(said)
        self._people.demand_own(workflow, said)
