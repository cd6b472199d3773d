"""Every way in which a verdict is refused, over the API of the real desk, with its status."""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from remit import testing
from remit.api import server
from remit.app import Remit
from remit.console import site
from remit.domain.approval import RejectReason, Verdict
from remit.governance.access import Role
from remit.governance.sessions import SignIn
from tests.accounts import in_memory
from tests.projects import OLGA, OTTO, PAUL, ROSA, Small, only_waiting, send, waiting

pytestmark = pytest.mark.anyio

URL = "http://127.0.0.1:8484"
HOUR = 3600
PAY = """
order = await run.read(get_order, order_id=case.order_id)
return (await run.act(pay, order_id=order.id, amount=case.amount or order.total)).state
"""
TABLE = [
    # what is wrong, status, code
    ("an unknown id", 404, "not_found"),
    ("an approval of another desk", 404, "not_found"),
    ("a role that is missing", 403, "approval.not_entitled"),
    ("a digest that was never shown", 409, "approval.stale"),
    ("a card that changed meanwhile", 409, "approval.stale"),
    ("somebody was quicker", 409, "approval.closed"),
    ("a no, and then a yes", 409, "approval.closed"),
    ("the time has passed", 410, "approval.expired"),
    ("a field that does not read", 422, "approval.invalid_edit"),
    ("a field that is none", 422, "approval.invalid_edit"),
    ("an edit of nothing", 422, "approval.invalid_edit"),
    ("a word that is no verdict", 422, "request.invalid"),
    ("the same again", 200, None),
    ("a yes, and then a no", 200, None),
    ("a body of more than 64 KiB", 413, "request.too_large"),
]


@dataclass(slots=True, kw_only=True)
class Try:
    """Somebody's POST, and what stands in it."""

    remit: Remit
    small: Small
    approval_id: str
    body: dict[str, Any]
    person: str = OLGA
    again: bool = False


async def prepare(what: str, one: Try) -> None:
    """Bring about what is wrong."""
    match what:
        case "an unknown id":
            one.approval_id = "0" * 32
        case "an approval of another desk":
            elsewhere = {"payer": Role(workflows=frozenset({"elsewhere"}))}
            people = one.remit._people
            people._rights = replace(people.rights, roles=elsewhere)
            one.person = ROSA
        case "a role that is missing":
            one.person = OTTO
        case "a digest that was never shown":
            one.body["digest"] = "0" * 64
        case "a card that changed meanwhile":
            one.small.order["total"] = {"amount": "40.00", "currency": "EUR"}
            await testing.pass_time(one.remit, one.small.clock, HOUR)
        case "somebody was quicker":
            await testing.decide(one.remit, one.approval_id, person=PAUL)
        case "a no, and then a yes":
            await testing.decide(
                one.remit, one.approval_id, person=OLGA, verdict=Verdict.REJECT,
                reason=RejectReason.FACTS,
            )  # fmt: skip
        case "the time has passed":
            one.small.clock.advance(73 * HOUR)
        case "a field that does not read":
            one.body |= {"verdict": "edit", "edits": {"amount": "many"}}
        case "a field that is none":
            one.body |= {"verdict": "edit", "edits": {"colour": "red"}}
        case "an edit of nothing":
            one.body |= {"verdict": "edit"}
        case "a word that is no verdict":
            one.body["verdict"] = "perhaps"
        case "the same again":
            one.again = True
        case "a yes, and then a no":
            await testing.decide(one.remit, one.approval_id, person=ROSA)
            one.body |= {"verdict": "reject", "reason": "facts"}
            one.person = ROSA
        case "a body of more than 64 KiB":
            one.body["note"] = "x" * 70_000
        case _:
            pytest.fail(f"nobody knows how to bring about {what}")


@asynccontextmanager
async def signed_in(one: Try) -> AsyncIterator[httpx2.AsyncClient]:
    """Sign that person in as `remit serve` does, now."""
    sign_in = SignIn(
        rows=in_memory(), random_bytes=secrets.token_bytes, clock=one.small.clock,
        people=one.remit.people,
    )  # fmt: skip
    pages = site.build(one.remit, sign_in, secure=False, clock=one.small.clock)
    app = server.build(one.remit, sign_in, secure=False, site=pages)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url=URL, headers={"origin": URL}
    ) as client:
        await client.post("/sign-in", data={"code": sign_in.issue(one.person)})
        page = await client.get("/help", follow_redirects=True)
        found = re.search(r'name="csrf" value="(\w+)"', page.text)
        assert found is not None
        client.headers["x-csrf-token"] = found[1]
        yield client


@pytest.mark.parametrize(("what", "status", "code"), TABLE, ids=[row[0] for row in TABLE])
async def test_a_verdict_is_answered_with_its_status_and_changes_nothing_else(
    tmp_path: Path, what: str, status: int, code: str | None
) -> None:
    small = Small(folder=tmp_path, granted=())
    if what == "a yes, and then a no":
        small.policy = """
@id("two-people")
@says("two payers must agree")
@owner("olga")
@since("2026-11-01")
@obligation("approve(n=2, role=payer)")
forbid (principal, action == Action::"small-desk.pay", resource);
"""
    async with small.open(PAY) as remit:
        await send(remit, amount="20 EUR")
        row = only_waiting(remit)
        shown = remit.approval(row.approval_id, person=OLGA).card.digest
        one = Try(
            remit=remit, small=small, approval_id=row.approval_id,
            body={"verdict": "approve", "digest": shown},
        )  # fmt: skip
        await prepare(what, one)
        await remit.settled()
        before = small.performed()
        async with signed_in(one) as client:
            path = f"/api/approvals/{one.approval_id}/verdict"
            answer = await client.post(path, json=one.body)
            if one.again:
                assert answer.status_code == 200
                answer = await client.post(path, json=one.body)
        assert answer.status_code == status, answer.text
        told = answer.json()
        assert told.get("code") == code
        if code == "approval.closed":
            assert ("paul" in told["message"]) or ("olga" in told["message"])
        if what == "a card that changed meanwhile":
            now = only_waiting(remit)
            assert told["approval"]["card"]["approval_id"] == now.approval_id != row.approval_id
            assert told["approval"]["changed_since"]
        if what == "a digest that was never shown":
            assert told["approval"]["card"]["digest"] == shown
        if what == "a field that does not read":
            assert "`amount`" in told["message"]
        if what == "a yes, and then a no":
            assert told["state"] == "denied"
            assert waiting(remit) == ()
        if one.again:  # two equal answers are one vote, and lead to one effect
            await testing.pass_time(remit, small.clock, 1)
            before = [*before, "pay"]
        assert small.performed() == before
