"""A cell earns what it may do alone, keeps it while it is right, and loses it at once."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Bar, Cell, Level, Outcome
from remit.domain.entry import Entry
from remit.domain.ids import control_stream
from remit.errors import (
    IllegalMoveError,
    NotAcknowledgedError,
    NotEntitledError,
    StaleScorecardError,
)
from remit.evidence import gate
from remit.governance import labels
from remit.governance.checklist import ATTESTED
from remit.governance.labels import Said
from remit.governance.promoting import Unmet
from remit.store import evidence
from remit.store.evidence import EvidenceRow
from tests.helpdesk import Cli
from tests.projects import NAME, OLGA, PAUL, Small, events, found, send, states, waiting

pytestmark = pytest.mark.anyio

BODY = "return (await run.act(note, text=case.message)).state"
ASSUMED = """
[workflow.actions.note.autonomy]
reviewers = "assumed"
"""
CELL = Cell(workflow=NAME, action="note")
TICKS = ("ledger", *ATTESTED)  # nothing verifies the ledger by the clock in a test
DAY = 86_400


@pytest.fixture
def small(tmp_path: Any) -> Small:
    return Small(folder=tmp_path, granted=(), settings=ASSUMED)


async def answer(remit: Remit, *, wrong: int = 0) -> None:
    """Have a person decide what waits; the first so many are wrong."""
    for number, row in enumerate(waiting(remit)):
        verdict = Verdict.REJECT if number < wrong else Verdict.APPROVE
        reason = RejectReason.FACTS if number < wrong else None
        await testing.decide(remit, row.approval_id, person=OLGA, verdict=verdict, reason=reason)
    await remit.settled()


async def worked(remit: Remit, small: Small, *, cases: int, wrong: int = 0) -> None:
    """Have so many cases come in, spread over a day, and a person decide each."""
    for number in range(cases):
        given = {"order_id": "7", "message": f"case {number} of {small.clock():%m-%d}"}
        await remit.receive(NAME, given, channel="test")
    await remit.settled()
    await answer(remit, wrong=wrong)
    assert remit.keeper.drain()  # what has no place in the log yet must not look a day old
    small.clock.advance(DAY)
    remit.timekeeper.watch.confirm()  # time leapt, and a person says that it is right
    await testing.pass_time(remit, small.clock, 1)


async def a_week(remit: Remit, small: Small, *, cases: int = 56) -> None:
    for _ in range(7):
        await worked(remit, small, cases=cases // 7)


def told(remit: Remit, event: str) -> list[Entry]:
    """Return the entries of the workflow's control stream with that name."""
    return [one for one in remit.entries(control_stream(NAME)) if one.event == event]


async def earned(remit: Remit, small: Small) -> None:
    """Have the cell earn `sampled`, and its owner sign it."""
    for _ in range(3):
        await a_week(remit, small)
    card = remit.scorecard(CELL)
    assert card.met, card.conditions
    signed = await remit.sign_grant(
        CELL, to=Level.SAMPLED, digest=card.digest, person=OLGA, attested=TICKS
    )
    assert not isinstance(signed, Unmet)


async def test_every_proposal_is_a_row_and_every_verdict_a_label(small: Small) -> None:
    async with small.open(BODY) as remit:
        case_id = await send(remit, message="hello")
        await answer(remit)
        (row,) = remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
        assert (row.drawn, row.eligible, row.alone, row.share_ppm) == (
            True,
            True,
            False,
            1_000_000,
        )
        assert (row.outcome, row.source, row.reviewer) == ("right", "approval", OLGA)
        assert row.fingerprint == remit.equipment[NAME].fingerprint
        assert events(remit, case_id).count("governance:label:given") == 1
        (plan,) = told(remit, "governance:plan:set")
        assert plan.body["error_max_ppm"] == 100_000


