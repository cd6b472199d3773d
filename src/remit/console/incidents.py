"""Incidents: what went wrong, what holds it, and what each effect that it touches needs."""

import contextlib
from collections.abc import Mapping
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.domain.incident import SAID, Correction, Severity
from remit.errors import RequestInvalidError
from remit.governance.incident import IncidentView
from remit.governance.incidents import LOWERED, STOPPED
from remit.governance.permissions import Permission, needs
from remit.observability.incident_sentences import FOUND

PAGE_ROWS = 60
PLACE = "/incidents/{incident_id}"
SEVERITIES: Mapping[str, str] = {
    Severity.SEV1.value: "wrong and cannot be undone, data exposed, or it cannot be stopped",
    Severity.SEV2.value: "wrong for several, and can be undone",
    Severity.SEV3.value: "held or slower, nobody was harmed",
    Severity.SEV4.value: "a defect",
}
TOLD: Mapping[str, str] = {
    "declared": "Declared. What it touches is listed below, and asked anew each time.",
    "contained": "Contained.",
    "noted": "Noted.",
    "resolved": "Resolved. What is left is the review: what let it through?",
    "reviewed": "Reviewed. It stays in the record.",
    "dismissed": "Dismissed. It stays in the record, and counts.",
}
HELD: Mapping[str, str] = {
    LOWERED: "Nothing of the cell runs alone any more; what people approve still goes out.",
    STOPPED: "Nothing more of it is begun; what is under way finishes, the rest waits.",
}
PICK = "effect:"  # how the names of the boxes begin that pick an effect


def routes(console: Console) -> list[Route]:
    """Return the routes of incidents."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List incidents, the newest first."""
        given = asked_for(request)
        closed = given.get("tab") == "closed"
        page = await run_in_threadpool(
            console.remit.incidents, closed=closed, workflow=given.get("workflow") or None,
            after=given.get("after") or None, limit=PAGE_ROWS,
        )  # fmt: skip
        return await render(
            console, request, "incidents.html", people=console.remit.people(), page=page,
            closed=closed, workflow=given.get("workflow") or None, severities=SEVERITIES,
            scopes=() if closed else console.remit.incident_scopes(),
        )  # fmt: skip

    @needs(Permission.OPERATE)
    async def declare(request: Request) -> Response:
        """Declare one."""
        given = await fields(request)
        view = await console.remit.declare_incident(
            given.get("typed", "").strip() or needed(given, "scope"),
            person=_person(request), severity=_severity(given),
            sentence=needed(given, "sentence"), occurred_at=_moment(given),
            contain=given.get("contain") == "yes",
        )  # fmt: skip
        return see_other(f"/incidents/{view.incident_id}", told="declared")

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Show one incident, and what is to be done about it."""
        view = await run_in_threadpool(console.remit.incident, request.path_params["incident_id"])
        return await render(
            console, request, "incident.html", people=console.remit.people(), incident=view,
            told=_told(asked_for(request).get("told", ""), view), severities=SEVERITIES,
            found=FOUND, may_be_said=[name for name in FOUND if name in SAID], pick=PICK,
            answers_for=_person(request) in await run_in_threadpool(_owners, console, view),
        )  # fmt: skip

    @needs(Permission.OPERATE)
    async def contain(request: Request) -> Response:
        """Hold it by a level or a stop."""
        await console.remit.contain_incident(_id(request), person=_person(request))
        return see_other(f"/incidents/{_id(request)}", told="contained")

    @needs(Permission.OPERATE)
    async def find(request: Request) -> Response:
        """Say what was found of effects."""
        given = await fields(request)
        picked = [name.removeprefix(PICK) for name in given if name.startswith(PICK)]
        every = given.get("which") == "all"
        if not every and not picked:
            raise RequestInvalidError("`which`: tick an effect, or choose all that are to check")
        await console.remit.note_finding(
            _id(request), person=_person(request), finding=_finding(given),
            actions=None if every else picked,
        )  # fmt: skip
        return see_other(f"/incidents/{_id(request)}", told="noted")

    @needs(Permission.OPERATE)
    async def resolve(request: Request) -> Response:
        """Say that nothing is left to check."""
        await console.remit.resolve_incident(_id(request), person=_person(request))
        return see_other(f"/incidents/{_id(request)}", told="resolved")

    @needs(Permission.OPERATE)
    async def review(request: Request) -> Response:
        """Close it with what was found."""
        found = needed(await fields(request), "found")
        await console.remit.review_incident(_id(request), person=_person(request), found=found)
        return see_other(f"/incidents/{_id(request)}", told="reviewed")

    @needs(Permission.OPERATE)
    async def dismiss(request: Request) -> Response:
        """Say that it was none."""
        reason = needed(await fields(request), "reason")
        await console.remit.dismiss_incident(_id(request), person=_person(request), reason=reason)
        return see_other(f"/incidents/{_id(request)}", told="dismissed")

    return [
        Route("/incidents", listed, methods=["GET"], name="incidents"),
        Route("/incidents", declare, methods=["POST"], name="incident_declared"),
        Route(PLACE, one, methods=["GET"], name="incident"),
        Route(f"{PLACE}/contain", contain, methods=["POST"], name="incident_contained"),
        Route(f"{PLACE}/findings", find, methods=["POST"], name="incident_found"),
        Route(f"{PLACE}/resolve", resolve, methods=["POST"], name="incident_resolved"),
        Route(f"{PLACE}/review", review, methods=["POST"], name="incident_reviewed"),
        Route(f"{PLACE}/dismiss", dismiss, methods=["POST"], name="incident_dismissed"),
    ]


def _told(done: str, view: IncidentView) -> str:
    """Return what was done just now, and how it stands with what people care about then."""
    said = TOLD.get(done, "")
    if done == "contained":
        return f"{said} {HELD.get(view.how, '')}".rstrip() if view.held else ""
    if done == "noted":
        many = view.to_check
        left = (
            f"{many:,} effect{' is' if many == 1 else 's are'} left" if many else "Nothing is left"
        )
        return f"{said} {left} to check."
    return said


def _owners(console: Console, view: IncidentView) -> set[str]:
    """Return who may say what was found of an incident, and close it."""
    flows = console.remit.workflows()
    return {view.owner, *(one.owner for one in flows if one.name == view.workflow)}


def _severity(given: Mapping[str, str]) -> Severity:
    try:
        return Severity(given.get("severity", ""))
    except ValueError:
        raise RequestInvalidError("`severity`: choose how bad it is") from None


def _finding(given: Mapping[str, str]) -> Correction:
    try:
        return Correction(given.get("finding", ""))
    except ValueError:
        raise RequestInvalidError("`finding`: say what you found") from None


def _moment(given: Mapping[str, str]) -> datetime | None:
    written = given.get("occurred", "").strip()
    if not written:
        return None
    moment: datetime | None = None
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(written)
    if moment is None or moment.tzinfo is None:
        raise RequestInvalidError("`occurred`: an instant with its zone, as 2026-11-24T10:00Z")
    return moment


def _person(request: Request) -> str:
    return str(request.state.session.person.handle)


def _id(request: Request) -> str:
    return str(request.path_params["incident_id"])
