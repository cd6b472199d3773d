"""The durable case of seven steps in LangGraph, with its own SQLite checkpointer as shipped."""

import argparse
import asyncio
import sqlite3
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from load import STEPS, drive, result, tell

MESSAGE, AUDIT = result("message"), result("audit")
SYNCHRONOUS_FULL = 2


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
    parser = argparse.ArgumentParser()
    parser.add_argument("--at-a-time", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--saver", choices=("async", "thread"), default="async")
    parser.add_argument("--durability", choices=("sync", "async", "exit"), default="sync")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path("var/bench")) as folder:
        file = Path(folder) / "checkpoints.sqlite"
        run = with_async if asked.saver == "async" else with_threads
        tell(asyncio.run(run(file, asked)))


def graph() -> StateGraph:
    """Return seven nodes in a row, each giving 1 KB."""
    made = StateGraph(State)
    before = START
    for name in STEPS:
        made.add_node(f"{name}_step", step(name))
        made.add_edge(before, f"{name}_step")
        before = f"{name}_step"
    made.add_edge(before, END)
    return made


def step(name: str) -> Callable[[State], State]:
    """Return a node that does nothing."""
    given = result(name)

    def node(_: State) -> State:
        return {name: given}

    return node


async def with_async(file: Path, asked: argparse.Namespace) -> dict[str, float]:
    async with AsyncSqliteSaver.from_conn_string(str(file)) as saver:
        app = graph().compile(checkpointer=saver)

        async def one(number: int) -> None:
            ended = await app.ainvoke(
                {"message": MESSAGE},
                {"configurable": {"thread_id": f"case-{number}"}},
                durability=asked.durability,
            )
            assert ended["audit"] == AUDIT

        figures = await drive(one, at_a_time=asked.at_a_time, seconds=asked.seconds)
    return figures | durable(file, figures["cases"])


async def with_threads(file: Path, asked: argparse.Namespace) -> dict[str, float]:
    with SqliteSaver.from_conn_string(str(file)) as saver, ThreadPoolExecutor(64) as pool:
        app = graph().compile(checkpointer=saver)

        def whole(number: int) -> None:
            ended = app.invoke(
                {"message": MESSAGE},
                {"configurable": {"thread_id": f"case-{number}"}},
                durability=asked.durability,
            )
            assert ended["audit"] == AUDIT

        async def one(number: int) -> None:
            await asyncio.get_running_loop().run_in_executor(pool, whole, number)

        figures = await drive(one, at_a_time=asked.at_a_time, seconds=asked.seconds)
    return figures | durable(file, figures["cases"])


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
