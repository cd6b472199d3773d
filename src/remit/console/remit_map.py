"""The remit: every cell on one page, a cell with its evidence, the grant to sign, and lowering."""

from collections.abc import Sequence
from itertools import groupby
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console import plots
from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.domain.autonomy import Cell, Level
from remit.errors import GrantUnmetError, RequestInvalidError
from remit.governance import cell_words, comparison_words, nearness
from remit.governance.cells import CellView
from remit.governance.grants_port import signed
from remit.governance.permissions import Permission, needs

PLACE = "/remit/{workflow}/{action}/{segment}"
TICK = "tick-"  # before the name of each item of the checklist
TOLD = {
    "signed": "Signed. It holds from the next gate call on, in every process.",
    "comparing": "Begun. It goes on while this process runs; look again for what came of it.",
    "cancelled": "Cancelled. Nothing of it is told.",
    "lowered": "Lowered. It holds from the next gate call on; the evidence begins anew.",
}


def routes(console: Console) -> list[Route]:
    """Return the routes of the remit."""

    @needs(Permission.READ)
    async def mapped(request: Request) -> Response:
        """Show every cell: its level, what the next one takes, and what would lower it."""
        order = request.query_params.get("order", nearness.ORDERS[0])
        found = nearness.ordered(await run_in_threadpool(console.remit.remit_map), order)
        return await render(
            console, request, "remit.html", groups=grouped(found), people=console.remit.people(),
            words=cell_words, ladder=plots.ladder, place=place, order=order,
        )  # fmt: skip

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Show a cell: its evidence, its detectors, its conditions and its rows."""
        cell = cell_of(request)
        whole = await run_in_threadpool(console.remit.cell_whole, cell)
        asked = asked_for(request)
        after = request.query_params.get("after")
        rows = await run_in_threadpool(lambda: console.remit.cell_rows(cell, after=after))
        open_ = await run_in_threadpool(console.remit.incidents_of, cell)
        return await render(
            console, request, "cell.html", cell=whole.cell, incidents=open_,
            trail=whole.path, rows=rows, after=after, people=console.remit.people(),
            words=cell_words, plots=plots,
            evidence=plots.evidence(whole.path), watched=plots.watches(whole.path.watches),
            told=TOLD.get(asked.get("told", ""), ""), place=place(cell),
            comparison=whole.comparison, here=console.remit.comparing(cell),
            spoken=comparison_words,
            lower=[level.value for level in Level if level.rank < Level(whole.cell.level).rank],
        )  # fmt: skip

    async def granted(
        request: Request, cell: Cell, *, refused: str = "", http_status: int = 200
    ) -> Response:
        whole = await run_in_threadpool(console.remit.cell_whole, cell)
        return await render(
            console, request, "grant.html", http_status=http_status, cell=whole.cell,
            told=whole.counterfactual, forecast=whole.forecast, listed=whole.checklist,
            people=console.remit.people(), words=cell_words,
            place=place(cell), refused=refused,
        )  # fmt: skip

    @needs(Permission.READ)
    async def grant(request: Request) -> Response:
        """Show the grant that can be signed next, with what it would have done."""
        return await granted(request, cell_of(request))

    @needs(Permission.DECIDE, fresh=True)
    async def sign(request: Request) -> Response:
        """Sign it; what is unmet is shown, and nothing changes."""
        cell, form = cell_of(request), await fields(request)
        try:
            await signed(
                console.remit, cell, to=level_of(form), digest=needed(form, "digest"),
                person=request.state.session.person.handle,
                attested=[name.removeprefix(TICK) for name in form if name.startswith(TICK)],
            )  # fmt: skip
        except GrantUnmetError as error:
            return await granted(request, cell, refused=str(error), http_status=error.status)
        return see_other(place(cell), told="signed")

    @needs(Permission.DECIDE)
    async def lower(request: Request) -> Response:
        """Lower a cell at once."""
        cell, form = cell_of(request), await fields(request)
        await console.remit.lower_grant(
            cell, to=level_of(form), person=request.state.session.person.handle,
            reason=needed(form, "reason"),
        )  # fmt: skip
        return see_other(place(cell), told="lowered")

    return [
        Route("/remit", mapped, methods=["GET"], name="remit"),
        Route(PLACE, one, methods=["GET"], name="cell"),
        Route(f"{PLACE}/grant", grant, methods=["GET"], name="grant"),
        Route(f"{PLACE}/grant", sign, methods=["POST"], name="grant_signed"),
        Route(f"{PLACE}/lower", lower, methods=["POST"], name="cell_lowered"),
    ]


def cell_of(request: Request) -> Cell:
    """Return the cell that an address names."""
    names = request.path_params
    return Cell(workflow=names["workflow"], action=names["action"], segment=names["segment"])


def place(cell: Cell | CellView) -> str:
    """Return the address of a cell's page."""
    return "/remit/" + "/".join(
        quote(name, safe="") for name in (cell.workflow, cell.action, cell.segment)
    )


def level_of(form: dict[str, str]) -> Level:
    """Return the level that a form names; raises `RequestInvalidError`."""
    word = needed(form, "to")
    try:
        return Level(word)
    except ValueError as error:
        raise RequestInvalidError("`to` is no level; choose one of the list") from error


def grouped(
    found: Sequence[CellView],
) -> list[tuple[str, list[tuple[str, list[CellView]]]]]:
    """Return cells by workflow and by action, in the order in which they come."""
    return [
        (workflow, [(action, list(cells)) for action, cells in groupby(own, lambda c: c.action)])
        for workflow, own in groupby(found, lambda c: c.workflow)
    ]
