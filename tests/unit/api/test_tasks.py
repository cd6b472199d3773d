"""Undo, tasks and rollbacks over the API."""

from tests.browser.desk import Desk
from tests.browser.sample_duties import DIGEST, rollback_id, task_id

WINDOW = {
    "workflow": "refund-desk",
    "since": "2026-11-24T00:00:00Z",
    "until": "2026-11-25T00:00:00+01:00",
}


def _headers(desk: Desk) -> dict[str, str]:
    return {"x-csrf-token": desk.token()}


def test_tasks_are_listed_and_one_is_settled_by_two_people(desk: Desk) -> None:
    rows = desk.client.get("/api/tasks").json()["rows"]
    assert [row["kind"] for row in rows] == [
        "doubt", "uncompensated", "fault", "review", "notice", "lowered", "reviewer",
    ]  # fmt: skip
    path = f"/api/tasks/{task_id(0)}"
    assert desk.client.get(path).json()["needed"] == 2
    body = {"finding": "happened", "evidence": "seen", "reference": "re_8812"}
    done = desk.client.post(f"{path}/settle", json=body, headers=_headers(desk))
    assert (done.status_code, done.json()) == (200, {"settled": True})
    assert len(desk.client.get("/api/tasks?tab=closed").json()["rows"]) == 1


def test_what_no_finding_is_and_what_is_no_task_are_refused(desk: Desk) -> None:
    path = f"/api/tasks/{task_id(0)}/settle"
    for body, status in (
        ({"finding": "perhaps", "evidence": "x"}, 422),
        ({"finding": "absent"}, 422),
        ({"finding": "absent", "evidence": "x", "person": "l.costa"}, 422),
    ):
        assert desk.client.post(path, json=body, headers=_headers(desk)).status_code == status
    assert desk.client.get(f"/api/tasks/{'f' * 32}").status_code == 404
    closing = desk.client.post(
        f"/api/tasks/{task_id(0)}/close", json={"note": "x"}, headers=_headers(desk)
    )
    assert (closing.status_code, closing.json()["code"]) == (409, "state.illegal_move")


def test_a_plan_is_shown_and_exactly_that_is_started(desk: Desk) -> None:
    plan = desk.client.get("/api/rollbacks/plan", params=WINDOW).json()
    assert plan["digest"] == DIGEST
    stale = WINDOW | {"reason": "x", "digest": "another"}
    refused = desk.client.post("/api/rollbacks", json=stale, headers=_headers(desk))
    assert (refused.status_code, refused.json()["code"]) == (409, "approval.stale")
    started = desk.client.post(
        "/api/rollbacks", json=stale | {"digest": plan["digest"]}, headers=_headers(desk)
    )
    assert started.json()["rollback_id"] == rollback_id(1)
    assert desk.client.get(f"/api/rollbacks/{rollback_id(1)}").json()["planned"] == 4
    for since in ("", "yesterday", "2026-11-24T00:00:00"):
        asked = desk.client.get("/api/rollbacks/plan", params=WINDOW | {"since": since})
        assert (asked.status_code, asked.json()["code"]) == (422, "request.invalid")


def test_an_effect_is_undone_with_a_reason(desk: Desk) -> None:
    path = f"/api/effects/{'a' * 32}/undo"
    assert desk.client.post(path, json={}, headers=_headers(desk)).status_code == 422
    done = desk.client.post(path, json={"reason": "wrong"}, headers=_headers(desk))
    assert done.json() == {"action_id": "b" * 32}


def test_what_waits_is_taken_back_and_what_runs_is_not(desk: Desk) -> None:
    path = "/api/effects/{}/withdraw"
    done = desk.client.post(path.format("e" * 32), headers=_headers(desk))
    assert done.json() == {"withdrawn": True}
    late = desk.client.post(path.format("a" * 32), headers=_headers(desk))
    assert (late.status_code, late.json()["code"]) == (409, "approval.closed")
