"""Anchors that are slow, dead, lying or of another ledger: appends go on, or end for cause."""

import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from remit.errors import AnchorUnavailableError, LedgerForkError, StorageError
from remit.ledger import anchor
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.anchor_standing import LOCAL_ONLY, AnchorRules
from remit.ledger.anchoring import Anchors
from remit.ledger.held import Held
from remit.ledger.sinks import FileSink, Sink
from remit.ledger.witness_sink import WitnessSink
from tests.contract.sinks import KINDS, far
from tests.loopback import witness
from tests.opened import ORIGIN, Opened, opened

CASE = "c" * 32
SECONDS_MAX = 30.0


@dataclass
class Scripted:
    """A sink whose answers a test writes; `gate` holds it up as a slow one is."""

    operator: str = "acme"
    kind: str = "scripted"
    place: str = "the scripted sink"
    error: Exception | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    asked: list[int] = field(default_factory=list)

    def publish(self, held: Held) -> AnchorReceipt:
        self.asked.append(held.size)
        self.gate.wait(SECONDS_MAX)
        if self.error is not None:
            raise self.error
        return AnchorReceipt(note=held.note, operator=self.operator, kind=self.kind, raw=b"yes")

    def compare(self, held: Held) -> None:
        del held

    def kept(self) -> Sequence[AnchorReceipt]:
        return ()

    def vouches(self, receipt: AnchorReceipt) -> bool:
        return receipt.raw == b"yes"


def prompt(error: Exception | None = None) -> Scripted:
    made = Scripted(error=error)
    made.gate.set()
    return made


@contextmanager
def anchored(
    store: Opened, folder: Path, *sinks: Sink, rules: AnchorRules | None = None
) -> Iterator[Anchors]:
    """Anchor a store as the application does: receipts become entries, a fork ends the writer."""
    made = Anchors(
        store.database,
        lambda: store.journal.vkey,
        [FileSink(folder / "own.anchor", clock=store.clock), *sinks],
        kept=folder / "own.receipts",
        clock=store.clock,
        rules=rules or AnchorRules(interval_seconds=3600),
    )
    made.attach(store.writer, origin=ORIGIN)
    made.check()
    made.start()
    try:
        yield made
    finally:
        made.finish()
        made.tell_local()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Opened]:
    with opened(f"sqlite:///{tmp_path}/one.db", tmp_path) as made:
        yield made


def test_a_slow_sink_holds_up_nobody(store: Opened, tmp_path: Path) -> None:
    slow, quick = Scripted(), prompt()
    quick.operator = "other"
    store.append(CASE)
    with anchored(store, tmp_path, slow, quick) as anchors:
        until(lambda: bool(slow.asked) and bool(quick.asked))
        for _ in range(20):
            store.append(CASE)
        assert anchors.witnessed(1, operators_min=1, timeout_seconds=SECONDS_MAX)
        assert not anchors.witnessed(1, operators_min=2, timeout_seconds=0.05)
        slow.gate.set()
        assert anchors.witnessed(1, operators_min=2, timeout_seconds=SECONDS_MAX)


@pytest.mark.parametrize(
    "error", [AnchorUnavailableError("it is away"), RuntimeError("a bug"), OSError("no route")]
)
def test_a_dead_sink_is_asked_again_and_told_of(
    store: Opened, tmp_path: Path, error: Exception
) -> None:
    dead = prompt(error)
    store.append(CASE)
    with anchored(store, tmp_path, dead) as anchors:
        until(lambda: len(dead.asked) >= 2)  # a second after the first
        store.append(CASE)
        assert anchors.status().sinks[1].trouble == str(error)
        dead.error = None
        until(lambda: anchors.status().sinks[1].size > 0)
        assert anchors.status().sinks[1].trouble == ""


