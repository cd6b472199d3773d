"""Roles are read again without a restart: one right lost between vote and effect is a yes lost."""

from dataclasses import replace
from pathlib import Path

import pytest

from remit import testing
from remit.domain.approval import ApprovalState
from remit.errors import NotEntitledError, NotFoundError, SettingsError
from remit.governance.access import Role
from remit.orchestration import intending
from tests.projects import (
    NAME,
    OLGA,
    OTTO,
    PAUL,
    ROSA,
    Small,
    found,
    only_waiting,
    send,
    states,
    waiting,
)

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""
NEEDS_A_PAYER = """
@id("a-payer")
@says("money needs a payer")
@owner("olga")
@since("2026-11-01")
@obligation("approve(n=1, role=payer)")
forbid (principal, action == Action::"small-desk.pay", resource)
unless { context.facts.approvals >= 1 };
"""


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(folder=tmp_path, grace=10, policy=NEEDS_A_PAYER)


def _change(small: Small, old: str, new: str) -> None:
    file = small.folder / "project" / "remit.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


ROSAS = 'name = "Rosa"\nroles = ["payer"]'


@pytest.mark.parametrize(
    "after",
    [
        'name = "Rosa"\nroles = ["reader"]',
        'name = "Rosa"\nroles = ["payer"]\nactive = false',
        'name = "Rosa"\nroles = ["payer"]\n[roles.payer]\ncap = "49.99 EUR"',
    ],
)
async def test_a_right_lost_between_vote_and_effect_voids_the_yes(
    small: Small, after: str
) -> None:
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        first = only_waiting(remit).approval_id
        await testing.decide(remit, first, person=ROSA)
        await remit.settled()
        _change(small, ROSAS, after)
        await testing.pass_time(remit, small.clock, 11)
        assert states(remit, case_id) == [("pay", "held")]
        assert remit.approval(first, person=OLGA).state is ApprovalState.VOID
        again = only_waiting(remit).approval_id
        assert again != first
        if "cap" in after:
            with pytest.raises(NotEntitledError):  # now it is more than anybody's cap
                await testing.decide(remit, again, person=OLGA)
            return
        await testing.decide(remit, again, person=OLGA)
        await testing.pass_time(remit, small.clock, 11)
        assert states(remit, case_id) == [("pay", "confirmed")]
    assert small.performed() == ["pay"]


async def test_a_vote_above_ones_cap_is_refused_and_below_it_counts(small: Small) -> None:
    small.settings = '\n[roles.payer]\ncap = "50.00 EUR"\n'
    async with small.open(PAY) as remit:
        await send(remit)
        await testing.decide(remit, only_waiting(remit).approval_id, person=ROSA)
        await testing.pass_time(remit, small.clock, 11)
        assert small.performed() == ["pay"]
        small.order["total"] = {"amount": "50.01", "currency": "EUR"}
        await send(remit, order_id="8")
        with pytest.raises(NotEntitledError):
            await testing.decide(remit, only_waiting(remit).approval_id, person=ROSA)


async def test_an_approval_of_another_desk_is_not_there(small: Small) -> None:
    async with small.open(PAY) as remit:
        await send(remit)
        approval = only_waiting(remit).approval_id
        elsewhere = {"payer": Role(workflows=frozenset({"elsewhere"}))}
        remit._people._rights = replace(remit._people.rights, roles=elsewhere)
        with pytest.raises(NotFoundError, match="there is no approval"):
            await remit.decide(approval, person=ROSA, verdict=testing.Verdict.APPROVE, digest="x")


async def test_settings_that_do_not_read_change_nobodys_rights(small: Small) -> None:
    async with small.open(PAY) as remit:
        await send(remit)
        file = small.folder / "project" / "remit.toml"
        before = file.read_text()
        file.write_text(before + "\n[people.rosa\n")
        await testing.decide(remit, only_waiting(remit).approval_id, person=ROSA)
        file.unlink()
        await testing.pass_time(remit, small.clock, 11)
        assert small.performed() == ["pay"]
        file.write_text(before.replace(ROSAS, 'name = "Rosa"'))
        assert remit.people()[ROSA].roles == frozenset()


