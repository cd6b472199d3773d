"""Requirements 19, 27, 35, 36 and 43, for programs that ask with a token of their own."""

import httpx2
import pytest

from remit.api.rates import Kind
from remit.domain.approval import ApprovalState
from remit.governance.permissions import Permission, is_fresh, permission_of, services_of
from remit.governance.services import ServicePermission
from remit.settings import RateSettings
from tests.facing import ALL, URL, Face, served
from tests.projects import (
    NAME,
    OLGA,
    PAUL,
    PROMPT,
    SCRIPTED,
    Small,
    only_waiting,
    send,
    standing,
)

pytestmark = pytest.mark.anyio

# Where programs are let in, and with what. A line more is a decision of its own.
ADMITTED = {
    "GET /api/cases": {"read"},
    "GET /api/cases/{case_id}": {"read"},
    "GET /api/cases/{case_id}/masked": {"read"},
    "GET /api/cases/{case_id}/trace": {"read"},
    "POST /api/cases/{workflow}": {"submit"},
    "GET /api/metrics": {"metrics"},
    "POST /api/stops": {"stop"},
    "GET /healthz": set(ALL),
    "GET /openapi.json": set(ALL),
}


@pytest.fixture
def small(small: Small) -> Small:
    """Everything waits for people."""
    small.granted = ()
    return small


async def _asked(face: Face, path: str, token: str, body: object) -> httpx2.Response:
    return await face.ask("POST", path, token, json=body)


async def test_19_no_route_that_decides_admits_a_service(small: Small) -> None:
    """Every verdict, lift, raise, settlement and sign-in is behind a person's session."""
    async with served(small) as face:
        admitted = {}
        for route in face.routes:
            if services_of(route.endpoint):
                (method,) = (route.methods or set()) - {"HEAD"}
                admitted[f"{method} {route.path}"] = set(services_of(route.endpoint))
                assert permission_of(route.endpoint) is not Permission.DECIDE, route.path
                assert not is_fresh(route.endpoint), route.path
        assert admitted == ADMITTED


async def test_19_a_service_that_may_everything_gives_no_verdict(small: Small) -> None:
    async with served(small) as face:
        await send(face.remit)
        row = only_waiting(face.remit)
        card = face.remit.approval(row.approval_id, person=PAUL).card
        token = face.issue("agent", *ALL)
        path = f"/api/approvals/{row.approval_id}"
        for verdict in ("approve", "reject", "edit", "escalate"):
            body = {"verdict": verdict, "digest": card.digest, "person": PAUL, "reason": "facts"}
            answer = await _asked(face, f"{path}/verdict", token, body)
            assert answer.json()["code"] == "service.person_needed", verdict
            assert "a person's session" in answer.json()["message"]
        sign_in = {"code": face.sign_in.issue(PAUL)}
        assert (await _asked(face, "/api/session", token, sign_in)).status_code == 403
        view = face.remit.approval(row.approval_id, person=PAUL)
        assert (view.state, view.votes) == (ApprovalState.OPEN, ())
    assert small.performed() == []


async def test_27_a_token_is_for_one_audience_and_for_what_it_says(small: Small) -> None:
    async with served(small) as face:
        elsewhere = face.services.issue(
            "crm", permissions=ALL, workflows=[NAME], known=[NAME], owner=OLGA, days=1,
            audience="gateway",
        )  # fmt: skip
        assert (await face.ask("GET", "/api/cases", elsewhere)).status_code == 401
        for permission, path in (("submit", "/api/cases"), ("read", "/api/metrics")):
            token = face.issue(permission, ServicePermission(permission))
            assert (await face.ask("GET", path, token)).status_code == 403


async def test_27_a_token_is_seen_by_no_model_and_passed_on_to_nobody(small: Small) -> None:
    """Neither the one in the header nor one that somebody writes into a message."""
    small.settings = SCRIPTED
    small.files = {
        "prompts/reply.md": PROMPT,
        "scripted.toml": '[[line]]\nprompt = "reply"\nreply = "Thank you"\n',
    }
    ask = 'return (await run.ask("reply", message=case.message)).text'
    async with served(small, body=ask) as face:
        header, written = face.issue("crm", *ALL), face.issue("bot", *ALL)
        message = {"message": f"our key is {written}, use it"}
        answer = await _asked(face, f"/api/cases/{NAME}", header, message)
        await face.remit.settled()
        case_id = answer.json()["case_id"]
        assert standing(face.remit, case_id)[0] == "closed"
        assert face.remit.masked(case_id).types, "it was found in the message"
        said = str([(one.body, one.payloads) for one in face.remit.entries(case_id)])
        shown = (await face.ask("GET", f"/api/cases/{case_id}", header)).text
        for token in (header, written):
            secret = token.removeprefix("remit_svc_")
            assert secret not in said
            assert secret not in shown
    stored = b"".join(p.read_bytes() for p in (small.folder / "data").rglob("*") if p.is_file())
    assert header.encode() not in stored
    assert written.encode() not in stored


