"""What the inbox costs with ten thousand items waiting: in the server, and from a key to the pane.

`python -m bench.inbox` brings letters in by the front door until so many are held, on SQLite and
on a PostgreSQL of its own, then asks a server on loopback for pages, item by item, and says yes to
some. With `--browser` a real Chromium presses J and A and is asked when the new pane was painted.
A page without a list, in the same process and run, stands beside them: *bare*.
"""

import argparse
import asyncio
import contextlib
import http.client
import re
import secrets
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench import inbox_keys
from bench.places import HOME
from bench.table import Table, number

WAITING = 10_000
LOOKS = 60
VERDICTS = 40
ROWS = 60
PERSON = "ada"
PAGES = {
    "bare (help)": "/help",
    "inbox, team": "/inbox",
    "inbox, mine": "/inbox?tab=mine",
    "inbox, overdue": "/inbox?tab=overdue",
    "inbox, money (none)": "/inbox?tab=money",
    "inbox, changed (none)": "/inbox?tab=changed",
}
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
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Print what the inbox costs when much waits.")
    parser.add_argument("--waiting", type=int, default=WAITING, help="so many items are held")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--browser", action="store_true", help="also with keys in Chromium")
    asked = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    for name in asked.database or ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory(dir=HOME) as folder, _database(name) as url:
            tables = asyncio.run(
                _measured(Path(folder), url, name, asked.waiting, browser=asked.browser)
            )
            for table in tables:
                print(table, flush=True)
    return 0


@contextlib.contextmanager
def _database(name: str) -> Iterator[str | None]:
    if name == "sqlite":
        yield None
        return
    from tests import postgres

    with postgres.server(durable=True) as server:
        yield server.create()


async def _measured(
    folder: Path, url: str | None, name: str, waiting: int, *, browser: bool
) -> list[Table]:
    from remit import testing

    for file, text in FILES.items():
        place = folder / "desk" / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    project = testing.project(folder / "desk", data=folder, database=url)
    async with testing.running(project, replays=False, seeds=False) as remit:
        began = time.perf_counter()
        for n in range(waiting):
            fields = {"to": f"order {n}", "message": f"letter {n} about a late parcel"}
            await remit.receive("letters", fields, channel="bench")
            if n % 500 == 499:  # noqa: PLR2004 - told now and then
                await remit.settled()
                print(f"{name}: {n + 1} of {waiting} wait", file=sys.stderr, flush=True)
        await remit.settled()
        took = time.perf_counter() - began
        print(f"{name}: held in {took:.0f} s", file=sys.stderr, flush=True)
        async with _served(remit) as (port, link):
            tables = [await asyncio.to_thread(_asked, remit, port, link(), name, waiting)]
            if browser:
                place = f"http://127.0.0.1:{port}"
                tables.append(
                    await asyncio.to_thread(inbox_keys.table, place, link, name, waiting)
                )
        return tables


@contextlib.asynccontextmanager
async def _served(remit: Any) -> AsyncIterator[tuple[int, Callable[[], str]]]:
    """Serve the console on loopback until left; yield its port and what makes sign-in codes."""
    import uvicorn

    from remit.api import server
    from remit.cli.serve import Place
    from remit.console import site
    from remit.governance.sessions import SignIn
    from remit.store.accounts import AccountRows
    from remit.store.sqlite import SqliteConnection

    rows = AccountRows(
        lambda: SqliteConnection(
            sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        )
    )
    sign_in = SignIn(
        rows=rows, random_bytes=secrets.token_bytes, clock=remit.now, people=remit.people
    )
    pages = site.build(remit, sign_in, secure=False, clock=remit.now)
    app = server.build(remit, sign_in, secure=False, site=pages)
    with Place.of("127.0.0.1", 0, proxy=None).listening() as listener:
        serving = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        task = asyncio.create_task(serving.serve(sockets=[listener]))
        while not serving.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            yield listener.getsockname()[1], lambda: sign_in.issue(PERSON)
        finally:
            serving.should_exit = True
            await task


# -- pages over HTTP ------------------------------------------------------------------------------


def _asked(remit: Any, port: int, code: str, name: str, waiting: int) -> Table:
    ids = [row.approval_id for row in remit.inbox(person=PERSON, limit=ROWS).rows]
    after: str | None = None
    for _ in range(min(100, waiting // ROWS - 2)):
        after = remit.inbox(person=PERSON, after=after, limit=ROWS).after or after
    client = Client(port)
    client.enter(code)
    paths = {**PAGES, "inbox, a later page": f"/inbox?after={after}"}
    took = {page: _times(lambda path=path: client.get(path)) for page, path in paths.items()}  # type: ignore[misc]  # the path of now
    items = iter(ids * (LOOKS // len(ids) + 2))
    took["item with its list"] = _times(lambda: client.get(f"/inbox/{next(items)}"))
    token = client.token()
    yes = []
    for approval_id in ids[:VERDICTS]:
        digest = remit.approval(approval_id, person=PERSON).card.digest
        fields = {"csrf": token, "verdict": "approve", "digest": digest, "seconds": "3"}
        yes.append(_time(lambda: client.post(f"/inbox/{approval_id}/verdict", fields)))  # noqa: B023 - called at once
    took["verdict (POST)"] = yes
    bare = _p(took["bare (help)"], 50)
    rows = [
        (page, number(_p(ms, 50), 1), number(_p(ms, 95), 1), f"{_p(ms, 50) / bare:.1f}")
        for page, ms in took.items()
    ]
    return Table(
        title=f"{name}, {waiting:,} items wait: ms over HTTP on loopback",
        head=("page", "p50", "p95", "times bare"),
        rows=rows,
    )


class Client:
    """A signed-in client over one connection that is kept open."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._cookie = ""

    def enter(self, code: str) -> None:
        """Sign in with a code."""
        self.post("/sign-in", {"code": code})

    def get(self, path: str) -> str:
        """Return a page."""
        return self._sent("GET", path, None)

    def post(self, path: str, fields: dict[str, str]) -> str:
        """Send a form; return what was answered, which is nothing for a redirect."""
        return self._sent("POST", path, urlencode(fields))

    def token(self) -> str:
        """Return what forms carry."""
        found = re.search(r'name="csrf" value="(\w+)"', self.get("/help"))
        return found[1] if found else ""

    def _sent(self, method: str, path: str, body: str | None) -> str:
        headers = {"origin": self.origin, "cookie": self._cookie}
        if body is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
        self._http.request(method, path, body, headers)
        answer = self._http.getresponse()
        text = answer.read().decode()
        if answer.status not in {200, 303}:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:2000]}")
        if given := answer.getheader("set-cookie"):
            self._cookie = given.partition(";")[0]
        return text


def _times(work: Callable[[], object]) -> list[float]:
    work()
    return [_time(work) for _ in range(LOOKS)]


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000


def _p(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    raise SystemExit(main())
