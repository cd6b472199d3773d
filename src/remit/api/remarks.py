"""What people do about an approval without deciding it, as JSON."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json, read_model
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort
from remit.governance.remark import (
    CLAIM_MINUTES,
    CLAIM_MINUTES_MAX,
    COMMENT_CHARACTERS_MAX,
    SNOOZE_MINUTES_MAX,
)


class ClaimBody(BaseModel):
    """For how long somebody is at it; 0 lets it go."""

    model_config = ConfigDict(extra="forbid")

    minutes: int = Field(default=CLAIM_MINUTES, ge=0, le=CLAIM_MINUTES_MAX)


class AssignBody(BaseModel):
    """Who has it from now on: somebody who may decide it."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field(min_length=1, max_length=128)


class CommentBody(BaseModel):
    """A word about an approval; with `ask` a question to that person."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=COMMENT_CHARACTERS_MAX)
    ask: str | None = Field(default=None, max_length=128)


class SnoozeBody(BaseModel):
    """For how long it leaves one's own lists; without it until it is due, 0 brings it back."""

    model_config = ConfigDict(extra="forbid")

    minutes: int | None = Field(default=None, ge=0, le=SNOOZE_MINUTES_MAX)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of what people do about an approval; none of them decides it."""

    @needs(Permission.DECIDE)
    async def claim(request: Request) -> Response:
        """Say that you are at it, or let it go; nobody is kept from deciding it."""
        body = await read_model(request, ClaimBody)
        approval_id, person = _of(request)
        view = (
            await remit.claim(approval_id, person=person, minutes=body.minutes)
            if body.minutes
            else await remit.let_go(approval_id, person=person)
        )
        return JSONResponse(as_json(view))

    @needs(Permission.DECIDE)
    async def assign(request: Request) -> Response:
        """Move attention to one person who may decide it."""
        body = await read_model(request, AssignBody)
        approval_id, person = _of(request)
        return JSONResponse(as_json(await remit.assign(approval_id, person=person, to=body.to)))

    @needs(Permission.DECIDE)
    async def comment(request: Request) -> Response:
        """Say a word about it, or ask somebody; the words are masked."""
        body = await read_model(request, CommentBody)
        approval_id, person = _of(request)
        view = await remit.comment(approval_id, person=person, text=body.text, ask=body.ask)
        return JSONResponse(as_json(view), status_code=201)

    @needs(Permission.DECIDE)
    async def snooze(request: Request) -> Response:
        """Take it out of your own lists, never beyond its due time; the clock goes on."""
        body = await read_model(request, SnoozeBody)
        approval_id, person = _of(request)
        view = await remit.snooze(approval_id, person=person, minutes=body.minutes)
        return JSONResponse(as_json(view))

    acts = {"claim": claim, "assign": assign, "comment": comment, "snooze": snooze}
    return [
        Route(
            f"/api/approvals/{{approval_id}}/{name}",
            act,
            methods=["POST"],
            name=f"approval_{name}",
        )
        for name, act in acts.items()
    ]


def _of(request: Request) -> tuple[str, str]:
    return request.path_params["approval_id"], request.state.session.person.handle
