"""Whoever has the record makes every grant again from its entries, and finds a false one."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from remit import testing
from remit.app import Remit
from remit.domain import actor, clock
from remit.domain.autonomy import Cell, Level, Outcome
from remit.domain.check_event import ReviewerAlarmed, ReviewerCleared
from remit.domain.desk_event import GrantGiven, GrantLowered
from remit.domain.effect_event import ActionDecided
from remit.domain.entry import Draft, Entry, Event
from remit.domain.evidence_event import (
    DayKeyRevealed,
    DetectorFired,
    LabelGiven,
    SurgeBegun,
)
from remit.domain.ids import control_stream
from remit.domain.value import Json
from remit.governance import grants, labels, recompute
from remit.governance.checklist import Ticked
from remit.governance.labels import Said
from remit.governance.promoting import Unmet
from remit.governance.recompute import EvidenceReport
from remit.store import evidence
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork
from tests.projects import NAME, OLGA, PAUL, Small, send
from tests.stories import test_earned as earned

pytestmark = pytest.mark.anyio

BODY = earned.BODY
CELL = Cell(workflow=NAME, action="note")
WRONG = Said(outcome=Outcome.WRONG, code="audit", source="audit", reviewer=PAUL)


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Any) -> Small:
    database = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Small(folder=tmp_path, database=database, granted=(), settings=earned.ASSUMED)


@pytest.fixture
def alone(tmp_path: Any) -> Small:
    return Small(folder=tmp_path, granted=(), settings=earned.ASSUMED)


def verified(remit: Remit) -> EvidenceReport:
    return recompute.verify(remit.database)


def rows(remit: Remit) -> list[EvidenceRow]:
    return remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))


async def say(remit: Remit, row: EvidenceRow, said: Said = WRONG) -> None:
    await asyncio.to_thread(
        remit.writer.run, lambda uow: labels.give(uow, row.action_id, said), streams=(row.case_id,)
    )


def forged(remit: Remit, event: Event, *, stream: str = "", by: actor.Actor | None = None) -> None:
    """Write an entry that nothing stands behind."""
    draft = Draft(
        event=event, case_id=stream or control_stream(NAME), workflow=NAME,
        actor=by or actor.service("monitors"),
    )  # fmt: skip
    remit.writer.run(lambda uow: uow.append(draft))


async def test_what_was_earned_and_lost_comes_out_again(small: Small) -> None:
    """Coins of three weeks, a grant, a breach: each entry follows from those before."""
    async with small.open(BODY) as remit:
        await earned.earned(remit, small)
        for number in range(60):
            await send(remit, message=f"alone {number}")
        drawn = [row for row in rows(remit) if row.drawn and row.alone]
        for row in drawn[:8]:
            await say(remit, row)
        report = verified(remit)
        assert report.lines[-1] == "1 grants: all as entries say"
        (grant,) = report.grants
        assert (grant.result, grant.level, grant.rows, grant.wrong) == ("equal", "sampled", 168, 0)
        assert report.told["coins"] == len(rows(remit))
        assert report.told["lowerings"] == report.told["closed attempts"] == 1
        assert report.told["alarms"] >= 1
        assert 0 < report.told["coins under a key that is still secret"] < report.told["coins"]


async def test_nothing_is_written_by_looking(alone: Small) -> None:
    async with alone.open(BODY) as remit:
        await send(remit, message="1")
        before = remit.database.read(lambda c: c.value("select count(*) from entries"))
        seen: list[tuple[int, int]] = []
        recompute.verify(remit.database, progress=lambda *at: seen.append(at))
        remit.scorecards()
        assert remit.database.read(lambda c: c.value("select count(*) from entries")) == before
        assert seen[-1][0] == seen[-1][1]


async def test_a_grant_of_the_test_kit_says_so(alone: Small) -> None:
    async with alone.open(BODY) as remit:
        await testing.grant(remit, NAME, "note", Level.SAMPLED, signer=OLGA)
        await send(remit, message="1")
        report = verified(remit)
        assert [one.result for one in report.grants] == ["test kit"]
        assert "rests on no evidence" in report.lines[-3]
        assert report.result == "equal"


# -- false entries -------------------------------------------------------------------------------


Forge = Callable[[Remit, list[EvidenceRow]], None]


def lowered(remit: Remit, _rows: list[EvidenceRow], code: str = "breach") -> None:
    forged(
        remit,
        GrantLowered(action="note", segment="all", level="shadow", code=code, before="sampled"),
    )


def alarm(remit: Remit, found: list[EvidenceRow]) -> None:
    forged(
        remit,
        DetectorFired(
            action="note", segment="all", fingerprint=found[0].fingerprint, detector="warn",
            rate_max_ppm=80_000, run_min=750, rows=3, row=found[2].action_id, statistic="9.1",
        ),
    )  # fmt: skip


def label(remit: Remit, found: list[EvidenceRow], **more: Any) -> None:
    said = {"action_id": found[0].action_id, "outcome": "right", "number": 1, **more}
    forged(remit, LabelGiven(code="audit", source="audit", **said), stream=found[0].case_id)


def key(remit: Remit, found: list[EvidenceRow]) -> None:
    forged(remit, DayKeyRevealed(day=found[0].day, key="00" * 32))


FORGERIES: dict[str, tuple[Forge, str]] = {
    "lowered for no breach": (lowered, "what lowered it: it says breach"),
    "lowered for no harm": (lambda r, f: lowered(r, f, "critical"), "it says critical"),
    "lowered before it expired": (lambda r, f: lowered(r, f, "expired"), "it says expired"),
    "lowered for no silence": (lambda r, f: lowered(r, f, "starved"), "it says starved"),
    "lowered by nobody": (lambda r, f: lowered(r, f, "by_hand"), "it says by_hand"),
    "lowered for no reason": (lambda r, f: lowered(r, f, "because"), "it says because"),
    "lowered for a plan that never came": (
        lambda r, f: lowered(r, f, "plan"), "no plan was set then",
    ),
    "an alarm that does not sound": (alarm, "the detector warn"),
    "a surge without an alarm": (
        lambda r, _: forged(r, SurgeBegun(action="note", segment="all", cases=9, code="warn")),
        "no alarm of that name with it",
    ),
    "a surge though verdicts came": (
        lambda r, _: forged(r, SurgeBegun(action="note", segment="all", cases=9, code="starved")),
        "verdicts came",
    ),
    "a label before its decision": (
        lambda r, f: label(r, f, action_id="f" * 64), "not decided before it",
    ),
    "a label that leaves one out": (lambda r, f: label(r, f, number=2), "the number of a label"),
    "an alarm of a reviewer who missed nothing": (
        lambda r, _: forged(r, ReviewerAlarmed(reviewer=PAUL, missed=5, dealt=5)),
        "the alarm of paul: it says 5 of 5 missed",
    ),
    "a reviewer cleared who answered nothing": (
        lambda r, _: forged(r, ReviewerCleared(reviewer=PAUL, answers=10)), "cleared",
    ),
    "a key that is not the one fixed": (key, "the key of 2026-11-24"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
async def test_an_entry_that_nothing_stands_behind_is_named(alone: Small, name: str) -> None:
    forge, said = FORGERIES[name]
    async with alone.open(BODY, attacked=True) as remit:
        await testing.grant(remit, NAME, "note", Level.SAMPLED, signer=OLGA)
        for number in range(5):
            await send(remit, message=str(number))
        forge(remit, rows(remit))
        report = verified(remit)
        assert report.result == "different"
        assert said in report.lines[0], report.lines


FEWER = Ticked(checked=("undo", "escalation", "labels", "audits"), attested=("ledger", "told"))
CHANGES: dict[str, dict[str, Any]] = {
    "rows": {"rows": 169}, "wrong": {"wrong": 1}, "last": {"last": "0" * 64},
    "log evidence": {"log_evidence": "4.200000000000"}, "attempt": {"attempt": 1},
    "sensitivity_ppm": {"sensitivity_ppm": 999_999}, "threshold_ppm": {"threshold_ppm": 900_000},
    "the plan": {"plan": "0" * 64}, "the level": {"level": "autonomous"},
    "expires_us": {"expires_us": 1}, "since_us": {"since_us": 7},
    "the digest of what was signed": {"evidence": "0" * 64},
    "the digest of the checklist": {"checklist": "0" * 64},
    "the checklist": {
        "attested": FEWER.attested, "checked": FEWER.checked, "checklist": FEWER.digest,
    },
}  # fmt: skip


async def test_each_number_that_a_grant_says_is_compared(alone: Small) -> None:
    async with alone.open(BODY, attacked=True) as remit:
        for _ in range(3):
            await earned.a_week(remit, alone)
        card = remit.scorecard(CELL)
        signed = await remit.sign_grant(
            CELL, to=Level.SAMPLED, digest=card.digest, person=OLGA, attested=earned.TICKS
        )
        assert not isinstance(signed, Unmet)
        (given,) = earned.told(remit, "governance:grant:given")
        assert verified(remit).result == "equal"

        def say_otherwise(uow: UnitOfWork, change: dict[str, Any]) -> None:
            """Take the grant back and give it once more, with something else in it."""
            grants.lower(
                uow, CELL, level=Level.APPROVE_EACH, code="by_hand", by=actor.person(OLGA)
            )
            expires_us = clock.microseconds(uow.now) + 90 * 86_400_000_000
            body = {**given.body, "expires_us": expires_us, **change}
            uow.append(
                Draft(
                    event=GrantGiven(**body), case_id=control_stream(NAME), workflow=NAME,
                    actor=actor.person(OLGA),
                )
            )  # fmt: skip

        for change in CHANGES.values():
            remit.writer.run(partial(say_otherwise, change=change))
        report = verified(remit)
        assert [one.result for one in report.grants] == ["equal"] + ["different"] * len(CHANGES)
        found = [one.what for one in report.differences]
        assert found == [*CHANGES]


def decided_anew(remit: Remit, decided: Entry, **change: Json) -> None:
    lists = {name: decided.words(name) for name in ("codes", "voters", "bounds", "limits")}
    event = ActionDecided(**{**decided.body, **lists, **change})  # type: ignore[arg-type]  # as it was read
    forged(remit, event, stream=decided.case_id, by=actor.service("gate"))


async def test_a_coin_that_was_turned_is_found_when_its_key_is_told(alone: Small) -> None:
    """Whoever has it drawn otherwise than the key has it is found out the day after."""
    async with alone.open(BODY, attacked=True) as remit:
        await send(remit, message="1")
        (decided,) = [
            one for one in remit.entries(rows(remit)[0].case_id)
            if one.event == "policy:action:decided"
        ]  # fmt: skip
        assert verified(remit).result == "equal"
        decided_anew(remit, decided, action_id="a" * 64, draw=5)
        assert verified(remit).result == "equal"  # the key is still secret
        alone.clock.advance(2 * 86_400)
        remit.timekeeper.watch.confirm()
        await send(remit, message="2")
        report = verified(remit)
        assert [one.what for one in report.differences] == ["the draw"]


async def test_a_share_that_no_plan_level_or_surge_says_is_found(alone: Small) -> None:
    async with alone.open(BODY, attacked=True) as remit:
        await testing.grant(remit, NAME, "note", Level.SAMPLED, signer=OLGA)
        await send(remit, message="1")
        (decided,) = [
            one for one in remit.entries(rows(remit)[0].case_id)
            if one.event == "policy:action:decided" and one.number("share_ppm") is not None
        ]  # fmt: skip
        drawn = (decided.number("draw") or 0) < 2**53 // 10
        decided_anew(remit, decided, action_id="a" * 64, share_ppm=100_000, drawn=drawn)
        assert [one.what for one in verified(remit).differences] == ["the share of the coin"]
