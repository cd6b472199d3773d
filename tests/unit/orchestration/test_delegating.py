"""Roles that are lent: given and ended, used at the vote, looked up again before the effect."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from remit import testing
from remit.app import Remit
from remit.domain import actor
from remit.domain.approval import ApprovalState, Verdict
from remit.domain.desk_event import ApprovalDecided
from remit.domain.entry import Draft
from remit.errors import NotEntitledError, NotFoundError, OwnRequestError, RequestInvalidError
from remit.governance import delegations
from remit.governance.delegations import Lending
from remit.orchestration import intending
from remit.orchestration import votes as cast_votes
from remit.store import delegations as delegation_rows
from remit.store.unit import UnitOfWork
from tests.projects import (
    NAME,
    ODA,
    OLGA,
    OTTO,
    PAUL,
    ROSA,
    Small,
    found,
    only_waiting,
    send,
    states,
)
from tests.sounding import findings

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(folder=tmp_path, granted=(), grace=10)


def _lending(remit: Remit, **others: object) -> Lending:
    made = Lending(giver=PAUL, to=OTTO, until=remit.now() + timedelta(days=1))
    return replace(made, **others)  # type: ignore[arg-type]  # named by each test


async def test_a_delegate_decides_and_the_record_says_for_whom(small: Small) -> None:
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        approval = only_waiting(remit).approval_id
        with pytest.raises(NotEntitledError):
            await testing.decide(remit, approval, person=OTTO)
        await remit.delegate(_lending(remit), person=PAUL)
        assert OTTO in remit.approval(approval, person=OLGA).eligible
        await testing.decide(remit, approval, person=OTTO)
        (vote,) = remit.approval(approval, person=OTTO).votes
        assert (vote.person, vote.delegated_from) == (OTTO, PAUL)
        (entry,) = found(remit, case_id, "governance:approval:decided")
        assert entry.body["delegated_from"] == PAUL
        await testing.pass_time(remit, small.clock, 11)
        assert states(remit, case_id) == [("pay", "confirmed")]


@pytest.mark.parametrize("how", ["ended", "over"])
async def test_what_is_not_lent_any_more_voids_the_yes(small: Small, how: str) -> None:
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        until = remit.now() + timedelta(seconds=5 if how == "over" else 500)
        made = await remit.delegate(_lending(remit, until=until), person=PAUL)
        first = only_waiting(remit).approval_id
        await testing.decide(remit, first, person=OTTO)
        if how == "ended":
            await remit.end_delegation(made, person=PAUL)
        await testing.pass_time(remit, small.clock, 11)
        assert states(remit, case_id) == [("pay", "held")]
        assert remit.approval(first, person=OLGA).state is ApprovalState.VOID
        with pytest.raises(NotEntitledError):
            await testing.decide(remit, only_waiting(remit).approval_id, person=OTTO)
    assert small.performed() == []


@pytest.mark.parametrize("less", [{"cap": (4999, "EUR")}, {"begins": 1}])
async def test_outside_cap_and_period_a_delegate_may_nothing(
    small: Small, less: dict[str, object]
) -> None:
    async with small.open(PAY) as remit:
        await send(remit)
        if "begins" in less:
            less = {"begins": remit.now() + timedelta(hours=1)}
        await remit.delegate(_lending(remit, **less), person=PAUL)
        with pytest.raises(NotEntitledError, match="needs the role"):
            await testing.decide(remit, only_waiting(remit).approval_id, person=OTTO)


async def test_nobody_acts_for_who_brought_it_in_nor_as_them_for_another(small: Small) -> None:
    async with small.open(PAY) as remit:
        await remit.delegate(_lending(remit), person=PAUL)
        await remit.delegate(_lending(remit, giver=OLGA, to=PAUL), person=OLGA)
        await remit.receive(NAME, {"order_id": "7"}, channel="api", by=f"person:{PAUL}")
        await remit.settled()
        approval = only_waiting(remit).approval_id
        assert remit.approval(approval, person=OLGA).eligible == (OLGA,)
        for person in (OTTO, PAUL):
            with pytest.raises(OwnRequestError):
                await testing.decide(remit, approval, person=person)


async def test_what_was_lent_is_not_lent_on(small: Small) -> None:
    async with small.open(PAY) as remit:
        await send(remit)
        await remit.delegate(_lending(remit), person=PAUL)
        await remit.delegate(_lending(remit, giver=OTTO, to=ODA), person=OTTO)  # an operator's own
        with pytest.raises(NotEntitledError):
            await testing.decide(remit, only_waiting(remit).approval_id, person=ODA)


async def test_what_cannot_be_lent_is_said_in_a_sentence(small: Small) -> None:
    small.settings = '\n[roles.approver]\ncap = "50.00 EUR"\n'
    async with small.open(PAY) as remit:
        past = remit.now() - timedelta(days=1)
        for refused, said, others in (
            (NotFoundError, "did you mean `otto`", {"to": "oto"}),
            (RequestInvalidError, "over before it begins", {"until": past}),
            (RequestInvalidError, "nobody lends to themself", {"to": PAUL}),
            (RequestInvalidError, "more than `paul` may decide", {"cap": (5001, "EUR")}),
            (RequestInvalidError, "more than `paul` may decide", {"cap": (1, "USD")}),
            (NotFoundError, "no workflow `elsewhere`", {"workflows": ("elsewhere",)}),
        ):
            with pytest.raises(refused, match=said):
                await remit.delegate(_lending(remit, **others), person=PAUL)
        assert remit.delegations(person=PAUL) == ()


async def test_an_owner_lends_for_who_is_absent_and_nobody_else_and_not_to_themself(
    small: Small,
) -> None:
    async with small.open(PAY) as remit:
        named = _lending(remit, workflows=(NAME,))
        with pytest.raises(NotEntitledError, match="owner of each workflow"):
            await remit.delegate(named, person=ROSA)
        with pytest.raises(NotEntitledError, match="owner of each workflow"):
            await remit.delegate(_lending(remit), person=OLGA)  # everywhere: nobody owns that
        with pytest.raises(NotEntitledError, match="to themself"):
            await remit.delegate(replace(named, to=OLGA), person=OLGA)
        made = await remit.delegate(named, person=OLGA)
        assert [one.by for one in remit.delegations(person=OTTO)] == [OLGA]
        with pytest.raises(NotEntitledError):
            await remit.end_delegation(made, person=ROSA)
        await remit.end_delegation(made, person=OTTO)
        with pytest.raises(NotFoundError):
            await remit.end_delegation(made, person=PAUL)


async def test_a_no_of_a_delegate_is_a_no(small: Small) -> None:
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        await remit.delegate(_lending(remit), person=PAUL)
        approval = only_waiting(remit).approval_id
        await testing.decide(remit, approval, person=OTTO, verdict=Verdict.REJECT)
        await remit.settled()
        assert states(remit, case_id) == [("pay", "denied")]


async def test_who_edits_for_somebody_counts_for_nobody_and_says_yes_once(small: Small) -> None:
    """A delegate without any role of their own: two others must agree to what they wrote."""
    small.write(PAY)
    settings = small.folder / "project" / "remit.toml"
    settings.write_text(settings.read_text().replace('name = "Otto"\nroles = ["operator"]', ""))
    settings.write_text(settings.read_text().replace("[people.otto]", '[people.otto]\nname = "O"'))
    async with small.open() as remit:
        case_id = await send(remit)
        await remit.delegate(_lending(remit), person=PAUL)
        first = only_waiting(remit).approval_id
        await testing.decide(
            remit, first, person=OTTO, verdict=Verdict.EDIT, edits={"amount": "9.00 EUR"}
        )
        await testing.pass_time(remit, small.clock, 11)
        second = only_waiting(remit).approval_id
        await testing.decide(remit, second, person=OTTO)  # as if it were said again: nothing
        await testing.decide(remit, second, person=PAUL)
        await testing.pass_time(remit, small.clock, 11)
        assert small.performed() == []
        await testing.decide(remit, second, person=OLGA)
        await testing.pass_time(remit, small.clock, 11)
        assert states(remit, case_id)[-1] == ("pay", "confirmed")
    assert small.performed() == ["pay"]


async def test_a_yes_for_somebody_who_lent_nothing_counts_for_nothing_and_is_found(
    small: Small,
) -> None:
    """Written past the desk: the second gate does not count it, and the verifier names it."""
    async with small.open(PAY, attacked=True) as remit:
        case_id = await send(remit)
        row = only_waiting(remit)
        card = remit.approval(row.approval_id, person=PAUL).card
        event = ApprovalDecided(
            approval_id=row.approval_id, action_id=card.action_id, verdict="approve", person=OTTO,
            role="approver", digest=card.digest, channel="console", delegated_from=PAUL,
        )  # fmt: skip
        (asked,) = found(remit, case_id, "governance:approval:requested")
        await remit.write(
            lambda uow: uow.append(
                Draft(
                    event=event, case_id=case_id, workflow=NAME, actor=actor.person(OTTO),
                    path=asked.path,
                )
            ),
            streams=(case_id,),
        )  # fmt: skip
        await testing.pass_time(remit, small.clock, 11)
        assert states(remit, case_id) == [("pay", "held")]
        assert any("had not lent that" in one for one in findings(remit))
    assert small.performed() == []


async def test_what_is_ended_between_the_facts_and_the_intent_is_seen_in_its_transaction(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delegation is over by the time of the transaction, though not by that of the facts."""
    compare = intending._current

    def current(uow: UnitOfWork, *given: Any) -> int:
        if uow.now < small.clock() + timedelta(days=1):
            uow.now += timedelta(days=2)
        return compare(uow, *given)

    monkeypatch.setattr(intending, "_current", current)
    async with small.open(PAY, attacked=True) as remit:
        case_id = await send(remit)
        await remit.delegate(_lending(remit), person=PAUL)
        await testing.decide(remit, only_waiting(remit).approval_id, person=OTTO)
        await testing.pass_time(remit, small.clock, 11)
        assert found(remit, case_id, "orchestration:effect:intended") == []
    assert small.performed() == []


