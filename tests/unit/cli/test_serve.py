"""`remit serve`: a real process that serves, refuses, and stops cleanly."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from remit.cli.opening import owning
from remit.cli.serve import Place
from remit.errors import PortInUseError, SettingsError
from remit.settings import read
from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures

SECONDS_MAX = 30


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:  # noqa: F811
    """Run `remit serve` on a free port; yields the process and the lines it began with."""
    command = [sys.executable, "-m", "remit.cli.main", "--project", str(folder), "serve"]
    process = subprocess.Popen(
        [*command, "--port", "0", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.rstrip())
            if "Ctrl-C" in line:
                break
        yield process, lines
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=SECONDS_MAX)


def test_each_person_gets_a_link_that_signs_in_once(folder: Path) -> None:  # noqa: F811
    with serving(folder) as (_, lines):
        links = re.findall(r"(http://127\.0\.0\.1:\d+)/sign-in\?code=(\S+)", "\n".join(lines))
        assert len(links) == 2
        address, code = links[0]
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

        def redeem() -> tuple[int, str]:
            body = urllib.parse.urlencode({"code": code}).encode()
            request = urllib.request.Request(
                f"{address}/sign-in", data=body, headers={"origin": address}
            )
            try:
                with opener.open(request, timeout=SECONDS_MAX) as answer:
                    return int(answer.status), str(answer.url)
            except urllib.error.HTTPError as error:
                with error:
                    return int(error.code), ""

        assert redeem() == (200, f"{address}/inbox")
        assert redeem()[0] == 401


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_closes(folder: Path, remit: Cli, number: signal.Signals) -> None:  # noqa: F811
    with serving(folder) as (process, _):
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS_MAX)
        assert process.returncode == 0
        assert "nothing that was received is lost" in out
        assert "Traceback" not in err
    assert remit("cases", "close", "ffff", "--as", "me", "--note", "x") == 1
    assert "in use" not in remit.err  # the lock was given back


def test_a_second_process_is_told_who_has_the_database(folder: Path, remit: Cli) -> None:  # noqa: F811
    with owning(read(folder, {}), owner="remit run"):
        assert remit("serve", "--port", "0") == 69
    assert "is in use by `remit run`" in remit.err


def test_a_port_in_use_is_a_sentence_and_exit_69(remit: Cli) -> None:  # noqa: F811
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert remit("serve", "--port", str(port)) == 69
        assert f"port {port} of 127.0.0.1 is in use" in remit.err
        with pytest.raises(PortInUseError), Place(host="127.0.0.1", port=port).listening():
            pass


def test_what_is_answered_is_sent_at_once() -> None:
    """Without it each answer waits up to 40 ms until the receipt of its beginning has come."""

    async def accepted(listener: socket.socket) -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def came(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            sent = writer.get_extra_info("socket")
            found.set_result(sent.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(came, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
            writer.close()
            return await found

    with Place.of("127.0.0.1", 0, proxy=None).listening() as listener:
        assert asyncio.run(accepted(listener)) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_a_host_that_others_reach_needs_a_proxy(host: str) -> None:
    with pytest.raises(SettingsError, match="--behind-proxy"):
        Place.of(host, 0, proxy=None)
    assert Place.of(host, 0, proxy="remit.example.org").proxy == "remit.example.org"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.0.1"])
def test_loopback_needs_none(host: str) -> None:
    assert Place.of(host, 0, proxy=None).host == host


def test_it_ends_with_70_where_its_database_is_removed(folder: Path) -> None:  # noqa: F811
    """It says so in one sentence, and writes nothing more to a file without a name."""
    with serving(folder) as (process, _):
        (path,) = folder.rglob("remit.db")
        path.unlink()
        _, said = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 70
    assert said.splitlines()[-1].startswith("error: ")
    assert "was removed while Remit wrote to it" in said.splitlines()[-1]
