"""The ledger: what was received and what became of it, and whether the record is whole."""

from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, render, see_other
from remit.governance.permissions import Permission, needs
from remit.ledger.verify import VerifyReport

INTACT_CODES = frozenset({0, 2})  # 2: intact, but vouched for on this host alone


class LastVerify:
    """The last result of verifying since this process began."""

    def __init__(self) -> None:
        self.report: VerifyReport | None = None
        self.at: datetime | None = None


def routes(console: Console) -> list[Route]:
    """Return the routes of the ledger."""
    last = LastVerify()

    @needs(Permission.READ)
    async def page(request: Request) -> Response:
        """Show the counts, who keeps anchors, and the last result."""
        anchors = await run_in_threadpool(console.remit.anchored)
        totals = await run_in_threadpool(console.remit.counts)
        return await render(
            console,
            request,
            "ledger.html",
            anchors=anchors,
            totals=totals,
            rows=lines_of(last.report),
            result=last.report.result if last.report else None,
            verified_at=last.at,
            good=is_good(last.report),
        )

    @needs(Permission.SELF)
    async def verify(request: Request) -> Response:
        """Verify the whole ledger now; changes nothing."""
        del request
        last.report = await run_in_threadpool(console.remit.verify)
        last.at = console.clock()
        return see_other("/ledger")

    return [
        Route("/ledger", page, methods=["GET"], name="ledger"),
        Route("/ledger/verify", verify, methods=["POST"], name="ledger_verify"),
    ]


def lines_of(report: VerifyReport | None) -> list[str]:
    """Return what a report rests on, in sentences."""
    return list(report.lines) if report is not None else []


def is_good(report: VerifyReport | None) -> bool:
    """Return whether a report found the record intact, anchored or not."""
    return report is not None and report.exit_code in INTACT_CODES
