"""Rows of a file become cases: bounded batches, many to a commit, while earlier ones run."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from remit.authoring.rows import Row
from remit.cli.columns import Columns, Message
from remit.cli.tally import Tally
from remit.domain.case import Priority
from remit.errors import InputFileError, IntakeConflictError, IntakeError, RemitError
from remit.intake.evidence import Around
from remit.intake.scrub import scrub

if TYPE_CHECKING:
    from remit.app import Remit
    from remit.orchestration.admission import Admission, Admitted
    from remit.store.writer import Receipt

CHANNEL = "file"
BATCH_MAX = 16  # rows between two looks at the running cases
IN_FLIGHT_MAX = 256
DEPTH_MAX = 2_000  # cases that are queued or running
ROWS_MAX = 5_000_000
PAUSE_SECONDS = 0.01
MAIL_BYTES = 4 * 1024 * 1024  # of mails that are read, or on their way, at once


@dataclass(slots=True, kw_only=True)
class Feed:
    """Brings the rows of one file in; `stop` ends it after the rows in flight."""

    remit: "Remit"
    workflow: str
    columns: Columns
    rejects: Path
    resume: bool = False
    limit: int | None = None
    priority: Priority = Priority.BULK
    tally: Tally = field(default_factory=Tally)
    around: Around = field(default_factory=Around)  # what the columns of the file prove
    told: Callable[[], None] = lambda: None  # called after each batch
    stop: bool = False
    _pending: set[asyncio.Task[None]] = field(default_factory=set)
    _fault: RemitError | None = None
    _file: TextIO | None = None

    async def run(self, rows: Iterator[Row]) -> None:
        """Bring every row in; when it returns or raises, all that was begun is settled.

        Raises `StorageError` and `BusyError`; a row that is no message is written to the rejects.
        """
        try:
            while not self.stop and self._fault is None:
                batch = self._batch(rows)
                if not batch:
                    break
                self._take([row for row in batch if row.mail is None])
                await self._take_mails([row for row in batch if row.mail is not None])
                self.told()
                await asyncio.sleep(0)
                await self._press()
        finally:
            while self._pending:
                await asyncio.wait(self._pending)
            self.told()
            if self._file is not None:
                self._file.close()
        if self._fault is not None:
            raise self._fault

    def _batch(self, rows: Iterator[Row]) -> list[Row]:
        """Return the next rows; fewer where they are large."""
        batch: list[Row] = []
        held = 0
        for row in itertools.islice(rows, self._room()):
            batch.append(row)
            held += 0 if row.mail is None else len(row.mail.data)
            if held >= MAIL_BYTES:
                break
        return batch

    def _room(self) -> int:
        done = self.tally.rows - self.tally.skipped
        limit = ROWS_MAX if self.limit is None else self.limit
        return max(0, min(BATCH_MAX, limit - done))

    def _take(self, batch: list[Row]) -> None:
        self.tally.rows += len(batch)
        messages: list[tuple[int, Message]] = []
        for row in batch:
            if row.fields is None:
                self._reject(row.line, row.fault or "the row cannot be read")
                continue
            try:
                messages.append((row.line, self.columns.message(row.fields)))
            except InputFileError as error:
                self._reject(row.line, str(error))
        if self.resume:
            known = self.remit.known(self.workflow, [message for _, message in messages])
            self.tally.skipped += sum(known)
            self.tally.duplicates += sum(known)
            messages = [one for one, there in zip(messages, known, strict=True) if not there]
        for line, (fields, external) in messages:
            try:
                admitted = self.remit.admit(
                    self.workflow, fields, channel=CHANNEL, external_id=external,
                    priority=self.priority, around=self.around,
                )  # fmt: skip
            except IntakeError as error:
                self._reject(line, str(error))
                continue
            self._submit(line, admitted)

    async def _take_mails(self, batch: list[Row]) -> None:
        """Take mails in: none is refused, what cannot be read becomes a case in quarantine."""
        raw = [row.mail for row in batch if row.mail is not None]
        if not raw:
            return
        self.tally.rows += len(raw)
        admitted = await self.remit.admit_mails(
            self.workflow, raw, sources=self.columns.sources, constants=self.columns.constants,
            priority=self.priority,
        )  # fmt: skip
        for row, one in zip(batch, admitted, strict=True):
            self._submit(row.line, one)
        while self._pending and sum(len(one.data) for one in raw) >= MAIL_BYTES:
            await asyncio.wait(self._pending)

    def _submit(self, line: int, admitted: "Admitted") -> None:
        future = asyncio.wrap_future(self.remit.submit(admitted))
        task = asyncio.ensure_future(self._settle(line, future))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _press(self) -> None:
        """Wait while too much is under way; the file can wait, memory cannot."""
        while len(self._pending) >= IN_FLIGHT_MAX:
            await asyncio.wait(self._pending, return_when=asyncio.FIRST_COMPLETED)
        while self._too_much() and not self.stop:
            self.told()
            await asyncio.sleep(PAUSE_SECONDS)

    def _too_much(self) -> bool:
        """Is so much ready, or intake so full, that the file has to wait?"""
        return self.remit.ready(DEPTH_MAX) >= DEPTH_MAX or self.remit.must_wait(
            self.workflow, self.priority
        )

    async def _settle(self, line: int, receipt: "Awaitable[Receipt[Admission]]") -> None:
        try:
            admission = (await receipt).value
        except IntakeConflictError as error:
            self._reject(line, str(error))
        except RemitError as error:
            self.tally.rows -= 1  # it is not in: the row is read again next time
            self._fault = self._fault or error
        else:
            if admission.duplicate:
                self.tally.duplicates += 1
            else:
                self.tally.case_ids.append(admission.case_id)

    def _reject(self, line: int, reason: str) -> None:
        self.tally.rejected += 1
        if self._file is None:
            self._file = self._opened()
        said = {"line": line, "reason": scrub(reason)}
        self._file.write(json.dumps(said, ensure_ascii=False) + "\n")
        self._file.flush()

    def _opened(self) -> TextIO:
        mode: Literal["a", "w"] = "a" if self.resume else "w"
        try:
            return self.rejects.open(mode, encoding="utf-8")
        except PermissionError:
            self.rejects = Path(self.rejects.name).resolve()  # beside the caller instead
            return self.rejects.open(mode, encoding="utf-8")
