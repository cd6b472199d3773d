"""The style sheet, the scripts and the icon, each under an address with its hash."""

import functools
import gzip
import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.errors import NotFoundError
from remit.governance.permissions import Permission, needs

_MEDIA = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

NAMES = ("style.css", "live.js", "keys.js", "verdict.js", "pick.js", "icon.svg")


def url(name: str) -> str:
    """Return the address of a static file; another content has another address."""
    content, digest = _file(name)
    del content
    return f"/static/{digest}/{name}"


def routes() -> list[Route]:
    """Return the route of static files."""

    @needs(Permission.PUBLIC)
    async def static(request: Request) -> Response:
        """Serve one of the known files, for ever under this hash."""
        name = request.path_params["name"]
        if name not in NAMES:
            raise NotFoundError("there is no such file; reload the page")
        content, digest = _file(name)
        current = request.path_params["digest"] == digest
        headers = {"vary": "accept-encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            content = _compressed(name)
            headers["content-encoding"] = "gzip"
        keep = "public, max-age=31536000, immutable" if current else "no-store"
        return Response(
            content,
            media_type=_MEDIA[name.rpartition(".")[2]],
            headers=headers | {"cache-control": keep},
        )

    return [Route("/static/{digest}/{name}", static, methods=["GET"], name="static")]


@functools.cache
def _file(name: str) -> tuple[bytes, str]:
    content = (files("remit.console") / "static" / name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:16]


@functools.cache
def _compressed(name: str) -> bytes:
    # Files alone are compressed: a page holds a secret token beside what others wrote.
    return gzip.compress(_file(name)[0], mtime=0)
