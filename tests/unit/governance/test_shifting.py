"""What comes in is folded from the last day's mark, and comes to what a fold of all comes to."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.domain.autonomy import TIES, Cell
from remit.domain.plan import DAY_US
from remit.governance import shifting
from remit.governance.alarm import Alarm
from remit.store import authority, checks, evidence, evidence_watch, marks, plans
from remit.store.authority import GrantRow
from remit.store.connection import Connection
from remit.store.shadow import scratch

CELL = Cell(workflow="desk", action="note")
GIVEN = 1_000 * DAY_US + 7
HOUR = DAY_US // 24
GRANT = GrantRow(
    level="sampled", fingerprint="f", signer="o", expires_us=0, given_us=GIVEN,
    threshold_ppm=500_000,
)  # fmt: skip
SCHEMA = (
    *evidence.SCHEMA, *plans.SCHEMA, *checks.SCHEMA, *authority.SCHEMA, *marks.SCHEMA,
)  # fmt: skip


@pytest.fixture
def rows() -> Iterator[Connection]:
    with scratch(SCHEMA) as connection:
        yield connection


def come(connection: Connection, number: int, at_us: int, *, low: bool, gone: bool = False) -> str:
    """Have one case come in, with a score above or below the threshold."""
    score = (400_000 if low else 600_000) * TIES + number
    name = f"{number:08d}"
    columns = evidence.COLUMNS.split(", ")
    text = {
        "action_id": name, "case_id": name, "workflow": CELL.workflow, "action": CELL.action,
        "segment": CELL.segment, "fingerprint": "f", "cluster": name, "level": "sampled",
    }  # fmt: skip
    numbers = {
        "at_us": at_us, "score": score, "eligible": 1, "drawn": 1, "alone": 1, "gone": int(gone),
    }  # fmt: skip
    empty = {"share_ppm": 0, "draw": 0, "blind": 0, "settled": 0, "label_us": None, "labels": 0,
             "due_us": 0}  # fmt: skip
    known: dict[str, str | int | None] = {**dict.fromkeys(columns, ""), **empty, **text, **numbers}
    connection.execute(
        f"insert into evidence ({evidence.COLUMNS}) values ({', '.join('?' * len(columns))})",
        tuple(known[name] for name in columns),
    )
    return name


def whole(connection: Connection) -> list[Alarm]:
    rows = list(evidence_watch.stream(connection, CELL, "f", since_us=0))
    return shifting.label_free(rows, GRANT)


def base(connection: Connection, count: int = 300, every: int = 10) -> None:
    for number in range(count):
        come(connection, number, GIVEN - (count - number) * HOUR, low=number % every == 0)


def test_a_day_that_is_over_is_not_read_again(
    rows: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    base(rows)
    for number in range(400):
        come(rows, 1_000 + number, GIVEN + number * HOUR, low=number % 11 == 0)
    now_us = GIVEN + 400 * HOUR
    assert shifting.alarms(rows, CELL, GRANT, now_us=now_us) == whole(rows) == []
    asked: list[int] = []
    scores = evidence_watch.scores

    def listening(*given: object, since_us: int) -> object:
        asked.append(since_us)
        return scores(*given, since_us=since_us)  # type: ignore[arg-type]  # as it was asked

    monkeypatch.setattr(evidence_watch, "scores", listening)
    assert shifting.alarms(rows, CELL, GRANT, now_us=now_us) == []
    assert now_us - 2 * DAY_US <= asked[0] <= now_us - DAY_US


@settings(max_examples=25, deadline=None)
@given(
    days=st.lists(
        st.lists(st.sampled_from("gbbo-"), min_size=1, max_size=60), min_size=1, max_size=12
    ),
    looks=st.sets(st.integers(0, 12)),
)
def test_however_often_it_is_looked_at_the_alarms_are_those_of_a_fold_of_all(
    days: list[list[str]], looks: set[int]
) -> None:
    """Good, bad and gone cases come in by the day, and at some ends of days somebody looks."""
    with scratch(SCHEMA) as connection:
        base(connection)
        told: dict[str, Alarm] = {}
        number = 1_000
        for day, cases in enumerate(days):
            for place, kind in enumerate(cases):
                at_us = GIVEN + day * DAY_US + place * HOUR // 3
                if kind != "-":
                    come(connection, number, at_us, low=kind != "g", gone=kind == "o")
                number += 1
            if day in looks:
                now_us = GIVEN + (day + 1) * DAY_US
                told |= {
                    one.row: one for one in shifting.alarms(connection, CELL, GRANT, now_us=now_us)
                }
        now_us = GIVEN + (len(days) + 1) * DAY_US
        told |= {one.row: one for one in shifting.alarms(connection, CELL, GRANT, now_us=now_us)}
        assert list(told.values()) == whole(connection)


def test_many_more_cases_below_the_threshold_sound_it(rows: Connection) -> None:
    base(rows)
    for number in range(200):
        come(rows, 1_000 + number, GIVEN + number * HOUR, low=number % 3 > 0)
    (first, *_) = shifting.alarms(rows, CELL, GRANT, now_us=GIVEN + 200 * HOUR)
    assert first.detector == shifting.LABEL_FREE
    assert first == whole(rows)[0]


def test_without_a_threshold_or_cases_before_nothing_is_watched(rows: Connection) -> None:
    come(rows, 9_999, GIVEN + 1, low=True)
    assert shifting.alarms(rows, CELL, GRANT, now_us=GIVEN + DAY_US) == []
    base(rows)
    plain = GrantRow(level="sampled", fingerprint="f", signer="o", expires_us=0, given_us=GIVEN)
    assert shifting.alarms(rows, CELL, plain, now_us=GIVEN + DAY_US) == []


def test_a_row_of_a_stream_counts_as_the_whole_row_does(rows: Connection) -> None:
    base(rows, count=40)
    rows.execute("update evidence set outcome = 'right', source = 'approval', reviewer = 'olga',"
                 " labels = 1, label_us = at_us, settled = 1")  # fmt: skip
    narrow = list(evidence_watch.stream(rows, CELL, "f", since_us=0))
    full = list(evidence.of_cell(rows, CELL, fingerprint="f"))
    kept = ("action_id", "cluster", "at_us", "level", "score", "drawn", "alone", "outcome",
            "source", "reviewer", "settled", "label_us", "labels", "gone", "eligible", "cell",
            "fingerprint")  # fmt: skip
    assert len(narrow) == len(full) == 40
    for one, other in zip(narrow, full, strict=True):
        assert [getattr(one, name) for name in kept] == [getattr(other, name) for name in kept]
