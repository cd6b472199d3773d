"""Reviewers as JSON: what each found of what was put before them."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of reviewers."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """Show how reviewers stand, by workflow: to owners and auditors all, else oneself."""
        found = await run_in_threadpool(
            remit.reviewers,
            person=request.state.session.person.handle,
            workflow=request.query_params.get("workflow"),
        )
        return JSONResponse(as_json({"workflows": found}))

    return [Route("/api/reviewers", listed, methods=["GET"], name="reviewers_list")]
