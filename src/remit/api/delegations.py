"""Delegations as JSON: whose roles somebody may use for a while, lending them and ending it."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json, read_model
from remit.governance.delegations import Lending, cap_of
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort


class DelegateBody(BaseModel):
    """To whom, where, for how long and for how much; `giver` where it is not oneself."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field(min_length=1, max_length=200)
    until: AwareDatetime
    begins: AwareDatetime | None = None
    giver: str | None = Field(default=None, max_length=200)
    workflows: list[str] = Field(default_factory=list, max_length=100)
    cap: str | None = Field(default=None, max_length=40)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of delegations."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List whose roles are lent to whom, today or later."""
        found = await run_in_threadpool(
            remit.delegations, person=request.state.session.person.handle
        )
        return JSONResponse(as_json({"rows": found}))

    @needs(Permission.DECIDE, fresh=True)
    async def give(request: Request) -> Response:
        """Lend one's roles for a while, or as an owner those of somebody who is absent."""
        body = await read_model(request, DelegateBody)
        person = request.state.session.person.handle
        made = await remit.delegate(
            Lending(
                giver=body.giver or person,
                to=body.to,
                workflows=tuple(body.workflows),
                begins=body.begins,
                until=body.until,
                cap=cap_of(body.cap),
            ),
            person=person,
        )
        return JSONResponse({"delegation_id": made}, status_code=201)

    @needs(Permission.DECIDE)
    async def end(request: Request) -> Response:
        """Take back what was lent; a yes that was said with it falls."""
        await remit.end_delegation(
            request.path_params["delegation_id"], person=request.state.session.person.handle
        )
        return Response(status_code=204)

    return [
        Route("/api/delegations", listed, methods=["GET"], name="delegations"),
        Route("/api/delegations", give, methods=["POST"], name="delegation_give"),
        Route(
            "/api/delegations/{delegation_id}/end", end, methods=["POST"], name="delegation_end"
        ),
    ]
