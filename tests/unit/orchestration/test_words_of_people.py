"""A value in what a person writes has a token that stands for it, whatever they did."""

import re

import pytest

from remit.app import Remit
from remit.store import vault
from tests.projects import OLGA, Small, found, send, standing

pytestmark = pytest.mark.anyio

NOTE = "I called +49 30 90182000 and wrote to carl.oster@example.org"
ESCALATES = 'return await run.escalate("please look")'
WAITS = 'return (await run.act(note, text="hello")).state'


def tokens_of(remit: Remit, case_id: str, text: object) -> set[str]:
    """Return the tokens of a text, all of which the case's vault must hold."""
    said = set(re.findall(r"(?:PHONE|EMAIL)_[0-9A-Z]{8}", str(text)))
    rows = remit.database.read(lambda c: vault.of_scope(c, case_id))
    assert said <= {row[1] for row in rows}
    assert "901820" not in str(text)
    return said


@pytest.mark.parametrize("act", ["close_case", "hand_back", "follow"])
async def test_a_note_on_an_escalated_case(small: Small, act: str) -> None:
    async with small.open(ESCALATES) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id)[0] == "escalated"
        await getattr(remit, act)(case_id, person=OLGA, note=NOTE)
        await remit.settled()
        name = "case:reopened" if act == "hand_back" else "case:closed"
        told = found(remit, case_id, f"orchestration:{name}")[0].payloads
        assert len(tokens_of(remit, case_id, told)) == 2


async def test_the_reason_of_a_cancelled_case(small: Small) -> None:
    small.granted = ()
    async with small.open(WAITS) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id)[0] == "parked"
        await remit.cancel(case_id, person=OLGA, reason=NOTE)
        await remit.settled()
        said = [entry.payloads for entry in remit.entries(case_id)]
        assert len(tokens_of(remit, case_id, said)) == 2


async def test_the_reason_why_a_message_was_refused(small: Small) -> None:
    async with small.open(ESCALATES) as remit:
        case_id = await send(remit, amount="1.234 EUR")
        assert standing(remit, case_id)[0] == "quarantined"
        await remit.discard(case_id, person=OLGA, reason=NOTE)
        told = found(remit, case_id, "orchestration:case:closed")[0].payloads
        assert len(tokens_of(remit, case_id, told)) == 2
