"""Is this process there?"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.governance.permissions import Permission, needs


def routes() -> list[Route]:
    """Return the route of the process's health."""

    @needs(Permission.PUBLIC)
    async def healthz(request: Request) -> Response:
        """Say that this process answers; says nothing of cases."""
        del request
        return JSONResponse({"status": "ok"})

    return [Route("/healthz", healthz, methods=["GET"], name="healthz")]
