"""Whatever is appended, erased, held, pruned and rotated, in whatever order: the record holds."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from remit.domain.actor import person, service
from remit.domain.entry import Draft
from remit.domain.event import CaseClosed
from remit.domain.intake_event import CaseReceived
from remit.domain.retention import Retention
from remit.errors import NotFoundError, PayloadErasedError, RetentionError
from remit.governance import legal_holds
from remit.ledger import proof, read
from remit.ledger.acknowledge import Acknowledger
from remit.ledger.append import Journal
from remit.ledger.keys import KeyRing
from remit.ledger.rotation import Rotation
from remit.ledger.verify import verify
from remit.orchestration.erasure import Erasure, ErasureOutcome, Subject
from remit.orchestration.fresh import Fresh
from remit.orchestration.retention import Keeping
from remit.store import projections
from remit.store.database import open_database
from remit.store.keys import file_rows
from remit.store.unit import UnitOfWork
from remit.store.writer import open_writer
from tests.faults.lengths import times
from tests.opened import ORIGIN

WORKFLOW = "desk"
PEOPLE = ("a" * 32, "b" * 32)
LEAF_DAYS = 200


def outside(size: int, *, timeout_seconds: float) -> bool:
    """Somebody outside keeps every checkpoint."""
    return size >= 0 < timeout_seconds


class Record(RuleBasedStateMachine):
    """One installation on SQLite, and a model of what must still be readable."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        chance = random.Random(7)
        self.moment = datetime(2026, 1, 5, tzinfo=UTC)
        self.database = open_database(f"sqlite:///{folder}/remit.db", schema=projections.SCHEMA)
        self.keys = KeyRing.open(
            folder, random_bytes=chance.randbytes, now=self.now, rows=file_rows(folder)
        )
        self.ids = self._ids(chance)
        journal = Journal(self.keys, origin=ORIGIN, ids=self.ids, random_bytes=chance.randbytes)
        self.vkey = journal.vkey
        self.writer = open_writer(
            self.database, journal,
            lambda uow, e: void(projections.project(uow.projected, e, uow.tally)), self.now,
        )  # fmt: skip
        rotation = Rotation(self.database, self.writer, self.keys, ORIGIN, self.now)
        self.erasure = Erasure(
            self.database,
            self.writer,
            self.keys,
            Fresh(),
            rotation,
            self.ids,
            Acknowledger(witnessed=outside),
            chance.randbytes,
        )
        terms = {WORKFLOW: Retention(leaf_days=LEAF_DAYS)}
        self.keeping = Keeping(self.erasure, terms)
        self.text: dict[str, str] = {}  # readable cases
        self.of: dict[str, str] = {}  # case -> person
        self.month: dict[str, str] = {}
        self.erased: set[str] = set()
        self.held: dict[str, str] = {}  # person -> hold
        self.positions: list[int] = []  # of every receipt ever given
        self.pruned_to = -1

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def _ids(self, chance: random.Random) -> Callable[[], str]:
        return lambda: f"{int(self.now().timestamp() * 1000):012x}7{chance.getrandbits(76):019x}"

    @rule(who=st.sampled_from(PEOPLE))
    def take_in(self, who: str) -> None:
        """A message comes in and its case is closed at once."""
        case_id, text = self.ids(), f"words of {who} at {self.moment}"

        def work(uow: UnitOfWork) -> None:
            received = CaseReceived(
                channel="mail", external=case_id, content=case_id, outcomes={}, assumptions=(),
                subject=who,
            )  # fmt: skip
            uow.append(_draft(case_id, received, {"raw": text}))
            uow.append(_draft(case_id, CaseClosed(outcome="completed"), {"result": text}))

        receipt = self.writer.run(work)
        assert receipt.size is not None
        self.positions += [receipt.size - 2, receipt.size - 1]
        self.text[case_id], self.of[case_id] = text, who
        self.month[case_id] = f"{self.moment:%Y-%m}"

    @rule(days=st.sampled_from([1, 20, 120, 210]))
    def time_passes(self, days: int) -> None:
        """Days go by; the clocks of writers are far apart from nothing here."""
        self.moment += timedelta(days=days)

    @rule(who=st.sampled_from(PEOPLE))
    def erase(self, who: str) -> None:
        """Somebody is erased, unless a legal hold stands."""
        mine = [case_id for case_id in self.text if self.of[case_id] == who]
        try:
            done = run(self.erasure.erase(Subject(handle=who), by="olga", ground="request"))
        except NotFoundError:
            assert mine == []
            return
        if who in self.held and mine:
            assert done.state == "refused"
            return
        assert done.state == ("completed" if mine else "nothing")
        for case_id in mine:
            del self.text[case_id]
            self.erased.add(case_id)

    @rule(who=st.sampled_from(PEOPLE))
    def hold(self, who: str) -> None:
        """A legal hold is placed, or released by somebody else."""
        if who in self.held:
            hold_id = self.held.pop(who)
            self.writer.run(
                lambda uow: legal_holds.release(
                    uow, hold_id, ground="settled", person="tom", origin=ORIGIN
                )
            )
            return
        self.held[who] = self.ids()
        self.writer.run(
            lambda uow: legal_holds.place(
                uow, self.held[who], kind="person", ref=who, ground="suit",
                review_at=self.moment + timedelta(days=9), person="olga", origin=ORIGIN,
            )
        )  # fmt: skip

    @precondition(lambda self: self.month)
    @rule()
    def prune(self) -> None:
        """The oldest month goes, if it is past its term and nobody holds it."""
        month = min(self.month.values())
        mine = [case_id for case_id, at in self.month.items() if at == month]
        held = any(self.of[case_id] in self.held for case_id in mine)
        refused = ""
        try:
            event = self.keeping.prune(month, by=person("olga"))
        except RetentionError as error:
            refused = str(error)
        assert bool(refused) == (held or "due on" in refused)
        if refused:
            return
        assert event.cases == len(mine)
        self.pruned_to = max(self.pruned_to, event.highest)
        for case_id in mine:
            del self.month[case_id]
            self.text.pop(case_id, None)
            self.erased.discard(case_id)

    @rule(destroy=st.booleans())
    def rotate(self, destroy: bool) -> None:
        """A new epoch begins, and perhaps the old root ends at once."""
        rotation = self.erasure.rotation
        if destroy:
            rotation = replace(rotation, epochs=replace(rotation.epochs, destroy_after_days=0))
        rotation.rotate(by=person("olga"))

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        """What may be read is read, what was erased is not, and the record verifies."""
        for case_id, text in self.text.items():
            entries = self.database.read(lambda c, i=case_id: read.stream(c, self.keys, i))
            assert entries[-1].payloads["result"] == text
        for case_id in self.erased:
            try:
                self.database.read(lambda c, i=case_id: read.stream(c, self.keys, i))
            except PayloadErasedError:
                continue
            raise AssertionError(f"{case_id} opens")
        if not self.positions:
            return
        report = verify(self.database, self.vkey, payload_keys=self.keys)
        assert report.result == "intact", report.lines
        for position in self.positions:
            if position > self.pruned_to:
                self.database.read(lambda c, p=position: proof.prove(c, p, vkey=self.vkey))

    def teardown(self) -> None:
        self.writer.close()
        self.keys.close()
        self.database.close()
        self.stack.close()


def run(work: Coroutine[object, object, ErasureOutcome]) -> ErasureOutcome:
    return asyncio.run(work)


def void(_: object) -> None:
    return None


def _draft(case_id: str, event: object, payloads: dict[str, str]) -> Draft:
    return Draft(
        event=event, case_id=case_id, workflow=WORKFLOW, actor=service("intake"),
        payloads=payloads,
    )  # fmt: skip


TestRecord = Record.TestCase
TestRecord.settings = settings(
    max_examples=times(15, long=100), stateful_step_count=14, deadline=None
)
