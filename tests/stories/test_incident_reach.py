"""What an incident touches, whatever waited or was edited first, and what holds it now."""

from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain import actor
from remit.domain.approval import Verdict
from remit.domain.autonomy import Level
from remit.domain.incident import Correction, Severity
from remit.domain.incident_event import IncidentResolved
from remit.errors import IllegalMoveError, NotFoundError
from remit.governance import incident, incidents, recompute
from remit.governance.corrections import Noted
from remit.governance.incident import IncidentView
from remit.ledger import projections
from remit.store.unit import UnitOfWork
from tests.projects import NAME, OLGA, OTTO, Small, send, states, waiting
from tests.stories.test_earned import ASSUMED, BODY, answer
from tests.stories.test_incident import CELL, SCOPE, alone, only, wrong

pytestmark = pytest.mark.anyio

WORKFLOW = f"workflow:{NAME}"


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(folder=tmp_path, granted=(), settings=ASSUMED)


async def declared(remit: Remit, scope: str, *, contain: bool = False) -> IncidentView:
    return await remit.declare_incident(
        scope, person=OTTO, severity=Severity.SEV2, sentence="notes in the wrong file",
        contain=contain,
    )  # fmt: skip


async def lifted(remit: Remit, small: Small, scope: str = WORKFLOW) -> None:
    """Lift a stop a second later, and have what waited for it go on."""
    assert not await remit.lift_stop(scope, person=OTTO, reason="it is mended")
    assert await remit.lift_stop(scope, person=OLGA, reason="it is mended")
    await testing.pass_time(remit, small.clock, 1)


async def test_what_ran_alone_after_a_stop_held_it_is_touched_and_opens_one(small: Small) -> None:
    async with small.open(BODY) as remit:
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        await remit.set_stop(WORKFLOW, person=OLGA, sentence="wait")
        case_id = await send(remit, message="held by the stop")
        assert states(remit, case_id) == [("note", "held")]
        await lifted(remit, small)
        assert states(remit, case_id) == [("note", "confirmed")]
        (effect,) = remit.case(case_id).effects
        await wrong(remit, effect.action_id, severity="critical")
        incident = only(remit)
        assert [one.action_id for one in incident.effects] == [effect.action_id]
        assert recompute.verify(remit.database).result == "equal"
        assert projections.check(remit.database).result == "equal"


async def test_harm_of_it_is_seen_after_the_level_fell_too(small: Small) -> None:
    async with small.open(BODY) as remit:
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        await remit.set_stop(WORKFLOW, person=OLGA, sentence="wait")
        case_id = await send(remit, message="held by the stop")
        await lifted(remit, small)
        await remit.lower_grant(CELL, to=Level.APPROVE_EACH, person=OLGA, reason="look at each")
        (effect,) = remit.case(case_id).effects
        await wrong(remit, effect.action_id, severity="critical")
        assert [one.action_id for one in only(remit).effects] == [effect.action_id]


async def test_a_yes_that_was_voided_is_nobodys_yes(small: Small) -> None:
    async with small.open(BODY) as remit:
        case_id = await send(remit, message="asked first")
        await remit.set_stop(WORKFLOW, person=OLGA, sentence="wait")
        await answer(remit)
        assert states(remit, case_id) == [("note", "held")]
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        await lifted(remit, small)
        assert states(remit, case_id) == [("note", "confirmed")]
        (effect,) = remit.case(case_id).effects
        await wrong(remit, effect.action_id, severity="critical")
        assert [one.action_id for one in only(remit).effects] == [effect.action_id]


async def test_what_a_reviewer_edited_belongs_to_its_cell_and_did_not_run_alone(
    small: Small,
) -> None:
    async with small.open(BODY) as remit:
        case_id = await send(remit, message="a wrong word")
        (row,) = waiting(remit)
        await testing.decide(
            remit, row.approval_id, person=OLGA, verdict=Verdict.EDIT, edits={"text": "right"}
        )
        await remit.settled()
        await answer(remit)
        done = [one for one in remit.case(case_id).effects if one.state == "confirmed"]
        assert len(done) == 1
        made = await declared(remit, SCOPE)
        assert [one.action_id for one in made.effects] == [done[0].action_id]
        await remit.dismiss_incident(made.incident_id, person=OLGA, reason="it was none")
        small.clock.advance(1)
        (first,) = await alone(remit, small, cases=1)
        await wrong(remit, first, severity="critical")
        assert [one.action_id for one in only(remit).effects] == [first]


