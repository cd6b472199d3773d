"""What ran alone as JSON: shown blind, judged, or set beside what a person did themselves."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.approvals import limit_of
from remit.api.body import ReasonBody, as_json, read_model
from remit.domain.approval import RejectReason
from remit.governance.audit import Finding
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort

SECONDS_MAX = 86_400


class JudgeBody(BaseModel):
    """What a person says of a proposal; `labels` is the number that was shown with it."""

    model_config = ConfigDict(extra="forbid")

    finding: Finding
    labels: int = Field(ge=0)
    cause: RejectReason | None = None
    critical: bool = False
    note: str | None = Field(default=None, max_length=4_000)
    seconds_open: int | None = Field(default=None, ge=0, le=SECONDS_MAX)


class OwnBody(BaseModel):
    """What a person did themselves, by parameter as they would type it; `null` for nothing."""

    model_config = ConfigDict(extra="forbid")

    labels: int = Field(ge=0)
    done: dict[str, str] | None
    seconds_open: int | None = Field(default=None, ge=0, le=SECONDS_MAX)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of audits."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List what asks to be judged and this person may judge, the first due first."""
        asked = request.query_params
        page = await run_in_threadpool(
            remit.audits,
            person=request.state.session.person.handle,
            workflow=asked.get("workflow"),
            after=asked.get("after"),
            limit=limit_of(request),
        )
        return JSONResponse(as_json(page))

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Show one: the proposal and its evidence, not its level nor what became of it."""
        view = await run_in_threadpool(
            remit.audit,
            request.path_params["audit_id"],
            person=request.state.session.person.handle,
        )
        return JSONResponse(as_json(view))

    @needs(Permission.DECIDE)
    async def judge(request: Request) -> Response:
        """Say whether a proposal was right first time."""
        body = await read_model(request, JudgeBody)
        outcome = await remit.judge(
            request.path_params["audit_id"],
            person=request.state.session.person.handle,
            finding=body.finding,
            labels=body.labels,
            cause=body.cause,
            critical=body.critical,
            note=body.note,
            seconds_open=body.seconds_open,
        )
        return JSONResponse({"outcome": outcome})

    @needs(Permission.DECIDE)
    async def own(request: Request) -> Response:
        """Say what one did oneself; the answer shows what was proposed beside it."""
        body = await read_model(request, OwnBody)
        compared = await remit.say_own(
            request.path_params["audit_id"],
            person=request.state.session.person.handle,
            labels=body.labels,
            done=body.done,
            seconds_open=body.seconds_open,
        )
        return JSONResponse(as_json(compared))

    @needs(Permission.DECIDE)
    async def contest(request: Request) -> Response:
        """Say that what was called wrong was right; a second person must say so too."""
        body = await read_model(request, ReasonBody)
        await remit.contest(
            request.path_params["audit_id"],
            person=request.state.session.person.handle,
            reason=body.reason,
        )
        return Response(status_code=204)

    return [
        Route("/api/audits", listed, methods=["GET"], name="audits_list"),
        Route("/api/audits/{audit_id}", one, methods=["GET"], name="audit_one"),
        Route("/api/audits/{audit_id}/judge", judge, methods=["POST"], name="audit_judge"),
        Route("/api/audits/{audit_id}/own", own, methods=["POST"], name="audit_own"),
        Route("/api/audits/{audit_id}/contest", contest, methods=["POST"], name="audit_contest"),
    ]
