"""Approvals over the API: read, decided on a digest, refused with a code."""

import pytest

from tests.browser.desk import Desk
from tests.browser.samples import approval_id

PATH = f"/api/approvals/{approval_id(0)}"


def _body(desk: Desk, **members: object) -> dict[str, object]:
    return {
        "verdict": "approve",
        "digest": desk.client.get(PATH).json()["card"]["digest"],
    } | members


def _headers(desk: Desk) -> dict[str, str]:
    return {"x-csrf-token": desk.token()}


def test_a_list_carries_money_as_text_and_moments_in_utc(desk: Desk) -> None:
    page = desk.client.get("/api/approvals?limit=2").json()
    assert len(page["rows"]) == 2
    assert page["waiting"] == 9
    assert page["rows"][0]["money"] == {"amount": "1843.57", "currency": "EUR"}
    assert page["rows"][0]["due_at"] == "2026-11-24T13:33:00.000000Z"
    following = desk.client.get(f"/api/approvals?limit=2&after={page['after']}").json()
    assert following["rows"][0]["approval_id"] == approval_id(2)


@pytest.mark.parametrize("limit", ["0", "201", "x", "-1", "９", "1" * 5000])
def test_a_limit_out_of_bounds_is_refused(desk: Desk, limit: str) -> None:
    answer = desk.client.get("/api/approvals", params={"limit": limit})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


def test_a_verdict_is_recorded_for_the_person_of_the_session(desk: Desk) -> None:
    answer = desk.client.post(f"{PATH}/verdict", json=_body(desk), headers=_headers(desk))
    assert answer.status_code == 200
    assert answer.json()["decided_by"] == "a.weber"
    assert answer.json()["state"] == "approved"


def test_nobody_decides_in_somebody_elses_name(desk: Desk) -> None:
    body = _body(desk, person="l.costa")
    answer = desk.client.post(f"{PATH}/verdict", json=body, headers=_headers(desk))
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert desk.remit.decided == []


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"digest": "another"}, 409, "approval.stale"),
        ({"verdict": "reject"}, 422, "request.invalid"),
        ({"verdict": "perhaps"}, 422, "request.invalid"),
        ({"verdict": "edit", "edits": {"amount": "19"}}, 422, "approval.invalid_edit"),
    ],
)
def test_a_refused_verdict_has_its_status_and_code(
    desk: Desk, members: dict[str, object], status: int, code: str
) -> None:
    answer = desk.client.post(
        f"{PATH}/verdict", json=_body(desk, **members), headers=_headers(desk)
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert desk.remit.decided == []


def test_a_verdict_needs_session_token_and_right(desk: Desk) -> None:
    body = _body(desk)
    assert desk.client.post(f"{PATH}/verdict", json=body).status_code == 403
    desk.enter("i.auditor")
    refused = desk.client.post(f"{PATH}/verdict", json=body, headers=_headers(desk))
    assert refused.json()["code"] == "approval.not_entitled"
    desk.client.cookies.clear()
    assert desk.client.post(f"{PATH}/verdict", json=body).status_code == 401
    assert desk.remit.decided == []


def test_an_unknown_approval_is_404(desk: Desk) -> None:
    answer = desk.client.get("/api/approvals/none")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_program_signs_in_with_a_code_and_out_again(desk: Desk) -> None:
    code = desk.sign_in.issue("a.weber")
    desk.client.cookies.clear()
    entered = desk.client.post("/api/session", json={"code": code})
    assert entered.json()["person"] == "a.weber"
    headers = {"x-csrf-token": entered.json()["csrf"]}
    assert desk.client.post("/api/session/end", headers=headers).status_code == 204
    assert desk.client.get(PATH).status_code == 401
    assert desk.client.post("/api/session", json={"code": code}).status_code == 401


def test_a_batch_is_read_answered_and_taken_back_over_the_api(desk: Desk) -> None:
    ids = ",".join(row["approval_id"] for row in desk.client.get("/api/approvals").json()["rows"])
    batch = desk.client.get("/api/approvals/batches", params={"ids": ids}).json()
    assert len(batch["members"]) >= 2
    body = {
        "verdict": "approve",
        "batch": batch["digest"],
        "members": {one["approval_id"]: one["digest"] for one in batch["members"]},
        "read": batch["read_first"],
    }
    path, headers = "/api/approvals/batches", _headers(desk)
    unread = desk.client.post(path, json=body | {"read": []}, headers=headers)
    assert (unread.status_code, unread.json()["code"]) == (422, "request.invalid")
    stale = desk.client.post(path, json=body | {"batch": "0" * 64}, headers=headers)
    assert (stale.status_code, stale.json()["code"]) == (409, "approval.stale")
    told = desk.client.post(path, json=body, headers=headers).json()
    assert sorted(told["decided"]) == sorted(body["members"])
    back = desk.client.post(f"{path}/{batch['digest']}/take-back", headers=headers)
    assert back.json()["decided"] == told["decided"]
    assert desk.client.post(f"{path}/none/take-back", headers=headers).status_code == 404
