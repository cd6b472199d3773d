"""The rules: in sentences, with owner and last use; what waits, signed or refused; and asking."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.console.pages import Console, asked_for, fields, needed, render, see_other
from remit.domain.autonomy import Level
from remit.errors import RequestInvalidError
from remit.governance.asked_rules import Question, Told
from remit.governance.permissions import Permission, needs

VOTES_MAX: Final = 9
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
TOLD: Final = {
    "signed": "Signed. One more person who did not propose it must sign.",
    "in force": "The rules are in force, in every process.",
    "waits": "The change waits for signatures; the rules in force stay.",
    "refused": "The change is refused; the rules in force stay.",
    "looked": "The folders were looked at; what they hold stands below.",
    "broken": "A folder holds rules that do not load; those in force stay.",
}


def routes(console: Console) -> list[Route]:
    """Return the routes of the rules."""

    async def shown(
        request: Request, *, asked: Mapping[str, str] = NOTHING, answer: Told | None = None
    ) -> Response:
        found = await run_in_threadpool(console.remit.policies)
        handle = request.state.session.person.handle
        return await render(
            console,
            request,
            "policies.html",
            policies=found,
            people=console.remit.people(),
            signs={one.workflow: console.remit.may_sign(handle, one.workflow) for one in found},
            levels=[one.value for one in Level],
            told=TOLD.get(asked_for(request).get("told", ""), ""),
            asked=asked,
            answer=answer,
        )

    @needs(Permission.READ)
    async def page(request: Request) -> Response:
        """Show the rules of every workflow."""
        return await shown(request)

    @needs(Permission.SELF)
    async def ask(request: Request) -> Response:
        """Say what the rules make of a request; nothing is recorded."""
        form = await fields(request)
        answer = await run_in_threadpool(console.remit.ask_rules, question(form))
        return await shown(request, asked=form, answer=answer)

    @needs(Permission.OPERATE)
    async def reload(request: Request) -> Response:
        """Look at the folders of rules again."""
        del request
        found = await run_in_threadpool(console.remit.reload_rules)
        broken = any(one.outcome == "broken" for one in found)
        return see_other("/policies", told="broken" if broken else "looked")

    @needs(Permission.OPERATE, fresh=True)
    async def propose(request: Request) -> Response:
        """Propose what lies in the folder, or in `candidate` in it."""
        form = await fields(request)
        found = await console.remit.propose_rules(
            needed(form, "workflow"),
            person=request.state.session.person.handle,
            candidate=form.get("which") == "candidate",
        )
        return see_other("/policies", told=found.outcome)

    @needs(Permission.DECIDE, fresh=True)
    async def sign(request: Request) -> Response:
        """Sign a change by its digest."""
        form = await fields(request)
        missing = await console.remit.sign_rules(
            needed(form, "workflow"),
            needed(form, "change"),
            person=request.state.session.person.handle,
        )
        return see_other("/policies", told="signed" if missing else "in force")

    @needs(Permission.DECIDE)
    async def refuse(request: Request) -> Response:
        """Refuse a change."""
        form = await fields(request)
        await console.remit.refuse_rules(
            needed(form, "workflow"),
            needed(form, "change"),
            person=request.state.session.person.handle,
            reason=needed(form, "reason"),
        )
        return see_other("/policies", told="refused")

    return [
        Route("/policies", page, methods=["GET"], name="policies"),
        Route("/policies/ask", ask, methods=["POST"], name="policies_ask"),
        Route("/policies/reload", reload, methods=["POST"], name="policies_reload"),
        Route("/policies/propose", propose, methods=["POST"], name="policies_propose"),
        Route("/policies/sign", sign, methods=["POST"], name="policies_sign"),
        Route("/policies/refuse", refuse, methods=["POST"], name="policies_refuse"),
    ]


def question(form: Mapping[str, str]) -> Question:
    """Return the request that a form tells; raises `RequestInvalidError` naming the field."""
    votes = form.get("votes", "").strip() or "0"
    if not (votes.isascii() and votes.isdigit() and int(votes) <= VOTES_MAX):
        raise RequestInvalidError(f"`votes`: a whole number, {VOTES_MAX} at most")
    role = form.get("role", "").strip() or "approver"
    people = [f"person-{number}" for number in range(int(votes))]
    return Question(
        action=needed(form, "action"),
        arguments=_pairs(form, "arguments"),
        facts=_pairs(form, "facts"),
        record=_pairs(form, "record"),
        approvers={role: people} if people else {},
        level=form.get("level", ""),
    )


def _pairs(form: Mapping[str, str], field: str) -> dict[str, str]:
    """Read lines `name = value`; raises `RequestInvalidError`."""
    found = {}
    for line in form.get(field, "").splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip():
            found[name.strip()] = value.strip()
        elif line.strip():
            raise RequestInvalidError(f"`{field}`: write one `name = value` a line")
    return found
