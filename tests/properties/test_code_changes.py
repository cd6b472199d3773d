"""Seeded changes of code under an open case: every harmful one is found, no harmless one is."""

import asyncio
import random
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from remit import testing
from remit.assembly import load_module, workflow_of
from remit.authoring.workflow import Workflow
from remit.orchestration import rehearsal
from remit.orchestration.rehearsal import Past
from remit.settings import read
from tests.projects import Small, events, notes, send, standing

CHANGES = 100
OPENED = 6  # of each hundred are also run by a whole Remit; all of them in the torture

RECORDED = (
    "order = await run.read(get_order, order_id=case.order_id)",
    "a = await run.derive(twice, number=4)",
    "b = await run.random()",
    "c = await run.new_id()",
    "both = await run.gather(left(run), right(run))",
    "d = await run.derive(twice, number=5)",
    'acted = await run.act(note, text="first")',
    "e = await run.now()",
    "await run.sleep(60)",
)
BEYOND = ("f = await run.derive(twice, number=6)", 'last = await run.act(note, text="last")')
BRANCHES = """
@desk.derive
def thrice(number: int) -> int:
    return 3 * number

async def left(run):
    one = await run.derive(twice, number=7)
    return one, await run.new_id()

async def right(run):
    two = await run.random()
    return two, await run.derive(twice, number=8)
"""
EXTRA = (
    "await run.now()", "await run.random()", "await run.new_id()", 'await run.changed("new")',
    "await run.derive(thrice, number=1)", "await run.sleep(5)", 'await run.act(note, text="x")',
    "await run.gather(run.now(), run.random())",
)  # fmt: skip
ARGUMENTS = (
    ("number=4", "number=40"), ("number=5", "number=50"), ("number=7", "number=70"),
    ("number=8", "number=80"), ('text="first"', 'text="firstly"'), ("sleep(60)", "sleep(61)"),
    ("order_id=case.order_id", 'order_id="9"'),
)  # fmt: skip
NAMES = (
    ("twice, number=4", "thrice, number=4"), ("twice, number=7", "thrice, number=7"),
    ("run.random()", "run.new_id()"), ("run.new_id()", "run.random()"),
    ("run.now()", "run.random()"), ("left(run), right(run)", "right(run), left(run)"),
)  # fmt: skip

Code = tuple[str, str]  # the handler's body, and what stands before it


def joined(lines: list[str], more: str = BRANCHES) -> Code:
    """Return a handler of these lines."""
    return "\n".join([*lines, 'return "done"']), more


ORIGINAL = joined([*RECORDED, *BEYOND])


def harmful(number: int) -> Code:
    """Return a change of what is recorded: reorder, rename, drop, add, argument in turn."""
    chance = random.Random(number)
    lines = list(RECORDED)
    match number % 5:
        case 0:
            first, second = sorted(chance.sample(range(len(lines)), 2))
            lines[first], lines[second] = lines[second], lines[first]
            return joined([*lines, *BEYOND])
        case 1:
            old, new = chance.choice(NAMES)
            body, more = ORIGINAL
            if old in more and (old not in body or chance.random() < 0.5):
                return body, more.replace(old, new, 1)
            return body.replace(old, new, 1), more
        case 2:
            del lines[chance.randrange(len(lines))]
            return joined([*lines, *BEYOND])
        case 3:
            place = chance.randrange(len(lines))
            extra = chance.choice([one for one in EXTRA if "changed" not in one])
            if place and lines[place].partition("await ")[2] == extra.partition("await ")[2]:
                place = 0
            lines.insert(place, extra)
            return joined([*lines, *BEYOND])
        case _:
            old, new = chance.choice(ARGUMENTS)
            body, more = ORIGINAL
            return body.replace(old, new, 1), more.replace(old, new, 1)


