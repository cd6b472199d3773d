"""What a page says of an error: what happened, what it means, what to do, then the code."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from remit.console.pages import Console, plain, see_other
from remit.errors import NotSignedInError, RemitError, StepUpNeededError
from remit.intake.scrub import scrub


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The page's own words for a code; the error's sentence stands between them."""

    title: str
    means: str
    do: str


SENTENCES: Mapping[str, Said] = {
    "approval.stale": Said(
        title="This changed after it was shown to you",
        means="Your answer was not recorded. Nothing ran.",
        do="Look again: the values are the new ones.",
    ),
    "approval.claimed": Said(
        title="Somebody else is at it",
        means="You are not named as being at it; nothing else changed.",
        do="Ask them, or decide it all the same.",
    ),
    "approval.closed": Said(
        title="This is already decided",
        means="Your answer was not recorded.",
        do="See what became of it.",
    ),
    "approval.expired": Said(
        title="The time to decide has passed",
        means="Your answer was not recorded. It was not performed, and the case is escalated.",
        do="Open the case and settle it there.",
    ),
    "approval.not_entitled": Said(
        title="You may not do this",
        means="Your answer was not recorded; it still waits.",
        do="Pass it to somebody who may.",
    ),
    "approval.own_request": Said(
        title="You brought this case in",
        means="Your answer was not recorded; it still waits.",
        do="Leave it to somebody else who may. A no of yours would count.",
    ),
    "approval.invalid_edit": Said(
        title="A value does not fit",
        means="Your answer was not recorded. Nothing changed.",
        do="Go back and correct it.",
    ),
    "grant.stale": Said(
        title="The cell shows something else by now",
        means="Nothing was signed. The level stays as it was.",
        do="Look at the grant again, and sign what it says now.",
    ),
    "not_found": Said(
        title="There is nothing here",
        means="It does not exist, or it is not on your desk.",
        do="Go to the inbox.",
    ),
    "request.foreign": Said(
        title="This did not come from this page",
        means="Nothing was changed.",
        do="Reload the page and try again.",
    ),
    "request.invalid": Said(
        title="Something is missing",
        means="Nothing was changed.",
        do="Go back and correct it.",
    ),
    "request.too_many": Said(
        title="Too many requests",
        means="Nothing was changed.",
        do="Wait for a moment, then try again.",
    ),
    "request.too_large": Said(
        title="This is too large",
        means="Nothing was changed.",
        do="Send less.",
    ),
    "session.oidc": Said(
        title="You are not signed in",
        means="Nothing was decided and nothing was changed.",
        do="Begin again. If it stays so, ask whoever looks after Remit.",
    ),
    "session.too_many_tries": Said(
        title="Too many wrong tries",
        means="Nobody is let in for a while.",
        do="Wait ten minutes, then try again.",
    ),
    "state.illegal_move": Said(
        title="This is not possible any more",
        means="Nothing was changed: its state has moved on.",
        do="Look again.",
    ),
    "storage.busy": Said(
        title="Too much at once",
        means="Nothing was changed.",
        do="Try again in a moment.",
    ),
    "storage.full": Said(
        title="There is no space left",
        means="Nothing was recorded, and nothing was performed.",
        do="Make space on the disk, then try again.",
    ),
    "storage.unavailable": Said(
        title="The database does not answer",
        means="Nothing was recorded, and nothing was performed.",
        do="Try again; tell the engineer when it stays so.",
    ),
}

_OTHER = Said(
    title="Something went wrong",
    means="Whether anything was recorded, the case's timeline says.",
    do="Go back and look before you try again.",
)


def page(console: Console, request: Request, error: RemitError) -> Response:
    """Return the page of an error; somebody who is not signed in is led to the sign-in page.

    A sentence may repeat a word of the request; a value in it is taken out.
    """
    if isinstance(error, NotSignedInError):
        return see_other("/sign-in")
    parts = request.url.path.split("/")
    place = parts[1] if parts[1:2] else ""
    item = "/".join(parts[:3]) if place in {"inbox", "cases"} else "/inbox"
    item = f"/{place}" if place in {"stops", "limits", "people"} else item
    item = item if scrub(item) == item else "/inbox"
    if isinstance(error, StepUpNeededError):
        return see_other("/sign-in/again", next=item)
    gone = error.code == "not_found"
    return plain(
        console,
        request,
        "error.html",
        http_status=error.status,
        said=SENTENCES.get(error.code, _OTHER),
        sentence=scrub(str(error)),
        code=error.code,
        back="/inbox" if gone else item,
    )
