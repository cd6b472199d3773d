"""The stream of changes: names, ids and counts, never content."""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from remit.console.pages import Console
from remit.errors import BusyError
from remit.governance.access import ASKING
from remit.governance.permissions import Permission, needs

STREAMS_MAX = 200
HEARTBEAT_SECONDS = 15.0
GATHER_SECONDS = 0.5  # changes within this time are told together
NAMES_MAX = 50  # of one message; the counts say the rest


def routes(console: Console) -> list[Route]:
    """Return the route of the stream."""
    open_streams: set[int] = set()

    @needs(Permission.READ)
    async def events(request: Request) -> Response:
        """Stream what changed: one message for each burst of changes, with the counts after it."""
        if len(open_streams) >= STREAMS_MAX:
            raise BusyError(f"{STREAMS_MAX} pages are live already; close one")
        return StreamingResponse(
            _stream(console, request, open_streams),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    return [Route("/events", events, methods=["GET"], name="events")]


async def _stream(
    console: Console, request: Request, open_streams: set[int]
) -> AsyncIterator[bytes]:
    token = request.state.session.token
    ASKING.set(request.state.session.person.handle)  # the endpoint has answered already
    open_streams.add(id(request))
    changes: asyncio.Queue[tuple[int | None, str, str]] = asyncio.Queue(maxsize=NAMES_MAX)
    reader = asyncio.create_task(_read(console, changes))
    try:
        yield b"retry: 3000\n\n"
        yield await _message(console, request, [])
        while console.sign_in.is_living(token) and not reader.done():
            batch = await _gathered(changes)
            yield await _message(console, request, batch) if batch else b": still here\n\n"
    finally:
        open_streams.discard(id(request))
        reader.cancel()


async def _read(console: Console, changes: asyncio.Queue[tuple[int | None, str, str]]) -> None:
    async for change in console.remit.subscribe():
        await changes.put(change)


async def _gathered(
    changes: asyncio.Queue[tuple[int | None, str, str]],
) -> list[tuple[int | None, str, str]]:
    """Return the changes of one burst, or none after a quiet time."""
    try:
        first = await asyncio.wait_for(changes.get(), HEARTBEAT_SECONDS)
    except TimeoutError:
        return []
    await asyncio.sleep(GATHER_SECONDS)
    batch = [first]
    while not changes.empty() and len(batch) < NAMES_MAX:
        batch.append(changes.get_nowait())
    return batch


async def _message(
    console: Console, request: Request, batch: list[tuple[int | None, str, str]]
) -> bytes:
    whole = "totals" in request.query_params  # a page that shows every number of the whole
    counts = await run_in_threadpool(console.remit.counts if whole else console.remit.badges)
    data = json.dumps(
        {
            "counts": dict(counts),
            "changes": [{"name": name, "id": subject} for _, name, subject in batch],
        }
    )
    position = f"id: {batch[-1][0]}\n" if batch and batch[-1][0] is not None else ""
    return f"{position}event: change\ndata: {data}\n\n".encode()
