"""What stands before every endpoint: session, permission, origin and the session's own token."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from remit.errors import ForeignRequestError
from remit.governance.access import ASKING
from remit.governance.permissions import Permission, demand
from remit.governance.sessions import Session, SignIn

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Lets a request through to an endpoint, or refuses it."""

    sign_in: SignIn
    secure: bool

    def around(
        self, endpoint: Endpoint, permission: Permission, *, fresh: bool = False
    ) -> Endpoint:
        """Return the endpoint behind this guard; `request.state.session` is set for it."""

        async def guarded(request: Request) -> Response:
            token = request.cookies.get(cookie_name(secure=self.secure))
            session = await run_in_threadpool(self.sign_in.find, token) if token else None
            request.state.session = session
            request.state.address = address_of(request, proxied=self.secure)
            if request.method not in SAFE_METHODS:
                same_origin(request)
            demand(permission, session)
            if request.method not in SAFE_METHODS and permission is not Permission.PUBLIC:
                await own_token(request, session)
            if fresh and session is not None:
                session.signed_in.demand_fresh(self.sign_in.now())
            asking = ASKING.set(None if session is None else session.person.handle)
            try:
                return await endpoint(request)
            finally:
                ASKING.reset(asking)

        return guarded


def cookie_name(*, secure: bool) -> str:
    """Return the name of the session cookie; on loopback http the prefix is not allowed."""
    return "__Host-remit" if secure else "remit"


def keep(response: Response, session: Session, *, secure: bool) -> None:
    """Hand a session's token to the browser, where no script and no other site can read it."""
    response.set_cookie(
        cookie_name(secure=secure),
        session.token,
        httponly=True,
        samesite="lax",
        secure=secure,
        path="/",
    )


def address_of(request: Request, *, proxied: bool) -> str:
    """Return where a request comes from: behind our proxy, what the proxy itself appended."""
    told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    if proxied and told:
        return told[:64]
    return request.client.host if request.client is not None else ""


def same_origin(request: Request) -> None:
    """Raise `ForeignRequestError` unless a browser, or a caller, says that it asks from here.

    Pages send `Referrer-Policy: no-referrer`, which makes `Origin` read `null`: then
    `Sec-Fetch-Site`, which a page cannot set, must say it.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.url.netloc}"
    if site is not None and site != "same-origin":
        raise ForeignRequestError("another site asked for this change; open Remit itself")
    if origin not in {None, "null", own}:
        raise ForeignRequestError("another origin asked for this change; open Remit itself")
    if site is None and origin != own:
        raise ForeignRequestError(f"a change needs `Origin: {own}`; send it")


async def own_token(request: Request, session: Session | None) -> None:
    """Raise `ForeignRequestError` unless the request carries its session's own token."""
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        found = (await request.form()).get(CSRF_FIELD, "")
        given = found if isinstance(found, str) else ""
    if session is None or not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise ForeignRequestError(
            f"the token of this session is missing; send it as `{CSRF_HEADER}` or reload the page"
        )
