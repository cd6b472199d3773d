"""Cases as JSON: bring one in, list them, read one, read its trace in columns."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.approvals import limit_of
from remit.api.body import ReasonBody, as_json, read_model, read_object
from remit.api.guard import caller
from remit.api.headers import MAIL, media
from remit.api.mails import Mails
from remit.domain import clock
from remit.domain.case import Priority
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort
from remit.governance.services import ServicePermission

KEY_CHARACTERS_MAX = 200
READERS = frozenset({ServicePermission.READ})


class FreezeBody(BaseModel):
    """Why a case is frozen."""

    model_config = ConfigDict(extra="forbid")

    sentence: str = Field(min_length=1, max_length=4_000)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of cases."""
    mails = Mails()

    @needs(Permission.SUBMIT, services=frozenset({ServicePermission.SUBMIT}))
    async def receive(request: Request) -> Response:
        """Bring a message in; the same `Idempotency-Key` and body, or the same mail, is one case.

        `class` says how soon it runs: urgent, normal or bulk. A mail is sent as it came, as
        `message/rfc822`; it is known again by its envelope and its text.
        """
        key = request.headers.get("idempotency-key")
        if key is not None and (not key or len(key) > KEY_CHARACTERS_MAX):
            raise RequestInvalidError(f"`Idempotency-Key`: 1 to {KEY_CHARACTERS_MAX} characters")
        priority = priority_of(request)
        who = caller(request)
        by = f"{who.kind}:{who.ref}"
        workflow = request.path_params["workflow"]
        if media(request.headers) == MAIL:
            if key is not None:
                raise RequestInvalidError(
                    "a mail is known by what it is; leave `Idempotency-Key` out"
                )
            async with mails.body(request) as data:
                admission = await remit.receive_mail(workflow, data, priority=priority, by=by)
        else:
            raw = await read_object(request)
            admission = await remit.receive(
                workflow, raw, channel="api", external_id=key, priority=priority, by=by
            )
        return JSONResponse(
            as_json(
                {
                    "case_id": admission.case_id,
                    "status": admission.status,
                    "duplicate": admission.duplicate,
                    "reasons": admission.reasons,
                }
            ),
            status_code=200 if admission.duplicate else 201,
        )

    @needs(Permission.READ, services=READERS)
    async def listed(request: Request) -> Response:
        """List cases, newest first; `after` continues a list."""
        asked = request.query_params
        page = await run_in_threadpool(
            remit.cases,
            workflow=asked.get("workflow"),
            status=asked.get("status"),
            after=asked.get("after"),
            limit=limit_of(request),
            search=asked.get("search"),
        )
        return JSONResponse(as_json(page))

    @needs(Permission.READ, services=READERS)
    async def one(request: Request) -> Response:
        """Show one case: its fields, approvals, effects and timeline; values are masked."""
        view = await run_in_threadpool(remit.case, request.path_params["case_id"])
        return JSONResponse(as_json(view))

    @needs(Permission.READ, services=READERS)
    async def masked(request: Request) -> Response:
        """Show what was masked in a case, what may receive it and what did; never a value."""
        view = await run_in_threadpool(remit.masked, request.path_params["case_id"])
        return JSONResponse(as_json(view))

    @needs(Permission.READ, services=READERS)
    async def trace(request: Request) -> Response:
        """Show a case's timeline as one array for each column."""
        view = await run_in_threadpool(remit.case, request.path_params["case_id"])
        lines = view.timeline.lines
        kinds = list(dict.fromkeys(line.kind for line in lines))
        return JSONResponse(
            {
                "case_id": view.row.case_id,
                "kinds": kinds,
                "kind": [kinds.index(line.kind) for line in lines],
                "seq": [line.seq for line in lines],
                "at_us": [clock.microseconds(line.at) for line in lines],
                "took_ms": [line.took_ms for line in lines],
                "problem": [int(line.problem) for line in lines],
                "path": [line.path for line in lines],
                "text": [line.text for line in lines],
            }
        )

    @needs(Permission.OPERATE)
    async def cancel(request: Request) -> Response:
        """Cancel a case; `closed` is false while an outcome is still to come. Undoes nothing."""
        body = await read_model(request, ReasonBody)
        case_id = request.path_params["case_id"]
        closed = await remit.cancel(
            case_id, person=request.state.session.person.handle, reason=body.reason
        )
        return JSONResponse({"case_id": case_id, "closed": closed})

    @needs(Permission.OPERATE)
    async def freeze(request: Request) -> Response:
        """Stop a case and keep its evidence: a stop on it and a legal hold, at once."""
        body = await read_model(request, FreezeBody)
        case_id = request.path_params["case_id"]
        await remit.freeze(
            case_id, person=request.state.session.person.handle, sentence=body.sentence
        )
        return JSONResponse({"case_id": case_id, "frozen": True})

    return [
        Route("/api/cases", listed, methods=["GET"], name="cases_list"),
        Route("/api/cases/{workflow}", receive, methods=["POST"], name="case_receive"),
        Route("/api/cases/{case_id}", one, methods=["GET"], name="case_one"),
        Route("/api/cases/{case_id}/cancel", cancel, methods=["POST"], name="case_cancel"),
        Route("/api/cases/{case_id}/freeze", freeze, methods=["POST"], name="case_freeze"),
        Route("/api/cases/{case_id}/masked", masked, methods=["GET"], name="case_masked"),
        Route("/api/cases/{case_id}/trace", trace, methods=["GET"], name="case_trace"),
    ]


def priority_of(request: Request) -> Priority:
    """Return the class that the query asks for; raises `RequestInvalidError`."""
    word = request.query_params.get("class", Priority.NORMAL.value)
    if word not in set(Priority):
        raise RequestInvalidError(f"`class`: one of {', '.join(Priority)}, not `{word[:40]}`")
    return Priority(word)
