"""Effects as people look after them, as JSON: undo, tasks, rollbacks."""

import contextlib
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.approvals import limit_of
from remit.api.body import as_json, read_model
from remit.domain.task import Finding
from remit.domain.value import Json
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort
from remit.governance.rollbacks import Selection


class ReasonBody(BaseModel):
    """Why something is undone."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=4_000)


class SettleBody(BaseModel):
    """What became of an effect, and how a person knows."""

    model_config = ConfigDict(extra="forbid")

    finding: Finding
    evidence: str = Field(min_length=1, max_length=4_000)
    reference: str = Field(default="", max_length=200)
    receipt: dict[str, object] | list[object] | str | int | None = None


class CloseBody(BaseModel):
    """What was done about a task."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=1, max_length=4_000)


class RollbackBody(BaseModel):
    """Which effects are undone, and the digest of the plan that was shown."""

    model_config = ConfigDict(extra="forbid")

    workflow: str = Field(max_length=200)
    since: AwareDatetime
    until: AwareDatetime
    action: str | None = Field(default=None, max_length=200)
    case_id: str | None = Field(default=None, max_length=64)
    reason: str = Field(min_length=1, max_length=4_000)
    digest: str = Field(max_length=128)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of what people do about effects."""

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

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List what is left to people, the oldest first; `tab=closed` lists what is done."""
        asked = request.query_params
        page = await run_in_threadpool(
            remit.tasks,
            closed=asked.get("tab") == "closed",
            workflow=asked.get("workflow"),
            after=asked.get("after"),
            limit=limit_of(request),
        )
        return JSONResponse(as_json(page))

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Show one task: what to do, of which effect, and what people said of it."""
        view = await run_in_threadpool(remit.task, request.path_params["task_id"])
        return JSONResponse(as_json(view))

    @needs(Permission.OPERATE)
    async def settle(request: Request) -> Response:
        """Say what became of the effect of a task; where money is at stake two must say it."""
        body = await read_model(request, SettleBody)
        view = await run_in_threadpool(remit.task, request.path_params["task_id"])
        receipt: Json = body.receipt  # type: ignore[assignment]  # JSON by how it was read
        settled = await remit.settle(
            view.action_id,
            person=request.state.session.person.handle,
            finding=body.finding,
            evidence=body.evidence,
            reference=body.reference,
            receipt=receipt,
        )
        return JSONResponse({"settled": settled})

    @needs(Permission.OPERATE)
    async def close(request: Request) -> Response:
        """Close a task that no effect settles."""
        body = await read_model(request, CloseBody)
        await remit.close_task(
            request.path_params["task_id"],
            person=request.state.session.person.handle,
            note=body.note,
        )
        return JSONResponse({"closed": True})

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
        )
        found = await run_in_threadpool(remit.plan_rollback, wanted)
        return JSONResponse(as_json(found))

    @needs(Permission.OPERATE)
    async def start(request: Request) -> Response:
        """Undo exactly what a plan showed, and answer how far that came."""
        body = await read_model(request, RollbackBody)
        wanted = Selection(
            workflow=body.workflow, since=body.since, until=body.until, action=body.action,
            case_id=body.case_id,
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
        Route("/api/effects/{action_id}/undo", undo, methods=["POST"], name="effect_undone"),
        Route(
            "/api/effects/{action_id}/withdraw", withdraw, methods=["POST"], name="effect_withdraw"
        ),
        Route("/api/tasks", listed, methods=["GET"], name="tasks_list"),
        Route("/api/tasks/{task_id}", one, methods=["GET"], name="task_one"),
        Route("/api/tasks/{task_id}/settle", settle, methods=["POST"], name="task_settle"),
        Route("/api/tasks/{task_id}/close", close, methods=["POST"], name="task_close"),
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
