"""What stands before every endpoint: who asks, how often, with which right, and from where.

A person asks with the cookie of a session, from our own origin and with the session's own token.
A service asks with `Authorization: Bearer`, which no form of another site can send: it needs
neither, its cookies are not looked at, and it gets only where an endpoint admits services.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from remit.api.rates import Kind, Rates, network_of
from remit.domain.actor import Actor
from remit.domain.actor import person as acts
from remit.errors import ForeignRequestError, ServiceTokenError
from remit.governance.access import ASKING, Asking
from remit.governance.permissions import Permission, demand, demand_service
from remit.governance.services import Service, ServicePermission, Services
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
    services: Services | None = None  # None: no program is let in
    rates: Rates | None = None  # None: nobody counts

    def around(
        self,
        endpoint: Endpoint,
        permission: Permission,
        *,
        fresh: bool = False,
        services: frozenset[ServicePermission] = frozenset(),
    ) -> Endpoint:
        """Return the endpoint behind this guard.

        `request.state.session` is set for it, or `request.state.service`.
        """

        async def guarded(request: Request) -> Response:
            request.state.session = request.state.service = None
            request.state.address = address_of(request, proxied=self.secure)
            token = bearer_of(request)
            if token is not None:
                service = request.state.service = await self._service(request, token)
                demand_service(services, service)
                return await answer(request, service.bound)
            session = request.state.session = await self._session(request)
            if request.method not in SAFE_METHODS:
                same_origin(request)
            demand(permission, session)
            if request.method not in SAFE_METHODS and permission is not Permission.PUBLIC:
                await own_token(request, session)
            if fresh and session is not None:
                session.signed_in.demand_fresh(self.sign_in.now())
            return await answer(request, None if session is None else session.person.handle)

        async def answer(request: Request, who: Asking) -> Response:
            asking = ASKING.set(who)
            try:
                return await endpoint(request)
            finally:
                ASKING.reset(asking)

        return guarded

    async def _service(self, request: Request, token: str) -> Service:
        """Return who a token is of; raises `ServiceTokenError`, `TooManyRequestsError`."""
        found = self.services
        service = None if found is None else await run_in_threadpool(found.find, token)
        if service is None:
            self._count(Kind.ADDRESS, network_of(request.state.address))
            # One sentence for every reason: it tells a valid name from no other.
            raise ServiceTokenError("this token is not valid here; ask its issuer for another")
        self._count(Kind.SERVICE, service.name)
        return service

    async def _session(self, request: Request) -> Session | None:
        """Return the session of a request's cookie; raises `TooManyRequestsError`."""
        token = request.cookies.get(cookie_name(secure=self.secure))
        session = await run_in_threadpool(self.sign_in.find, token) if token else None
        if session is None:
            self._count(Kind.ADDRESS, network_of(request.state.address))
        else:
            self._count(Kind.PERSON, session.person.handle)
        return session

    def _count(self, kind: Kind, who: str) -> None:
        if self.rates is not None:
            self.rates.take(kind, who)


def bearer_of(request: Request) -> str | None:
    """Return the token of a program that asks; None where it is none, empty for two at once."""
    given = request.headers.getlist("authorization")
    bearers = [
        token.strip()
        for scheme, _, token in (one.strip().partition(" ") for one in given)
        if scheme.lower() == "bearer"
    ]
    if not bearers:
        return None
    return bearers[0] if len(given) == 1 else ""


def caller(request: Request) -> Actor:
    """Return whom the record names for a request that the guard let through."""
    service = request.state.service
    return service.actor if service is not None else acts(request.state.session.person.handle)


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
