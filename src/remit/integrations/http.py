"""One guarded HTTP client for all connectors: listed hosts, checked addresses, deadlines."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin

from remit.errors import (
    EffectUncertainError,
    MissingExtraError,
    RemitError,
    ResultInvalidError,
    ToolUnavailableError,
)
from remit.integrations.address import Host, listed, on_list, require_allowed
from remit.integrations.connector import NotSent
from remit.integrations.exchange import PACKINGS, Answered, Asked, unpacked

if TYPE_CHECKING:
    import httpcore2
    import httpx2

RESPONSE_BYTES_MAX = 1024 * 1024
READ_ATTEMPTS_MAX = 3
REDIRECTS_MAX = 3
CONCURRENT_MAX = 8
ADDRESSES_MAX = 4  # of one name, tried in order
WAIT_SECONDS_MAX = 5.0  # between two attempts of a read
_FIRST_WAIT_SECONDS = 0.2
# A retry costs one; each call gives a tenth back: an outage is not multiplied.
_RETRIES_SAVED_MAX = 10.0
_RETRIES_EARNED = 0.1

_UNFINISHED = frozenset({408, 425, 429})
_SERVER_ERRORS = 500
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class HttpClient:
    """A pool of connections to the hosts of one connector; made on the loop that first uses it."""

    def __init__(
        self,
        *,
        hosts: Iterable[Host],
        randomness: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        response_bytes_max: int = RESPONSE_BYTES_MAX,
        concurrent_max: int = CONCURRENT_MAX,
    ) -> None:
        """Take what may be reached; `randomness` gives numbers from 0 up to 1."""
        self._hosts = tuple(hosts)
        self._randomness = randomness
        self._sleep = sleep
        self._bytes_max = response_bytes_max
        self._concurrent_max = concurrent_max
        self._retries_left = _RETRIES_SAVED_MAX
        self._opened: _Opened | None = None

    async def read(self, asked: Asked, *, timeout_seconds: float) -> Answered:
        """Return a definite answer, below 500; repeats what is transient.

        Raises `ToolUnavailableError`, `AddressRefusedError`, `ResponseTooLargeError` and
        `ResultInvalidError`.
        """
        self._retries_left = min(_RETRIES_SAVED_MAX, self._retries_left + _RETRIES_EARNED)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._read(asked)
        except TimeoutError as error:
            raise ToolUnavailableError(
                f"no answer within {timeout_seconds:g} seconds; try again later"
            ) from error

    async def write(self, asked: Asked, *, timeout_seconds: float) -> Answered | NotSent:
        """Send once and return a whole answer, or `NotSent` when no byte of it left.

        Raises `EffectUncertainError` for everything between.
        """
        begun = _Begun()
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._exchange(asked, begun)
        except Exception as error:
            if not begun.sent:
                return NotSent(code=_code(error), sentence="nothing was sent: " + _why(error))
            raise EffectUncertainError(
                f"it was sent, but {_why(error)}; find out before anything is repeated"
            ) from error

    async def close(self) -> None:
        """Close all connections."""
        opened, self._opened = self._opened, None
        if opened is not None and opened.loop is asyncio.get_running_loop():
            await opened.client.aclose()

    async def _read(self, asked: Asked) -> Answered:
        for attempt in range(1, READ_ATTEMPTS_MAX + 1):
            try:
                answered = await self._followed(asked)
            except _transport_errors() as error:
                failure = ToolUnavailableError(f"{_why(error)}; try again later")
                failure.__cause__ = error
            else:
                if answered.status not in _UNFINISHED and answered.status < _SERVER_ERRORS:
                    return answered
                failure = ToolUnavailableError(f"answered {answered.status}; try again later")
            if attempt == READ_ATTEMPTS_MAX or self._retries_left < 1:
                break
            self._retries_left -= 1
            ceiling = min(WAIT_SECONDS_MAX, _FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            await self._sleep(ceiling * self._randomness())
        raise failure

    async def _followed(self, asked: Asked) -> Answered:
        for _ in range(REDIRECTS_MAX + 1):
            answered, location = await self._exchange_with_location(asked, _Begun())
            if answered.status not in _REDIRECTS or not location:
                return answered
            url = urljoin(asked.url, location)
            here, there = listed(asked.url, self._hosts), listed(url, self._hosts)
            headers = asked.headers if here == there else {}  # no credential for another host
            asked = Asked(method=asked.method, url=url, headers=headers)
        raise ResultInvalidError(
            f"redirected more than {REDIRECTS_MAX} times; give the last address"
        )

    async def _exchange(self, asked: Asked, begun: "_Begun") -> Answered:
        answered, _ = await self._exchange_with_location(asked, begun)
        return answered

    async def _exchange_with_location(
        self, asked: Asked, begun: "_Begun"
    ) -> tuple[Answered, str | None]:
        listed(asked.url, self._hosts)
        opened = self._open()
        async with opened.slots:
            request = opened.client.build_request(
                asked.method,
                asked.url,
                params=list(asked.query) or None,
                headers={**asked.headers, "accept-encoding": PACKINGS},
                content=asked.body,
                timeout=None,  # the caller's deadline covers the whole exchange
                extensions={"trace": begun.notice},
            )
            async with _sent(opened.client, request) as response:
                body = await unpacked(
                    response.aiter_raw(),
                    packing=response.headers.get("content-encoding", "identity").strip().lower(),
                    bytes_max=self._bytes_max,
                )
                media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                answered = Answered(status=response.status_code, media=media, body=body)
                return answered, response.headers.get("location")

    def _open(self) -> "_Opened":
        loop = asyncio.get_running_loop()
        if self._opened is None or self._opened.loop is not loop:
            self._opened = _Opened(
                loop=loop,
                client=_client(self._hosts, self._concurrent_max),
                slots=asyncio.Semaphore(self._concurrent_max),
            )
        return self._opened


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    loop: asyncio.AbstractEventLoop
    client: "httpx2.AsyncClient"
    slots: asyncio.Semaphore


class _Begun:
    """Notices the moment at which the first byte of a request may leave."""

    def __init__(self) -> None:
        self.sent = False

    async def notice(self, event: str, _info: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            self.sent = True


@asynccontextmanager
async def _sent(
    client: "httpx2.AsyncClient", request: "httpx2.Request"
) -> AsyncIterator["httpx2.Response"]:
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        yield response
    finally:
        await response.aclose()


def _client(hosts: tuple[Host, ...], concurrent_max: int) -> "httpx2.AsyncClient":
    """Return a client that can only reach checked addresses of listed hosts."""
    try:
        import httpcore2
        import httpx2
    except ImportError as error:
        raise MissingExtraError("connectors over HTTP need the extra `http`") from error

    class Guard(httpcore2.AsyncNetworkBackend):
        """Resolves a name, checks every address it has, and connects to the checked one."""

        def __init__(self) -> None:
            self._network = httpcore2.AnyIOBackend()

        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> "httpcore2.AsyncNetworkStream":
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
            require_allowed(addresses, on_list(host, port, hosts))
            failure: Exception = httpcore2.ConnectError("no address")
            for address in addresses[:ADDRESSES_MAX]:
                try:
                    return await self._network.connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except httpcore2.ConnectError as error:
                    failure = error
            raise failure

    class Transport(httpx2.AsyncBaseTransport):
        """The pool, with the guard where connections are made."""

        def __init__(self) -> None:
            self._pool = httpcore2.AsyncConnectionPool(
                ssl_context=ssl.create_default_context(),
                max_connections=concurrent_max,
                max_keepalive_connections=concurrent_max,
                keepalive_expiry=5.0,
                network_backend=Guard(),
            )

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            url = request.url
            answer = await self._pool.handle_async_request(
                httpcore2.Request(
                    method=request.method,
                    url=httpcore2.URL(
                        scheme=url.raw_scheme,
                        host=url.raw_host,
                        port=url.port,
                        target=url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
            return httpx2.Response(
                answer.status,
                headers=answer.headers,
                stream=_Pieces(answer),
                extensions=answer.extensions,
            )

        async def aclose(self) -> None:
            await self._pool.aclose()

    class _Pieces(httpx2.AsyncByteStream):
        def __init__(self, answer: "httpcore2.Response") -> None:
            self._answer = answer

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for piece in cast(AsyncIterable[bytes], self._answer.stream):
                yield piece

        async def aclose(self) -> None:
            await self._answer.aclose()

    forgetful = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx2.AsyncClient(
        transport=Transport(), trust_env=False, timeout=None, cookies=forgetful
    )


def _transport_errors() -> tuple[type[Exception], ...]:
    """Return what the libraries raise below us, once they are loaded."""
    import httpcore2
    import httpx2

    return (
        httpx2.HTTPError,
        httpx2.StreamError,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.TimeoutException,
        httpcore2.ConnectionNotAvailable,
        OSError,
    )


def _why(error: Exception) -> str:
    """Say what broke, without a word of what was sent or answered."""
    if isinstance(error, RemitError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "no answer came in time"
    if isinstance(error, socket.gaierror):
        return "the host's name is not known"
    return f"the connection failed ({type(error).__name__})"


def _code(error: Exception) -> str:
    return error.code if isinstance(error, RemitError) else "tool.unavailable"
