"""Incidents over the API."""

from tests.browser.desk import Desk
from tests.browser.sample_incidents import incident_id

ONE = f"/api/incidents/{incident_id(1)}"


def test_they_are_listed_and_one_is_worked_to_its_end(desk: Desk) -> None:
    headers = {"x-csrf-token": desk.token()}
    rows = desk.client.get("/api/incidents").json()["rows"]
    assert [row["state"] for row in rows] == ["contained", "declared", "resolved", "contained"]
    assert [row["held"] for row in rows] == [True, False, True, False]
    over = desk.client.get("/api/incidents?tab=closed").json()["rows"]
    assert [row["state"] for row in over] == ["reviewed", "dismissed"]
    one = desk.client.get(ONE).json()
    assert one["counts"]["to_check"] == 2
    refused = desk.client.post(f"{ONE}/resolve", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "incident.corrections_open")
    for body in ({"finding": "no_harm", "actions": [one["effects"][0]["action_id"]]},
                 {"finding": "cannot"}):  # fmt: skip
        found = desk.client.post(f"{ONE}/findings", json=body, headers=headers)
        assert found.status_code == 200
    assert desk.client.post(f"{ONE}/resolve", headers=headers).json()["state"] == "resolved"
    found = {"found": "the audits were too few"}
    done = desk.client.post(f"{ONE}/review", json=found, headers=headers)
    assert done.json()["ended"] == "the audits were too few"


def test_one_is_declared_held_and_dismissed(desk: Desk) -> None:
    headers = {"x-csrf-token": desk.token()}
    body = {"scope": "workflow:refund-desk", "severity": "sev1", "sentence": "mail went astray",
            "occurred": "2026-11-24T08:00:00Z"}  # fmt: skip
    made = desk.client.post("/api/incidents", json=body, headers=headers)
    assert (made.status_code, made.json()["state"]) == (201, "declared")
    place = f"/api/incidents/{made.json()['incident_id']}"
    assert desk.client.post(f"{place}/contain", headers=headers).json()["state"] == "contained"
    reason = {"reason": "a rehearsal"}
    done = desk.client.post(f"{place}/dismiss", json=reason, headers=headers)
    assert done.json()["state"] == "dismissed"


def test_what_is_no_report_and_no_incident_is_refused(desk: Desk) -> None:
    headers = {"x-csrf-token": desk.token()}
    good = {"scope": "workflow:refund-desk", "severity": "sev1", "sentence": "x"}
    for wrong in ({"severity": "sev0"}, {"sentence": ""}, {"culprit": "b.stone"},
                  {"occurred": "2026-11-24T08:00:00"}):  # fmt: skip
        asked = desk.client.post("/api/incidents", json=good | wrong, headers=headers)
        assert asked.status_code == 422, wrong
    assert desk.client.get(f"/api/incidents/{'9' * 32}").status_code == 404
    asked = desk.client.post(f"{ONE}/findings", json={"finding": "perhaps"}, headers=headers)
    assert asked.status_code == 422
