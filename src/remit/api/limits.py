"""Limits as JSON: how full each is, and raising one for a time."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json, read_model
from remit.governance.limits import RAISED_SECONDS_MAX
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort


class RaiseBody(BaseModel):
    """What a limit allows, for how long, and why."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64)
    max: str = Field(max_length=64)
    seconds: int = Field(gt=0, le=RAISED_SECONDS_MAX)
    reason: str = Field(min_length=1, max_length=500)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of limits."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List every limit: what it allows now, what is taken of it, what waits for it."""
        del request
        return JSONResponse({"limits": as_json(await run_in_threadpool(remit.limits))})

    @needs(Permission.OPERATE, fresh=True)
    async def lift(request: Request) -> Response:
        """Let a limit allow more for a time, on its owner's word."""
        body = await read_model(request, RaiseBody)
        await remit.raise_limit(
            body.name,
            person=request.state.session.person.handle,
            max=body.max,
            seconds=body.seconds,
            reason=body.reason,
        )
        return JSONResponse({"name": body.name, "raised": True})

    return [
        Route("/api/limits", listed, methods=["GET"], name="limits_list"),
        Route("/api/limits/raise", lift, methods=["POST"], name="limit_raise"),
    ]
