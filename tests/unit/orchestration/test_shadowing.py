"""A case that is run in shadow is answered from its record, and stops where that ends."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from remit import testing
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Cell
from remit.errors import StepRefused, StorageError, ToolUnavailableError
from remit.governance.audit import How
from remit.governance.comparisons import ComparedCase
from remit.integrations.connector import Call
from remit.orchestration import comparing, known_cases, shadowing
from remit.orchestration.erasure import Subject
from tests.projects import NAME, OLGA, PAUL, Small, send, waiting

pytestmark = pytest.mark.anyio

CELL = Cell(workflow=NAME, action="note")
JUDGED = """
[workflow.actions.note.autonomy]
reviewers = "assumed"
material = ["text"]
"""
PLAIN = "return (await run.act(note, text=case.message)).state"
NEW = "\n# another behaviour\n"


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(folder=tmp_path, granted=("pay",), settings=JUDGED)


async def known(small: Small, body: str, *, wrong: bool = False) -> str:
    """Have one case come in under a behaviour and a person say what it was; return it."""
    async with small.open(body) as remit:
        case_id = await send(remit, message="hello")
        (row,) = waiting(remit)
        verdict = Verdict.REJECT if wrong else Verdict.APPROVE
        reason = RejectReason.FACTS if wrong else None
        await testing.decide(remit, row.approval_id, person=OLGA, verdict=verdict, reason=reason)
        await remit.settled()
    return case_id


async def tried(small: Small, body: str, *, more: str = NEW) -> ComparedCase:
    """Try the one case that is known under another behaviour."""
    async with small.open(body, more=more) as remit:
        (one,) = (await remit.compare(CELL, person=OLGA)).rows
        return one


async def came(small: Small, body: str, *, more: str = NEW) -> tuple[str, str]:
    one = await tried(small, body, more=more)
    return one.came, one.code


BEFORE = """
order = await run.read(get_order, order_id=case.order_id)
paid = await run.act(pay, order_id=order.id, amount=order.total)
return (await run.act(note, text=f"{case.message} {paid.receipt.id}")).state
"""


async def test_what_was_done_before_it_is_answered_with_its_receipt_and_done_no_second_time(
    small: Small,
) -> None:
    await known(small, BEFORE)
    assert small.performed() == ["pay", "note"]
    assert await came(small, BEFORE) == ("same", "")
    assert small.performed() == ["pay", "note"]


async def test_what_was_done_before_it_and_would_come_out_otherwise_cannot_be_answered(
    small: Small,
) -> None:
    await known(small, BEFORE)
    less = BEFORE.replace("amount=order.total)", 'amount=Money.of("1.00 EUR"))')
    assert await came(small, less) == ("incomparable", "earlier.differs")


async def test_its_time_its_chances_and_its_ids_are_those_of_then(small: Small) -> None:
    body = """
        first = f"{await run.now()} {await run.random()} {await run.new_id()}"
        return (await run.act(note, text=first)).state
    """
    await known(small, body)
    small.clock.advance(86_400)
    assert await came(small, body) == ("same", "")


async def test_branches_side_by_side_come_to_what_is_wanted(small: Small) -> None:
    body = """
        number, acted = await run.gather(
            run.derive(twice, number=2), run.act(note, text=case.message)
        )
        return acted.state
    """
    await known(small, body)
    assert await came(small, body) == ("same", "")
    beside = body.replace("run.derive(twice, number=2)", 'run.act(pay, order_id="7", amount=None)')
    assert await came(small, beside) == ("same", "")


async def test_a_sleep_is_not_slept(small: Small) -> None:
    await known(small, PLAIN)
    assert await came(small, f"await run.sleep(86_400)\n{PLAIN}") == ("same", "")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('return await run.escalate("I cannot")', ("escalated", "workflow")),
        ("raise ValueError(case.message)", ("escalated", "fault")),
        ("await asyncio.sleep(0)\nreturn 1", ("incomparable", "workflow.foreign_await")),
        ('return await run.ask("none", message="x")', ("escalated", "model.prompt_invalid")),
    ],
)
async def test_code_that_comes_to_no_proposal(
    small: Small, body: str, expected: tuple[str, str]
) -> None:
    await known(small, PLAIN)
    assert await came(small, body) == expected


async def test_a_case_that_the_new_code_cannot_take(small: Small) -> None:
    await known(small, PLAIN)
    more = "class Wish(Case):\n    order_id: Annotated[str, System]\n    much: int\n"
    assert await came(small, PLAIN, more=more) == ("incomparable", "case.shape")


READING = """
order = await run.read(get_order, order_id="7")
return (await run.act(note, text=order.id)).state
"""


async def test_a_read_that_was_refused_is_refused_again(small: Small) -> None:
    plain = small.tape.read

    async def refused(call: Call, **given: Any) -> Any:
        raise StepRefused("there is no such order")

    small.tape.read = refused  # type: ignore[method-assign]  # for this test
    body = """
        try:
            order = await run.read(get_order, order_id="7")
        except StepRefused:
            return (await run.act(note, text="no order")).state
        return (await run.act(note, text="an order")).state
    """
    await known(small, body)
    small.tape.read = plain  # type: ignore[method-assign]  # it would answer now
    assert await came(small, body) == ("same", "")


async def test_a_system_that_is_away_makes_a_case_incomparable(small: Small) -> None:
    await known(small, PLAIN)
    small.settings = JUDGED
    async with small.open(READING, more=NEW) as remit:

        async def away(call: Call, **given: Any) -> Any:
            raise ToolUnavailableError("it is away")

        small.tape.read = away  # type: ignore[method-assign]  # for this test
        (one,) = (await remit.compare(CELL, person=OLGA)).rows
        assert (one.came, one.code) == ("incomparable", "away")


async def test_a_tool_that_would_read_by_a_change_is_refused(small: Small) -> None:
    await known(small, PLAIN)
    more = """
        @desk.tool
        async def peek(order_id: str) -> Order:
            return Order.model_validate(await tape.read("pay", order_id=order_id))
    """
    body = 'order = await run.read(peek, order_id="7")\n' + PLAIN
    assert await came(small, body, more=more) == ("escalated", "step.refused")
    assert small.performed() == ["note"]


async def test_what_a_person_did_themselves_is_what_is_right(small: Small) -> None:
    small.settings = JUDGED + 'starts = "shadow"\n'
    async with small.open(PLAIN) as remit:
        await send(remit, message="hello")
        (line,) = remit.audits(person=PAUL).rows
        assert line.how is How.OWN
        await remit.say_own(line.audit_id, person=PAUL, labels=0, done={"text": "good day"})
    assert await came(small, PLAIN.replace("case.message", '"good day"')) == ("fixed", "")
    assert await came(small, PLAIN.replace("case.message", '"good bye"')) == ("still_wrong", "")
    assert small.performed() == []


async def test_a_case_that_was_erased_is_said_to_be_gone(small: Small) -> None:
    case_id = await known(small, PLAIN)
    async with small.open(PLAIN, more=NEW) as remit:
        await remit.erasure.erase(Subject(case_id=case_id), by=OLGA, ground="request")
        (one,) = (await remit.compare(CELL, person=OLGA)).rows
        assert (one.came, one.code) == ("incomparable", "gone")


KNOWLEDGE = """+++
id = "returns"
title = "Returns"
owner = "olga"
collection = "help"
valid_from = 2026-01-01
language = "en"
+++
You can send a jacket back within {days} days.
"""


def learned(small: Small, body: str, *, days: str) -> None:
    """Write the desk with what its knowledge says."""
    small.files = {"knowledge/returns.md": KNOWLEDGE.format(days=days)}
    small.write(body)
    place = small.folder / "project" / "remit.toml"
    known = 'phase = "expand"\nknowledge = "knowledge"'
    place.write_text(place.read_text().replace('phase = "expand"', known))


async def test_knowledge_that_changed_is_searched_anew(small: Small) -> None:
    body = """
        passages = await run.retrieve("send a jacket back")
        return (await run.act(note, text=passages[0].text)).state
    """
    learned(small, body, days="thirty")
    async with small.open() as remit:
        await send(remit, message="hello")
        (row,) = waiting(remit)
        await testing.decide(remit, row.approval_id, person=OLGA)
        await remit.settled()
    learned(small, body, days="ten")
    async with small.open() as remit:
        (one,) = (await remit.compare(CELL, person=OLGA)).rows
        assert (one.came, one.parameters) == ("broken", ("text",))


async def test_time_is_limited_for_each_case_and_for_all_of_them(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **__: object) -> Any:
        await asyncio.Event().wait()

    await known(small, PLAIN)
    async with small.open(PLAIN, more=NEW) as remit:
        monkeypatch.setattr(shadowing, "shadowed", never)
        monkeypatch.setattr(known_cases, "CASE_SECONDS_MAX", 0.01)
        (one,) = (await remit.compare(CELL, person=OLGA)).rows
        assert (one.came, one.code) == ("incomparable", "slow")
        monkeypatch.setattr(known_cases, "CASE_SECONDS_MAX", 300)
        monkeypatch.setattr(comparing, "SECONDS_MAX", 0.01)
        found = await remit.compare(CELL, person=OLGA)
        assert (found.state, found.code, found.rows) == ("abandoned", "time", ())


async def test_what_goes_wrong_in_it_is_said_without_values(
    small: Small, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(*_: object, **__: object) -> Any:
        raise StorageError("hello cannot be read")

    await known(small, PLAIN)
    async with small.open(PLAIN, more=NEW) as remit:
        monkeypatch.setattr(shadowing, "shadowed", failing)
        found = await remit.compare(CELL, person=OLGA)
        assert (found.state, found.code) == ("abandoned", "failed")
    assert "StorageError" in caplog.text
    assert "hello" not in caplog.text
