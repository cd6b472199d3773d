"""What goes wrong on purpose: before or after the shop did its work, seen from the other side."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FAULTS = {
    "500": "answers 500 and does nothing",
    "500-after-perform": "does its work and answers 500",
    "429": "answers 429 and does nothing",
    "409-after-perform": "does its work and answers 409, as if the key were in use",
    "redirect": "answers 303 to another host",
    "hang": "never answers and does nothing",
    "hang-after-perform": "does its work and never answers",
    "drop-before": "closes the connection and does nothing",
    "drop-after-perform": "does its work and closes the connection",
    "slow": "waits 0.2 seconds, then answers",
    "torn": "does its work and cuts its answer in the middle",
    "html": "does its work and answers a page",
    "off-schema": "does its work and answers JSON of another shape",
    "oversized": "does its work and answers two megabytes",
    "bomb": "does its work and answers 64 megabytes of zeros, packed",
}
SLOW_SECONDS = 0.2
OVERSIZED_BYTES = 2 * 1024 * 1024
BOMB_BYTES = 64 * 1024 * 1024


class Faults:
    """Stands before the shop; without a fault it is not there."""

    def __init__(self, shop: App, *, always: str | None) -> None:
        self._shop = shop
        self._always = always
        self._planned: list[dict[str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._shop(scope, receive, send)
        elif scope["path"] == "/faults":
            await self._plan(receive, send)
        else:
            await self._meet(self._due(scope), scope, receive, send)

    async def _plan(self, receive: Receive, send: Send) -> None:
        wanted = json.loads(await _body(receive) or b"{}")
        if wanted.get("fault") is None:
            self._planned.clear()
        elif wanted["fault"] in FAULTS:
            self._planned.append({"path": "/", "method": None, "times": 1, **wanted})
        else:
            return await _answer(send, 422, json.dumps({"faults": FAULTS}).encode())
        return await _answer(send, 200, json.dumps(self._planned).encode())

    def _due(self, scope: Scope) -> str | None:
        for name, value in scope["headers"]:
            if name == b"x-shop-fault":
                return str(value.decode())
        for plan in self._planned:
            fits = scope["path"].startswith(plan["path"])
            if fits and plan["method"] in (None, scope["method"]) and plan["times"] > 0:
                plan["times"] -= 1
                return str(plan["fault"])
        return self._always

    async def _meet(self, fault: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        match fault:
            case None:
                await self._shop(scope, receive, send)
            case "slow":
                await asyncio.sleep(SLOW_SECONDS)
                await self._shop(scope, receive, send)
            case "500" | "429":
                await _answer(send, int(fault), b'{"error": {"code": "fault"}}')
            case "redirect":
                await _answer(send, 303, b"", location=b"http://elsewhere.example/")
            case "hang":
                await _never()
            case "drop-before":
                _drop(receive)
            case _:
                await self._shop(scope, receive, _swallow)
                await _spoil(fault, receive, send)


async def _spoil(fault: str, receive: Receive, send: Send) -> None:
    """Answer badly, after the work was done."""
    match fault:
        case "hang-after-perform":
            await _never()
        case "drop-after-perform":
            _drop(receive)
        case "500-after-perform" | "409-after-perform":
            await _answer(send, int(fault[:3]), b'{"error": {"code": "fault"}}')
        case "torn":
            head = [(b"content-type", b"application/json"), (b"content-length", b"400")]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": b'{"id": "R-', "more_body": True})
            _drop(receive)
        case "html":
            await _answer(send, 200, b"<html>welcome</html>", content_type=b"text/html")
        case "off-schema":
            await _answer(send, 200, b'{"surprise": true}')
        case "oversized":
            await _answer(send, 200, b'"' + b"x" * OVERSIZED_BYTES + b'"')
        case _:
            packed = gzip.compress(bytes(BOMB_BYTES), compresslevel=9)
            await _answer(send, 200, packed, content_encoding=b"gzip")


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _answer(send: Send, status: int, body: bytes, **headers: bytes) -> None:
    said = {
        "content_type": b"application/json",
        "content_length": str(len(body)).encode(),
        **headers,
    }
    pairs = [(name.replace("_", "-").encode(), value) for name, value in said.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


async def _swallow(message: Message) -> None:
    """Let the shop's answer go nowhere."""


async def _never() -> None:
    await asyncio.Event().wait()


def _drop(receive: Receive) -> None:
    receive.__self__.transport.abort()  # type: ignore[attr-defined]  # uvicorn's own connection
