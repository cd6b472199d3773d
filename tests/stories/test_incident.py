"""What a cell did alone went wrong: one incident, contained, put right, and only then raised."""

from datetime import timedelta
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain import actor
from remit.domain.approval import Verdict
from remit.domain.autonomy import Cell, Level, Outcome
from remit.domain.incident import Correction, Severity
from remit.errors import (
    CorrectionsOpenError,
    IllegalMoveError,
    NotEntitledError,
    NotFoundError,
    RequestInvalidError,
)
from remit.governance import labels, monitors
from remit.governance.incident import IncidentView
from remit.governance.labels import Said
from remit.governance.rollbacks import RollbackView, Selection
from remit.governance.scorecard import Scorecard
from remit.ledger import projections
from remit.store import evidence
from tests.projects import NAME, OLGA, OTTO, PAUL, ROSA, Small, send, states
from tests.stories import test_seeded
from tests.stories.test_earned import ASSUMED, BODY, answer, told

pytestmark = pytest.mark.anyio

CELL = Cell(workflow=NAME, action="note")
SCOPE = f"cell:{CELL.name}"
MANY = 6


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(folder=tmp_path, granted=(), settings=ASSUMED)


async def alone(
    remit: Remit, small: Small, *, cases: int = MANY, level: Level = Level.AUTONOMOUS
) -> list[str]:
    """Have the cell do something alone in so many cases; return the effects, oldest first."""
    await testing.grant(remit, NAME, "note", level, signer=OLGA)
    done = []
    for number in range(cases):
        small.clock.advance(1)
        case_id = await send(remit, message=f"alone {number}")
        assert states(remit, case_id) == [("note", "confirmed")]
        done += [one.action_id for one in remit.case(case_id).effects]
    return done


async def wrong(remit: Remit, action_id: str, *, severity: str = "") -> None:
    """Have somebody say later that an effect was wrong."""
    row = remit.database.read(lambda c: evidence.find(c, action_id))
    assert row is not None
    said = Said(
        outcome=Outcome.WRONG, code="audit", source="audit", reviewer=PAUL, severity=severity
    )
    await remit.write(lambda uow: labels.give(uow, row.action_id, said), streams=(row.case_id,))


def only(remit: Remit) -> IncidentView:
    """Return the one incident there is, with its effects."""
    (found,) = remit.incidents().rows
    return remit.incident(found.incident_id)


def met(card: Scorecard) -> bool | None:
    (found,) = [one.met for one in card.conditions if one.name == "incidents"]
    return found


async def taken_back(remit: Remit, incident: IncidentView) -> RollbackView:
    """Take back what is to check of an incident, exactly as it is shown."""
    selection = Selection(
        workflow=NAME, since=incident.occurred_at - timedelta(days=1), until=remit.now(),
        incident_id=incident.incident_id,
    )  # fmt: skip
    plan = remit.plan_rollback(selection)
    return await remit.start_rollback(selection, person=OLGA, reason="wrong", digest=plan.digest)


async def test_a_fall_after_harm_opens_an_incident_that_is_rolled_back_and_resolved(
    small: Small,
) -> None:
    async with small.open(BODY) as remit:
        done = await alone(remit, small)
        await wrong(remit, done[2], severity="critical")
        (lowered,) = told(remit, "governance:grant:lowered")
        (declared,) = told(remit, "governance:incident:declared")
        (contained,) = told(remit, "governance:incident:contained")
        assert declared.at_us == lowered.at_us == contained.at_us, "one transaction"
        incident = only(remit)
        assert (incident.number, incident.severity, incident.state) == (1, "sev2", "contained")
        assert (incident.scope, incident.owner, incident.says[:9]) == (SCOPE, OLGA, "An effect")
        assert [one.action_id for one in incident.effects] == done[::-1]
        assert incident.counts == {"to_check": MANY}
        (task,) = [one for one in remit.tasks().rows if one.kind == "lowered"]
        assert task.incident_id == incident.incident_id
        assert met(remit.scorecard(CELL)) is False
        assert [one.number for one in remit.incidents_of(CELL)] == [1]
        with pytest.raises(CorrectionsOpenError, match=f"{MANY} effects"):
            await remit.resolve_incident(incident.incident_id, person=OLGA)
        noted = await remit.note_finding(
            incident.incident_id, person=OLGA, finding=Correction.NO_HARM, actions=done[:2]
        )
        assert (noted.noted, noted.left) == (2, MANY - 2)
        rollback = await taken_back(remit, incident)
        assert (rollback.planned, rollback.incident_id) == (MANY - 2, incident.incident_id)
        assert only(remit).counts == {"no_harm": 2, "undone": MANY - 2}
        assert only(remit).rollbacks == (rollback.rollback_id,)
        assert met(remit.scorecard(CELL)) is False, "nobody has said that it is over"
        resolved = await remit.resolve_incident(incident.incident_id, person=OLGA)
        assert resolved.state == "resolved"
        assert met(remit.scorecard(CELL)) is True
        reviewed = await remit.review_incident(
            incident.incident_id, person=OLGA, found="the audit share was too small to see it"
        )
        assert (reviewed.state, reviewed.ended[:9]) == ("reviewed", "the audit")
        assert [one.number for one in remit.incidents(closed=True).rows] == [1]
        assert projections.check(remit.database).result == "equal"


