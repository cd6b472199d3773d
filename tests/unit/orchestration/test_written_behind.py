"""What a run records and does not wait for: written while others are waited for, or on the way."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from remit.app import Remit
from remit.integrations.connector import Call
from remit.orchestration.desk import Desk
from tests.projects import (
    PROMPT,
    SCRIPTED,
    Small,
    events,
    found,
    operations,
    send,
    standing,
    waiting,
)

pytestmark = pytest.mark.anyio

ASKED_AND_ACTED = """
await run.ask("plain", message=case.message)
return (await run.act(note, text="hello")).state
"""
ASKED_AND_READ = """
await run.ask("plain", message=case.message)
return (await run.read(get_order, order_id="7")).id
"""
TO_THE_INTENT = [
    "orchestration:model:answered", "orchestration:action:proposed", "policy:action:decided",
    "orchestration:effect:intended",
]  # fmt: skip


@pytest.fixture
def asking(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Small:
    """A desk with a model on PostgreSQL, where every look at the rows of a gate takes a while."""
    monkeypatch.setattr(Remit, "recall", Desk.read)  # as where other processes may change them
    script = '[[line]]\nprompt = "plain"\nreply = "good day"\n'
    return Small(
        folder=tmp_path, database=postgres_url, settings=SCRIPTED,
        files={"prompts/plain.md": PROMPT, "scripted.toml": script},
    )  # fmt: skip


def transactions(remit: Remit, case_id: str) -> list[list[str]]:
    """Return the names of a case's entries by the transaction that wrote them, in order."""
    rows = remit.database.read(
        lambda c: c.rows(
            "select xmin::text, event from entries where case_id = ? order by seq", (case_id,)
        )
    )
    written: dict[str, list[str]] = {}
    for transaction, event in rows:
        written.setdefault(transaction, []).append(event)
    return list(written.values())


async def test_an_answer_on_its_way_to_the_gate_rides_with_the_intent(asking: Small) -> None:
    async with asking.open(ASKED_AND_ACTED) as remit:
        case_id = await send(remit)
        written = transactions(remit, case_id)

        assert standing(remit, case_id)[0] == "closed"
        assert len(written) == 3
        assert written[1] == TO_THE_INTENT


async def test_an_answer_whose_action_waits_for_a_person_is_written_once(asking: Small) -> None:
    asking.granted = ()
    async with asking.open(ASKED_AND_ACTED) as remit:
        case_id = await send(remit)

        assert standing(remit, case_id)[0] == "parked"
        assert len(waiting(remit)) == 1
        assert events(remit, case_id).count("orchestration:model:answered") == 1


async def test_an_answer_is_written_while_a_tool_is_waited_for(asking: Small) -> None:
    """A process that dies during a long read pays for the model once."""
    begun, go = asyncio.Event(), asyncio.Event()
    asking.plug(operations())
    read = asking.tape.read

    async def held(call: Call, **given: Any) -> Any:
        begun.set()
        await go.wait()
        return await read(call, **given)

    asking.tape.read = held  # type: ignore[method-assign]  # a tape that takes its time
    async with asking.open(ASKED_AND_READ) as remit:
        received = await remit.receive("small-desk", {"order_id": "7"}, channel="test")
        await begun.wait()
        for _ in range(1_000):
            if found(remit, received.case_id, "orchestration:model:answered"):
                break
            await asyncio.sleep(0.01)
        assert events(remit, received.case_id)[-1] == "orchestration:model:answered"
        go.set()
        await remit.settled()
        assert standing(remit, received.case_id)[0] == "closed"
