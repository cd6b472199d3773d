"""Headers of every answer, and what is refused before anything is read."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from remit.errors import RequestTooLargeError
from remit.intake.mime import MAIL_BYTES_MAX

BODY_BYTES_MAX = 1_048_576
VERDICT_BYTES_MAX = 65_536
TAKES_VERDICTS = ("/api/approvals", "/approvals")
MAIL = "message/rfc822"
TAKES_MAILS = "/api/cases/"

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Adds the headers; an answer that says nothing about caching is not stored."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                headers.setdefault("cache-control", "no-store")
                if self._secure:
                    headers["strict-transport-security"] = "max-age=63072000"
            await send(message)

        await self._app(scope, receive, with_headers)


class KnownHosts:
    """Refuses a request for another host: a name that somebody else points here."""

    def __init__(self, app: ASGIApp, *, hosts: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            host = Headers(scope=scope).get("host", "").lower()
            name = host if host.endswith("]") else host.rpartition(":")[0] or host
            if name not in self._hosts:
                answer = PlainTextResponse(
                    "This is not a name of this Remit. Start it with --host NAME to allow one.\n",
                    status_code=421,
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyLimit:
    """Stops reading a body that is too large, whatever its announced length."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read, limit = 0, _limit(scope)

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > limit:
                    kind = "mail" if limit == MAIL_BYTES_MAX else "body"
                    raise RequestTooLargeError(
                        f"a {kind} may have {limit:,} bytes; send less, or use `remit run`"
                    )
            return message

        await self._app(scope, counted, send)


def media(headers: Headers) -> str:
    """Return the type of a body, without what stands behind it."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _limit(scope: Scope) -> int:
    """Return how large this body may be: a mail brings its attachments, a verdict little."""
    if scope["type"] == "http" and scope["path"].startswith(TAKES_VERDICTS):
        return VERDICT_BYTES_MAX
    if scope["type"] != "http" or not scope["path"].startswith(TAKES_MAILS):
        return BODY_BYTES_MAX
    return MAIL_BYTES_MAX if media(Headers(scope=scope)) == MAIL else BODY_BYTES_MAX
