"""Stops as JSON: what stands, setting one, and lifting it."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json, read_model
from remit.api.guard import caller
from remit.domain.actor import ActorKind
from remit.errors import PersonNeededError
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort
from remit.governance.services import ServicePermission


class StopBody(BaseModel):
    """What is halted, and why."""

    model_config = ConfigDict(extra="forbid")

    scope: str = Field(max_length=200)
    sentence: str = Field(min_length=1, max_length=500)
    hard: bool = False


class StopLiftBody(BaseModel):
    """What may go on, and why."""

    model_config = ConfigDict(extra="forbid")

    scope: str = Field(max_length=200)
    reason: str = Field(min_length=1, max_length=500)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of stops."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List the standing stops: what each holds, what still finishes, the time to stop."""
        del request
        found = await run_in_threadpool(remit.stops)
        return JSONResponse({"stops": as_json(found)})

    @needs(Permission.OPERATE, services=frozenset({ServicePermission.STOP}))
    async def begin(request: Request) -> Response:
        """Halt effects in a scope from the answer on; `set` is false where one stands already.

        A service sets one in its own workflows, and no hard one.
        """
        body = await read_model(request, StopBody)
        who = caller(request)
        if who.kind is ActorKind.PERSON:
            done = await remit.set_stop(
                body.scope, person=who.ref, sentence=body.sentence, hard=body.hard
            )
        elif body.hard:
            raise PersonNeededError("a hard stop holds undos too; a person sets it")
        else:
            done = await remit.halt(body.scope, service=who.ref, sentence=body.sentence)
        return JSONResponse({"scope": body.scope.strip(), "set": done})

    @needs(Permission.OPERATE, fresh=True)
    async def lift(request: Request) -> Response:
        """Say that a stop may be lifted; `lifted` is false while a second person is needed."""
        body = await read_model(request, StopLiftBody)
        done = await remit.lift_stop(
            body.scope, person=request.state.session.person.handle, reason=body.reason
        )
        return JSONResponse({"scope": body.scope.strip(), "lifted": done})

    return [
        Route("/api/stops", listed, methods=["GET"], name="stops_list"),
        Route("/api/stops", begin, methods=["POST"], name="stop_set"),
        Route("/api/stops/lift", lift, methods=["POST"], name="stop_lift"),
    ]
