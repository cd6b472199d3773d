"""Audits: what ran alone, judged blind, and what people did themselves beside a proposal."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.domain.approval import RejectReason
from remit.errors import RequestInvalidError
from remit.governance.audit import Compared, Finding
from remit.governance.permissions import Permission, needs

PAGE_ROWS = 60
SECONDS_OPEN_MAX = 86_400
_FIELD = "field."


def routes(console: Console) -> list[Route]:
    """Return the routes of audits."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List what asks to be judged and whoever looks may judge, the first due first."""
        given = asked_for(request)
        page = await run_in_threadpool(
            console.remit.audits,
            person=request.state.session.person.handle,
            workflow=given.get("workflow") or None,
            after=given.get("after") or None,
            limit=PAGE_ROWS,
        )
        return await render(
            console, request, "audits.html", page=page, said=given.get("said", ""),
            workflow=given.get("workflow") or None,
        )  # fmt: skip

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Show one, and ask what whoever looks has to say of it."""
        return await _show(console, request)

    @needs(Permission.DECIDE)
    async def judge(request: Request) -> Response:
        """Take an answer, then lead to the next."""
        given = await fields(request)
        await console.remit.judge(
            request.path_params["audit_id"],
            person=request.state.session.person.handle,
            finding=_finding(given),
            labels=_labels(given),
            cause=_cause(given),
            critical=given.get("critical") == "yes",
            note=given.get("note", "").strip() or None,
            seconds_open=_seconds(given),
        )
        return see_other("/audits", said="judged")

    @needs(Permission.DECIDE)
    async def own(request: Request) -> Response:
        """Take what whoever looks did themselves; then show what was proposed."""
        given = await fields(request)
        nothing = needed(given, "did") == "nothing"
        typed = {
            name.removeprefix(_FIELD): value
            for name, value in given.items()
            if name.startswith(_FIELD)
        }
        person = request.state.session.person.handle
        audit_id = request.path_params["audit_id"]
        view = await run_in_threadpool(console.remit.audit, audit_id, person=person)
        compared: Compared = await console.remit.say_own(
            audit_id,
            person=person,
            labels=_labels(given),
            done=None if nothing else typed,
            seconds_open=_seconds(given),
        )
        return await render(console, request, "audit_compared.html", audit=view, compared=compared)

    @needs(Permission.DECIDE)
    async def contest(request: Request) -> Response:
        """Take why what was called wrong was right; a second person is asked."""
        given = await fields(request)
        await console.remit.contest(
            request.path_params["audit_id"], person=request.state.session.person.handle,
            reason=needed(given, "reason"),
        )  # fmt: skip
        return see_other("/audits", said="contested")

    return [
        Route("/audits", listed, methods=["GET"], name="audits"),
        Route("/audits/{audit_id}", one, methods=["GET"], name="audit"),
        Route("/audits/{audit_id}/judge", judge, methods=["POST"], name="audit_judged"),
        Route("/audits/{audit_id}/own", own, methods=["POST"], name="audit_compared"),
        Route("/audits/{audit_id}/contest", contest, methods=["POST"], name="audit_contested"),
    ]


async def _show(console: Console, request: Request) -> Response:
    view = await run_in_threadpool(
        console.remit.audit,
        request.path_params["audit_id"],
        person=request.state.session.person.handle,
    )
    return await render(
        console, request, "audit.html", audit=view, causes=tuple(RejectReason),
        findings=tuple(Finding),
    )  # fmt: skip


def _finding(given: Mapping[str, str]) -> Finding:
    try:
        return Finding(given.get("finding", ""))
    except ValueError:
        raise RequestInvalidError(f"`finding`: one of {', '.join(Finding)}") from None


def _cause(given: Mapping[str, str]) -> RejectReason | None:
    written = given.get("cause", "")
    if not written or given.get("finding") != Finding.WRONG.value:
        return None
    try:
        return RejectReason(written)
    except ValueError:
        raise RequestInvalidError(f"`cause`: one of {', '.join(RejectReason)}") from None


def _labels(given: Mapping[str, str]) -> int:
    written = needed(given, "labels")
    if not (written.isascii() and written.isdigit()):
        raise RequestInvalidError("`labels`: the number that the page was made with")
    return int(written[:6])


def _seconds(given: Mapping[str, str]) -> int | None:
    written = given.get("seconds", "")
    if not (written.isascii() and written.isdigit()):
        return None  # scripts are off: unknown, not zero
    return min(int(written[:6]), SECONDS_OPEN_MAX)