async def test_a_right_lost_between_the_facts_and_the_intent_is_seen_in_its_transaction(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings change after everything was read, right before *intended* is written."""
    compare = intending._current

    def current(*given: object) -> int:
        if ROSAS in (small.folder / "project" / "remit.toml").read_text():
            _change(small, ROSAS, 'name = "Rosa"')
        return compare(*given)

    monkeypatch.setattr(intending, "_current", current)
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        await testing.decide(remit, only_waiting(remit).approval_id, person=ROSA)
        await testing.pass_time(remit, small.clock, 11)
        assert states(remit, case_id) == [("pay", "held")]
        assert found(remit, case_id, "orchestration:effect:intended") == []
    assert small.performed() == []


async def test_roles_that_change_while_effects_run_let_nothing_slip(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of thirty approved cases those that had not begun at the change are asked about anew."""
    perform = small.tape.perform
    at_the_change: list[int] = []

    async def performing(*given: object, **named: object) -> object:
        made = await perform(*given, **named)
        if not at_the_change and len(small.performed()) >= 10:
            _change(small, ROSAS, 'name = "Rosa"')
            # An intent that looked right before the change may be on its way to disk: wait for it.
            await desk.write(lambda _: None, streams=())
            at_the_change.append(
                sum(bool(found(remit, one, "orchestration:effect:intended")) for one in cases)
            )
        return made

    monkeypatch.setattr(small.tape, "perform", performing)
    async with small.open(PAY) as remit:
        desk = remit
        cases = [await send(remit, order_id=str(number)) for number in range(30)]
        for half in (waiting(remit)[:15], waiting(remit)[15:]):
            for row in half:
                await testing.decide(remit, row.approval_id, person=ROSA)
            await testing.pass_time(remit, small.clock, 6)
        await testing.pass_time(remit, small.clock, 6)
        assert 10 <= len(small.performed()) <= at_the_change[0] < 30
        assert sorted(state for one in cases for _, state in states(remit, one)) == sorted(
            ["confirmed"] * len(small.performed()) + ["held"] * (30 - len(small.performed()))
        )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[roles.payer]\nworkflows = ["nowhere"]', "`nowhere`, which is no workflow"),
        ('[roles.payer]\ncap = "1.005 EUR"', "finer than the currency"),
        ('[roles.payer]\ncap = "much"', "roles.payer.cap"),
    ],
)
async def test_a_role_that_reaches_nowhere_is_refused(small: Small, table: str, said: str) -> None:
    small.settings = f"\n{table}\n"
    with pytest.raises(SettingsError, match=said):
        async with small.open(PAY):
            pass


async def test_a_vote_of_somebody_without_the_role_never_counted(small: Small) -> None:
    async with small.open(PAY) as remit:
        await send(remit)
        with pytest.raises(NotEntitledError):
            await testing.decide(remit, only_waiting(remit).approval_id, person=PAUL)


async def test_who_nobody_may_answer_any_more_is_told_at_the_next_tick(small: Small) -> None:
    """Roles change while approvals are open: the owner is told at once, and once."""
    small.policy = """
@id("two-payers") @says("Two payers agree") @owner("olga") @since("2026-11-01")
@obligation("approve(n=2, role=payer)")
forbid (principal, action == Action::"small-desk.pay", resource)
unless { context.facts.approvals >= 2 };
"""
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        other = await remit.receive(NAME, {"order_id": "8"}, channel="test", by=f"person:{OTTO}")
        await remit.settled()
        _change(small, 'roles = ["approver"]', 'roles = ["approver", "reader"]')
        await testing.pass_time(remit, small.clock, 1)
        reminded = "governance:approval:reminded"
        assert found(remit, case_id, reminded) == []  # two still may
        _change(small, ROSAS, 'name = "Rosa"')
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 1)
        for one in (case_id, other.case_id):
            (told,) = found(remit, one, reminded)
            assert (told.word("stage"), told.word("to")) == ("unanswerable", "person:olga")
        assert len(waiting(remit)) == 2
        ended = "orchestration:wait:ended"
        looked = len(found(remit, case_id, ended))
        _change(small, 'name = "Rosa"', 'name = "Rosa"  # away')
        await testing.pass_time(remit, small.clock, 1)
        assert len(found(remit, case_id, ended)) == looked > 0  # the file says the same of people
