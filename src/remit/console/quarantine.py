"""The quarantine: input without a certain reading, and what a person does with it."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, fields, needed, render, see_other
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, needs

PAGE_ROWS = 30
_FIELD = "field."
_CHOICE = "choice."


def routes(console: Console) -> list[Route]:
    """Return the routes of the quarantine."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List what waits for a certain reading."""
        page = await run_in_threadpool(
            console.remit.quarantine,
            after=request.query_params.get("after") or None,
            limit=PAGE_ROWS,
        )
        return await render(
            console,
            request,
            "quarantine.html",
            page=page,
            released=request.query_params.get("released"),
            discarded=request.query_params.get("discarded"),
        )

    @needs(Permission.OPERATE)
    async def release(request: Request) -> Response:
        """Release a message with the readings that a person chose or typed."""
        case_id = request.path_params["case_id"]
        given = await fields(request)
        corrections = _corrections(given)
        if not corrections:
            raise RequestInvalidError("no field was settled; choose a reading or type one")
        await console.remit.release(
            case_id, person=request.state.session.person.handle, corrections=corrections
        )
        return see_other("/quarantine", released=case_id)

    @needs(Permission.OPERATE)
    async def discard(request: Request) -> Response:
        """Refuse a message, with a reason; its case closes."""
        case_id = request.path_params["case_id"]
        reason = needed(await fields(request), "reason")
        await console.remit.discard(
            case_id, person=request.state.session.person.handle, reason=reason
        )
        return see_other("/quarantine", discarded=case_id)

    return [
        Route("/quarantine", listed, methods=["GET"], name="quarantine"),
        Route("/quarantine/{case_id}/release", release, methods=["POST"], name="release"),
        Route("/quarantine/{case_id}/discard", discard, methods=["POST"], name="discard"),
    ]


def _corrections(given: dict[str, str]) -> dict[str, str]:
    """Return one reading for each settled field; what was typed goes before what was chosen."""
    chosen = {
        name.removeprefix(_CHOICE): value
        for name, value in given.items()
        if name.startswith(_CHOICE) and value
    }
    typed = {
        name.removeprefix(_FIELD): value.strip()
        for name, value in given.items()
        if name.startswith(_FIELD) and value.strip()
    }
    return chosen | typed
