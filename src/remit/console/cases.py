"""Cases: the list, one case from message to effect, and what a person may do with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.domain.case import CaseStatus
from remit.governance.permissions import Permission, needs
from remit.observability.line import Line, Span
from remit.observability.tracing import spans

PAGE_ROWS = 60
SEARCH_CHARACTERS_MAX = 200
TECHNICAL_ROWS = 500
BAR_WIDTH_MIN = 0.5

SHOWN = ("all", "effects", "problems", "money")


def routes(console: Console) -> list[Route]:
    """Return the routes of cases."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List cases, newest first."""
        given = asked_for(request)
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
        given = asked_for(request)
        only = given.get("only", "all")
        shown = only if only in SHOWN else "all"
        lines = view.timeline.lines
        technical = given.get("view") == "technical"
        entries = (
            await run_in_threadpool(console.remit.entries, view.row.case_id) if technical else ()
        )
        first = _page_number(given) * TECHNICAL_ROWS
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
            bars=bars_of(spans(entries)),
            technical=technical,
            status=str(view.row.status),
            total=_total(lines),
            undone=given.get("undone"),
        )

    @needs(Permission.READ)
    async def masked(request: Request) -> Response:
        """Show what was masked in a case, and what may receive it; there is no way to see it."""
        view = await run_in_threadpool(console.remit.masked, request.path_params["case_id"])
        return await render(console, request, "masked.html", view=view, row=view.row)

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
    async def cancel(request: Request) -> Response:
        """End an open case; what was done for it stays done."""
        case_id = request.path_params["case_id"]
        reason = needed(await fields(request), "reason")
        await console.remit.cancel(
            case_id, person=request.state.session.person.handle, reason=reason
        )
        return see_other(f"/cases/{case_id}")

    @needs(Permission.OPERATE)
    async def freeze(request: Request) -> Response:
        """Stop a case and keep its evidence."""
        case_id = request.path_params["case_id"]
        sentence = needed(await fields(request), "sentence")
        await console.remit.freeze(
            case_id, person=request.state.session.person.handle, sentence=sentence
        )
        return see_other(f"/cases/{case_id}")

    @needs(Permission.OPERATE)
    async def follow(request: Request) -> Response:
        """Close an escalated case and begin a new one from its message."""
        note = needed(await fields(request), "note")
        new = await console.remit.follow(
            request.path_params["case_id"],
            person=request.state.session.person.handle,
            note=note,
        )
        return see_other(f"/cases/{new}")

    return [
        Route("/cases", listed, methods=["GET"], name="cases"),
        Route("/cases/{case_id}", one, methods=["GET"], name="case"),
        Route("/cases/{case_id}/masked", masked, methods=["GET"], name="case_masked"),
        Route("/cases/{case_id}/close", close, methods=["POST"], name="case_close"),
        Route("/cases/{case_id}/hand-back", hand_back, methods=["POST"], name="case_hand_back"),
        Route("/cases/{case_id}/cancel", cancel, methods=["POST"], name="case_cancel"),
        Route("/cases/{case_id}/freeze", freeze, methods=["POST"], name="case_freeze"),
        Route("/cases/{case_id}/follow", follow, methods=["POST"], name="case_follow"),
        *_of_effects(console),
    ]


def _of_effects(console: Console) -> list[Route]:
    """Return the routes of a case's single effects."""

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

    @needs(Permission.DECIDE)
    async def withdraw(request: Request) -> Response:
        """Take back what is allowed and was not begun; certain while it waits."""
        await console.remit.withdraw(
            request.path_params["action_id"], person=request.state.session.person.handle
        )
        return see_other(f"/cases/{request.path_params['case_id']}")

    effect = "/cases/{case_id}/effects/{action_id}"
    return [
        Route(f"{effect}/withdraw", withdraw, methods=["POST"], name="effect_withdrawn"),
        Route(f"{effect}/undo", undo, methods=["POST"], name="effect_undo"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A span as it is drawn: in hundredths of the whole case."""

    span: Span
    after_seconds: float
    lasts_seconds: float | None
    left: str
    width: str


def bars_of(found: Sequence[Span]) -> list[Bar]:
    """Return spans with their place within the first one; at least half a hundredth wide."""
    if not found:
        return []
    began = found[0].start_us
    last = max(span.end_us or span.start_us for span in found)
    whole = max(last - began, 1)
    made = []
    for span in found[:TECHNICAL_ROWS]:
        end = span.end_us if span.end_us is not None else last
        left = min(100 * (span.start_us - began) / whole, 100 - BAR_WIDTH_MIN)
        width = max(100 * (end - span.start_us) / whole, BAR_WIDTH_MIN)
        made.append(
            Bar(
                span=span,
                after_seconds=(span.start_us - began) / 1_000_000,
                lasts_seconds=(
                    None if span.end_us is None else (span.end_us - span.start_us) / 1_000_000
                ),
                left=f"{max(left, 0):.2f}",
                width=f"{min(width, 100):.2f}",
            )
        )
    return made


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


def _page_number(given: Mapping[str, str]) -> int:
    written = given.get("page", "0")
    return int(written[:6]) if written.isascii() and written.isdigit() else 0


def _total(lines: tuple[Line, ...]) -> float:
    return (lines[-1].at - lines[0].at).total_seconds() if lines else 0.0
