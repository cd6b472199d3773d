"""Anchoring: a thread for each sink tells it of the ledger's growth for as long as we run.

Nothing here holds up an append. A sink that fails is asked again after 1 s, at the latest after
5 minutes. One that knows another ledger ends all appending at once.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from remit.domain import clock as clocks
from remit.domain.clock import Clock
from remit.errors import (
    AnchorUnavailableError,
    LedgerForkError,
    LedgerMismatchError,
    RemitError,
    StorageError,
)
from remit.ledger import anchor
from remit.ledger.anchor import LOCAL, AnchorReceipt
from remit.ledger.anchor_standing import (
    LOCAL_ONLY,
    AnchorRules,
    AnchorsView,
    SinkView,
    TailAlarm,
    gathered,
    received,
)
from remit.ledger.held import Held, held
from remit.ledger.side_by_side import at_once
from remit.ledger.sinks import FileSink, Sink
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.writer import Writer

RETRY_SECONDS_MIN: Final = 1.0
RETRY_SECONDS_MAX: Final = 300.0
LOCAL_SECONDS: Final = 1.0
START_SECONDS_MAX: Final = 5.0
LOOKS_MAX: Final = 8
CLOSE_SECONDS_MAX: Final = 5.0
_BEHIND: Final = """SELECT e.at_us FROM entry_order o JOIN entries e
 ON e.case_id = o.case_id AND e.seq = o.seq
 WHERE o.position >= ? AND e.event <> 'ledger:anchor:received' ORDER BY o.position LIMIT 1"""

_log = logging.getLogger("remit.ledger")
T = TypeVar("T")


@dataclass(slots=True)
class _Watch:
    sink: Sink
    last: AnchorReceipt | None = None
    trouble: str = ""
    failures: int = 0
    tried: float = float("-inf")
    busy: threading.Lock = field(default_factory=threading.Lock)

    @property
    def local(self) -> bool:
        return self.sink.operator == LOCAL and isinstance(self.sink, FileSink)

    @property
    def size(self) -> int:
        return 0 if self.last is None else self.last.size


class Anchors:
    """The sinks of one ledger, and what they have taken."""

    def __init__(
        self,
        database: Database,
        vkey: Callable[[], str],
        sinks: Sequence[Sink],
        *,
        kept: Path,
        clock: Clock,
        rules: AnchorRules | None = None,
    ) -> None:
        self.fork: LedgerForkError | None = None
        self.refused: LedgerMismatchError | None = None
        self.reads_on = False
        self.rules = rules or AnchorRules()
        self._database = database
        self._vkey = vkey
        self._watches = [_Watch(sink) for sink in sinks]
        self.kept = kept
        self._clock = clock
        self.record: Callable[[AnchorReceipt], None] = lambda _: None
        self.refuse: Callable[[LedgerForkError], None] = lambda _: None
        self._wanted = 0
        self._alarm = TailAlarm(seconds=self.rules.alarm_seconds)
        self._closing = False
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []

    def attach(self, writer: Writer, *, origin: str) -> None:
        """Have receipts become entries, and a fork end what the writer takes."""

        def record(receipt: AnchorReceipt) -> None:
            drafted = received(receipt, origin=origin)
            writer.submit(lambda uow: uow.append(drafted), lane="control")

        self.record, self.refuse = record, writer.refuse

    def compare(self, *, reads_on: bool) -> None:
        """Check; with `reads_on` what does not fit is kept, for whoever reads on, and not raised.

        Raises `LedgerMismatchError`.
        """
        self.reads_on = reads_on
        try:
            self.check()
        except LedgerMismatchError as error:
            self.refuse_all(error)

    def refuse_all(self, error: LedgerMismatchError) -> None:
        """Keep why nothing may be appended, or raise it where nobody reads on."""
        if not self.reads_on:
            raise error
        _log.critical("SEV1: nothing is appended, reading goes on: %s", error)
        self.refused = error

    # -- life ------------------------------------------------------------------------------------

    def check(self) -> None:
        """Compare the ledger with every anchor that can be reached, before anything is appended.

        Raises `LedgerForkError` naming both sizes and roots. One that cannot be reached is told
        later, and compares then.
        """
        self._freshly(self._load)
        found = at_once(
            [lambda watch=watch: self._freshly(watch.sink.compare) for watch in self._watches],  # type: ignore[misc]  # a default binds the loop's value
            seconds=START_SECONDS_MAX,
        )
        for watch, error in zip(self._watches, found, strict=True):
            if isinstance(error, LedgerForkError):
                raise error
            if error is not None:
                watch.trouble = str(error)
                _log.warning("at the start an anchor was not compared: %s", error)

    def start(self) -> None:
        """Begin to tell the sinks of every change."""
        if self.refused is not None:
            return
        for number, watch in enumerate(self._watches, 1):
            thread = threading.Thread(
                target=self._follow, args=(watch,), name=f"remit-anchor-{number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def finish(self) -> None:
        """Tell the sinks of others for the last time; receipts can still become entries."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(LOCAL_SECONDS)
        self._last_words(watch for watch in self._watches if not watch.local)

    def tell_local(self) -> None:
        """Write the last checkpoint on this host now."""
        self._last_words(watch for watch in self._watches if watch.local)

    # -- questions -------------------------------------------------------------------------------

    @property
    def warning(self) -> str:
        """The sentence to show as long as nobody else keeps anchors."""
        return LOCAL_ONLY if not self._operators() else ""

    def witnessed(
        self, size: int, *, operators_min: int | None = None, timeout_seconds: float = 10.0
    ) -> bool:
        """Wait until that many other operators keep a checkpoint of at least this size.

        All who wait in one second share a round trip. False where there are not as many, where an
        anchor knows another ledger, or where time is up.
        """
        needed = self.rules.operators_min if operators_min is None else operators_min
        if len(self._operators()) < needed:
            return False
        if not self._threads:  # a command that tells nobody unless somebody waits for it
            due = [one for one in self._watches if not one.local and one.size < size]
            at_once([lambda one=one: self._tell(one) for one in due], seconds=timeout_seconds)  # type: ignore[misc]  # a default binds the loop's value
            timeout_seconds = 0.0
        with self._changed:
            if len(self._operators(size)) < needed:
                self._wanted = max(self._wanted, size)
                self._changed.notify_all()
            self._changed.wait_for(
                lambda: self.fork is not None or len(self._operators(size)) >= needed,
                timeout=timeout_seconds,
            )
            return self.fork is None and len(self._operators(size)) >= needed

    def receipts(self) -> list[AnchorReceipt]:
        """Return what can be held against the ledger now; see `gathered`."""
        return gathered([watch.sink for watch in self._watches], self.kept)

    def known(self) -> list[AnchorReceipt]:
        """Return what sinks keep and what we kept of their answers, whatever it proves."""
        return [*self.receipts(), *anchor.receipts(self.kept)]

    def held(self) -> Held:
        """Return the ledger as its last checkpoint states it."""
        return self._held()

    def status(self, *, now: datetime | None = None) -> AnchorsView:
        """Say how the anchors stand; asks nobody."""
        moment = now or self._clock()
        outside = [watch for watch in self._watches if watch.sink.operator != LOCAL]
        anchored = max((watch.size for watch in outside or self._watches), default=0)

        def tail(connection: Connection) -> tuple[int, int | None]:
            size = int(connection.value("SELECT size FROM ledger_head") or 0)
            return size, connection.value(_BEHIND, (anchored,))

        size, since = self._database.read(tail)
        age = 0 if since is None else (clocks.microseconds(moment) - since) // 1_000_000
        return AnchorsView(
            sinks=tuple(
                SinkView(
                    operator=watch.sink.operator,
                    kind=watch.sink.kind,
                    place=watch.sink.place,
                    size=watch.size,
                    at=None if watch.last is None else watch.last.at,
                    trouble=watch.trouble,
                )
                for watch in self._watches
            ),
            size=size,
            anchored=anchored,
            tail_entries=max(size - anchored, 0) if since is not None else 0,
            tail_seconds=max(age, 0),
            alarm=age > self.rules.alarm_seconds,
            warning=self.warning,
            fork=str(self.fork or self.refused or ""),
        )

    def load(self) -> None:
        """Learn from what is kept here how far each sink was told; asks nobody."""
        self._freshly(self._load)

    # -- one sink's thread -----------------------------------------------------------------------

    def _follow(self, watch: _Watch) -> None:
        while True:
            with self._changed:
                self._changed.wait(self._pause(watch))
                if self._closing or self.fork is not None:
                    return
            try:
                size = int(self._database.read(_size))
                if self._due(watch, size):
                    self._tell(watch)
                if watch is self._watches[0]:
                    self._alarm.look(self.status)
            except StorageError as error:
                _log.warning("the ledger cannot be read for its anchors: %s", error)

    def _pause(self, watch: _Watch) -> float:
        if self._wanted > watch.size and not watch.failures:
            return max(LOCAL_SECONDS - (time.monotonic() - watch.tried), 0.01)
        return LOCAL_SECONDS

    def _due(self, watch: _Watch, size: int) -> bool:
        behind, since = size - watch.size, time.monotonic() - watch.tried
        if behind <= 0:
            return False
        if watch.failures:
            pause = RETRY_SECONDS_MIN * float(1 << (watch.failures - 1))
            return since >= min(pause, RETRY_SECONDS_MAX)
        if watch.local or self._wanted > watch.size or behind >= self.rules.entries_max:
            return since >= LOCAL_SECONDS
        return since >= self.rules.interval_seconds and self._behind(watch)

    def _behind(self, watch: _Watch) -> bool:
        """Is anything new but receipts? They alone would call for one another for ever."""
        return self._database.read(lambda c: c.value(_BEHIND, (watch.size,))) is not None

    def _tell(self, watch: _Watch) -> None:
        with watch.busy:
            watch.tried = time.monotonic()
            try:
                receipt = self._freshly(watch.sink.publish)
                receipt = replace(receipt, place=watch.sink.place)
            except LedgerForkError as error:
                self._forked(watch, error)
                return
            except Exception as error:  # noqa: BLE001 - it is told, and tried again
                watch.failures = min(watch.failures + 1, 32)
                watch.trouble = str(error)
                if isinstance(error, AnchorUnavailableError):
                    _log.warning("an anchor was not told: %s", error)
                else:
                    _log.exception("an anchor was not told")
                return
            new = receipt.size > watch.size and not watch.local
            if new:  # before anybody may rely on it
                self._keep(receipt)
            watch.last, watch.failures, watch.trouble = receipt, 0, ""
        with self._changed:
            self._changed.notify_all()
        if new:
            try:
                self.record(receipt)
            except RemitError as error:
                _log.warning("a receipt did not become an entry: %s", error)

    def _keep(self, receipt: AnchorReceipt) -> None:
        try:
            anchor.append_line(self.kept, anchor.line_of(receipt, named=True))
        except OSError as error:
            _log.warning("a receipt cannot be kept in `%s`: %s", self.kept, error)

    def _forked(self, watch: _Watch, error: LedgerForkError) -> None:
        watch.trouble = str(error)
        _log.critical("SEV1: the ledger is forked, nothing more is appended: %s", error)
        self.refuse(error)
        with self._changed:
            self.fork = error
            self._changed.notify_all()

    def _freshly(self, ask: Callable[[Held], T]) -> T:
        """Ask with the last checkpoint; once more if another process went on meanwhile.

        What an anchor keeps was committed before, so that looking again must show it.
        """
        ours = self._held()
        for _ in range(LOOKS_MAX):
            try:
                return ask(ours)
            except LedgerForkError:
                fresh = self._held()
                if fresh.size <= ours.size:
                    raise
                ours = fresh
        raise AnchorUnavailableError("another process writes faster than its anchor is asked")

    # -- parts -----------------------------------------------------------------------------------

    def _held(self) -> Held:
        vkey = self._vkey()
        return self._database.read(lambda c: held(c, vkey, self._database.read))

    def _operators(self, size: int = -1) -> set[str]:
        """Return the other operators whose sinks keep at least this size."""
        return {
            watch.sink.operator
            for watch in self._watches
            if watch.sink.operator != LOCAL and watch.size >= size
        }

    def _load(self, ours: Held) -> None:
        """Compare what was kept of earlier answers, and take the newest of each sink."""
        names = {(one.sink.operator, one.sink.kind, one.sink.place) for one in self._watches}
        newest: dict[tuple[str, str, str], AnchorReceipt] = {}
        for one in anchor.newest(self.kept):
            name = (one.operator, one.kind, one.place)
            if name in names and name not in newest and ours.signed(one):
                newest[name] = one
        for watch in self._watches:
            sink = watch.sink
            found = newest.get((sink.operator, sink.kind, sink.place))
            if isinstance(sink, FileSink):
                with suppress(AnchorUnavailableError):
                    found = sink.newest(ours)
            watch.last = found
            ours.compare(found, place=sink.place)

    def _last_words(self, watches: Iterable[_Watch]) -> None:
        if self.fork is not None or self.refused is not None:
            return
        try:
            size = int(self._database.read(_size))
            due = [one for one in watches if size > one.size and (one.local or self._behind(one))]
        except StorageError as error:
            _log.warning("the ledger cannot be read for its anchors: %s", error)
            return
        at_once([lambda one=one: self._tell(one) for one in due], seconds=CLOSE_SECONDS_MAX)  # type: ignore[misc]  # a default binds the loop's value


def _size(connection: Connection) -> int:
    return int(connection.value("SELECT size FROM ledger_head") or 0)
