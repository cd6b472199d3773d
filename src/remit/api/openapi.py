"""The OpenAPI document, made from the route table and the bodies that it reads."""

import re
from collections.abc import Mapping, Sequence

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from remit.api.approvals import VerdictBody
from remit.api.audits import JudgeBody, OwnBody
from remit.api.body import ReasonBody
from remit.api.cases import FreezeBody
from remit.api.comparisons import ComparisonBody
from remit.api.delegations import DelegateBody
from remit.api.denials import WidenBody
from remit.api.endorsements import EndorseBody, EndorseValuesBody
from remit.api.headers import MAIL
from remit.api.incidents import DeclareBody, FindingBody, ReviewBody
from remit.api.limits import RaiseBody
from remit.api.quarantine import ReleaseBody
from remit.api.remarks import AssignBody, ClaimBody, CommentBody, SnoozeBody
from remit.api.remit_map import GrantLoweringBody, GrantSignatureBody
from remit.api.rollbacks import RollbackBody
from remit.api.sessions import SignInBody
from remit.api.stops import StopBody, StopLiftBody
from remit.api.tasks import CloseBody, SettleBody
from remit.domain.value import Json
from remit.governance.permissions import Permission, needs, permission_of, services_of
from remit.governance.services import ANY

_BODIES: Mapping[str, type[BaseModel]] = {
    "approval_verdict": VerdictBody,
    "approval_assign": AssignBody,
    "approval_claim": ClaimBody,
    "approval_comment": CommentBody,
    "approval_snooze": SnoozeBody,
    "audit_contest": ReasonBody,
    "audit_judge": JudgeBody,
    "audit_own": OwnBody,
    "case_cancel": ReasonBody,
    "case_freeze": FreezeBody,
    "endorse": EndorseBody,
    "endorse_values": EndorseValuesBody,
    "endorsement_revoke": ReasonBody,
    "delegation_give": DelegateBody,
    "denial_lift": ReasonBody,
    "denial_widen": WidenBody,
    "quarantine_discard": ReasonBody,
    "quarantine_release": ReleaseBody,
    "effect_undone": ReasonBody,
    "rollback_start": RollbackBody,
    "session_begin": SignInBody,
    "task_close": CloseBody,
    "task_settle": SettleBody,
    "incident_declare": DeclareBody,
    "incident_dismiss": ReasonBody,
    "incident_find": FindingBody,
    "incident_review": ReviewBody,
    "limit_raise": RaiseBody,
    "comparison_begin": ComparisonBody,
    "grant_lower": GrantLoweringBody,
    "grant_sign": GrantSignatureBody,
    "stop_lift": StopLiftBody,
    "stop_set": StopBody,
}

_QUERIES: Mapping[str, tuple[str, ...]] = {
    "approvals": tuple("tab workflow action reason currency from to after limit".split()),
    "audits_list": ("workflow", "after", "limit"),
    "reviewers_list": ("workflow",),
    "case_receive": ("class",),
    "cases_list": ("workflow", "status", "search", "after", "limit"),
    "denials": ("workflow",),
    "rollback_plan": ("workflow", "since", "until", "action", "case_id", "incident_id"),
    "incidents_list": ("tab", "workflow", "after", "limit"),
    "tasks_list": ("tab", "workflow", "after", "limit"),
    "endorsements": ("workflow",),
    "quarantine_list": ("tab", "workflow", "after", "limit"),
    "remit_map": ("workflow", "order"),
    "remit_rows": ("after", "limit"),
}

_REFUSALS: Mapping[str, tuple[int, ...]] = {
    "approvals": (401, 422),
    "approval": (401, 404),
    "approval_verdict": (401, 403, 404, 409, 410, 413, 422),
    "case_receive": (401, 403, 409, 413, 422, 503),
    "case_cancel": (401, 403, 404, 409, 413, 422),
    "case_freeze": (401, 403, 404, 413, 422),
    "case_masked": (401, 404),
    "case_one": (401, 404),
    "case_trace": (401, 404),
    "cases_list": (401, 422),
    "delegation_give": (401, 403, 404, 413, 422),
    "delegation_end": (401, 403, 404),
    "delegations": (401,),
    "denial_lift": (401, 403, 404, 409, 413, 422),
    "denial_widen": (401, 403, 404, 409, 413, 422),
    "denials": (401,),
    "endorse": (401, 403, 404, 409, 413, 422),
    "endorse_values": (401, 403, 404, 409, 413, 422),
    "endorsement_revoke": (401, 403, 404, 413, 422),
    "endorsement_second": (401, 403, 404, 409),
    "endorsements": (401,),
    "quarantine_discard": (401, 403, 404, 409, 413, 422),
    "quarantine_list": (401, 422),
    "quarantine_release": (401, 403, 404, 409, 413, 422),
    "session_begin": (401, 403, 413, 422, 429),
    "inventory": (401,),
    "limit_raise": (401, 403, 404, 413, 422),
    "limits_list": (401,),
    "comparison_begin": (401, 403, 404, 409, 413, 422),
    "comparison_cancel": (401, 403, 404, 409),
    "comparison_offer": (401, 404),
    "comparison_one": (401, 404),
    "grant_lower": (401, 403, 404, 409, 413, 422),
    "grant_sign": (401, 403, 404, 409, 413, 422),
    "remit_cell": (401, 404),
    "remit_map": (401, 422),
    "remit_rows": (401, 404, 422),
    "stop_lift": (401, 403, 404, 413, 422),
    "stop_set": (401, 403, 404, 413, 422),
    "stops_list": (401,),
    "effect_withdraw": (401, 403, 404, 409),
    "effect_undone": (401, 403, 404, 409, 413, 422),
    "audits_list": (401, 404, 422),
    "reviewers_list": (401, 404),
    "audit_one": (401, 403, 404, 410),
    "audit_judge": (401, 403, 404, 409, 413, 422),
    "audit_own": (401, 403, 404, 409, 413, 422),
    "audit_contest": (401, 403, 404, 409, 413, 422),
    "tasks_list": (401, 422),
    "task_one": (401, 404),
    "task_settle": (401, 403, 404, 409, 413, 422),
    "task_close": (401, 403, 404, 409, 413, 422),
    "rollback_plan": (401, 404, 422),
    "rollback_start": (401, 403, 404, 409, 413, 422),
    "rollback_one": (401, 404),
    "incidents_list": (401, 422),
    "incident_one": (401, 404),
    "incident_declare": (401, 403, 404, 413, 422),
    "incident_contain": (401, 403, 404),
    "incident_find": (401, 403, 404, 409, 413, 422),
    "incident_resolve": (401, 403, 404, 409),
    "incident_review": (401, 403, 404, 409, 413, 422),
    "incident_dismiss": (401, 403, 404, 409, 413, 422),
    "metrics": (401,),
    "doctor": (401, 403),
    "clock_confirm": (401, 403),
    "session_end": (401, 403),
}