def harmless(number: int) -> Code:
    """Return a change that leaves what is recorded as it is."""
    chance = random.Random(number)
    lines = list(RECORDED)
    place = chance.randrange(len(lines))
    match number % 5:
        case 0:
            lines.insert(place, f"# {number}\nunused = [n * n for n in range({number})]")
        case 1:
            guarded = f'if await run.changed("mark-{number}"):\n    {chance.choice(EXTRA)}'
            lines.insert(place, guarded)
        case 2:
            renamed = [
                one.replace("order = ", "found = ").replace("a = ", "z = ") for one in lines
            ]
            return joined([*renamed, *BEYOND])
        case 3:
            return joined([*lines, chance.choice(EXTRA), *chance.sample(BEYOND, 1)])
        case _:
            more = (
                BRANCHES
                + f"\nasync def first_{number}(case, run):\n"
                + textwrap.indent(f"{lines[0]}\n{lines[1]}\nreturn order, a", "    ")
            )
            return joined(
                [f"order, a = await first_{number}(case, run)", *lines[2:], *BEYOND], more
            )
    return joined([*lines, *BEYOND])


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """A case that sleeps with nine steps behind it, as replay reads it."""

    async def made() -> Past:
        small = Small(folder=tmp_path_factory.mktemp("changes"))
        async with small.open(ORIGINAL[0], more=ORIGINAL[1]) as remit:
            case_id = await send(remit)
            assert standing(remit, case_id) == ("parked", "time"), notes(remit, case_id)
            return remit.database.read(
                lambda c: rehearsal.opened(
                    c, remit.keys, case_id, random_bytes=random.Random(1).randbytes
                )
            )

    return asyncio.run(made())


def loaded(code: Code, folder: Path) -> Workflow:
    """Return the workflow with this code."""
    small = Small(folder=folder)
    small.write(code[0], more=code[1])
    settings = read(folder / "project", {}).settings.workflow
    assert settings is not None
    return workflow_of(load_module(folder / "project", settings.module), settings)


@pytest.mark.parametrize(("change", "ends"), [(harmful, "diverged"), (harmless, "edge")])
def test_a_hundred_changes_are_told_apart(
    past: Past, tmp_path: Path, change: Callable[[int], Code], ends: str
) -> None:
    """Replayed with all doors shut: 100 of 100 harmful ones are found, 0 of 100 false alarms."""
    wrong = []
    seen = set()
    for number in range(CHANGES):
        code = change(number)
        assert code != ORIGINAL
        seen.add(code)
        came = asyncio.run(rehearsal.rehearse(past, loaded(code, tmp_path / str(number))))
        if came.end != ends:
            wrong.append((number, came.end, came.said, code[0]))
    assert wrong == []
    assert len(seen) >= CHANGES // 2


async def _lives_through(
    folder: Path, code: Code
) -> tuple[tuple[str, str | None], list[str], int]:
    """Open a case under the original, deploy the change, let the wait end."""
    small = Small(folder=folder)
    async with small.open(ORIGINAL[0], more=ORIGINAL[1]) as remit:
        case_id = await send(remit)
    before = len(small.tape.calls)
    async with small.open(code[0], more=code[1]) as remit:
        await testing.pass_time(remit, small.clock, 61)
        return standing(remit, case_id), events(remit, case_id), len(small.tape.calls) - before


@pytest.mark.parametrize("number", range(OPENED))
def test_a_harmful_change_is_found_before_anything_is_done(tmp_path: Path, number: int) -> None:
    """No step is taken and no call is made: the case is with a person."""
    stands, written, calls = asyncio.run(_lives_through(tmp_path, harmful(number)))
    assert stands == ("escalated", "diverged")
    assert written[-2:] == ["orchestration:case:diverged", "orchestration:case:escalated"]
    assert calls == 0


@pytest.mark.parametrize("number", range(OPENED))
def test_a_harmless_change_lets_the_case_go_on(tmp_path: Path, number: int) -> None:
    """The case goes on where it was."""
    stands, _, _ = asyncio.run(_lives_through(tmp_path, harmless(number)))
    assert stands[1] != "diverged"


@pytest.mark.torture
@pytest.mark.parametrize("number", range(OPENED, CHANGES))
def test_every_change_in_a_whole_remit(tmp_path: Path, number: int) -> None:
    """The other ninety-odd of each, as above."""
    stands, _, calls = asyncio.run(_lives_through(tmp_path / "harmful", harmful(number)))
    assert (stands, calls) == (("escalated", "diverged"), 0)
    stands, _, _ = asyncio.run(_lives_through(tmp_path / "harmless", harmless(number)))
    assert stands[1] != "diverged"
