"""What holds for every answer: health, the document, crashes that tell nothing."""

import json
from pathlib import Path

import pytest

from remit.api import server
from remit.errors import IntakeBusyError
from remit.governance.proof import HEADER
from tests.browser.desk import Desk
from tests.browser.gallery import FakeRemit
from tests.browser.sample_health import PROOF
from tests.browser.samples import case_id
from tests.browser.serving import application

GOLDEN = Path(__file__).with_name("openapi.json")


def test_health_needs_nobody(desk: Desk) -> None:
    desk.client.cookies.clear()
    assert desk.client.get("/healthz").json() == {"status": "ok"}


def test_the_numbers_are_for_those_who_are_signed_in(desk: Desk) -> None:
    assert desk.client.get("/api/metrics").json() == {
        "case_balance": 0, "breakers": {"connector:shop": "open"},
    }  # fmt: skip
    desk.client.cookies.clear()
    assert desk.client.get("/api/metrics").status_code == 401


def test_what_runs_is_listed_for_those_who_are_signed_in(desk: Desk) -> None:
    (found,) = desk.client.get("/api/inventory").json()
    assert found["workflow"] == "refund-desk"
    desk.client.cookies.clear()
    assert desk.client.get("/api/inventory").status_code == 401


def test_the_doctor_asks_with_the_same_keys_and_without_a_session(desk: Desk) -> None:
    desk.client.cookies.clear()
    headers = {HEADER: PROOF}
    answer = desk.client.post("/api/doctor", headers=headers)
    assert (answer.status_code, answer.json()["case_balance"]) == (200, 0)
    assert desk.client.post("/api/doctor", headers=headers | {HEADER: "x"}).status_code == 401
    assert desk.client.get("/api/doctor", headers=headers).status_code == 405


def test_an_operator_confirms_the_clock(desk: Desk) -> None:
    answer = desk.client.post("/api/clock/confirm", headers={"x-csrf-token": desk.token()})
    assert (answer.status_code, answer.json()) == (200, {"ahead_ms": 400_000})
    assert desk.remit.cancelled == [("clock", "a.weber", "")]


def test_a_busy_intake_says_when_to_come_again() -> None:
    answer = server.said(IntakeBusyError("later; send this again in 5 s", retry_after_seconds=5))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_the_openapi_document_is_the_committed_one(desk: Desk) -> None:
    assert desk.client.get("/openapi.json").json() == json.loads(GOLDEN.read_text())


def test_every_route_of_the_api_stands_in_the_document(desk: Desk) -> None:
    _, sign_in = application(FakeRemit())
    served = {route.path for route in server.routes(FakeRemit(), sign_in, secure=False)}
    described = set(desk.client.get("/openapi.json").json()["paths"])
    assert served - described == {"/openapi.json"}


def test_a_crash_tells_nothing_and_keeps_the_headers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ValueError("the secret is 4711")

    monkeypatch.setattr(desk.remit, "case", crash)
    for path in (f"/api/cases/{case_id(1)}", f"/cases/{case_id(1)}"):
        answer = desk.client.get(path)
        assert answer.status_code == 500
        assert "4711" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_an_address_of_nothing_is_404_in_the_form_of_its_face(desk: Desk) -> None:
    assert desk.client.get("/api/nothing").json()["code"] == "not_found"
    assert "There is nothing here" in desk.client.get("/nothing").text
    assert desk.client.put("/api/approvals").status_code == 405
