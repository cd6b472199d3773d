"""What moved a cell, counted again from rows that were made of entries alone."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from remit.domain.autonomy import TIES, Cell, Level, Phase
from remit.domain.entry import Entry
from remit.domain.plan import DAY_US, Plan
from remit.domain.value import Json, digest
from remit.evidence import reviewers as measure
from remit.governance import (
    board,
    calibration,
    checklist,
    grants,
    monitors,
    promoting,
    reviewers,
    scorecard,
    shifting,
    streams,
    watch,
)
from remit.governance.alarm import Alarm
from remit.governance.carrying import CARRIED
from remit.governance.checklist import Ticked
from remit.governance.scorecard import EXPIRES_DAYS, Frame, Scorecard
from remit.governance.streams import COOLDOWN_US, EvidenceStream
from remit.governance.tossed import BESIDE_US, Found
from remit.store import authority, carries, checks, evidence, plans
from remit.store.connection import Connection

NATS: Final = 1e-9  # within which log evidence is equal


def cell_of(entry: Entry) -> Cell:
    """Return the cell that an entry is about."""
    return Cell(
        workflow=entry.workflow, action=entry.word("action"), segment=entry.word("segment")
    )


def is_tested(entry: Entry) -> bool:
    """Say whether the test kit made a grant."""
    return entry.word("evidence") == digest([grants.TESTED]) and entry.number("rows") is None


# -- grants --------------------------------------------------------------------------------------


def given(connection: Connection, entry: Entry) -> Iterator[Found]:
    """Count again what a grant rests on; yields what differs."""
    cell = cell_of(entry)
    plan = plans.find(connection, workflow=cell.workflow, action=cell.action)
    if plan is None or entry.word("plan") != plan.version:
        yield Found(
            what="the plan", said=entry.word("plan")[:16],
            found="" if plan is None else plan.version[:16],
        )  # fmt: skip
        return
    tries = [_said(connection, card, entry) for card in _cards(connection, plan, cell, entry)]
    yield from min(tries, key=len)


def _cards(connection: Connection, plan: Plan, cell: Cell, entry: Entry) -> Iterator[Scorecard]:
    """Yield the scorecard at that entry; and without rows that were decided beside it.

    Where several processes write, a row may be in the record before the grant that could not be
    seen when it was signed: nothing was said of it, and it was decided a moment before.
    """
    frame = Frame(
        fingerprint=entry.word("fingerprint"), phase=Phase.EXPAND, ceiling=Level.AUTONOMOUS,
        owner=entry.word("signer"),
    )  # fmt: skip
    left_out = 0

    def seen(stream: EvidenceStream) -> EvidenceStream:
        nonlocal left_out
        rows = tuple(
            row
            for row in stream.rows
            if row.labels
            or row.at_us < entry.at_us - BESIDE_US
            or row.action_id == entry.word("last")
        )
        left_out += len(stream.rows) - len(rows)
        return replace(stream, rows=rows)

    stream = streams.read(connection, plan, cell, frame.fingerprint)
    yield scorecard.of(connection, plan, cell, frame, now_us=entry.at_us, stream=stream)
    stream = seen(stream)
    boarded = board.of(connection, plan, frame.fingerprint, now_us=entry.at_us, looked=seen)
    if left_out:
        yield scorecard.of(
            connection, plan, cell, frame, now_us=entry.at_us, stream=stream, boarded=boarded
        )


def _said(connection: Connection, card: Scorecard, entry: Entry) -> list[Found]:
    """Compare what a grant says with a scorecard."""
    counted = card.counted
    if counted is None or card.to is None or entry.word("level") != card.to:
        to = "nothing higher" if card.to is None else card.to.value
        return [Found(what="the level", said=entry.word("level"), found=to)]
    score, alone = counted.threshold, card.to is Level.AUTONOMOUS and card.grant is not None
    known: dict[str, Json] = {
        "attempt": card.attempt,
        "rows": counted.rows,
        "wrong": counted.wrong,
        "last": counted.last,
        "since_us": card.grant.given_us if alone and card.grant is not None else 0,
        "sensitivity_ppm": card.sensitivity_ppm,
        "threshold_ppm": None if score is None else score // TIES,
        "threshold_tie": None if score is None else score % TIES,
        "low_mark_ppm": counted.low_mark_ppm,
        "expires_us": entry.at_us + EXPIRES_DAYS * DAY_US,
    }
    differs = [
        Found(what=name, said=_word(entry.body.get(name)), found=_word(value))
        for name, value in known.items()
        if entry.body.get(name) != value
    ]
    nats = _float(entry.word("log_evidence"))
    if not math.isclose(nats, counted.log_evidence, rel_tol=NATS, abs_tol=NATS):
        differs.append(
            Found(what="log evidence", said=f"{nats:.12f}", found=f"{counted.log_evidence:.12f}")
        )
    differs += [
        Found(what=f"the condition `{one.name}`", said="met", found=one.said)
        for one in card.conditions
        if one.met is not True
    ]
    ticked = None
    if card.to.rank > Level.APPROVE_EACH.rank:
        ticked = checklist.ticks_of(entry)
        differs += _ticks(connection, entry, ticked)
    if not differs and promoting.evidence_digest(card, ticked) != entry.word("evidence"):
        differs.append(Found(what="the digest of what was signed", said=entry.word("evidence")))
    return differs


def _ticks(connection: Connection, entry: Entry, ticked: Ticked) -> Iterator[Found]:
    """Look whether each item of the checklist was verified or attested; yields what was not.

    What is told by rows is told again; of the rest the entry is taken at its word.
    """
    items = checklist.counted(
        connection, cell_of(entry), entry.word("fingerprint"), now_us=entry.at_us
    )
    for one in items:
        if one.name in ticked.checked and not one.met:
            yield Found(what=f"the checklist, {one.name}", said="verified", found=one.said)
    if ticked.missing:
        yield Found(
            what="the checklist", said=", ".join((*ticked.checked, *ticked.attested)),
            found=f"neither verified nor attested: {', '.join(ticked.missing)}",
        )  # fmt: skip
    if entry.word("checklist") != ticked.digest:
        yield Found(
            what="the digest of the checklist", said=entry.word("checklist"), found=ticked.digest
        )


def _word(value: object) -> str:
    return "" if value is None else str(value)


def _float(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return math.nan


# -- alarms, grids, surges, streams --------------------------------------------------------------


def sounded(connection: Connection, entry: Entry) -> Iterator[Found]:
    """Fold a detector again up to the row at which it fired; yields what differs."""
    found = {one.row: one for one in _alarms(connection, entry)}
    one = found.get(entry.word("row"))
    if one is None:
        yield Found(
            what=f"the detector {entry.word('detector')}", said=f"row {entry.word('row')[:16]}",
            found=", ".join(row[:16] for row in found) or "not fired",
        )  # fmt: skip
        return
    again = monitors.fired(one, cell_of(entry), entry.word("fingerprint")).body()
    for name, value in again.items():
        said = entry.body.get(name)
        near = name == "statistic" and math.isclose(
            _float(_word(said)), one.log_statistic, rel_tol=NATS, abs_tol=NATS
        )
        if said != value and not near:
            yield Found(what=name, said=_word(said), found=_word(value))


def _alarms(connection: Connection, entry: Entry) -> list[Alarm]:
    cell, name = cell_of(entry), entry.word("detector")
    plan = plans.find(connection, workflow=cell.workflow, action=cell.action)
    if plan is None:
        return []
    grant = grants.of_cell(connection, cell)
    stream = streams.read(connection, plan, cell, entry.word("fingerprint"))
    seen = streams.since_level(connection, stream, grant)
    if name == shifting.LABEL_FREE:
        return [] if grant is None else shifting.label_free(seen.rows, grant)
    return [one for one in watched(connection, stream, seen, entry.at_us) if one.detector == name]


def watched(
    connection: Connection, stream: EvidenceStream, seen: EvidenceStream, now_us: int
) -> list[Alarm]:
    """Return every alarm that labels sound in a cell since its level was set."""
    grid = plans.grid(connection, stream.cell, stream.fingerprint, stream.attempt)
    grant = grants.of_cell(connection, stream.cell)
    return monitors.alarms(seen, grant, grid, now_us=now_us)


def fixed(connection: Connection, entry: Entry) -> Iterator[Found]:
    """Choose the grid of a stream again from its calibration sample; yields what differs."""
    cell = cell_of(entry)
    plan = plans.find(connection, workflow=cell.workflow, action=cell.action)
    again = (
        None
        if plan is None
        else calibration.grid_of(connection, plan, cell, entry.word("fingerprint"))
    )
    if again is None:
        yield Found(what="the grid", said="fixed", found="not due, or fixed already")
        return
    for name, value in again.body().items():
        if _word(entry.body.get(name)) != _word(value):
            yield Found(what=name, said=_word(entry.body.get(name)), found=_word(value))


def surged(connection: Connection, entry: Entry) -> Iterator[Found]:
    """Look for what began or ended a surge; yields what differs."""
    cell, code = cell_of(entry), entry.word("code")
    if entry.event == "governance:surge:ended":
        surge = authority.surge(
            connection, workflow=cell.workflow, action=cell.action, segment=cell.segment
        )
        held = 0
        if surge is not None:
            held = evidence.eligible_since(connection, cell, since_us=surge.begun_us)
        if surge is None or held < surge.cases:
            yield Found(what="the end of a surge", said=code, found=f"{held} cases held")
    elif code == "starved":
        due, arrived = arrivals(connection, cell, entry)
        if due < watch.DUE_MIN or 2 * arrived >= due:
            yield Found(what="a surge", said=code, found=f"{arrived} of {due:.1f} verdicts came")
    elif code == CARRIED:
        if not any(one.at_us == entry.at_us for one in carries.of_cell(connection, cell)):
            yield Found(what="a surge", said=code, found="nothing was carried with it")
    elif not fired(connection, cell, code, at_us=entry.at_us):
        yield Found(what="a surge", said=code, found="no alarm of that name with it")


def ended(connection: Connection, entry: Entry) -> Iterator[Found]:
    """Compare the end of an attempt with those before; yields what differs."""
    over = plans.over(connection, cell_of(entry), entry.word("fingerprint"))
    if entry.number("attempt") != over.attempt + 1:
        yield Found(
            what="attempt", said=_word(entry.number("attempt")), found=str(over.attempt + 1)
        )
    cooldown = 0 if entry.word("code") in {"plan", CARRIED} else COOLDOWN_US
    if entry.number("resumes_us") != entry.at_us + cooldown:
        yield Found(
            what="resumes_us", said=_word(entry.number("resumes_us")),
            found=str(entry.at_us + cooldown),
        )  # fmt: skip


def doubted(connection: Connection, entry: Entry) -> Iterator[Found]:
    """Count again what a reviewer missed, or answered rightly since; yields what differs."""
    reviewer = entry.word("reviewer")
    alarm = checks.alarm_of(connection, entry.workflow, reviewer)
    if entry.event == "governance:reviewer:cleared":
        since_us = 0 if alarm is None else alarm.alarmed_us
        last = checks.last(
            connection, entry.workflow, reviewer, since_us=since_us,
            limit=reviewers.CLEARED_AFTER,
        )  # fmt: skip
        if alarm is None or len(last) < reviewers.CLEARED_AFTER or not all(last):
            yield Found(what="cleared", said=reviewer, found=f"{sum(last)} of {len(last)} right")
        return
    since_us = 0 if alarm is None else alarm.cleared_us or 0
    missed, dealt = checks.answered_bad(
        connection, entry.workflow, reviewer=reviewer, since_us=since_us
    )
    said = entry.number("missed"), entry.number("dealt")
    if said != (missed, dealt) or not measure.rubber_stamp(missed=missed, dealt=dealt):
        yield Found(
            what=f"the alarm of {reviewer}", said=f"{said[0]} of {said[1]} missed",
            found=f"{missed} of {dealt} missed",
        )  # fmt: skip


def fired(connection: Connection, cell: Cell, detector: str, *, at_us: int) -> bool:
    """Say whether a detector of a cell fired in the same transaction."""
    alarms = plans.alarms(connection, cell, since_us=at_us - 1)
    return any(one.detector == detector and one.at_us == at_us for one in alarms)


def arrivals(connection: Connection, cell: Cell, entry: Entry) -> tuple[float, int]:
    """Return how many verdicts were due of what ran alone before an entry, and how many came."""
    grant = grants.of_cell(connection, cell)
    if grant is None:
        return 0.0, 0
    rows = [
        row
        for row in evidence.of_cell(connection, cell, since_us=grant.given_us)
        if row.fingerprint == grant.fingerprint and row.eligible
    ]
    return watch.arrivals(rows, now_us=entry.at_us)


Look = Callable[[Connection, Entry], Iterator[Found]]

LOOKS: Final[Mapping[str, tuple[str, Look]]] = {
    "governance:detector:fired": ("alarms", sounded),
    "governance:grid:fixed": ("grids", fixed),
    "governance:surge:begun": ("surges", surged),
    "governance:surge:ended": ("surges", surged),
    "governance:evidence_stream:closed": ("closed attempts", ended),
    "governance:reviewer:alarmed": ("alarms of reviewers", doubted),
    "governance:reviewer:cleared": ("alarms of reviewers", doubted),
}
