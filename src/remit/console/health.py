"""How the installation does, line by line, and what to do where it does not."""

from collections.abc import Mapping
from itertools import groupby

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, render
from remit.governance import findings
from remit.governance.findings import Verdict
from remit.governance.permissions import Permission, needs

WORDS = {Verdict.GOOD: "good", Verdict.LOOK: "look", Verdict.ACT: "act"}
COUNTED = {  # a column of the last days -> what is added up in it
    "received": ("received", "released"),
    "held": ("gate.held",),
    "effects": ("effect.confirmed",),
    "failed": ("effect.failed", "effect.ambiguous"),
    "escalated": ("escalated",),
    "closed": ("closed.completed", "closed.handled", "closed.cancelled"),
}


def routes(console: Console) -> list[Route]:
    """Return the route of the installation's health."""

    @needs(Permission.READ)
    async def page(request: Request) -> Response:
        """Show what `remit doctor` shows."""
        seen = await run_in_threadpool(console.remit.health)
        lines = findings.findings(seen)
        totals = await run_in_threadpool(console.remit.counts)
        return await render(
            console,
            request,
            "health.html",
            at=seen.at,
            totals=totals,
            worst=WORDS[findings.worst(lines)],
            urgent=sorted((one for one in lines if one.verdict), key=lambda one: -one.verdict),
            topics=[(topic, list(some)) for topic, some in groupby(lines, lambda one: one.topic)],
            words=WORDS,
            columns=list(COUNTED),
            days=[(day, summed(seen.rows.days[day])) for day in sorted(seen.rows.days)[::-1]],
        )

    return [Route("/health", page, methods=["GET"], name="health")]


def summed(counted: Mapping[str, int]) -> list[int]:
    """Return a day's numbers, column by column."""
    return [sum(counted.get(name, 0) for name in names) for names in COUNTED.values()]
