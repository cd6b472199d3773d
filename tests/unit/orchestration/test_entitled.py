"""A masked value is turned back where its owner listed it, and for nobody else."""

from dataclasses import replace

import pytest

from remit.errors import SettingsError
from remit.intake import tokens
from remit.intake.plugins import PLUGINS
from remit.orchestration.entitled import listed
from tests.projects import Small, events, found, operations, send, standing, waiting

pytestmark = pytest.mark.anyio

SENDER, OTHER = "anna@example.org", "carl@example.org"
PHONE = "+49 30 901820"
MAIL = """
@desk.action(risk="low", undo=take_back, says="Mail {to}: {body}", times_max=2)
async def mail(
    to: Annotated[Email, Source.case("sender")], body: Annotated[str, Source.any()]
) -> Done:
    return Done.model_validate(await tape.perform("mail", to=TO, body=body))
"""
HANDLER = "return (await run.act(mail, to=case.sender, body=case.message)).state"
LISTED = """
[workflow.actions.mail.reveal.body]
types = ["PHONE"]
destination = "{}"
"""


def mailing(small: Small, destination: str | None, *, addressed_by: str | None = "to") -> None:
    small.granted, small.permitted = ("mail",), ("mail", "take_back")
    small.settings = "" if destination is None else LISTED.format(destination)
    offered = operations()
    small.plug(offered | {"mail": replace(offered["mail"], addressed_by=addressed_by)})


async def sent(small: Small, *, to: str = "to", message: str = f"call {PHONE}") -> list[str]:
    """Send a message; return the bodies of the mails that really went out."""
    async with small.open(HANDLER, more=MAIL.replace("TO", to)) as remit:
        case_id = await send(remit, sender=SENDER, message=message)
        (intended,) = found(remit, case_id, "orchestration:effect:intended") or (None,)
        if intended is None:
            assert standing(remit, case_id)[0] in {"parked", "escalated"}
            assert not small.performed()
        else:
            reveals = [one.partition("@") for one in intended.body["reveals"]]
            assert {place for _, _, place in reveals} <= {"to>tape", "body>tape"}
            assert all(tokens.is_token(token) for token, _, _ in reveals)
    return [str(one.arguments["body"]) for one in small.tape.effects() if one.operation == "mail"]


async def test_what_is_listed_reaches_whom_it_is_listed_for(small: Small) -> None:
    mailing(small, "tape:case.sender")
    assert await sent(small) == [f"call {PHONE}"]


async def test_a_value_that_holds_a_token_is_not_read_again(small: Small) -> None:
    """What the sender pasted to look like a token of the case stays what they wrote."""
    mailing(small, "tape:case.sender")
    small.settings = small.settings.replace('["PHONE"]', '["PHONE", "TEXT"]')
    text = f"call {PHONE} or EMAIL_7K3QX2MD, {PHONE}"
    assert await sent(small, message=text) == [text]


async def test_a_listed_value_reaches_a_connector_that_is_listed(small: Small) -> None:
    mailing(small, "tape")
    assert await sent(small) == [f"call {PHONE}"]


async def test_nothing_listed_is_nothing_revealed(small: Small) -> None:
    mailing(small, None)
    assert await sent(small) == []


async def test_what_is_of_another_type_is_not_revealed(small: Small) -> None:
    mailing(small, "tape:case.sender")
    assert await sent(small, message=f"call {PHONE}, card 4111 1111 1111 1111") == []


async def test_it_does_not_go_to_another_connector(small: Small) -> None:
    mailing(small, "elsewhere")
    assert await sent(small) == []


async def test_it_does_not_go_to_somebody_else(small: Small) -> None:
    mailing(small, "tape:case.sender")
    assert await sent(small, to=f'"{OTHER}"') == []


async def test_it_does_not_go_out_where_nobody_knows_to_whom(small: Small) -> None:
    mailing(small, "tape:case.sender", addressed_by=None)
    assert await sent(small) == []


