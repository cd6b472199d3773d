"""One case, run and run again: what is recorded comes back the same, and what differs is found."""

import pytest

from remit import testing
from remit.domain.value import Json
from tests.projects import (
    OLGA,
    PROMPT,
    SCRIPTED,
    Small,
    events,
    found,
    notes,
    result,
    send,
    standing,
    waiting,
)

pytestmark = pytest.mark.anyio

KNOWLEDGE = """+++
id = "returns"
title = "Returns"
owner = "olga"
collection = "help"
valid_from = 2026-01-01
language = "en"
+++
You can send a jacket back within thirty days.
"""

MODELS = f"""{SCRIPTED}
[workflow.classifiers.intent]
train = "training.jsonl"
"""

SCRIPT = """
[[line]]
prompt = "shaped"
value = { word = "yes", size = 3 }

[[line]]
prompt = "plain"
reply = "good day"
"""

TRAINING = "".join(
    f'{{"text": "{text} {number}", "label": "{label}"}}\n'
    for number in range(12)
    for text, label in (
        ("please give the money back", "refund"), ("where is my parcel now", "status"),
    )
)  # fmt: skip

EVERY_STEP = """
shaped = await run.ask("shaped", output=Shape, message=case.message)
plain = await run.ask("plain", message=case.message)
passages = await run.retrieve("send a jacket back")
order = await run.read(get_order, order_id=case.order_id)
number = await run.derive(twice, number=21)
moment = await run.now()
chance = await run.random()
name = await run.new_id()
mark = await run.changed("first")
acted = await run.act(pay, order_id=order.id, amount=order.total)
both = await run.gather(
    inner(run, 1), run.gather(run.now(), run.read(get_order, order_id=case.order_id))
)
choice = await run.classify(case.message)
values = [shaped, plain, choice, passages, order, number, moment, chance, name, mark, acted, both]
SEEN.append([repr(value) for value in values])
await run.sleep(60)
return "slept"
"""

MORE = """
SEEN = []


class Shape(BaseModel):
    word: str
    size: int


async def inner(run, number):
    first = await run.derive(twice, number=number)
    noted = await run.act(note, text="inner")
    return first, noted.receipt.id, await run.random()
"""


@pytest.fixture
def complete(small: Small) -> Small:
    """A desk with a model, a classifier and knowledge."""
    small.settings = MODELS
    small.files = {
        "prompts/shaped.md": PROMPT, "prompts/plain.md": PROMPT, "scripted.toml": SCRIPT,
        "training.jsonl": TRAINING, "knowledge/returns.md": KNOWLEDGE,
    }  # fmt: skip
    return small


def _with_knowledge(small: Small, body: str, more: str) -> None:
    small.write(body, more=more)
    place = small.folder / "project" / "remit.toml"
    place.write_text(
        place.read_text().replace('phase = "expand"', 'phase = "expand"\nknowledge = "knowledge"')
    )


async def test_every_kind_of_step_gives_the_same_value_live_and_replayed(complete: Small) -> None:
    """Parked at a sleep and woken, the code sees what it saw, and nothing is done twice."""
    _with_knowledge(complete, EVERY_STEP, MORE)
    async with complete.open(replays=False) as remit:
        seen = remit.equipment["small-desk"].workflow.handler.body.__globals__["SEEN"]  # type: ignore[union-attr]
        case_id = await send(remit, message="please give the money back")
        assert standing(remit, case_id) == ("parked", "time"), [
            row.first_reason for row in waiting(remit)
        ]
        await testing.pass_time(remit, complete.clock, 61)
        assert result(remit, case_id) == "slept"
        assert len(seen) == 2
        for live, replayed in zip(*seen, strict=True):
            assert live == replayed
        calls = [call.operation for call, _ in complete.tape.calls]
        assert calls == ["getOrder", "pay", "note", "getOrder"] or sorted(calls) == sorted(
            ["getOrder", "pay", "note", "getOrder"]
        )
        assert remit.verify().result == "intact"


