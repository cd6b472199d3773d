"""The people: who decides what and who stands in; roles are lent and taken back here."""

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.errors import RequestInvalidError
from remit.governance.delegations import Lending, cap_of
from remit.governance.permissions import Permission, needs

WHERE = "in:"  # before a workflow's name: a box that was ticked


def routes(console: Console) -> list[Route]:
    """Return the routes of the people."""

    @needs(Permission.READ)
    async def page(request: Request) -> Response:
        """Show who decides what, and what is lent."""
        person = request.state.session.person.handle
        return await render(
            console,
            request,
            "people.html",
            deciders=await run_in_threadpool(console.remit.deciders, person=person),
            lent=await run_in_threadpool(console.remit.delegations, person=person),
            people=console.remit.people(),
            told=asked_for(request).get("told", ""),
        )

    @needs(Permission.DECIDE, fresh=True)
    async def lend(request: Request) -> Response:
        """Lend one's roles for a while, or as an owner those of somebody who is absent."""
        form = await fields(request)
        person = request.state.session.person.handle
        until = _moment(form, "until")
        if until is None:
            raise RequestInvalidError("`until`: say until when, in UTC")
        await console.remit.delegate(
            Lending(
                giver=form.get("giver", "").strip() or person,
                to=needed(form, "to"),
                workflows=tuple(
                    sorted(name.removeprefix(WHERE) for name in form if name.startswith(WHERE))
                ),
                begins=_moment(form, "begins"),
                until=until,
                cap=cap_of(form.get("cap", "").strip() or None),
            ),
            person=person,
        )
        return see_other("/people", told="lent")

    @needs(Permission.DECIDE)
    async def end(request: Request) -> Response:
        """Take back what was lent."""
        form = await fields(request)
        await console.remit.end_delegation(
            needed(form, "delegation"), person=request.state.session.person.handle
        )
        return see_other("/people", told="ended")

    return [
        Route("/people", page, methods=["GET"], name="people"),
        Route("/people/lend", lend, methods=["POST"], name="people_lend"),
        Route("/people/end", end, methods=["POST"], name="people_end"),
    ]


def _moment(form: Mapping[str, str], name: str) -> datetime | None:
    """Return an instant as a browser sends it, in UTC; raises `RequestInvalidError`."""
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None:
        raise RequestInvalidError(f"`{name}`: write a day and a time, like 2026-12-24T18:00")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