async def test_a_cell_earns_to_act_alone_and_its_owner_signs(small: Small) -> None:
    async with small.open(BODY) as remit:
        await a_week(remit, small)
        early = remit.scorecard(CELL)
        assert early.to is Level.SAMPLED
        assert not early.met
        unmet = await remit.sign_grant(
            CELL, to=Level.SAMPLED, digest=early.digest, person=OLGA, attested=TICKS
        )
        assert isinstance(unmet, Unmet)
        assert {one.name for one in unmet.conditions} == {"cycles"}
        for _ in range(2):
            await a_week(remit, small)
        card = remit.scorecard(CELL)
        with pytest.raises(NotEntitledError):
            await remit.sign_grant(
                CELL, to=Level.SAMPLED, digest=card.digest, person=PAUL, attested=TICKS
            )
        with pytest.raises(StaleScorecardError):
            await remit.sign_grant(
                CELL, to=Level.SAMPLED, digest=early.digest, person=OLGA, attested=TICKS
            )
        with pytest.raises(IllegalMoveError, match="level by level"):
            await remit.sign_grant(
                CELL, to=Level.AUTONOMOUS, digest=card.digest, person=OLGA, attested=TICKS
            )
        await remit.sign_grant(
            CELL, to=Level.SAMPLED, digest=card.digest, person=OLGA, attested=TICKS
        )
        case_id = await send(remit, message="alone")
        assert states(remit, case_id) == [("note", "confirmed")]
        (given,) = told(remit, "governance:grant:given")
        assert (given.body["rows"], given.body["wrong"]) == (168, 0)


async def test_a_raise_that_nobody_outside_confirms_is_taken_back(small: Small) -> None:
    async with small.open(BODY) as remit:
        for _ in range(3):
            await a_week(remit, small)
        card = remit.scorecard(CELL)
        remit.acknowledger.witnessed = lambda _size, *, timeout_seconds: timeout_seconds < 0
        with pytest.raises(NotAcknowledgedError, match=r"grant .* is not witnessed within 10 s"):
            await remit.sign_grant(
                CELL, to=Level.SAMPLED, digest=card.digest, person=OLGA, attested=TICKS
            )
        assert remit.cell(CELL).level == "approve-each"
        case_id = await send(remit, message="alone?")
        assert states(remit, case_id) == [("note", "held")]
        await answer(remit)
        (lowered,) = told(remit, "governance:grant:lowered")
        assert (lowered.body["code"], lowered.body["before"]) == ("unacknowledged", "sampled")
        remit.acknowledger.witnessed = lambda _size, *, timeout_seconds: timeout_seconds > 0
        card = remit.scorecard(CELL)  # what it has shown counts on
        await remit.sign_grant(
            CELL, to=Level.SAMPLED, digest=card.digest, person=OLGA, attested=TICKS
        )
        assert remit.cell(CELL).level == "sampled"


