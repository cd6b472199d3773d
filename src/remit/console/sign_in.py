"""The page of signing in, and the end of a session."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, fields, plain, see_other
from remit.governance.permissions import Permission, needs

CODE_CHARACTERS_MAX = 64


def routes(console: Console) -> list[Route]:
    """Return the routes of signing in and out."""
    cookie = "__Host-remit" if console.secure else "remit"

    @needs(Permission.PUBLIC)
    async def page(request: Request) -> Response:
        """Ask for a code; one in the address is filled in, never redeemed by opening the page."""
        if request.state.session is not None:
            return see_other("/inbox")
        code = request.query_params.get("code", "")[:CODE_CHARACTERS_MAX]
        return plain(console, request, "sign_in.html", code=code, wrong=False)

    @needs(Permission.PUBLIC)
    async def begin(request: Request) -> Response:
        """Redeem a code and begin a session; an older one of this browser ends."""
        given = await fields(request)
        session = console.sign_in.redeem(given.get("code", ""))
        if session is None:
            return plain(console, request, "sign_in.html", code="", wrong=True, http_status=401)
        if request.state.session is not None:
            console.sign_in.end(request.state.session.token)
        response = see_other("/inbox")
        response.set_cookie(
            cookie,
            session.token,
            httponly=True,
            samesite="lax",
            secure=console.secure,
            path="/",
        )
        return response

    @needs(Permission.SELF)
    async def end(request: Request) -> Response:
        """Sign out."""
        console.sign_in.end(request.state.session.token)
        response = see_other("/sign-in")
        response.delete_cookie(cookie, path="/", secure=console.secure)
        return response

    return [
        Route("/sign-in", page, methods=["GET"], name="sign_in"),
        Route("/sign-in", begin, methods=["POST"], name="sign_in_begin"),
        Route("/sign-out", end, methods=["POST"], name="sign_out"),
    ]
