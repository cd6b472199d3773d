"""How good a classifier is on rows that it did not learn from."""

from collections.abc import Sequence
from dataclasses import dataclass

from remit.models.choice import Classifier
from remit.models.examples import Split

BINS = 10
ERRORS_PPM = (10_000, 20_000, 50_000)  # coverage is told at 1, 2 and 5 per cent error

Result = tuple[float, bool]  # confidence, whether the choice was right


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One row of the calibration table."""

    low: float
    high: float
    cases: int
    confidence: float  # mean
    right: float  # share


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the held-out rows say; all shares are of all held-out rows."""

    fingerprint: str
    training: int
    held_out: int
    unscored: int  # rows without a confidence: never covered, never right
    accuracy: float
    coverage: tuple[tuple[int, float], ...]  # error in parts per million, share of cases
    calibration: tuple[Bin, ...]
    calibration_error: float  # expected calibration error over the bins


def evaluate(classifier: Classifier, parts: Split) -> Evaluation:
    """Judge a classifier that was trained on `parts.training` by `parts.held_out`."""
    results: list[Result] = []
    for text, label in parts.held_out:
        choice = classifier.choose(text)
        if choice.confidence is not None:
            results.append((choice.confidence.share, choice.choice == label))
    total = len(parts.held_out)
    table = calibration(results)
    return Evaluation(
        fingerprint=classifier.fingerprint,
        training=len(parts.training),
        held_out=total,
        unscored=total - len(results),
        accuracy=sum(right for _, right in results) / total if total else 0.0,
        coverage=tuple(
            (ppm, coverage_at(results, error=ppm / 1_000_000, total=total)) for ppm in ERRORS_PPM
        ),
        calibration=table,
        calibration_error=calibration_error(table),
    )


def coverage_at(results: Sequence[Result], *, error: float, total: int) -> float:
    """Return the largest share of cases, surest first, of which at most `error` are wrong.

    Cases of equal confidence stand or fall together, for no threshold tells them apart.
    """
    ordered = sorted(results, reverse=True)
    covered = wrong = 0
    for position, (confidence, right) in enumerate(ordered, start=1):
        wrong += not right
        last_of_its_kind = position == len(ordered) or ordered[position][0] < confidence
        if last_of_its_kind and wrong <= error * position:
            covered = position
    return covered / total if total else 0.0


def calibration(results: Sequence[Result]) -> tuple[Bin, ...]:
    """Return ten bins of equal width with what was claimed and what was right; empty ones too."""
    return tuple(_bin(results, number) for number in range(BINS))


def calibration_error(table: Sequence[Bin]) -> float:
    """Return the mean gap of claim and truth, weighted by cases (Naeini et al. 2015)."""
    cases = sum(row.cases for row in table)
    gaps = sum(row.cases * abs(row.confidence - row.right) for row in table)
    return gaps / cases if cases else 0.0


def _bin(results: Sequence[Result], number: int) -> Bin:
    inside = [result for result in results if min(int(result[0] * BINS), BINS - 1) == number]
    cases = len(inside)
    return Bin(
        low=number / BINS,
        high=(number + 1) / BINS,
        cases=cases,
        confidence=sum(confidence for confidence, _ in inside) / cases if cases else 0.0,
        right=sum(right for _, right in inside) / cases if cases else 0.0,
    )
