"""Approvals as JSON: what waits, one of them whole, and a person's verdict."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json, read_model
from remit.domain.approval import RejectReason, Verdict
from remit.errors import RequestInvalidError, StaleDigestError
from remit.governance.card import ApprovalView
from remit.governance.narrow import Narrow
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort
from remit.intake.scrub import scrub

LIMIT_MAX = 200


class VerdictBody(BaseModel):
    """A verdict, bound to the digest of what was read."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    digest: str = Field(max_length=128)
    reason: RejectReason | None = None
    edits: dict[str, str] | None = None
    note: str | None = Field(default=None, max_length=4_000)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of approvals."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List what waits in the order of its turn; `after` continues a list."""
        asked = request.query_params
        page = await run_in_threadpool(
            remit.inbox,
            person=request.state.session.person.handle,
            tab=asked.get("tab", "team"),
            workflow=asked.get("workflow"),
            action=asked.get("action"),
            narrow=Narrow.of(asked),
            after=asked.get("after"),
            limit=limit_of(request),
        )
        return JSONResponse(as_json(page))

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Show one approval: sentence, reasons, changes, cost, evidence, digest."""
        view = await run_in_threadpool(
            remit.approval,
            request.path_params["approval_id"],
            person=request.state.session.person.handle,
        )
        return JSONResponse(as_json(view))

    @needs(Permission.DECIDE)
    async def verdict(request: Request) -> Response:
        """Give a verdict; the digest must be that of what would run now."""
        body = await read_model(request, VerdictBody)
        if body.verdict is Verdict.REJECT and body.reason is None:
            raise RequestInvalidError("`reason`: a rejection names one of its reasons")
        person = request.state.session.person.handle
        try:
            view = await remit.decide(
                request.path_params["approval_id"],
                person=person,
                verdict=body.verdict,
                digest=body.digest,
                channel="api",
                edits=body.edits,
                reason=body.reason,
                note=body.note,
                signed_in=request.state.session.signed_in,
            )
        except StaleDigestError as error:
            now = await run_in_threadpool(_newest, remit, error.approval_id, person)
            told = {"code": error.code, "message": scrub(str(error)), "approval": as_json(now)}
            return JSONResponse(told, status_code=error.status)
        return JSONResponse(as_json(view))

    return [
        Route("/api/approvals", listed, methods=["GET"], name="approvals"),
        Route("/api/approvals/{approval_id}", one, methods=["GET"], name="approval"),
        Route(
            "/api/approvals/{approval_id}/verdict",
            verdict,
            methods=["POST"],
            name="approval_verdict",
        ),
    ]


def _newest(remit: RemitPort, approval_id: str, person: str) -> ApprovalView:
    """Return what would run now in place of what somebody was shown."""
    view = remit.approval(approval_id, person=person)
    while view.replaced_by is not None:
        view = remit.approval(view.replaced_by, person=person)
    return view


def limit_of(request: Request) -> int:
    """Return the asked page size; raises `RequestInvalidError` when it is out of bounds."""
    written = request.query_params.get("limit", "60")
    if not written.isascii() or not written.isdigit() or not 1 <= int(written[:9]) <= LIMIT_MAX:
        raise RequestInvalidError(f"`limit`: a whole number from 1 to {LIMIT_MAX}")
    return int(written)
