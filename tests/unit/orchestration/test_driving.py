"""Code driven by hand: nothing goes live before all that is recorded has been replayed."""

import asyncio

import pytest

from remit import testing
from remit.errors import IllegalMoveError
from remit.ledger import projections
from remit.orchestration import driving
from tests.projects import OLGA, Small, events, found, notes, result, send, standing, states

pytestmark = pytest.mark.anyio

BRANCHES = """
both = await run.gather(first(run), second(run))
return list(both)
"""

BEFORE = """
async def first(run):
    await run.random()
    await run.sleep(60)
    await run.act(note, text="first")
    return 1

async def second(run):
    await run.derive(twice, number=4)
    await run.sleep(60)
    return 2
"""


@pytest.mark.parametrize(
    ("more", "path", "why"),
    [
        (BEFORE.replace("number=4", "number=5"), "1.1.1", "arguments"),
        (BEFORE.replace("    await run.derive(twice, number=4)\n", ""), "1.1.1", "call"),
        (
            BEFORE.replace("    await run.sleep(60)\n    return 2", "    return 2"),
            "1.1.2",
            "new",
        ),
        (
            BEFORE.replace("sleep(60)\n    return 2", "sleep(61)\n    return 2"),
            "1.1.2",
            "arguments",
        ),
    ],
    ids=["another argument", "a step dropped", "a wait dropped", "another wait"],
)
async def test_a_divergence_in_one_branch_keeps_every_other_from_going_live(
    small: Small, more: str, path: str, why: str
) -> None:
    """The first branch is past its wait and could act; the second no longer fits."""
    async with small.open(BRANCHES, more=BEFORE) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("parked", "time"), notes(remit, case_id)
    async with small.open(BRANCHES, more=more) as remit:
        await testing.pass_time(remit, small.clock, 61)
        assert standing(remit, case_id) == ("escalated", "diverged"), notes(remit, case_id)
        diverged = found(remit, case_id, "orchestration:case:diverged")[0]
        assert diverged.body["why"] == why
        assert path in notes(remit, case_id)[0]
        assert "orchestration:action:proposed" not in events(remit, case_id)
    assert small.performed() == []


async def test_a_branch_that_is_left_out_is_a_divergence(small: Small) -> None:
    """What a branch recorded must be asked for again, also where the others fit."""
    async with small.open(BRANCHES, more=BEFORE) as remit:
        case_id = await send(remit)
    async with small.open(BRANCHES.replace(", second(run)", ""), more=BEFORE) as remit:
        await testing.pass_time(remit, small.clock, 61)
        assert standing(remit, case_id) == ("escalated", "diverged"), notes(remit, case_id)
    assert small.performed() == []


async def test_both_sequences_are_recorded_with_the_line_that_differs(small: Small) -> None:
    """Path, recorded call, found call, both versions and the source line."""
    before = "await run.random()\nawait run.new_id()\nawait run.sleep(60)"
    async with small.open(before) as remit:
        case_id = await send(remit)
    async with small.open("\n" * 3 + before.replace("run.new_id()", "run.now()")) as remit:
        await testing.pass_time(remit, small.clock, 61)
        entry = found(remit, case_id, "orchestration:case:diverged")[0]
    code = (small.folder / "project" / "small.py").read_text().splitlines()
    line = next(n for n, text in enumerate(code, 1) if "run.now()" in text)
    assert (entry.path, entry.body["recorded"], entry.body["found"], entry.body["at"]) == (
        "2", "new_id", "now", f"small.py:{line}",
    )  # fmt: skip
    kept = entry.payloads["calls"]
    assert isinstance(kept, dict)
    assert kept["calls"] == [
        ["1", "random", "random", f"small.py:{line - 1}", True],
        ["2", "new_id", "now", f"small.py:{line}", False],
        ["3", "sleep", "", "", False],
    ]