async def test_an_effect_on_a_lent_yes_that_had_lapsed_is_found_by_the_verifier(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate that should have seen it is out of order."""
    monkeypatch.setattr(cast_votes, "not_lapsed", lambda *given, **_: given[3])
    async with small.open(PAY, attacked=True) as remit:
        await send(remit)
        made = await remit.delegate(_lending(remit), person=PAUL)
        await testing.decide(remit, only_waiting(remit).approval_id, person=OTTO)
        assert findings(remit) == []
        await remit.end_delegation(made, person=PAUL)
        await testing.pass_time(remit, small.clock, 11)
        assert small.performed() == ["pay"]
        assert any("without a yes of enough people" in one for one in findings(remit))


async def test_what_is_over_makes_room_and_what_stands_has_a_limit(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delegations, "STANDING_MAX", 2)
    async with small.open(PAY) as remit:
        for _ in range(2):
            await remit.delegate(_lending(remit), person=PAUL)
        with pytest.raises(RequestInvalidError, match="2 delegations stand already"):
            await remit.delegate(_lending(remit), person=PAUL)
        await testing.pass_time(remit, small.clock, 86_401)
        made = await remit.delegate(_lending(remit), person=PAUL)
        rows = remit.database.read(delegation_rows.every)
        assert [one.delegation_id for one in rows] == [made]
