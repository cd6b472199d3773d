"""What a page of the inbox costs with few and with many items waiting, beside reading one by one.

`python -m bench.inbox` fills a desk on SQLite by the front door, then asks for pages. CPU is that
of the thread that reads. *One by one* is what a page that opens each card for itself costs.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.places import HOME
from bench.table import Table, number

WAITING = (100, 1_000, 10_000)
LOOKS = 60
ROWS = 60
TABS = ("team", "mine", "money", "overdue", "changed")
FILES = {
    "remit.toml": """
disk_free_bytes_min = 0
[people.ada]
name = "Ada"
roles = ["owner", "approver"]
[workflow]
name = "letters"
module = "letters:desk"
[workflow.running]
held_max = 1000000
open_cases_max = 1000000
[workflow.owners]
workflow = "ada"
prompts = "ada"
knowledge = "ada"
incidents = "ada"
escalation = "ada"
[workflow.connectors.tape]
kind = "recorder"
file = "letters.tape"
operations = ["send", "recall"]
""",
    "letters.py": """
from typing import Annotated, Any
from remit import Case, Context, Source, Workflow

desk = Workflow("letters")
tape = desk.connector("tape")


class Letter(Case):
    to: str = ""
    message: str = ""


async def recall(id: str) -> Any:
    return await tape.perform("recall", reference=id)


@desk.action(risk="normal", undo=recall, says="Send {text} to {to}")
async def send(to: Annotated[str, Source.case("to")], text: Annotated[str, Source.any()]) -> dict:
    return await tape.perform("send", to=to, text=text)


@desk.handle
async def handle(case: Letter, run: Context) -> str:
    await run.act(send, to=case.to, text=case.message)
    return "sent"
""",
    "policies/letters.cedar": """
@id("letters") @says("A letter may be sent") @owner("ada") @since("2026-11-01")
permit (principal, action == Action::"letters.send", resource);
""",
}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Print what pages of the inbox cost.")
    parser.add_argument("--waiting", type=int, action="append", help="so many items; repeatable")
    asked = parser.parse_args()
    sizes = sorted(asked.waiting or WAITING)
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME) as folder:
        print(asyncio.run(_measured(Path(folder), sizes)))
    return 0


async def _measured(folder: Path, sizes: list[int]) -> Table:
    from remit import testing

    for name, text in FILES.items():
        place = folder / "desk" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    project = testing.project(folder / "desk", data=folder)
    rows: list[tuple[str, ...]] = []
    there = 0
    async with testing.running(project, replays=False, seeds=False) as remit:
        for size in sizes:
            for n in range(there, size):
                fields = {"to": f"order {n}", "message": f"letter {n} about a late parcel"}
                await remit.receive("letters", fields, channel="bench")
                if n % 200 == 199:  # noqa: PLR2004 - told now and then
                    await remit.settled()
                    print(f"{n + 1} of {size} wait", file=sys.stderr, flush=True)
            there = size
            await remit.settled()
            rows += _pages(remit, size)
    return Table(
        title=f"A page of {ROWS} items of the inbox, ms (median of {LOOKS})",
        head=("page", "waiting", "CPU p50", "CPU p95", "wall p50", "one by one, CPU p50", "ratio"),
        rows=rows,
    )


def _pages(remit: Any, size: int) -> list[tuple[str, ...]]:
    first = remit.inbox(person="ada", limit=ROWS)
    if first.waiting != size:
        raise SystemExit(f"{first.waiting} wait, {size} should")

    def singly() -> None:
        for row in first.rows:
            remit.approval(row.approval_id, person="ada")

    single = _times(singly)
    asked: dict[str, Callable[[], object]] = {
        tab: (lambda tab=tab: remit.inbox(person="ada", tab=tab, limit=ROWS)) for tab in TABS
    }
    after = first.after
    for _ in range(min(20, size // ROWS - 2)):
        if after is not None:
            after = remit.inbox(person="ada", after=after, limit=ROWS).after or after
    asked["a later page"] = lambda: remit.inbox(person="ada", after=after, limit=ROWS)
    made = []
    for name, work in asked.items():
        cpu, wall = _times(work)
        made.append(
            (
                name, f"{size:,}", number(_p(cpu, 50), 2), number(_p(cpu, 95), 2),
                number(_p(wall, 50), 2), number(_p(single[0], 50), 1),
                f"1 : {_p(single[0], 50) / max(_p(cpu, 50), 0.001):.1f}",
            )
        )  # fmt: skip
    return made


def _times(work: Callable[[], object]) -> tuple[list[float], list[float]]:
    cpu, wall = [], []
    for _ in range(LOOKS):
        began, began_cpu = time.perf_counter(), time.thread_time()
        work()
        cpu.append((time.thread_time() - began_cpu) * 1_000)
        wall.append((time.perf_counter() - began) * 1_000)
    return cpu, wall


def _p(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    raise SystemExit(main())
