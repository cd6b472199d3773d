"""Signing in and out for programs that act for a person."""

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json, read_model
from remit.api.guard import cookie_name, keep
from remit.errors import NotSignedInError
from remit.governance.permissions import Permission, needs
from remit.governance.sessions import Session, SignIn


class SignInBody(BaseModel):
    """A handle with its password, or a single-use code that `remit serve` printed."""

    model_config = ConfigDict(extra="forbid")

    handle: str | None = Field(default=None, max_length=200)
    password: str | None = Field(default=None, max_length=1_024)
    code: str | None = Field(default=None, max_length=64)

    @model_validator(mode="after")
    def _one_of_two(self) -> "SignInBody":
        if (self.code is None) == (self.password is None):
            raise ValueError("give `handle` and `password`, or `code`")
        return self


def routes(sign_in: SignIn, *, secure: bool) -> list[Route]:
    """Return the routes of sessions."""

    def entered(body: SignInBody, request: Request, before: Session | None) -> Session:
        handle = before.person.handle if before is not None else body.handle or ""
        if body.password is not None:
            made = sign_in.by_password(
                handle, body.password, address=request.state.address, before=before
            )
        else:
            made = sign_in.redeem(body.code or "", before=before)
        if made is None:
            raise NotSignedInError("that is not right, or not any more; try again")
        return made

    def told(session: Session) -> Response:
        response = JSONResponse(
            {
                "person": session.person.handle,
                "csrf": session.csrf,
                "expires_at": as_json(session.expires_at),
                "fresh_until": as_json(session.fresh_until),
            }
        )
        keep(response, session, secure=secure)
        return response

    @needs(Permission.PUBLIC)
    async def begin(request: Request) -> Response:
        """Sign in; answers the token that changes must carry."""
        body = await read_model(request, SignInBody)
        return told(await run_in_threadpool(entered, body, request, None))

    @needs(Permission.SELF)
    async def again(request: Request) -> Response:
        """Prove again who you are, before what cannot be taken back; the token is a new one."""
        body = await read_model(request, SignInBody)
        return told(await run_in_threadpool(entered, body, request, request.state.session))

    @needs(Permission.SELF)
    async def end(request: Request) -> Response:
        """Sign out."""
        await run_in_threadpool(sign_in.end, request.state.session.token)
        response = Response(status_code=204)
        response.delete_cookie(cookie_name(secure=secure), path="/", secure=secure)
        return response

    return [
        Route("/api/session", begin, methods=["POST"], name="session_begin"),
        Route("/api/session/again", again, methods=["POST"], name="session_again"),
        Route("/api/session/end", end, methods=["POST"], name="session_end"),
    ]
