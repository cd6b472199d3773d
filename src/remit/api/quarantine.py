"""The quarantine as JSON: what waits for a certain reading, and what a person does with it."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.approvals import limit_of
from remit.api.body import ReasonBody, as_json, read_model
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort


class ReleaseBody(BaseModel):
    """Readings by field: `choices` give what was `shown` of an offer, `corrections` are typed."""

    model_config = ConfigDict(extra="forbid")

    choices: dict[str, str] = Field(default={}, max_length=2_000)
    corrections: dict[str, str] = Field(default={}, max_length=2_000)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of the quarantine."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List messages that wait, newest first, each with its reasons; values are masked.

        `tab=overdue` lists those that somebody should have settled by now.
        """
        asked = request.query_params
        page = await run_in_threadpool(
            remit.quarantine,
            workflow=asked.get("workflow"),
            after=asked.get("after"),
            limit=limit_of(request),
            overdue=asked.get("tab") == "overdue",
        )
        return JSONResponse(as_json(page))

    @needs(Permission.OPERATE)
    async def release(request: Request) -> Response:
        """Let a message go on; what is still doubtful is refused with its reasons."""
        body = await read_model(request, ReleaseBody)
        if not body.choices and not body.corrections:
            raise RequestInvalidError("no field was settled; give `choices` or `corrections`")
        case_id = request.path_params["case_id"]
        await remit.release(
            case_id,
            person=request.state.session.person.handle,
            corrections=body.corrections,
            choices=body.choices,
        )
        return JSONResponse({"case_id": case_id, "released": True})

    @needs(Permission.OPERATE)
    async def discard(request: Request) -> Response:
        """Refuse a message for good; its case closes."""
        body = await read_model(request, ReasonBody)
        case_id = request.path_params["case_id"]
        await remit.discard(
            case_id, person=request.state.session.person.handle, reason=body.reason
        )
        return JSONResponse({"case_id": case_id, "discarded": True})

    one = "/api/quarantine/{case_id}"
    return [
        Route("/api/quarantine", listed, methods=["GET"], name="quarantine_list"),
        Route(f"{one}/release", release, methods=["POST"], name="quarantine_release"),
        Route(f"{one}/discard", discard, methods=["POST"], name="quarantine_discard"),
    ]
