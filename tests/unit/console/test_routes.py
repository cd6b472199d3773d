"""Every route says what it demands, and every error has its page."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from remit.api import server
from remit.console import site
from remit.console.error_pages import SENTENCES
from remit.errors import RouteUndeclaredError
from remit.governance.permissions import Permission, permission_of
from remit.governance.sessions import SignIn
from tests.accounts import in_memory
from tests.browser.gallery import FakeRemit


def _sign_in(remit: FakeRemit) -> SignIn:
    return SignIn(
        rows=in_memory(), random_bytes=lambda size: b"\x01" * size, clock=remit.clock,
        people=remit.people,
    )  # fmt: skip


def test_the_table_of_routes_and_what_they_demand() -> None:
    remit = FakeRemit()
    sign_in = _sign_in(remit)
    pages = site.build(remit, sign_in, secure=True, clock=remit.clock)
    declared = [*pages.routes, *server.routes(remit, sign_in, secure=True)]
    table = {
        f"{method} {route.path}": permission_of(route.endpoint)
        for route in declared
        for method in sorted(route.methods - {"HEAD"})
    }
    assert None not in table.values()
    public = sorted(path for path, found in table.items() if found is Permission.PUBLIC)
    assert public == [
        "GET /healthz",
        "GET /openapi.json",
        "GET /sign-in",
        "GET /static/{digest}/{name}",
        "POST /api/doctor",
        "POST /api/doctor/policies",
        "POST /api/session",
        "POST /sign-in",
    ]
    changing = {path: found for path, found in table.items() if path.startswith("POST")}
    assert {path for path, found in changing.items() if found is Permission.READ} == set(), (
        "a change demands more than reading"
    )
    assert all(
        found in {Permission.PUBLIC, Permission.READ}
        for path, found in table.items()
        if path.startswith("GET")
    )


async def _undeclared(request: Request) -> Response:
    return PlainTextResponse("anybody")


@pytest.mark.parametrize(
    "route", [Route("/x", _undeclared), Mount("/y", routes=[Route("/z", _undeclared)])]
)
def test_a_route_without_a_permission_fails_the_build(route: BaseRoute) -> None:
    remit = FakeRemit()
    sign_in = _sign_in(remit)
    pages = site.build(remit, sign_in, secure=False, clock=remit.clock)
    more = site.Site(console=pages.console, routes=[*pages.routes, route])
    with pytest.raises(RouteUndeclaredError):
        server.build(remit, sign_in, secure=False, site=more)


def test_a_page_error_has_what_happened_what_it_means_and_what_to_do() -> None:
    for said in SENTENCES.values():
        assert said.title
        assert said.means.endswith(".")
        assert said.do.endswith(".")
