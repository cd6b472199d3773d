"""Incidents as JSON: declared, contained, what was found of each effect, resolved, reviewed."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.approvals import limit_of
from remit.api.body import ReasonBody, as_json, read_model
from remit.domain.incident import Correction, Severity
from remit.governance.incidents import EFFECTS_MAX
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort

PLACE = "/api/incidents/{incident_id}"


class DeclareBody(BaseModel):
    """What went wrong, how bad it is, and whether it is to be held from now on."""

    model_config = ConfigDict(extra="forbid")

    scope: str = Field(max_length=300)
    severity: Severity
    sentence: str = Field(min_length=1, max_length=500)
    occurred: AwareDatetime | None = None
    contain: bool = False


class FindingBody(BaseModel):
    """What was found of effects; without `actions` of those shown that are still to check."""

    model_config = ConfigDict(extra="forbid")

    finding: Correction
    actions: list[str] | None = Field(default=None, max_length=EFFECTS_MAX)


class ReviewBody(BaseModel):
    """What was found: which control let it through, what limited the harm, what is done now."""

    model_config = ConfigDict(extra="forbid")

    found: str = Field(min_length=1, max_length=4_000)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of incidents."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List incidents, the newest first; `tab=closed` lists those that are over."""
        asked = request.query_params
        page = await run_in_threadpool(
            remit.incidents, closed=asked.get("tab") == "closed", workflow=asked.get("workflow"),
            after=asked.get("after"), limit=limit_of(request),
        )  # fmt: skip
        return JSONResponse(as_json(page))

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Show one incident with the effects that it touches, newest first."""
        view = await run_in_threadpool(remit.incident, request.path_params["incident_id"])
        return JSONResponse(as_json(view))

    @needs(Permission.OPERATE)
    async def declare(request: Request) -> Response:
        """Declare an incident; one that is open on the same scope is joined."""
        body = await read_model(request, DeclareBody)
        view = await remit.declare_incident(
            body.scope, person=_person(request), severity=body.severity, sentence=body.sentence,
            occurred_at=body.occurred, contain=body.contain,
        )  # fmt: skip
        return JSONResponse(as_json(view), status_code=201)

    @needs(Permission.OPERATE)
    async def contain(request: Request) -> Response:
        """Hold it: a cell is lowered, so that nothing of it runs alone; else a stop is set."""
        view = await remit.contain_incident(_id(request), person=_person(request))
        return JSONResponse(as_json(view))

    @needs(Permission.OPERATE)
    async def find(request: Request) -> Response:
        """Say what was found of effects; answers of how many, and how many are left to check."""
        body = await read_model(request, FindingBody)
        noted = await remit.note_finding(
            _id(request), person=_person(request), finding=body.finding, actions=body.actions
        )
        return JSONResponse(as_json(noted))

    @needs(Permission.OPERATE)
    async def resolve(request: Request) -> Response:
        """Say that no effect of it is left to check."""
        view = await remit.resolve_incident(_id(request), person=_person(request))
        return JSONResponse(as_json(view))

    @needs(Permission.OPERATE)
    async def review(request: Request) -> Response:
        """Close it with what was found."""
        body = await read_model(request, ReviewBody)
        view = await remit.review_incident(_id(request), person=_person(request), found=body.found)
        return JSONResponse(as_json(view))

    @needs(Permission.OPERATE)
    async def dismiss(request: Request) -> Response:
        """Say that it was none; it stays in the record, and counts."""
        body = await read_model(request, ReasonBody)
        view = await remit.dismiss_incident(
            _id(request), person=_person(request), reason=body.reason
        )
        return JSONResponse(as_json(view))

    return [
        Route("/api/incidents", listed, methods=["GET"], name="incidents_list"),
        Route("/api/incidents", declare, methods=["POST"], name="incident_declare"),
        Route(PLACE, one, methods=["GET"], name="incident_one"),
        Route(f"{PLACE}/contain", contain, methods=["POST"], name="incident_contain"),
        Route(f"{PLACE}/findings", find, methods=["POST"], name="incident_find"),
        Route(f"{PLACE}/resolve", resolve, methods=["POST"], name="incident_resolve"),
        Route(f"{PLACE}/review", review, methods=["POST"], name="incident_review"),
        Route(f"{PLACE}/dismiss", dismiss, methods=["POST"], name="incident_dismiss"),
    ]


def _person(request: Request) -> str:
    return str(request.state.session.person.handle)


def _id(request: Request) -> str:
    return str(request.path_params["incident_id"])
