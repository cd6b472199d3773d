"""How much may be done in a time: reserved with the intent, given back only where it was not."""

from typing import Any

import pytest

from remit import testing
from remit.errors import NotEntitledError, NotFoundError, RequestInvalidError, SettingsError
from remit.integrations.recorder import Fault
from tests.projects import (
    NAME,
    OLGA,
    PAUL,
    Small,
    events,
    found,
    only_waiting,
    send,
    standing,
    states,
    waiting,
)

pytestmark = pytest.mark.anyio

NOTE = 'return (await run.act(note, text="hello")).receipt.id'
PAY = """
order = await run.read(get_order, order_id=case.order_id)
return (await run.act(pay, order_id=order.id, amount=case.amount or order.total)).receipt.id
"""
HOUR = 3_600


def limit(**given: object) -> str:
    """Return a limit as `remit.toml` writes it."""
    members = {
        "name": "hourly", "group": "effect", "measure": "effects", "per": "workflow",
        "window_seconds": HOUR, "max": 2, "owner": "olga",
    } | given  # fmt: skip
    lines = [
        f"{key} = {value if isinstance(value, int) else f'{chr(34)}{value}{chr(34)}'}"
        for key, value in members.items()
        if value is not None
    ]
    return "\n[[limits]]\n" + "\n".join(lines) + "\n"


def uses(remit: Any) -> list[tuple[str, int, bool]]:
    """Return (state of the effect, quantity, whether it is settled) of all that is taken."""
    rows = remit.database.read(
        lambda c: c.rows(
            "select p.state, l.quantity, l.settled_us from limit_uses l"
            " left join proposals p on p.action_id = l.action_id order by p.proposed_us"
        )
    )
    return [(str(row[0]), int(row[1]), row[2] is not None) for row in rows]


async def test_what_is_done_alone_is_limited_and_a_person_may_allow_more(small: Small) -> None:
    """The third in an hour is held; what a person approves takes nothing of it."""
    small.settings = limit()
    async with small.open(NOTE) as remit:
        for text in ("one", "two"):
            await send(remit, message=text)
        third = await send(remit, message="three")
        assert standing(remit, third) == ("parked", "approval")
        row = only_waiting(remit)
        card = remit.approval(row.approval_id, person=OLGA).card
        assert [reason.code for reason in card.reasons] == ["limits.exceeded"]
        assert dict(card.cost)["limit hourly"] == "2 of 2 taken, 0 left, 1 asked for"
        await testing.decide(remit, row.approval_id, person=PAUL)
        await testing.pass_time(remit, small.clock, 1)
        assert uses(remit) == [("confirmed", 1, True), ("confirmed", 1, True)]
    assert small.performed() == ["note"] * 3


async def test_a_window_slides_and_what_waits_goes_by_itself(small: Small) -> None:
    """An `all` limit opens no approval; the oldest leaves the window, and the next goes."""
    small.settings = limit(counts="all")
    async with small.open(NOTE) as remit:
        await send(remit, message="one")
        small.clock.advance(600)
        await send(remit, message="two")
        third = await send(remit, message="three")
        assert standing(remit, third) == ("parked", "lift")
        assert waiting(remit) == ()
        await testing.pass_time(remit, small.clock, HOUR - 601)
        assert len(small.performed()) == 2
        await testing.pass_time(remit, small.clock, 2)
        assert len(small.performed()) == 3, standing(remit, third)
        (view,) = remit.limits()
        assert (view.allowed, view.taken, view.waiting) == ("2", ("2",), 0)


async def test_an_all_limit_holds_what_a_person_approved_too(small: Small) -> None:
    """A yes does not outrank it; its owner raises it for a time, and what waits is gated again."""
    small.granted = ()
    small.settings = limit(counts="all", max=1)
    async with small.open(NOTE) as remit:
        await send(remit, message="one")
        second = await send(remit, message="two")
        for row in waiting(remit):
            await testing.decide(remit, row.approval_id, person=PAUL)
        await testing.pass_time(remit, small.clock, 1)
        assert small.performed() == ["note"]
        parked = [one for one in remit.cases().rows if one.status == "parked"]
        assert [one.reason for one in parked] == ["lift"]
        assert remit.limits()[0].waiting == 1

        for person, message in ((PAUL, "only its owner"), ("nobody", "nobody who may")):
            with pytest.raises(NotEntitledError, match=message):
                await remit.raise_limit("hourly", person=person, max="9", seconds=60, reason="x")
        for most in ("1", "many", "0"):
            with pytest.raises(RequestInvalidError):
                await remit.raise_limit("hourly", person=OLGA, max=most, seconds=60, reason="x")
        with pytest.raises(NotFoundError, match="`hourly`"):
            await remit.raise_limit("daily", person=OLGA, max="9", seconds=60, reason="x")
        await remit.raise_limit("hourly", person=OLGA, max="9", seconds=600, reason="a recall")
        await testing.pass_time(remit, small.clock, 1)
        (row,) = waiting(remit)  # gated with fresh facts: a person is asked again
        await testing.decide(remit, row.approval_id, person=PAUL)
        await testing.pass_time(remit, small.clock, 1)
        assert small.performed() == ["note"] * 2, standing(remit, second)
        assert remit.limits()[0].raised_by == OLGA

        small.clock.advance(601)
        assert remit.limits()[0].allowed == "1"


