"""What rows of a stream show: an old crossing is no merit, and a grant rests on its own rows."""

from dataclasses import replace

import pytest

from remit.domain.action import Risk
from remit.domain.autonomy import Cell, Level
from remit.domain.plan import DAY_US, Cluster, Plan, Reviewed, Settle
from remit.governance import judged, monitors
from remit.governance.judged import Judged
from remit.governance.streams import EvidenceStream
from remit.store.authority import GrantRow
from remit.store.evidence import EvidenceRow

CELL = Cell(workflow="desk", action="note")
NOW = 100 * DAY_US
WEEK = 7 * DAY_US
PLAN = Plan(
    workflow="desk", action="note", risk=Risk.LOW, error_max_ppm=100_000,
    false_grant_max_ppm=100_000, window_days=14, settle=Settle.VERDICT, cluster=Cluster.CASE,
    material=(), segments=(), reviewers=Reviewed.ASSUMED,
)  # fmt: skip


def row(number: int, *, at_us: int, outcome: str = "right", **more: object) -> EvidenceRow:
    """One drawn row, of a case of its own."""
    made = EvidenceRow(
        action_id=f"{number:06d}", case_id=f"c{number}", workflow="desk", action="note",
        segment="all", fingerprint="f", cluster=f"c{number}", at_us=at_us, level="approve-each",
        score=None, share_ppm=1_000_000, draw=0, drawn=True, day="", eligible=True, alone=False,
        outcome=outcome, labels=1, label_us=at_us,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]  # a test says what differs


def stream(*rows: EvidenceRow) -> EvidenceStream:
    return EvidenceStream(
        cell=CELL, fingerprint="f", attempt=0, plan=PLAN, since_us=0, rows=tuple(rows)
    )


def judge(*rows: EvidenceRow) -> Judged:
    return judged.judge(
        stream(*rows), to=Level.SAMPLED, grid=None, sensitivity_min=1.0, now_us=NOW
    )


OLD = tuple(row(number, at_us=NOW - WEEK - 100 + number) for number in range(40))  # 29 are enough


def test_rows_that_were_enough_long_ago_are_not_when_none_came_since() -> None:
    found = judge(*OLD)
    assert (found.rows, found.wrong, found.missing) == (40, 0, 0)
    assert not found.accepted


def test_one_counted_row_of_the_last_cycle_makes_them_count() -> None:
    assert judge(*OLD, row(90, at_us=NOW - WEEK)).accepted


def test_a_void_row_of_the_last_cycle_is_left_out_and_makes_nothing_count() -> None:
    left_out = row(90, at_us=NOW - 1, outcome="void", settled=True)
    assert not judge(*OLD, left_out).accepted
    assert judge(*OLD, left_out, row(91, at_us=NOW)).accepted


def test_a_row_of_a_cluster_that_began_long_ago_is_not_of_the_last_cycle() -> None:
    assert not judge(*OLD, row(90, at_us=NOW, cluster=OLD[3].cluster)).accepted


def alarms(*rows: EvidenceRow) -> list[tuple[str, int, str]]:
    level = GrantRow(level="sampled", fingerprint="f", signer="olga", expires_us=NOW, given_us=1)
    found = monitors.alarms(stream(*rows), level, None, now_us=NOW)
    return [(one.detector, one.rows, one.row) for one in found]


def alone(number: int, **more: object) -> EvidenceRow:
    return row(number, at_us=10 + number, alone=True, level="sampled", **more)


def test_errors_of_one_cluster_sound_an_alarm_once_not_as_often_as_there_are_rows() -> None:
    apart = [alone(number, outcome="wrong") for number in range(8)]
    assert [one for one in alarms(*apart) if one[0] == "breach"] == [("breach", 5, "000004")]
    together = [alone(number, outcome="wrong", cluster="same") for number in range(8)]
    assert alarms(*together) == []


def test_of_more_rows_than_can_be_counted_the_first_count_and_none_of_them_is_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judged, "ROWS_MAX", 40)
    found = judge(*OLD, row(90, at_us=NOW))
    assert (found.rows, found.last, found.accepted) == (40, "000039", False)


def test_a_detector_goes_on_over_any_number_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes them some at a time, and that changes nothing."""
    rows = [alone(at, outcome="wrong" if at % 7 < 2 else "right") for at in range(300)]
    whole = alarms(*rows)
    assert len(whole) > 3
    for size in (1, 3, 7, 64):
        monkeypatch.setattr(monitors, "_ROWS_AT_ONCE", size)
        assert alarms(*rows) == whole


def test_without_a_row_nothing_is_shown_and_nothing_is_refused() -> None:
    found = judge()
    assert (found.rows, found.log_evidence, found.accepted, found.missing) == (0, 0.0, False, 29)
    assert alarms() == []
