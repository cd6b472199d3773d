"""The remit of the gallery: cells in every state, judged by the same mathematics as real ones."""

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TypeVar

from remit.domain import clock
from remit.domain.action import Risk
from remit.domain.autonomy import TIES, Cell, Level, Phase
from remit.domain.plan import DAY_US, STANDARDS, Cluster, Plan, Reviewed
from remit.errors import IllegalMoveError, NotEntitledError, NotFoundError, StaleScorecardError
from remit.governance import cell_map, cell_rows, cell_whole, cells
from remit.governance.cell_rows import RowPage
from remit.governance.cell_whole import CellWhole
from remit.governance.cells import CellView
from remit.governance.promoting import Unmet
from remit.governance.scorecard import Frame
from remit.store import projections
from remit.store.connection import Connection
from remit.store.database import Database, open_database
from remit.store.evidence import EvidenceRow
from tests.browser.sample_compared import Comparing, tables
from tests.browser.samples import case_id

DESK, TRIAGE = "refund-desk", "triage"
NOW_BEHAVIOUR, OLD_BEHAVIOUR = "b7" * 32, "3c" * 32
READY = Cell(workflow=DESK, action="issue_refund", segment="small")
EMPTY = Cell(workflow=DESK, action="issue_refund", segment="other")
SURGING = Cell(workflow=DESK, action="send_reply")
TOP = Cell(workflow=DESK, action="add_note")
FALLEN = Cell(workflow=DESK, action="close_ticket")
DRAFTED = Cell(workflow=TRIAGE, action="label")
T = TypeVar("T")


class Earning(Comparing):
    """The part of the gallery that earns; refuses what the real one refuses."""

    now: datetime

    def remit_map(self, workflow: str | None = None, /) -> tuple[CellView, ...]:
        known = [(cell, *_framed(cell)) for cell in CELLS if workflow in {None, cell.workflow}]
        now_us = clock.microseconds(self.now)
        return _world(self.now).read(lambda c: cell_map.of(c, known, now_us=now_us))

    def cell(self, cell: Cell, /) -> CellView:
        return self._read(cell, cells.view)

    def cell_whole(self, cell: Cell, /) -> CellWhole:
        return self._read(cell, cell_whole.of)

    def cell_rows(self, cell: Cell, /, *, after: str | None = None, limit: int = 50) -> RowPage:
        plan, frame = _framed(cell)
        return _world(self.now).read(
            lambda c: cell_rows.page(
                c, plan, cell, fingerprint=frame.fingerprint, after=after, limit=limit,
                now_us=clock.microseconds(self.now),
            )
        )  # fmt: skip

    async def sign_grant(
        self,
        cell: Cell,
        /,
        *,
        to: Level,
        digest: str,
        person: str,
        attested: Collection[str] = (),
    ) -> CellView | Unmet:
        found = self._owned(cell, person)
        if to.value != found.next:
            raise IllegalMoveError(f"`{cell.name}` goes up level by level")
        if digest != found.digest:
            raise StaleScorecardError(f"what `{cell.name}` has shown is not what was signed")
        if not found.met:
            return Unmet(conditions=found.unmet)
        listed = self.cell_whole(cell).checklist
        if listed is not None and (unmet := listed.unmet(attested)):
            return Unmet(conditions=unmet)
        self.__dict__.setdefault("granted", []).append((cell.name, to, person))
        return found

    async def lower_grant(self, cell: Cell, /, *, to: Level, person: str, reason: str) -> CellView:
        found = self._owned(cell, person)
        if to.rank >= Level(found.level).rank:
            raise IllegalMoveError(f"`{cell.name}` stands at {found.level} already")
        self.__dict__.setdefault("lowered", []).append((cell.name, to, person, reason))
        return found

    def _owned(self, cell: Cell, person: str) -> CellView:
        found = self.cell(cell)
        if person != found.owner:
            raise NotEntitledError(f"`{person}` does not answer for `{cell.workflow}`")
        return found

    def _read(self, cell: Cell, work: Callable[..., T]) -> T:
        plan, frame = _framed(cell)
        now_us = clock.microseconds(self.now)
        return _world(self.now).read(lambda c: work(c, plan, cell, frame, now_us=now_us))


def plan_of(action: str, risk: Risk, *segments: str, workflow: str = DESK) -> Plan:
    """Return a plan as the risk class has it."""
    standard = STANDARDS[risk]
    return Plan(
        workflow=workflow, action=action, risk=risk, error_max_ppm=standard.error_max_ppm,
        false_grant_max_ppm=standard.false_grant_max_ppm, window_days=standard.window_days,
        settle=standard.settle, cluster=Cluster.SUBJECT, material=(), segments=segments,
        reviewers=Reviewed.ASSUMED if risk is Risk.LOW else Reviewed.MEASURED,
        starts=Level.SHADOW if workflow == TRIAGE else Level.APPROVE_EACH,
    )  # fmt: skip


