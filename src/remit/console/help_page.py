"""Keys and display: the table of keys, and what one person sees in which way."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import DENSITIES, SCHEMES, Console, fields, render, see_other
from remit.governance.permissions import Permission, needs

YEAR_SECONDS = 31_536_000


def routes(console: Console) -> list[Route]:
    """Return the routes of keys and display."""

    @needs(Permission.READ)
    async def page(request: Request) -> Response:
        """Show the keys and the display's choices."""
        return await render(console, request, "help.html", schemes=SCHEMES, densities=DENSITIES)

    @needs(Permission.SELF)
    async def keep(request: Request) -> Response:
        """Keep a person's choices in this browser."""
        given = await fields(request)
        response = see_other("/help")
        choices = {
            "remit-scheme": (given.get("scheme", ""), SCHEMES),
            "remit-density": (given.get("density", ""), DENSITIES),
            "remit-keys": (given.get("keys", "off"), ("on", "off")),
        }
        for name, (value, allowed) in choices.items():
            if value in allowed:
                response.set_cookie(
                    name,
                    value,
                    max_age=YEAR_SECONDS,
                    httponly=True,
                    samesite="lax",
                    secure=console.secure,
                    path="/",
                )
        return response

    return [
        Route("/help", page, methods=["GET"], name="help"),
        Route("/preferences", keep, methods=["POST"], name="preferences"),
    ]
