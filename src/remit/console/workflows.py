"""The workflows: what each may do alone now, in which phase, and who answers for it."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, render
from remit.domain.autonomy import Level
from remit.governance.permissions import Permission, needs


def routes(console: Console) -> list[Route]:
    """Return the route of the workflows."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """Show every workflow with its actions and their levels."""
        views = await run_in_threadpool(console.remit.workflows)
        people = await run_in_threadpool(console.remit.people)
        return await render(
            console,
            request,
            "workflows.html",
            workflows=views,
            names={handle: person.name for handle, person in people.items()},
            levels=[level.value for level in Level],
        )

    return [Route("/workflows", listed, methods=["GET"], name="workflows")]
