"""Every route, asked by every kind of service about every kind of record.

What admits services stands in a table that is committed; everything else says that a person must.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from remit.api.rates import Kind
from remit.domain.approval import ApprovalState
from remit.governance.access import Role
from remit.governance.permissions import services_of
from remit.governance.services import ServicePermission
from tests.facing import ALL, Face, served
from tests.projects import NAME, OLGA, PAUL, Small, found, only_waiting, send

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parents[2] / "golden" / "services_matrix.txt"
DAY = 86_400  # seconds
UNKNOWN = "f" * 32
INVALID = ("expired", "revoked", "elsewhere", "unknown")
ONE_SENTENCE = {
    "code": "service.token", "message": "this token is not valid here; ask its issuer for another",
}  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(folder=tmp_path, granted=())


async def _tokens(face: Face, small: Small) -> dict[str, str]:
    """Return a token for each column of the table; some are not valid, each in its own way."""
    made = {"nobody": ""}
    expired = face.issue("old", *ALL)
    small.clock.advance(DAY)
    made |= {one.value: face.issue(one.value, one) for one in ALL}
    made["all"] = face.issue("all", *ALL)
    made["far"] = face.issue("far", *ALL, workflow="far-desk")
    revoked = face.issue("gone", *ALL)
    face.services.revoke("gone")
    elsewhere = face.services.issue(
        "else", permissions=ALL, workflows=[NAME], known=[NAME], owner=OLGA, days=1,
        audience="staging",
    )  # fmt: skip
    invalid = (expired, revoked, elsewhere, f"remit_svc_{'0' * 64}")
    return made | dict(zip(INVALID, invalid, strict=True))


def _filled(path: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        path = path.replace("{" + name + "}", value)
    return re.sub(r"\{[^}]*\}", UNKNOWN, path)


def _without(text: str, ids: dict[str, str]) -> str:
    for value in ids.values():
        text = text.replace(value, "ID")
    return text


async def test_the_table_of_routes_by_services_and_records(small: Small, tmp_path: Path) -> None:
    """A service gets where an endpoint admits it; all else needs a person, whatever it holds."""
    lines: list[str] = []
    shut: set[str] = set()
    async with served(small) as face:
        case_id = await send(face.remit)
        row = only_waiting(face.remit)
        action_id = face.remit.case(case_id).effects[0].action_id
        held = {
            "case_id": case_id, "approval_id": row.approval_id, "action_id": action_id,
            "workflow": NAME,
        }  # fmt: skip
        none = {**dict.fromkeys(held, UNKNOWN), "workflow": "nowhere"}
        tokens = await _tokens(face, small)
        for route in sorted(face.routes, key=lambda one: (one.path, sorted(one.methods or ()))):
            (method,) = (route.methods or set()) - {"HEAD"}
            told: list[str] = []
            for name, token in tokens.items():
                there = await face.ask(method, _filled(route.path, held), token)
                not_there = await face.ask(method, _filled(route.path, none), token)
                told.append(f"{there.status_code}/{not_there.status_code}")
                if name in INVALID:
                    assert there.json() == not_there.json() == ONE_SENTENCE, route.path
                    assert "invalid_token" in there.headers["www-authenticate"]
                elif name == "far":
                    assert there.status_code == not_there.status_code, (method, route.path)
                    if "{" in route.path:
                        assert _without(there.text, held) == _without(not_there.text, none)
                    assert "{" in route.path or case_id not in there.text, route.path
                elif token and not services_of(route.endpoint):
                    refused = {one.json()["code"] for one in (there, not_there)}
                    assert (there.status_code, refused) == (403, {"service.person_needed"})
                    shut.add(f"{method} {route.path}")
            if services_of(route.endpoint):
                lines.append(f"{method:<5}{route.path:<30}" + " ".join(f"{t:<8}" for t in told))
        assert len(shut) + len(lines) == len(face.routes) > 80
        approval = face.remit.approval(row.approval_id, person=OLGA)
        assert (approval.state, approval.votes) == (ApprovalState.OPEN, ())
    head = f"{'':<35}" + " ".join(f"{one:<8}" for one in tokens)
    table = "\n".join(line.rstrip() for line in [head, *lines]) + "\n"
    new = tmp_path / GOLDEN.name
    new.write_text(table)
    assert table == GOLDEN.read_text(), f"look at each line that changed, then copy {new} here"


async def test_a_case_is_brought_in_and_read_by_services_and_its_record_names_one(
    small: Small,
) -> None:
    async with served(small) as face:
        crm = face.issue("crm", ServicePermission.SUBMIT)
        reader = face.issue("reader", ServicePermission.READ)
        brought = await face.ask("POST", f"/api/cases/{NAME}", crm, json={"order_id": "7"})
        assert brought.status_code == 201
        await face.remit.settled()
        case_id = brought.json()["case_id"]
        (receipt,) = found(face.remit, case_id, "intake:case:received")
        assert receipt.body["by"] == "service:crm"
        assert (await face.ask("GET", f"/api/cases/{case_id}", reader)).status_code == 200
        lacking = await face.ask("GET", f"/api/cases/{case_id}", crm)
        assert (lacking.status_code, lacking.json()["message"]) == (
            403, "the token of `crm` lacks the permission read; `remit services` issues another",
        )  # fmt: skip


async def test_a_mail_comes_in_by_a_service(small: Small) -> None:
    mail = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: hello\r\n\r\nWhere is it?\r\n"
    async with served(small) as face:
        crm = face.issue("crm", ServicePermission.SUBMIT)
        headers = {"authorization": f"Bearer {crm}", "content-type": "message/rfc822"}
        path = f"/api/cases/{NAME}"
        brought = await face.client.post(path, content=mail, headers=headers)
        again = await face.client.post(path, content=mail, headers=headers)
        assert (brought.status_code, again.status_code) == (201, 200)
        (entry, *_) = face.remit.entries(brought.json()["case_id"])
        assert entry.body["by"] == "service:crm"


async def test_a_detector_sets_a_stop_in_its_workflow_and_lifts_none(small: Small) -> None:
    async with served(small) as face:
        bot = face.issue("detector", ServicePermission.STOP)
        case_id = await send(face.remit)
        body = {"scope": f"workflow:{NAME}", "sentence": "twice as many refunds as ever"}
        assert (await face.ask("POST", "/api/stops", bot, json=body)).json()["set"] is True
        assert (await face.ask("POST", "/api/stops", bot, json=body)).json()["set"] is False
        (standing,) = face.remit.stops()
        assert standing.set_by == "service:detector"
        for scope in (f"case:{case_id}", f"action:{NAME}.pay"):
            answer = await face.ask("POST", "/api/stops", bot, json={**body, "scope": scope})
            assert answer.status_code == 200, scope
        for scope in ("everything", "connector:tape", "workflow:far-desk", "action:pay", "case:x"):
            answer = await face.ask("POST", "/api/stops", bot, json={**body, "scope": scope})
            assert answer.status_code == 404, scope
        hard = await face.ask("POST", "/api/stops", bot, json={**body, "hard": True})
        lift = await face.ask("POST", "/api/stops/lift", bot, json={"scope": "x", "reason": "y"})
        assert [one.json()["code"] for one in (hard, lift)] == ["service.person_needed"] * 2


async def test_a_foreign_service_sets_no_stop_on_a_case_that_it_cannot_see(small: Small) -> None:
    async with served(small) as face:
        far = face.issue("far", ServicePermission.STOP, workflow="far-desk")
        case_id = await send(face.remit)
        body = {"scope": f"case:{case_id}", "sentence": "x"}
        assert (await face.ask("POST", "/api/stops", far, json=body)).status_code == 404
        assert face.remit.stops() == ()


async def test_beside_a_token_the_cookie_of_a_person_counts_for_nothing(small: Small) -> None:
    """Neither is the session of somebody who may used, nor does its end take the token away."""
    async with served(small) as face:
        await send(face.remit)
        row = only_waiting(face.remit)
        view = face.remit.approval(row.approval_id, person=PAUL)
        crm = face.issue("crm", *ALL)
        headers = face.session(PAUL) | {"authorization": f"Bearer {crm}"}
        answer = await face.client.post(
            f"/api/approvals/{row.approval_id}/verdict", headers=headers,
            json={"verdict": "approve", "digest": view.card.digest},
        )  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (403, "service.person_needed")
        headers["authorization"] = "Bearer nonsense"
        assert (await face.client.get("/api/cases", headers=headers)).status_code == 401
        del headers["authorization"]
        assert (await face.client.get("/api/cases", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", "Bearer")],
        [("authorization", "bearer  ")],
        [("authorization", "Bearer {0}"), ("authorization", "Bearer {0}")],
        [("authorization", "Bearer {0}"), ("authorization", "Basic eDp5")],
        [("authorization", "Bearer {0} {0}")],
        [("authorization", "Bearer {0},x")],
    ],
)
async def test_a_header_that_is_not_one_token_is_no_token(
    small: Small, headers: list[tuple[str, str]]
) -> None:
    async with served(small) as face:
        crm = face.issue("crm", *ALL)
        given = [(name, value.format(crm)) for name, value in headers]
        answer = await face.client.get("/api/cases", headers=given)
        assert (answer.status_code, answer.json()) == (401, ONE_SENTENCE)
        fine = await face.client.get("/api/cases", headers={"authorization": f"bearer {crm}"})
        assert fine.status_code == 200


async def test_a_right_that_its_owner_lost_is_lost_to_the_service_at_the_next_request(
    small: Small,
) -> None:
    async with served(small) as face:
        crm = face.issue("crm", *ALL)
        assert (await face.ask("GET", "/api/cases", crm)).status_code == 200
        rights = face.remit._people.rights
        olga = replace(rights.people[OLGA], active=False)
        face.remit._people._rights = replace(rights, people={**rights.people, OLGA: olga})
        assert (await face.ask("GET", "/api/cases", crm)).status_code == 401


async def test_a_workflow_that_left_its_owners_desk_left_the_service_too(small: Small) -> None:
    async with served(small) as face:
        case_id = await send(face.remit)
        crm = face.issue("crm", *ALL)
        assert (await face.ask("GET", f"/api/cases/{case_id}", crm)).status_code == 200
        rights = face.remit._people.rights
        far = Role(workflows=frozenset({"far-desk"}))
        olga = replace(rights.people[OLGA], roles=frozenset({"owner"}))
        face.remit._people._rights = replace(
            rights, people={**rights.people, OLGA: olga}, roles={"owner": far}, owners={}
        )
        assert (await face.ask("GET", f"/api/cases/{case_id}", crm)).status_code == 404
        brought = await face.ask("POST", f"/api/cases/{NAME}", crm, json={"order_id": "7"})
        assert brought.json()["code"] == "workflow.unknown"


async def test_too_much_in_a_minute_is_answered_with_when_to_come_again(small: Small) -> None:
    """Each principal has a bucket of its own: whoever asks too much keeps nobody else out."""
    rates = {Kind.PERSON: 3, Kind.SERVICE: 2, Kind.ADDRESS: 60}
    async with served(small, rates=rates) as face:
        crm, bot = face.issue("crm", *ALL), face.issue("bot", *ALL)
        asked = [await face.ask("GET", "/api/cases", crm) for _ in range(3)]
        assert [one.status_code for one in asked] == [200, 200, 429]
        assert asked[-1].headers["retry-after"] == "30"
        assert asked[-1].json() == {
            "code": "request.too_many",
            "message": "more than 2 requests in a minute; come again in 30 s",
        }
        assert (await face.ask("GET", "/api/cases", bot)).status_code == 200
        headers = face.session(OLGA)
        pages = [await face.client.get("/inbox", headers=headers) for _ in range(4)]
        assert [one.status_code for one in pages] == [200, 200, 200, 429]
        assert pages[-1].headers["retry-after"] == "20"
        assert "Too many requests" in pages[-1].text
        other = await face.client.get("/api/cases", headers=face.session(PAUL))
        assert other.status_code == 200
        face.seconds[0] = 30
        assert (await face.ask("GET", "/api/cases", crm)).status_code == 200


async def test_whoever_guesses_tokens_is_counted_by_address(small: Small) -> None:
    rates = {Kind.PERSON: 60, Kind.SERVICE: 60, Kind.ADDRESS: 2}
    async with served(small, rates=rates) as face:
        crm = face.issue("crm", *ALL)
        guesses = [await face.ask("GET", "/api/cases", f"remit_svc_{n:064x}") for n in range(3)]
        assert [one.status_code for one in guesses] == [401, 401, 429]
        assert (await face.client.get("/healthz")).status_code == 429
        assert (await face.ask("GET", "/api/cases", crm)).status_code == 200