async def test_a_recorded_result_that_no_longer_fits_is_a_divergence(small: Small) -> None:
    """The declared type changed under an open case: found, never guessed."""
    body = "order = await run.read(get_order, order_id='7')\nawait run.sleep(60)\nreturn order.id"
    async with small.open(body) as remit:
        case_id = await send(remit)
    small.write(body)
    place = small.folder / "project" / "small.py"
    place.write_text(
        place.read_text().replace('    note: str = ""\n', '    note: str = ""\n    weight: int\n')
    )
    async with small.open() as remit:
        await testing.pass_time(remit, small.clock, 61)
        assert standing(remit, case_id) == ("escalated", "diverged"), notes(remit, case_id)
        assert found(remit, case_id, "orchestration:case:diverged")[0].body["why"] == "result"
        assert "weight: missing" in notes(remit, case_id)[0]


async def test_a_result_type_that_takes_more_is_no_divergence(small: Small) -> None:
    """Another type is fine while the recorded value still validates."""
    body = "order = await run.read(get_order, order_id='7')\nawait run.sleep(60)\nreturn order.id"
    async with small.open(body) as remit:
        case_id = await send(remit)
    small.write(body)
    place = small.folder / "project" / "small.py"
    place.write_text(place.read_text().replace('    note: str = ""\n', "    weight: int = 3\n"))
    async with small.open() as remit:
        await testing.pass_time(remit, small.clock, 61)
        assert result(remit, case_id) == "7"


async def test_branches_pass_the_gate_one_at_a_time(small: Small) -> None:
    """Three payments side by side, two allowed in a case: two run, whichever comes first."""
    body = """
    return list(await run.gather(*[once(run) for _ in range(3)]))
    """
    more = """
    from decimal import Decimal

    async def once(run):
        order = await run.read(get_order, order_id="7")
        try:
            await run.act(pay, order_id=order.id, amount=Money(Decimal("1.00"), "EUR"))
        except StepRefused as error:
            return "denied"
        return "paid"
    """
    async with small.open(body, more=more) as remit:
        case_id = await send(remit)
        assert small.performed() == ["pay", "pay"], notes(remit, case_id)
        got = result(remit, case_id)
        assert isinstance(got, list)
        assert sorted(map(str, got)) == ["denied", "paid", "paid"], states(remit, case_id)


async def test_the_first_error_by_path_is_raised_whichever_came_first(small: Small) -> None:
    """A later branch fails at once, an earlier one after a wait; the earlier is what is seen."""
    body = """
    try:
        await run.gather(late(run), early(run))
    except LookupError as error:
        return str(error)
    """
    more = """
    async def late(run):
        await run.sleep(60)
        raise LookupError("late")

    async def early(run):
        await run.random()
        raise LookupError("early")
    """
    async with small.open(body, more=more) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("parked", "time"), notes(remit, case_id)
        await testing.pass_time(remit, small.clock, 61)
        assert result(remit, case_id) == "late", notes(remit, case_id)


async def test_branches_within_branches_come_back_by_path(small: Small) -> None:
    """Three levels, each with waits: the same values however often the case was put aside."""
    body = """
    return [str(one) for one in await run.gather(deep(run, 3), deep(run, 1), run.new_id())]
    """
    more = """
    async def deep(run, level):
        number = await run.new_id()
        await run.sleep(10 * level)
        if level == 1:
            return number
        return number, await run.gather(deep(run, level - 2), run.new_id())
    """
    async with small.open(body, more=more) as remit:
        case_id = await send(remit)
        for _ in range(5):
            await testing.pass_time(remit, small.clock, 11)
        recorded = {
            entry.path: entry.payloads["result"]
            for entry in found(remit, case_id, "orchestration:value:derived")
        }
        got = result(remit, case_id)
        assert isinstance(got, list)
        assert got[1:] == [str(recorded["1.1.1"]), str(recorded["1.2.1"])]
        assert got[0] == str((recorded["1.0.1"], (recorded["1.0.3.0.1"], recorded["1.0.3.1.1"])))


