"""What rows of a stream show: an old crossing is no merit, and a grant rests on its own rows."""

from dataclasses import replace

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
