"""Refusals as JSON: what is refused to somebody in every case, widening one and lifting it."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import ReasonBody, as_json, read_model
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort


class WidenBody(BaseModel):
    """For how long a no holds in other cases, and why."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(ge=1, le=30)
    reason: str = Field(min_length=1, max_length=4_000)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of refusals."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List what is refused to somebody in every case."""
        found = await run_in_threadpool(
            remit.denials,
            person=request.state.session.person.handle,
            workflow=request.query_params.get("workflow"),
        )
        return JSONResponse(as_json({"rows": found}))

    @needs(Permission.DECIDE)
    async def widen(request: Request) -> Response:
        """Let a person's no hold in every case of who sent this one, for up to 30 days."""
        body = await read_model(request, WidenBody)
        await remit.widen_denial(
            request.path_params["action_id"],
            person=request.state.session.person.handle,
            days=body.days,
            reason=body.reason,
        )
        return Response(status_code=204)

    @needs(Permission.DECIDE)
    async def lift(request: Request) -> Response:
        """Take a person's no away; the owner's word, with a reason."""
        body = await read_model(request, ReasonBody)
        await remit.lift_denial(
            request.path_params["action_id"],
            person=request.state.session.person.handle,
            reason=body.reason,
        )
        return Response(status_code=204)

    return [
        Route("/api/denials", listed, methods=["GET"], name="denials"),
        Route("/api/denials/{action_id}/widen", widen, methods=["POST"], name="denial_widen"),
        Route("/api/denials/{action_id}/lift", lift, methods=["POST"], name="denial_lift"),
    ]