PLANS = {
    "issue_refund": plan_of("issue_refund", Risk.MONEY, "small"),
    "send_reply": plan_of("send_reply", Risk.NORMAL),
    "add_note": plan_of("add_note", Risk.LOW),
    "close_ticket": plan_of("close_ticket", Risk.LOW),
    "label": plan_of("label", Risk.LOW, workflow=TRIAGE),
}
CELLS = (READY, EMPTY, SURGING, TOP, FALLEN, DRAFTED)


def _framed(cell: Cell) -> tuple[Plan, Frame]:
    if cell not in CELLS:
        raise NotFoundError(f"there is no cell `{cell.name}`; see `remit grants`")
    phase = Phase.BASELINE if cell.workflow == TRIAGE else Phase.EXPAND
    return PLANS[cell.action], Frame(
        fingerprint=NOW_BEHAVIOUR, phase=phase, ceiling=Level.AUTONOMOUS,
        owner="" if cell.workflow == TRIAGE else "a.weber", undo="take_back",
        escalation="a.weber",
    )  # fmt: skip


@cache
def _world(now: datetime) -> Database:
    """Return the rows of the gallery's cells as they would be in a store; made once."""
    folder = Path(tempfile.mkdtemp(prefix="gallery-"))
    made = open_database(f"sqlite:///{folder / 'cells.db'}", schema=projections.SCHEMA)
    now_us = clock.microseconds(now)
    connection = made.writer()
    connection.begin(write=True)
    _fill(connection, now_us)
    connection.commit()
    connection.close()
    return made


