"""What people do: verdicts, taking back, settling doubtful input, closing by hand.

Identity comes from the caller's session or key file; rights are looked up here, when used.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from remit.domain import actor
from remit.domain.case import CaseOutcome, CaseStatus
from remit.domain.entry import Draft
from remit.domain.event import CaseClosed, CaseReopened
from remit.domain.ids import control_stream
from remit.domain.intake_event import CaseQuarantined, CaseReceived
from remit.domain.running_event import ClockConfirmed
from remit.errors import NotFoundError
from remit.governance import approvals, tasks
from remit.governance.access import Roster
from remit.governance.owners import require, roles_of
from remit.ledger import read as record
from remit.ledger.seal import KeyRing
from remit.orchestration import admission, awaited, cancelling, jobs
from remit.orchestration.admission import Admitted, Intake
from remit.orchestration.dispatch import Dispatcher
from remit.orchestration.equipment import Equipment
from remit.orchestration.replay import History, fold
from remit.orchestration.runs import Runs
from remit.orchestration.schedule import Timekeeper
from remit.store import cases, vault
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.unit import UnitOfWork
from remit.store.unread import NO_ROWS, RowsNeeded
from remit.store.writer import Lane, Writer

T = TypeVar("T")

OWNER_ROLE = "owner"


class Desk:
    """The writing half that people use; `remit.app.Remit` fills in what it works with."""

    database: Database
    keys: KeyRing
    writer: Writer
    dispatcher: Dispatcher
    timekeeper: Timekeeper
    runs: Runs
    intake: Intake
    equipment: dict[str, Equipment]
    now: Callable[[], datetime]
    _people: Roster

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read a snapshot; a server is asked from a thread, a file at once."""
        if self.database.dialect == "sqlite":
            return self.database.read(work)
        return await asyncio.to_thread(self.database.read, work)

    async def recall(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` makes of what is known; read a snapshot where it asks for rows."""
        try:
            return work(NO_ROWS)
        except RowsNeeded:
            return await self.read(work)

    async def write(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        streams: Sequence[str] = (),
        lane: Lane = "ordinary",
    ) -> T:
        """Write one unit of work and wait until it is durable; `streams` are what it reads."""
        receipt = await awaited.submit(self.writer, work, lane=lane, streams=streams)
        return receipt.value

    # -- doubtful input and cases that a person has -----------------------------------------------

    async def release(
        self,
        case_id: str,
        /,
        *,
        person: str,
        corrections: Mapping[str, str],
        choices: Mapping[str, str] | None = None,
    ) -> None:
        """Let a quarantined message go on with what a person picked and typed.

        `choices` gives, by field, what was shown of the reading that was picked. Raises
        `StillDoubtfulError` with what is left.
        """
        roles_of(self._people, person)
        row = self.database.read(lambda c: self._sighted(c, case_id))
        raw = admission.raw_of(self.database, self.keys, case_id)
        masker, rows = self.runs.scope(case_id)
        event, payloads = self.intake.release(
            self.runs.workflow(row.workflow), raw, corrections, choices=choices or {},
            masker=masker, around=admission.around_of(self.database, self.keys, case_id),
        )  # fmt: skip
        new = rows()

        def work(uow: UnitOfWork) -> None:
            admission.require(uow, case_id, CaseStatus.QUARANTINED)
            vault.insert(uow.connection, new)
            uow.append(
                Draft(
                    event=event,
                    case_id=case_id,
                    workflow=row.workflow,
                    actor=actor.person(person),
                    fingerprint=self.runs.workflow(row.workflow).fingerprint,
                    payloads=payloads,
                )
            )

        await self.write(work, streams=(case_id,))

    async def discard(self, case_id: str, /, *, person: str, reason: str) -> None:
        """Refuse a quarantined message for good."""
        roles_of(self._people, person)
        said, keep = self._words(case_id, reason)

        def work(uow: UnitOfWork) -> None:
            keep(uow)
            admission.discard(uow, case_id, person=person, reason=said)

        await self.write(work, streams=(case_id,))

    async def close_case(self, case_id: str, /, *, person: str, note: str) -> None:
        """Close an escalated case that a person has handled."""
        await self._end(case_id, person, note, close=True)

    async def hand_back(self, case_id: str, /, *, person: str, note: str) -> None:
        """Hand an escalated case back to its workflow."""
        await self._end(case_id, person, note, close=False)

    async def cancel(self, case_id: str, /, *, person: str, reason: str) -> bool:
        """Cancel a case; return whether it is closed, or closes once an outcome is known.

        What was done for it stays done. Raises `CaseClosedError` with who closed it.
        """
        roles_of(self._people, person)
        said, keep = self._words(case_id, reason)

        def work(uow: UnitOfWork) -> bool:
            keep(uow)
            return cancelling.ask(uow, case_id, person=person, reason=said)

        closed = await self.write(work, streams=(case_id,))
        self.dispatcher.cancel(case_id)
        return closed

    async def confirm_clock(self, /, *, person: str) -> float:
        """Say, as an owner, that the clock is right though it ran ahead; return by how much."""
        require(self._people, person, OWNER_ROLE)
        watch = self.timekeeper.watch
        ahead = watch.ahead_seconds
        await self.write(
            lambda uow: uow.append(
                Draft(
                    event=ClockConfirmed(ahead_ms=int(ahead * 1_000)),
                    case_id=control_stream(jobs.STREAM),
                    workflow=jobs.STREAM,
                    actor=actor.person(person),
                )
            )
        )
        watch.confirm()
        return ahead

    async def follow(self, case_id: str, /, *, person: str, note: str) -> str:
        """Begin a case anew from its message, under the code of now; return the new case's id.

        The old case closes as handled in the same commit. What was done for it stays done, and the
        new one does not know of it: undo it first where it must not happen twice.
        """
        roles_of(self._people, person)
        row = self.database.read(lambda c: self._sighted(c, case_id))
        raw = admission.raw_of(self.database, self.keys, case_id)
        admitted = self.intake.read(
            self.runs.workflow(row.workflow), raw, channel=row.channel,
            external_id=f"follows {case_id}",
            around=admission.around_of(self.database, self.keys, case_id),
        )  # fmt: skip
        admitted = _following(admitted, case_id, self.database.read(
            lambda c: fold(record.stream(c, self.keys, case_id, roles=()))
        ))  # fmt: skip
        said, keep = self._words(case_id, note)

        def work(uow: UnitOfWork) -> str:
            admission.require(uow, case_id, CaseStatus.ESCALATED)
            keep(uow)
            approvals.withdraw(uow, case_id, person=person)
            new = admission.receive(uow, admitted).case_id
            uow.append(
                Draft(
                    event=CaseClosed(outcome=CaseOutcome.HANDLED.value, followed_by=new),
                    case_id=case_id,
                    workflow=row.workflow,
                    actor=actor.person(person),
                    payloads={"result": said},
                )
            )
            return new

        return await self.write(work, streams=(case_id,))

    async def _end(self, case_id: str, person: str, note: str, *, close: bool) -> None:
        roles_of(self._people, person)
        said, keep = self._words(case_id, note)

        def work(uow: UnitOfWork) -> None:
            row = admission.require(uow, case_id, CaseStatus.ESCALATED)
            keep(uow)
            tasks.close_faults(uow, case_id, person=person)
            if close:
                approvals.withdraw(uow, case_id, person=person)
            uow.append(
                Draft(
                    event=CaseClosed(outcome=CaseOutcome.HANDLED.value)
                    if close
                    else CaseReopened(reason="handed-back"),
                    case_id=case_id,
                    workflow=row.workflow,
                    actor=actor.person(person),
                    payloads={"result": said} if close else {"note": said},
                )
            )

        await self.write(work, streams=(case_id,))

    # -- parts ------------------------------------------------------------------------------------

    def _sighted(self, connection: Connection, case_id: str) -> cases.CaseRow:
        """Return a case of the desk of whoever asks; of another it is as if it did not exist."""
        row, said = cases.find(connection, case_id), f"there is no case `{case_id}`"
        if row is None:
            raise NotFoundError(said)
        self._people.demand_own(row.workflow, said)
        return row

    def _words(self, case_id: str, text: str) -> tuple[str, Callable[[UnitOfWork], None]]:
        """Return what a person wrote, masked, and what keeps its values where it is recorded.

        Raises `NotFoundError` for a case of another desk.
        """
        self.database.read(lambda c: self._sighted(c, case_id))
        return self._masked(case_id, text)

    def _masked(self, case_id: str, text: str) -> tuple[str, Callable[[UnitOfWork], None]]:
        """Return what a person wrote of a case they may see, masked, and what keeps its values."""
        masker, rows = self.runs.scope(case_id)
        masked = masker.mask_text(text, trusted_tokens=True).text
        new = rows()

        def keep(uow: UnitOfWork) -> None:
            if new:
                vault.insert(uow.projected, new)

        return masked, keep


def _following(admitted: Admitted, case_id: str, before: History) -> Admitted:
    """Return a message that takes the place of a case, with that case's id in its entry.

    What nobody vouched for, and what readings rested on, is as it was: the fields are those that
    the first reading made of a mail, and look like any others.
    """
    event = admitted.draft.event
    if not isinstance(event, CaseReceived | CaseQuarantined):
        return admitted
    event = replace(
        event, follows=case_id,
        untrusted=tuple(sorted(before.untrusted)) or None,
        assumptions=tuple(sorted({*event.assumptions, *before.assumptions})),
        by=f"person:{before.requester}" if before.requester else None,
    )  # fmt: skip
    return replace(admitted, draft=replace(admitted.draft, event=event))
