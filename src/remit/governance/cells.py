"""A cell as people look at it: what it may do alone, what the next level takes, what lowers it."""

import math
from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.domain.autonomy import Bar, Cell, Level
from remit.domain.frozen import dataclass
from remit.domain.plan import DAY_US, PPM, Plan
from remit.evidence import detector, gate, threshold
from remit.governance import alarm, monitors, scorecard, streams
from remit.governance.board import Board
from remit.governance.condition import Condition
from remit.governance.judged import Judged
from remit.governance.monitors import Watched
from remit.governance.scorecard import Frame, Scorecard
from remit.governance.streams import EvidenceStream
from remit.store import authority, carries, evidence, evidence_pages, levels, plans
from remit.store.carries import CarryRow
from remit.store.connection import Connection
from remit.store.plans import SCALE, GridRow

LOOKED_DAYS: Final = 90  # back, in which fingerprints tried and promotions are counted
RECENT_DAYS: Final = 28  # from which it is told how many rows a day brings
TABLE_ROWS: Final = 6  # of the acceptance table, from none wrong on
STREAK_MAX: Final = 1_000
_ALONE: Final = Level.APPROVE_EACH.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A row of the acceptance table: so many labels are needed with so many of them wrong."""

    wrong: int
    labels: int
    here: bool  # as many are wrong now


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """The rows that were counted for the next level, and how far they carry."""

    error_max: float | None  # the bar in force; none: no number of labels is enough
    false_grant_max: float | None
    rows: int
    right: int
    wrong: int  # pending ones among them
    pending: int
    needed: int | None  # labels in all, were the missing ones right
    missing: int | None
    accepted: bool
    log_evidence: float
    bound: float | None  # that it must reach, in nats
    table: tuple[TableRow, ...]
    scored: bool
    threshold: str  # certified; empty where none is
    low_mark: str
    calibration_missing: int
    calibration_rows: int
    coverage: float | None
    expected: int | None  # labels in all, at the rate seen so far; a forecast
    rows_a_day: float  # that were drawn lately


@dataclass(frozen=True, slots=True, kw_only=True)
class Falls:
    """A detector that watches a cell, and what it would take to fire it from here."""

    detector: str
    rate_max: float  # the bound that is watched
    run_min: int  # labels to a false alarm, on average, at the least
    rows: int  # looked at since the level was set
    wrong: int
    statistic: float
    streak: int | None  # wrong labels in a row that would fire it; none: more than a thousand
    to: str  # the level it falls to; empty where it only has each case looked at, or blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedView:
    """A fingerprint under which the cell had rows lately, and the chance that was spent on it."""

    fingerprint: str
    since: datetime
    until: datetime
    rows: int
    attempts: int
    spent: float
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedView:
    """A step by which rows came to count for the fingerprint of now."""

    fingerprint: str  # under which they counted before
    at: datetime
    by: str  # who put the rules in force; empty: nobody had to
    proof: str  # same | analysis | backtest | limits
    rows: int
    dropped: int  # right ones that would not run any more
    stayed: int  # wrong and open ones that would not


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeView:
    """A surge: each of so many cases is held and drawn."""

    since: datetime
    cases: int
    held: int  # of them, so far
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """How near a cell is to its next level, in a forecast: for display and order, never more."""

    rate: float | None  # shrunken towards its siblings; none: nothing was judged in any of them
    cells: int  # the siblings that have a next level, itself among them
    labels: int | None  # further ones, on average; none: at that rate it does not get there
    days: int | None  # until then at the present pace; none: nothing comes in, or never


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """Where a cell stands."""

    cell: str
    workflow: str
    action: str
    segment: str
    risk: str
    phase: str
    owner: str
    level: str  # granted, or where its plan has it begin
    effective: str  # what applies
    ceiling: str
    next: str | None
    next_share: float  # of what the next level lets run, that is drawn; 0 where there is none
    since: datetime | None  # since when the level stands; none: nothing was ever granted
    signer: str
    expires_at: datetime | None
    expired: bool
    of_another: bool  # the grant is of another fingerprint: nothing is performed alone
    lowered: str  # the code of what lowered it last, while it stands where that put it
    fingerprint: str
    plan: str
    attempt: int
    resumes_at: datetime | None  # cooldown: rows decided before that count for nothing
    reviewers: str  # measured | assumed
    sensitivity: float
    evidence: EvidenceView | None
    conditions: tuple[Condition, ...]
    met: bool
    digest: str  # what a signer signs
    falls: tuple[Falls, ...]
    surge: SurgeView | None
    tried: tuple[TriedView, ...]
    false_grant_max: float  # of one attempt, as the plan has it
    promotions: int  # in the last 90 days
    spent: float  # chance of a false grant in them, of all fingerprints and attempts together
    near: Nearness | None = None  # where it is shown beside its siblings, and has a next level
    carried: tuple[CarriedView, ...] = ()  # the newest first

    @property
    def alone(self) -> bool:
        """May anything of it be performed without a person now?"""
        return Level(self.effective).rank > _ALONE and not self.expired and not self.of_another

    @property
    def unmet(self) -> tuple[Condition, ...]:
        return tuple(one for one in self.conditions if one.met is not True)


def view(
    connection: Connection,
    plan: Plan,
    cell: Cell,
    frame: Frame,
    *,
    now_us: int,
    boarded: Board | None = None,
) -> CellView:
    """Return where a cell stands, from its rows as they count now."""
    stream, card = read(connection, plan, cell, frame, now_us=now_us, boarded=boarded)
    return shown(connection, frame, card, stream, now_us=now_us)


def read(
    connection: Connection,
    plan: Plan,
    cell: Cell,
    frame: Frame,
    *,
    now_us: int,
    boarded: Board | None = None,
) -> tuple[EvidenceStream, Scorecard]:
    """Return the open attempt of a cell and its scorecard, its rows read once."""
    stream = streams.read(connection, plan, cell, frame.fingerprint)
    card = scorecard.of(
        connection, plan, cell, frame, now_us=now_us, stream=stream, boarded=boarded
    )
    return stream, card


def shown(
    connection: Connection, frame: Frame, card: Scorecard, stream: EvidenceStream, *, now_us: int
) -> CellView:
    """Return a scorecard as people look at it."""
    plan, cell = stream.plan, stream.cell
    since_us = now_us - LOOKED_DAYS * DAY_US
    changes = levels.of_cell(connection, cell, since_us=since_us)
    last = next((one for one in reversed(changes) if one.level), None)
    tried = _tried(connection, plan, cell, frame.fingerprint, since_us=since_us)
    grid = plans.grid(connection, cell, card.fingerprint, card.attempt)
    grant = card.grant
    alone = grant is not None and Level(grant.level).rank > _ALONE
    return CellView(
        cell=cell.name, workflow=cell.workflow, action=cell.action, segment=cell.segment,
        risk=card.risk.value, phase=frame.phase.value, owner=frame.owner, level=card.level.value,
        effective=card.effective.value, ceiling=card.ceiling.value,
        next=None if card.to is None else card.to.value,
        next_share=0.0 if card.to is None else plan.share_ppm(card.to, surge=False) / PPM,
        since=None if grant is None else clock.instant(grant.given_us),
        signer="" if grant is None or not alone else grant.signer,
        expires_at=clock.instant(grant.expires_us) if grant is not None and alone else None,
        expired=grant is not None and alone and grant.expires_us <= now_us,
        of_another=grant is not None and alone and grant.fingerprint != frame.fingerprint,
        lowered=last.code if last is not None and last.kind == levels.LOWERED else "",
        fingerprint=card.fingerprint, plan=card.plan, attempt=card.attempt,
        resumes_at=clock.instant(stream.since_us) if stream.since_us > now_us else None,
        reviewers=plan.reviewers.value, sensitivity=card.sensitivity_ppm / PPM,
        evidence=_evidence(plan, card, stream, now_us=now_us), conditions=card.conditions,
        met=card.met, digest=card.digest,
        falls=_falls(connection, stream, card, grid, now_us=now_us),
        surge=_surge(connection, cell), tried=tried,
        false_grant_max=plan.bar.false_grant_max,
        promotions=sum(one.kind == levels.GIVEN and bool(one.rows) for one in changes),
        spent=math.fsum(one.spent for one in tried),
        carried=tuple(map(_carried, carries.chain(connection, cell, frame.fingerprint))),
    )  # fmt: skip


def bar_shown(counted: Judged) -> Bar | None:
    """Return the bar whose acceptance table a cell's labels are held against."""
    if counted.bar is None or not counted.scored:
        return counted.bar
    share = threshold.MAIN_SHARE * counted.bar.false_grant_max
    return Bar(error_max=counted.bar.error_max, false_grant_max=share)


