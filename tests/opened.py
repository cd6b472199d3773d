"""An opened store with journal, writer and keys: what tests of store and ledger begin with."""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from remit.domain.actor import workflow
from remit.domain.entry import Draft, Entry
from remit.domain.event import ToolRead
from remit.domain.ids import uuid7
from remit.domain.value import Json
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.append import Journal
from remit.ledger.held import held
from remit.ledger.keeper import Keeper
from remit.ledger.recovery import Lost, current_origin, recover
from remit.ledger.remote_signer import RemoteSigner
from remit.ledger.seal import KeyRing
from remit.ledger.sinks import FileSink
from remit.ledger.verify import VerifyReport, verify
from remit.store import kpi_days
from remit.store.database import Database, open_database
from remit.store.deployment import SESSIONS_MAX
from remit.store.keys import key_rows
from remit.store.unit import UnitOfWork
from remit.store.writer import Committed, Receipt, Writer, open_writer

ORIGIN = "shop.example/ledger/1"
NOTES = ("create table if not exists notes (name text primary key, n integer not null)",)


@dataclass(slots=True)
class Ticking:
    """A clock that moves a millisecond at each look, from an instant that tests may set."""

    moment: datetime = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment


@dataclass(slots=True, kw_only=True)
class Opened:
    """A store in use."""

    url: str
    database: Database
    journal: Journal
    writer: Writer
    keeper: Keeper
    keys: KeyRing
    clock: Ticking
    committed: list[Committed] = field(default_factory=list)

    @property
    def sqlite(self) -> bool:
        """Whether this is a file with one writer."""
        return self.database.dialect == "sqlite"

    def append(self, case_id: str, n: int = 1, *, run: int | None = 1) -> Receipt[list[Entry]]:
        """Append entries of a case and wait."""
        return self.writer.run(appending(case_id, n, run=run))

    def settle(self) -> None:
        """Wait until all that is committed has its position."""
        assert self.keeper.drain()

    def anchor(self, path: Path) -> AnchorReceipt:
        """Keep the last checkpoint in an anchor file."""
        ours = self.database.read(lambda c: held(c, self.journal.vkey, self.database.read))
        return FileSink(path, clock=self.clock).publish(ours)

    def verify(self) -> VerifyReport:
        """Judge all that is committed."""
        self.settle()
        return verify(self.database, self.journal.vkey, payload_keys=self.keys)


def appending(
    case_id: str, n: int = 1, *, run: int | None = 1, content: Json = "a masked answer"
) -> Callable[[UnitOfWork], list[Entry]]:
    """Return work that appends `n` entries."""

    def work(uow: UnitOfWork) -> list[Entry]:
        return [uow.append(draft(case_id, run=run, content=content)) for _ in range(n)]

    return work


def draft(case_id: str, *, run: int | None = 1, content: Json = "a masked answer") -> Draft:
    """Return a tool read with one sealed payload."""
    return Draft(
        event=ToolRead(
            name="get_order", arguments="a" * 64, connector="shop", latency_ms=3, result="b" * 64
        ),
        case_id=case_id,
        workflow="refund-desk",
        actor=workflow("refund-desk"),
        path="1",
        run=run,
        payloads={"result": content},
    )


def ids(seed: int) -> Callable[[], str]:
    """Return a source of time-ordered ids that repeats for a seed."""
    numbers, chance = itertools.count(1_764_000_000_000), random.Random(seed)
    return lambda: uuid7(milliseconds=next(numbers), random_bytes=chance.randbytes(10))


@contextmanager
def opened(
    url: str,
    folder: Path,
    *,
    seed: int = 1,
    clock: Ticking | None = None,
    hooks: Sequence[Callable[[str], None]] = (),
    shared: bool = False,
    sessions_max: int = SESSIONS_MAX,
    reserve_bytes: int = 0,
    origin: str = ORIGIN,
    remote: RemoteSigner | None = None,
) -> Iterator[Opened]:
    """Open a store with a table of its own and one of counters beside the ledger's; close it."""
    chance = random.Random(seed)
    time = clock or Ticking()
    rows = key_rows(folder, url=url)
    keys = KeyRing.open(folder, random_bytes=chance.randbytes, now=time, rows=rows)
    database = open_database(
        url,
        schema=(*NOTES, *kpi_days.SCHEMA),
        durability_check=False,
        clock=time,
        shared=shared,
        sessions_max=sessions_max,
        reserve_bytes=reserve_bytes,
    )
    try:
        journal = Journal(
            keys, origin=origin, ids=ids(seed), random_bytes=chance.randbytes, remote=remote
        )
        committed: list[Committed] = []
        keeper = Keeper(database, journal)
        try:
            writer = open_writer(
                database, journal, lambda _uow, _entry: None, time, on_commit=committed.append
            )
            writer.before_commit.extend(hooks)
            try:
                yield Opened(
                    url=url,
                    database=database,
                    journal=journal,
                    writer=writer,
                    keeper=keeper,
                    keys=keys,
                    clock=time,
                    committed=committed,
                )
            finally:
                writer.close()
        finally:
            keeper.close()
    finally:
        if remote is not None:
            remote.close()
        keys.close()
        database.close()


def recovered(
    url: str,
    folder: Path,
    lost: Lost,
    persons: tuple[str, ...] = ("olga",),
    remote: RemoteSigner | None = None,
) -> str:
    """Go on after a loss, as `remit ledger recover` does; return the new origin."""
    clock, chance = Ticking(), random.Random(7)
    database = open_database(url, schema=NOTES, durability_check=False, clock=clock)
    rows = key_rows(folder, url=url)
    keys = KeyRing.open(folder, random_bytes=chance.randbytes, now=clock, rows=rows)
    try:
        return recover(
            database, keys, origin=current_origin(database, ORIGIN), lost=lost,
            persons=persons, reason="backup", ids=ids(7), random_bytes=chance.randbytes,
            now=clock(), remote=remote,
        )  # fmt: skip
    finally:
        keys.close()
        database.close()