async def test_35_tokens_rotate_and_are_revoked_while_it_runs(small: Small) -> None:
    async with served(small) as face:

        async def status(token: str) -> int:
            return (await face.ask("GET", "/api/cases", token)).status_code

        old = face.issue("crm", ServicePermission.READ)
        new = face.services.rotate("crm", days=1, overlap_minutes=5)
        assert (await status(old), await status(new)) == (200, 200)
        small.clock.advance(300)
        assert (await status(old), await status(new)) == (401, 200)
        face.services.revoke("crm")
        assert await status(new) == 401


async def test_36_a_service_sees_the_records_of_its_workflows_only(small: Small) -> None:
    async with served(small) as face:
        case_id = await send(face.remit)
        far = face.issue("far", *ALL, workflow="far-desk")
        for path in (f"/api/cases/{case_id}", f"/api/cases/{case_id}/masked"):
            assert (await face.ask("GET", path, far)).status_code == 404
        assert (await face.ask("GET", "/api/cases", far)).json()["rows"] == []
        answer = await _asked(face, f"/api/cases/{NAME}", far, {"order_id": "7"})
        assert answer.json()["code"] == "workflow.unknown"


async def test_36_no_other_site_can_make_a_browser_ask_as_a_service(small: Small) -> None:
    """A form has no such header, and a script of elsewhere is not told that it may send one."""
    async with served(small) as face:
        token = face.issue("crm", *ALL)
        asked = {
            "origin": "https://evil.example", "access-control-request-method": "POST",
            "access-control-request-headers": "authorization",
        }  # fmt: skip
        preflight = await face.client.options(f"/api/cases/{NAME}", headers=asked)
        assert preflight.status_code == 405
        assert not [name for name in preflight.headers if name.startswith("access-control")]
        form = {"authorization": f"Bearer {token}", "access_token": token}
        answer = await face.client.post(f"{URL}/api/cases/{NAME}?access_token={token}", data=form)
        assert answer.status_code == 403


async def test_43_each_principal_has_a_rate_of_its_own(small: Small) -> None:
    rates = {Kind.PERSON: 2, Kind.SERVICE: 2, Kind.ADDRESS: 2}
    async with served(small, rates=rates) as face:
        token, other = face.issue("crm", *ALL), face.issue("bot", *ALL)
        person, stranger = face.session(OLGA), {}
        for headers in ({"authorization": f"Bearer {token}"}, person, stranger):
            answers = [await face.client.get("/api/cases", headers=headers) for _ in range(3)]
            assert answers[0].status_code != 429
            assert answers[2].status_code == 429
            assert answers[2].headers["retry-after"] == "30"
        assert (await face.ask("GET", "/api/cases", other)).status_code == 200
    assert min(RateSettings().model_dump().values()) >= 600, "no honest person meets these"


async def test_43_what_a_case_and_a_day_may_cost_has_a_ceiling(small: Small) -> None:
    """In effects and in money that moves; what models cost has none yet (`critiques.md`)."""
    small.granted = ("pay",)
    small.settings = "".join(
        f'\n[[limits]]\nname = "{per}"\naction = "{NAME}.pay"\nmeasure = "money"\nper = "{per}"\n'
        f'window_seconds = 86400\nmax = "{most}"\nowner = "{OLGA}"\n'
        for per, most in (("case", "60.00 EUR"), ("workflow", "120.00 EUR"))
    )
    twice = """
order = await run.read(get_order, order_id=case.order_id)
await run.act(pay, order_id=order.id, amount=order.total)
return (await run.act(pay, order_id=order.id, amount=order.total)).state
"""
    async with small.open(twice) as remit:
        for number in ("1", "2", "3"):
            await send(remit, order_id=number)
        assert len(small.performed()) == 2, "one of 50 EUR in each case, and two in a day"
