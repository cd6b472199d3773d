"""Is this process there?"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort


def routes(remit: RemitPort) -> list[Route]:
    """Return the route of the process's health."""

    @needs(Permission.PUBLIC)
    async def healthz(request: Request) -> Response:
        """Say that this process answers; says nothing of cases."""
        del request
        if remit.trouble:
            return JSONResponse({"status": "read-only"}, status_code=503)
        return JSONResponse({"status": "ok"})

    return [Route("/healthz", healthz, methods=["GET"], name="healthz")]
