"""An installation for the gallery that needs somebody, in each way in which a line can."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from remit.errors import NotSignedInError
from remit.governance.health import Bounds, Health, KeysView, Rows, WorkerView
from remit.ledger.verified import Verified
from remit.ledger.wrapping import Epoch
from tests.browser.samples import NOW, anchors

PROOF = "the gallery's own"
METRICS: Mapping[str, object] = {
    "case_balance": 0,
    "breakers": {"connector:shop": "open", "model:house": "closed"},
    "stranded": 2,
    "writer_lane": {"ordinary": 5_120, "control": 3},
    "clock_ahead_ms": 4,
    "start_lag_ms": {"p50": 2, "p95": 41},
    "running": 12,
    "turns": 48_211,
    "suspects": 0,
    "intake_refused": 17,
    "late_finds": 0,
}  # fmt: skip


class Examined:
    """How the gallery's Remit is looked at."""

    now: datetime
    well: bool = False  # whether nothing needs anybody

    def metrics(self) -> dict[str, object]:
        return {"case_balance": 0, "breakers": {"connector:shop": "open"}}

    def examined(self, proved: str, /) -> dict[str, object]:
        if proved != PROOF:
            raise NotSignedInError("this is not asked with this installation's keys")
        return self.metrics()

    def health(self) -> Health:
        return health(well=self.well)


def health(*, well: bool) -> Health:
    """Return an installation with trouble of many kinds, or with none."""
    return Health(
        at=NOW,
        rows=Rows(
            received=9_412,
            workflows={
                "refund-desk": {"ready": 40, "running": 12, "parked": 311, "closed": 9_000}
                | ({} if well else {"escalated": 7}),
                "triage": {"closed": 61} if well else {"closed": 54},
            },
            waiting=9, overdue=0 if well else 3,
            aside=3, overdue_aside=0 if well else 1, aside_oldest=0 if well else 93_600,
            ready_oldest=2 if well else 420,
            timers=933, timer_lag=0 if well else 64,
            unsequenced=12, unsequenced_oldest=0,
            unsettled=4, unsettled_oldest=31,
            ambiguous=0 if well else 1, ambiguous_oldest=0 if well else 1_920,
            tried_later={} if well else {"breaker connector:shop": 23, "retry get_order": 2},
            rules_waiting=(),
            lost=0,
            verified=Verified(at=NOW - timedelta(hours=7), size=8_702, result="intact"),
            workers=(WorkerView(name="019a", host="desk-1", pid=4711, silent_seconds=0.4),),
            days={
                f"{NOW - timedelta(days=age):%Y-%m-%d}": {
                    "received": 1_200 + 31 * age, "gate.held": 60 + age, "effect.confirmed": 900,
                    "effect.failed": 2, "escalated": 7, "closed.completed": 1_150,
                }
                for age in range(7)
            },
        ),
        owner="`remit serve` (process 4711)",
        database_bytes=812_000_000,
        log_bytes=4_100_000,
        free_bytes=48_000_000_000 if well else 1_500_000_000,
        reserve=True,
        room=None,
        keys=KeysView(
            store="the file `.remit-keys/keys.json` under a passphrase",
            epoch=Epoch(root="3f2a", before=None, began_us=int(NOW.timestamp() - 864_000) * 10**6),
            rotation_days=30,
        ),
        anchors=anchors(),
        bounds=Bounds(),
        live={**METRICS, "breakers": {}, "stranded": 0, "writer_lane": {}} if well else METRICS,
    )  # fmt: skip
