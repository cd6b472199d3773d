"""The durable case of seven steps in LangGraph, with its own checkpointers as shipped."""

import argparse
import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from load import APPROVAL_BEFORE, STEPS, drive, folder, options, result, tell

MESSAGE, AUDIT = result("message"), result("audit")
SYNCHRONOUS_FULL = 2
POOL = 16


class State(TypedDict, total=False):
    message: str
    normalise: str
    mask: str
    retrieve: str
    model: str
    policy: str
    action: str
    audit: str


def main() -> None:
    """Run the case with one saver and one durability mode."""
    parser = options()
    parser.add_argument("--saver", choices=("async", "thread"), default="async")
    parser.add_argument("--durability", choices=("sync", "async", "exit"), default="sync")
    asked = parser.parse_args()
    with folder() as home:
        file = Path(home) / "checkpoints.sqlite"
        run = with_threads if asked.saver == "thread" else with_async
        tell(asyncio.run(run(file, asked)))


def graph(*, approval: bool) -> StateGraph:
    """Return seven nodes in a row, each giving 1 KB."""
    made = StateGraph(State)
    before = START
    for name in STEPS:
        made.add_node(f"{name}_step", step(name, asks=approval and name == APPROVAL_BEFORE))
        made.add_edge(before, f"{name}_step")
        before = f"{name}_step"
    made.add_edge(before, END)
    return made


def step(name: str, *, asks: bool) -> Callable[[State], State]:
    """Return a node that does nothing."""
    given = result(name)

    def node(_: State) -> State:
        if asks:
            assert interrupt("may it?") == "yes"
        return {name: given}

    return node


@asynccontextmanager
async def saver(file: Path, url: str | None) -> AsyncIterator[Any]:
    """Return the asynchronous saver of a file or of a PostgreSQL database."""
    if url is None:
        async with AsyncSqliteSaver.from_conn_string(str(file)) as made:
            yield made
        return
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg.rows import dict_row
    from psycopg_pool import AsyncConnectionPool

    settings = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(url, min_size=POOL, max_size=POOL, kwargs=settings) as pool:
        made = AsyncPostgresSaver(pool)
        await made.setup()
        yield made


async def with_async(file: Path, asked: argparse.Namespace) -> dict[str, float]:
    async with saver(file, asked.url) as kept:
        app = graph(approval=asked.approval).compile(checkpointer=kept)

        async def plain(number: int) -> None:
            ended = await app.ainvoke(
                {"message": MESSAGE}, configured(number), durability=asked.durability
            )
            assert ended["audit"] == AUDIT

        async def approved(number: int) -> float:
            held = await app.ainvoke(
                {"message": MESSAGE}, configured(number), durability=asked.durability
            )
            assert "audit" not in held
            began = time.perf_counter()
            ended = await app.ainvoke(
                Command(resume="yes"), configured(number), durability=asked.durability
            )
            assert ended["audit"] == AUDIT
            return time.perf_counter() - began

        one = approved if asked.approval else plain
        figures = await drive(one, at_a_time=asked.at_a_time, seconds=asked.seconds)
    return figures | (durable(file, figures["cases"]) if asked.url is None else {})


async def with_threads(file: Path, asked: argparse.Namespace) -> dict[str, float]:
    with SqliteSaver.from_conn_string(str(file)) as kept, ThreadPoolExecutor(64) as pool:
        app = graph(approval=False).compile(checkpointer=kept)

        def whole(number: int) -> None:
            ended = app.invoke(
                {"message": MESSAGE}, configured(number), durability=asked.durability
            )
            assert ended["audit"] == AUDIT

        async def one(number: int) -> None:
            await asyncio.get_running_loop().run_in_executor(pool, whole, number)

        figures = await drive(one, at_a_time=asked.at_a_time, seconds=asked.seconds)
    return figures | durable(file, figures["cases"])


def configured(number: int) -> dict[str, Any]:
    """Return under which thread a case is kept."""
    return {"configurable": {"thread_id": f"case-{number}"}}


def durable(file: Path, cases: float) -> dict[str, float]:
    """Check that the cases are in the file, and say how it was written."""
    with sqlite3.connect(file) as connection:
        threads = connection.execute(
            "select count(distinct thread_id), count(*) from checkpoints"
        ).fetchone()
        (mode,) = connection.execute("pragma journal_mode").fetchone()
        (synchronous,) = connection.execute("pragma synchronous").fetchone()
    connection.close()
    assert threads[0] >= cases
    assert (mode, synchronous) == ("wal", SYNCHRONOUS_FULL), (mode, synchronous)
    return {"checkpoints_per_case": threads[1] / threads[0]}


if __name__ == "__main__":
    main()