async def test_money_adds_up_over_amounts_in_minor_units(small: Small) -> None:
    """999 and 999 cents fit into 20 euros, a third does not."""
    small.settings = limit(
        group=None, action=f"{NAME}.pay", measure="money", max="20.00 EUR", counts="all"
    )
    async with small.open(PAY) as remit:
        for number in range(3):
            last = await send(remit, message=str(number), order_id=str(number), amount="9.99 EUR")
        assert standing(remit, last) == ("parked", "lift")
        said = found(remit, last, "policy:action:decided")[0].payloads["words"]
        assert "19.98 EUR taken and 9.99 EUR asked for; 20.00 EUR allowed" in str(said)
        assert remit.limits()[0].taken == ("19.98 EUR",)
    assert small.performed() == ["pay", "pay"]


async def test_another_currency_is_not_guessed(small: Small) -> None:
    """Nobody can tell how much it is of a limit in euros: a person looks."""
    small.settings = limit(group=None, action=f"{NAME}.pay", measure="money", max="1000.00 USD")
    async with small.open(PAY) as remit:
        await send(remit)
        card = remit.approval(only_waiting(remit).approval_id, person=OLGA).card
        assert [reason.code for reason in card.reasons] == ["limits.unknown"]
        said = "no limit counts what this moves; its limits count USD"
        assert [reason.sentence for reason in card.reasons] == [said]


async def test_each_currency_has_a_limit_of_its_own(small: Small) -> None:
    """Dollars are no matter of the limit in euros, once one counts dollars; pounds still are."""
    small.settings = limit(
        group=None, action=f"{NAME}.pay", measure="money", max="20.00 EUR", counts="all"
    ) + limit(
        name="in-dollars", group=None, action=f"{NAME}.pay", measure="money", max="10.00 USD",
        counts="all",
    )  # fmt: skip
    async with small.open(PAY) as remit:
        cases = []
        for number, amount in enumerate(
            ("9.99 EUR", "9.99 USD", "9.99 EUR", "1.00 USD", "1.00 GBP")
        ):
            small.order["total"] = {"amount": "50.00", "currency": amount[-3:]}
            cases.append(
                await send(remit, message=str(number), order_id=str(number), amount=amount)
            )
        taken = {one.name: one.taken for one in remit.limits()}
        assert taken == {"hourly": ("19.98 EUR",), "in-dollars": ("9.99 USD",)}
        assert [standing(remit, one)[0] for one in cases[:3]] == ["closed"] * 3
        assert standing(remit, cases[3]) == ("parked", "lift")
        codes = found(remit, cases[4], "policy:action:decided")[0].body["codes"]
        assert codes == ["limits.unknown"]


@pytest.mark.parametrize(
    ("per", "notes"), [("workflow", 1), ("case", 2), ("everything", 1), ("connector", 1)]
)
async def test_a_limit_adds_up_for_what_it_is_set_per(small: Small, per: str, notes: int) -> None:
    small.settings = limit(per=per, max=1)
    async with small.open(NOTE) as remit:
        for text in ("one", "two"):
            await send(remit, message=text)
    assert small.performed() == ["note"] * notes


async def test_what_did_not_happen_gives_back_and_what_was_undone_does_not(small: Small) -> None:
    """A refusal releases; an undone effect happened, and stays in the window."""
    small.settings = limit(max=1, counts="all")
    small.tape.fail("note", Fault.REFUSED)
    body = """
    try:
        done = await run.act(note, text="hello")
    except EffectFailedError:
        return "failed"
    return done.receipt.id
    """
    async with small.open(body) as remit:
        await send(remit, message="refused")
        assert uses(remit) == []
        second = await send(remit, message="done")
        (effect,) = remit.case(second).effects
        await remit.undo(effect.action_id, person=OLGA, reason="a mistake")
        assert uses(remit) == [("compensated", 1, True)]
        third = await send(remit, message="third")
        assert standing(remit, third) == ("parked", "lift")


