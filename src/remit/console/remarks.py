"""What people do about an item without deciding it: claim, assign, comment, ask, snooze."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.asked import Asked
from remit.console.pages import Console, asked_for, fields, needed, see_other
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, needs

# How long a person may not want to see an item, and the words of it.
SNOOZES = {"15": "15 minutes", "60": "1 hour", "240": "4 hours", "due": "until it is due"}


def routes(console: Console) -> list[Route]:
    """Return the routes of what people do about an item."""

    @needs(Permission.DECIDE)
    async def claim(request: Request) -> Response:
        """Say that you are at it, or let it go."""
        given, approval_id, person = await _sent(request)
        if given.get("let_go"):
            await console.remit.let_go(approval_id, person=person)
        else:
            await console.remit.claim(approval_id, person=person)
        return _back(request, approval_id)

    @needs(Permission.DECIDE)
    async def assign(request: Request) -> Response:
        """Pass it to one person who may decide it."""
        given, approval_id, person = await _sent(request)
        await console.remit.assign(approval_id, person=person, to=needed(given, "to"))
        return _back(request, approval_id)

    @needs(Permission.DECIDE)
    async def comment(request: Request) -> Response:
        """Say a word about it, or ask somebody."""
        given, approval_id, person = await _sent(request)
        ask = given.get("ask") or None
        await console.remit.comment(
            approval_id, person=person, text=needed(given, "text"), ask=ask
        )
        return _back(request, approval_id)

    @needs(Permission.DECIDE)
    async def snooze(request: Request) -> Response:
        """Take it out of your own lists, never beyond its due time."""
        given, approval_id, person = await _sent(request)
        chosen = given.get("minutes", "")
        if chosen not in {*SNOOZES, "0"}:
            raise RequestInvalidError("`minutes`: pick for how long you do not want to see it")
        minutes = None if chosen == "due" else int(chosen)
        await console.remit.snooze(approval_id, person=person, minutes=minutes)
        return _back(request, approval_id)

    acts = {"claim": claim, "assign": assign, "comment": comment, "snooze": snooze}
    return [
        Route(f"/inbox/{{approval_id}}/{name}", act, methods=["POST"], name=f"item_{name}")
        for name, act in acts.items()
    ]


async def _sent(request: Request) -> tuple[dict[str, str], str, str]:
    given = await fields(request)
    return given, request.path_params["approval_id"], request.state.session.person.handle


def _back(request: Request, approval_id: str) -> Response:
    """Lead back to the item, in the list that it was opened from."""
    return see_other(f"/inbox/{approval_id}", **Asked.of(asked_for(request)).members())
