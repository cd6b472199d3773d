"""Errors that come together: what the gate does without clusters, with them, and by day."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.autonomy import counters
from bench.autonomy.drift import chunks
from bench.autonomy.part import Row, chance
from remit.domain.autonomy import Bar

ROWS, RATE = 3_000, 0.05
DAYS, A_DAY = 365, 20
NORMAL = Bar(error_max=RATE, false_grant_max=0.05)
Wrong = NDArray[np.bool_]
PLAIN, CLUSTERED, BY_DAY = "each row counts", "one row a cluster", "share of a day"
OPEN = "one row a cluster, looked at while it is open"
TIMES = 6  # rows of a customer in a day


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield the chance of ever being promoted at 5 % wrong, the bar."""
    dice = np.random.default_rng(seed)
    limits = counters.ours(NORMAL, ROWS)[1:]
    for name, size, expected in (("pairs", 2, 0.25), ("triples", 3, 0.42)):
        plain = clustered = 0
        for many in chunks(runs):
            alike = dice.random((many, ROWS // size)) < RATE
            plain += accepted(np.repeat(alike, size, axis=1), limits)
            clustered += accepted(alike, limits)
        yield row(name, PLAIN, plain, runs, expected)
        yield row(name, CLUSTERED, clustered, runs, 0.04, at_most=0.05)
    for length, expected in ((2, 0.31), (5, 0.70), (20, 0.91)):
        found = sum(
            accepted(bursts(many, ROWS, length, dice=dice), limits) for many in chunks(runs)
        )
        yield row(f"bursts of mean length {length}", PLAIN, found, runs, expected)
    for length, expected in ((5, 0.02), (20, 0.16)):
        found = sum(
            by_day(bursts(many, DAYS * A_DAY, length, dice=dice)) for many in chunks(runs, 200)
        )
        yield row(f"bursts of mean length {length}", BY_DAY, found, runs, expected)
    for customers, whole, still_open in ((20, 0.042, 0.068), (60, 0.045, 0.093)):
        name = f"{TIMES} rows a day of each of {customers} customers"
        counted = [by_customer(many, customers, dice) for many in chunks(runs)]
        found, early = (sum(one) for one in zip(*counted, strict=True))
        yield row(name, CLUSTERED, found, runs, whole, at_most=0.05)
        yield row(name, OPEN, early, runs, still_open)


def row(
    what: str, at: str, hits: int, runs: int, expected: float, at_most: float | None = None
) -> Row:
    """Return a figure."""
    found, error = chance(hits, runs)
    return Row(
        what=what, at=at, found=found, error=error, expected=expected,
        slack=max(0.005, 0.07 * expected),  # the design has two digits
        at_most=at_most,
    )  # fmt: skip


def accepted(wrong: Wrong, limits: counters.Limits) -> int:
    """Count the runs that the gate ever accepts."""
    counts = np.cumsum(wrong, axis=1, dtype=np.int32)
    return int((counts <= limits[: wrong.shape[1]]).any(axis=1).sum())


def bursts(runs: int, rows: int, length: int, *, dice: np.random.Generator) -> Wrong:
    """Return rows in which errors come in runs of a mean length, and make up 5 % of all."""
    leave = 1 / length
    enter = RATE * leave / (1 - RATE)
    wrong = np.zeros((runs, rows), dtype=bool)
    now = dice.random(runs) < RATE
    for i in range(rows):
        wrong[:, i] = now
        draw = dice.random(runs)
        now = np.where(now, draw >= leave, draw < enter)
    return wrong


def by_day(wrong: Wrong) -> int:
    """Count the runs accepted where each day is one row and its loss the share that was wrong.

    The weighted test of the design with every row drawn, so with a largest loss of 1.
    """
    loss = wrong.reshape(len(wrong), DAYS, A_DAY).mean(axis=2)
    bets = (0.05 + 0.9 * np.arange(12) / 11) / (1 - RATE)
    wealth = np.exp(np.cumsum(np.log1p(bets * (RATE - loss[:, :, None])), axis=1)).mean(axis=2)
    return int((wealth >= 1 / NORMAL.false_grant_max).any(axis=1).sum())


def by_customer(runs: int, customers: int, dice: np.random.Generator) -> tuple[int, int]:
    """Count the runs accepted at the end of a day, and at any time of it.

    Rows err apart from one another; 5 % of customers meet an error in a day.
    """
    limits = counters.ours(NORMAL, ROWS)[1:]
    rate = 1 - (1 - RATE) ** (1 / TIMES)
    whole, early = np.zeros((2, runs), dtype=bool)
    before = np.zeros((runs, 1), dtype=np.int64)
    for day in range(ROWS // customers):
        here = limits[day * customers : (day + 1) * customers]
        so_far = np.zeros((runs, customers), dtype=bool)
        for _ in range(TIMES):
            so_far |= dice.random((runs, customers)) < rate
            counts = before + np.cumsum(so_far, axis=1)
            passes = (counts <= here).any(axis=1)
            early |= passes
        whole |= passes
        before = counts[:, -1:]
    return int(whole.sum()), int(early.sum())
