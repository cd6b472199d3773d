"""The scorecard of a cell: each condition of the next level, met or not, and what is missing."""

from collections.abc import Sequence
from typing import Final

from remit.domain.action import Risk
from remit.domain.autonomy import PHASE_CAP, RISK_CEILING, Cell, Level, Phase, lowest
from remit.domain.frozen import dataclass
from remit.domain.plan import DAY_US, PPM, Cluster, Plan, Reviewed
from remit.domain.value import Json, digest
from remit.governance import board, cycles, judged, next_step, reviewers
from remit.governance.board import Board
from remit.governance.condition import Condition
from remit.governance.cycles import Cycle
from remit.governance.judged import Judged
from remit.governance.streams import VOID_SHARE_MAX, EvidenceStream
from remit.store import authority, incidents, plans
from remit.store.authority import GrantRow
from remit.store.connection import Connection
from remit.store.incidents import IncidentRow

CYCLES_STABLE: Final = 2
COVERAGE_MIN_PPM: Final = 200_000  # of the eligible cases of the last two weeks
SENSITIVITY_MIN_PPM: Final = 800_000
EXPIRES_DAYS: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What bounds a cell from outside: behaviour, phase, ceiling, owner."""

    fingerprint: str
    phase: Phase
    ceiling: Level
    owner: str  # empty: nobody answers for it
    undo: str = ""  # what takes the action back; empty: nothing does
    escalation: str = ""  # who is asked when the workflow cannot go on; empty: nobody active


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """Where a cell stands, and what the next level takes."""

    cell: Cell
    risk: Risk
    level: Level  # that is granted, or at which its plan has it begin
    effective: Level  # what applies: the lowest of that, phase, ceiling and risk
    ceiling: Level  # the highest that it can ever reach now
    to: Level | None  # the next level; none at the top of what is allowed
    grant: GrantRow | None
    surge: bool
    fingerprint: str
    attempt: int
    plan: str
    counted: Judged | None
    conditions: tuple[Condition, ...]
    sensitivity_ppm: int
    cycles: tuple[Cycle, ...]
    coverage_ppm: int | None

    @property
    def met(self) -> bool:
        """Is every condition met?"""
        return self.to is not None and all(one.met is True for one in self.conditions)

    @property
    def digest(self) -> str:
        """What a signer signs: the move, under which plan and behaviour, and what certifies it.

        New rows may come in between; that they still carry the move is checked when it is signed.
        """
        counted = self.counted
        signed: dict[str, Json] = {
            "cell": self.cell.name,
            "from": self.level.value,
            "to": None if self.to is None else self.to.value,
            "fingerprint": self.fingerprint,
            "plan": self.plan,
            "attempt": self.attempt,
            "threshold": None if counted is None else counted.threshold,
            "conditions": {one.name: one.met for one in self.conditions},
        }
        return digest(signed)


def of(
    connection: Connection,
    plan: Plan,
    cell: Cell,
    frame: Frame,
    *,
    now_us: int,
    stream: EvidenceStream | None = None,
    boarded: Board | None = None,
) -> Scorecard:
    """Return the scorecard of a cell, from its rows as they count now.

    `stream` saves reading them again, and `boarded` those of all cells of its board.
    """
    step = next_step.of(connection, plan, cell, frame.fingerprint, stream=stream)
    grant, level, to, stream = step.grant, step.level, step.to, step.stream
    top = lowest(frame.ceiling, RISK_CEILING[plan.risk])
    effective = lowest(level, top, PHASE_CAP[frame.phase])
    alarmed = reviewers.alarmed(connection, cell.workflow)
    finals = judged.settled(stream, step.grid, now_us=now_us)
    fired = plans.alarms(connection, cell, since_us=stream.since_us)
    weeks = cycles.judged(
        finals,
        [one.at_us for one in fired if one.detector in {"breach", "warn"}],
        error_max=plan.bar.error_max,
        now_us=now_us,
    )
    counted: Judged | None = None
    coverage: int | None = None
    conditions: list[Condition] = []
    if to is not None and (counted := step.judge(now_us=now_us)) is not None:
        coverage = _coverage(stream, counted, now_us=now_us)
        conditions = [
            *_bounds(to, frame, top),
            _incidents(incidents.blocking(connection, cell)),
            _evidence(counted),
            _voids(stream),
        ]
        if counted.accepted and plan.cluster is Cluster.SUBJECT:
            closed = step.judge(now_us=now_us, before_us=now_us - now_us % DAY_US)
            conditions += [] if closed is None else [_without_today(closed)]
        if boarded is None or cell.name not in boarded.evidence:
            boarded = board.of(connection, plan, frame.fingerprint, now_us=now_us)
        if boarded is not None:
            conditions.append(boarded.condition(cell))
        if to.rank > Level.APPROVE_EACH.rank:
            conditions += _alone(
                plan, counted, coverage, weeks, step.sensitivity_ppm,
                missed=step.missed, dealt=step.dealt, alarmed=alarmed, since_us=step.since_us,
                alpha=[one.at_us for one in fired if one.detector == "alpha"],
            )  # fmt: skip
    surge = authority.surge(
        connection, workflow=cell.workflow, action=cell.action, segment=cell.segment
    )
    if surge is not None and to is not None:
        conditions.append(
            Condition(name="surge", met=False, said=f"a surge after `{surge.code}` goes on")
        )
    return Scorecard(
        cell=cell, risk=plan.risk, level=level, effective=effective,
        ceiling=lowest(top, PHASE_CAP[frame.phase]), to=to, grant=grant, surge=surge is not None,
        fingerprint=frame.fingerprint, attempt=stream.attempt, plan=plan.version, counted=counted,
        conditions=tuple(conditions), sensitivity_ppm=step.sensitivity_ppm, cycles=weeks,
        coverage_ppm=coverage,
    )  # fmt: skip


def _bounds(to: Level, frame: Frame, top: Level) -> list[Condition]:
    cap = PHASE_CAP[frame.phase]
    return [
        Condition(
            name="owner", met=bool(frame.owner),
            said=f"{frame.owner} answers for it" if frame.owner else "nobody answers for it",
        ),
        Condition(
            name="ceiling", met=to.rank <= top.rank,
            said=f"risk and owner allow at most {top.value}",
        ),
        Condition(
            name="phase", met=to.rank <= cap.rank,
            said=f"phase {frame.phase.value} allows at most {cap.value}",
        ),
    ]  # fmt: skip


def _incidents(open_: Sequence[IncidentRow]) -> Condition:
    """Demand that nothing that went wrong is open: a SEV1 until somebody has reviewed it."""
    named = ", ".join(
        f"incident {one.number} ({one.severity.value}) is {one.state.value}" for one in open_
    )
    return Condition(name="incidents", met=not open_, said=named or "no incident is open")


def _evidence(counted: Judged) -> Condition:
    bar = counted.bar
    if bar is None:
        return Condition(
            name="evidence", met=False,
            said="no error of a reviewer was ever looked for: no number of labels is enough",
        )  # fmt: skip
    if counted.calibration_missing:
        return Condition(
            name="evidence", met=False,
            said=f"{counted.calibration_missing} more cases with a verdict until confidences can "
            "be tried as thresholds",
        )  # fmt: skip
    rate, chance = f"{100 * bar.error_max:.3g} %", f"{100 * bar.false_grant_max:.2g} %"
    said = (
        f"{counted.wrong} of {counted.rows} wrong, {counted.pending} of these pending; a cell at "
        f"{rate} or above would ever show that in at most {chance}"
    )
    if counted.accepted:
        return Condition(name="evidence", met=True, said=said)
    more = "" if counted.missing is None else f"; {counted.missing} more right in a row would do"
    if counted.missing == 0:
        more = "; none of them is of the last cycle"
    return Condition(
        name="evidence", met=False,
        said=f"{counted.wrong} of {counted.rows} wrong, {counted.pending} of these pending, "
        f"against {rate} at {chance}{more}",
    )  # fmt: skip


def _without_today(counted: Judged) -> Condition:
    """Ask for the same without today: a customer's day that goes on looks better than it is."""
    said = (
        f"without today, whose customers may write again: {counted.wrong} of {counted.rows} wrong"
    )
    return Condition(name="closed days", met=counted.accepted, said=said)


