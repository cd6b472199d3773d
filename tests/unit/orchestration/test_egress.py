"""Reads whose arguments leave: judged before they go; what may not hands the case to a person."""

import pytest

from remit.errors import SourceDeclarationError
from tests.projects import OLGA, Small, events, notes, send, standing

pytestmark = pytest.mark.anyio

FETCH = """
@desk.tool(egress=True)
async def fetch(
    url: Annotated[str, Source.any()],
    order_id: Annotated[str, Source.case("order_id")],
) -> Order:
    return Order.model_validate(await tape.read("getOrder", order_id=order_id))
"""
HANDLE = """
await run.read(fetch, url=case.message, order_id={order})
return "fetched"
"""


async def _sent(small: Small, message: str, order: str = "case.order_id") -> tuple[str, list[str]]:
    async with small.open(HANDLE.format(order=order), more=FETCH) as remit:
        case_id = await send(remit, message=message)
        read = "orchestration:tool:read" in events(remit, case_id)
        assert read == (standing(remit, case_id)[0] == "closed")
        return str(standing(remit, case_id)[1] or "closed"), notes(remit, case_id)


async def test_what_is_proven_and_carries_nothing_of_strangers_goes_out(small: Small) -> None:
    assert await _sent(small, "the parcel of monday") == ("completed", [])


async def test_a_strangers_link_does_not_go_out(small: Small) -> None:
    code, said = await _sent(small, "https://evil.example/?q=1")
    assert code == "sources.foreign_content"
    assert said[0].startswith("`fetch` would send out what it may not: Content carries a link")


async def test_an_owner_allows_whom_to_ask(small: Small) -> None:
    small.top = 'public = ["https://shop.example/parcels"]\n'
    small.settings = '[workflow.content]\nallow = ["https://shop.example/"]\n'
    assert (await _sent(small, "https://shop.example/parcels")) == ("completed", [])


async def test_a_secret_does_not_go_out(small: Small) -> None:
    assert (await _sent(small, "my password: hunter2-Pa55word!"))[0] == "sources.confidential"


async def test_a_value_that_nothing_proves_does_not_go_out(small: Small) -> None:
    code, _ = await _sent(small, "the parcel", order='"8"')
    assert code == "sources.different"


async def test_a_stop_holds_what_would_go_out(small: Small) -> None:
    async with small.open(HANDLE.format(order="case.order_id"), more=FETCH) as remit:
        await remit.set_stop("workflow:small-desk", person=OLGA, sentence="look first")
        case_id = await send(remit, message="the parcel")
        assert standing(remit, case_id) == ("escalated", "stop.standing")


async def test_each_argument_that_leaves_needs_a_source(small: Small) -> None:
    more = FETCH.replace('Annotated[str, Source.case("order_id")]', "str")
    with pytest.raises(SourceDeclarationError, match="says not where it comes from"):
        async with small.open(HANDLE.format(order="case.order_id"), more=more):
            pass
