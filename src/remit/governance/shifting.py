"""Cases that are not those that a grant rests on: many more of them below its threshold.

Folded from the end of the last day that is over, whose state is kept (`store.marks`), so that the
look of each minute costs the cases of a day or two and not those of a quarter. What is folded
never changes: a case has the score that it was decided with. `label_free` folds the whole, as
`remit evidence verify` does; `tests/unit/governance/test_shifting.py` holds that both agree.
"""

import json
import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from remit.domain.autonomy import Cell, Outcome
from remit.domain.plan import DAY_US, PPM
from remit.domain.value import Json, digest
from remit.evidence import detector, intervals
from remit.evidence.detector import Detector
from remit.governance import monitors
from remit.governance.alarm import Alarm
from remit.governance.sounding import BESIDE_US
from remit.store import evidence_watch, marks, plans
from remit.store.authority import GrantRow
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow

LABEL_FREE: Final = "label-free"
BASE_ROWS: Final = 1_000  # before the grant, of which the share below the threshold is known
RUN: Final = 10_000
_INTERVAL: Final = 0.05


def alarms(connection: Connection, cell: Cell, grant: GrantRow, *, now_us: int) -> list[Alarm]:
    """Return the alarms since the last mark, and keep marks: it writes."""
    if grant.threshold_ppm is None:
        return []
    base = evidence_watch.scores_before(
        connection, cell, grant.fingerprint, before_us=grant.given_us, limit=BASE_ROWS,
        since_us=plans.over(connection, cell, grant.fingerprint).resumes_us,
    )  # fmt: skip
    rate_ppm = _rate_ppm(base, grant)
    if rate_ppm is None:
        return []
    said: list[Json] = [grant.fingerprint, grant.given_us, grant.score, rate_ppm, RUN]
    basis = digest(said)
    fold = _Fold(rate_ppm)
    begin_us = grant.given_us
    kept = marks.before(connection, cell, at_us=now_us, basis=basis, kind=marks.CASES)
    if kept is not None:
        begin_us = kept[0]
        fold.resume(kept[1])
    found: list[Alarm] = []
    new: list[tuple[int, str]] = []
    rows = evidence_watch.scores(connection, cell, grant.fingerprint, since_us=begin_us)
    for day, of_day in groupby(rows, key=lambda row: row[0] // DAY_US):
        if begin_us < day * DAY_US <= now_us - BESIDE_US:
            new.append((day * DAY_US, fold.state))
        found += fold.run([(name, _outcome(score, grant)) for _, name, score in of_day])
    if new:
        marks.put(connection, cell, new, basis=basis, kind=marks.CASES)
    return found


def label_free(rows: Sequence[EvidenceRow], grant: GrantRow) -> list[Alarm]:
    """Return each row at which far more cases fall below the threshold than before the grant."""
    if grant.threshold_ppm is None:
        return []
    rows = [row for row in rows if not row.gone]
    base = [row.score or 0 for row in rows if row.at_us < grant.given_us][-BASE_ROWS:]
    rate_ppm = _rate_ppm(base, grant)
    if rate_ppm is None:
        return []
    later = [row for row in rows if row.at_us >= grant.given_us]
    outcomes = [_outcome(row.score or 0, grant) for row in later]
    return monitors.folded(LABEL_FREE, later, outcomes, rate_ppm=rate_ppm, run=RUN)


def _outcome(score: int, grant: GrantRow) -> Outcome:
    return Outcome.WRONG if score < grant.score else Outcome.RIGHT


def _rate_ppm(base: Sequence[int], grant: GrantRow) -> int | None:
    """Return the share below the threshold that is watched, None where it cannot be."""
    below = sum(score < grant.score for score in base)
    _, rate_max = intervals.rate(hits=below, n=len(base), chance=_INTERVAL)
    if not base or rate_max > detector.RATE_MAX:
        return None
    return max(round(rate_max * PPM), 1)


class _Fold:
    """The detector on its way through the cases."""

    def __init__(self, rate_ppm: int) -> None:
        self.rate_ppm = rate_ppm
        self.rest = detector.start(rate_max=rate_ppm / PPM, run_min=RUN)
        self.at: Detector = self.rest
        self.rows = 0

    @property
    def state(self) -> str:
        return json.dumps([self.rows, [one.hex() for one in self.at.wealth]])

    def resume(self, state: str) -> None:
        """Go on from a mark."""
        self.rows, wealth = json.loads(state)
        self.at = detector.resumed(self.rest, [float.fromhex(one) for one in wealth])

    def run(self, cases: Sequence[tuple[str, Outcome]]) -> Iterator[Alarm]:
        """Fold the cases of a day; yield each alarm, after which it begins again."""
        outcomes, begin = [outcome for _, outcome in cases], 0
        while begin < len(cases):
            self.at, fired = detector.fold(self.at, outcomes[begin:])
            if fired is None:
                break
            begin += fired
            yield Alarm(
                detector=LABEL_FREE, rate_max_ppm=self.rate_ppm, run_min=RUN,
                rows=self.rows + begin, row=cases[begin - 1][0],
                log_statistic=math.log(self.at.statistic),
            )  # fmt: skip
            self.at = self.rest
        self.rows += len(cases)
