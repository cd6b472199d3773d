"""Rollbacks: many effects taken back by one plan, exactly as it was shown."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, needs
from remit.governance.rollbacks import Selection

HOURS = {"1": 1, "4": 4, "24": 24, "72": 72, "168": 168}
DEFAULT_HOURS = "24"


def routes(console: Console) -> list[Route]:
    """Return the routes of rollbacks."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """Show rollbacks, and what one would take back now."""
        given = asked_for(request)
        workflows = [view.name for view in await run_in_threadpool(console.remit.workflows)]
        workflow = given.get("workflow", "")
        incident_id = given.get("incident_id", "")
        wanted: Selection | None
        if incident_id:
            wanted = await run_in_threadpool(_of_incident, console, incident_id)
        else:
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
            incident_id=given.get("incident_id") or None,
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
        Route("/rollbacks", listed, methods=["GET"], name="rollbacks"),
        Route("/rollbacks", start, methods=["POST"], name="rollback_started"),
        Route("/rollbacks/{rollback_id}", rolled, methods=["GET"], name="rollback"),
    ]


def _selection(given: Mapping[str, str], now: datetime) -> Selection:
    hours = HOURS.get(given.get("hours", DEFAULT_HOURS), HOURS[DEFAULT_HOURS])
    return Selection(
        workflow=given["workflow"], since=now - timedelta(hours=hours), until=now,
        action=given.get("action") or None,
    )  # fmt: skip


def _of_incident(console: Console, incident_id: str) -> Selection:
    """Return the selection of what is to check of an incident, however old."""
    view = console.remit.incident(incident_id)
    return Selection(
        workflow=view.workflow, since=datetime.fromtimestamp(0, UTC), until=console.clock(),
        incident_id=view.incident_id,
    )  # fmt: skip


def _moment(given: Mapping[str, str], name: str) -> datetime:
    moment: datetime | None = None
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(needed(given, name))
    if moment is None or moment.tzinfo is None:
        raise RequestInvalidError(f"`{name}`: an instant with its zone")
    return moment
