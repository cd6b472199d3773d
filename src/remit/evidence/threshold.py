"""The threshold of a score above which a case may be acted on alone: chosen, tested, certified."""

import math
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Final

from remit.domain.autonomy import Bar, Outcome
from remit.domain.frozen import dataclass
from remit.errors import EvidenceInputError
from remit.evidence import gate, inputs

CALIBRATION_ROWS: Final = 200
MAIN_SHARE: Final = 0.8  # of the chance of a false grant; the rest is the fallback's
FALLBACK_SHARE: Final = 0.2
_COVERAGES: Final = range(10, 101, 5)
_START_ROWS_MIN: Final = 20
_START_COVERAGE: Final = 25
_LOW_COVERAGE: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class TooFew:
    """So many rows are missing before a grid can be fixed."""

    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The thresholds of one fingerprint, strict to lenient, and where the two walks begin."""

    thresholds: tuple[float, ...]
    start: int
    back: int
    low_mark: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdLedger:
    """For each threshold of a grid: its rows, how many are wrong, and what accepted it."""

    grid: Grid
    n: tuple[int, ...]
    wrong: tuple[int, ...]
    accepted: tuple[bool, ...]  # at the main walk's level
    accepted_back: tuple[bool, ...]  # at the fallback's, which is stricter


def calibrate(
    rows: Sequence[tuple[float, Outcome]], *, error_max: float, size: int = CALIBRATION_ROWS
) -> Grid | TooFew:
    """Return the grid from the first `size` rows of a fingerprint that have a verdict.

    Thresholds are the scores that cover 10, 15, ... 100 % of the sample, duplicates merged. The
    main walk starts at the most lenient with at least 20 rows and at most half of `error_max`
    wrong, else at 25 % coverage; the fallback half way from there to the strictest.
    Limits: promises nothing by itself, and these rows may never be counted again. Raises
    `EvidenceInputError` for a row without verdict, or more rows than the sample has.
    """
    inputs.chance("error_max", error_max)
    inputs.count("size", size)
    if size < _START_ROWS_MIN:
        raise EvidenceInputError(f"`size` must be at least {_START_ROWS_MIN}")
    inputs.count("rows", len(rows), most=size)
    for score, outcome in rows:
        inputs.score("score", score)
        if inputs.outcome("outcome", outcome) not in {Outcome.WRONG, Outcome.RIGHT}:
            raise EvidenceInputError("`rows` must have a verdict each, wrong or right")
    if len(rows) < size:
        return TooFew(missing=size - len(rows))
    ordered = sorted((score for score, _ in rows), reverse=True)
    at = {share: ordered[-(-share * size // 100) - 1] for share in _COVERAGES}
    thresholds = tuple(dict.fromkeys(at.values()))
    start = _start(thresholds, rows, error_max=error_max)
    if start is None:
        start = thresholds.index(at[_START_COVERAGE])
    return Grid(thresholds=thresholds, start=start, back=start // 2, low_mark=at[_LOW_COVERAGE])


def clusters(
    rows: Iterable[tuple[Hashable, float, Outcome]],
) -> tuple[tuple[float, Outcome], ...]:
    """Return a score and an outcome for each cluster of rows, in the order of their first rows.

    The highest score and, as in `gate.clusters`, the worst outcome: so whatever threshold a wrong
    row passes, its cluster counts as wrong there. Where the wrong row is the one with the lower
    score the cluster counts as wrong further up too, which only makes the walks stricter.
    """
    listed = list(rows)
    outcomes = gate.clusters((cluster, outcome) for cluster, _, outcome in listed)
    scores: dict[Hashable, float] = {}
    for cluster, score, outcome in listed:
        counted = inputs.score("score", score) if outcome is not Outcome.VOID else 0.0
        scores[cluster] = max(scores.get(cluster, 0.0), counted)
    return tuple(zip(scores.values(), outcomes, strict=True))


def fold(grid: Grid, rows: Iterable[tuple[float, Outcome]], *, bar: Bar) -> ThresholdLedger:
    """Return what the later rows, in the order of their decisions, say of each threshold.

    A row counts for every threshold at or below its score; pending counts as wrong, void is left
    out. A threshold is accepted once its counts have met the acceptance table; a label that turns
    wrong is folded again from the start, and may take that back.
    Guarantee, for each threshold: as `gate.acceptance`. Raises `EvidenceInputError` for a grid
    that does not descend, or a bar that is none.
    """
    _check(grid)
    count, rising = len(grid.thresholds), grid.thresholds[::-1]
    walks = [_Walk(_shared(bar, part), count) for part in (MAIN_SHARE, FALLBACK_SHARE)]
    n, wrong = [0] * count, [0] * count
    wanted = [min(walk.wanted(0) for walk in walks)] * count  # no fewer rows are worth a look
    for number, (score, outcome) in enumerate(rows, 1):
        inputs.count("rows", number)
        first = count - bisect_right(rising, inputs.score("score", score))
        match inputs.outcome("outcome", outcome):
            case Outcome.RIGHT:
                for i in range(first, count):
                    n[i] += 1
                    if n[i] >= wanted[i]:
                        wanted[i] = min(walk.look(i, n[i], wrong[i]) for walk in walks)
            case Outcome.WRONG | Outcome.PENDING:
                for i in range(first, count):
                    n[i] += 1
                    wrong[i] += 1
            case Outcome.VOID:
                pass
    main, fallback = (tuple(walk.accepted) for walk in walks)
    return ThresholdLedger(
        grid=grid, n=tuple(n), wrong=tuple(wrong), accepted=main, accepted_back=fallback
    )


def certified(ledger: ThresholdLedger, *, low_mark: float | None = None) -> float | None:
    """Return the most lenient threshold that a walk has passed, or None: every case to a person.

    Each walk goes strict to lenient and stops at the first threshold that is not accepted, or that
    lies below the `low_mark` in force.
    Guarantee: with exchangeable cases, the chance that any threshold ever certified has a true
    error rate above the bar among the cases at or above it is at most the bar's chance; nothing is
    asked of how errors depend on the score. Source: fixed-sequence testing, Learn then Test
    (Angelopoulos, Bates, Candes and Jordan 2021, arXiv 2110.01052), over e-processes. Limits: not
    where errors at the same score become likelier, and not inside sub-groups. Raises
    `EvidenceInputError` for a `low_mark` that is no score.
    """
    if low_mark is not None:
        inputs.score("low_mark", low_mark)
    grid, passed = ledger.grid, -1
    walks = (grid.start, ledger.accepted), (grid.back, ledger.accepted_back)
    for begin, accepted in walks:
        for i in range(begin, len(grid.thresholds)):
            if not accepted[i] or (low_mark is not None and grid.thresholds[i] < low_mark):
                break
            passed = max(passed, i)
    return grid.thresholds[passed] if passed >= 0 else None


def walked(ledger: ThresholdLedger, *, place: int, error_max: float) -> float:
    """Return the evidence for a threshold of the grid as a walk comes to it, in nats.

    It is the weakest on the way there, weighed as the chance is between the two walks. Guarantee:
    where the true error rate at or above the threshold is at or above `error_max`, some threshold
    on the way is the first of which that is true, so this is at most the evidence of one that was
    fixed beforehand: its mean is at most 1 whenever it is looked at, though the threshold was
    chosen from the same rows. Source: fixed-sequence testing, as `certified`. Limits: as
    `gate.log_evidence`; a threshold that no walk reaches has none, and minus infinity is returned.
    """
    grid, found = ledger.grid, -math.inf
    inputs.count("place", place, most=len(grid.thresholds) - 1)
    for begin, share in ((grid.start, MAIN_SHARE), (grid.back, FALLBACK_SHARE)):
        if begin <= place:
            weakest = min(
                gate.log_evidence(
                    wrong=ledger.wrong[i], right=ledger.n[i] - ledger.wrong[i], error_max=error_max
                )
                for i in range(begin, place + 1)
            )
            found = max(found, math.log(share) + weakest)
    return found


class _Walk:
    """What one level has accepted so far, threshold by threshold."""

    def __init__(self, bar: Bar, count: int) -> None:
        self.bar = bar
        self.accepted = [False] * count

    def wanted(self, wrong: int) -> float:
        """Return how many rows it takes with so many wrong, infinity where none are enough."""
        found = gate.needed(self.bar, wrong=wrong)
        return math.inf if found is None else found

    def look(self, i: int, n: int, wrong: int) -> float:
        """Accept a threshold where its rows are enough; return how many are wanted next."""
        if self.accepted[i]:
            return math.inf
        wanted = self.wanted(wrong)
        self.accepted[i] = n >= wanted
        return math.inf if self.accepted[i] else wanted


def _start(
    thresholds: Sequence[float], rows: Sequence[tuple[float, Outcome]], *, error_max: float
) -> int | None:
    for i in reversed(range(len(thresholds))):
        covered = [outcome for score, outcome in rows if score >= thresholds[i]]
        wrong = covered.count(Outcome.WRONG)
        if len(covered) >= _START_ROWS_MIN and 2 * wrong <= error_max * len(covered):
            return i
    return None


def _check(grid: Grid) -> None:
    for threshold in grid.thresholds:
        inputs.score("grid", threshold)
    if not grid.thresholds or any(a <= b for a, b in pairwise(grid.thresholds)):
        raise EvidenceInputError("`grid` must have thresholds that descend")
    inputs.score("low_mark", grid.low_mark)
    inputs.count("start", grid.start, most=len(grid.thresholds) - 1)
    inputs.count("back", grid.back, most=grid.start)


def _shared(bar: Bar, part: float) -> Bar:
    return Bar(error_max=bar.error_max, false_grant_max=part * bar.false_grant_max)
