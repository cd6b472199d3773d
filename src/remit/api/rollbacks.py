"""Rollbacks as JSON: what one would take back, starting exactly that, and what came of it."""

import contextlib
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json, read_model
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort
from remit.governance.rollbacks import Selection


class RollbackBody(BaseModel):
    """Which effects are undone, and the digest of the plan that was shown."""

    model_config = ConfigDict(extra="forbid")

    workflow: str = Field(max_length=200)
    since: AwareDatetime
    until: AwareDatetime
    action: str | None = Field(default=None, max_length=200)
    case_id: str | None = Field(default=None, max_length=64)
    incident_id: str | None = Field(default=None, max_length=64)
    reason: str = Field(min_length=1, max_length=4_000)
    digest: str = Field(max_length=128)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of rollbacks."""

    @needs(Permission.READ)
    async def plan(request: Request) -> Response:
        """Show what would be undone, newest first, with the digest that starts exactly that."""
        asked = request.query_params
        wanted = Selection(
            workflow=asked.get("workflow", ""),
            since=_moment(asked.get("since"), "since"),
            until=_moment(asked.get("until"), "until"),
            action=asked.get("action"),
            case_id=asked.get("case_id"),
            incident_id=asked.get("incident_id"),
        )
        found = await run_in_threadpool(remit.plan_rollback, wanted)
        return JSONResponse(as_json(found))

    @needs(Permission.OPERATE)
    async def start(request: Request) -> Response:
        """Undo exactly what a plan showed, and answer how far that came."""
        body = await read_model(request, RollbackBody)
        wanted = Selection(
            workflow=body.workflow, since=body.since, until=body.until, action=body.action,
            case_id=body.case_id, incident_id=body.incident_id,
        )  # fmt: skip
        view = await remit.start_rollback(
            wanted,
            person=request.state.session.person.handle,
            reason=body.reason,
            digest=body.digest,
        )
        return JSONResponse(as_json(view))

    @needs(Permission.READ)
    async def rolled(request: Request) -> Response:
        """Show what became of each effect of a rollback."""
        view = await run_in_threadpool(remit.rollback_of, request.path_params["rollback_id"])
        return JSONResponse(as_json(view))

    return [
        Route("/api/rollbacks/plan", plan, methods=["GET"], name="rollback_plan"),
        Route("/api/rollbacks", start, methods=["POST"], name="rollback_start"),
        Route("/api/rollbacks/{rollback_id}", rolled, methods=["GET"], name="rollback_one"),
    ]


def _moment(written: str | None, name: str) -> datetime:
    moment: datetime | None = None
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(written or "")
    if moment is None or moment.tzinfo is None:
        raise RequestInvalidError(f"`{name}`: an instant with its zone, as 2026-11-24T10:00:00Z")
    return moment