async def test_without_a_value_in_it_a_text_goes_anywhere(small: Small) -> None:
    mailing(small, "elsewhere")
    assert await sent(small, message="hello") == ["hello"]


@pytest.mark.parametrize("kind", ["SECRET", "EMAILS", ""])
def test_a_secret_and_what_is_no_type_cannot_be_listed(kind: str) -> None:
    with pytest.raises(SettingsError, match=f"cannot list `{kind}`; take from ACCOUNT, ADDRESS"):
        listed({("mail", "body"): (frozenset({"PHONE", kind}), "tape")})


async def test_what_is_listed_is_part_of_the_version(small: Small) -> None:
    """A grant was earned by a workflow that revealed this and no more."""
    versions = set()
    for destination in (None, "tape", "tape:case.sender"):
        mailing(small, destination)
        async with small.open(HANDLER, more=MAIL.replace("TO", "to")) as remit:
            versions.add(remit.equipment["small-desk"].fingerprint)
    assert len(versions) == 3


async def test_a_person_who_approves_cannot_send_it_elsewhere_either(small: Small) -> None:
    mailing(small, "elsewhere")
    small.granted = ()
    async with small.open(HANDLER, more=MAIL.replace("TO", "to")) as remit:
        case_id = await send(remit, sender=SENDER, message=f"call {PHONE}")
        from remit import testing

        for row in waiting(remit):
            await testing.decide(remit, row.approval_id, person="olga")
            await remit.settled()
        assert "orchestration:effect:intended" not in events(remit, case_id)
    assert small.performed() == []


async def test_what_is_searched_for_is_part_of_the_version_too(small: Small) -> None:
    versions = set()
    try:
        for switched_on in ("", 'recognisers = ["names"]\n'):
            small.write("return 1")
            place = small.folder / "project" / "remit.toml"
            place.write_text(switched_on + place.read_text())
            async with small.open() as remit:
                versions.add(remit.equipment["small-desk"].fingerprint)
    finally:
        PLUGINS.use(())
    assert len(versions) == 2


async def test_a_secret_is_denied_whoever_says_yes(small: Small) -> None:
    """More confidential than any parameter may carry: nobody is asked."""
    mailing(small, None)
    async with small.open(HANDLER, more=MAIL.replace("TO", "to")) as remit:
        case_id = await send(remit, sender=SENDER, message="my password: hunter2-Pa55word!")
        (decided,) = found(remit, case_id, "policy:action:decided")
        assert decided.body["state"] == "denied"
        assert "sources.confidential" in decided.body["codes"]
        assert "body carries a secret" in str(decided.payloads["words"])
        assert waiting(remit) == ()
    assert small.performed() == []


async def test_a_token_of_another_case_never_passes(small: Small) -> None:
    """Kept in a record by one case and read by another: it is masked anew there, and held."""
    mailing(small, None)
    body = """
    order = await run.read(get_order, order_id=case.order_id)
    return (await run.act(mail, to=case.sender, body=order.note)).state
    """
    async with small.open(body, more=MAIL.replace("TO", "to")) as remit:
        first = await send(remit, sender=OTHER, message="first")
        (received,) = found(remit, first, "intake:case:received")
        fields = received.payloads["fields"]
        assert isinstance(fields, dict)
        small.order["note"] = f"write to {fields['sender']}"
        second = await send(remit, sender=SENDER, message="second")
        (decided,) = found(remit, second, "policy:action:decided")
        assert decided.body["codes"] == ["sources.foreign_content"]
    assert len(small.performed()) == 1, "the first told nobody anything"


async def test_a_token_that_code_made_up_is_masked_like_any_other_text(small: Small) -> None:
    mailing(small, None)
    body = 'return (await run.act(mail, to=case.sender, body="see EMAIL_7K3QX2MD")).state'
    async with small.open(body, more=MAIL.replace("TO", "to")) as remit:
        case_id = await send(remit, sender=SENDER, message="first")
        decided = found(remit, case_id, "policy:action:decided")
        assert decided[0].body["codes"] == ["sources.foreign_content"]
    assert small.performed() == []
