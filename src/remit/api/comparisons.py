"""Comparisons as JSON: a changed behaviour tried in shadow on cases whose answer is known."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json, read_model
from remit.api.remit_map import PLACE, cell_of
from remit.governance.comparisons import CASES, CASES_MAX
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort


class ComparisonBody(BaseModel):
    """On how many cases, the newest first."""

    model_config = ConfigDict(extra="forbid")

    cases: int = Field(default=CASES, ge=1, le=CASES_MAX)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of comparisons."""

    @needs(Permission.READ)
    async def offered(request: Request) -> Response:
        """Return what can be compared, the last comparison, and how far one has come."""
        cell = cell_of(request)
        whole = await run_in_threadpool(remit.cell_whole, cell)
        here = remit.comparing(cell)
        under_way = None if here is None else {"done": here[0], "of": here[1]}
        return JSONResponse({"comparison": as_json(whole.comparison), "under_way": under_way})

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Return a comparison with what came of each case, if it came to its end."""
        cell, name = cell_of(request), request.path_params["comparison_id"]
        return JSONResponse(as_json(await run_in_threadpool(remit.compared, cell, name)))

    @needs(Permission.DECIDE)
    async def begin(request: Request) -> Response:
        """Begin one; its owner asks for it, and models may be paid for it."""
        cell = cell_of(request)
        body = await read_model(request, ComparisonBody)
        name = await remit.begin_comparison(
            cell, person=request.state.session.person.handle, cases=body.cases
        )
        return JSONResponse({"comparison_id": name}, status_code=202)

    @needs(Permission.DECIDE)
    async def cancel(request: Request) -> Response:
        """Break off the one that is under way; nothing of it is told."""
        cell = cell_of(request)
        await remit.cancel_comparison(cell, person=request.state.session.person.handle)
        return Response(status_code=204)

    return [
        Route(f"{PLACE}/compare", offered, methods=["GET"], name="comparison_offer"),
        Route(f"{PLACE}/compare", begin, methods=["POST"], name="comparison_begin"),
        Route(f"{PLACE}/compare/cancel", cancel, methods=["POST"], name="comparison_cancel"),
        Route(f"{PLACE}/compare/{{comparison_id}}", one, methods=["GET"], name="comparison_one"),
    ]