def test_who_waits_shares_a_round_trip(store: Opened, tmp_path: Path) -> None:
    sink = prompt()
    size = store.append(CASE).size
    with anchored(store, tmp_path, sink) as anchors:
        assert anchors.witnessed(size, timeout_seconds=SECONDS_MAX)
        before = len(sink.asked)
        sizes = [store.append(CASE).size for _ in range(8)]
        got: list[bool] = []
        threads = [
            threading.Thread(
                target=lambda n=n: got.append(anchors.witnessed(n, timeout_seconds=SECONDS_MAX))  # type: ignore[misc]  # a default binds the loop's value
            )
            for n in sizes
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert got == [True] * 8
        assert len(sink.asked) - before <= 2


def test_nobody_waits_for_operators_that_there_are_not(store: Opened, tmp_path: Path) -> None:
    size = store.append(CASE).size
    with anchored(store, tmp_path) as anchors:
        assert anchors.warning == LOCAL_ONLY
        assert not anchors.witnessed(size, timeout_seconds=SECONDS_MAX)
    with anchored(store, tmp_path, prompt(), prompt()) as anchors:  # two sinks, one operator
        assert anchors.warning == ""
        assert not anchors.witnessed(size, operators_min=2, timeout_seconds=SECONDS_MAX)


def test_a_receipt_is_an_entry_and_no_reason_for_another(store: Opened, tmp_path: Path) -> None:
    sink = prompt()
    store.append(CASE)
    fast = AnchorRules(interval_seconds=0.01)
    with anchored(store, tmp_path, sink, rules=fast) as anchors:
        until(lambda: bool(entries(store)))
        local = anchors.status().sinks[0]
        until(lambda: anchors.status().sinks[0].size > local.size)  # it went round once more
        assert len(sink.asked) == 1
        view = anchors.status()
        assert (view.tail_entries, view.tail_seconds, view.alarm) == (0, 0, False)
    (body,) = entries(store)
    assert b'"operator":"acme"' in body
    kept = anchor.receipts(tmp_path / "own.receipts")
    assert [(one.operator, one.kind, one.raw) for one in kept] == [("acme", "scripted", b"yes")]


def entries(store: Opened) -> list[bytes]:
    rows = store.database.read(
        lambda c: c.rows("SELECT leaf FROM entries WHERE event = 'ledger:anchor:received'")
    )
    return [bytes(row[0]) for row in rows]


@dataclass
class Overtaken(Scripted):
    """A sink that another process tells of a longer ledger just before it is asked."""

    elsewhere: Callable[[], int] = lambda: 0
    times: int = 0

    def publish(self, held: Held) -> AnchorReceipt:
        self.times += 1
        if self.times == 1:
            held.compare_size(self.elsewhere(), place=self.place)
        return super().publish(held)


@pytest.mark.parametrize("url", ["sqlite", "postgresql"])
def test_who_was_overtaken_by_another_process_is_no_fork(
    url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = (
        f"sqlite:///{tmp_path}/one.db"
        if url == "sqlite"
        else request.getfixturevalue("postgres_url")
    )
    with opened(address, tmp_path) as store:
        store.append(CASE)
        store.settle()

        def elsewhere() -> int:
            store.append(CASE)
            store.settle()
            return int(store.database.read(lambda c: c.value("SELECT size FROM ledger_head")))

        sink = Overtaken(elsewhere=elsewhere)
        sink.gate.set()
        with anchored(store, tmp_path, sink) as anchors:
            until(lambda: bool(sink.asked))
            assert anchors.witnessed(3, timeout_seconds=SECONDS_MAX)
            assert anchors.fork is None


def test_an_old_tail_is_an_alarm(store: Opened, tmp_path: Path) -> None:
    dead = prompt(AnchorUnavailableError("it is away"))
    store.append(CASE, 3)
    with anchored(store, tmp_path, dead, rules=AnchorRules(alarm_seconds=600)) as anchors:
        began = store.clock.moment
        late = anchors.status(now=began.replace(hour=began.hour + 1))
        assert (late.anchored, late.alarm) == (0, True)
        assert late.tail_entries == late.size
        assert not anchors.status(now=began).alarm


def test_an_alarm_is_logged_once_and_its_end_too(
    store: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dead = prompt(AnchorUnavailableError("it is away"))
    store.append(CASE)
    rules = AnchorRules(alarm_seconds=0.001, interval_seconds=3600)
    with anchored(store, tmp_path, dead, rules=rules) as anchors:
        store.clock.moment += timedelta(hours=1)
        until(lambda: "have no anchor" in caplog.text)
        dead.error = None
        until(lambda: "every entry is anchored again" in caplog.text)
        assert not anchors.status().alarm
    assert caplog.text.count("have no anchor") == 1


def test_a_fork_ends_all_appending_at_once(
    store: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    sink = prompt(LedgerForkError("acme keeps another root"))
    store.append(CASE)
    with anchored(store, tmp_path, sink) as anchors:
        until(lambda: anchors.fork is not None)
        with pytest.raises(StorageError, match="nothing is appended: acme keeps another root"):
            store.append(CASE)
        assert not anchors.witnessed(1, timeout_seconds=SECONDS_MAX)
        assert anchors.status().fork == "acme keeps another root"
    assert "SEV1" in caplog.text
    assert store.database.read(lambda c: c.value("SELECT size FROM ledger_head")) > 0


def test_what_was_kept_of_earlier_answers_is_compared_at_the_start(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/one.db", tmp_path) as store:
        store.append(CASE)
        with anchored(store, tmp_path, prompt()) as anchors:
            assert anchors.witnessed(1, timeout_seconds=SECONDS_MAX)
    (tmp_path / "own.anchor").unlink()
    with opened(f"sqlite:///{tmp_path}/two.db", tmp_path, seed=2) as store:
        refused = anchored(store, tmp_path, prompt())
        with pytest.raises(LedgerForkError, match="scripted sink knows"):
            refused.__enter__()


def test_a_receipt_that_proves_nothing_is_not_held_for_one(store: Opened, tmp_path: Path) -> None:
    """Whoever may write our file of receipts must not be able to claim another operator's word."""
    store.append(CASE)
    sink = prompt()
    with anchored(store, tmp_path, sink) as anchors:
        assert anchors.witnessed(1, timeout_seconds=SECONDS_MAX)
        (real,) = (one for one in anchors.receipts() if one.operator == "acme")
        forged = dataclasses.replace(real, raw=b"forged")
        anchor.append_line(tmp_path / "own.receipts", anchor.line_of(forged, named=True))
        assert [one.raw for one in anchors.receipts() if one.operator == "acme"] == [b"yes"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "file"])
def test_every_kind_is_told_by_a_running_ledger(tmp_path: Path, kind: str) -> None:
    with opened(f"sqlite:///{tmp_path}/one.db", tmp_path) as store:
        size = store.append(CASE).size
        with far(kind, tmp_path, vkey=store.journal.vkey) as side:
            with anchored(store, tmp_path, side.sink()) as anchors:
                assert anchors.witnessed(size, timeout_seconds=SECONDS_MAX)
                assert any(one.operator == "archive" for one in anchors.receipts())
                store.append(CASE)  # the last word is said when it closes
            assert side.sink().kept() == () or side.sink().kept()[-1].size > size


def test_a_witness_that_lies_is_not_believed(tmp_path: Path) -> None:
    """Another witness answers at the address: its word is not that of the key we were given."""
    with opened(f"sqlite:///{tmp_path}/one.db", tmp_path) as store:
        store.append(CASE)
        with (
            witness.serving(tmp_path / "w1", [store.journal.vkey]) as first,
            witness.serving(tmp_path / "w2", [store.journal.vkey]) as second,
        ):
            liar = WitnessSink(second.url, key=first.key, operator="archive")
            with anchored(store, tmp_path, liar) as anchors:
                until(lambda: bool(anchors.status().sinks[1].trouble))
                assert "does not verify" in anchors.status().sinks[1].trouble or (
                    "no cosignature" in anchors.status().sinks[1].trouble
                )
                assert not anchors.witnessed(1, timeout_seconds=0.05)
                store.append(CASE)
