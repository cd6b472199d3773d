"""The same ladder on real scores: CLINC150 messages, strangers that are out of its scope."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.autonomy import ladder
from bench.autonomy.ladder import CASES, CHANGE, FEW, MANY, Bools, Floats, Truth, World
from bench.autonomy.part import MissingDataError, Row
from bench.places import ROOT

HOME = Path(
    os.environ.get("SCORE_STREAMS") or ROOT.parent / "shared" / "data" / "cases" / "score_streams"
)
FILE = "clinc_ensemble.jsonl.gz"
TIE_BREAK = 1e-6
# As found here. The design has .022, and 70 of 3,050; how those runs drew from the file is not
# said, and no way that was tried (all of it, by its splits) gives that. What runs alone afterwards
# is 3 % wrong here, below the bar of 5 %.
WRONG, AFTER = 0.020, (97, 3_234)
Pool = tuple[Floats, Bools]


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield what came of our ladder and of a count of the last ten."""
    known, strange = pools(HOME / FILE, missing="is not in the folder that SCORE_STREAMS names")
    dice = np.random.default_rng(seed)
    truth = Truth(*drawn(dice, known, strange, ladder.TRUTH_CASES, FEW))
    worlds = [made(dice, known, strange) for _ in range(runs)]
    told = [ladder.climbed(world, truth) for world in worlds]
    yield from ladder.before("ours", told, first=499, above=0.01, wrong=WRONG, share=0.87)
    yield ladder.mean("ours", "reviews a case", [one.reviews for one in told], 0.34)
    yield from ladder.after("ours", told, wrong=AFTER[0], alone=AFTER[1])
    told = [ladder.counted(world, 10, 8, truth) for world in worlds]
    yield from ladder.after("8 of the last 10 right", told, wrong=2_276, alone=CASES - CHANGE)


def pools(path: Path, *, missing: str) -> tuple[Pool, Pool]:
    """Return scores and errors in scope, and those of messages out of scope."""
    if not path.is_file():
        raise MissingDataError(f"`{path.name}` {missing}")
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    made = []
    for strange in (False, True):
        some = [row for row in rows if row["src"].startswith("oos") == strange]
        made.append(
            (
                np.array([row["conf"] for row in some]),
                np.array([bool(row["err"]) for row in some]),
            )
        )
    return made[0], made[1]


def drawn(
    dice: np.random.Generator, known: Pool, strange: Pool, size: int, strangers: float
) -> Pool:
    """Return cases drawn with replacement, each score with its tie-break."""
    which = dice.random(size) < strangers
    places = [dice.integers(len(pool[0]), size=size) for pool in (known, strange)]
    scores, wrong = (
        np.where(which, strange[part][places[1]], known[part][places[0]]) for part in (0, 1)
    )
    return scores + dice.random(size) * TIE_BREAK, wrong


def made(dice: np.random.Generator, known: Pool, strange: Pool) -> World:
    """Return a world in which strangers become many."""
    first = drawn(dice, known, strange, CHANGE, FEW)
    then = drawn(dice, known, strange, CASES - CHANGE, MANY)
    scores, wrong = (np.concatenate(both) for both in zip(first, then, strict=True))
    return World(scores=scores, wrong=wrong, coins=dice.random(CASES))