async def test_a_case_resumes_after_each_step_in_a_new_process_state(small: Small) -> None:
    """With a sleep after every step the code is replayed from the top each time."""
    body = """
    values = []
    for number in range(6):
        values.append(await run.random() % 1000)
        values.append(await run.new_id())
        await run.sleep(10)
    return values
    """
    async with small.open(body) as remit:
        case_id = await send(remit)
    for _ in range(6):
        async with small.open() as remit:
            await testing.pass_time(remit, small.clock, 11)
    async with small.open() as remit:
        values = result(remit, case_id)
        assert isinstance(values, list)
        recorded = [
            entry.payloads["result"]
            for entry in found(remit, case_id, "orchestration:value:derived")
        ]
        assert values[1::2] == recorded[1::2]
        assert values[::2] == [
            number % 1000 for number in recorded[::2] if isinstance(number, int)
        ]
        assert len(values) == 12


BEFORE = """
order = await run.read(get_order, order_id=case.order_id)
await run.derive(twice, number=4)
await run.random()
await run.sleep(60)
await run.act(note, text="went on")
return "old"
"""


@pytest.mark.parametrize(
    ("after", "found_call"),
    [
        (BEFORE.replace("run.derive(twice, number=4)", "run.derive(thrice, number=4)"), "thrice"),
        (BEFORE.replace("number=4", "number=5"), "derive twice"),
        (BEFORE.replace("await run.random()", "await run.new_id()"), "new_id"),
        ("return 'at once'", "ended"),
        (BEFORE.replace("await run.random()\n", "", 1), "sleep"),
        (BEFORE.replace("await run.random()", "await run.act(note, text='early')"), "act note"),
        (BEFORE.replace("await run.random()", "await run.sleep(1)"), "sleep"),
        (BEFORE.replace("run.sleep(60)", "run.random()"), "random"),
        (BEFORE.replace("run.sleep(60)", "run.act(note, text='now')"), "act note"),
        (BEFORE.replace("run.random()", "run.gather(run.random(), run.now())"), "gather"),
    ],
    ids=[
        "another derive", "another argument", "another kind", "all dropped", "one dropped",
        "an act for a step", "a sleep for a step", "a step for a sleep", "an act for a sleep",
        "a gather for a step",
    ],
)  # fmt: skip
async def test_changed_code_is_found_and_performs_nothing(
    small: Small, after: str, found_call: str
) -> None:
    """Whatever no longer fits what is recorded sends the case to a person, with both calls."""
    more = "@desk.derive\ndef thrice(number: int) -> int:\n    return 3 * number\n"
    async with small.open(BEFORE, more=more) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("parked", "time")
    async with small.open(after, more=more) as remit:
        await testing.pass_time(remit, small.clock, 61)
        assert standing(remit, case_id) == ("escalated", "diverged"), notes(remit, case_id)
        diverged = found(remit, case_id, "orchestration:case:diverged")[0]
        assert diverged.body["recorded_version"] != diverged.body["found_version"]
        assert found_call in str(diverged.payloads["calls"])
    assert small.performed() == []


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("order = await", "unused = 1\nother = await"),
        BEFORE.replace('"old"', '"new"'),
        BEFORE.replace("went on", "went on differently"),  # a step that was never reached
    ],
    ids=["other names", "another result", "another later step"],
)
async def test_a_harmless_change_is_no_divergence(small: Small, after: str) -> None:
    """What is not recorded may differ; what two versions did together is held once."""
    async with small.open(BEFORE) as remit:
        case_id = await send(remit)
    async with small.open(after) as remit:
        await testing.pass_time(remit, small.clock, 61)
        for row in waiting(remit):
            await testing.decide(remit, row.approval_id, person=OLGA)
        await remit.settled()
        assert standing(remit, case_id) == ("closed", "completed"), notes(remit, case_id)
    assert small.performed() == ["note"]


