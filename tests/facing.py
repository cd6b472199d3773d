"""The API and the console of a small desk in this process, as a program with a token asks them."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from starlette.routing import Route

from remit.api import server
from remit.api.rates import Kind, Rates
from remit.app import Remit
from remit.console import site
from remit.governance.services import ServicePermission, Services
from remit.governance.sessions import SignIn
from tests.accounts import in_memory, services
from tests.projects import NAME, OLGA, Small

URL = "http://127.0.0.1:8484"
ALL = tuple(ServicePermission)
PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""


@dataclass(kw_only=True)
class Face:
    """The API and the console of a small desk, and the tokens that ask them."""

    remit: Remit
    sign_in: SignIn
    services: Services
    routes: list[Route]
    client: httpx2.AsyncClient
    seconds: list[float] = field(default_factory=lambda: [0.0])

    def issue(self, name: str, *permissions: ServicePermission, workflow: str = NAME) -> str:
        return self.services.issue(
            name, permissions=permissions, workflows=[workflow], known=[NAME, "far-desk"],
            owner=OLGA, days=1,
        )  # fmt: skip

    async def ask(
        self, method: str, path: str, token: str = "", **more: object
    ) -> httpx2.Response:
        """Ask as a program does: no cookie, no origin."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        given = {"json": {}, **more} if method == "POST" else more
        return await self.client.request(method, path, headers=headers, **given)  # type: ignore[arg-type]  # json or content

    def session(self, handle: str) -> dict[str, str]:
        """Sign somebody in; return the headers of a page that asks for a change."""
        made = self.sign_in.redeem(self.sign_in.issue(handle))
        assert made is not None
        return {"cookie": f"remit={made.token}", "x-csrf-token": made.csrf, "origin": URL}


@asynccontextmanager
async def served(
    small: Small, *, body: str = PAY, rates: dict[Kind, int] | None = None
) -> AsyncIterator[Face]:
    """Serve a small desk in this process, with a door for programs."""
    async with small.open(body) as remit:
        accounts = in_memory()
        sign_in = SignIn(
            rows=accounts, random_bytes=secrets.token_bytes, clock=small.clock,
            people=remit.people,
        )  # fmt: skip
        known = services(remit._people, clock=small.clock, accounts=accounts)
        pages = site.build(remit, sign_in, secure=False, clock=small.clock)
        routes = [*server.routes(remit, sign_in, secure=False), *pages.routes]
        seconds = [0.0]
        app = server.build(
            remit, sign_in, secure=False, site=pages, services=known,
            rates=None if rates is None else Rates(rates, elapsed=lambda: seconds[0]),
        )  # fmt: skip
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=URL) as client:
            yield Face(
                remit=remit, sign_in=sign_in, services=known, client=client, seconds=seconds,
                routes=[one for one in routes if isinstance(one, Route)],
            )  # fmt: skip
