"""Batches as JSON: several approvals that are alike, shown together and answered at once."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json, read_model
from remit.domain.approval import RejectReason, Verdict
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort


class BatchBody(BaseModel):
    """One answer to what was shown as a batch."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    batch: str = Field(max_length=128)  # the digest of what was shown
    members: dict[str, str] = Field(
        min_length=1, max_length=100
    )  # id -> digest, unchecked left out
    read: list[str] = Field(default=[], max_length=100)  # those that were read whole
    reason: RejectReason | None = None


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of batches; they come before those of single approvals."""

    @needs(Permission.READ)
    async def gathered(request: Request) -> Response:
        """Show what of `ids` may be answered together, and what is left out and why."""
        named = request.query_params.get("ids", "")
        batch = await run_in_threadpool(
            remit.batch,
            [one for one in named.split(",") if one],
            person=request.state.session.person.handle,
        )
        return JSONResponse(as_json(batch))

    @needs(Permission.DECIDE)
    async def answered(request: Request) -> Response:
        """Answer a batch: one vote, one entry and one effect for each member."""
        body = await read_model(request, BatchBody)
        if body.verdict is Verdict.REJECT and body.reason is None:
            raise RequestInvalidError("`reason`: a rejection names one of its reasons")
        result = await remit.decide_batch(
            body.members,
            batch=body.batch,
            read=body.read,
            person=request.state.session.person.handle,
            verdict=body.verdict,
            channel="api",
            reason=body.reason,
            signed_in=request.state.session.signed_in,
        )
        return JSONResponse(as_json(result))

    @needs(Permission.DECIDE)
    async def taken_back(request: Request) -> Response:
        """Take back each yes of a batch whose grace time lasts."""
        result = await remit.take_back_batch(
            request.path_params["batch"], person=request.state.session.person.handle
        )
        return JSONResponse(as_json(result))

    return [
        Route("/api/approvals/batches", gathered, methods=["GET"], name="batch"),
        Route("/api/approvals/batches", answered, methods=["POST"], name="batch_answered"),
        Route(
            "/api/approvals/batches/{batch}/take-back",
            taken_back,
            methods=["POST"],
            name="batch_taken_back",
        ),
    ]
