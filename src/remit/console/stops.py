"""The stops: what is halted, what still finishes, what waits, how fast it was; set and lift."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.governance.permissions import Permission, needs


def routes(console: Console) -> list[Route]:
    """Return the routes of the stops."""

    @needs(Permission.READ)
    async def page(request: Request) -> Response:
        """Show the standing stops."""
        asked = asked_for(request)
        return await render(
            console,
            request,
            "stops.html",
            stops=await run_in_threadpool(console.remit.stops),
            scopes=await run_in_threadpool(console.remit.stop_scopes),
            people=console.remit.people(),
            scope=asked.get("scope", ""),
            told=asked.get("told", ""),
        )

    @needs(Permission.OPERATE)
    async def begin(request: Request) -> Response:
        """Halt effects in a scope."""
        form = await fields(request)
        scope = form.get("typed", "").strip() or needed(form, "scope")
        done = await console.remit.set_stop(
            scope,
            person=request.state.session.person.handle,
            sentence=needed(form, "sentence"),
            hard=form.get("hard") == "yes",
        )
        return see_other("/stops", told="set" if done else "stood", scope=scope)

    @needs(Permission.OPERATE, fresh=True)
    async def lift(request: Request) -> Response:
        """Say that a stop may be lifted."""
        form = await fields(request)
        scope = needed(form, "scope")
        done = await console.remit.lift_stop(
            scope, person=request.state.session.person.handle, reason=needed(form, "reason")
        )
        return see_other("/stops", told="lifted" if done else "asked", scope=scope)

    return [
        Route("/stops", page, methods=["GET"], name="stops"),
        Route("/stops", begin, methods=["POST"], name="stops_set"),
        Route("/stops/lift", lift, methods=["POST"], name="stops_lift"),
    ]