def _voids(stream: EvidenceStream) -> Condition:
    rows = [row for row in stream.drawn() if row.counts]
    void = sum(row.outcome == "void" for row in rows)
    return Condition(
        name="void", met=void <= VOID_SHARE_MAX * len(rows),
        said=f"{void} of {len(rows)} rows are void; at most 5 % may be",
    )  # fmt: skip


def _alone(
    plan: Plan,
    counted: Judged,
    coverage: int | None,
    weeks: tuple[Cycle, ...],
    sensitivity_ppm: int,
    *,
    missed: int,
    dealt: int,
    alarmed: frozenset[str],
    alpha: list[int],
    since_us: int,
) -> list[Condition]:
    """Return what is demanded of a cell that would act alone."""
    own = tuple(one for one in weeks if one.begin_us >= since_us)
    stable = cycles.stable_in_a_row(own)
    quiet = cycles.quiet(own, alpha, number=CYCLES_STABLE)
    found = [
        Condition(
            name="cycles", met=stable >= CYCLES_STABLE,
            said=f"{min(stable, CYCLES_STABLE)} of {CYCLES_STABLE} stable review cycles in a row",
        ),
        Condition(
            name="quiet", met=quiet,
            said="no alarm at the bar in them, nor since" if quiet
            else "an alarm at the bar in them, or since",
        ),
    ]  # fmt: skip
    if plan.reviewers is Reviewed.ASSUMED:
        found.append(
            Condition(
                name="reviewers", met=True, said="it is assumed that reviewers find every error"
            )
        )
    else:
        found.append(
            Condition(
                name="reviewers", met=sensitivity_ppm >= SENSITIVITY_MIN_PPM,
                said=f"reviewers missed {missed} of {dealt} errors put before them: they "
                f"find at least {sensitivity_ppm / 10_000:.1f} %; 80 % are needed",
            )
        )  # fmt: skip
    many = f"{len(alarmed)} reviewer{'s are' if len(alarmed) > 1 else ' is'} under alarm"
    found.append(  # who, the owner sees among the reviewers: a map is seen by everybody
        Condition(
            name="alarms", met=not alarmed,
            said=f"{many}; see the page Reviewers" if alarmed else "no reviewer is under alarm",
        )
    )  # fmt: skip
    if counted.scored:
        enough = coverage is not None and coverage >= COVERAGE_MIN_PPM
        found.append(
            Condition(
                name="coverage", met=enough if coverage is not None else False,
                said="no confidence is certified as enough"
                if coverage is None
                else f"{coverage / 10_000:.0f} % of the cases of two weeks would pass; 20 % must",
            )
        )  # fmt: skip
    return found


def _coverage(stream: EvidenceStream, counted: Judged, *, now_us: int) -> int | None:
    if not counted.scored or counted.threshold is None:
        return None
    since_us = now_us - 2 * cycles.WEEK_US
    recent = [row for row in stream.rows if row.at_us >= since_us and not row.gone]
    if not recent:
        return 0
    passed = sum((row.score or 0) >= counted.threshold for row in recent)
    return passed * PPM // len(recent)
