"""The whole ladder over 12,000 cases in which the world changes: ours beside two ways to count.

Labels are 25 cases late, a review is every 100, risk is normal, reviewers are perfect, the owner
signs what is offered. At case 5,000 strangers become 30 %, or errors at the same score likelier.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.autonomy.climb import BAR, LATE, Climb
from bench.autonomy.part import Row, chance

CASES, CHANGE = 12_000, 5_000
FEW, MANY = 0.03, 0.30  # share of strangers, before and after
SLOPE, STEEP = 1.3, 3.25
TRUTH_CASES = 1_000_000
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
EXPECTED = {  # ours: wrong alone afterwards, of how many alone
    "strangers": (50, 1_670),
    "concept": (68, 1_140),
}
NAIVE = {"strangers": 2_848, "concept": 2_640}
COUNTERS = {"8 of the last 10 right": (10, 8, 34), "20 right in a row": (20, 20, 195)}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The cases of one run."""

    scores: Floats
    wrong: Bools
    coins: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one run came to."""

    first: int
    above: bool
    wrong_share: float
    share: float
    wrong_after: int
    alone_after: int
    demoted: bool
    reviews: float


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield what came of each rule in each world."""
    dice = np.random.default_rng(seed)
    truth = Truth(*cases(dice, TRUTH_CASES, strangers=FEW, slope=SLOPE))
    for kind, (wrong, alone) in EXPECTED.items():
        worlds = [made(dice, kind) for _ in range(runs)]
        told = [climbed(world, truth) for world in worlds]
        yield from before(f"ours, {kind}", told, first=1_399, above=0.0, wrong=0.025, share=0.31)
        yield from after(f"ours, {kind}", told, wrong=wrong, alone=alone)
        for name, (window, right, first) in COUNTERS.items():
            told = [counted(world, window, right, truth) for world in worlds]
            what = f"{name}, {kind}"
            yield from before(what, told, first=first, above=1.0, wrong=0.178, share=1.0)
            yield from after(what, told, wrong=NAIVE[kind], alone=CASES - CHANGE)


def before(
    what: str, told: list[Told], *, first: float, above: float, wrong: float, share: float
) -> Iterator[Row]:
    """Yield what came before the change."""
    ours = what.startswith("ours")
    firsts = np.array([one.first for one in told])
    spread = float(1.25 * firsts.std() / np.sqrt(len(told)))  # of a median
    yield Row(
        what=what, at="alone from case", found=float(np.median(firsts)), error=spread,
        expected=first, digits=0,
    )  # fmt: skip
    found, error = chance(sum(one.above for one in told), len(told))
    yield Row(
        what=what, at="above 5 % before", found=found, error=error, expected=above, slack=0.02,
        at_most=0.05 if ours else None,
    )  # fmt: skip
    yield mean(what, "wrong among alone", [one.wrong_share for one in told], wrong)
    yield mean(what, "share alone", [one.share for one in told], share)
    if ours:
        found, error = chance(sum(one.demoted for one in told), len(told))
        yield Row(
            what=what, at="demoted before", found=found, error=error, expected=0.0, slack=0.02,
            at_most=0.02,
        )  # fmt: skip


def after(what: str, told: list[Told], *, wrong: float, alone: float) -> Iterator[Row]:
    """Yield what came after the change."""
    yield mean(what, "wrong alone after", [one.wrong_after for one in told], wrong, digits=0)
    yield mean(what, "of alone after", [one.alone_after for one in told], alone, digits=0)


def mean(
    what: str, at: str, values: list[int] | list[float], expected: float, digits: int = 3
) -> Row:
    """Return the mean over all runs."""
    error = float(np.std(values) / np.sqrt(len(values)))
    return Row(
        what=what, at=at, found=float(np.mean(values)), error=error, expected=expected,
        digits=digits,
    )  # fmt: skip


# -- worlds --------------------------------------------------------------------------------------


def cases(
    dice: np.random.Generator, size: int, *, strangers: float, slope: float
) -> tuple[Floats, Bools]:
    """Return scores and which are wrong: strangers always are."""
    scores = dice.beta(6, 0.8, size)
    wrong = dice.random(size) < np.minimum(1, slope * (1 - scores))
    strange = dice.random(size) < strangers
    return np.where(strange, dice.beta(2, 5, size), scores), wrong | strange


def made(dice: np.random.Generator, kind: str) -> World:
    """Return a world that changes."""
    many = MANY if kind == "strangers" else FEW
    slope = STEEP if kind == "concept" else SLOPE
    first = cases(dice, CHANGE, strangers=FEW, slope=SLOPE)
    then = cases(dice, CASES - CHANGE, strangers=many, slope=slope)
    scores, wrong = (np.concatenate(both) for both in zip(first, then, strict=True))
    return World(scores=scores, wrong=wrong, coins=dice.random(CASES))


class Truth:
    """The error rate at or above a threshold before the change, from many cases."""

    def __init__(self, scores: Floats, wrong: Bools) -> None:
        order = np.argsort(scores)
        self.scores = scores[order]
        above = np.arange(len(scores), 0, -1)
        self.error = np.append(np.cumsum(wrong[order][::-1])[::-1] / above, 0.0)

    def above(self, marks: set[float | None]) -> bool:
        """Is any threshold, or none at all as 0, above the bar?"""
        where = np.searchsorted(self.scores, [mark for mark in marks if mark is not None])
        return bool((self.error[where] > BAR.error_max).any())


# -- rules ---------------------------------------------------------------------------------------


def climbed(world: World, truth: Truth) -> Told:
    """Return what our ladder came to."""
    done = Climb(
        scores=world.scores.tolist(), wrong=world.wrong.tolist(), coins=world.coins.tolist()
    ).run()
    alone = np.array(done.alone)
    return told(
        world, alone, above=truth.above(set(done.marks[:CHANGE])),
        demoted=any(at < CHANGE for at in done.demoted_at),
        reviews=float((~alone | np.array(done.drawn))[:CHANGE].mean()),
    )  # fmt: skip


def counted(world: World, window: int, right: int, truth: Truth) -> Told:
    """Return what a rule came to that lets all run alone once so many of the last were right."""
    kept = np.cumsum(np.concatenate(([0], ~world.wrong)))
    passes = kept[window:] - kept[:-window] >= right
    first = int(passes.argmax()) + window - 1 + LATE if passes.any() else CASES
    alone = np.arange(CASES) >= first
    return told(world, alone, above=truth.above({0.0}), demoted=False, reviews=0.0)


def told(world: World, alone: Bools, *, above: bool, demoted: bool, reviews: float) -> Told:
    """Return the figures of a run from which cases ran alone."""
    first = int(alone.argmax()) if alone.any() else CASES
    some = bool(alone[:CHANGE].any())
    return Told(
        first=first,
        above=above and some,
        wrong_share=float(world.wrong[:CHANGE][alone[:CHANGE]].mean()) if some else 0.0,
        share=float(alone[first:CHANGE].mean()) if some else 0.0,
        wrong_after=int((alone & world.wrong)[CHANGE:].sum()),
        alone_after=int(alone[CHANGE:].sum()),
        demoted=demoted,
        reviews=reviews,
    )
