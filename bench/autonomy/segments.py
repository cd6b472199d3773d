"""Forty cells at once: each with its own chance, as one board, as forty tests, or as one pool."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln

from bench.autonomy import counters
from bench.autonomy.exact import stops
from bench.autonomy.part import Row
from remit.domain.autonomy import Bar
from remit.evidence import gate

CELLS, BAD = 40, 12
LEAST, MOST = 60, 2_500  # cases of a cell
WEEKS = 52
BAR = Bar(error_max=0.05, false_grant_max=0.05)
FALSE_SHARE_MAX = 0.10
# A good cell is wrong in 1 %; beside the worse cells in 2 %, where a pool still passes
AT_THE_BAR, GOOD = (0.05,), 0.01
WORSE, GOOD_BESIDE = tuple(np.linspace(0.05, 0.12, 15)), 0.02
SIZES = np.round(np.geomspace(LEAST, MOST, CELLS)).astype(np.int64)
OURS, BOARD, FORTY = "own chance of 5 %", "e-BH every week, 10 %", "Bonferroni, 5 % / 40"
POOL, SHARE = "pooled over all cells", "share >= bar, from 20 cases"
BARE, FAR = "12 bad, all at the bar", "12 bad, 5 to 12 % wrong"
Ints = NDArray[np.int64]


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield how many bad cells are promoted; those of a rule on each cell alone are exact."""
    dice = np.random.default_rng(seed)
    each = Bar(error_max=BAR.error_max, false_grant_max=BAR.false_grant_max / CELLS)
    own, forty = (counters.ours(bar, MOST) for bar in (BAR, each))
    share = counters.share(BAR.error_max, MOST, since=20)
    good = CELLS - BAD
    for what, limits, rates, at, expected in (
        (OURS, own, AT_THE_BAR, BARE, 0.38), (OURS, own, WORSE, FAR, 0.067),
        # .01 in the design, rounded
        (FORTY, forty, AT_THE_BAR, BARE, 0.0067), (SHARE, share, WORSE, FAR, 6.8),
    ):  # fmt: skip
        yield Row(what=what, at=at, found=BAD * passed(limits, rates), expected=expected)
    yield Row(what=OURS, at="good ones, of 28", found=good * passed(own, (GOOD,)), digits=1)
    yield Row(
        what=FORTY, at="good ones, of 28", found=good * passed(forty, (GOOD,)),
        expected=0.73 * good * passed(own, (GOOD,)), digits=1,
    )  # fmt: skip
    for rates, beside, at, board, pool in (
        (AT_THE_BAR, GOOD, BARE, 0.17, None), (WORSE, GOOD_BESIDE, FAR, None, 10.6),
    ):  # fmt: skip
        bad, fine, shares, pooled = together(rates, beside, runs, dice)
        yield _mean(BOARD, at, bad, board)
        yield _mean(POOL, at, BAD * pooled, pool)
        if beside == GOOD:
            yield _mean(BOARD, "good ones, of 28", fine, None, digits=1)
        yield _mean(
            BOARD, f"share of bad, {at}", shares, None, at_most=FALSE_SHARE_MAX,
        )  # fmt: skip


def passed(limits: counters.Limits, rates: tuple[float, ...]) -> float:
    """Return the mean chance to be accepted, over cells of all sizes, looked at every case."""
    found = [stops(limits, float(rate)) for rate in rates]
    return float(np.mean([one.within(int(size)) for one in found for size in SIZES]))


def together(
    rates: tuple[float, ...], good: float, runs: int, dice: np.random.Generator
) -> tuple[Ints, Ints, NDArray[np.float64], NDArray[np.bool_]]:
    """Return bad and good cells offered at any board, the share of bad, and if the pool passes."""
    n = np.round(np.outer(np.arange(1, WEEKS + 1) / WEEKS, SIZES)).astype(np.int64)
    pool_limits = counters.ours(BAR, int(SIZES.sum()))
    counts, passes = np.zeros((runs, 2), dtype=np.int64), np.zeros(runs, dtype=np.bool_)
    for i in range(runs):
        is_bad = dice.permutation(CELLS) < BAD
        rate = np.where(is_bad, dice.uniform(rates[0], rates[-1], CELLS), good)
        wrong = np.cumsum(dice.binomial(np.diff(n, axis=0, prepend=0), rate), axis=0)
        offered: set[int] = set()
        for board in log_evidence(wrong, n):
            evidence = dict(enumerate(board.tolist()))
            offered |= gate.discoveries(evidence, false_share_max=FALSE_SHARE_MAX)
        bad = sum(bool(is_bad[cell]) for cell in offered)
        counts[i] = bad, len(offered) - bad
        passes[i] = (wrong.sum(axis=1) <= pool_limits[n.sum(axis=1)]).any()
    share = counts[:, 0] / np.maximum(1, counts.sum(axis=1))
    return counts[:, 0], counts[:, 1], share, passes


def log_evidence(wrong: Ints, n: Ints) -> NDArray[np.float64]:
    """Return the evidence of many cells, by SciPy; a low floor where that underflows."""
    right, most = n - wrong, BAR.error_max
    with np.errstate(divide="ignore"):
        nats = np.log(betainc(wrong + 0.5, right + 1, most)) + betaln(wrong + 0.5, right + 1)
    nats -= math.log(2 * math.sqrt(most)) + wrong * math.log(most) + right * math.log1p(-most)
    found: NDArray[np.float64] = np.maximum(nats, -100.0)
    return found


def _mean(
    what: str, at: str, values: np.ndarray, expected: float | None, *,
    at_most: float | None = None, digits: int = 3,
) -> Row:  # fmt: skip
    error = float(values.std() / np.sqrt(len(values)))
    return Row(
        what=what, at=at, found=float(values.mean()), error=error, expected=expected,
        at_most=at_most, digits=digits,
    )  # fmt: skip
