"""Silence shows: a process that runs cases says so each minute, and so does whoever follows it."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from remit.app import Remit
from remit.ledger.judge import Head
from remit.ledger.leaf import Leaf, read_leaf
from remit.ledger.semantics import Semantics
from remit.ledger.silence import BEAT, ENDED
from tests.projects import NAME, Small

pytestmark = pytest.mark.anyio

HELD = """
order = await run.read(get_order, order_id=case.order_id)
return (await run.act(pay, order_id=order.id, amount=order.total)).receipt.id
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Small(folder=tmp_path, database=database, granted=())


def leaves(remit: Remit) -> list[Leaf]:
    """Return the record in its order, as somebody would have it who can write it anew."""
    remit.keeper.drain()
    rows = remit.database.read(
        lambda c: c.rows(
            "SELECT e.leaf FROM entry_order o JOIN entries e ON e.case_id = o.case_id"
            " AND e.seq = o.seq ORDER BY o.position"
        )
    )
    return [read_leaf(bytes(row[0])) for row in rows]


def judged(found: list[Leaf]) -> tuple[list[str], list[str]]:
    """Return the codes of broken rules, and the lines of the report."""
    broken: list[str] = []
    rules = Semantics(key_ids=())
    rules.begin(Head(origin="o", size=len(found)))
    for n, leaf in enumerate(found):
        rules.see(n, leaf, lambda code, _position, _text: broken.append(code))
    lines = rules.end(lambda code, _position, _text: broken.append(code))
    return [code for code in broken if code != "LS13"], list(lines)


async def minutes(remit: Remit, small: Small, n: int) -> None:
    """Let minutes pass as they do while a process is at work."""
    for _ in range(n):
        small.clock.advance(60)
        await remit.heart.tick()


async def test_heartbeats_that_are_taken_out_are_missed(small: Small) -> None:
    async with small.open(HELD) as remit:
        await remit.receive(NAME, {"order_id": "7"}, channel="api")
        await remit.settled()
        await minutes(remit, small, 8)
        whole = leaves(remit)
        beats = [n for n, leaf in enumerate(whole) if leaf.event == BEAT]
        assert [whole[n].body["number"] for n in beats] == list(range(1, 10))
        assert judged(whole) == ([], [judged(whole)[1][0]])
        for gone in ([beats[4]], beats[2:6], beats[:3], beats):
            kept = [leaf for n, leaf in enumerate(whole) if n not in gone]
            assert set(judged(kept)[0]) == {"LS12"}


async def test_a_beat_that_was_long_in_writing_is_followed_in_time(small: Small) -> None:
    """The next one is due a minute after the look that it stands for, not after its answer."""
    async with small.open(HELD) as remit:
        await remit.receive(NAME, {"order_id": "7"}, channel="api")
        await remit.settled()
        slow = [100.0]

        def linger(point: str) -> None:
            if point == "after-commit" and slow:
                small.clock.advance(slow.pop())

        small.clock.advance(60)
        remit.writer.before_commit.append(linger)
        assert await remit.heart.tick()
        assert not slow
        assert await remit.heart.tick()
        beats = [leaf for leaf in leaves(remit) if leaf.event == BEAT]
        assert [leaf.body["number"] for leaf in beats] == [1, 2, 3]


async def test_nobody_beats_while_no_case_is_open_and_an_end_in_peace_is_no_gap(
    small: Small,
) -> None:
    async with small.open(HELD) as remit:
        await minutes(remit, small, 30)
        assert [leaf.event for leaf in leaves(remit)].count(BEAT) == 1
        await remit.receive(NAME, {"order_id": "7"}, channel="api")
        await remit.settled()
        await minutes(remit, small, 1)
    small.clock.advance(3600)  # a case is open all night, and nobody is at work
    async with small.open() as remit:
        await minutes(remit, small, 1)
        broken, lines = judged(leaves(remit))
        assert broken == []
        assert not [line for line in lines if line.startswith("silent ")]


async def test_who_slept_says_so_on_waking_and_a_gap_that_nobody_explains_is_found(
    small: Small,
) -> None:
    async with small.open(HELD) as remit:
        await remit.receive(NAME, {"order_id": "7"}, channel="api")
        await remit.settled()
        await minutes(remit, small, 2)
        small.clock.advance(8 * 3600)  # the lid was closed
        await remit.heart.tick()
        found = leaves(remit)
        broken, lines = judged(found)
        assert broken == []
        assert sum("held up" in line for line in lines) == 1
        (woken,) = (leaf for leaf in found if "silent_seconds" in leaf.body)
        del woken.body["silent_seconds"]  # forged: as if it had been at work
        assert judged(found)[0] == ["LS12"]


async def test_a_crash_is_listed_by_whoever_comes_next_and_condemns_nobody(small: Small) -> None:
    async with small.open(HELD) as remit:
        await remit.receive(NAME, {"order_id": "7"}, channel="api")
        await remit.settled()
        await minutes(remit, small, 2)
        await die(remit)
    small.clock.advance(3600)
    async with small.open() as remit:
        broken, lines = judged(leaves(remit))
        assert broken == []
        (line,) = (line for line in lines if line.startswith("silent "))
        assert ("crashed" if small.database is None else "silent:") in line.replace(",", ":")
        kept = [leaf for leaf in leaves(remit) if not crash_of(leaf)]
        assert "LS12" not in judged(kept)[0], "it may be that nobody has said it yet"
        await minutes(remit, small, 20)
        kept = [leaf for leaf in leaves(remit) if not crash_of(leaf)]
        assert set(judged(kept)[0]) == {"LS12"}


def crash_of(leaf: Leaf) -> bool:
    return leaf.event == ENDED and leaf.body["how"] in ("crashed", "silent")


async def die(remit: Remit) -> None:
    """End the heart without a word, as a kill does."""
    beating = remit.heart._task
    assert beating is not None
    remit.heart._task = None
    beating.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await beating
