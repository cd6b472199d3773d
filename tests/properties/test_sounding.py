"""Alarms found from the first row that changed are those of a fold of all rows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from remit.domain.action import Risk
from remit.domain.autonomy import Cell
from remit.domain.plan import DAY_US, Cluster, Plan, Reviewed, Settle
from remit.evidence import detector
from remit.governance import alarm, monitors, sounding, streams, watch
from remit.store import authority, checks, evidence, marks, plans
from remit.store.authority import GrantRow
from remit.store.connection import Connection, Parameter
from remit.store.shadow import scratch
from tests.faults.lengths import times

CELL = Cell(workflow="desk", action="note")
PLAN = Plan(
    workflow="desk", action="note", risk=Risk.LOW, error_max_ppm=100_000,
    false_grant_max_ppm=100_000, window_days=14, settle=Settle.VERDICT, cluster=Cluster.CASE,
    material=(), segments=(), reviewers=Reviewed.ASSUMED,
)  # fmt: skip
SINCE = 1_000 * DAY_US + 7
HOUR = DAY_US // 24
GRANTS = [
    None,
    GrantRow(level="sampled", fingerprint="f", signer="o", expires_us=0, given_us=SINCE),
    GrantRow(level="draft", fingerprint="f", signer="o", expires_us=0, given_us=SINCE),
]
BEGINS = [None, 400_000_000_000, 900_000_000_000]

STEPS = st.one_of(
    st.tuples(st.just("row"), st.integers(0, 40), st.integers(0, 3), st.sampled_from([0, 0, 1])),
    st.tuples(
        st.just("label"), st.integers(0, 200),
        st.sampled_from(["wrong", "wrong", "right", "void", "pending"]),
    ),
)  # fmt: skip


@dataclass(kw_only=True)
class Lived:
    """A cell in a private database, and every alarm that either way of folding told of."""

    connection: Connection
    grant: GrantRow | None
    begins: int | None
    scored: bool
    now_us: int = SINCE
    outcomes: list[str] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    told: set[tuple[str, str]] = field(default_factory=set)

    def row(self, hours: int, cluster: int, gone: int = 0) -> None:
        """Decide one more proposal, which may be one that would not run any more."""
        self.now_us += hours * HOUR + 1
        number = len(self.outcomes)
        alone = self.grant is not None and self.grant.level == "sampled"
        level = "approve-each" if self.grant is None else self.grant.level
        score = number * 37 % 100 * 10**10 if self.scored else None
        names = evidence.COLUMNS.split(", ")
        known: dict[str, Parameter] = {
            "action_id": f"{number:04d}", "workflow": "desk", "action": "note", "segment": "all",
            "fingerprint": "f", "cluster": f"{cluster} {number // 4}", "at_us": self.now_us,
            "level": level, "score": score, "share_ppm": 1_000_000, "drawn": 1, "eligible": 1,
            "alone": int(alone), "label_us": None, "draw": None, "gone": gone,
        }  # fmt: skip
        numbers = {"blind", "settled", "labels", "due_us"}
        self.connection.execute(
            f"insert into evidence ({evidence.COLUMNS}) values ({', '.join('?' for _ in names)})",
            tuple(known.get(name, 0 if name in numbers else "") for name in names),
        )
        self.outcomes.append("")
        self.at.append(self.now_us)

    def label(self, place: int, outcome: str) -> None:
        """Say something of one of them, and find the alarms both ways."""
        if not self.outcomes:
            return
        place %= len(self.outcomes)
        before, self.outcomes[place] = self.outcomes[place], outcome
        self.connection.execute(
            "update evidence set outcome = ?, settled = ?, labels = labels + 1"
            " where action_id = ?",
            (outcome, int(outcome == "void"), f"{place:04d}"),
        )
        turns = {"wrong", "void"}
        if outcome in turns or before in turns:
            self.compare(place)
        self.compare_marks()

    def compare(self, place: int) -> None:
        """Find the alarms from a row on, and all of them."""
        found = sounding.alarms(
            self.connection, self.watch, at_us=self.at[place], now_us=self.now_us
        )
        known = {(one.detector, one.row): one for one in self.alarms()}
        for one in found:  # each is one of the whole fold, number by number
            assert known[one.detector, one.row] == one
        self.told |= {(one.detector, one.row) for one in found}
        assert set(known) <= self.told  # and what was not looked at was told of before

    def compare_marks(self) -> None:
        """Make all marks anew: those that were kept are among them."""
        kept = self.marks()
        marks.forget_all(self.connection)
        sounding.alarms(self.connection, self.watch, at_us=0, now_us=self.now_us)
        assert kept <= self.marks()

    def marks(self) -> set[tuple[int, str]]:
        """Return what is kept, by day."""
        watched = (self.watch.basis,)
        rows = self.connection.rows(
            "select day_us, state from detector_marks where basis = ?", watched
        )
        return {(int(row[0]), str(row[1])) for row in rows}

    @property
    def watch(self) -> sounding.Watch:
        return sounding.of_cell(
            self.connection, PLAN, CELL, self.grant, fingerprint="f", begins_us=0,
            score_min=self.begins,
        )  # fmt: skip

    def alarms(self) -> list[alarm.Alarm]:
        """Fold all rows."""
        stream = streams.read(self.connection, PLAN, CELL, "f")
        grid = None
        if self.begins is not None:
            grid = plans.GridRow(
                thresholds=(self.begins,), begins=0, back=0, low_mark_ppm=0, first="", last="",
                fixed_us=0,
            )  # fmt: skip
        return monitors.alarms(stream, self.grant, grid, now_us=self.now_us)


@contextmanager
def cell(grant: GrantRow | None, begins: int | None, *, scored: bool) -> Iterator[Lived]:
    schemas = (evidence.SCHEMA, marks.SCHEMA, plans.SCHEMA, checks.SCHEMA, authority.SCHEMA)
    with scratch([statement for one in schemas for statement in one]) as connection:
        yield Lived(connection=connection, grant=grant, begins=begins, scored=scored)


@settings(
    max_examples=times(150, long=3_000), deadline=None, phases=(Phase.explicit, Phase.generate)
)
@given(
    grant=st.sampled_from(GRANTS),
    begins=st.sampled_from(BEGINS),
    scored=st.booleans(),
    steps=st.lists(STEPS, min_size=30, max_size=150),
)
def test_a_fold_from_the_first_change_tells_what_a_whole_fold_tells(
    grant: GrantRow | None,
    begins: int | None,
    scored: bool,
    steps: list[tuple[Any, ...]],
) -> None:
    with cell(grant, begins, scored=scored) as lived:
        for kind, first, second, *gone in steps:
            if kind == "row":
                lived.row(first, int(str(second)), int(str(gone[0])))
            else:
                lived.label(first, str(second))


def test_marks_are_made_and_used_and_forgotten() -> None:
    """The property above is not about nothing: days are kept, and a late label makes them anew."""

    def days(lived: Lived) -> list[int]:
        rows = lived.connection.rows("select day_us from detector_marks order by day_us")
        return [row[0] // DAY_US for row in rows]

    with cell(GRANTS[1], None, scored=False) as lived:
        for _ in range(40):
            lived.row(6, 0)
        lived.label(39, "wrong")
        made = days(lived)
        assert len(made) == 9  # of ten days: the last is too young
        lived.label(20, "right")
        assert days(lived) == made
        lived.label(20, "wrong")
        assert days(lived) == made  # those behind it were made anew
        state = lived.connection.value("select state from detector_marks order by day_us limit 1")
        rows, over, wealth = json.loads(str(state))[0]
        assert (rows, over) == (1, False)  # three rows of one cluster
        again = detector.step(detector.start(rate_max=0.1, run_min=2_500), wrong=False)
        assert [float.fromhex(one) for one in wealth] == list(again.wealth)


@settings(max_examples=100, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(
    rows=st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=120),
    share_ppm=st.sampled_from([50_000, 100_000, 250_000, 1_000_000]),
    later=st.integers(0, 1_500),
)
def test_verdicts_that_were_due_are_counted_without_reading_every_row(
    rows: list[tuple[int, bool]], share_ppm: int, later: int
) -> None:
    """What the watch asks each minute is what a walk over all rows comes to."""
    grant = GRANTS[1]
    assert grant is not None
    with cell(grant, None, scored=False) as lived:
        for place, (hours, judged) in enumerate(rows):
            lived.row(hours, 0)
            if judged:
                lived.connection.execute(
                    "update evidence set labels = 1 where action_id = ?", (f"{place:04d}",)
                )
        lived.connection.execute("update evidence set share_ppm = ?", (share_ppm,))
        now_us = lived.now_us + later * HOUR
        every = list(evidence.of_cell(lived.connection, CELL, fingerprint="f"))
        walked = watch.arrivals(every, now_us=now_us)
        assert watch.lately(lived.connection, CELL, grant, now_us=now_us) == walked
