"""The one ASGI application: guarded routes of every face, behind the same headers and limits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from remit.api import (
    approvals,
    audits,
    batches,
    cases,
    comparisons,
    delegations,
    denials,
    effects,
    endorsements,
    health,
    incidents,
    limits,
    openapi,
    policies,
    quarantine,
    remarks,
    remit_map,
    reviewers,
    rollbacks,
    sessions,
    stops,
    tasks,
)
from remit.api.guard import Guard, bearer_of
from remit.api.headers import SECURITY_HEADERS, BodyLimit, KnownHosts, SecurityHeaders
from remit.api.rates import Rates
from remit.errors import (
    NotFoundError,
    RemitError,
    RequestInvalidError,
    RouteUndeclaredError,
    ServiceTokenError,
)
from remit.governance.permissions import is_fresh, permission_of, services_of
from remit.governance.port import RemitPort
from remit.governance.services import Services
from remit.governance.sessions import SignIn
from remit.intake.scrub import scrub

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


class Site(Protocol):
    """Pages for people: their routes, and how they say that something went wrong."""

    @property
    def routes(self) -> Sequence[BaseRoute]: ...
    def error(self, request: Request, error: RemitError) -> Response: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSite:
    """The API alone."""

    routes: Sequence[BaseRoute] = ()

    def error(self, request: Request, error: RemitError) -> Response:
        del request
        return said(error)


def build(
    remit: RemitPort,
    sign_in: SignIn,
    *,
    secure: bool,
    site: Site | None = None,
    hosts: Sequence[str] = LOOPBACK_HOSTS,
    services: Services | None = None,
    rates: Rates | None = None,
) -> Starlette:
    """Return the application of the API and of a site's pages.

    `secure` says that browsers reach it by https; `hosts` are the names it answers to, whatever
    the port. Without `services` no program is let in, without `rates` nobody counts. Raises
    `RouteUndeclaredError` for a route whose endpoint declares no permission.
    """
    pages = site if site is not None else NoSite()
    guard = Guard(sign_in=sign_in, secure=secure, services=services, rates=rates)
    declared = routes(remit, sign_in, secure=secure)

    async def on_error(request: Request, error: Exception) -> Response:
        known = (
            error if isinstance(error, RemitError) else RequestInvalidError("unreadable request")
        )
        return _answer(request, known)

    async def on_http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == NotFoundError.status:
            return _answer(request, NotFoundError(f"there is no page `{request.url.path[:200]}`"))
        refused = RequestInvalidError(f"this address does not take {request.method}")
        refused.status = status
        return _answer(request, refused)

    async def on_crash(request: Request, error: Exception) -> Response:
        del error  # its text may hold values; the server's log has it, scrubbed
        response = _answer(request, RemitError("something in Remit failed; its log says what"))
        response.headers.update(SECURITY_HEADERS)  # this answer passes no middleware
        return response

    def _answer(request: Request, error: RemitError) -> Response:
        machine = request.url.path.startswith(("/api/", "/openapi", "/healthz"))
        if machine or bearer_of(request) is not None:
            return said(error)
        answer = pages.error(request, error)
        answer.headers.update(_beside(error))
        return answer

    return Starlette(
        routes=[*_guarded(declared, guard), *_guarded(pages.routes, guard)],
        middleware=[
            Middleware(SecurityHeaders, secure=secure),
            Middleware(KnownHosts, hosts=tuple(hosts)),
            Middleware(BodyLimit),
        ],
        exception_handlers={
            RemitError: on_error,
            HTTPException: on_http,
            Exception: on_crash,
        },
    )


def routes(remit: RemitPort, sign_in: SignIn, *, secure: bool) -> list[Route]:
    """Return the API's routes, not yet guarded."""
    served = [
        *health.routes(remit),
        *sessions.routes(sign_in, secure=secure),
        *batches.routes(remit),
        *approvals.routes(remit),
        *audits.routes(remit),
        *reviewers.routes(remit),
        *delegations.routes(remit),
        *remarks.routes(remit),
        *denials.routes(remit),
        *endorsements.routes(remit),
        *cases.routes(remit),
        *quarantine.routes(remit),
        *stops.routes(remit),
        *effects.routes(remit),
        *tasks.routes(remit),
        *rollbacks.routes(remit),
        *incidents.routes(remit),
        *limits.routes(remit),
        *policies.routes(remit),
        *remit_map.routes(remit),
        *comparisons.routes(remit),
    ]
    return [*served, *openapi.routes(served)]


def said(error: RemitError) -> JSONResponse:
    """Return an error as JSON: its stable code and its sentence.

    A sentence may repeat a word of the request; a value in it is taken out.
    """
    return JSONResponse(
        {"code": error.code, "message": scrub(str(error))},
        status_code=error.status,
        headers=_beside(error),
    )


def _beside(error: RemitError) -> dict[str, str]:
    """Return the headers of an error: when to come again, and how to say who one is."""
    found: dict[str, str] = {}
    after = getattr(error, "retry_after_seconds", None)
    if after is not None:
        found["retry-after"] = str(int(after))
    if isinstance(error, ServiceTokenError):
        found["www-authenticate"] = error.challenge
    return found


def _guarded(declared: Iterable[BaseRoute], guard: Guard) -> list[BaseRoute]:
    made: list[BaseRoute] = []
    for route in declared:
        if isinstance(route, Mount):
            raise RouteUndeclaredError(f"`{route.path}` is a mount; give each route by itself")
        if not isinstance(route, Route):
            raise RouteUndeclaredError(f"`{route!r}` is not a plain route")
        permission = permission_of(route.endpoint)
        if permission is None:
            raise RouteUndeclaredError(f"`{route.path}` declares no permission; use `needs`")
        made.append(
            Route(
                route.path,
                guard.around(
                    route.endpoint,
                    permission,
                    fresh=is_fresh(route.endpoint),
                    services=services_of(route.endpoint),
                ),
                methods=sorted(route.methods or {"GET"}),
                name=route.name,
            )
        )
    return made
