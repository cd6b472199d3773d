"""An OpenAI-compatible server whose model name picks the fault."""

import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

START_SECONDS_MAX = 20
COUNTED_SECONDS = 0.05
COUNTED_LOOKS_MAX = 400
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}

# Status codes and headers by model name.
STATUSES: dict[str, tuple[int, dict[str, str]]] = {
    "429": (429, {}),
    "429-wait": (429, {"Retry-After": "7"}),
    "500": (500, {}),
    "503": (503, {}),
    "529": (529, {}),
    "400": (400, {}),
    "401": (401, {}),
    "403": (403, {}),
    "404": (404, {}),
    "422": (422, {}),
}


@dataclass(slots=True)
class LoopbackModels:
    """A running server: its address, what it was asked, and what it shall say."""

    url: str
    log: list[dict[str, Any]] = field(default_factory=list)
    says: list[str | Callable[[dict[str, Any]], str]] = field(default_factory=list)
    # the replies of model `says`, in order, or what makes one of the request
    excuses: list[str] = field(default_factory=list)  # what stands in faulty answers, in order
    together: int = 1  # so many calls of model `counted` are waited for before one is answered
    inside: int = 0  # of them, under way
    most: int = 0  # of them, at any time

    def excuse(self, otherwise: str) -> str:
        """Return what stands in the next faulty answer."""
        return self.excuses.pop(0) if self.excuses else otherwise

    def asked(self) -> list[str]:
        return [request["model"] for request in self.log]


@contextmanager
def serving() -> Iterator[LoopbackModels]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        running = LoopbackModels(url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
        server = uvicorn.Server(
            uvicorn.Config(
                _app(running), log_level="critical", lifespan="off", timeout_graceful_shutdown=1
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.should_exit = True
            thread.join(START_SECONDS_MAX)


def _app(running: LoopbackModels) -> Starlette:
    async def chat(request: Request) -> Response:
        body = await request.json()
        running.log.append(body | {"headers": dict(request.headers)})
        if body["model"] != "counted":
            return await _answer(running, body)
        running.inside += 1
        running.most = max(running.most, running.inside)
        try:
            for _ in range(COUNTED_LOOKS_MAX):
                await anyio.sleep(COUNTED_SECONDS)  # whoever comes too many comes meanwhile
                if running.most >= running.together:
                    break
            return await _answer(running, body)
        finally:
            running.inside -= 1

    return Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])


async def _answer(running: LoopbackModels, body: dict[str, Any]) -> Response:
    fault: str = body["model"]
    if body.get("stream"):
        return StreamingResponse(_stream(fault), media_type="text/event-stream")
    if fault in STATUSES:
        status, headers = STATUSES[fault]
        error = {"message": running.excuse("no"), "type": "fault", "code": fault}
        return JSONResponse({"error": error}, status_code=status, headers=headers)
    match fault:
        case "overflow":
            error = {
                "message": "maximum context length exceeded",
                "type": "invalid_request_error",
                "code": "context_length_exceeded",
            }
            return JSONResponse({"error": error}, status_code=400)
        case "redirect":
            return Response(status_code=302, headers={"Location": "/v1/elsewhere"})
        case "slow":
            await anyio.sleep(5)
            return JSONResponse(_completion("slow", "too late"))
        case "html":
            return HTMLResponse(f"<h1>{running.excuse('It works')}</h1>")
        case "empty-choices":
            return JSONResponse(_completion(fault, "") | {"choices": []})
        case "cut-body":
            whole = json.dumps(_completion(fault, "half of this is missing")).encode()
            return StreamingResponse(
                _pieces([whole[: len(whole) // 2]]),
                media_type="application/json",
                headers={"Content-Length": str(len(whole))},
            )
        case "half-json":
            return StreamingResponse(
                _pieces([f'{{"id": "{running.excuse("1")}", "cho'.encode()]),
                media_type="application/json",
            )
        case "huge":
            return JSONResponse(_completion(fault, "x" * 3_000_000))
        case _:
            return JSONResponse(_completion(fault, **_content(running, fault)))


def _content(running: LoopbackModels, fault: str) -> dict[str, Any]:
    match fault:
        case "says":
            said = running.says.pop(0)
            return {"text": said(running.log[-1]) if callable(said) else said}
        case "no-usage":
            return {"text": "hello", "usage": None}
        case "absurd-usage":
            return {"text": "hello", "usage": USAGE | {"prompt_tokens": 1_000_000_000}}
        case "length":
            return {"text": "this goes on and", "finish": "length"}
        case "filtered":
            return {"text": running.excuse(""), "finish": "content_filter"}
        case "empty-text":
            return {"text": ""}
        case "unknown-tool":
            return {"tool": ("launch_rocket", "{}")}
        case "torn-tool":
            return {"tool": ("get_order", '{"order_id": ')}
        case "good-tool":
            return {"tool": ("get_order", '{"order_id": "A-1"}')}
        case "another-id":
            return {"text": "hello", "reported": running.excuse("somebody-else")}
        case _:
            return {"text": "hello"}


def _completion(
    model: str,
    text: str = "",
    *,
    finish: str = "stop",
    usage: dict[str, int] | None = USAGE,
    tool: tuple[str, str] | None = None,
    reported: str | None = None,
) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if tool is not None:
        call = {"name": tool[0], "arguments": tool[1]}
        message |= {
            "content": None,
            "tool_calls": [{"id": "1", "type": "function", "function": call}],
        }
        finish = "tool_calls"
    answer = {
        "id": "answer-1",
        "object": "chat.completion",
        "created": 1,
        "model": reported or model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    return answer | ({"usage": usage} if usage is not None else {})


async def _stream(fault: str) -> AsyncIterator[bytes]:
    """Send `hello world` in two pieces; `cut-stream` ends politely before the last chunk."""
    for piece in ("hello ", "world"):
        yield _chunk(fault, {"role": "assistant", "content": piece}, None)
    if fault == "torn-stream":
        raise ConnectionResetError
    if fault == "cut-stream":
        return
    yield _chunk(fault, {}, "stop")
    yield b"data: [DONE]\n\n"


def _chunk(model: str, delta: dict[str, str], finish: str | None) -> bytes:
    chunk = {
        "id": "answer-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()


async def _pieces(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
