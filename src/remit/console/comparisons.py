"""Comparisons on a cell's page: asked for by its owner, and cancelled."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, fields, needed, see_other
from remit.console.remit_map import PLACE, cell_of, place
from remit.errors import RequestInvalidError
from remit.governance.comparisons import CASES_MAX
from remit.governance.permissions import Permission, needs


def routes(console: Console) -> list[Route]:
    """Return the routes of comparisons."""

    @needs(Permission.DECIDE)
    async def begin(request: Request) -> Response:
        """Begin to try the behaviour of now in shadow."""
        cell, form = cell_of(request), await fields(request)
        await console.remit.begin_comparison(
            cell, person=request.state.session.person.handle, cases=_cases(needed(form, "cases"))
        )
        return see_other(place(cell), told="comparing")

    @needs(Permission.DECIDE)
    async def cancel(request: Request) -> Response:
        """Break it off."""
        cell = cell_of(request)
        await fields(request)
        await console.remit.cancel_comparison(cell, person=request.state.session.person.handle)
        return see_other(place(cell), told="cancelled")

    return [
        Route(f"{PLACE}/compare", begin, methods=["POST"], name="cell_compared"),
        Route(f"{PLACE}/compare/cancel", cancel, methods=["POST"], name="comparison_cancelled"),
    ]


def _cases(text: str) -> int:
    number = text.isascii() and text.isdigit() and len(text) <= len(str(CASES_MAX))
    if not number or not 1 <= int(text) <= CASES_MAX:
        raise RequestInvalidError(f"`cases`: a whole number from 1 to {CASES_MAX}")
    return int(text)
