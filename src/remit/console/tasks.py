"""Tasks: what is left to people, and what they say of it."""

import json
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.domain.task import Finding
from remit.domain.value import Json
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, needs

PAGE_ROWS = 60


def routes(console: Console) -> list[Route]:
    """Return the routes of tasks."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List what is left to people, the oldest first."""
        given = asked_for(request)
        closed = given.get("tab") == "closed"
        page = await run_in_threadpool(
            console.remit.tasks,
            closed=closed,
            workflow=given.get("workflow") or None,
            after=given.get("after") or None,
            limit=PAGE_ROWS,
        )
        return await render(
            console, request, "tasks.html", people=console.remit.people(), page=page,
            closed=closed, said=given.get("said"),
            workflow=given.get("workflow") or None,
        )  # fmt: skip

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Show one task, and the form that ends it."""
        view = await run_in_threadpool(console.remit.task, request.path_params["task_id"])
        return await render(
            console,
            request,
            "task.html",
            people=console.remit.people(),
            task=view,
            said=asked_for(request).get("said"),
        )

    @needs(Permission.OPERATE)
    async def settle(request: Request) -> Response:
        """Say what became of an effect."""
        task_id = request.path_params["task_id"]
        given = await fields(request)
        view = await run_in_threadpool(console.remit.task, task_id)
        settled = await console.remit.settle(
            view.action_id,
            person=request.state.session.person.handle,
            finding=_finding(given),
            evidence=needed(given, "evidence"),
            reference=given.get("reference", ""),
            receipt=_receipt(given),
        )
        if settled:
            return see_other("/tasks", said="settled")
        return see_other(f"/tasks/{task_id}", said="one")

    @needs(Permission.OPERATE)
    async def close(request: Request) -> Response:
        """Close a task that no effect settles."""
        await console.remit.close_task(
            request.path_params["task_id"],
            person=request.state.session.person.handle,
            note=needed(await fields(request), "note"),
        )
        return see_other("/tasks", said="closed")

    return [
        Route("/tasks", listed, methods=["GET"], name="tasks"),
        Route("/tasks/{task_id}", one, methods=["GET"], name="task"),
        Route("/tasks/{task_id}/settle", settle, methods=["POST"], name="task_settled"),
        Route("/tasks/{task_id}/close", close, methods=["POST"], name="task_closed"),
    ]


def _finding(given: Mapping[str, str]) -> Finding:
    try:
        return Finding(given.get("finding", ""))
    except ValueError:
        raise RequestInvalidError("`finding`: say what became of it") from None


def _receipt(given: Mapping[str, str]) -> Json:
    text = given.get("receipt", "").strip()
    if not text:
        return None
    try:
        made: Json = json.loads(text)
    except ValueError:
        raise RequestInvalidError("`receipt`: this is no JSON") from None
    return made