async def test_what_nobody_is_sure_about_keeps_its_place(small: Small) -> None:
    """It may have happened: however old, it counts until somebody knows."""
    small.settings = limit(max=1, counts="all")
    small.tape.fail("note", Fault.TIMEOUT_AFTER)
    small.tape.fail("find", Fault.UNAVAILABLE, times=99)
    async with small.open(NOTE, replays=False) as remit:
        await send(remit, message="one")
        assert uses(remit) == [("ambiguous", 1, False)]
        await testing.pass_time(remit, small.clock, 2 * HOUR)
        second = await send(remit, message="two")
        assert standing(remit, second) == ("parked", "lift")


async def test_what_is_outside_a_pilots_scope_goes_to_a_person_as_a_case(small: Small) -> None:
    """The scope lock: no approval lifts it."""
    small.settings = limit(outside="escalate", max=1)
    async with small.open(NOTE) as remit:
        await send(remit, message="one")
        second = await send(remit, message="two")
        assert standing(remit, second) == ("escalated", "limits.outside")
        assert states(remit, second) == [("note", "escalated")]


REACHES = """
@desk.derive
def readers(text: str) -> int:
    return len(text.split())

@desk.action(
    risk="low", undo=take_back, says="Tell {text}", recipients=readers, times_max=3
)
async def tell(text: Annotated[str, Source.any()]) -> Done:
    return Done.model_validate(await tape.perform("mail", text=text))
"""


async def test_recipients_are_counted_by_the_derive_that_the_action_names(small: Small) -> None:
    """Three and two fit into five, one more does not; uncounted, a person looks."""
    small.granted, small.permitted = ("tell",), ("tell", "take_back")
    small.settings = limit(measure="recipients", max=5, counts="all")
    body = """
    if case.message != "uncounted":
        await run.derive(readers, text=case.message)
    return (await run.act(tell, text="hello")).receipt.id
    """
    async with small.open(body, more=REACHES) as remit:
        await send(remit, message="a b c")
        await send(remit, message="a b")
        third = await send(remit, message="a")
        assert standing(remit, third) == ("parked", "lift")
        uncounted = await send(remit, message="uncounted")
        assert standing(remit, uncounted) == ("parked", "approval")
        codes = found(remit, uncounted, "policy:action:decided")[0].body["codes"]
        assert codes == ["limits.unknown"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"owner": "nina"}, "owner of limit"),
        ({"max": 0}, "at least 1"),
        ({"max": "5.00 EUR"}, "where `measure` is money"),
        ({"measure": "money", "max": "5 euros"}, "money is written as"),
        ({"measure": "money", "max": "5.001 EUR"}, "money is written as"),
        ({"group": None}, "name one of"),
        ({"action": f"{NAME}.note"}, "name one of"),
        ({"group": None, "action": f"{NAME}.nothing"}, "no action"),
        ({"group": None, "action": "elsewhere.note"}, "is of workflow `elsewhere`"),
        (
            {"group": None, "action": f"{NAME}.note", "measure": "money", "max": "5.00 EUR"},
            "moves none",
        ),
        ({"group": None, "action": f"{NAME}.note", "measure": "rows"}, "does not say how many"),
        ({"window_seconds": 0}, "greater than 0"),
        ({"per": "moon"}, "per"),
        ({"tokens": 5}, "tokens"),
    ],
)
async def test_a_limit_that_can_count_nothing_is_refused_at_start(
    small: Small, given: dict[str, object], said: str
) -> None:
    small.settings = limit(**given)
    with pytest.raises(SettingsError, match=said):
        async with small.open(NOTE):
            pass


async def test_two_limits_of_one_name_are_refused(small: Small) -> None:
    small.settings = limit() + limit(max=5)
    with pytest.raises(SettingsError, match="two"):
        async with small.open(NOTE):
            pass


async def test_a_retry_takes_once(small: Small) -> None:
    """What was not sent gives back, and its next try takes again."""
    small.settings = limit(max=1, counts="all")
    small.tape.fail("note", Fault.NOT_SENT, times=2)
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        assert uses(remit) == []
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 60)
        assert standing(remit, case_id)[0] == "closed"
        assert uses(remit) == [("confirmed", 1, True)]
        assert events(remit, case_id).count("orchestration:effect:intended") == 3
