"""The figures of the local classifier, as rows of tables: found, expected, promised."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.autonomy.part import Row
from bench.local import peers
from bench.local.data import Data
from bench.local.measures import Told
from bench.local.peers import CONFIDENCE, TERMS, VECTORS
from remit.models.local import LocalClassifier
from remit.models.vectors import Encoder

SEED = 2026
FEW = (0, 1, 5, 10, 20, 50)  # 0: names only
ERRORS = (0.01, 0.02, 0.05)
GOAL_KEPT = 0.94
WARM, TIMED = 50, 500
GOALS = {
    (TERMS, "BANKING77"): 0.915, (TERMS, "CLINC150"): 0.924,
    (VECTORS, "BANKING77"): 0.945, (VECTORS, "CLINC150"): 0.96,
}  # fmt: skip
FOUND_GOAL = {(VECTORS, "CLINC150"): 0.85}
EXPECTED = {(TERMS, "BANKING77"): 0.91, (TERMS, "CLINC150"): 0.925}
FEW_EXPECTED = {
    TERMS: (0.45, 0.32, 0.64, 0.75, 0.83, 0.88), VECTORS: (0.62, 0.51, 0.78, 0.85, 0.89, 0.93),
}  # fmt: skip


def accuracy(told: dict[tuple[str, str], Told]) -> Iterator[Row]:
    """Yield how often each chose the right label, and how far its confidence is off."""
    for (what, where), one in told.items():
        if what.endswith(CONFIDENCE):
            continue
        yield Row(
            what=what, at=f"right, {where}", found=one.accuracy,
            expected=EXPECTED.get((what, where)), slack=0.01, at_least=GOALS.get((what, where)),
        )  # fmt: skip
        yield Row(what=what, at=f"calibration error, {where}", found=one.error)


def strangers(told: dict[tuple[str, str], Told]) -> Iterator[Row]:
    """Yield how well each score tells messages that no label fits."""
    for (what, where), one in told.items():
        line = f"{what}, {where}"
        yield Row(what=line, at="AUROC", found=one.auroc)
        for kept in (GOAL_KEPT, 0.95):
            goal = FOUND_GOAL.get((what, where)) if kept == GOAL_KEPT else None
            yield Row(
                what=line, at=f"found, {kept:.0%} of the others kept", found=one.found(kept=kept),
                at_least=goal,
            )  # fmt: skip


def alone(told: dict[tuple[str, str], Told]) -> Iterator[Row]:
    """Yield what may act alone under a certified bar, and how much of that is wrong."""
    for (what, where), one in told.items():
        for error in ERRORS:
            share, wrong, above = one.certified(error_max=error, seed=SEED)
            line = f"{what}, {where}"
            yield Row(what=line, at=f"alone at {error:.0%}", found=share)
            yield Row(what=line, at=f"wrong at {error:.0%}", found=wrong, at_most=error)
            yield Row(what=line, at=f"halves above {error:.0%}", found=above, digits=2)


def few(data: Data, encoder: Encoder | None) -> Iterator[Row]:
    """Yield how often it is right with so many examples of each label."""
    tested = [text for text, _ in data.tested]
    names = data.labels
    for what, with_vectors in ((TERMS, None), (VECTORS, encoder)):
        if what == VECTORS and encoder is None:
            continue
        for at, number in enumerate(FEW):
            made = peers.ours(data.few(number), with_vectors, names=names)
            right = [
                made.choose(text).choice == label
                for text, (_, label) in zip(tested, data.tested, strict=True)
            ]
            yield Row(
                what=what, at=str(number) if number else "names only", found=float(np.mean(right)),
                expected=FEW_EXPECTED[what][at], slack=0.02,
            )  # fmt: skip


def temperature(data: Data, made: LocalClassifier, what: str) -> Iterator[Row]:
    """Yield the calibration error without and with the temperature."""
    without = replace(made, temperature=1.0)
    line = f"{what}, {data.name}"
    yield Row(what=line, at="temperature", found=made.temperature, digits=2)
    for at, one in (("error without", without), ("error with", made)):
        yield Row(what=line, at=at, found=peers.told(data, peers.answering(one)).error)


def cost(data: Data, made: LocalClassifier, what: str) -> Iterator[Row]:
    """Yield the processor time of a message in milliseconds, and the size on disk."""
    texts = [text for text, _ in data.tested[: WARM + TIMED]]
    took = []
    for text in texts:
        began = time.process_time()
        made.choose(text)
        took.append((time.process_time() - began) * 1000)
    line = f"{what}, {data.name}"
    for at, share in (("ms, median", 50), ("ms, 95 of 100", 95)):
        yield Row(what=line, at=at, found=float(np.percentile(took[WARM:], share)), digits=2)
    with tempfile.TemporaryDirectory() as folder:
        made.save(Path(folder))
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    yield Row(what=line, at="MB on disk", found=size / 1e6, digits=1)
