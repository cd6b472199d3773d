"""Signing in and out for programs that act for a person."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json, read_model
from remit.api.guard import cookie_name
from remit.errors import NotSignedInError
from remit.governance.permissions import Permission, needs
from remit.governance.sessions import SignIn


class SignInBody(BaseModel):
    """A code that `remit serve` or an owner handed out."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=64)


def routes(sign_in: SignIn, *, secure: bool) -> list[Route]:
    """Return the routes of sessions."""

    @needs(Permission.PUBLIC)
    async def begin(request: Request) -> Response:
        """Sign in with a single-use code; answers the token that changes must carry."""
        body = await read_model(request, SignInBody)
        session = sign_in.redeem(body.code)
        if session is None:
            raise NotSignedInError("that code is not valid, or not any more; ask for a new one")
        response = JSONResponse(
            {
                "person": session.person.handle,
                "csrf": session.csrf,
                "expires_at": as_json(session.expires_at),
            }
        )
        response.set_cookie(
            cookie_name(secure=secure),
            session.token,
            httponly=True,
            samesite="lax",
            secure=secure,
            path="/",
        )
        return response

    @needs(Permission.SELF)
    async def end(request: Request) -> Response:
        """Sign out."""
        sign_in.end(request.state.session.token)
        response = Response(status_code=204)
        response.delete_cookie(cookie_name(secure=secure), path="/", secure=secure)
        return response

    return [
        Route("/api/session", begin, methods=["POST"], name="session_begin"),
        Route("/api/session/end", end, methods=["POST"], name="session_end"),
    ]
