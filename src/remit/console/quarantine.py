"""The quarantine: input without a certain reading, and what a person does with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.errors import NotFoundError, RequestInvalidError, StillDoubtfulError
from remit.governance.permissions import Permission, needs
from remit.governance.port import FieldDoubt

PAGE_ROWS = 30
_FIELD = "field."
_CHOICE = "choice."


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person put into the form; it is shown again where it did not settle everything."""

    typed: Mapping[str, str] = field(default_factory=dict)
    picked: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, FieldDoubt] = field(default_factory=dict)  # what is still doubtful


def routes(console: Console) -> list[Route]:
    """Return the routes of the quarantine."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List what waits for a certain reading."""
        given = asked_for(request)
        workflow = given.get("workflow") or None
        late = given.get("tab") == "overdue"
        page = await run_in_threadpool(
            console.remit.quarantine,
            workflow=workflow,
            after=given.get("after") or None,
            limit=PAGE_ROWS,
            overdue=late,
        )
        workflows = await run_in_threadpool(console.remit.workflows)
        return await render(
            console,
            request,
            "quarantine.html",
            page=page,
            workflow=workflow,
            late=late,
            workflows=[view.name for view in workflows],
            people=console.remit.people(),
            released=given.get("released"),
            discarded=given.get("discarded"),
        )

    @needs(Permission.READ)
    async def one(request: Request) -> Response:
        """Show one message, why it waits, and what may settle it."""
        case_id = request.path_params["case_id"]
        try:
            return await _shown(console, request, Given())
        except NotFoundError:
            await run_in_threadpool(console.remit.case, case_id)
            return see_other(f"/cases/{case_id}")

    @needs(Permission.OPERATE)
    async def release(request: Request) -> Response:
        """Release a message with the readings that a person picked or typed.

        What is still doubtful stands beside its field, with everything as it was typed.
        """
        case_id = request.path_params["case_id"]
        form = await fields(request)
        typed = {name: value for name, value in _named(form, _FIELD).items() if value.strip()}
        picked = {
            name: value
            for name, value in _named(form, _CHOICE).items()
            if value and name not in typed  # what was typed goes before what was picked
        }
        if not typed and not picked:
            raise RequestInvalidError("no field was settled; choose a reading or type one")
        try:
            await console.remit.release(
                case_id,
                person=request.state.session.person.handle,
                corrections={name: value.strip() for name, value in typed.items()},
                choices=picked,
            )
        except StillDoubtfulError as error:
            given = Given(typed=typed, picked=picked, left=_by_field(error))
            return await _shown(console, request, given, http_status=error.status)
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
        Route("/quarantine/{case_id}", one, methods=["GET"], name="quarantined"),
        Route("/quarantine/{case_id}/release", release, methods=["POST"], name="release"),
        Route("/quarantine/{case_id}/discard", discard, methods=["POST"], name="discard"),
    ]


async def _shown(
    console: Console, request: Request, given: Given, *, http_status: int = 200
) -> Response:
    """Return the page of one message; raises `NotFoundError` where it waits no more."""
    row = await run_in_threadpool(console.remit.quarantined, request.path_params["case_id"])
    return await render(
        console,
        request,
        "quarantined.html",
        http_status=http_status,
        row=row,
        doubts=_doubts(row.reasons, given.left),
        given=given,
        people=console.remit.people(),
    )


def _doubts(
    first: Sequence[FieldDoubt], left: Mapping[str, FieldDoubt]
) -> list[tuple[FieldDoubt, FieldDoubt | None]]:
    """Return each doubt with what is still left of it; those that are new come last."""
    known = {doubt.field for doubt in first}
    new = [doubt for name, doubt in left.items() if name not in known]
    return [(doubt, left.get(doubt.field)) for doubt in first] + [(one, one) for one in new]


def _by_field(error: StillDoubtfulError) -> dict[str, FieldDoubt]:
    return {one.field: one for one in cast("Sequence[FieldDoubt]", error.doubts)}


def _named(form: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix)
    }