async def test_a_breach_opens_one_and_later_harm_of_the_same_joins_it(small: Small) -> None:
    async with small.open(BODY) as remit:
        done = await alone(remit, small, cases=50, level=Level.SAMPLED)
        number = 0
        while not told(remit, "governance:grant:lowered"):
            await wrong(remit, done[number])
            number += 1
        assert only(remit).affected == 50
        (declared,) = told(remit, "governance:incident:declared")
        known = remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
        first = next(row for row in known if row.outcome == "wrong")
        assert declared.body["occurred_us"] == first.at_us
        assert declared.body["code"] == "breach"
        await wrong(remit, done[-1], severity="critical")
        again = only(remit)
        assert (again.reports, again.number) == (2, 1)
        assert len(told(remit, "governance:incident:reported")) == 1


async def test_a_fall_of_what_never_ran_alone_is_a_task_and_no_incident(small: Small) -> None:
    async with small.open(BODY) as remit:
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        await remit.set_stop(f"workflow:{NAME}", person=OLGA, sentence="wait")
        case_id = await send(remit, message="held by the stop")
        (effect,) = remit.case(case_id).effects
        await wrong(remit, effect.action_id, severity="critical")
        assert told(remit, "governance:grant:lowered")
        assert [one.kind for one in remit.tasks().rows] == ["lowered"]
        assert remit.incidents().rows == ()


async def test_anybody_declares_one_by_hand_and_a_stop_holds_it(small: Small) -> None:
    async with small.open(BODY) as remit:
        done = await alone(remit, small, cases=2)
        scope = f"action:{NAME}.note"
        said = {
            "severity": Severity.SEV1,
            "sentence": "notes at anna@example.org in the wrong file",
        }
        declared = await remit.declare_incident(scope, person=ROSA, **said)
        assert (declared.state, declared.severity) == ("declared", "sev1")
        assert "anna@example.org" not in declared.sentence
        assert [one.action_id for one in declared.effects] == done[::-1]
        small.clock.advance(1)
        assert states(remit, await send(remit, message="on")) == [("note", "confirmed")]
        assert only(remit).counts == {"to_check": 3}, "the query is run again until it is resolved"
        await remit.note_finding(declared.incident_id, person=OLGA, finding=Correction.NO_HARM)
        with pytest.raises(IllegalMoveError, match="not contained"):
            await remit.resolve_incident(declared.incident_id, person=OLGA)
        with pytest.raises(NotEntitledError):
            await remit.contain_incident(declared.incident_id, person=ROSA)
        held = await remit.contain_incident(declared.incident_id, person=OTTO)
        assert (held.state, held.containment) == ("contained", f"a stop stands on `{scope}`")
        assert states(remit, await send(remit, message="after")) == [("note", "held")]
        await remit.resolve_incident(declared.incident_id, person=OLGA)
        assert remit.incidents_of(CELL), "a SEV1 counts until it is reviewed"
        await remit.review_incident(declared.incident_id, person=OLGA, found="a label was missing")
        assert not remit.incidents_of(CELL)
        again = await remit.declare_incident(scope, person=ROSA, **said)
        assert (again.number, again.state) == (2, "contained"), "the stop stands already"
        joined = await remit.declare_incident(scope, person=PAUL, **said)
        assert (joined.incident_id, joined.reports) == (again.incident_id, 2)


async def test_declaring_a_cell_with_containment_lowers_it_at_once(small: Small) -> None:
    async with small.open(BODY) as remit:
        await alone(remit, small, cases=1)
        made = await remit.declare_incident(
            SCOPE,
            person=OTTO,
            severity=Severity.SEV2,
            sentence="it answers nonsense",
            contain=True,
        )
        assert made.state == "contained"
        (lowered,) = told(remit, "governance:grant:lowered")
        assert (lowered.body["code"], lowered.actor) == ("by_hand", actor.person(OTTO))
        assert states(remit, await send(remit, message="after")) == [("note", "held")]
        dismissed = await remit.dismiss_incident(
            made.incident_id, person=OLGA, reason="it was a joke"
        )
        assert (dismissed.state, dismissed.ended) == ("dismissed", "it was a joke")
        assert met(remit.scorecard(CELL)) is True