@pytest.mark.parametrize(
    "body",
    [
        "asyncio.create_task(None)",
        "asyncio.get_running_loop().call_soon(print)",
        "await inner(run)",
    ],
)
async def test_workflow_code_can_start_nothing_beside_itself(small: Small, body: str) -> None:
    """There is no loop inside workflow code: a task, a future, a callback are refused by line."""
    more = "import asyncio\n\nasync def inner(run):\n    await asyncio.Event().wait()\n"
    async with small.open(body, more=more) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("escalated", "workflow.foreign_await")
        assert "small.py:" in notes(remit, case_id)[0]


async def test_results_beyond_a_limit_hand_the_case_over(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case holds all its results in memory when it runs."""
    monkeypatch.setattr(driving, "RESULT_BYTES_MAX", 5_000)
    async with small.open(
        "for n in range(100):\n    await run.derive(long, n=n)\n",
        more="@desk.derive\ndef long(n: int) -> str:\n    return 'x' * 1_000\n",
    ) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("escalated", "too-long")


async def test_code_that_takes_long_between_two_steps_is_named(
    small: Small, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning with the place; the case goes on."""
    monkeypatch.setattr(driving, "CODE_SECONDS_MAX", 0.0)
    async with small.open("await run.now()\nreturn sum(range(10))") as remit:
        case_id = await send(remit)
        assert result(remit, case_id) == 45
    assert "between step 0 and small.py:" in caplog.text
    assert "between step 1 and its end" in caplog.text


async def test_the_loop_is_there_again_after_code_has_run(small: Small) -> None:
    """Only workflow code runs without one."""
    async with small.open("return await run.random()") as remit:
        await send(remit)
        assert asyncio.get_running_loop().is_running()


DIVERGING = "await run.random()\nawait run.new_id()\nawait run.sleep(60)\nreturn 'old'"


async def _diverged(small: Small) -> str:
    """Leave a case that no longer fits its code; return it."""
    async with small.open(DIVERGING) as remit:
        case_id = await send(remit, message="one of a kind", order_id="12")
    small.write(DIVERGING.replace("run.new_id()", "run.now()"))
    async with small.open() as remit:
        await testing.pass_time(remit, small.clock, 61)
    return case_id


async def test_a_person_sees_both_sequences_and_retries_once_the_code_is_mended(
    small: Small,
) -> None:
    """The first way out: hand it back, and the case goes on where it was."""
    case_id = await _diverged(small)
    async with small.open() as remit:
        view = remit.case(case_id).diverged
        assert view is not None
        assert (view.path, [one.same for one in view.calls]) == ("2", [True, False, False])
        await remit.hand_back(case_id, person=OLGA, note="try again")
        await remit.settled()
        assert standing(remit, case_id) == ("escalated", "diverged"), "not mended yet"
    small.write(DIVERGING)
    async with small.open() as remit:
        await remit.hand_back(case_id, person=OLGA, note="mended")
        await testing.pass_time(remit, small.clock, 61)
        assert result(remit, case_id) == "old"
        assert remit.case(case_id).diverged is None


async def test_a_new_case_follows_one_that_no_longer_fits(small: Small) -> None:
    """The third way out: begun anew from the message, once, each naming the other."""
    case_id = await _diverged(small)
    async with small.open() as remit:
        new = await remit.follow(case_id, person=OLGA, note="begin anew")
        await remit.settled()
        assert standing(remit, case_id) == ("closed", "handled")
        assert standing(remit, new) == ("parked", "time")
        assert remit.case(new).follows == case_id
        assert remit.case(case_id).followed_by == new
        assert remit.case(new).fields == remit.case(case_id).fields
        with pytest.raises(IllegalMoveError):
            await remit.follow(case_id, person=OLGA, note="again")
        assert remit.counts()["balance"] == 0
        assert projections.check(remit.database).result == "equal"
