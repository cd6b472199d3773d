"""The numbers of one process and its rows by which people see whether cases get on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from remit.domain import clock
from remit.domain.value import Json
from remit.governance import overview
from remit.orchestration.breakers import Breakers
from remit.orchestration.pressure import Pressure
from remit.orchestration.schedule import Timekeeper
from remit.store import load
from remit.store.connection import Connection
from remit.store.database import Database


class Counted(Protocol):
    """What a dispatcher counts in this process."""

    @property
    def lags_us(self) -> Sequence[int]: ...

    @property
    def running(self) -> int: ...

    @property
    def turns(self) -> int: ...

    @property
    def suspects(self) -> int: ...

    @property
    def stuck(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Reads them; labels are workflows, targets and states, never a case or a person."""

    database: Database
    dispatcher: Counted
    timekeeper: Timekeeper
    pressure: Pressure
    breakers: Breakers
    stranded: Mapping[str, bool]
    raced: Mapping[str, int]
    late: Mapping[str, int]
    rules_refused: Callable[[], int] = lambda: 0  # workflows whose rules do not load

    def read(self) -> dict[str, Json]:
        """Return the numbers as they are now; `case_balance` must be 0."""
        now_us = clock.microseconds(self.pressure.now())
        found = self.pressure.load(300)

        def rows(connection: Connection) -> dict[str, Json]:
            counts = overview.counts(connection, now_us=now_us)
            timers, due_us = load.timers(connection, now_us)
            unsettled, since_us = load.unsettled(connection)
            return {
                "case_balance": counts["balance"],
                "cases": {name: counts[name] for name in overview.STATES},
                "cases_received": counts["received"],
                "approvals_waiting": counts["waiting"],
                "approvals_overdue": counts["overdue"],
                "quarantine_overdue": counts["overdue_aside"],
                "effects_unsettled": unsettled,
                "effects_unsettled_oldest_seconds": _age(now_us, since_us),
                "timers": timers,
                "timer_lag_seconds": _age(now_us, due_us),
            }

        lags = sorted(self.dispatcher.lags_us)
        writer = self.pressure.writer
        return {
            **self.database.read(rows),
            "ready_oldest_seconds": _age(now_us, found.ready_oldest_us),
            "unsequenced": found.unsequenced,
            "unsequenced_oldest_seconds": _age(now_us, found.unsequenced_oldest_us),
            "running": self.dispatcher.running,
            "turns": self.dispatcher.turns,
            "start_lag_ms": {"p50": _percentile(lags, 50), "p95": _percentile(lags, 95)},
            "suspects": self.dispatcher.suspects,
            "stuck": len(self.dispatcher.stuck),
            "fenced": self.raced.get("fenced", 0),
            "stale_facts": self.raced.get("stale_facts", 0),
            "late_finds": self.late.get("finds", 0),
            "rules_refused": self.rules_refused(),
            "stranded": sum(self.stranded.values()),
            "timers_fired": self.timekeeper.fired,
            "nothing_to_wait_for": self.timekeeper.lost,
            "breakers": dict(self.breakers.standing()),
            "places": self.breakers.places.standing(),
            "writer_lane": {
                "ordinary": writer.depth("ordinary"), "control": writer.depth("control"),
            },
            "intake_refused": self.pressure.refused,
            "clock_ahead_ms": int(self.timekeeper.watch.ahead_seconds * 1_000),
            "disk_free_bytes": self.pressure.disk_free(),
            "database_bytes": self.database.size(),
        }  # fmt: skip


def _age(now_us: int, since_us: int | None) -> int:
    return 0 if since_us is None else max(0, now_us - since_us) // 1_000_000


def _percentile(ordered: Sequence[int], percent: int) -> int:
    """Return a percentile in milliseconds, 0 where nothing was measured."""
    if not ordered:
        return 0
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] // 1_000
