"""The inbox: what waits, one item whole, and the verdict on exactly what is shown."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.asked import TABS, Asked
from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.console.remarks import SNOOZES
from remit.domain.approval import ApprovalState, RejectReason, Verdict
from remit.errors import InvalidEditError, NotFoundError, RequestInvalidError
from remit.governance.card import ApprovalRow, ApprovalView, Card, Change, InboxPage
from remit.governance.endorsement import Scope
from remit.governance.owners import Person
from remit.governance.permissions import Permission, needs

PAGE_ROWS = 60
ACTS = frozenset({"reject", "edit", "escalate", "endorse", "assign", "comment", "ask", "snooze"})
SECONDS_OPEN_MAX = 86_400
_FIELD = "field."


def routes(console: Console) -> list[Route]:
    """Return the routes of the inbox."""

    @needs(Permission.READ)
    async def home(request: Request) -> Response:
        """Lead to the inbox."""
        del request
        return see_other("/inbox")

    @needs(Permission.READ)
    async def inbox(request: Request) -> Response:
        """Show what waits, with the first of it open beside the list."""
        page = await _page(console, request)
        first = page.rows[0].approval_id if page.rows else None
        return await _show(console, request, page=page, approval_id=first, chosen=False)

    @needs(Permission.READ)
    async def item(request: Request) -> Response:
        """Show one item whole, beside the list."""
        page = await _page(console, request)
        approval_id = request.path_params["approval_id"]
        return await _show(console, request, page=page, approval_id=approval_id, chosen=True)

    @needs(Permission.DECIDE)
    async def verdict(request: Request) -> Response:
        """Record a verdict on what the form was made for, then lead to the next item."""
        approval_id = request.path_params["approval_id"]
        given = await fields(request)
        page = await _page(console, request)
        person = request.state.session.person.handle
        view = await run_in_threadpool(console.remit.approval, approval_id, person=person)
        answer = _verdict(given)
        if answer is Verdict.APPROVE:
            _typed_again(view.card, given)
        decided = await console.remit.decide(
            approval_id,
            person=person,
            verdict=answer,
            digest=needed(given, "digest"),
            edits=_edits(given) if answer is Verdict.EDIT else None,
            reason=_reason(given) if answer is Verdict.REJECT else None,
            note=given.get("note", "").strip() or None,
            seconds_open=_seconds(given),
            signed_in=request.state.session.signed_in,
        )
        following = decided.replaced_by or _next(page, approval_id)
        path = f"/inbox/{following}" if following else "/inbox"
        return see_other(path, **Asked.of(asked_for(request)).members(), done=approval_id)

    @needs(Permission.DECIDE)
    async def endorse(request: Request) -> Response:
        """Vouch for values that this item shows; it approves nothing, and the gate looks again."""
        approval_id = request.path_params["approval_id"]
        form = await request.form()
        given = {name: str(value) for name, value in form.items()}
        parameters = [str(one) for one in form.getlist("parameter")]
        if not parameters:
            raise RequestInvalidError("`parameter`: pick the value that you vouch for")
        await console.remit.endorse(
            approval_id,
            person=request.state.session.person.handle,
            parameters=parameters,
            sentence=needed(given, "sentence"),
            scope=_scope(given),
        )
        return see_other(f"/inbox/{approval_id}", **Asked.of(asked_for(request)).members())

    @needs(Permission.DECIDE)
    async def take_back(request: Request) -> Response:
        """Take an approval back within its grace time."""
        approval_id = request.path_params["approval_id"]
        await console.remit.take_back(approval_id, person=request.state.session.person.handle)
        return see_other(f"/inbox/{approval_id}", **Asked.of(asked_for(request)).members())

    return [
        Route("/", home, methods=["GET"], name="home"),
        Route("/inbox", inbox, methods=["GET"], name="inbox"),
        Route("/inbox/{approval_id}", item, methods=["GET"], name="item"),
        Route("/inbox/{approval_id}/verdict", verdict, methods=["POST"], name="verdict"),
        Route("/inbox/{approval_id}/endorse", endorse, methods=["POST"], name="endorsed"),
        Route("/inbox/{approval_id}/take-back", take_back, methods=["POST"], name="take_back"),
    ]


def _scope(given: Mapping[str, str]) -> Scope:
    try:
        return Scope(given.get("scope", Scope.CASE.value))
    except ValueError:
        raise RequestInvalidError(f"`scope`: one of {', '.join(Scope)}") from None


async def _page(console: Console, request: Request) -> InboxPage:
    asked = Asked.of(request.query_params)
    return await run_in_threadpool(
        console.remit.inbox,
        person=request.state.session.person.handle,
        tab=asked.tab,
        workflow=asked.workflow,
        action=asked.action,
        narrow=asked.narrow,
        after=asked.after,
        limit=PAGE_ROWS,
    )


async def _show(
    console: Console,
    request: Request,
    *,
    page: InboxPage,
    approval_id: str | None,
    chosen: bool,
) -> Response:
    person = request.state.session.person.handle
    view: ApprovalView | None = None
    if approval_id is not None:
        view = await run_in_threadpool(console.remit.approval, approval_id, person=person)
    done: ApprovalView | None = None
    given = asked_for(request)
    if decided := given.get("done"):
        try:
            done = await run_in_threadpool(console.remit.approval, decided, person=person)
        except NotFoundError:
            done = None  # somebody wrote the address by hand
    asked = Asked.of(given)
    act = given.get("act", "")
    changes = () if view is None else view.card.changes
    people = console.remit.people()
    return await render(
        console,
        request,
        "inbox.html",
        page=page,
        groups=_groups(page, console),
        view=view,
        card=view.card if view else None,
        done=done,
        asked=asked,
        tabs=TABS,
        chosen=chosen,
        act=act if act in ACTS else "",
        open_=view is not None and view.state is ApprovalState.OPEN,
        voted=view is not None and person in {vote.person for vote in view.votes},
        people_left=_people_left,
        colleagues=[one for one in people.values() if one.active],
        goes_to="" if view is None else _goes_to(view.next_to, people),
        snoozes=SNOOZES,
        again=_word_to_type(view.card) if view else None,
        reject_reasons=tuple(RejectReason),
        changes=[one for one in changes if not _stays(one)],
        stays=[one for one in changes if _stays(one)],
        unproved=[]
        if view is None
        else [one for one in view.card.changes if one.proof not in {"proven", "content"}],
        scopes=tuple(Scope),
        needs_look=view is not None and view.card.risk in {"money", "irreversible"},
    )


def _goes_to(to: str, people: Mapping[str, Person]) -> str:
    """Say who that is: a person by name, or whoever has a role."""
    kind, _, name = to.partition(":")
    if kind == "role":
        return f"whoever is {name}"
    return people[name].name if name in people else name


def _stays(change: Change) -> bool:
    """Return whether a value is proved to be what it is already: it is folded away."""
    return change.now == change.after and change.proof == "proven" and not change.assumptions


def _groups(page: InboxPage, console: Console) -> list[tuple[str, list[ApprovalRow]]]:
    """Split rows by when they are due; the order within stays."""
    today = console.clock().date()
    groups: dict[str, list[ApprovalRow]] = {}
    for row in page.rows:
        late = "Overdue" if row.overdue else None
        name = late or ("Due today" if row.due_at.date() <= today else "Later")
        groups.setdefault(name, []).append(row)
    return list(groups.items())


def _people_left(view: ApprovalView) -> str:
    """Say how many people must still say yes."""
    needed_people = max((one.people for one in view.card.requirements), default=1)
    left = max(needed_people - view.answered, 1)
    return "one person" if left == 1 else f"{left} people"


def _next(page: InboxPage, approval_id: str) -> str | None:
    """Return the item after this one, or else the one before it."""
    ids = [row.approval_id for row in page.rows]
    if approval_id not in ids:
        return ids[0] if ids else None
    at = ids.index(approval_id)
    left = ids[at + 1 :] or ids[:at][-1:]
    return left[0] if left else None


def _verdict(given: dict[str, str]) -> Verdict:
    try:
        return Verdict(given.get("verdict", ""))
    except ValueError as error:
        raise RequestInvalidError("`verdict`: approve, reject, edit or escalate") from error


def _reason(given: dict[str, str]) -> RejectReason:
    try:
        return RejectReason(given.get("reason", ""))
    except ValueError as error:
        raise RequestInvalidError("`reason`: choose why; the workflow learns from it") from error


def _edits(given: dict[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(_FIELD): value
        for name, value in given.items()
        if name.startswith(_FIELD)
    }


def _seconds(given: dict[str, str]) -> int | None:
    written = given.get("seconds", "")
    if not (written.isascii() and written.isdigit()):
        return None  # scripts are off: unknown, not zero
    return min(int(written[:6]), SECONDS_OPEN_MAX)


def _word_to_type(card: Card) -> str | None:
    """Return what a person types again before an irreversible yes: the amount, else a record."""
    if card.risk != "irreversible":
        return None
    if card.money is not None:
        return card.money.written
    proven = [change.after for change in card.changes if change.proof == "proven"]
    return (proven or [card.digest[:4]])[0]


def _typed_again(card: Card, given: dict[str, str]) -> None:
    word = _word_to_type(card)
    typed = given.get("again", "").strip().replace(",", "")
    if word is not None and typed != word:
        raise InvalidEditError(f"this cannot be undone: type `{word}` to approve it")
