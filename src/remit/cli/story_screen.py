"""The story's last screen: every number is read from the record, and can be looked up there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from remit.app import Remit
from remit.cli import terminal
from remit.cli.story import CELL, Told, Week
from remit.cli.story_people import AFTER, BEFORE, REVIEWERS
from remit.domain import clock
from remit.domain.autonomy import Level
from remit.domain.entry import Entry
from remit.domain.ids import control_stream
from remit.domain.plan import PPM
from remit.governance import recompute
from remit.orchestration.seeding import stream_of
from remit.store import evidence, kpi_days
from remit.store.evidence import EvidenceRow

TITLE: Final = 10
CELL_PAGE: Final = f"/remit/{CELL.workflow}/{CELL.action}/{CELL.segment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekFigures:
    """What the record says of one week."""

    week: Week
    level: str  # at which most of it was decided
    messages: int
    proposed: int
    alone: int
    judged: int
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryFigures:
    """What the record says of the eight weeks."""

    weeks: tuple[WeekFigures, ...]
    given: Entry | None
    lowered: Entry | None
    alarms: tuple[Entry, ...]
    surges: tuple[Entry, ...]
    alone_after: int  # that ran alone between the swap and the fall
    wrong_after: int  # of these, found by people or taken back
    reviewers: tuple[tuple[str, int, int], ...]  # handle, known errors put before them, found
    found_out: tuple[Entry, ...]  # who waved errors through, and who has shown to look since
    cleared: tuple[Entry, ...]
    level: Level
    verified: str
    proven: str  # whether every grant comes out of the entries again
    took_seconds: float = 0.0


def problems(told: Told, figures: StoryFigures) -> list[str]:
    """Return what did not come out as the story is told; nothing means that it did."""
    found = []
    if figures.given is None:
        found.append("nothing was promoted: " + "; ".join(told.unmet))
    if figures.lowered is None:
        found.append("the cell did not fall after the model was swapped")
    elif figures.given is None or figures.lowered.at_us < figures.given.at_us:
        found.append("the cell fell before it was ever raised")
    if not figures.alarms:
        found.append("no detector fired")
    if told.rollback is None or told.rollback.finished_at is None:
        found.append("what it did after the swap was not taken back")
    if told.incident is None or told.incident.state != "resolved":
        found.append("the incident is not resolved")
    if not figures.found_out:
        found.append("nobody found out that a reviewer waves things through")
    if figures.verified != "intact":
        found.append("the ledger does not verify")
    if figures.proven != "equal":
        found.append("a grant does not come out of the entries again")
    return found


def read(remit: Remit, told: Told) -> StoryFigures:
    """Read every number of the screen from the record."""
    rows = remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
    control = list(remit.entries(control_stream(CELL.workflow)))
    mine = [one for one in control if one.word("action") == CELL.action]
    given = _first(mine, "governance:grant:given")
    lowered = _first(mine, "governance:grant:lowered")
    after = [
        row for row in rows
        if told.swapped_at is not None and _ran(row)
        and row.at_us >= clock.microseconds(told.swapped_at)
    ]  # fmt: skip
    dealt: dict[str, list[bool]] = {}
    for one in remit.entries(stream_of(CELL.workflow)):
        if one.event == "governance:check:answered" and one.body.get("bad") is True:
            dealt.setdefault(one.word("reviewer"), []).append(one.body.get("caught") is True)
    return StoryFigures(
        weeks=tuple(_week(remit, rows, *one) for one in told.weeks),
        given=given,
        lowered=lowered,
        alarms=tuple(one for one in mine if one.event == "governance:detector:fired"),
        surges=tuple(one for one in mine if one.event == "governance:surge:begun"),
        alone_after=len(after),
        wrong_after=sum(row.outcome == "wrong" for row in after),
        reviewers=tuple(
            (handle, len(found), sum(found)) for handle, found in sorted(dealt.items())
        ),
        found_out=tuple(one for one in control if one.event == "governance:reviewer:alarmed"),
        cleared=tuple(one for one in control if one.event == "governance:reviewer:cleared"),
        level=remit.scorecard(CELL).level,
        verified=remit.verify().result,
        proven=recompute.verify(remit.database).result,
    )


def _first(entries: Sequence[Entry], event: str) -> Entry | None:
    return next((one for one in entries if one.event == event), None)


def _week(
    remit: Remit, rows: Sequence[EvidenceRow], week: Week, begun: datetime, ended: datetime
) -> WeekFigures:
    begin_us, end_us = clock.microseconds(begun), clock.microseconds(ended)
    own = [row for row in rows if begin_us <= row.at_us < end_us]
    levels = [row.level for row in own]
    days = remit.database.read(
        lambda c: kpi_days.of_workflow(
            c, CELL.workflow, since=f"{begun:%Y-%m-%d}", until=f"{ended:%Y-%m-%d}"
        )
    )
    counted = sum(day.get("received", 0) for day in days.values())
    return WeekFigures(
        week=week,
        level=max(set(levels), key=levels.count) if levels else "",
        messages=counted,
        proposed=len(own),
        alone=sum(map(_ran, own)),
        judged=sum(row.outcome in {"right", "wrong"} for row in own),
        wrong=sum(row.outcome == "wrong" for row in own),
    )


def _ran(row: EvidenceRow) -> bool:
    """Tell whether a proposal ran alone; what a surge held would have, and did not."""
    return row.alone and row.level == Level.SAMPLED.value and row.share_ppm < PPM


def screen(told: Told, figures: StoryFigures, folder: str) -> list[str]:
    """Return the screen: at most 40 lines of 100 columns."""
    return [line for part in _parts(told, figures, folder) for line in part.split("\n")]


def _parts(told: Told, figures: StoryFigures, folder: str) -> Iterator[str]:
    yield "Story: invented customers, simulated people, real gate, desk, ledger and shop."
    yield f"Eight weeks of the refund desk's answers; all is kept in {folder}"
    rates = ", ".join(f"{one.handle} {one.finds:.0%}" for one in REVIEWERS)
    yield _row("People", f"find so many errors: {rates}")
    yield _row(
        "Model",
        f"{BEFORE:.1%} of its answers promise what is not true, {AFTER:.0%} once it is swapped",
    )
    yield ""
    yield (
        f"{'week':<6}{'phase':<10}{'level':<14}{'messages':>9}{'answers':>9}{'alone':>7}"
        f"{'judged':>8}{'wrong':>7}"
    )
    for one in figures.weeks:
        yield (
            f"{one.week.number:<6}{one.week.phase:<10}{one.level:<14}{one.messages:>9}"
            f"{one.proposed:>9}{one.alone:>7}{one.judged:>8}{one.wrong:>7}"
        )
    yield ""
    yield from _turns(told, figures)
    yield _row(
        "Ledger",
        f"{figures.verified}; the grant made again from the entries alone: {figures.proven} "
        f"(`remit --project {folder} evidence verify`); what may run alone now: /remit",
    )
    yield _row("Took", f"{figures.took_seconds:.0f} s")
    for problem in problems(told, figures):
        yield _row("OFF", problem)


def _turns(told: Told, figures: StoryFigures) -> Iterator[str]:
    given = figures.given
    if given is not None:
        yield _row(
            "Earned",
            f"{given.number('wrong')} of {given.number('rows')} wrong behind a threshold of "
            f"{(given.number('threshold_ppm') or 0) / 10_000:.2f} %; {given.word('signer')} "
            f"signed {given.word('level')} on {_day(given)}  {CELL_PAGE}",
        )
    for handle, dealt, caught in figures.reviewers:
        yield _row("Checked", f"{handle} found {caught} of {dealt} known errors  /reviewers")
    for one in figures.found_out:
        yield _row(
            "Found out",
            f"{one.word('reviewer')} had missed {one.number('missed')} of {one.number('dealt')} "
            f"by {_day(one)}: nothing rises, and each yes is judged again by somebody else",
        )
    for one in figures.cleared:
        yield _row("Cleared", f"{one.word('reviewer')} on {_day(one)}, after ten right answers")
    for one in figures.alarms:
        yield _row(
            "Alarm",
            f"{one.word('detector')} at row {one.number('rows')} on {_day(one)}, against "
            f"{(one.number('rate_max_ppm') or 0) / 10_000:g} %  {CELL_PAGE}",
        )
    for one in figures.surges:
        yield _row("Surge", f"the next {one.number('cases')} cases were held from {_day(one)} on")
    if figures.lowered is not None:
        yield _row(
            "Fell",
            f"to {figures.lowered.word('level')} on {_day(figures.lowered)} "
            f"({figures.lowered.word('code')}): {figures.alone_after} answers had gone out alone "
            f"since the swap, {figures.wrong_after} were found wrong or taken back",
        )
    incident = told.incident
    if incident is not None:
        counts = incident.counts
        yield _row(
            "Incident",
            f"{incident.number} ({incident.severity}), opened as it fell: of {incident.affected} "
            f"answers that nobody had approved {counts.get('undone', 0)} were undone and "
            f"{counts.get('no_harm', 0)} did no harm; it is {incident.state}"
            f"  /incidents/{incident.incident_id}",
        )
    back = told.rollback
    if back is not None:
        yield _row(
            "Undone",
            f"{back.compensated} of {back.planned} answers since the swap were corrected"
            f"  /rollbacks/{back.rollback_id}",
        )


def _day(entry: Entry) -> str:
    return f"{clock.instant(entry.at_us):%Y-%m-%d}"


def _row(title: str, text: str) -> str:
    return terminal.wrapped(text, first=f"{title:<{TITLE}}")
