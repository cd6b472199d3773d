"""Where messages come in: read at once, written with others, known again."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

from remit.domain.case import Priority
from remit.errors import UnknownWorkflowError
from remit.governance.access import Roster
from remit.intake import mail as mails
from remit.intake.evidence import Around
from remit.intake.mail import Mail
from remit.intake.mailboxes import RawMail
from remit.intake.reasons import ReasonCode
from remit.orchestration import admission, awaited
from remit.orchestration.admission import Admission, Admitted, Intake
from remit.orchestration.pressure import Pressure
from remit.orchestration.runs import Runs
from remit.store import cases, starts
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.unit import UnitOfWork
from remit.store.writer import Receipt, Writer

KNOWN_MAX = 500
INLINE_BYTES_MAX = 65_536  # a larger mail is read beside the loop
STARTS_MAX = 2  # whose reading ended so often in a crash is not read again


class Reception:
    """The half through which messages come; `remit.app.Remit` fills in what it works with."""

    database: Database
    writer: Writer
    runs: Runs
    intake: Intake
    pressure: Pressure
    _people: Roster

    def admit(
        self,
        workflow: str,
        raw: Mapping[str, object],
        *,
        channel: str,
        external_id: str | None = None,
        priority: Priority = Priority.NORMAL,
        around: Around | None = None,
    ) -> Admitted:
        """Read a message for a workflow without writing it; `around` is what its table proves.

        Raises `UnknownWorkflowError`, `IntakeError`.
        """
        return self.intake.read(
            self.runs.workflow(workflow), raw, channel=channel, external_id=external_id,
            priority=priority, around=around,
        )  # fmt: skip

    async def receive(
        self,
        workflow: str,
        raw: Mapping[str, object],
        /,
        *,
        channel: str,
        external_id: str | None = None,
        priority: Priority = Priority.NORMAL,
        by: str | None = None,
    ) -> Admission:
        """Take a message in; it is durable when this returns. A known id is the same case.

        `by` is whoever asks, as a face knows them: `person:HANDLE` or `service:NAME`.
        """
        self._demand(workflow)
        admitted = self.admit(
            workflow, raw, channel=channel, external_id=external_id, priority=priority
        )
        work = self._checked(admission.brought(admitted, by))
        receipt = await awaited.submit(self.writer, work)
        return receipt.value

    def submit(self, admitted: Admitted, /) -> "Future[Receipt[Admission]]":
        """Queue a message that was read; many that are queued at once share one commit.

        The future raises what `receive` raises. Raises `IntakeBusyError` when too much is under
        way, `BusyError` when the queue is full.
        """
        return self.writer.submit(self._checked(admitted))

    def _checked(self, admitted: Admitted) -> Callable[[UnitOfWork], Admission]:
        """Return what writes a message; raises `IntakeBusyError` when too much is under way."""
        name = admitted.draft.workflow
        settings = self.runs.workflow(name).lane
        self.pressure.check(name, settings, admitted.priority)
        few = self.pressure.few_open(name, settings.open_cases_max)
        most = None if few else settings.open_cases_max
        return lambda uow: admission.receive(uow, admitted, open_cases_max=most)

    async def admit_mails(
        self,
        workflow: str,
        raw: Sequence[RawMail],
        /,
        *,
        sources: Mapping[str, str],
        constants: Mapping[str, str],
        priority: Priority = Priority.NORMAL,
    ) -> list[Admitted]:
        """Read mails for a workflow; each becomes a case, whatever it is.

        That a reading begins is written down first. One whose reading never came to an end is
        read by itself the next time, and after the second time set aside unread.
        """
        names = [self.intake.keyed(b"start\x00" + one.data + one.digest) for one in raw]

        def begin(uow: UnitOfWork) -> dict[str, int]:
            before = starts.counts(uow.connection, names)
            fresh = [name for name in dict.fromkeys(names) if name not in before]
            starts.began(uow.connection, fresh)
            return before

        known = (await awaited.submit(self.writer, begin)).value
        read: list[Mail] = []
        for name, one in zip(names, raw, strict=True):
            if known.get(name, 0) >= STARTS_MAX:
                read.append(Mail(columns={}, fault=ReasonCode.INTAKE_CRASHED))
                continue
            if name in known:
                await self._note([name], starts.began)
            read.append(await self._mail(one))
            if name in known:
                await self._note([name], starts.ended)
        equipment = self.runs.workflow(workflow)
        made = [
            self.intake.read_mail(
                equipment, one.data + one.digest, mail, sources=sources, constants=constants,
                priority=priority,
            )
            for one, mail in zip(raw, read, strict=True)
        ]  # fmt: skip
        # What was set aside unread stays known as such: it is not tried a third time.
        done = [name for name in names if name not in known]
        await self._note(done, starts.ended)
        return made

    async def receive_mail(
        self,
        workflow: str,
        data: bytes,
        /,
        *,
        priority: Priority = Priority.NORMAL,
        by: str | None = None,
    ) -> Admission:
        """Take one mail in; it is durable when this returns. A second delivery is the same case.

        Its parts fill the fields that `[workflow.columns]` says. Raises `IntakeBusyError` before
        it is read where too much is under way.
        """
        self._demand(workflow)
        equipment = self.runs.workflow(workflow)
        self.pressure.check(workflow, equipment.lane, priority)
        raw = RawMail(data=data, size=len(data))
        (admitted,) = await self.admit_mails(
            workflow, [raw], sources=equipment.sources, constants={}, priority=priority
        )
        work = self._checked(admission.brought(admitted, by))
        receipt = await awaited.submit(self.writer, work)
        return receipt.value

    def _demand(self, workflow: str) -> None:
        """Raise `UnknownWorkflowError` for a workflow that is not on the desk of whoever asks."""
        own = self._people.own()
        if own is not None and workflow not in own:
            raise UnknownWorkflowError(f"there is no workflow `{workflow}`")

    async def _mail(self, raw: RawMail) -> Mail:
        def work() -> Mail:
            return mails.read(raw.data, digest=self.intake.digest, cut=raw.cut)

        return work() if len(raw.data) <= INLINE_BYTES_MAX else await asyncio.to_thread(work)

    async def _note(
        self, names: Sequence[str], what: Callable[[Connection, Sequence[str]], None]
    ) -> None:
        if names:
            await awaited.submit(self.writer, lambda uow: what(uow.connection, names))

    def must_wait(self, workflow: str, priority: Priority) -> bool:
        """Whether intake of this class says no for a while; it passes by itself."""
        settings = self.runs.workflow(workflow).lane
        refusal = self.pressure.refusal(workflow, settings, priority)
        return refusal is not None and refusal.passes

    def known(
        self, workflow: str, messages: Sequence[tuple[Mapping[str, object], str | None]], /
    ) -> list[bool]:
        """Return for each (message, external id) whether it is a case; reads no message."""
        identities = [self.intake.identity(raw, external_id=name) for raw, name in messages]
        there: set[str] = set()
        for start in range(0, len(identities), KNOWN_MAX):
            some = identities[start : start + KNOWN_MAX]
            there |= self.database.read(lambda c, s=some: cases.known_externals(c, workflow, s))  # type: ignore[misc]  # a default binds the loop's value
        return [identity in there for identity in identities]
