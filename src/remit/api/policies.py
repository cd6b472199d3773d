"""Rules as JSON: what is in force, what waits, asking them; proposing, signing and refusing."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.body import as_json, read_model
from remit.governance.asked_rules import Question
from remit.governance.permissions import Permission, needs
from remit.governance.port import RemitPort
from remit.governance.proof import HEADER


class RulesQuestionBody(BaseModel):
    """A request that the rules are asked about; values as text, `19.00 EUR` for money."""

    model_config = ConfigDict(extra="forbid")

    action: str = Field(max_length=200)
    arguments: dict[str, str] = Field(default={}, max_length=100)
    facts: dict[str, str] = Field(default={}, max_length=100)
    record: dict[str, str] = Field(default={}, max_length=100)
    approvers: dict[str, list[str]] = Field(default={}, max_length=20)
    level: str = Field(default="", max_length=20)


class RulesProposalBody(BaseModel):
    """Rules that lie in their folder, or in `candidate` in it."""

    model_config = ConfigDict(extra="forbid")

    workflow: str = Field(max_length=100)
    candidate: bool = False


class RulesSignatureBody(BaseModel):
    """A change by its digest."""

    model_config = ConfigDict(extra="forbid")

    workflow: str = Field(max_length=100)
    change: str = Field(min_length=8, max_length=64)


class RulesRefusalBody(RulesSignatureBody):
    """A change that is refused, and why."""

    reason: str = Field(min_length=1, max_length=500)


def routes(remit: RemitPort) -> list[Route]:
    """Return the routes of rules."""

    @needs(Permission.READ)
    async def listed(request: Request) -> Response:
        """List the rules in force with their last use, earlier books, and what waits."""
        del request
        return JSONResponse({"policies": as_json(await run_in_threadpool(remit.policies))})

    @needs(Permission.SELF)
    async def ask(request: Request) -> Response:
        """Say what the rules in force make of a request; nothing is recorded."""
        body = await read_model(request, RulesQuestionBody)
        told = Question(
            action=body.action, arguments=body.arguments, facts=body.facts, record=body.record,
            approvers=body.approvers, level=body.level,
        )  # fmt: skip
        return JSONResponse(as_json(await run_in_threadpool(remit.ask_rules, told)))

    @needs(Permission.OPERATE)
    async def reload(request: Request) -> Response:
        """Take in the rules as their folders hold them now; what lets more pass waits."""
        del request
        return JSONResponse({"policies": as_json(await run_in_threadpool(remit.reload_rules))})

    @needs(Permission.PUBLIC)
    async def reload_here(request: Request) -> Response:
        """Do the same for a command on this host that holds the installation's keys."""
        given = request.headers.get(HEADER, "")
        found = await run_in_threadpool(remit.reload_proved, given)
        return JSONResponse({"policies": as_json(found)})

    @needs(Permission.OPERATE, fresh=True)
    async def propose(request: Request) -> Response:
        """Propose the rules of a folder; `outcome` says whether they are in force or wait."""
        body = await read_model(request, RulesProposalBody)
        found = await remit.propose_rules(
            body.workflow,
            person=request.state.session.person.handle,
            candidate=body.candidate,
        )
        return JSONResponse(as_json(found))

    @needs(Permission.DECIDE, fresh=True)
    async def sign(request: Request) -> Response:
        """Sign a change; `missing` people must sign too, and with 0 it is in force."""
        body = await read_model(request, RulesSignatureBody)
        missing = await remit.sign_rules(
            body.workflow, body.change, person=request.state.session.person.handle
        )
        return JSONResponse({"change": body.change, "missing": missing})

    @needs(Permission.DECIDE)
    async def refuse(request: Request) -> Response:
        """Refuse a change that waits."""
        body = await read_model(request, RulesRefusalBody)
        await remit.refuse_rules(
            body.workflow,
            body.change,
            person=request.state.session.person.handle,
            reason=body.reason,
        )
        return JSONResponse({"change": body.change, "refused": True})

    return [
        Route("/api/policies", listed, methods=["GET"], name="policies_list"),
        Route("/api/policies/ask", ask, methods=["POST"], name="policies_ask"),
        Route("/api/policies/reload", reload, methods=["POST"], name="policies_reload"),
        Route("/api/policies/propose", propose, methods=["POST"], name="policies_propose"),
        Route("/api/policies/sign", sign, methods=["POST"], name="policies_sign"),
        Route("/api/policies/refuse", refuse, methods=["POST"], name="policies_refuse"),
        Route("/api/doctor/policies", reload_here, methods=["POST"], name="doctor_policies"),
    ]