async def test_what_is_begun_after_it_was_resolved_is_none_of_it(small: Small) -> None:
    async with small.open(BODY) as remit:
        (first,) = await alone(remit, small, cases=1)
        scope = f"action:{NAME}.note"
        made = await declared(remit, scope, contain=True)
        case_id = await send(remit, message="held by its stop")
        await remit.note_finding(made.incident_id, person=OLGA, finding=Correction.NO_HARM)
        await remit.resolve_incident(made.incident_id, person=OLGA)
        await lifted(remit, small, scope)
        assert states(remit, case_id) == [("note", "confirmed")]
        assert only(remit).counts == {"no_harm": 1}
        await remit.undo(first, person=OLGA, reason="all the same")
        assert only(remit).counts == {"undone": 1}, "what became of it later is still said"


async def test_one_whose_stop_was_lifted_is_not_contained_until_something_holds_it_again(
    small: Small,
) -> None:
    async with small.open(BODY) as remit:
        await alone(remit, small, cases=1)
        scope = f"action:{NAME}.note"
        made = await declared(remit, scope, contain=True)
        assert (made.held, made.standing) == (True, "contained")
        await remit.note_finding(made.incident_id, person=OLGA, finding=Correction.NO_HARM)
        await lifted(remit, small, scope)
        lost = only(remit)
        assert (lost.state, lost.held, lost.standing) == ("contained", False, "not contained")
        assert lost.containment == ""
        assert states(remit, await send(remit, message="on")) == [("note", "confirmed")]
        await remit.note_finding(made.incident_id, person=OLGA, finding=Correction.NO_HARM)
        with pytest.raises(IllegalMoveError, match="nothing holds it now"):
            await remit.resolve_incident(made.incident_id, person=OLGA)
        held = await remit.contain_incident(made.incident_id, person=OTTO)
        assert (held.held, held.containment) == (True, f"a stop stands on `{scope}`")
        await lifted(remit, small, scope)
        await remit.set_stop(WORKFLOW, person=OLGA, sentence="wait")
        resolved = await remit.resolve_incident(made.incident_id, person=OLGA)
        assert (resolved.state, resolved.containment) == (
            "resolved",
            f"a stop stands on `{WORKFLOW}`",
        )
        await lifted(remit, small)
        assert only(remit).containment == resolved.containment, "what held it until it was over"
        assert projections.check(remit.database).result == "equal"


async def test_it_may_be_declared_on_whatever_is_offered(small: Small) -> None:
    async with small.open(BODY) as remit:
        offered = remit.incident_scopes()
        assert {WORKFLOW, f"action:{NAME}.note", SCOPE} <= set(offered)
        for scope in offered:
            assert (await declared(remit, scope)).scope == scope


async def test_an_entry_that_no_incident_can_follow_is_named_and_the_rest_is_made_again(
    small: Small,
) -> None:
    async with small.open(BODY, attacked=True) as remit:
        made = await declared(remit, WORKFLOW)
        await remit.dismiss_incident(made.incident_id, person=OLGA, reason="it was none")
        event = IncidentResolved(
            incident_id=made.incident_id, no_harm=0, undone=0, by_hand=0, cannot=0
        )

        def forge(uow: UnitOfWork) -> None:
            uow.connection.execute("update incidents set state = 'contained'")
            incidents.append(uow, NAME, event, by=actor.person(OLGA))

        await remit.write(forge)
        await testing.grant(remit, NAME, "note", Level.SAMPLED, signer=OLGA)
        report = recompute.verify(remit.database)
        assert report.result == "different"
        assert report.differing == 1
        assert "resolved, and by the entries it is not possible" in report.lines[0]
        assert [one.level for one in report.grants] == ["sampled"]


async def test_of_more_than_are_shown_each_can_be_named_and_the_answer_says_how_many_are_left(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shows in (incidents, incident):
        monkeypatch.setattr(shows, "EFFECTS_MAX", 2)
    async with small.open(BODY) as remit:
        done = await alone(remit, small, cases=5)
        made = await declared(remit, SCOPE, contain=True)

        async def note(actions: list[str] | None = None) -> Noted:
            return await remit.note_finding(
                made.incident_id, person=OLGA, finding=Correction.NO_HARM, actions=actions
            )

        assert [one.action_id for one in made.effects] == [done[4], done[3]]
        assert await note([done[0]]) == Noted(noted=1, left=4), "the oldest, which is not shown"
        assert await note() == Noted(noted=2, left=2), "what is shown, and no more"
        assert [one.action_id for one in only(remit).effects] == [done[2], done[1]]
        assert await note() == Noted(noted=2, left=0)
        with pytest.raises(NotFoundError):
            await note([done[0], "none"])
