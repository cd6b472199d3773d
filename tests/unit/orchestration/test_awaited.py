"""Answers of one commit, as coroutines get them."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.errors import NotFoundError
from remit.orchestration import awaited
from remit.store.unit import UnitOfWork
from tests.opened import Opened, opened

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Opened]:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as made:
        yield made


async def test_every_caller_gets_its_own_result_or_error(store: Opened) -> None:
    def missing(_: UnitOfWork) -> int:
        raise NotFoundError("there is no such case")

    numbered = [awaited.submit(store.writer, lambda _, n=n: n) for n in range(20)]  # type: ignore[misc]  # a default binds the loop's value
    failed = awaited.submit(store.writer, missing)
    answers = await asyncio.gather(*numbered)

    assert [answer.value for answer in answers] == list(range(20))
    with pytest.raises(NotFoundError, match="no such case"):
        await failed


async def test_what_was_cancelled_before_its_turn_is_not_done(store: Opened) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), list[str]()

    def slow(_: UnitOfWork) -> None:
        begun.set()
        assert go_on.wait(30)

    first = awaited.submit(store.writer, slow)
    await asyncio.to_thread(begun.wait, 30)
    second = awaited.submit(store.writer, lambda _: done.append("second"))
    third = awaited.submit(store.writer, lambda _: done.append("third"))
    second.cancel()
    go_on.set()
    await asyncio.gather(first, third)

    assert done == ["third"]


def test_a_loop_that_has_ended_is_no_trouble_to_the_writer(store: Opened) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: UnitOfWork) -> None:
        begun.set()
        assert go_on.wait(30)

    async def leave() -> None:
        awaited.submit(store.writer, slow)
        await asyncio.to_thread(begun.wait, 30)

    asyncio.run(leave())
    go_on.set()
    assert store.writer.run(lambda _: 1).value == 1