# A token that is not valid, a person who is needed, and too much in a minute.
_EVERYWHERE = (401, 403, 429)

_DONE: Mapping[str, tuple[int, ...]] = {
    "audit_contest": (204,),
    "case_receive": (200, 201),
    "comparison_begin": (202,),
    "comparison_cancel": (204,),
    "delegation_give": (201,),
    "delegation_end": (204,),
    "denial_lift": (204,),
    "endorse": (201,),
    "incident_declare": (201,),
    "endorse_values": (201,),
    "endorsement_revoke": (204,),
    "endorsement_second": (204,),
    "denial_widen": (204,),
    "session_end": (204,),
}


def routes(served: Sequence[Route]) -> list[Route]:
    """Return the route of the document that describes these routes."""
    made = document(served)

    @needs(Permission.PUBLIC, services=ANY)
    async def openapi(request: Request) -> Response:
        """Show this document."""
        del request
        return JSONResponse(made)

    return [Route("/openapi.json", openapi, methods=["GET"], name="openapi")]


def document(served: Sequence[Route]) -> dict[str, Json]:
    """Return the OpenAPI 3.1 document of these routes."""
    paths: dict[str, dict[str, Json]] = {}
    for route in served:
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(route.path, {})[method.lower()] = _operation(route)
    _, schemas = models_json_schema(
        [(model, "validation") for model in _BODIES.values()],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Remit",
            "version": "1",
            "description": (
                "A person is known by the session cookie alone: every change carries "
                "`X-CSRF-Token` and comes from this origin. A service is known by its token "
                "alone, and may ask only where `service` stands. A GET never decides."
            ),
        },
        "paths": dict(paths),
        "components": {
            "schemas": {
                **schemas.get("$defs", {}),
                "Error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                },
            },
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "remit"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
                "service": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(route: Route) -> Json:
    permission = permission_of(route.endpoint)
    operation: dict[str, Json] = {
        "operationId": route.name,
        "summary": (route.endpoint.__doc__ or "").strip().partition("\n")[0],
        "x-permission": permission.value if permission else None,
        "security": _security(route),
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.name in _BODIES:
        operation["requestBody"] = _body(
            {"$ref": f"#/components/schemas/{_BODIES[route.name].__name__}"}
        )
    elif route.name == "case_receive":
        operation["requestBody"] = _body({"type": "object"}, mail=True)
    return operation


def _security(route: Route) -> list[Json]:
    """Return the ways to be let in: as a person, or as a service with one of its permissions."""
    if permission_of(route.endpoint) is Permission.PUBLIC:
        return []
    changes = "POST" in (route.methods or set())
    person: Json = {"session": [], "csrf": []} if changes else {"session": []}
    services: list[Json] = [
        {"service": [one.value]} for one in sorted(services_of(route.endpoint))
    ]
    return [person, *services]


def _body(schema: Json, *, mail: bool = False) -> Json:
    content: dict[str, Json] = {"application/json": {"schema": schema}}
    if mail:
        content[MAIL] = {"schema": {"type": "string", "contentMediaType": MAIL}}
    return {"required": True, "content": content}


def _parameters(route: Route) -> list[Json]:
    found: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    found += [
        {"name": name, "in": "query", "schema": {"type": "string"}}
        for name in _QUERIES.get(route.name, ())
    ]
    if route.name == "case_receive":
        found.append({"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}})
    return found


def _responses(route: Route) -> Json:
    good: dict[str, Json] = {
        str(status): {"description": "done"} for status in _DONE.get(route.name, (200,))
    }
    bad: dict[str, Json] = {
        str(status): {
            "description": "refused; the body says why",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
        for status in sorted({*_REFUSALS.get(route.name, ()), *_EVERYWHERE})
    }
    return {**good, **bad}
