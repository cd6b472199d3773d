"""Values that people vouch for as JSON: what stands, giving one's word, taking it back."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import ReasonBody, as_json, read_model
from remit.governance.endorsement import (
    DAYS_MAX,
    SENTENCE_CHARACTERS_MAX,
    VALUES_MAX,
    Scope,
)
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort


class EndorseBody(BaseModel):
    """Which values of a card a person vouches for, why, how far and for how long."""

    model_config = ConfigDict(extra="forbid")

    parameters: list[str] = Field(min_length=1, max_length=VALUES_MAX)
    sentence: str = Field(min_length=1, max_length=SENTENCE_CHARACTERS_MAX)
    scope: Scope = Scope.CASE
    days: int = Field(default=DAYS_MAX, ge=1, le=DAYS_MAX)


class EndorseValuesBody(BaseModel):
    """Values of an action's parameters that a person vouches for in a case."""

    model_config = ConfigDict(extra="forbid")

    action: str = Field(max_length=128)
    values: dict[str, str] = Field(min_length=1, max_length=VALUES_MAX)
    sentence: str = Field(min_length=1, max_length=SENTENCE_CHARACTERS_MAX)
    scope: Scope = Scope.CASE
    days: int = Field(default=DAYS_MAX, ge=1, le=DAYS_MAX)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of values that people vouch for."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List what people vouch for today."""
        found = await run_in_threadpool(
            remit.endorsements,
            person=request.state.session.person.handle,
            workflow=request.query_params.get("workflow"),
        )
        return JSONResponse(as_json({"rows": found}))

    @needs(Permission.DECIDE)
    async def endorse(request: Request) -> Response:
        """Vouch for values that a card shows; it approves nothing, and the gate looks again."""
        body = await read_model(request, EndorseBody)
        made = await remit.endorse(
            request.path_params["approval_id"],
            person=request.state.session.person.handle,
            parameters=body.parameters,
            sentence=body.sentence,
            scope=body.scope,
            days=body.days,
        )
        return JSONResponse({"endorsements": list(made)}, status_code=201)

    @needs(Permission.DECIDE)
    async def endorse_values(request: Request) -> Response:
        """Vouch for values of an action's parameters before it is proposed."""
        body = await read_model(request, EndorseValuesBody)
        made = await remit.endorse_values(
            request.path_params["case_id"],
            action=body.action,
            person=request.state.session.person.handle,
            values=body.values,
            sentence=body.sentence,
            scope=body.scope,
            days=body.days,
        )
        return JSONResponse({"endorsements": list(made)}, status_code=201)

    @needs(Permission.DECIDE)
    async def second(request: Request) -> Response:
        """Vouch, as the second person, for what needs two."""
        await remit.second_endorsement(
            request.path_params["endorsement_id"], person=request.state.session.person.handle
        )
        return Response(status_code=204)

    @needs(Permission.DECIDE)
    async def revoke(request: Request) -> Response:
        """Take a word back; nothing more rests on it."""
        body = await read_model(request, ReasonBody)
        await remit.revoke_endorsement(
            request.path_params["endorsement_id"],
            person=request.state.session.person.handle,
            reason=body.reason,
        )
        return Response(status_code=204)

    one = "/api/endorsements/{endorsement_id}"
    return [
        Route("/api/endorsements", listed, methods=["GET"], name="endorsements"),
        Route("/api/approvals/{approval_id}/endorse", endorse, methods=["POST"], name="endorse"),
        Route(
            "/api/cases/{case_id}/endorse",
            endorse_values,
            methods=["POST"],
            name="endorse_values",
        ),
        Route(f"{one}/second", second, methods=["POST"], name="endorsement_second"),
        Route(f"{one}/revoke", revoke, methods=["POST"], name="endorsement_revoke"),
    ]
