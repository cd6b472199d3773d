"""Where messages come in: read at once, written with others, known again."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

from remit.domain.case import Priority
from remit.orchestration import admission, awaited
from remit.orchestration.admission import Admission, Admitted, Intake
from remit.orchestration.pressure import Pressure
from remit.orchestration.runs import Runs
from remit.store import cases
from remit.store.database import Database
from remit.store.unit import UnitOfWork
from remit.store.writer import Receipt, Writer

KNOWN_MAX = 500


class Reception:
    """The half through which messages come; `remit.app.Remit` fills in what it works with."""

    database: Database
    writer: Writer
    runs: Runs
    intake: Intake
    pressure: Pressure

    def admit(
        self,
        workflow: str,
        raw: Mapping[str, object],
        *,
        channel: str,
        external_id: str | None = None,
        priority: Priority = Priority.NORMAL,
    ) -> Admitted:
        """Read a message for a workflow without writing it.

        Raises `UnknownWorkflowError`, `IntakeError`.
        """
        return self.intake.read(
            self.runs.workflow(workflow), raw, channel=channel, external_id=external_id,
            priority=priority,
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
    ) -> Admission:
        """Take a message in; it is durable when this returns. A known id is the same case."""
        admitted = self.admit(
            workflow, raw, channel=channel, external_id=external_id, priority=priority
        )
        receipt = await awaited.submit(self.writer, self._checked(admitted))
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
