"""Cases: the list, one case from message to effect, and what a person may do with it."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, fields, needed, render, see_other
from remit.domain.case import CaseStatus
from remit.governance.permissions import Permission, needs
from remit.observability.line import Line

PAGE_ROWS = 60
SEARCH_CHARACTERS_MAX = 200
TECHNICAL_ROWS = 500

SHOWN = ("all", "effects", "problems", "money")


def routes(console: Console) -> list[Route]:
    """Return the routes of cases."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List cases, newest first."""
        given = request.query_params
        status = given.get("status") or None
        search = given.get("search", "").strip()[:SEARCH_CHARACTERS_MAX] or None
        page = await run_in_threadpool(
            console.remit.cases,
            workflow=given.get("workflow") or None,
            status=status if status in set(CaseStatus) else None,
            after=given.get("after") or None,
            limit=PAGE_ROWS,
            search=search,
        )
        workflows = await run_in_threadpool(console.remit.workflows)
        return await render(
            console,
            request,
            "cases.html",
            page=page,
            status=status,
            workflow=given.get("workflow") or None,
            search=search,
            statuses=tuple(CaseStatus),
            workflows=[view.name for view in workflows],
        )

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Show one case in sentences, or every entry of it as a table."""
        view = await run_in_threadpool(console.remit.case, request.path_params["case_id"])
        only = request.query_params.get("only", "all")
        shown = only if only in SHOWN else "all"
        lines = view.timeline.lines
        technical = request.query_params.get("view") == "technical"
        first = _page_number(request) * TECHNICAL_ROWS
        return await render(
            console,
            request,
            "case.html",
            view=view,
            row=view.row,
            timeline=view.timeline,
            lines=[line for line in lines if _matches(line, shown)],
            rows=lines[first : first + TECHNICAL_ROWS],
            more=first + TECHNICAL_ROWS < len(lines),
            page_number=first // TECHNICAL_ROWS,
            counts_of={word: sum(_matches(line, word) for line in lines) for word in SHOWN},
            shown=shown,
            technical=technical,
            status=str(view.row.status),
            total=_total(lines),
            undone=request.query_params.get("undone"),
        )

    @needs(Permission.OPERATE)
    async def close(request: Request) -> Response:
        """Close an escalated case that was done by hand."""
        case_id = request.path_params["case_id"]
        note = needed(await fields(request), "note")
        await console.remit.close_case(
            case_id, person=request.state.session.person.handle, note=note
        )
        return see_other(f"/cases/{case_id}")

    @needs(Permission.OPERATE)
    async def hand_back(request: Request) -> Response:
        """Give an escalated case back to its workflow."""
        case_id = request.path_params["case_id"]
        note = needed(await fields(request), "note")
        await console.remit.hand_back(
            case_id, person=request.state.session.person.handle, note=note
        )
        return see_other(f"/cases/{case_id}")

    @needs(Permission.OPERATE)
    async def undo(request: Request) -> Response:
        """Propose the declared undo of an effect; it has its own gate."""
        case_id = request.path_params["case_id"]
        reason = needed(await fields(request), "reason")
        action_id = await console.remit.undo(
            request.path_params["action_id"],
            person=request.state.session.person.handle,
            reason=reason,
        )
        return see_other(f"/cases/{case_id}", undone=action_id)

    return [
        Route("/cases", listed, methods=["GET"], name="cases"),
        Route("/cases/{case_id}", one, methods=["GET"], name="case"),
        Route("/cases/{case_id}/close", close, methods=["POST"], name="case_close"),
        Route("/cases/{case_id}/hand-back", hand_back, methods=["POST"], name="case_hand_back"),
        Route(
            "/cases/{case_id}/effects/{action_id}/undo",
            undo,
            methods=["POST"],
            name="effect_undo",
        ),
    ]


def _matches(line: Line, shown: str) -> bool:
    match shown:
        case "effects":
            return line.effect
        case "problems":
            return line.problem
        case "money":
            return line.money
        case _:
            return True


def _page_number(request: Request) -> int:
    written = request.query_params.get("page", "0")
    return int(written[:6]) if written.isascii() and written.isdigit() else 0


def _total(lines: tuple[Line, ...]) -> float:
    return (lines[-1].at - lines[0].at).total_seconds() if lines else 0.0