def _fill(connection: Connection, now_us: int) -> None:
    day = now_us - 80 * DAY_US
    _rows(
        connection, READY, since_us=day, every_us=DAY_US // 9, count=690,
        wrong={118} | {n for n in range(690) if n * 7_919 % 380_000 < 25_000 and n % 2},
        scored=True,
    )  # fmt: skip
    _grid(connection, READY)
    _answers(connection, READY, count=690, since_us=day, every_us=DAY_US // 9)
    _checks(connection, "money", dealt=100, now_us=now_us)
    _checks(connection, "normal", dealt=60, now_us=now_us)
    begun = now_us - 30 * DAY_US
    _rows(
        connection, SURGING, since_us=now_us - 75 * DAY_US, every_us=DAY_US // 7, count=300,
        wrong={77}, behaviour=NOW_BEHAVIOUR,
    )  # fmt: skip
    _rows(
        connection, SURGING, since_us=now_us - 88 * DAY_US, every_us=DAY_US // 7, count=60,
        wrong={3, 30}, behaviour=OLD_BEHAVIOUR, first=900,
    )  # fmt: skip
    _rows(
        connection, SURGING, since_us=begun, every_us=DAY_US // 6, count=178, wrong={96, 131},
        level="sampled", alone=True, pending=frozenset({176, 177}), first=500,
    )  # fmt: skip
    _given(connection, SURGING, 1, "sampled", begun, now_us + 12 * DAY_US, rows=300, wrong=1)
    _change(connection, SURGING, 2, now_us - 2 * DAY_US, "surge", code="warn")
    made = tables(_of(SURGING), now_us, fingerprint=NOW_BEHAVIOUR, before=OLD_BEHAVIOUR)
    for table, rows in made:
        _put(connection, table, rows)
    surge = {"begun_us": now_us - 2 * DAY_US, "cases": 150, "code": "warn"}
    _put(connection, "surges", [_of(SURGING) | surge])
    _alarm(connection, SURGING, "warn", row=600, rows=132, at_us=now_us - 2 * DAY_US)
    begun = now_us - 60 * DAY_US
    _rows(
        connection, TOP, since_us=now_us - 85 * DAY_US, every_us=DAY_US // 8, count=200,
        wrong={9},
    )  # fmt: skip
    _rows(
        connection, TOP, since_us=begun, every_us=DAY_US // 5, count=298, wrong={40, 211},
        level="autonomous", alone=True, first=400, void=frozenset({60}), audited=True,
    )  # fmt: skip
    _given(connection, TOP, 3, "sampled", now_us - 62 * DAY_US, now_us, rows=180, wrong=1)
    _given(connection, TOP, 4, "autonomous", begun, now_us + 30 * DAY_US, rows=260, wrong=2)
    step = {
        "before": OLD_BEHAVIOUR, "after": NOW_BEHAVIOUR, "proof": "analysis",
        "at_us": now_us - 6 * DAY_US, "actor": "a.weber", "person": 1, "rows": 498, "dropped": 6,
        "stayed": 1,
    }  # fmt: skip
    _put(connection, "carries", [_of(TOP) | step])
    for number in (*range(660, 666), 611):
        connection.execute(
            "update evidence set gone = 1 where action_id = ?", (action_id(TOP, number),)
        )
    at = now_us - DAY_US
    _rows(
        connection, FALLEN, since_us=now_us - 50 * DAY_US, every_us=DAY_US // 6, count=240,
        wrong={228, 231, 235, 239}, level="sampled", alone=True,
    )  # fmt: skip
    _given(connection, FALLEN, 5, "sampled", now_us - 50 * DAY_US, now_us, rows=60, wrong=0)
    _alarm(connection, FALLEN, "breach", row=239, rows=240, at_us=at)
    _change(connection, FALLEN, 6, at, "lowered", level="approve-each", code="breach")
    connection.execute(
        "update grants set level = 'approve-each', given_us = ? where action = ?",
        (at, FALLEN.action),
    )
    over = {
        "fingerprint": NOW_BEHAVIOUR, "closed_us": at, "resumes_us": at + 7 * DAY_US,
        "code": "demoted.breach",
    }  # fmt: skip
    _put(connection, "attempts", [_of(FALLEN) | over])
    _rows(
        connection, DRAFTED, since_us=now_us - 9 * DAY_US, every_us=DAY_US // 3, count=26,
        wrong={4, 11}, level="shadow", pending=frozenset({24, 25}),
    )  # fmt: skip


def _put(connection: Connection, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Put rows into a table; what they do not say is empty, 0 or nothing, as the column has it."""
    known = connection.rows(f"pragma table_info({table})")
    empty = {str(one[1]): ("" if one[2] == "text" else 0) if one[3] else None for one in known}
    for row in rows:
        assert set(row) <= set(empty), set(row) - set(empty)
    connection.executemany(
        f"insert into {table} ({', '.join(empty)}) values ({', '.join('?' * len(empty))})",
        [tuple({**empty, **row}.values()) for row in rows],
    )


def _of(cell: Cell) -> dict[str, str]:
    return {"workflow": cell.workflow, "action": cell.action, "segment": cell.segment}


def _key(cell: Cell) -> tuple[str, str, str]:
    return cell.workflow, cell.action, cell.segment


def _rows(
    connection: Connection,
    cell: Cell,
    *,
    since_us: int,
    every_us: int,
    count: int,
    wrong: set[int],
    level: str = "approve-each",
    alone: bool = False,
    scored: bool = False,
    behaviour: str = NOW_BEHAVIOUR,
    pending: frozenset[int] = frozenset(),
    void: frozenset[int] = frozenset(),
    audited: bool = False,
    first: int = 0,
) -> None:
    """Put rows into the store as if proposals had been decided and people had judged them."""
    told: list[Mapping[str, object]] = []
    moved: list[Mapping[str, object]] = []
    for number in range(count):
        at_us = since_us + number * every_us
        name = action_id(cell, first + number)
        outcome, code = _label(number, wrong, pending, void)
        score = (620_000 + (number * 7_919) % 380_000) * TIES + number if scored else None
        row = EvidenceRow(
            action_id=name, case_id=case_id(1 + number % 24), workflow=cell.workflow,
            action=cell.action, segment=cell.segment, fingerprint=behaviour,
            cluster=f"{first}-{number}", at_us=at_us, level=level, score=score,
            share_ppm=1_000_000, draw=0, drawn=True, day="2026-11-01", eligible=True, alone=alone,
            outcome=outcome, code=code, source="audit" if audited else "approval",
            reviewer="l.costa" if outcome else "", settled=True,
            label_us=at_us + DAY_US if outcome else None, labels=int(bool(outcome)),
        )  # fmt: skip
        told.append(asdict(row))
        if cell.action == "issue_refund":
            moved.append(
                {
                    "action_id": name, "case_id": case_id(1), "workflow": cell.workflow,
                    "action": cell.action, "version": 1, "state": "confirmed", "risk": "money",
                    "money_minor": 1_200 + 37 * (number % 90), "currency": "EUR",
                    "proposed_us": at_us,
                }
            )  # fmt: skip
    _put(connection, "evidence", told)
    _put(connection, "proposals", moved)


def _label(
    number: int, wrong: set[int], pending: frozenset[int], void: frozenset[int]
) -> tuple[str, str]:
    if number in pending:
        return "", ""
    if number in wrong:
        return "wrong", "edited"
    return ("void", "duplicate") if number in void else ("right", "approved")


def action_id(cell: Cell, number: int) -> str:
    """Return the id of a row of a cell."""
    return f"{CELLS.index(cell):02x}{number:030x}"


def _grid(connection: Connection, cell: Cell) -> None:
    scores = sorted(((620_000 + (n * 7_919) % 380_000, n) for n in range(200)), reverse=True)
    cuts: Sequence[tuple[int, int]] = [scores[share * 2 - 1] for share in range(10, 101, 5)]
    fixed = {
        "fingerprint": NOW_BEHAVIOUR, "thresholds": " ".join(f"{p}.{t:06d}" for p, t in cuts),
        "begins": 12, "back": 6, "low_mark_ppm": scores[179][0], "first": action_id(cell, 0),
        "last": action_id(cell, 199),
    }  # fmt: skip
    _put(connection, "grids", [_of(cell) | fixed])


def _answers(
    connection: Connection, cell: Cell, *, count: int, since_us: int, every_us: int
) -> None:
    """Have somebody say yes to each row two hours after they were asked, within 40 seconds."""
    hour = DAY_US // 24
    asked = [
        {
            "approval_id": f"{n:032x}", "case_id": case_id(1), "action_id": action_id(cell, n),
            "workflow": cell.workflow, "action": cell.action, "risk": "money", "state": "closed",
            "requested_us": since_us + n * every_us, "decided_by": "l.costa",
            "decided_us": since_us + n * every_us + 2 * hour, "verdict": "approve",
        }
        for n in range(count)
    ]  # fmt: skip
    _put(connection, "approvals", asked)
    vote = {"person": "l.costa", "role": "refund-approver", "seconds_open": 40}
    _put(connection, "votes", [{"approval_id": one["approval_id"], **vote} for one in asked])


def _checks(connection: Connection, risk: str, *, dealt: int, now_us: int) -> None:
    at = now_us - 20 * DAY_US
    answered = [
        {
            **dict.fromkeys(("check_id", "case_id", "approval_id", "item"), f"{risk}{n}"),
            "workflow": DESK, "action": "issue_refund", "risk": risk, "verdict": "reject",
            "dealt_us": at + n, "closed_us": at + n,
            "reviewer": "l.costa", "bad": 1, "caught": 1,
        }
        for n in range(dealt)
    ]  # fmt: skip
    _put(connection, "checks", answered)


def _given(
    connection: Connection, cell: Cell, seq: int, level: str, at_us: int, expires_us: int, *,
    rows: int, wrong: int,
) -> None:  # fmt: skip
    connection.execute("delete from grants where action = ?", (cell.action,))
    grant = {
        "level": level, "fingerprint": NOW_BEHAVIOUR, "signer": "a.weber", "given_us": at_us,
        "expires_us": expires_us, "evidence_rows": rows, "evidence_wrong": wrong,
        "sensitivity_ppm": 900_000,
    }  # fmt: skip
    _put(connection, "grants", [_of(cell) | grant])
    _change(connection, cell, seq, at_us, "given", level=level, rows=rows, wrong=wrong)


def _change(
    connection: Connection, cell: Cell, seq: int, at_us: int, kind: str, *, level: str = "",
    code: str = "", rows: int | None = None, wrong: int | None = None,
) -> None:  # fmt: skip
    change = {
        "seq": seq, "at_us": at_us, "kind": kind, "level": level, "code": code,
        "actor": "a.weber" if kind == "given" else "monitors", "fingerprint": NOW_BEHAVIOUR,
        "evidence_rows": rows, "evidence_wrong": wrong,
    }  # fmt: skip
    _put(connection, "level_changes", [_of(cell) | change])


def _alarm(
    connection: Connection, cell: Cell, detector: str, *, row: int, rows: int, at_us: int
) -> None:
    alarm = {
        "detector": detector, "fingerprint": NOW_BEHAVIOUR, "last_row": action_id(cell, row),
        "rows": rows, "at_us": at_us,
    }  # fmt: skip
    _put(connection, "alarms", [_of(cell) | alarm])


def pages() -> Iterator[str]:
    """Yield the addresses of the remit of the gallery."""
    yield "/remit"
    for cell in CELLS:
        yield "/remit/" + "/".join(_key(cell))
    for cell in (READY, SURGING):
        yield "/remit/" + "/".join(_key(cell)) + "/grant"
