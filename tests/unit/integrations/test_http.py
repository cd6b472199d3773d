"""The guarded client and its bodies: waits, redirects, packing."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Self

import pytest

from remit.errors import ResponseTooLargeError, ResultInvalidError, ToolUnavailableError
from remit.integrations.address import Host
from remit.integrations.exchange import Asked, parsed, plain, unpacked
from remit.integrations.http import READ_ATTEMPTS_MAX, HttpClient

pytestmark = pytest.mark.anyio


class Listener:
    """A raw server: what it answers by path, and the heads of what it was asked."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        self.answers = answers
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        writer.write(self.answers[head.split()[1]])
        await writer.drain()
        writer.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def host(self) -> Host:
        return Host(name="127.0.0.1", port=self.port, loopback=True)

    def asked(self, path: str) -> Asked:
        headers = {"authorization": "Bearer canary-77c1"}
        return Asked(method="GET", url=f"http://127.0.0.1:{self.port}{path}", headers=headers)


def answer(status: str, *headers: str, body: bytes = b"{}") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def test_a_failing_read_waits_longer_each_time_and_ends_after_three() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with Listener({"/x": answer("503 Later")}) as listener:
        client = HttpClient(hosts=[listener.host], randomness=lambda: 0.5, sleep=sleep)
        with pytest.raises(ToolUnavailableError, match="503"):
            await client.read(listener.asked("/x"), timeout_seconds=5)
        await client.close()

    assert waits == [0.1, 0.2]
    assert len(listener.heads) == READ_ATTEMPTS_MAX


async def test_a_long_outage_is_not_multiplied() -> None:
    async def sleep(_: float) -> None:
        """Go on at once."""

    async with Listener({"/x": answer("503 Later")}) as listener:
        client = HttpClient(hosts=[listener.host], randomness=lambda: 0.0, sleep=sleep)
        for _ in range(50):
            with pytest.raises(ToolUnavailableError):
                await client.read(listener.asked("/x"), timeout_seconds=5)
        await client.close()

    assert 50 < len(listener.heads) <= 50 + 10 + 5


async def test_a_redirect_is_followed_on_a_listed_host_and_takes_no_credential_elsewhere() -> None:
    async with Listener({"/there": answer("200 OK", body=b'"there"')}) as second:
        here = f"location: http://127.0.0.1:{second.port}/there"
        async with Listener({"/x": answer("302 Found", here)}) as first:
            client = HttpClient(hosts=[first.host, second.host], randomness=lambda: 0.0)
            answered = await client.read(first.asked("/x"), timeout_seconds=5)
            await client.close()

    assert answered.body == b'"there"'
    assert "canary-77c1" in first.heads[0]
    assert "canary-77c1" not in second.heads[0]


async def test_redirects_in_a_circle_end() -> None:
    async with Listener({"/x": answer("302 Found", "location: /x")}) as listener:
        client = HttpClient(hosts=[listener.host], randomness=lambda: 0.0)
        with pytest.raises(ResultInvalidError, match="redirected more than"):
            await client.read(listener.asked("/x"), timeout_seconds=5)
        await client.close()


async def test_a_cookie_is_not_kept() -> None:
    async with Listener({"/x": answer("200 OK", "set-cookie: session=1; path=/")}) as listener:
        client = HttpClient(hosts=[listener.host], randomness=lambda: 0.0)
        for _ in range(2):
            await client.read(listener.asked("/x"), timeout_seconds=5)
        await client.close()

    assert [head for head in listener.heads if "cookie" in head.lower()] == []


def test_a_client_can_be_used_on_one_loop_after_another() -> None:
    async def once(client: HttpClient, listener: Listener) -> int:
        async with listener:
            client._hosts = (listener.host,)
            answered = await client.read(listener.asked("/x"), timeout_seconds=5)
            await client.close()
            return answered.status

    client = HttpClient(hosts=[], randomness=lambda: 0.0)

    assert [asyncio.run(once(client, Listener({"/x": answer("200 OK")}))) for _ in range(2)] == [
        200,
        200,
    ]


def test_a_request_shows_nothing_of_itself() -> None:
    asked = Asked(method="GET", url="https://shop.example/?q=1", headers={"authorization": "key"})

    assert repr(asked) == "Asked(GET)"


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_a_packed_body_is_unpacked_whole() -> None:
    packed = gzip.compress(b"x" * 1000)

    assert await unpacked(pieces(packed[:9], packed[9:]), packing="gzip", bytes_max=1000) == (
        b"x" * 1000
    )
    assert await unpacked(pieces(b"a", b"b"), packing="identity", bytes_max=2) == b"ab"


async def test_a_body_above_the_cap_is_refused_packed_or_not() -> None:
    for packing, body in (("gzip", gzip.compress(b"x" * 1001)), ("identity", b"x" * 1001)):
        with pytest.raises(ResponseTooLargeError):
            await unpacked(pieces(body), packing=packing, bytes_max=1000)


async def test_a_torn_or_foreign_packing_is_refused() -> None:
    torn = gzip.compress(b"hello")[:-4]
    for packing, body in (("gzip", torn), ("gzip", b"hello"), ("deflate", zlib.compress(b"x"))):
        with pytest.raises(ResultInvalidError, match="pack"):
            await unpacked(pieces(body), packing=packing, bytes_max=1000)


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"a": 1, "a": 2}', b"NaN", b'"\xff"', b"[" * 100_000, b"{'a': 1}"]
)
def test_json_with_no_one_meaning_is_refused(text: bytes) -> None:
    with pytest.raises(ResultInvalidError):
        parsed(text)


def test_a_number_with_a_fraction_becomes_its_exact_text() -> None:
    assert plain(parsed(b'{"a": 19.90, "b": [1, true, null], "c": 1e2}')) == {
        "a": "19.90", "b": [1, True, None], "c": "100",
    }  # fmt: skip
