"""The remit as JSON: where every cell stands, its evidence, and grants signed and lowered."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.approvals import limit_of
from remit.api.body import as_json, read_model
from remit.domain.autonomy import Cell, Level
from remit.governance import nearness
from remit.governance.grants_port import signed
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort

PLACE = "/api/remit/{workflow}/{action}/{segment}"


class GrantSignatureBody(BaseModel):
    """The level that is granted, the digest of what is signed, and what the signer attests."""

    model_config = ConfigDict(extra="forbid")

    to: Level
    digest: str = Field(min_length=64, max_length=64)
    attested: list[str] = Field(default=[], max_length=20)  # items of the checklist, ticked


class GrantLoweringBody(BaseModel):
    """The level that is left, and why."""

    model_config = ConfigDict(extra="forbid")

    to: Level
    reason: str = Field(min_length=1, max_length=500)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of the remit."""

    @needs(Permission.READ)
    async def mapped(request: Request) -> Response:
        """List every cell: its level, what the next one takes, and what would lower it.

        With `order=nearest` those of a workflow come with the nearest to its next level first.
        """
        workflow = request.query_params.get("workflow")
        found = await run_in_threadpool(remit.remit_map, workflow)
        order = request.query_params.get("order", "declared")
        return JSONResponse({"cells": as_json(nearness.ordered(found, order))})

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Return a cell, how its evidence came about, and what the next grant would have done."""
        found = await run_in_threadpool(remit.cell_whole, cell_of(request))
        return JSONResponse(as_json(found))

    @needs(Permission.READ)
    async def rows(request: Request) -> Response:
        """List the rows of a cell, the newest first; `after` goes on from a page."""
        found = await run_in_threadpool(
            lambda: remit.cell_rows(
                cell_of(request),
                after=request.query_params.get("after"),
                limit=limit_of(request),
            )
        )
        return JSONResponse(as_json(found))

    @needs(Permission.DECIDE, fresh=True)
    async def sign(request: Request) -> Response:
        """Raise a cell by one level on its owner's signature."""
        cell = cell_of(request)
        body = await read_model(request, GrantSignatureBody)
        found = await signed(
            remit, cell, to=body.to, digest=body.digest,
            person=request.state.session.person.handle, attested=body.attested,
        )  # fmt: skip
        return JSONResponse({"cell": as_json(found)})

    @needs(Permission.DECIDE)
    async def lower(request: Request) -> Response:
        """Lower a cell at once on its owner's word; its evidence begins anew."""
        cell = cell_of(request)
        body = await read_model(request, GrantLoweringBody)
        await remit.lower_grant(
            cell, to=body.to, person=request.state.session.person.handle, reason=body.reason
        )
        return JSONResponse({"cell": as_json(await run_in_threadpool(remit.cell, cell))})

    return [
        Route("/api/remit", mapped, methods=["GET"], name="remit_map"),
        Route(PLACE, one, methods=["GET"], name="remit_cell"),
        Route(f"{PLACE}/rows", rows, methods=["GET"], name="remit_rows"),
        Route(f"{PLACE}/sign", sign, methods=["POST"], name="grant_sign"),
        Route(f"{PLACE}/lower", lower, methods=["POST"], name="grant_lower"),
    ]


def cell_of(request: Request) -> Cell:
    """Return the cell that an address names."""
    names = request.path_params
    return Cell(workflow=names["workflow"], action=names["action"], segment=names["segment"])
