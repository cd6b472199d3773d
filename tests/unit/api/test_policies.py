"""Rules over the API: listed, asked, proposed, signed by two, refused, and taken in."""

import pytest

from remit.governance.proof import HEADER
from tests.browser.desk import Desk
from tests.browser.sample_health import PROOF
from tests.browser.sample_policies import CHANGE, DESK

SIGNED = {"workflow": DESK, "change": CHANGE}


def _post(desk: Desk, path: str, **body: object) -> tuple[int, dict[str, object]]:
    answer = desk.client.post(path, json=body, headers={"x-csrf-token": desk.token()})
    return answer.status_code, answer.json()


def test_the_list_says_what_is_in_force_and_what_waits(desk: Desk) -> None:
    first, second = desk.client.get("/api/policies").json()["policies"]
    assert [one["rule"] for one in first["rules"]][:2] == [
        "refunds-are-permitted",
        "two-above-500",
    ]
    assert first["waiting"]["change"] == CHANGE
    assert first["waiting"]["findings"]["tested"]["loosened"] == 2
    assert second["rules"] == []


def test_a_change_is_signed_by_two(desk: Desk) -> None:
    assert _post(desk, "/api/policies/sign", **SIGNED)[1]["missing"] == 1
    assert _post(desk, "/api/policies/sign", **SIGNED)[1]["missing"] == 1
    desk.enter("l.costa")
    assert _post(desk, "/api/policies/sign", **SIGNED)[1]["missing"] == 0
    assert _post(desk, "/api/policies/sign", **SIGNED)[0] == 404


def test_who_proposed_a_change_does_not_sign_it(desk: Desk) -> None:
    given = {"workflow": DESK, "candidate": True}
    assert _post(desk, "/api/policies/propose", **given)[1]["outcome"] == "waits"
    assert _post(desk, "/api/policies/sign", **SIGNED)[0] == 403


def test_one_refuses_a_change(desk: Desk) -> None:
    assert _post(desk, "/api/policies/refuse", **SIGNED, reason="why?")[0] == 200
    assert _post(desk, "/api/policies/sign", **SIGNED)[0] == 404


def test_the_rules_can_be_asked_also_by_who_may_only_read(desk: Desk) -> None:
    desk.enter("i.auditor")
    asked = {"action": f"{DESK}.issue_refund", "arguments": {"amount": "600.00 EUR"}}
    status, said = _post(desk, "/api/policies/ask", **asked)
    assert (status, said["verdict"]) == (200, "hold")
    assert said["rules"] == ["refunds-are-permitted", "two-above-500"]


def test_a_command_with_the_same_keys_has_the_folders_looked_at(desk: Desk) -> None:
    desk.client.cookies.clear()
    found = desk.client.post("/api/doctor/policies", headers={HEADER: PROOF})
    assert [one["outcome"] for one in found.json()["policies"]] == ["waits"]
    assert desk.client.post("/api/doctor/policies", headers={HEADER: "x"}).status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("ask", {"action": "other.pay"}, 404),
        ("ask", {"action": f"{DESK}.issue_refund", "by": "somebody"}, 422),
        ("propose", {"workflow": "other"}, 404),
        ("propose", {"workflow": DESK}, 409),
        ("sign", {"workflow": DESK, "change": "5e"}, 422),
        ("refuse", {"workflow": DESK, "change": CHANGE}, 422),
    ],
)
def test_bad_input_is_refused_with_a_status(
    desk: Desk, path: str, body: dict[str, object], status: int
) -> None:
    assert _post(desk, f"/api/policies/{path}", **body)[0] == status


def test_who_may_read_only_changes_nothing(desk: Desk) -> None:
    desk.enter("i.auditor")
    assert _post(desk, "/api/policies/sign", **SIGNED)[0] == 403
    assert _post(desk, "/api/policies/reload")[0] == 403
