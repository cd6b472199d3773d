"""The pages of signing in, of signing in again, and the end of a session."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, fields, plain, see_other
from remit.governance.permissions import Permission, needs
from remit.governance.sessions import Session

CODE_CHARACTERS_MAX = 64
PATH_CHARACTERS_MAX = 500


def routes(console: Console, *, provider: str | None = None) -> list[Route]:
    """Return the routes of signing in and out."""
    cookie = "__Host-remit" if console.secure else "remit"
    sign_in = console.sign_in

    def entered(
        given: Mapping[str, str], request: Request, *, again: Session | None
    ) -> Session | None:
        """Return the session that a form begins; signing in again is for the same person only."""
        before: Session | None = request.state.session
        password = given.get("password", "")
        if password:
            handle = again.person.handle if again is not None else given.get("handle", "")
            return sign_in.by_password(
                handle, password, address=request.state.address, before=before
            )
        made = sign_in.redeem(given.get("code", ""), before=before)
        if made is not None and again is not None and made.person.handle != again.person.handle:
            sign_in.end(made.token)
            return None
        return made

    def led(session: Session, path: str) -> Response:
        response = see_other(path)
        response.set_cookie(
            cookie,
            session.token,
            httponly=True,
            samesite="lax",
            secure=console.secure,
            path="/",
        )
        return response

    def form(request: Request, *, wrong: bool, code: str = "") -> Response:
        return plain(
            console,
            request,
            "sign_in.html",
            code=code,
            wrong=wrong,
            passwords=sign_in.accounts.any(),
            links=sign_in.links,
            provider=provider,
            http_status=401 if wrong else 200,
        )

    def form_again(request: Request, *, path: str, wrong: bool) -> Response:
        handle = request.state.session.person.handle
        return plain(
            console,
            request,
            "sign_in_again.html",
            next=path,
            wrong=wrong,
            password=sign_in.accounts.has(handle),
            minutes=sign_in.times.step_up_minutes,
            provider=provider,
            http_status=401 if wrong else 200,
        )

    @needs(Permission.PUBLIC)
    async def page(request: Request) -> Response:
        """Ask who it is; a code in the address is filled in, not redeemed by opening the page."""
        if request.state.session is not None:
            return see_other("/inbox")
        code = request.query_params.get("code", "")[:CODE_CHARACTERS_MAX]
        return await run_in_threadpool(form, request, wrong=False, code=code)

    @needs(Permission.PUBLIC)
    async def begin(request: Request) -> Response:
        """Begin a session; an older one of this browser ends."""
        given = await fields(request)
        session = await run_in_threadpool(entered, given, request, again=None)
        if session is None:
            return await run_in_threadpool(form, request, wrong=True)
        return led(session, "/inbox")

    @needs(Permission.READ)
    async def again(request: Request) -> Response:
        """Ask a person who is signed in to prove it again, before what cannot be taken back."""
        path = local(request.query_params.get("next", ""))
        return await run_in_threadpool(form_again, request, path=path, wrong=False)

    @needs(Permission.SELF)
    async def prove(request: Request) -> Response:
        """Take the proof, give the session a new token, and lead back to where it was asked."""
        given = await fields(request)
        path = local(given.get("next", ""))
        known = request.state.session
        session = await run_in_threadpool(entered, given, request, again=known)
        if session is None:
            return await run_in_threadpool(form_again, request, path=path, wrong=True)
        return led(session, path)

    @needs(Permission.SELF)
    async def end(request: Request) -> Response:
        """Sign out."""
        await run_in_threadpool(sign_in.end, request.state.session.token)
        response = see_other("/sign-in")
        response.delete_cookie(cookie, path="/", secure=console.secure)
        return response

    return [
        Route("/sign-in", page, methods=["GET"], name="sign_in"),
        Route("/sign-in", begin, methods=["POST"], name="sign_in_begin"),
        Route("/sign-in/again", again, methods=["GET"], name="sign_in_again"),
        Route("/sign-in/again", prove, methods=["POST"], name="sign_in_prove"),
        Route("/sign-out", end, methods=["POST"], name="sign_out"),
    ]


def local(path: str) -> str:
    """Return a path of this site to lead back to; anything else leads to the inbox."""
    sound = path.isascii() and path.isprintable() and len(path) <= PATH_CHARACTERS_MAX
    if not sound or not path.startswith("/") or path[1:2] in {"/", "\\"}:
        return "/inbox"
    return path
