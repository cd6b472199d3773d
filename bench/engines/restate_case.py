"""The durable case of seven steps in Restate: its own server, its Python SDK, HTTP between them.

The service runs in this process; the server's CPU is told beside it.
"""

import argparse
import asyncio
import os
import socket
import subprocess
import time
from pathlib import Path

import httpx
import restate
from hypercorn.asyncio import serve
from hypercorn.config import Config
from load import APPROVAL_BEFORE, PARKED_SECONDS, STEPS, drive, folder, options, result, tell

MESSAGE, AUDIT = result("message"), result("audit")
RESULTS = {name: result(name) for name in STEPS}
START_SECONDS_MAX = 40
seven = restate.Workflow("seven")


def step(name: str) -> str:
    return RESULTS[name]


@seven.main()
async def run(ctx: restate.WorkflowContext, asked: dict[str, object]) -> str:
    given = str(asked["message"])
    for name in STEPS:
        if asked["approval"] and name == APPROVAL_BEFORE:
            assert await ctx.promise("approval", type_hint=str).value() == "yes"
        given = await ctx.run_typed(name, step, name=name)
    return given


@seven.handler()
async def approve(ctx: restate.WorkflowSharedContext, word: str) -> None:
    await ctx.promise("approval", type_hint=str).resolve(word)


def main() -> None:
    """Run the case on one server."""
    parser = options()
    parser.add_argument("--server", required=True, help="the server's binary")
    asked = parser.parse_args()
    with folder() as home:
        ports = free_ports(4)
        log = (Path(home) / "server.log").open("w")
        server = subprocess.Popen(
            [asked.server, "--no-logo", "--base-dir", home, "--listen-mode", "tcp",
             "--bind-ip", "127.0.0.1", "--bind-port", str(ports[2])],
            stdout=log, stderr=subprocess.STDOUT,
            env={
                "PATH": os.environ["PATH"],
                "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ports[0]}",
                "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{ports[1]}",
                "RESTATE_LOG_FILTER": "error",
                "DO_NOT_TRACK": "1",
            },
        )  # fmt: skip
        try:
            tell(asyncio.run(measure(asked, ports, server.pid)))
        finally:
            server.terminate()
            server.wait(20)
            log.close()


async def measure(asked: argparse.Namespace, ports: list[int], server: int) -> dict[str, float]:
    """Serve the workflow, register it, run cases through the ingress."""
    config = Config()
    config.bind = [f"127.0.0.1:{ports[3]}"]
    config.accesslog = config.errorlog = None
    ended = asyncio.Event()
    service = asyncio.ensure_future(
        serve(restate.app([seven]), config, shutdown_trigger=ended.wait)  # type: ignore[arg-type]
    )
    ingress = f"http://127.0.0.1:{ports[0]}"
    limits = httpx.Limits(max_connections=512, max_keepalive_connections=512)
    async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as http:
        await register(http, ports)

        async def plain(number: int) -> None:
            answer = await http.post(
                f"{ingress}/seven/case-{number}/run", json={"message": MESSAGE, "approval": False}
            )
            assert answer.json() == AUDIT, answer.text

        async def approved(number: int) -> float:
            case = f"{ingress}/seven/case-{number}"
            sent = await http.post(f"{case}/run/send", json={"message": MESSAGE, "approval": True})
            assert sent.is_success, sent.text
            attached = asyncio.ensure_future(
                http.get(f"{ingress}/restate/workflow/seven/case-{number}/attach")
            )
            await asyncio.sleep(2 * PARKED_SECONDS)
            began = time.perf_counter()
            given = await http.post(f"{case}/approve", json="yes")
            assert given.is_success, given.text
            answer = await attached
            assert answer.json() == AUDIT, answer.text
            return time.perf_counter() - began

        before = cpu_seconds(server)
        one = approved if asked.approval else plain
        figures = await drive(one, at_a_time=asked.at_a_time, seconds=asked.seconds)
        used = cpu_seconds(server) - before
    ended.set()
    await service
    warm = 1 + 0.7 / asked.seconds  # the server's CPU is that of the warm-up too
    return figures | {"server_cpu_ms": used * 1000 / (figures["cases"] * warm)}


async def register(http: httpx.AsyncClient, ports: list[int]) -> None:
    """Tell the server where the service is, once both answer."""
    until = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            told = await http.post(
                f"http://127.0.0.1:{ports[1]}/deployments",
                json={"uri": f"http://127.0.0.1:{ports[3]}"},
            )
            if told.is_success:
                return
            found = told.text
        except httpx.HTTPError as error:
            found = repr(error)
        if time.monotonic() > until:
            raise RuntimeError(f"the service could not be registered: {found[:500]}")
        await asyncio.sleep(0.2)


def cpu_seconds(process: int) -> float:
    """Return the CPU that a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_ports(number: int) -> list[int]:
    """Return ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


if __name__ == "__main__":
    main()
