"""Every route, asked by every kind of person about every kind of record: one table, committed."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from starlette.routing import Route

from remit.api import server
from remit.app import Remit
from remit.console import site
from remit.domain.incident import Severity
from remit.governance.access import ASKING, Rights, Role
from remit.governance.owners import Person
from remit.governance.sessions import SignIn
from tests.accounts import in_memory
from tests.projects import NAME, OLGA, PAUL, ROSA, Small, only_waiting, send

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parents[2] / "golden" / "rights_matrix.txt"
URL = "http://127.0.0.1:8484"
UNKNOWN = "f" * 32
PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""
PEOPLE = ("nobody", "elsewhere", "roleless", "auditor", ROSA, PAUL, OLGA)


def _rights(remit: Remit) -> Rights:
    """Add people of another desk, of no desk, and one who may only read."""
    rights = remit._people.rights
    more = {
        "elsewhere": Person(handle="elsewhere", name="E", roles=frozenset({"far", "distant"})),
        "roleless": Person(handle="roleless", name="R", roles=frozenset()),
        "auditor": Person(handle="auditor", name="A", roles=frozenset({"auditor"})),
    }
    far = Role(workflows=frozenset({"far-desk"}))
    return replace(rights, people={**rights.people, **more}, roles={"far": far, "distant": far})


@asynccontextmanager
async def _served(
    small: Small,
) -> AsyncIterator[tuple[Remit, SignIn, list[Route], httpx2.AsyncClient]]:
    async with small.open(PAY) as remit:
        remit._people._rights = _rights(remit)
        sign_in = SignIn(
            rows=in_memory(), random_bytes=secrets.token_bytes, clock=small.clock,
            people=remit.people,
        )  # fmt: skip
        pages = site.build(remit, sign_in, secure=False, clock=small.clock)
        routes = [*server.routes(remit, sign_in, secure=False), *pages.routes]
        app = server.build(remit, sign_in, secure=False, site=pages)
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(
            transport=transport, base_url=URL, headers={"origin": URL}
        ) as client:
            yield remit, sign_in, [one for one in routes if isinstance(one, Route)], client


class _Asker:
    """Somebody who asks every route."""

    def __init__(self, client: httpx2.AsyncClient, sign_in: SignIn, handle: str) -> None:
        self.client = client
        self.cookies: dict[str, str] = {}
        self.csrf = ""
        if handle != "nobody":
            session = sign_in.redeem(sign_in.issue(handle))
            assert session is not None
            self.cookies, self.csrf = {"remit": session.token}, session.csrf

    async def ask(self, method: str, path: str) -> httpx2.Response:
        headers = {"x-csrf-token": self.csrf}
        if self.cookies:
            headers["cookie"] = f"remit={self.cookies['remit']}"
        if method == "GET":
            return await self.client.get(path, headers=headers)
        json = {} if path.startswith("/api/") else None
        data = None if path.startswith("/api/") else {"csrf": self.csrf}
        return await self.client.post(path, json=json, data=data, headers=headers)


def _filled(path: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        path = path.replace("{" + name + "}", value)
    return re.sub(r"\{[^}]*\}", UNKNOWN, path)


def _asked(routes: list[Route]) -> list[tuple[str, str]]:
    """Return each route once, but for those of sessions and the stream that never ends."""
    left_out = {
        "/events", "/sign-in", "/sign-in/again", "/sign-out", "/api/session",
        "/api/session/again", "/api/session/end", "/api/doctor", "/api/doctor/policies",
        "/static/{digest}/{name}",
    }  # fmt: skip
    return sorted(
        (method, route.path)
        for route in routes
        for method in sorted(route.methods or ())
        if method != "HEAD" and route.path not in left_out
    )


async def test_the_table_of_routes_by_people_and_records(tmp_path: Path) -> None:
    """Nobody of another desk can tell a record from none; the table says all the rest."""
    small = Small(folder=tmp_path, granted=())
    lines: list[str] = []
    async with _served(small) as (remit, sign_in, routes, client):
        case_id = await send(remit)
        row = only_waiting(remit)
        action_id = remit.case(case_id).effects[0].action_id
        incident = await remit.declare_incident(
            f"action:{NAME}.note", person=ROSA, severity=Severity.SEV4, sentence="a defect"
        )
        held = {
            "incident_id": incident.incident_id,
            "case_id": case_id, "approval_id": row.approval_id, "action_id": action_id,
            "workflow": NAME, "action": "pay", "segment": "all",
        }  # fmt: skip
        none = {**dict.fromkeys(held, UNKNOWN), "workflow": "nowhere"}
        askers = {handle: _Asker(client, sign_in, handle) for handle in PEOPLE}
        for method, path in _asked(routes):
            told: list[str] = []
            for handle, asker in askers.items():
                there = await asker.ask(method, _filled(path, held))
                not_there = await asker.ask(method, _filled(path, none))
                told.append(f"{there.status_code}/{not_there.status_code}")
                if handle in {"elsewhere", "roleless"}:
                    assert there.status_code == not_there.status_code, (handle, method, path)
                    if "{" in path:
                        assert _without(there.text, held) == _without(not_there.text, held), path
                    assert "{" in path or case_id not in there.text, (handle, path)
                    assert "Pay 50" not in there.text, (handle, path)
            lines.append(f"{method:<5}{path:<52}" + " ".join(f"{one:<8}" for one in told).rstrip())
        assert remit.approval(row.approval_id, person=OLGA).state == "open"
    head = f"{'':<57}" + " ".join(f"{one:<8}" for one in PEOPLE).rstrip()
    table = "\n".join([head, *lines]) + "\n"
    new = tmp_path / GOLDEN.name
    new.write_text(table)
    assert table == GOLDEN.read_text(), f"look at each line that changed, then copy {new} here"


def _without(text: str, ids: dict[str, str]) -> str:
    for value in (*ids.values(), UNKNOWN, "nowhere"):
        text = text.replace(value, "ID")
    return re.sub(r'value="[0-9a-f]{64}"|data-opened="[^"]*"', "", text)


CHANGES = (
    ("/cases/{case_id}/close", {"note": "done"}),
    ("/cases/{case_id}/hand-back", {"note": "again"}),
    ("/cases/{case_id}/cancel", {"reason": "no"}),
    ("/cases/{case_id}/follow", {"note": "anew"}),
    ("/cases/{case_id}/effects/{action_id}/undo", {"reason": "no"}),
    ("/cases/{case_id}/effects/{action_id}/withdraw", {}),
    ("/quarantine/{case_id}/discard", {"reason": "no"}),
    ("/inbox/{approval_id}/verdict", {"verdict": "approve", "digest": "0" * 64}),
    ("/inbox/{approval_id}/take-back", {}),
    ("/api/cases/{case_id}/cancel", {"reason": "no"}),
    ("/api/denials/{action_id}/lift", {"reason": "no"}),
    ("/api/denials/{action_id}/widen", {"reason": "no", "days": 3}),
    ("/api/effects/{action_id}/undo", {"reason": "no"}),
    ("/api/quarantine/{case_id}/discard", {"reason": "no"}),
    ("/api/approvals/{approval_id}/verdict", {"verdict": "approve", "digest": "0" * 64}),
)


async def test_nobody_of_another_desk_changes_a_record_or_learns_that_there_is_one(
    tmp_path: Path,
) -> None:
    small = Small(folder=tmp_path, granted=())
    async with _served(small) as (remit, sign_in, _, client):
        case_id = await send(remit)
        approval_id = only_waiting(remit).approval_id
        ids = {
            "case_id": case_id, "approval_id": approval_id,
            "action_id": remit.case(case_id).effects[0].action_id,
        }  # fmt: skip
        before = len(remit.entries(case_id))
        far = _Asker(client, sign_in, "elsewhere")
        headers = {"x-csrf-token": far.csrf, "cookie": f"remit={far.cookies['remit']}"}
        for path, given in CHANGES:
            for known in (ids, dict.fromkeys(ids, UNKNOWN)):
                api = path.startswith("/api/")
                answer = await client.post(
                    _filled(path, known), headers=headers, json=given if api else None,
                    data=None if api else {"csrf": far.csrf, **given},
                )  # fmt: skip
                assert answer.status_code == 404, (path, answer.text)
        assert len(remit.entries(case_id)) == before


async def test_counts_lists_and_search_are_of_ones_own_desk(tmp_path: Path) -> None:
    small = Small(folder=tmp_path, granted=())
    async with _served(small) as (remit, sign_in, _, client):
        case_id = await send(remit)
        for handle, number in (("elsewhere", 0), ("roleless", 0), (OLGA, 1)):
            asker = _Asker(client, sign_in, handle)
            inbox = (await asker.ask("GET", "/api/approvals")).json()
            assert (len(inbox["rows"]), inbox["waiting"]) == (number, number)
            assert len((await asker.ask("GET", "/api/cases")).json()["rows"]) == number
            found = await asker.ask("GET", f"/api/cases?search={case_id[:12]}")
            assert len(found.json()["rows"]) == number
            own = await asker.ask("GET", f"/api/cases?workflow={NAME}")
            assert len(own.json()["rows"]) == number
            cells = (await asker.ask("GET", "/api/remit")).json()["cells"]
            assert len(cells) == 2 * number
            assert (NAME in (await asker.ask("GET", "/remit")).text) is bool(number)
            page = (await asker.ask("GET", "/workflows")).text
            assert (NAME in page) is bool(number)
        far = _Asker(client, sign_in, "elsewhere")
        token = {"x-csrf-token": far.csrf, "cookie": f"remit={far.cookies['remit']}"}
        for workflow in (NAME, "nowhere"):
            brought = await client.post(
                f"/api/cases/{workflow}", json={"order_id": "9"}, headers=token
            )
            assert brought.json()["code"] == "workflow.unknown", brought.text


async def test_a_live_page_is_told_of_its_own_desk_only(tmp_path: Path) -> None:
    small = Small(folder=tmp_path, granted=())
    async with _served(small) as (remit, _, _, _):
        heard: dict[str, set[str]] = {}

        async def listen(handle: str) -> None:
            ASKING.set(handle)
            heard[handle] = set()
            async for _, name, _ in remit.subscribe():
                heard[handle].add(name)

        tasks = [asyncio.create_task(listen(one)) for one in (OLGA, "elsewhere")]
        await asyncio.sleep(0)
        await send(remit)
        await asyncio.sleep(0.2)
        for task in tasks:
            task.cancel()
        assert "intake:case:received" in heard[OLGA]
        assert heard["elsewhere"] == set()
