"""Effects as people look after them, as JSON: undone, or taken back before they begin."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import ReasonBody, read_model
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of single effects."""

    @needs(Permission.OPERATE)
    async def undo(request: Request) -> Response:
        """Undo a confirmed effect by its declared undo, which passes its own gate."""
        body = await read_model(request, ReasonBody)
        by = await remit.undo(
            request.path_params["action_id"],
            person=request.state.session.person.handle,
            reason=body.reason,
        )
        return JSONResponse({"action_id": by})

    @needs(Permission.DECIDE)
    async def withdraw(request: Request) -> Response:
        """Take back what is allowed and was not begun, in its grace time."""
        await remit.withdraw(
            request.path_params["action_id"], person=request.state.session.person.handle
        )
        return JSONResponse({"withdrawn": True})

    effect = "/api/effects/{action_id}"
    return [
        Route(f"{effect}/undo", undo, methods=["POST"], name="effect_undone"),
        Route(f"{effect}/withdraw", withdraw, methods=["POST"], name="effect_withdraw"),
    ]
