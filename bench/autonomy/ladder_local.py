"""The same ladder on scores that our own classifier gave, which `python -m bench.local` writes."""

from collections.abc import Iterator

import numpy as np

from bench.autonomy import ladder
from bench.autonomy.ladder import FEW, Truth
from bench.autonomy.ladder_clinc import drawn, made, pools
from bench.autonomy.part import Row
from bench.places import HOME

STREAMS = HOME / "score-streams"
NAMES = ("banking77", "clinc150")
MISSING = "is not there: run `python -m bench.local` first"
ALPHA = 0.05


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield what came of our ladder and of a count of the last ten, for each set."""
    for name in NAMES:
        known, strange = pools(STREAMS / f"{name}.jsonl.gz", missing=MISSING)
        dice = np.random.default_rng(seed)
        truth = Truth(*drawn(dice, known, strange, ladder.TRUTH_CASES, FEW))
        worlds = [made(dice, known, strange) for _ in range(runs)]
        ours = [ladder.climbed(world, truth) for world in worlds]
        naive = [ladder.counted(world, 10, 8, truth) for world in worlds]
        for rule, told in (("ours", ours), ("8 of the last 10 right", naive)):
            yield from told_of(f"{rule}, {name}", told)


def told_of(what: str, told: list[ladder.Told]) -> Iterator[Row]:
    """Yield what came of one rule."""
    goal = ALPHA if what.startswith("ours") else None
    yield Row(what=what, at="alone from case", found=median(told, "first"), digits=0)
    above = sum(one.above for one in told) / len(told)
    yield Row(what=what, at="ever above the bar before", found=above, at_most=goal)
    for at, name, digits in (
        ("wrong among alone", "wrong_share", 3), ("share alone", "share", 2),
        ("reviews a case", "reviews", 2), ("wrong alone afterwards", "wrong_after", 0),
        ("of so many", "alone_after", 0),
    ):  # fmt: skip
        values = [getattr(one, name) for one in told]
        yield Row(what=what, at=at, found=float(np.nanmean(values)), digits=digits)


def median(told: list[ladder.Told], name: str) -> float:
    """Return the median of a part of what was told."""
    return float(np.median([getattr(one, name) for one in told]))