async def test_a_marker_keeps_an_open_case_on_its_old_way(small: Small) -> None:
    """`run.changed` is false for a case that is already past it, and takes no step then."""
    before = """
    await run.random()
    await run.sleep(60)
    return "old way"
    """
    after = """
    if await run.changed("looks-first"):
        await run.read(get_order, order_id=case.order_id)
        way = "new way"
    else:
        way = "old way"
    await run.random()
    await run.sleep(60)
    return way
    """
    async with small.open(before) as remit:
        old = await send(remit, message="old")
    async with small.open(after) as remit:
        new = await send(remit, message="new")
        await testing.pass_time(remit, small.clock, 61)
        assert result(remit, old) == "old way"
        assert result(remit, new) == "new way"


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("await asyncio.sleep(1)", "workflow.foreign_await", "small.py:"),
        ("raise ValueError('secret of anna@example.org')", "faulted", "ValueError"),
        ("return object()", None, ""),
        ("return {1, 2.5}", None, ""),
        ("for _ in range(1001):\n    await run.random()", "too-long", "1000"),
        ("await run.escalate('too hard for me')", "workflow", "too hard"),
        ("await run.gather(*[run.now() for _ in range(33)])", None, "32"),
        ("await run.derive(twice, number='x')", None, ""),
        ("await run.read(get_order)", None, ""),
        ("await run.ask('nothing')", None, "nothing"),
        ("await run.retrieve('x')", None, ""),
        ("await run.classify('x')", None, "classifier"),
    ],
)
async def test_what_workflow_code_gets_wrong_goes_to_a_person(
    small: Small, body: str, code: str | None, said: str
) -> None:
    """Never a silent retry, never a value in the reason, and the next case runs."""
    async with small.open(f"if case.message == 'fine':\n    return 1\n{body}\n") as remit:
        bad = await send(remit, message="bad")
        fine = await send(remit, message="fine")
        status, reason = standing(remit, bad)
        if status == "parked":  # tried again later, then a person
            assert reason == "retry"
        else:
            assert status == "escalated", (status, reason)
            assert code is None or reason == code, (reason, notes(remit, bad))
            assert said in notes(remit, bad)[0]
            assert "secret" not in notes(remit, bad)[0]
            assert "Traceback" not in notes(remit, bad)[0]
        assert result(remit, fine) == 1
        assert remit.counts()["balance"] == 0


async def test_a_step_in_finally_is_refused_when_the_case_parks(small: Small) -> None:
    """While the code is unwound nothing may be asked for."""
    body = """
    try:
        await run.sleep(60)
    finally:
        await run.act(note, text="on the way out")
    return 1
    """
    async with small.open(body) as remit:
        case_id = await send(remit)
        status, reason = standing(remit, case_id)
        assert (status, reason) == ("escalated", "workflow.code"), reason
        assert "finally" in notes(remit, case_id)[0]
    assert small.performed() == []


async def test_a_refused_read_is_the_same_class_live_and_replayed(small: Small) -> None:
    """What an author caught once is caught again."""
    body = """
    from remit.errors import RecordNotFoundError
    try:
        await run.read(get_other, number="12")
    except RecordNotFoundError as error:
        SEEN.append((type(error).__name__, str(error)))
    await run.sleep(60)
    return "caught"
    """
    more = """
    SEEN = []

    @desk.tool
    async def get_other(number: str) -> Order:
        return Order.model_validate(await tape.read("getOther", number=number))
    """
    from remit.integrations.connector import Operation, OperationKind
    from tests.projects import operations

    small.plug({**operations(), "getOther": Operation(name="getOther", kind=OperationKind.READ)})
    async with small.open(body, more=more, replays=False) as remit:
        seen = remit.equipment["small-desk"].workflow.handler.body.__globals__["SEEN"]  # type: ignore[union-attr]
        case_id = await send(remit)
        await testing.pass_time(remit, small.clock, 61)
        assert result(remit, case_id) == "caught", notes(remit, case_id)
    assert len(seen) == 2
    assert seen[0] == seen[1]


async def test_an_unfit_answer_of_a_tool_goes_to_the_author_as_a_refusal(small: Small) -> None:
    """The declared result is checked, and the sentence names places, not values."""
    small.order["total"] = "canary-of-the-shop"
    async with small.open("return (await run.read(get_order, order_id='7')).id") as remit:
        case_id = await send(remit)
        assert standing(remit, case_id)[0] == "escalated"
        assert "canary" not in notes(remit, case_id)[0]


async def test_no_set_order_leaks_into_a_recorded_value(small: Small) -> None:
    """A set among arguments is recorded in one order, whatever the hash seed."""
    small.write(
        "return await run.derive(count, names={'b', 'a', 'c', 'zebra', 'q'})",
        more="@desk.derive\ndef count(names: list[str]) -> str:\n    return ''.join(names)\n",
    )
    values: list[Json] = []
    async with small.open() as remit:
        case_id = await send(remit)
        assert "orchestration:case:closed" in events(remit, case_id), notes(remit, case_id)
        values.append(found(remit, case_id, "orchestration:value:derived")[0].payloads["result"])
    assert [value["value"] for value in values if isinstance(value, dict)] == ["abcqzebra"]
    first = values[0]
    assert isinstance(first, dict)
    assert first["arguments"] == {"names": ["a", "b", "c", "q", "zebra"]}
