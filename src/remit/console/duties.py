"""Tasks and rollbacks: what is left to people, and many effects taken back by one plan."""

import contextlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.domain.task import Finding
from remit.domain.value import Json
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, needs
from remit.governance.rollbacks import Selection

PAGE_ROWS = 60
HOURS = {"1": 1, "4": 4, "24": 24, "72": 72, "168": 168}
DEFAULT_HOURS = "24"


def routes(console: Console) -> list[Route]:
    """Return the routes of tasks and rollbacks."""

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

    @needs(Permission.READ)
    async def rollbacks(request: Request) -> Response:
        """Show rollbacks, and what one would take back now."""
        given = asked_for(request)
        workflows = [view.name for view in await run_in_threadpool(console.remit.workflows)]
        workflow = given.get("workflow", "")
        wanted = _selection(given, console.clock()) if workflow in workflows else None
        plan = (
            None
            if wanted is None
            else await run_in_threadpool(console.remit.plan_rollback, wanted)
        )
        return await render(
            console, request, "rollbacks.html", people=console.remit.people(), plan=plan,
            workflows=workflows, wanted=wanted,
            hours=given.get("hours", DEFAULT_HOURS), every_hours=tuple(HOURS),
            before=await run_in_threadpool(console.remit.rollbacks),
        )  # fmt: skip

    @needs(Permission.OPERATE)
    async def start(request: Request) -> Response:
        """Take back exactly what the page showed."""
        given = await fields(request)
        wanted = Selection(
            workflow=needed(given, "workflow"),
            since=_moment(given, "since"),
            until=_moment(given, "until"),
            action=given.get("action") or None,
        )
        view = await console.remit.start_rollback(
            wanted,
            person=request.state.session.person.handle,
            reason=needed(given, "reason"),
            digest=needed(given, "digest"),
        )
        return see_other(f"/rollbacks/{view.rollback_id}")

    @needs(Permission.READ)
    async def rolled(request: Request) -> Response:
        """Show what became of each effect of a rollback."""
        view = await run_in_threadpool(
            console.remit.rollback_of, request.path_params["rollback_id"]
        )
        return await render(
            console, request, "rollback.html", people=console.remit.people(), view=view
        )

    return [
        Route("/tasks", listed, methods=["GET"], name="tasks"),
        Route("/tasks/{task_id}", one, methods=["GET"], name="task"),
        Route("/tasks/{task_id}/settle", settle, methods=["POST"], name="task_settled"),
        Route("/tasks/{task_id}/close", close, methods=["POST"], name="task_closed"),
        Route("/rollbacks", rollbacks, methods=["GET"], name="rollbacks"),
        Route("/rollbacks", start, methods=["POST"], name="rollback_started"),
        Route("/rollbacks/{rollback_id}", rolled, methods=["GET"], name="rollback"),
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


def _selection(given: Mapping[str, str], now: datetime) -> Selection:
    hours = HOURS.get(given.get("hours", DEFAULT_HOURS), HOURS[DEFAULT_HOURS])
    return Selection(
        workflow=given["workflow"], since=now - timedelta(hours=hours), until=now,
        action=given.get("action") or None,
    )  # fmt: skip


def _moment(given: Mapping[str, str], name: str) -> datetime:
    moment: datetime | None = None
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(needed(given, name))
    if moment is None or moment.tzinfo is None:
        raise RequestInvalidError(f"`{name}`: an instant with its zone")
    return moment
