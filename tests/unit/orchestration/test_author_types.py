"""An author's own types need not know tokens: what they refuse is stood in for, and comes back."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from remit.domain.approval import Verdict
from tests.canaries import Flock, seen
from tests.loopback.models import serving
from tests.projects import (
    OLGA,
    PROMPT,
    SERVED,
    Small,
    found,
    operations,
    result,
    send,
    standing,
    states,
    waiting,
)

pytestmark = pytest.mark.anyio

ANNA, CARL = "anna.lindqvist@example.org", "carl.oster@example.org"
MORE = """
from pydantic import AfterValidator, Field
from pydantic.networks import EmailStr

MAIL = r"^[a-z0-9.]+@[a-z0-9.]+$"


class Wish(Case):
    sender: Annotated[Email, Field(pattern=MAIL)]
    message: str = ""


class Shop(BaseModel):
    id: str
    contact: Annotated[str, Field(pattern=MAIL)]


class Reply(BaseModel):
    to: EmailStr
    other: EmailStr | None = None
    text: str


@desk.tool
async def shop(order_id: str) -> Shop:
    return Shop.model_validate(await tape.read("getOrder", order_id=order_id))


@desk.derive
def host(address: Annotated[str, Field(pattern=MAIL)]) -> str:
    return f"<{address}>"


@desk.action(risk="low", undo=take_back, says="Mail {to}: {body}", times_max=2)
async def mail(
    to: Annotated[Email, Source.case("sender")], body: Annotated[str, Source.any()]
) -> Done:
    return Done.model_validate(await tape.perform("mail", to=to, body=body))
"""
HANDLER = """
there = await run.read(shop, order_id="7")
reply = await run.ask("plain", message=f"{case.message} from {case.sender}", output=Reply)
named = await run.derive(host, address=there.contact)
done = await run.act(mail, to=reply.to, body=f"{reply.text} {named}")
return {"to": reply.to, "contact": there.contact, "named": named, "state": done.state}
"""
LISTED = """
[workflow.actions.mail.reveal.body]
types = ["EMAIL"]
destination = "tape"
"""


def answer(body: dict[str, Any]) -> str:
    """Answer to the first address that the request shows, as a model that copies would."""
    token = re.findall(r"EMAIL_[0-9A-Z]{8}", body["messages"][-1]["content"])[-1]
    return json.dumps({"to": token, "text": f"we wrote to {token}"})


def small_desk(small: Small, url: str) -> None:
    small.grace, small.granted, small.permitted = 0, (), ("mail", "take_back")
    small.settings, small.files = SERVED.format(url=url) + LISTED, {"prompts/plain.md": PROMPT}
    offered = operations()
    small.plug(offered | {"mail": replace(offered["mail"], addressed_by="to")})
    small.tape._answers["getOrder"] = lambda given: {"id": str(given["order_id"]), "contact": CARL}


async def test_a_value_goes_through_types_that_refuse_tokens_and_reaches_whom_it_is_for(
    small: Small,
) -> None:
    with serving() as models:
        models.says = [answer]
        small_desk(small, models.url)
        async with small.open(HANDLER, more=MORE, seeds=True) as remit:
            case_id = await send(remit, sender=ANNA, message="please answer")
            assert standing(remit, case_id)[0] == "parked", remit.entries(case_id)
        async with small.open(seeds=True) as remit:  # the waiting case is replayed by another
            (row,) = waiting(remit)
            card = remit.approval(row.approval_id, person=OLGA).card
            await remit.decide(
                row.approval_id, person=OLGA, digest=card.digest, verdict=Verdict.APPROVE
            )
            await remit.settled()
            assert states(remit, case_id) == [("mail", "confirmed")]
            recorded = result(remit, case_id)
            entries = repr(remit.entries(case_id))

    (sent,) = small.tape.effects()
    assert sent.arguments == {"to": ANNA, "body": f"we wrote to {ANNA} <{CARL}>"}
    assert isinstance(recorded, dict)
    assert re.fullmatch(r"EMAIL_[0-9A-Z]{8}", str(recorded["to"]))
    assert recorded["named"] == f"<{recorded['contact']}>"
    assert "pii." not in entries
    assert "pii." not in str(models.log)
    flock = Flock.of(1)
    flock.given |= {ANNA: "EMAIL", CARL: "EMAIL"}
    assert not seen(flock, [("entries", entries.encode()), ("prompts", str(models.log).encode())])


async def test_the_shape_that_a_model_is_shown_allows_a_masked_value(small: Small) -> None:
    with serving() as models:
        models.says = [answer]
        small_desk(small, models.url)
        async with small.open(HANDLER, more=MORE) as remit:
            await send(remit, sender=ANNA, message="please answer")
    (asked,) = models.log
    shape = asked["response_format"]["json_schema"]["schema"]["properties"]["to"]
    email, masked = shape["anyOf"]
    assert email == {"type": "string", "format": "email"}
    assert re.fullmatch(masked["pattern"], "EMAIL_7K3QX2MD")


async def test_where_nothing_can_stand_in_the_case_goes_to_a_person(small: Small) -> None:
    """A card number has no range that nobody can own."""
    with serving() as models:
        card = "4111 1111 1111 1111"
        models.says = [
            lambda body: json.dumps(
                {"card": re.findall(r"CARD_[0-9A-Z]{8}", str(body["messages"]))[0]}
            )
        ] * 2
        small_desk(small, models.url)
        more = MORE + '\n\nclass Paid(BaseModel):\n    card: str = Field(pattern=r"^[0-9 ]+$")\n'
        body = 'return (await run.ask("plain", message=case.message, output=Paid)).card'
        async with small.open(body, more=more) as remit:
            case_id = await send(remit, sender=ANNA, message=f"my card is {card}")
            assert standing(remit, case_id) == ("escalated", "model.output_invalid")
            assert card not in repr(remit.entries(case_id))
            (told,) = found(remit, case_id, "orchestration:step:failed")
            assert "card: string pattern mismatch" in str(told.payloads)
