"""The pages and the API over the real desk: from a message to its effect, without a fake."""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from remit import testing
from remit.api import server
from remit.app import Remit
from remit.console import site
from remit.governance.sessions import SignIn
from tests.accounts import in_memory
from tests.desks import MARIA, NADIA, TOMASZ, Desk, only, states, waiting
from tests.loopback import shop

pytestmark = pytest.mark.anyio

URL = "http://127.0.0.1:8484"
MESSAGE = "The Tarn jacket from order 1001 is a size too small. I would like a refund please."
MAIL = {"sender": "anna.lindqvist@example.org", "subject": "Jacket", "message": MESSAGE}


class Person:
    """Somebody signed in at the real desk."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def page(self, path: str) -> str:
        answer = await self.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def send(self, path: str, **fields: str) -> httpx2.Response:
        token = re.search(r'name="csrf" value="(\w+)"', await self.page("/help"))[1]
        return await self.client.post(path, data={"csrf": token, **fields})


@asynccontextmanager
async def at_the_desk(remit: Remit, desk: Desk, handle: str) -> AsyncIterator[Person]:
    """Sign somebody in with a code, as `remit serve` prints it."""
    sign_in = SignIn(
        rows=in_memory(), random_bytes=secrets.token_bytes, clock=desk.clock, people=remit.people
    )
    pages = site.build(remit, sign_in, secure=False, clock=desk.clock)
    app = server.build(remit, sign_in, secure=False, site=pages)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url=URL, headers={"origin": URL}
    ) as client:
        entered = await client.post("/sign-in", data={"code": sign_in.issue(handle)})
        assert entered.status_code == 303
        yield Person(client)


async def _write_in(remit: Remit, desk: Desk) -> str:
    """Bring a message in as Nadia: who brings it in could not approve it."""
    async with at_the_desk(remit, desk, NADIA) as nadia:
        entered = await nadia.page("/help")
        token = re.search(r'name="csrf" value="(\w+)"', entered)[1]
        headers = {"x-csrf-token": token, "idempotency-key": "mail-1"}
        path = "/api/cases/refund-desk"
        answer = await nadia.client.post(path, json=MAIL, headers=headers)
        assert answer.status_code == 201, answer.text
        again = await nadia.client.post(path, json=MAIL, headers=headers)
        assert (again.status_code, again.json()["case_id"]) == (200, answer.json()["case_id"])
        await remit.settled()
        return str(answer.json()["case_id"])


async def test_a_message_is_read_approved_and_followed_to_its_effect(tmp_path: Path) -> None:
    with shop.running() as running:
        desk = Desk(folder=tmp_path, shop=running, database=None)
        async with desk.open() as remit, at_the_desk(remit, desk, MARIA) as maria:
            case_id = await _write_in(remit, desk)
            inbox = await maria.page("/inbox")
            assert "Refund 89.90 EUR for order 1001" in inbox
            row = only(waiting(remit))
            digest = remit.approval(row.approval_id, person=MARIA).card.digest
            path = f"/inbox/{row.approval_id}/verdict"
            stale = await maria.send(path, verdict="approve", digest="0" * 64)
            assert stale.status_code == 409
            decided = await maria.send(path, verdict="approve", digest=digest, seconds="12")
            assert decided.headers["location"] == f"/inbox?done={row.approval_id}"
            assert "Take back" in await maria.page(decided.headers["location"])
            await testing.pass_time(remit, desk.clock, 11)
            assert states(remit, case_id) == [("issue_refund", "confirmed")]
            timeline = await maria.page(f"/cases/{case_id}")
            for told in ("Came in by api", "Read get_order(1001)", "Held for a person", "Done,"):
                assert told in timeline
            assert "anna.lindqvist" not in timeline
            technical = await maria.page(f"/cases/{case_id}?view=technical")
            assert "act issue_refund" in technical
            health = await maria.page("/health")
            assert "0 ready, 0 running, 0 parked, 0 escalated, 0 quarantined, 1 closed" in health
            assert "verdict-act" not in health
            trace = (await maria.client.get(f"/api/cases/{case_id}/trace")).json()
            assert trace["kinds"][trace["kind"][-1]] == "closed"


async def test_a_yes_is_taken_back_in_the_grace_time(tmp_path: Path) -> None:
    with shop.running() as running:
        desk = Desk(folder=tmp_path, shop=running, database=None)
        before = running.counts()
        async with desk.open() as remit, at_the_desk(remit, desk, TOMASZ) as tomasz:
            case_id = await _write_in(remit, desk)
            row = only(waiting(remit))
            digest = remit.approval(row.approval_id, person=TOMASZ).card.digest
            path = f"/inbox/{row.approval_id}"
            await tomasz.send(f"{path}/verdict", verdict="approve", digest=digest)
            taken = await tomasz.send(f"{path}/take-back")
            assert taken.status_code == 303, taken.text
            await testing.pass_time(remit, desk.clock, 60)
            assert states(remit, case_id) == [("issue_refund", "withdrawn")]
        assert running.counts() == before


async def test_an_edit_waits_anew_with_its_own_digest(tmp_path: Path) -> None:
    with shop.running() as running:
        desk = Desk(folder=tmp_path, shop=running, database=None)
        async with desk.open() as remit, at_the_desk(remit, desk, MARIA) as maria:
            await _write_in(remit, desk)
            row = only(waiting(remit))
            card = remit.approval(row.approval_id, person=MARIA).card
            form = await maria.page(f"/inbox/{row.approval_id}?act=edit")
            assert 'name="field.amount"' in form
            values = {f"field.{one.name}": one.value for one in card.fields}
            path = f"/inbox/{row.approval_id}/verdict"
            bad = await maria.send(
                path, verdict="edit", digest=card.digest, **values | {"field.amount": "forty"}
            )
            assert bad.status_code == 422, bad.text
            taken = await maria.send(
                path, verdict="edit", digest=card.digest, **values | {"field.amount": "40.00 EUR"}
            )
            assert taken.status_code == 303, taken.text
            assert "The change is judged anew" in await maria.page(taken.headers["location"])
            await testing.pass_time(remit, desk.clock, 11)
            assert only(waiting(remit)).sentence == "Refund 40.00 EUR for order 1001"


async def test_a_quarantined_message_is_settled_on_its_page_and_goes_on(tmp_path: Path) -> None:
    """Half an answer releases nothing and is shown again; the whole one lets the case go on."""
    with shop.running() as running:
        desk = Desk(folder=tmp_path, shop=running, database=None)
        async with desk.open() as remit, at_the_desk(remit, desk, TOMASZ) as tomasz:
            fields = MAIL | {"claimed_amount": "1.234 EUR", "purchased_on": "03/04/2026"}
            admission = await remit.receive("refund-desk", fields, channel="mail")
            path = f"/quarantine/{admission.case_id}"
            assert path in await tomasz.page("/quarantine?workflow=refund-desk")
            assert path in await tomasz.page(f"/cases/{admission.case_id}")
            form = await tomasz.page(path)
            assert "Tomasz W. answers for it" in form
            assert "1,234.00 EUR, as a German number" in form
            assert 'name="choice.claimed_amount" value="1.234"' not in form
            assert "anna.lindqvist" not in form
            picked = {"choice.purchased_on": "2026-03-04"}
            half = await tomasz.send(f"{path}/release", **picked, **{"field.claimed_amount": "40"})
            assert half.status_code == 422
            assert "1 field still has no certain reading" in half.text
            assert 'value="2026-03-04" checked' in half.text
            assert 'value="40"' in half.text
            given = picked | {"field.claimed_amount": "40.00 EUR"}
            done = await tomasz.send(f"{path}/release", **given)
            assert done.headers["location"] == f"/quarantine?released={admission.case_id}"
            await remit.settled()
            assert only(waiting(remit)).sentence == "Refund 40.00 EUR for order 1001"
            told = await tomasz.page(f"/cases/{admission.case_id}")
            assert "tomasz.w released it from quarantine; chose purchased_on; typed" in told
            assert "Wednesday 4 March 2026" in told
