"""The limits: what each allows, how full it is, what waits; raised by its owner for a time."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, needs

HOUR_SECONDS = 3_600


def routes(console: Console) -> list[Route]:
    """Return the routes of the limits."""

    @needs(Permission.READ)
    async def page(request: Request) -> Response:
        """Show every limit."""
        return await render(
            console,
            request,
            "limits.html",
            limits=await run_in_threadpool(console.remit.limits),
            people=console.remit.people(),
            raised=asked_for(request).get("raised", ""),
        )

    @needs(Permission.OPERATE, fresh=True)
    async def lift(request: Request) -> Response:
        """Let a limit allow more for some hours."""
        form = await fields(request)
        name, hours = needed(form, "name"), needed(form, "hours")
        if not hours.isascii() or not hours.isdigit() or len(hours) > len("720"):
            raise RequestInvalidError("`hours`: a whole number, 720 at most")
        await console.remit.raise_limit(
            name,
            person=request.state.session.person.handle,
            max=needed(form, "max"),
            seconds=int(hours) * HOUR_SECONDS,
            reason=needed(form, "reason"),
        )
        return see_other("/limits", raised=name)

    return [
        Route("/limits", page, methods=["GET"], name="limits"),
        Route("/limits/raise", lift, methods=["POST"], name="limits_raise"),
    ]
