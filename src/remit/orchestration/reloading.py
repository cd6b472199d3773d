"""The folder of rules beside the book in force: what differs comes into force, or waits."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from logging import INFO, WARNING
from pathlib import Path
from typing import Final

from remit.domain import actor, clock
from remit.domain.ids import control_stream
from remit.domain.limit import limits_digest
from remit.errors import IllegalMoveError, PolicyLoadError, StaleFactsError
from remit.governance import book_changes, weighing
from remit.governance import carrying as evidence_carrying
from remit.governance.access import Roster
from remit.governance.book_changes import Proposed, Reloaded
from remit.governance.carrying import Carry
from remit.governance.stops import OWNER
from remit.governance.weighing import BackTest
from remit.ledger.keys import KeyRing
from remit.orchestration import carrying
from remit.orchestration.equipment import Equipment
from remit.orchestration.shelf import Rules, Shelf
from remit.policy import folder as folders
from remit.policy import weighing as comparing
from remit.policy.book import PolicyBook
from remit.policy.difference import change_digest
from remit.policy.weighing import UNREADABLE, Weighed
from remit.store import books, limit_books, waits
from remit.store.books import REFUSED, WAITING, BookRow
from remit.store.database import Database
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

TRIES_MAX: Final = 3  # others may put rules in force at the same moment

log = logging.getLogger("remit.policy")


class Reloading:
    """The part that takes rules in; `remit.app.Remit` fills in what it works with."""

    database: Database
    keys: KeyRing
    writer: Writer
    equipment: dict[str, Equipment]
    shelf: Shelf
    now: Callable[[], datetime]
    taken_in: tuple[Reloaded, ...] = ()  # what became of the rules at the start
    signers: int = 2  # people who must sign rules that let more pass; 0: nobody
    _alone: bool
    _people: Roster
    _rules: dict[str, Rules]
    _looked: dict[str, str]  # digest of the files of a folder when this process last looked

    def reload_rules(self) -> tuple[Reloaded, ...]:
        """Compare each folder of rules with the book in force, and take in what differs.

        Rules that do not load change nothing. What lets more pass waits for people.
        """
        return tuple(self._reloaded(name) for name in self._rules)

    def begin_limits(self) -> None:
        """Take the limits in that a start has read, where they are others than those in force."""
        for name, rules in self._rules.items():
            last = self.database.read(lambda c, one=name: limit_books.in_force(c, one))  # type: ignore[misc]  # a default binds the loop's value
            if last.digest == limits_digest(rules.limits):
                continue
            carried = self.database.read(
                lambda c, one=name, of=rules, book=last: carrying.of_limits(  # type: ignore[misc]  # defaults bind the loop's values
                    c, self.keys, of, one, book
                )
            )
            self.writer.run(
                lambda uow, one=name, of=rules, made=carried: carrying.limits_in_force(  # type: ignore[misc]  # defaults bind the loop's values
                    uow, of, one, made
                ),
                lane="control",
            )

    def begin_rules(self) -> None:
        """Take the rules in that a start has loaded; where they do not load, none are in force."""
        found = []
        for name in self._rules:
            book = self.equipment[name].book
            if book is not None:
                self._looked[name] = book.texts_digest
                found.append(self.take_in(name, book))
                continue
            said = f"the rules of `{name}` do not load: {self.equipment[name].rules_refused}"
            found.append(Reloaded(workflow=name, outcome="broken", said=said))
            self.database.read(lambda c, one=name: self.shelf.go_without(c, one))  # type: ignore[misc]  # a default binds the loop's value
        for one in found:
            if one.outcome not in {"same", "in force", "broken"}:  # that is said already
                log.error("%s", one.said)
        self.taken_in = tuple(found)

    def _reloaded(self, name: str) -> Reloaded:
        try:
            book = self.loaded(name, self._rules[name].folder)
        except PolicyLoadError as error:
            said = f"the rules of `{name}` do not load, and those in force stay: {error}"
            log.error("%s", said)  # noqa: TRY400 - it names file, line and rule
            return Reloaded(workflow=name, outcome="broken", said=said)
        self.database.read(lambda c: self.shelf.look(c, name))
        texts, last = book.texts_digest, self._looked.get(name)
        self._looked[name] = texts
        found = self.take_in(name, book, edited=texts != last)
        log.log(INFO if found.outcome == "same" else WARNING, "%s", found.said)
        return found

    def loaded(self, name: str, folder: Path) -> PolicyBook:
        """Load a folder of rules for a workflow; raises `PolicyLoadError`."""
        return folders.load(folder, self._rules[name].declared, owners=self.active())

    def active(self) -> frozenset[str]:
        """Return who may own a rule now."""
        return frozenset(handle for handle, one in self._people.items() if one.active)

    def take_in(
        self, name: str, book: PolicyBook, *, person: str = "", edited: bool = False
    ) -> Reloaded:
        """Put a book in force where it lets nothing more pass, else let it wait for people.

        A folder that holds what was in force before people signed other rules was left behind,
        on another host perhaps, unless somebody proposes it or was seen to have edited it.
        """
        for _ in range(TRIES_MAX):
            row = self.database.read(lambda c: books.in_force(c, name))
            try:
                return self._judged(name, book, row, person, meant=bool(person) or edited)
            except StaleFactsError:
                continue
        raise IllegalMoveError(f"the rules of `{name}` kept changing; try again")

    def _judged(
        self, name: str, book: PolicyBook, row: BookRow | None, person: str, *, meant: bool
    ) -> Reloaded:
        if row is None:
            return self._put(name, book, row, "first", person=person)
        if book.texts_digest == row.texts:
            return self._same(name, book, row)
        try:
            texts = self.database.read(lambda c: self.shelf.texts(c, name, row.seq))
            before = self.shelf.compiled(name, texts)
        except PolicyLoadError as error:
            if self.signers == 0:
                return self._put(name, book, row, "unsigned", person=person)
            self.shelf.hold(
                name, None, refused=f"the rules in force do not fit the code any more ({error})"
            )
            change = change_digest({"in force": row.texts}, book)
            nothing = Weighed(changes=(), searched=(), newly=(), proved=())
            return self._wait(name, book, row, person, change, nothing, BackTest(), (UNREADABLE,))
        if comparing.same(before, book):
            return self._same(name, book, row)
        if self.signers == 0:
            return self._put(name, book, row, "unsigned", person=person, before=before)
        return self._compared(name, before, book, row, person, meant=meant)

    def _compared(
        self,
        name: str,
        before: PolicyBook,
        book: PolicyBook,
        row: BookRow,
        person: str,
        *,
        meant: bool,
    ) -> Reloaded:
        self._hold(name, before, row)
        texts = book.texts_digest
        older = self.database.read(lambda c: books.was_in_force(c, name, texts))
        if not meant and row.how == "signed" and older:
            said = (
                f"the folder of `{name}` holds rules that were in force before those that people "
                "signed, which stay; write these into it, or propose to go back"
            )
            return Reloaded(workflow=name, outcome="behind", said=said)
        change = change_digest(before.texts, book)
        known = self.database.read(lambda c: books.change(c, name, change))
        if not person and known is not None and known.state in {WAITING, REFUSED}:
            return self._stands(name, change, known.state, known.people)
        weighed = comparing.weigh(before, book)
        since = clock.microseconds(self.now() - timedelta(days=weighing.DAYS))
        tested = self.database.read(
            lambda c: weighing.test(c, self.keys, book, workflow=name, since_us=since)
        )
        codes = weighing.codes(weighed, tested)
        if not codes:
            return self._put(name, book, row, "tighter", person=person, before=before)
        return self._wait(name, book, row, person, change, weighed, tested, codes)

    # -- who ----------------------------------------------------------------------------------

    def may_sign(self, handle: str, workflow: str, /) -> bool:
        """May somebody sign rules of a workflow: its owner, or an owner of a rule in force?"""
        person, flow = self._people.get(handle), self.equipment.get(workflow)
        if person is None or not person.active or flow is None:
            return False
        return (
            OWNER in self._people.held(handle, workflow)
            or flow.owners.get("workflow") == handle
            or _owns_a_rule(flow, handle)
        )

    def _stands(self, name: str, change: str, state: str, people: int) -> Reloaded:
        """Say of a change that it waits, or that it was refused."""
        if state == REFUSED:
            said = f"the rules of `{name}` in its folder were refused, and those in force stay"
            return Reloaded(workflow=name, outcome="refused", change=change, said=said)
        several = "two people" if people > 1 else "one person"
        able = sum(self.may_sign(handle, name) for handle in self._people)
        lack = f"; only {able} may sign here, so give more people the role owner"
        said = (
            f"the changed rules of `{name}` may let more pass, so those in force stay until "
            f"{several} who did not write them sign change {change[:12]}: see the page Policies, "
            f"or `remit policy sign {name} {change[:12]} --as PERSON`"
            + (lack if able < people else "")
        )
        return Reloaded(workflow=name, outcome="waits", change=change, said=said)

    # -- writing ----------------------------------------------------------------------------------

    def _put(
        self,
        name: str,
        book: PolicyBook,
        row: BookRow | None,
        how: str,
        *,
        person: str = "",
        before: PolicyBook | None = None,
    ) -> Reloaded:
        by = actor.person(person) if person else book_changes.SERVICE
        carried = None if before is None else self.carried(name, before, book)
        self._write(
            name,
            row,
            lambda uow: book_changes.put_in_force(
                uow, book, workflow=name, how=how, by=by, carried=carried
            ),
        )
        self.shelf.hold(name, book)
        self.database.read(lambda c: self.shelf.look(c, name))
        return Reloaded(workflow=name, outcome="in force", said=_PUT[how].format(name=name))

    def carried(self, name: str, before: PolicyBook, after: PolicyBook) -> Carry | None:
        """Return what evidence may be carried from one book to another."""
        now_us = clock.microseconds(self.now())
        return self.database.read(
            lambda c: carrying.of_rules(
                c, self.keys, self._rules[name], name, before, after, now_us=now_us
            )
        )

    def _same(self, name: str, book: PolicyBook, row: BookRow) -> Reloaded:
        """Go on with what is in force, and say so where the code or a fault has changed."""
        found = self.database.read(lambda c: books.waiting(c, name))
        gone = [one for one in found if not one.proposer and self._alone]
        waits_for_it = self.database.read(lambda c: waits.lifted_by_count(c, f"fault {name}"))

        def work(uow: UnitOfWork) -> None:
            for one in gone:
                book_changes.withdraw(uow, one)
            if book.digest != row.digest or waits_for_it:
                book_changes.put_in_force(uow, book, workflow=name, how="same")

        if gone or book.digest != row.digest or waits_for_it:
            self._write(name, row, work)
        self.shelf.hold(name, book)
        self.database.read(lambda c: self.shelf.look(c, name))
        return Reloaded(
            workflow=name, outcome="same", said=f"the rules of `{name}` are those in force"
        )

    def _wait(
        self,
        name: str,
        book: PolicyBook,
        row: BookRow,
        person: str,
        change: str,
        weighed: Weighed,
        tested: BackTest,
        codes: tuple[str, ...],
    ) -> Reloaded:
        proposed = Proposed(
            change=change, before=row.texts, book=book, codes=codes, people=self.signers,
            findings=weighing.findings(weighed, tested),
        )  # fmt: skip

        def work(uow: UnitOfWork) -> None:
            known = books.change(uow.connection, name, change)
            if not person and known is not None and known.state in {WAITING, REFUSED}:
                return
            book_changes.propose(uow, proposed, workflow=name, person=person)

        self._write(name, row, work)
        return self._stands(name, change, WAITING, self.signers)

    def _write(self, name: str, row: BookRow | None, work: Callable[[UnitOfWork], None]) -> None:
        """Write unless another book came into force meanwhile; raises `StaleFactsError`."""
        stream = control_stream(name)

        def whole(uow: UnitOfWork) -> None:
            evidence_carrying.hold(uow, name)  # before its stream, as who gives a label does
            uow.lock(stream)
            now = books.in_force(uow.connection, name)
            if (0 if now is None else now.seq) != (0 if row is None else row.seq):
                raise StaleFactsError("other rules came into force; look again")
            work(uow)

        self.writer.run(whole, lane="control")

    def _hold(self, name: str, before: PolicyBook, row: BookRow) -> None:
        """Go on with the book that is in force: at a start that of the folder is held."""
        held = self.equipment[name].book
        if held is None or held.texts_digest != row.texts:
            self.shelf.hold(name, before)
        self.database.read(lambda c: self.shelf.look(c, name))


_PUT: Final = {
    "first": "the rules of `{name}` are in force: they are its first",
    "tighter": "the rules of `{name}` changed and nothing more passes: they are in force",
    "unsigned": "the rules of `{name}` changed and are in force; nobody signs them here "
    "(`changes.people = 0`)",
}


def _owns_a_rule(flow: Equipment, handle: str) -> bool:
    return flow.book is not None and any(one.owner == handle for one in flow.book.rules.values())