async def test_who_may_do_what(small: Small) -> None:
    async with small.open(BODY) as remit:
        done = await alone(remit, small, cases=1)
        given = {"severity": Severity.SEV3, "sentence": "slow"}
        made = await remit.declare_incident(f"workflow:{NAME}", person=PAUL, **given)
        wanted = made.incident_id
        for person in (PAUL, OTTO, ROSA):
            with pytest.raises(NotEntitledError):
                await remit.note_finding(wanted, person=person, finding=Correction.NO_HARM)
            with pytest.raises(NotEntitledError):
                await remit.resolve_incident(wanted, person=person)
            with pytest.raises(NotEntitledError):
                await remit.review_incident(wanted, person=person, found="nothing")
            with pytest.raises(NotEntitledError):
                await remit.dismiss_incident(wanted, person=person, reason="none")
        with pytest.raises(NotEntitledError):
            await remit.declare_incident(f"workflow:{NAME}", person=PAUL, contain=True, **given)
        with pytest.raises(NotEntitledError):
            await remit.declare_incident(f"workflow:{NAME}", person="nobody", **given)
        with pytest.raises(NotFoundError):
            await remit.declare_incident("action:nothing.here", person=PAUL, **given)
        with pytest.raises(RequestInvalidError):
            await remit.note_finding(wanted, person=OLGA, finding=Correction.UNDONE, actions=done)
        with pytest.raises(NotFoundError):
            await remit.note_finding(wanted, person=OLGA, finding=Correction.CANNOT, actions=["x"])
        with pytest.raises(IllegalMoveError):
            await remit.review_incident(wanted, person=OLGA, found="too early")
        with pytest.raises(RequestInvalidError):
            await remit.declare_incident(
                f"workflow:{NAME}",
                person=PAUL,
                occurred_at=remit.now() + timedelta(days=1),
                **given,
            )


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.REJECT])
async def test_a_missed_check_of_critical_harm_is_a_near_miss_that_names_nobody(
    tmp_path: Path, verdict: Verdict
) -> None:
    small = Small(folder=tmp_path, granted=())
    async with small.open(test_seeded.PAY) as remit:
        await test_seeded.decided(remit, cases=4)
        paying = Cell(workflow=NAME, action="pay")
        for row in remit.database.read(lambda c: list(evidence.of_cell(c, paying))):
            await wrong(remit, row.action_id, severity="critical")
        assert remit.incidents().rows == (), "people had approved it"
        await test_seeded.later(remit, small)
        (check,) = test_seeded.dealt(remit)
        assert test_seeded.truth(remit, check)
        await test_seeded.answer(remit, check, verdict)
        if verdict is Verdict.REJECT:
            assert remit.incidents().rows == ()
            return
        incident = only(remit)
        assert (incident.severity, incident.scope) == ("sev3", f"action:{NAME}.pay")
        assert (incident.state, incident.containment) == ("contained", "nothing was sent")
        assert (incident.effects, incident.since) == ((), None)
        (declared,) = told(remit, "governance:incident:declared")
        assert OLGA not in str(declared.body)
        assert check.check_id not in str(declared.body)
        assert [one.number for one in remit.incidents_of(paying)] == [1]
        reported = await remit.declare_incident(
            incident.scope, person=OTTO, severity=Severity.SEV2, sentence="twice", contain=True
        )
        assert (reported.number, reported.containment) == (
            2,
            f"a stop stands on `{incident.scope}`",
        )
        resolved = await remit.resolve_incident(incident.incident_id, person=OLGA)
        assert resolved.state == "resolved"


async def test_what_a_person_approved_during_a_surge_is_none_of_it(small: Small) -> None:
    async with small.open(BODY, attacked=True) as remit:  # no detector has fired before it
        done = await alone(remit, small, cases=2)
        await remit.write(lambda uow: monitors.surge(uow, CELL, code="warn"))
        small.clock.advance(1)
        case_id = await send(remit, message="looked at")
        assert states(remit, case_id) == [("note", "held")]
        await answer(remit)
        assert states(remit, case_id) == [("note", "confirmed")]
        await wrong(remit, done[0], severity="critical")
        assert [one.action_id for one in only(remit).effects] == done[::-1]
