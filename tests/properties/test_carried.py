"""What counts after a carry is never more favourable than before, nor than what is left says."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from remit.domain.action import Risk
from remit.domain.autonomy import Cell, Level, Outcome
from remit.domain.plan import DAY_US, Cluster, Plan, Reviewed, Settle
from remit.evidence import gate
from remit.governance import judged, monitors, streams
from remit.governance.alarm import BREACH
from remit.governance.judged import Judged
from remit.governance.streams import EvidenceStream
from remit.store.authority import GrantRow
from remit.store.evidence import EvidenceRow
from remit.store.plans import SCALE, GridRow
from tests.faults.lengths import times

CELL = Cell(workflow="desk", action="note")
SINCE = 1_000 * DAY_US
GRANT = GrantRow(level="sampled", fingerprint="f", signer="o", expires_us=0, given_us=SINCE)
GRID = GridRow(
    thresholds=(8 * SCALE // 10, 5 * SCALE // 10, 2 * SCALE // 10), begins=1, back=0,
    low_mark_ppm=100_000, first="0000", last="0004", fixed_us=0,
)  # fmt: skip
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["right"] * 12 + ["wrong", "pending", "void", ""]),
        st.booleans(),  # settled
        st.sampled_from([False, False, True]),  # would not run any more
        st.integers(0, 9),  # of its score
        st.integers(0, 2),  # of its cluster
    ),
    min_size=20,
    max_size=160,
)


def plan(settle: Settle) -> Plan:
    return Plan(
        workflow="desk", action="note", risk=Risk.LOW, error_max_ppm=100_000,
        false_grant_max_ppm=100_000, window_days=14, settle=settle, cluster=Cluster.CASE,
        material=(), segments=(), reviewers=Reviewed.ASSUMED,
    )  # fmt: skip


def stream(
    rows: list[tuple[str, bool, bool, int, int]], settle: Settle, *, scored: bool
) -> EvidenceStream:
    found = tuple(
        EvidenceRow(
            action_id=f"{number:04d}", case_id="c", workflow="desk", action="note", segment="all",
            fingerprint="f", cluster=f"{number // 4} {cluster}",
            at_us=SINCE + number * DAY_US // 6,
            level="sampled", score=score * SCALE // 10 if scored else None, share_ppm=1_000_000,
            draw=None, drawn=True, day="", eligible=True, alone=True, outcome=outcome,
            settled=settled, label_us=SINCE, labels=1, source="audit", gone=gone,
        )
        for number, (outcome, settled, gone, score, cluster) in enumerate(rows)
    )  # fmt: skip
    return EvidenceStream(
        cell=CELL, fingerprint="f", attempt=0, plan=plan(settle), since_us=0, rows=found
    )


def shown(of: EvidenceStream, now_us: int, *, scored: bool) -> Judged:
    return judged.judge(
        of, to=Level.SAMPLED, grid=GRID if scored else None, sensitivity_min=1.0, now_us=now_us
    )


def nats(found: Judged) -> float:
    assert found.bar is not None
    return gate.log_evidence(
        wrong=found.wrong, right=found.rows - found.wrong, error_max=found.bar.error_max
    )


def breaches(of: EvidenceStream, now_us: int) -> int | None:
    """Return after how many rows of the stream the breach sounds."""
    found = monitors.alarms(of, GRANT, None, now_us=now_us)
    return next((int(one.row) for one in found if one.detector == BREACH), None)


@settings(max_examples=times(150, long=3_000), deadline=None)
@given(
    rows=ROWS, settle=st.sampled_from(list(Settle)), scored=st.booleans(),
    days=st.integers(0, 40),
)  # fmt: skip
def test_what_counts_after_a_carry_is_never_more_favourable(
    rows: list[tuple[str, bool, bool, int, int]], settle: Settle, scored: bool, days: int
) -> None:
    carried = stream(rows, settle, scored=scored)
    now_us = carried.rows[-1].at_us + days * DAY_US
    before = replace(carried, rows=tuple(replace(one, gone=False) for one in carried.rows))
    after, first = (shown(one, now_us, scored=scored) for one in (carried, before))
    assert first.accepted or not after.accepted
    if not scored:
        assert (after.wrong, after.pending) == (first.wrong, first.pending)
        assert nats(after) <= nats(first) + 1e-9
    elif after.threshold is not None:
        assert first.threshold is not None
        assert first.threshold <= after.threshold
    fired, known = breaches(carried, now_us), breaches(before, now_us)
    assert known is None or (fired is not None and fired <= known)


@settings(max_examples=times(150, long=3_000), deadline=None)
@given(rows=ROWS, settle=st.sampled_from(list(Settle)), days=st.integers(0, 40))
def test_what_counts_is_what_a_fold_of_the_rows_that_are_left_says(
    rows: list[tuple[str, bool, bool, int, int]], settle: Settle, days: int
) -> None:
    carried = stream(rows, settle, scored=False)
    now_us = carried.rows[-1].at_us + days * DAY_US
    plain = [replace(one, gone=False) for one in carried.rows]
    left = tuple(
        row
        for row, one in zip(plain, carried.rows, strict=True)
        if not (one.gone and carried.outcome(row, now_us=now_us) is Outcome.RIGHT)
    )
    if not left:
        return
    after = shown(carried, now_us, scored=False)
    afresh = shown(replace(carried, rows=left), now_us, scored=False)
    assert (after.rows, after.wrong, after.pending) == (afresh.rows, afresh.wrong, afresh.pending)
    assert after.accepted == afresh.accepted


@given(
    outcome=st.sampled_from(["right", "wrong", "void", "pending", ""]), settled=st.booleans(),
    settle=st.sampled_from(list(Settle)), days=st.integers(0, 60),
)  # fmt: skip
def test_a_wrong_row_never_goes(outcome: str, settled: bool, settle: Settle, days: int) -> None:
    (row,) = stream([(outcome, settled, True, 5, 0)], settle, scored=False).rows
    now_us = row.at_us + days * DAY_US
    found = streams.outcome(row, plan(settle), now_us=now_us)
    kept = streams.outcome(replace(row, gone=False), plan(settle), now_us=now_us)
    assert found is (Outcome.VOID if kept is Outcome.RIGHT else kept)
    assert (found is Outcome.WRONG) == (outcome == "wrong")
