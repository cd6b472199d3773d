"""What the rows of a stream show for the next level: counts, the bar they met, what is missing."""

from collections.abc import Iterator, Sequence
from typing import Final

from remit.domain.autonomy import TIES, Bar, Level, Outcome
from remit.domain.frozen import dataclass
from remit.domain.plan import DAY_US, Plan, Reviewed, Settle
from remit.evidence import gate, inputs, threshold
from remit.evidence.threshold import Grid, ThresholdLedger
from remit.governance.cycles import Settled
from remit.governance.streams import EvidenceStream
from remit.store.evidence import EvidenceRow
from remit.store.plans import SCALE, GridRow

CYCLE_US: Final = 7 * DAY_US
ROWS_MIN: Final = 50  # at shadow, and at draft
ROWS_MAX: Final = inputs.LABELS_MAX  # of an attempt, the first; then it is time for another
STEP: Final = {  # what the first two steps demand, whatever the risk
    Level.DRAFT: Bar(error_max=0.20, false_grant_max=0.10),
    Level.APPROVE_EACH: Bar(error_max=0.10, false_grant_max=0.10),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The rows that were counted for a level, and whether that is enough."""

    bar: Bar | None  # in force: of this attempt, for what reviewers find; none: nothing is enough
    rows: int  # that count, clusters as one, void ones left out
    wrong: int  # of them, pending ones among them
    pending: int
    log_evidence: float  # against the bar, in nats
    at_board: float  # the same as a board of many cells may use it, whatever threshold was chosen
    accepted: bool
    missing: int | None  # further right labels in a row that would be enough, if any were
    last: str = ""  # action id of the last row counted
    threshold: int | None = None  # certified score in 10^-12; none where no model chooses
    low_mark_ppm: int | None = None
    calibration_missing: int = 0  # rows until thresholds can be tried
    scored: bool = False  # whether the cell's cases come with a score
    aimed: int | None = None  # the score at or above which rows were counted


def bar_of(plan: Plan, to: Level, *, attempt: int, sensitivity_min: float) -> Bar | None:
    """Return the bar of a step: of this attempt, made stricter for the errors nobody finds."""
    first = gate.attempt(STEP.get(to, plan.bar), number=attempt)
    if to in STEP or plan.reviewers is Reviewed.ASSUMED:
        return first
    return gate.adjusted(first, sensitivity_min=sensitivity_min)


def judge(
    stream: EvidenceStream,
    *,
    to: Level,
    grid: GridRow | None,
    sensitivity_min: float,
    now_us: int,
    since_us: int = 0,
    until: str = "",
    in_force: int | None = None,
    fresh: bool = True,
    before_us: int | None = None,
) -> Judged:
    """Return what the drawn rows of a stream show for a level.

    `since_us` is when the ledger of a second step began; `until` ends with the row of that action
    id. `in_force` is the threshold that a second step must certify again. With `fresh` the rows
    that are accepted must end in the last cycle: an old crossing is no merit. `before_us` leaves
    out what was decided from then on. Of an attempt the first million rows count; where that is
    not enough none of the last cycle is among them, and another attempt has to be begun.
    """
    bar = bar_of(stream.plan, to, attempt=stream.attempt, sensitivity_min=sensitivity_min)
    level = list(Level)[to.rank - 1]
    rows = list(_until(stream.drawn(since_us=since_us), until))
    if to in STEP:
        rows = [row for row in rows if row.level == level.value]
    if before_us is not None:
        rows = [row for row in rows if row.at_us < before_us]
    rows = rows[:ROWS_MAX]
    scored = to not in STEP and any(row.score is not None for row in rows)
    if scored:
        return _scored(stream, rows, bar, grid, in_force=in_force, now_us=now_us, fresh=fresh)
    return _plain(stream, rows, bar, now_us=now_us, fresh=fresh, least=ROWS_MIN * (to in STEP))


def _until(rows: Iterator[EvidenceRow], last: str) -> Iterator[EvidenceRow]:
    for row in rows:
        yield row
        if row.action_id == last:
            return


def _plain(
    stream: EvidenceStream,
    rows: Sequence[EvidenceRow],
    bar: Bar | None,
    *,
    now_us: int,
    fresh: bool,
    least: int,
) -> Judged:
    plan = stream.plan
    known = gate.clusters((row.cluster, stream.outcome(row, now_us=now_us)) for row in rows)
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(row.cluster, row.at_us)
    kept = [
        (at_us, one)
        for at_us, one in zip(first.values(), known, strict=True)
        if one is not Outcome.VOID
    ]
    outcomes = [one for _, one in kept]
    since = least
    if fresh:  # the last of them is of the last cycle, or of what became final in it
        settled_us = plan.window_us if plan.settle is Settle.WINDOW else 0
        begin_us = now_us - CYCLE_US - settled_us
        since = max(least, sum(at_us < begin_us for at_us, _ in kept) + 1)
    met = (
        bar is not None
        and 0 < len(outcomes) >= since
        and gate.accepted_at(outcomes, bar=bar, since=since) is not None
    )
    return _counted(outcomes, bar, rows, accepted=met, least=least)


def _counted(
    outcomes: Sequence[Outcome],
    bar: Bar | None,
    rows: Sequence[EvidenceRow],
    *,
    accepted: bool,
    least: int = 0,
) -> Judged:
    pending = outcomes.count(Outcome.PENDING)
    wrong = outcomes.count(Outcome.WRONG) + pending
    right = outcomes.count(Outcome.RIGHT)
    missing: int | None = None
    nats = 0.0
    if bar is not None:
        short = gate.labels_missing(wrong=wrong, right=right, bar=bar)
        missing = None if short is None else max(short, least - wrong - right, 0)
        nats = gate.log_evidence(wrong=wrong, right=right, error_max=bar.error_max)
    return Judged(
        bar=bar, rows=wrong + right, wrong=wrong, pending=pending, log_evidence=nats,
        at_board=nats, accepted=accepted, missing=missing,
        last=rows[-1].action_id if rows else "",
    )  # fmt: skip


def _scored(
    stream: EvidenceStream,
    rows: Sequence[EvidenceRow],
    bar: Bar | None,
    grid: GridRow | None,
    *,
    in_force: int | None,
    now_us: int,
    fresh: bool,
) -> Judged:
    """Judge the rows above each threshold of the grid, behind the calibration sample."""
    if grid is None:
        verdicts = sum(
            row.score is not None and row.outcome in _VERDICTS and row.counts for row in rows
        )
        short = max(stream.plan.calibration_rows - verdicts, 0)
        return Judged(
            bar=bar, rows=0, wrong=0, pending=0, log_evidence=0.0, at_board=0.0, accepted=False,
            missing=None, calibration_missing=short, scored=True,
        )  # fmt: skip
    behind = _behind(rows, grid.last)
    folded = one_a_cluster(stream, behind, now_us=now_us)
    steps = Grid(
        thresholds=tuple(one / SCALE for one in grid.thresholds), start=grid.begins,
        back=grid.back, low_mark=grid.low_mark_ppm / 1_000_000,
    )  # fmt: skip
    passed: int | None = None
    ledger: ThresholdLedger | None = None
    if bar is not None:
        ledger = threshold.fold(steps, folded, bar=bar)
        armed = None if in_force is None else steps.low_mark
        found = threshold.certified(ledger, low_mark=armed)
        passed = None if found is None else round(found * SCALE)
    aimed = grid.thresholds[grid.begins]
    if in_force is not None:
        aimed = in_force
    elif passed is not None:
        aimed = passed
    outcomes = [outcome for score, outcome in folded if round(score * SCALE) >= aimed]
    enough = passed is not None and (in_force is None or passed <= in_force)
    main = None if bar is None else _main(bar)
    if enough and fresh and main is not None:  # an old crossing is no merit here either
        above = [row for row in behind if (row.score or 0) >= aimed]
        enough = _plain(stream, above, main, now_us=now_us, fresh=True, least=0).accepted
    counted = _counted(outcomes, main, behind, accepted=enough)
    at_board = counted.log_evidence
    if in_force is None and ledger is not None and bar is not None:  # chosen from these rows
        place = grid.thresholds.index(aimed)
        at_board = threshold.walked(ledger, place=place, error_max=bar.error_max)
    return Judged(
        bar=bar, rows=counted.rows, wrong=counted.wrong, pending=counted.pending,
        log_evidence=counted.log_evidence, at_board=at_board, accepted=enough,
        missing=0 if enough else counted.missing, last=counted.last, threshold=passed,
        low_mark_ppm=grid.low_mark_ppm if passed is None
        else min(grid.low_mark_ppm, passed // TIES), scored=True, aimed=aimed,
    )  # fmt: skip


_VERDICTS: Final = frozenset({"right", "wrong"})


def _main(bar: Bar) -> Bar:
    """Return the bar of the main walk over thresholds."""
    return Bar(error_max=bar.error_max, false_grant_max=threshold.MAIN_SHARE * bar.false_grant_max)


def _behind(rows: Sequence[EvidenceRow], last: str) -> list[EvidenceRow]:
    """Return the rows behind the calibration sample; all where it ends before the first."""
    place = next((at for at, row in enumerate(rows) if row.action_id == last), -1)
    return [row for row in rows[place + 1 :] if row.score is not None]


def one_a_cluster(
    stream: EvidenceStream, rows: Sequence[EvidenceRow], *, now_us: int
) -> list[tuple[float, Outcome]]:
    """Return a score and an outcome for each cluster: the highest, and the worst."""
    return list(
        threshold.clusters(
            (row.cluster, (row.score or 0) / SCALE, stream.outcome(row, now_us=now_us))
            for row in rows
        )
    )


def would_run(rows: Sequence[EvidenceRow], grid: GridRow | None) -> list[EvidenceRow]:
    """Return the rows that ran alone, or would where the level allowed it.

    Where a model chooses those are at or above the threshold at which the walk begins: what lies
    below it is held whatever is granted, and says nothing of what would go wrong alone. Before the
    grid is fixed nothing can be told.
    """
    if all(row.score is None for row in rows):
        return list(rows)
    if grid is None:
        return [row for row in rows if row.alone]
    begins = grid.thresholds[grid.begins]
    return [row for row in rows if row.alone or (row.score or 0) >= begins]


def settled(stream: EvidenceStream, grid: GridRow | None, *, now_us: int) -> list[Settled]:
    """Return the labels that are final by now of what ran alone, or would; and since when."""
    found = []
    for row in would_run(list(stream.drawn()), grid):
        outcome = stream.outcome(row, now_us=now_us)
        if outcome in {Outcome.RIGHT, Outcome.WRONG} and row.label_us is not None:
            at_us = row.label_us
            waits = outcome is Outcome.RIGHT and not row.settled
            if waits and stream.plan.settle is Settle.WINDOW:
                at_us = max(at_us, row.at_us + stream.plan.window_us)
            found.append(Settled(at_us=at_us, wrong=outcome is Outcome.WRONG))
    return found
