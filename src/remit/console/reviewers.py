"""Reviewers: what each found of what was put before them, as a picture and as a table."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, render
from remit.governance.permissions import Permission, needs


def routes(console: Console) -> list[Route]:
    """Return the route of reviewers."""

    @needs(Permission.READ)
    async def page(request: Request) -> Response:
        """Show how reviewers stand: to owners and auditors all of them, else oneself."""
        found = await run_in_threadpool(
            console.remit.reviewers,
            person=request.state.session.person.handle,
            workflow=asked_for(request).get("workflow") or None,
        )
        return await render(
            console, request, "reviewers.html", workflows=found, people=console.remit.people()
        )

    return [Route("/reviewers", page, methods=["GET"], name="reviewers")]
