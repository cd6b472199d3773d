"""A person's word for a value: proven by it in its scope, and no action is approved."""

from collections.abc import Sequence

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import Verdict
from remit.errors import (
    IllegalMoveError,
    InvalidEditError,
    NotEntitledError,
    NotFoundError,
    RemitError,
    RequestInvalidError,
)
from remit.governance.endorsement import Scope
from tests.projects import (
    OLGA,
    PAUL,
    ROSA,
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

# The order that is paid for is read out of the message: nothing proves it.
GUESSED = """
order = await run.read(get_order, order_id=case.order_id)
await run.act(pay, order_id=case.message, amount=case.amount or order.total)
"""
SHIP = """
@desk.action(risk="normal", undo=take_back, says="Ship {what} to {where}", times_max=9)
async def ship(
    where: Annotated[str, Source.case("message")],
    what: Annotated[list[str], Source.tool("get_order", "note")],
    kind: Annotated[str, Source.literal("parcel", "letter")] = "parcel",
    secret: Annotated[str | None, Source.tool("get_order", "note").never_endorsed()] = None,
) -> Done:
    return Done.model_validate(await tape.perform("note", text=where))
"""
SHIPS = """
await run.read(get_order, order_id=case.order_id)
await run.act(ship, where="north gate", what=["a", "b"], secret=None)
"""
PAY_TO = """
@desk.action(risk="normal", undo=take_back, says="Mail to {to}", times_max=9)
async def mail(to: Annotated[Email, Source.tool("get_order", "note")]) -> Done:
    return Done.model_validate(await tape.perform("mail", to=to))
"""
MAIL = "customer@example.org"
SAID = "the customer named it on the phone"


async def _endorse(
    remit: Remit, *parameters: str, person: str = OLGA, **more: object
) -> tuple[str, ...]:
    waits = only_waiting(remit)
    made = await remit.endorse(
        waits.approval_id, person=person, parameters=parameters, sentence=SAID,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip
    await remit.settled()
    return made


def _codes(remit: Remit, case_id: str) -> list[list[str]]:
    return [list(one.body["codes"]) for one in found(remit, case_id, "policy:action:decided")]  # type: ignore[arg-type]


@pytest.fixture
def ships(small: Small) -> Small:
    small.granted = ("ship",)
    small.permitted = ("ship", "take_back")
    return small


async def test_values_that_are_vouched_for_run_and_each_has_an_entry(ships: Small) -> None:
    """Two parameters, three values, one sentence; the gate looks again by itself."""
    async with ships.open(SHIPS, more=SHIP) as remit:
        case_id = await send(remit, message="north gate please")
        assert len(await _endorse(remit, "where", "what")) == 3
        assert standing(remit, case_id)[0] == "closed"
        given = found(remit, case_id, "governance:endorsement:given")
        assert [one.body["parameter"] for one in given] == ["where", "what", "what"]
        assert given[0].payloads["value"] == {
            "form": "north gate", "sentence": SAID, "type": "text",
        }  # fmt: skip
        assert waiting(remit) == ()
    assert ships.performed() == ["note"]


async def test_a_word_approves_no_action(ships: Small) -> None:
    """Without a grant the same question stands, with fewer reasons."""
    ships.granted = ()
    async with ships.open(SHIPS, more=SHIP) as remit:
        case_id = await send(remit, message="first")
        await _endorse(remit, "where", "what")
        assert standing(remit, case_id) == ("parked", "approval")
        assert _codes(remit, case_id)[-1] == ["level.no_grant"]
        card = remit.approval(only_waiting(remit).approval_id, person=OLGA).card
        (change,) = [one for one in card.changes if one.name == "where"]
        assert (change.integrity, change.source) == ("endorsed", "endorsed by olga")
    assert ships.performed() == []


async def test_a_word_for_the_case_ends_with_it_and_one_for_the_sender_reaches_further(
    ships: Small,
) -> None:
    async with ships.open(SHIPS, more=SHIP) as remit:
        await send(remit, message="first", sender=MAIL)
        await _endorse(remit, "where", "what")
        second = await send(remit, message="second", sender=MAIL)
        assert standing(remit, second) == ("parked", "approval")
        await _endorse(remit, "where", "what", scope=Scope.SUBJECT, days=5)
        assert standing(remit, await send(remit, message="3", sender=MAIL))[0] == "closed"
        other = await send(remit, message="4", sender="somebody@example.org")
        assert standing(remit, other) == ("parked", "approval")
        await testing.pass_time(remit, ships.clock, 6 * 86_400)
        late = await send(remit, message="5", sender=MAIL)
        assert standing(remit, late)[0] == "parked"


async def test_what_is_taken_back_proves_nothing_any_more(ships: Small) -> None:
    async with ships.open(SHIPS, more=SHIP) as remit:
        await send(remit, message="first")
        made = await _endorse(remit, "where", "what", scope=Scope.WORKFLOW)
        assert standing(remit, await send(remit, message="2"))[0] == "closed"
        assert {one.endorsement_id for one in remit.endorsements(person=PAUL)} == set(made)
        with pytest.raises(NotEntitledError):
            await remit.revoke_endorsement(made[0], person=PAUL, reason="no")
        with pytest.raises(RequestInvalidError):
            await remit.revoke_endorsement(made[0], person=OLGA, reason=" ")
        await remit.revoke_endorsement(made[0], person=OLGA, reason="it was a mistake")
        held = await send(remit, message="3")
        assert _codes(remit, held) == [["sources.different"]]
        with pytest.raises(NotFoundError):
            await remit.revoke_endorsement(made[0], person=OLGA, reason="again")
        assert remit.verify().result == "intact"


async def test_a_recipient_for_a_whole_workflow_needs_two_people(small: Small) -> None:
    small.granted, small.permitted = ("pay",), ("pay", "take_back")
    body = 'await run.read(get_order, order_id="7")\n' + GUESSED.splitlines()[2].strip().replace(
        "case.message", "case.order_id"
    ).replace("case.amount or order.total", 'Money.of("5 EUR")')
    async with small.open(body) as remit:
        first = await send(remit, order_id="9")
        assert standing(remit, first) == ("parked", "approval")
        made = await remit.endorse_values(
            first, action="pay", person=OLGA, values={"amount": "5 EUR", "order_id": "9"},
            sentence=SAID, scope=Scope.WORKFLOW,
        )  # fmt: skip
        needed = {one.parameter: one.people for one in remit.endorsements(person=OLGA)}
        assert needed == {"amount": 2, "order_id": 1}
        amount = made[0]
        assert [one.stands for one in remit.endorsements(person=OLGA) if one.people == 2] == [
            False
        ]
        with pytest.raises(NotEntitledError):
            await remit.second_endorsement(amount, person=OLGA)
        await remit.second_endorsement(amount, person=PAUL)
        with pytest.raises(IllegalMoveError):
            await remit.second_endorsement(amount, person=PAUL)
        (one,) = [one for one in remit.endorsements(person=OLGA) if one.people == 2]
        assert (one.stands, one.by) == (True, "olga and paul")


@pytest.mark.parametrize(
    ("parameters", "more", "refused"),
    [
        (("kind",), {}, InvalidEditError),  # one of fixed values
        (("secret",), {}, InvalidEditError),  # declared so, and without a value
        (("colour",), {}, InvalidEditError),
        ((), {}, RequestInvalidError),
        (("where",), {"days": 91}, RequestInvalidError),
        (("where",), {"days": 0}, RequestInvalidError),
        (("where",), {"scope": Scope.SUBJECT}, IllegalMoveError),  # of nobody known
        (("where",), {"person": ROSA}, NotEntitledError),
        (("where",), {"person": "nobody"}, NotEntitledError),
    ],
)
async def test_what_cannot_be_vouched_for_is_refused(
    ships: Small, parameters: Sequence[str], more: dict[str, object], refused: type[RemitError]
) -> None:
    async with ships.open(SHIPS, more=SHIP) as remit:
        case_id = await send(remit, message="first")
        with pytest.raises(refused):
            await _endorse(remit, *parameters, **more)  # type: ignore[arg-type]
        assert "governance:endorsement:given" not in events(remit, case_id)
        assert standing(remit, case_id) == ("parked", "approval")


async def test_a_bound_is_never_vouched_away(small: Small) -> None:
    async with small.open(GUESSED) as remit:
        case_id = await send(remit, message="7", amount="60 EUR")
        assert states(remit, case_id) == [("pay", "denied")]
        await remit.endorse_values(
            case_id, action="pay", person=OLGA, values={"amount": "60 EUR", "order_id": "7"},
            sentence=SAID,
        )  # fmt: skip
        # In a case of the whole workflow's, the word of two people does not help either.
        other = await send(remit, message="7", amount="60 EUR", order_id="7", sender=MAIL)
        made = await remit.endorse_values(
            other, action="pay", person=OLGA, values={"amount": "60 EUR", "order_id": "7"},
            sentence=SAID, scope=Scope.WORKFLOW,
        )  # fmt: skip
        await remit.second_endorsement(made[0], person=PAUL)
        third = await send(remit, message="7", amount="60 EUR", sender="a@example.org")
        assert _codes(remit, third) == [["sources.above"]]
    assert small.performed() == []


async def test_a_masked_value_is_vouched_for_in_its_case_alone(small: Small) -> None:
    """Its token is this case's; the address behind it is nobody's to compare."""
    small.granted, small.permitted = ("mail",), ("mail", "take_back")
    small.order["note"] = "write to the warehouse"
    body = """
    await run.read(get_order, order_id=case.order_id)
    await run.act(mail, to=case.sender)
    """
    async with small.open(body, more=PAY_TO) as remit:
        case_id = await send(remit, sender=MAIL)
        with pytest.raises(InvalidEditError):
            await _endorse(remit, "to", scope=Scope.WORKFLOW)
        await _endorse(remit, "to")
        assert standing(remit, case_id)[0] == "closed"
    assert small.performed() == ["mail"]


async def test_a_word_that_was_decided_on_meanwhile_is_too_late(ships: Small) -> None:
    async with ships.open(SHIPS, more=SHIP) as remit:
        await send(remit, message="first")
        waits = only_waiting(remit)
        view = remit.approval(waits.approval_id, person=OLGA)
        await remit.decide(
            waits.approval_id, person=OLGA, verdict=Verdict.APPROVE, digest=view.card.digest
        )
        with pytest.raises(RemitError):
            await remit.endorse(
                waits.approval_id, person=OLGA, parameters=["where"], sentence=SAID
            )