def table(bar: Bar, *, wrong: int) -> tuple[TableRow, ...]:
    """Return the acceptance table around where a cell stands."""
    most = min(max(TABLE_ROWS - 1, wrong + 2), gate.WRONG_MAX)
    labels = gate.acceptance(bar, wrong_max=most)
    shown = [n for n in range(len(labels)) if n < TABLE_ROWS or n >= wrong - 1]
    return tuple(TableRow(wrong=n, labels=labels[n], here=n == wrong) for n in shown)


def _evidence(
    plan: Plan, card: Scorecard, stream: EvidenceStream, *, now_us: int
) -> EvidenceView | None:
    counted = card.counted
    if counted is None:
        return None
    bar = bar_shown(counted)
    begin_us = max(now_us - RECENT_DAYS * DAY_US, stream.since_us)
    recent = sum(row.at_us >= begin_us for row in stream.drawn())
    first = next((row.at_us for row in stream.drawn() if row.at_us >= begin_us), now_us)
    days = max((now_us - first) / DAY_US, 1.0)
    expected = None
    if bar is not None and counted.rows:
        seen = (counted.wrong + 0.5) / (counted.rows + 1)
        mean = gate.labels_expected(rate=seen, bar=bar)
        expected = None if mean is None or math.isinf(mean) else math.ceil(mean)
    missing = counted.missing
    return EvidenceView(
        error_max=None if bar is None else bar.error_max,
        false_grant_max=None if bar is None else bar.false_grant_max,
        rows=counted.rows, right=counted.rows - counted.wrong, wrong=counted.wrong,
        pending=counted.pending, needed=None if missing is None else counted.rows + missing,
        missing=missing, accepted=counted.accepted, log_evidence=counted.log_evidence,
        bound=None if bar is None else -math.log(bar.false_grant_max),
        table=() if bar is None else table(bar, wrong=counted.wrong), scored=counted.scored,
        threshold=score(counted.threshold),
        low_mark="" if counted.low_mark_ppm is None else f"{counted.low_mark_ppm / PPM:.4f}",
        calibration_missing=counted.calibration_missing, calibration_rows=plan.calibration_rows,
        coverage=None if card.coverage_ppm is None else card.coverage_ppm / PPM,
        expected=expected, rows_a_day=recent / days,
    )  # fmt: skip


