"""Leading people to an OpenID Connect provider, and taking them in when they come back."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from remit.console.pages import Console, see_other
from remit.console.sign_in import local
from remit.governance.oidc import FLOW_MINUTES, Oidc
from remit.governance.permissions import Permission, needs


def routes(console: Console, oidc: Oidc | None) -> list[Route]:
    """Return the routes of signing in at the provider; none where there is no provider."""
    if oidc is None:
        return []
    session_cookie = "__Host-remit" if console.secure else "remit"
    binder_cookie = f"{session_cookie}-oidc"

    def keep(response: Response, name: str, value: str, seconds: int | None = None) -> None:
        # Lax: the way back is a link from another site, which Strict would send without it.
        response.set_cookie(
            name, value, max_age=seconds, httponly=True, samesite="lax", secure=console.secure,
            path="/",
        )  # fmt: skip

    @needs(Permission.PUBLIC)
    async def leave(request: Request) -> Response:
        """Lead to the provider; somebody who is signed in proves anew who they are."""
        binder = console.sign_in.secret()
        path = local(request.query_params.get("next", ""))
        to = await oidc.begin(binder=binder, path=path, again=request.state.session)
        response = RedirectResponse(to, status_code=303)
        keep(response, binder_cookie, binder, FLOW_MINUTES * 60)
        return response

    @needs(Permission.PUBLIC)
    async def back(request: Request) -> Response:
        """Take in who comes back with a code; it is used up whatever comes of it."""
        session, path = await oidc.finish(
            request.query_params,
            binder=request.cookies.get(binder_cookie, ""),
            before=request.state.session,
        )
        response = see_other(path)
        keep(response, session_cookie, session.token)
        response.delete_cookie(binder_cookie, path="/", secure=console.secure)
        return response

    return [
        Route("/sign-in/oidc", leave, methods=["GET"], name="sign_in_oidc"),
        Route("/sign-in/oidc/return", back, methods=["GET"], name="sign_in_oidc_return"),
    ]
