"""The site of pages: its routes and its way of saying that something went wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from remit.console import (
    approvals,
    audits,
    batches,
    cases,
    comparisons,
    error_pages,
    events,
    health,
    help_page,
    incidents,
    ledger,
    limits,
    people,
    policies,
    quarantine,
    remarks,
    remit_map,
    reviewers,
    rollbacks,
    sign_in,
    static,
    stops,
    tasks,
    workflows,
)
from remit.console import oidc as oidc_pages
from remit.console.pages import Console, templates
from remit.domain.clock import Clock
from remit.errors import RemitError
from remit.governance.oidc import Oidc
from remit.governance.port import RemitPort
from remit.governance.sessions import SignIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What `remit.api.server.build` serves beside the API."""

    console: Console
    routes: Sequence[BaseRoute]

    def error(self, request: Request, error: RemitError) -> Response:
        """Return the page of an error."""
        return error_pages.page(self.console, request, error)


def build(
    remit: RemitPort,
    sessions: SignIn,
    *,
    secure: bool,
    clock: Clock,
    oidc: Oidc | None = None,
) -> Site:
    """Return the site; hand it to `remit.api.server.build`.

    `secure` says that browsers reach it by https.
    """
    console = Console(
        remit=remit, sign_in=sessions, secure=secure, clock=clock, templates=templates(clock)
    )
    routes = [
        *sign_in.routes(console, provider=None if oidc is None else oidc.name),
        *oidc_pages.routes(console, oidc),
        *batches.routes(console),
        *approvals.routes(console),
        *audits.routes(console),
        *reviewers.routes(console),
        *remarks.routes(console),
        *cases.routes(console),
        *quarantine.routes(console),
        *workflows.routes(console),
        *remit_map.routes(console),
        *comparisons.routes(console),
        *stops.routes(console),
        *tasks.routes(console),
        *rollbacks.routes(console),
        *incidents.routes(console),
        *limits.routes(console),
        *people.routes(console),
        *policies.routes(console),
        *ledger.routes(console),
        *health.routes(console),
        *help_page.routes(console),
        *events.routes(console),
        *static.routes(),
    ]
    return Site(console=console, routes=routes)
