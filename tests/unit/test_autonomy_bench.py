"""A seeded tenth of every simulated figure of earned autonomy comes out as expected."""

import math
from pathlib import Path

import numpy as np
import pytest

from bench.autonomy import scores, segments, together, waved
from bench.autonomy.__main__ import main
from bench.autonomy.alarms import Detectors
from bench.autonomy.page import cusum
from bench.autonomy.part import MissingDataError, Row, table
from bench.autonomy.parts import PARTS
from bench.autonomy.tally import Tally
from remit.domain.autonomy import Outcome
from remit.evidence import audit, detector, gate, reviewers, threshold
from remit.evidence.wealth import log_evidence

SIMULATED = [name for name, part in PARTS.items() if part.runs]


@pytest.mark.slow
@pytest.mark.parametrize("name", SIMULATED)
def test_a_tenth_of_a_simulated_part_comes_out_as_expected(name: str) -> None:
    try:
        rows = PARTS[name].run(tenth=True)
    except MissingDataError as error:
        pytest.skip(f"not shipped: {error}")
    assert rows
    assert [f"{row.what}, {row.at}: {row}" for row in rows if not row.is_near] == []


def test_the_detectors_of_the_bench_are_the_real_one() -> None:
    dice = np.random.default_rng(1)
    wrong = dice.random((20, 400)) < 0.12
    many = Detectors(20, rate_max=0.05, run_min=1_000)
    some = Detectors(20, rate_max=0.05, run_min=1_000)
    fired = np.zeros(20, dtype=int)
    for label in range(400):
        fires = many.step(wrong[:, label])
        odd, even = (np.arange(20) % 2 == side for side in (0, 1))
        parts = some.step_some(odd, wrong[:, label]) | some.step_some(even, wrong[:, label])
        assert (parts == fires).all()
        fired[fires & (fired == 0)] = label + 1
    for row, first in zip(wrong, fired, strict=True):
        outcomes = [Outcome.WRONG if one else Outcome.RIGHT for one in row]
        begun = detector.start(rate_max=0.05, run_min=1_000)
        assert (detector.fold(begun, outcomes)[1] or 0) == first


def test_the_thresholds_of_the_bench_are_the_real_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "ROWS", 600)
    dice = np.random.default_rng(2)
    given = dice.beta(6, 0.8, (12, 800))
    wrong = dice.random(given.shape) < 0.6 * (1 - given)
    chosen = scores.chosen_by(given, wrong)[scores.OURS]
    found = 0
    for i in range(12):
        rows = [
            (float(score), Outcome.WRONG if bad else Outcome.RIGHT)
            for score, bad in zip(given[i, 200:], wrong[i, 200:], strict=True)
        ]
        for look in range(3, 24, 4):
            done = threshold.fold(
                scores.grid(given[i], wrong[i]), rows[: (look + 1) * 25], bar=scores.BAR
            )
            real = threshold.certified(done)
            assert real == (None if np.isnan(chosen[i, look]) else chosen[i, look])
            found += real is not None
    assert found > 10


def test_the_ledger_of_the_ladder_is_the_real_one() -> None:
    dice = np.random.default_rng(4)
    grid = threshold.Grid(thresholds=(0.95, 0.9, 0.8, 0.6, 0.3), start=2, back=1, low_mark=0.3)
    scored = dice.beta(6, 0.8, 1_500)
    rows = [
        (float(score), Outcome.WRONG if bad else Outcome.RIGHT)
        for score, bad in zip(scored, dice.random(1_500) < 0.2 * (1 - scored), strict=True)
    ]
    tally, certified = Tally(grid, scores.BAR), set()
    for number, (score, outcome) in enumerate(rows, 1):
        tally.add(score, wrong=outcome is Outcome.WRONG)
        if number % 100 == 0:
            assert tally.ledger() == threshold.fold(grid, rows[:number], bar=scores.BAR)
            certified.add(tally.certified(0.8))
    assert certified == {None, 0.9, 0.8}


def test_a_day_is_weighed_as_the_weighted_test_of_the_evidence_does() -> None:
    dice = np.random.default_rng(6)
    wrong = dice.random((3, together.DAYS * together.A_DAY)) < np.array([[0.01], [0.03], [0.08]])
    for run in wrong:
        losses = run.reshape(together.DAYS, together.A_DAY).mean(axis=1)
        rows = [(float(loss), 1.0, True) for loss in losses]
        ever = any(
            audit.log_evidence_weighted(rows[:day], error_max=together.RATE, share_min=1.0)
            >= math.log(20)
            for day in range(10, together.DAYS, 10)
        )
        assert ever == bool(together.by_day(run[None, :]))


def test_the_evidence_of_the_board_is_the_real_one() -> None:
    wrong, right = np.array([0, 0, 1, 20, 3]), np.array([0, 74, 130, 707, 60])
    found = segments.log_evidence(wrong, wrong + right)
    real = [
        log_evidence(wrong=w, right=r, error_max=0.05)
        for w, r in zip(wrong.tolist(), right.tolist(), strict=True)
    ]
    assert found == pytest.approx(real, rel=1e-9, abs=1e-12)
    assert segments.log_evidence(np.array([900]), np.array([900])).tolist() == [-100]


def test_reviewers_who_find_all_and_none_are_the_gate_and_nobody() -> None:
    cases = np.zeros(waved.CASES, dtype=np.int64)
    assert waved.seen(cases, np.ones(100, dtype=bool)) == 0
    found = waved.seen(cases, np.zeros(100, dtype=bool))
    wanted = []
    for labels in (found - waved.LOOK_EVERY, found):
        least = reviewers.sensitivity_min(missed=0, dealt=labels // waved.A_SEED, chance=0.05)
        bar = gate.adjusted(waved.BAR, sensitivity_min=least)
        assert bar is not None
        wanted.append(gate.needed(bar, wrong=0) or 0)
    assert wanted[0] > found - waved.LOOK_EVERY
    assert wanted[1] <= found == 160


def test_pages_limit_is_that_of_the_simulated_cusum() -> None:
    made = cusum(0.05, 0.2, run_min=200)
    dice = np.random.default_rng(3)
    runs = []
    for _ in range(2_000):
        state, labels = 0, 0
        while state < made.high:
            state = max(0, state - made.down) if dice.random() >= 0.2 else state + made.up
            labels += 1
        runs.append(labels)
    assert np.mean(runs) == pytest.approx(made.run(0.2)[0], rel=0.05)
    assert made.run(0.05)[0] >= 200 > cusum(0.05, 0.2, run_min=150).run(0.05)[0]


def test_a_figure_that_is_off_or_misses_its_goal_says_so() -> None:
    exact = Row(what="a", at="x", found=0.0502, expected=0.05, slack=0.0005, at_most=0.05)
    assert str(exact) == "0.050 (0.050) MISSED"
    off = Row(what="a", at="y", found=0.12, expected=0.10, error=0.006)
    assert str(off) == "0.120 (0.100) ≠"
    near = Row(what="b", at="y", found=0.12, expected=0.10, error=0.007, at_least=0.1)
    assert str(near) == "0.120 (0.100)"
    assert str(table("t", [exact, off, near])).splitlines()[4:] == [
        "| a | 0.050 (0.050) MISSED | 0.120 (0.100) ≠ |",
        "| b |                      |   0.120 (0.100) |",
    ]


def test_the_command_prints_one_part(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bench.autonomy.__main__.HOME", tmp_path)
    assert main(["--only", "stamps"]) == 0
    assert "| finds 70% | 0.9047 (0.9050) |     183 (183) |" in capsys.readouterr().out
