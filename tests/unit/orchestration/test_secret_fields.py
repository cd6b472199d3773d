"""A field of a tool that its author marked secret: texts, a derive, a read, a parameter."""

import pytest

from remit.errors import RegistrationError
from tests.projects import Small, found, send, standing

pytestmark = pytest.mark.anyio

MORE = """
class Profile(BaseModel):
    id: Annotated[str, System]
    name: str
    passport: Annotated[str, System, Secret]


@desk.tool
async def get_profile(order_id: str) -> Profile:
    return Profile.model_validate(await tape.read("getOrder", order_id=order_id))


@desk.derive
def upper(passport: Annotated[str, Source.tool("get_profile", "passport")]) -> str:
    return "ref " + passport[2:].upper() + " z"


@desk.tool(egress=True)
async def check(number: Annotated[str, Source.any()]) -> Profile:
    return Profile.model_validate(await tape.read("getOrder", order_id=number))


@desk.action(risk="low", undo=take_back, says="Note", times_max=2)
async def issue(text: Annotated[str, Secret, Source.any()]) -> Done:
    return Done.model_validate(await tape.perform("note", text=text))
"""
READ = "profile = await run.read(get_profile, order_id=case.order_id)\n"
PASSPORT = "HGK137803"


@pytest.fixture
def holder(small: Small) -> Small:
    small.order |= {"name": "Emma", "passport": PASSPORT}
    small.granted = (*small.granted, "issue")
    small.permitted = (*small.permitted, "issue")
    return small


async def _codes(small: Small, body: str) -> tuple[list[str], list[str]]:
    """Return the codes of the first decision on an action, and what was performed."""
    async with small.open(READ + body, more=MORE) as remit:
        case_id = await send(remit, message="hello")
        decided = found(remit, case_id, "policy:action:decided")
        for one in remit.entries(case_id):
            if one.event.startswith("policy:"):
                assert PASSPORT not in str(one.body)
        return list(decided[0].body["codes"]), small.performed()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["profile.passport", 'f"{profile.name}, no. {profile.passport[:3]} 137-803, bye"']
)
async def test_it_is_in_no_text_that_leaves(holder: Small, text: str) -> None:
    codes, done = await _codes(holder, f"await run.act(note, text={text})")
    assert ("sources.confidential" in codes, done) == (True, [])


async def test_what_stands_beside_it_may_be_told(holder: Small) -> None:
    assert await _codes(holder, "await run.act(note, text=profile.name)") == ([], ["note"])


async def test_what_is_worked_out_of_it_is_as_secret(holder: Small) -> None:
    body = (
        "ref = await run.derive(upper, passport=profile.passport)\n"
        'await run.act(note, text=f"your {ref}")'
    )
    codes, done = await _codes(holder, body)
    assert ("sources.confidential" in codes, done) == (True, [])


async def test_a_parameter_that_is_marked_too_may_carry_it(holder: Small) -> None:
    body = 'await run.act(issue, text=f"for {profile.passport}")'
    assert await _codes(holder, body) == ([], ["note"])


async def test_it_is_in_no_read_that_tells_what_it_was_asked(holder: Small) -> None:
    async with holder.open(
        READ + "await run.read(check, number=profile.passport)", more=MORE
    ) as r:
        case_id = await send(r, message="hello")
        assert standing(r, case_id) == ("escalated", "sources.confidential")


async def test_a_dictionary_has_no_fields_to_mark(holder: Small) -> None:
    more = """
    @desk.tool
    async def loose(order_id: str) -> Annotated[dict[str, str], Secret]:
        return {}
    """
    with pytest.raises(RegistrationError, match="marks a dictionary as `Secret`"):
        async with holder.open("return 1", more=more):
            pass
