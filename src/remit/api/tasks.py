"""Tasks as JSON: what is left to people, and what they say of it."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.approvals import limit_of
from remit.api.body import as_json, read_model
from remit.domain.task import Finding
from remit.domain.value import Json
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort


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


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of tasks."""

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

    return [
        Route("/api/tasks", listed, methods=["GET"], name="tasks_list"),
        Route("/api/tasks/{task_id}", one, methods=["GET"], name="task_one"),
        Route("/api/tasks/{task_id}/settle", settle, methods=["POST"], name="task_settle"),
        Route("/api/tasks/{task_id}/close", close, methods=["POST"], name="task_close"),
    ]
