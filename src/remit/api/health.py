"""Is this process there?"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort
from remit.governance.proof import HEADER
from remit.governance.services import ANY, ServicePermission


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of the process's health and its numbers."""

    @needs(Permission.PUBLIC, services=ANY)
    async def healthz(request: Request) -> Response:
        """Say that this process answers; says nothing of cases."""
        del request
        if remit.trouble:
            return JSONResponse({"status": "read-only"}, status_code=503)
        return JSONResponse({"status": "ok"})

    @needs(Permission.READ, services=frozenset({ServicePermission.METRICS}))
    async def metrics(request: Request) -> Response:
        """Show the numbers of dispatcher, rows and limits; `case_balance` must be 0."""
        del request
        return JSONResponse(as_json(await run_in_threadpool(remit.metrics)))

    @needs(Permission.PUBLIC)
    async def doctor(request: Request) -> Response:
        """Show the numbers to a command on this host that holds the installation's keys.

        It sets the reserve for a full disk aside again where that is gone.
        """
        given = request.headers.get(HEADER, "")
        return JSONResponse(as_json(await run_in_threadpool(remit.examined, given)))

    @needs(Permission.OPERATE)
    async def confirm(request: Request) -> Response:
        """Say that this machine's clock is right though it ran ahead, so that work goes on."""
        ahead = await remit.confirm_clock(person=request.state.session.person.handle)
        return JSONResponse({"ahead_ms": int(ahead * 1_000)})

    @needs(Permission.READ)
    async def inventory(request: Request) -> Response:
        """Show what runs: workflows with versions, owners, tools, actions and rules."""
        del request
        return JSONResponse(as_json(await run_in_threadpool(remit.inventory)))

    return [
        Route("/api/inventory", inventory, methods=["GET"], name="inventory"),
        Route("/api/clock/confirm", confirm, methods=["POST"], name="clock_confirm"),
        Route("/api/doctor", doctor, methods=["POST"], name="doctor"),
        Route("/healthz", healthz, methods=["GET"], name="healthz"),
        Route("/api/metrics", metrics, methods=["GET"], name="metrics"),
    ]