def score(of: int | None) -> str:
    """Write a score that is kept in 10^-12, as confidences are written."""
    return "" if of is None else f"{of / SCALE:.4f}"


def _falls(
    connection: Connection,
    stream: EvidenceStream,
    card: Scorecard,
    grid: GridRow | None,
    *,
    now_us: int,
) -> tuple[Falls, ...]:
    seen = streams.since_level(connection, stream, card.grant)
    watched = monitors.watches(seen, card.grant, grid, now_us=now_us)
    return tuple(_watched(one, card.level) for one in watched)


def _watched(watch: Watched, level: Level) -> Falls:
    state = standing(watch)
    to = ""
    if watch.detector == alarm.BREACH and level.rank > 0:
        to = Level.APPROVE_EACH.value if level.rank > _ALONE else list(Level)[level.rank - 1].value
    return Falls(
        detector=watch.detector, rate_max=watch.rate_max_ppm / PPM, run_min=watch.run_min,
        rows=len(watch.rows), wrong=sum(one.value == "wrong" for one in watch.outcomes),
        statistic=state.statistic, streak=streak(state), to=to,
    )  # fmt: skip


def standing(watch: Watched) -> detector.Detector:
    """Return a detector as it stands after its rows; it begins again after every alarm."""
    rest = detector.start(rate_max=watch.rate_max_ppm / PPM, run_min=watch.run_min)
    begin = 0
    while True:
        state, fired = detector.fold(rest, watch.outcomes[begin:])
        if fired is None:
            return state
        begin += fired


def streak(state: detector.Detector) -> int | None:
    """Return how many wrong labels in a row would fire a detector from here."""
    for count in range(1, STREAK_MAX + 1):
        state = detector.step(state, wrong=True)
        if state.fires:
            return count
    return None


def _carried(one: CarryRow) -> CarriedView:
    return CarriedView(
        fingerprint=one.before, at=clock.instant(one.at_us),
        by=one.actor if one.person else "", proof=one.proof, rows=one.rows,
        dropped=one.dropped, stayed=one.stayed,
    )  # fmt: skip


def _surge(connection: Connection, cell: Cell) -> SurgeView | None:
    found = authority.surge(
        connection, workflow=cell.workflow, action=cell.action, segment=cell.segment
    )
    if found is None:
        return None
    held = evidence.eligible_since(connection, cell, since_us=found.begun_us)
    return SurgeView(
        since=clock.instant(found.begun_us), cases=found.cases, held=held, code=found.code
    )


def _tried(
    connection: Connection, plan: Plan, cell: Cell, fingerprint: str, *, since_us: int
) -> tuple[TriedView, ...]:
    found: list[TriedView] = []
    for one in evidence_pages.tried(connection, cell, since_us=since_us):
        over = plans.over(connection, cell, one.fingerprint)
        attempts = max(over.attempt + 1 + (one.last_us > over.resumes_us), 1)
        found.append(
            TriedView(
                fingerprint=one.fingerprint, since=clock.instant(one.first_us),
                until=clock.instant(one.last_us), rows=one.rows, attempts=attempts,
                spent=spent(plan.bar, attempts=attempts),
                current=one.fingerprint == fingerprint,
            )
        )  # fmt: skip
    return tuple(found)


def spent(bar: Bar, *, attempts: int) -> float:
    """Return the chance of a false grant that so many attempts of a fingerprint have together."""
    return math.fsum(gate.attempt(bar, number=k).false_grant_max for k in range(attempts))
