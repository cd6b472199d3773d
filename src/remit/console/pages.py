"""Rendering: the template environment, its filters, and what every page is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from remit.console import static, words
from remit.console.diff import by_word
from remit.console.hostile import pieces, quoted
from remit.console.keys import KEYS
from remit.domain.clock import Clock
from remit.errors import RequestInvalidError
from remit.governance.permissions import Permission, demand
from remit.governance.port import RemitPort
from remit.governance.sessions import SignIn
from remit.intake.scrub import scrub

SCHEMES = ("system", "light", "dark")
DENSITIES = ("comfortable", "compact")
FIELD_CHARACTERS_MAX = 4_000

E = TypeVar("E")


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """What the pages are made from."""

    remit: RemitPort
    sign_in: SignIn
    secure: bool
    clock: Clock
    templates: Environment


def templates(clock: Clock) -> Environment:
    """Return the environment: everything is escaped, a missing name is an error."""
    made = Environment(
        loader=PackageLoader("remit.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        amount=words.amount,
        bounded=words.bounded,
        by_word=by_word,
        currency=words.currency,
        clock=words.clock,
        day=words.day,
        instant=words.instant,
        duration=words.duration,
        pieces=pieces,
        quoted=quoted,
        short=words.short,
        label=words.label,
    )
    made.globals.update(
        due=lambda moment: words.due(moment, clock()),
        since=lambda moment: words.since(moment, clock()),
        now=clock,
        static=static.url,
        keys=KEYS,
        risk_words=words.RISKS,
        query=query,
    )
    return made


async def render(
    console: Console,
    request: Request,
    template: str,
    *,
    http_status: int = 200,
    **context: object,
) -> Response:
    """Return a page; the frame's counts are read here, once for each page."""
    session = getattr(request.state, "session", None)
    counts: Mapping[str, int] = {}
    if session is not None:
        counts = await run_in_threadpool(console.remit.badges)
    return plain(console, request, template, http_status=http_status, counts=counts, **context)


def plain(
    console: Console,
    request: Request,
    template: str,
    *,
    http_status: int = 200,
    counts: Mapping[str, int] | None = None,
    **context: object,
) -> Response:
    """Return a page without asking Remit for anything."""
    session = getattr(request.state, "session", None)
    scheme = request.cookies.get("remit-scheme", "system")
    density = request.cookies.get("remit-density", "comfortable")
    body = console.templates.get_template(template).render(
        session=session,
        may=lambda word: _may(Permission(word), session),
        counts=counts or {},
        trouble=console.remit.trouble,
        path=scrub(request.url.path),
        scheme=scheme if scheme in SCHEMES else "system",
        density=density if density in DENSITIES else "comfortable",
        single_keys=request.cookies.get("remit-keys", "on") != "off",
        **context,
    )
    return HTMLResponse(body, status_code=http_status)


def see_other(path: str, **asked: str | None) -> Response:
    """Return the redirect that follows a change: the browser GETs the page that tells of it."""
    return RedirectResponse(path + query(**asked), status_code=303)


def asked_for(request: Request) -> Mapping[str, str]:
    """Return what an address asks for, without the values in it: pages repeat it."""
    return {name: scrub(value) for name, value in request.query_params.items()}


def query(**asked: object) -> str:
    """Return a query string of what is asked for, or nothing."""
    given = {key: str(value) for key, value in asked.items() if value not in {None, ""}}
    return f"?{urlencode(given)}" if given else ""


async def fields(request: Request) -> dict[str, str]:
    """Return a form's text fields; raises `RequestInvalidError` for one that is too long."""
    found: dict[str, str] = {}
    for name, value in (await request.form()).items():
        if not isinstance(value, str):
            raise RequestInvalidError(f"`{name[:100]}`: a file is not taken here; leave it out")
        if len(value) > FIELD_CHARACTERS_MAX:
            raise RequestInvalidError(
                f"`{name[:100]}`: {FIELD_CHARACTERS_MAX:,} characters at most; shorten it"
            )
        found[name] = value
    return found


def needed(given: Mapping[str, str], name: str) -> str:
    """Return a form field that must not be empty; raises `RequestInvalidError` naming it."""
    value = given.get(name, "").strip()
    if not value:
        raise RequestInvalidError(f"`{name}` is empty; fill it in")
    return value


def _may(permission: Permission, session: object) -> bool:
    from remit.errors import RemitError
    from remit.governance.sessions import Session

    try:
        demand(permission, session if isinstance(session, Session) else None)
    except RemitError:
        return False
    return True