async def test_its_owner_signs_on_the_command_line_what_explain_shows(
    small: Small, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = datetime.fromtimestamp(small.folder.stat().st_mtime, UTC)
    small.clock = testing.FrozenClock(begun - timedelta(days=21, minutes=9))  # then it is now
    async with small.open(BODY) as remit:
        for _ in range(3):
            await a_week(remit, small)
    data = small.folder / "data"
    for name, value in {
        "REMIT_DATABASE": f"sqlite:///{data}/remit.db", "REMIT_KEYS": f"{data}/keys",
        "XDG_STATE_HOME": f"{small.folder}/state",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    asked = Cli(small.folder / "project", capsys)

    def signs() -> None:
        """Ask as a person does, in a process without a loop of its own."""
        assert asked("grants", "explain", CELL.name) == 0
        found = re.search(r"to sign for sampled: --digest\s+(\w+)", asked.out)
        assert found is not None, asked.out
        ticks = [word for name in re.findall(r"--tick\s+(\w+)", asked.out)
                 for word in ("--tick", name)]  # fmt: skip
        assert ticks[1::2] == [*TICKS]
        sign = ("grants", "sign", CELL.name, "--as", OLGA, "--to", "sampled", "--digest", found[1])
        assert asked(*sign, *ticks[2:]) == 1
        assert "its signer has to tick `ledger`" in asked.err
        sign += tuple(ticks)
        assert asked(*sign) == 0, asked.err
        assert f"{CELL.name} stands at sampled" in asked.out
        levels = {one["cell"]: one["level"] for one in asked.json("grants", "list")}
        assert levels[CELL.name] == "sampled"
        assert asked(*sign) == 1  # it was signed already
        assert asked("evidence", "verify") == 0

    await asyncio.to_thread(signs)


async def test_a_day_that_goes_on_raises_nothing(small: Small) -> None:
    """A customer who wrote once today may write again, and both are one row."""
    async with small.open(BODY) as remit:
        for _ in range(4):
            await worked(remit, small, cases=7)
        for number in range(2):
            await send(remit, message=f"today {number}")
            await answer(remit)
        met = {one.name: one.met for one in remit.scorecard(CELL).conditions}
        assert (met["evidence"], met["closed days"]) == (True, False)
        await worked(remit, small, cases=1)
        met = {one.name: one.met for one in remit.scorecard(CELL).conditions}
        assert (met["evidence"], met["closed days"]) == (True, True)


async def test_what_goes_wrong_alone_takes_it_away_at_the_next_gate(small: Small) -> None:
    async with small.open(BODY) as remit:
        await earned(remit, small)
        done = []
        for number in range(60):
            case_id = await send(remit, message=f"alone {number}")
            done += [one.action_id for one in remit.case(case_id).effects]
        drawn = [
            row.action_id
            for row in remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
            if row.drawn and row.action_id in done
        ]
        for action_id in drawn[:8]:
            await remit.undo(action_id, person=OLGA, reason="it was not asked for")
        assert remit.scorecard(CELL).level is Level.APPROVE_EACH
        case_id = await send(remit, message="after")
        assert states(remit, case_id) == [("note", "held")]
        (lowered,) = told(remit, "governance:grant:lowered")
        assert lowered.body["code"] == "breach"
        (task,) = [one for one in remit.tasks().rows if one.kind == "lowered"]
        assert task.action_id in drawn
        assert found(remit, case_id, "policy:action:decided")[0].body["level"] == "approve-each"
        card = remit.scorecard(CELL)
        assert (card.attempt, card.counted and card.counted.rows) == (1, 0)


async def said_wrong(remit: Remit, row: EvidenceRow, *, severity: str = "") -> None:
    """Have somebody say later that a proposal was wrong."""
    said = Said(
        outcome=Outcome.WRONG, code="audit", source="audit", reviewer=PAUL, severity=severity
    )
    await remit.write(lambda uow: labels.give(uow, row.action_id, said), streams=(row.case_id,))


async def test_labels_that_turn_wrong_take_a_grant_back_that_rested_on_them(small: Small) -> None:
    async with small.open(BODY) as remit:
        await earned(remit, small)
        counted = remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
        turned = 0
        for row in counted:
            turned += 1
            await said_wrong(remit, row)
            if told(remit, "governance:grant:lowered"):
                break
        (lowered,) = told(remit, "governance:grant:lowered")
        assert lowered.body["code"] == "unsupported"
        bar = Bar(error_max=0.1, false_grant_max=0.1)
        carried = max(wrong for wrong in range(50) if (gate.needed(bar, wrong=wrong) or 0) <= 168)
        assert turned == carried + 1  # 168 rows carry so many, and one more takes it back
        assert remit.scorecard(CELL).level is Level.APPROVE_EACH


async def test_one_critical_error_is_enough(small: Small) -> None:
    async with small.open(BODY) as remit:
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        case_id = await send(remit, message="alone")
        assert states(remit, case_id) == [("note", "confirmed")]
        (row,) = remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
        await said_wrong(remit, row, severity="critical")
        (lowered,) = told(remit, "governance:grant:lowered")
        assert (lowered.body["code"], lowered.body["level"]) == ("critical", "approve-each")
        assert states(remit, await send(remit, message="after")) == [("note", "held")]
