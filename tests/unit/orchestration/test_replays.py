"""The test kit finds code that does not do the same twice, without being asked to."""

from collections.abc import Sequence

import pytest

from remit.domain.approval import Verdict
from remit.errors import DivergenceError
from tests.projects import OLGA, Small, notes, result, send, standing, waiting

pytestmark = pytest.mark.anyio

COUNT = """
COUNTER = []

@desk.derive
def count(names: list[str]) -> int:
    return len(names)
"""


@pytest.mark.parametrize(
    "body",
    [
        "import time\nawait run.derive(twice, number=time.monotonic_ns() % 10**9)",
        "COUNTER.append(1)\nawait run.derive(twice, number=len(COUNTER))",
        "COUNTER.append(1)\nif len(COUNTER) > 1:\n    await run.now()\nawait run.random()",
    ],
    ids=["a clock", "a global", "another way"],
)
async def test_code_that_asks_for_something_else_is_found_after_the_step(
    small: Small, body: str
) -> None:
    """The case goes to a person as diverged, and the test fails at the end of its block."""
    stands: list[object] = []

    async def lived() -> None:
        async with small.open(body, more=COUNT) as remit:
            stands.append(standing(remit, await send(remit)))

    with pytest.raises(DivergenceError, match="does not come out the same"):
        await lived()
    assert stands == [("escalated", "diverged")]


async def test_a_result_that_differs_is_found_at_the_end(small: Small) -> None:
    """All steps are the same, and what is returned is not."""
    with pytest.raises(DivergenceError, match="returned something else"):
        async with small.open(
            "await run.now()\nCOUNTER.append(1)\nreturn len(COUNTER)", more=COUNT
        ) as remit:
            await send(remit)


LIST = """
names = {f"name {n}" for n in range(20)}
await run.derive(count, names=list(names)[:3])
"""
LOOP = """
for name in {f"name {n}" for n in range(20)}:
    await run.derive(twice, number=int(name[5:]))
"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (LIST, "other arguments"),
        (LOOP, "other arguments"),
        ("await run.now()\nreturn sum(hash(str(n)) % 99991 for n in range(9))", "something else"),
    ],
    ids=["a list of a set", "a loop over a set", "a hash"],
)  # fmt: skip
async def test_an_order_that_hangs_on_hashes_is_found_by_a_second_process(
    small: Small, body: str, found: str
) -> None:
    """In one process a set has one order; the second hashes text under another seed."""
    with pytest.raises(DivergenceError, match=f"under another hash seed.*{found}"):
        async with small.open(body, more=COUNT, seeds=True) as remit:
            await send(remit)


EVERYTHING = """
order = await run.read(get_order, order_id=case.order_id)
if await run.changed("mark"):
    await run.derive(count, names=sorted({"b", "a"}))
try:
    await run.act(pay, order_id=order.id, amount=order.total)
    await run.act(note, text="paid")
except StepRefused as error:
    return str(error)
pair = await run.gather(run.new_id(), run.gather(run.now(), run.random()))
return [str(one) for one in pair]
"""


@pytest.mark.parametrize("granted", [("pay", "note"), ("note",)], ids=["closed", "held"])
async def test_code_that_does_the_same_twice_passes(small: Small, granted: Sequence[str]) -> None:
    """Every kind of step, under two seeds, at its end and while it waits."""
    small.granted = tuple(granted)
    async with small.open(EVERYTHING, more=COUNT, seeds=True) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id)[0] in {"closed", "parked"}, notes(remit, case_id)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("open('/etc/hostname').read()", "a file"),
        ("import socket\nsocket.socket()", "a socket"),
        ("import subprocess\nsubprocess.run(['true'])", "a process"),
        ("import os\nos.listdir('.')", "a folder"),
        ("import sqlite3\nsqlite3.connect(':memory:')", "a database"),
    ],
)
async def test_code_that_reaches_outside_between_two_steps_is_refused(
    small: Small, body: str, what: str
) -> None:
    """Named with what it asked for; an import is no reach."""
    async with small.open(body) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("escalated", "workflow.code"), notes(remit, case_id)
        assert what in notes(remit, case_id)[0]


async def test_tools_actions_and_imports_may_reach_outside(small: Small) -> None:
    """What the guard watches is the code between steps, and nothing else."""
    more = """
    @desk.tool
    async def reads_a_file(order_id: str) -> Order:
        open("/etc/hostname").close()
        return Order.model_validate(await tape.read("getOrder", order_id=order_id))
    """
    body = "import wave\nreturn (await run.read(reads_a_file, order_id='7')).id"
    async with small.open(body, more=more) as remit:
        case_id = await send(remit)
        assert result(remit, case_id) == "7", notes(remit, case_id)


async def test_code_runs_once_where_replays_are_off(small: Small) -> None:
    async with small.open(
        "COUNTER.append(1)\nawait run.now()\nreturn len(COUNTER)", more=COUNT, replays=False
    ) as remit:
        case_id = await send(remit)
        assert result(remit, case_id) == 1


NAMED = """
class Customer(BaseModel):
    id: str
    named: PersonName


@desk.tool
async def customer(order_id: str) -> Customer:
    found = await tape.read("getOrder", order_id=order_id)
    return Customer(id=found["id"], named="Anna Lindqvist")
"""
NAMES_LISTED = """
[workflow.actions.note.reveal.text]
types = ["PERSON"]
destination = "tape"
"""
LEARNS = """
said = await run.derive(count, names=[case.message])
there = await run.read(customer, order_id="7")
more = await run.derive(count, names=[case.message, there.named, f"{case.message}!"])
done = await run.act(note, text=f"{case.message} {there.named}")
return [case.message, said + more, done.state]
"""


async def test_what_becomes_known_later_changes_nothing_that_was_asked_before(
    small: Small,
) -> None:
    """A name that stands in a message in the clear is private once a record says whose it is."""
    small.granted, small.settings = (), NAMES_LISTED
    message = "where is my parcel? Best regards, Anna Lindqvist"
    async with small.open(LEARNS, more=COUNT + NAMED, seeds=True) as remit:
        case_id = await send(remit, message=message)
        assert standing(remit, case_id) == ("parked", "approval"), notes(remit, case_id)
    async with small.open(seeds=True) as remit:
        (row,) = waiting(remit)
        card = remit.approval(row.approval_id, person=OLGA).card
        assert "Anna" not in repr(card)
        await remit.decide(
            row.approval_id, person=OLGA, digest=card.digest, verdict=Verdict.APPROVE
        )
        await remit.settled()
        assert standing(remit, case_id)[0] == "closed", notes(remit, case_id)
        returned = result(remit, case_id)
    assert isinstance(returned, list)
    assert returned[2] == "confirmed"
    assert "Anna" not in str(returned)
    assert [one.arguments["text"] for one in small.tape.effects()] == [f"{message} Anna Lindqvist"]
