"""Several items that are alike, shown together and answered at once."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, needed, render
from remit.domain.approval import RejectReason, Verdict
from remit.domain.money import Money
from remit.errors import RequestInvalidError
from remit.governance.batch import Batch
from remit.governance.narrow import Narrow
from remit.governance.permissions import Permission, needs

PICKED_MAX = 100  # that are asked for; of these as many as one answer may cover are shown
SECONDS_OPEN_MAX = 86_400


def routes(console: Console) -> list[Route]:
    """Return the routes of batches; they come before those of single items."""

    @needs(Permission.READ)
    async def gathered(request: Request) -> Response:
        """Show what may be answered together: the sum, what stands out, what is left out."""
        person = request.state.session.person.handle
        picked = request.query_params.getlist("id")[:PICKED_MAX]
        given = asked_for(request)
        if not picked:
            waiting = await run_in_threadpool(
                console.remit.inbox, person=person, tab="mine", workflow=given.get("workflow"),
                action=given.get("action"), narrow=Narrow.of(given), limit=PICKED_MAX,
            )  # fmt: skip
            picked = [row.approval_id for row in waiting.rows]
        batch = await run_in_threadpool(console.remit.batch, picked, person=person)
        read = [
            await run_in_threadpool(console.remit.approval, one, person=person)
            for one in batch.read_first
        ]
        return await render(
            console, request, "batch.html", batch=batch, read=read, sums=_sums(batch),
            reject_reasons=tuple(RejectReason),
        )  # fmt: skip

    @needs(Permission.DECIDE)
    async def answered(request: Request) -> Response:
        """Record one answer on each of them, and say what became of every one."""
        form = await request.form(max_fields=4 * PICKED_MAX)
        given = {name: str(value) for name, value in form.items()}
        result = await console.remit.decide_batch(
            _members(form.getlist("member")),
            batch=needed(given, "batch"),
            read=[str(one) for one in form.getlist("read")],
            person=request.state.session.person.handle,
            verdict=_verdict(given),
            reason=_reason(given),
            seconds_open=_seconds(given),
            signed_in=request.state.session.signed_in,
        )
        return await render(
            console, request, "batch_answered.html", result=result, verdict=given["verdict"]
        )

    @needs(Permission.DECIDE)
    async def taken_back(request: Request) -> Response:
        """Take back each yes of a batch whose grace time lasts."""
        result = await console.remit.take_back_batch(
            request.path_params["batch"], person=request.state.session.person.handle
        )
        return await render(
            console, request, "batch_answered.html", result=result, verdict="take back"
        )

    return [
        Route("/inbox/batch", gathered, methods=["GET"], name="inbox_batch"),
        Route("/inbox/batch", answered, methods=["POST"], name="inbox_batch_answered"),
        Route(
            "/inbox/batch/{batch}/take-back",
            taken_back,
            methods=["POST"],
            name="inbox_batch_taken_back",
        ),
    ]


def _sums(batch: Batch) -> list[Money]:
    """Return what the members move together, in each currency."""
    moved: dict[str, Decimal] = {}
    for one in batch.members:
        if one.money is not None:
            moved[one.money.currency] = moved.get(one.money.currency, Decimal()) + one.money.amount
    return [Money(amount, currency) for currency, amount in sorted(moved.items())]


def _members(said: Sequence[object]) -> dict[str, str]:
    """Return id -> digest as the page has shown them; raises `RequestInvalidError`."""
    members: dict[str, str] = {}
    for one in said:
        approval_id, colon, digest = str(one).partition(":")
        if not (colon and approval_id and digest):
            raise RequestInvalidError("`member`: this page is not whole; open it again")
        members[approval_id] = digest
    return members


def _verdict(given: Mapping[str, str]) -> Verdict:
    if given.get("verdict") not in {Verdict.APPROVE.value, Verdict.REJECT.value}:
        raise RequestInvalidError("`verdict`: several are approved or rejected; edit one")
    return Verdict(given["verdict"])


def _reason(given: Mapping[str, str]) -> RejectReason | None:
    if given.get("verdict") != Verdict.REJECT.value:
        return None
    try:
        return RejectReason(given.get("reason", ""))
    except ValueError:
        raise RequestInvalidError("`reason`: say why you reject them; pick one") from None


def _seconds(given: Mapping[str, str]) -> int | None:
    said = given.get("seconds", "")
    return min(int(said), SECONDS_OPEN_MAX) if said.isdecimal() and said.isascii() else None
