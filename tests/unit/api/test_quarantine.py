"""The quarantine as JSON: what is listed, how it is settled, and who may."""

from tests.browser.desk import Desk
from tests.browser.samples import case_id


def _headers(desk: Desk) -> dict[str, str]:
    return {"x-csrf-token": desk.token()}


def test_each_message_is_listed_with_its_reasons_and_readings(desk: Desk) -> None:
    rows = desk.client.get("/api/quarantine?workflow=refund-desk").json()["rows"]
    assert [row["case_id"] for row in rows] == [case_id(21)]
    offers = rows[0]["reasons"][0]["offers"]
    assert offers[0] == {"shown": "2026-04-03", "says": "Friday 3 April 2026", "blocked": ""}
    assert rows[0]["owner"] == "l.costa"


def test_a_message_is_released_by_a_reading_that_was_shown(desk: Desk) -> None:
    path = f"/api/quarantine/{case_id(21)}/release"
    bare = desk.client.post(path, json={}, headers=_headers(desk))
    done = desk.client.post(
        path, json={"choices": {"ordered_on": "2026-03-04"}}, headers=_headers(desk)
    )
    assert (bare.status_code, bare.json()["code"]) == (422, "request.invalid")
    assert (done.status_code, done.json()["released"]) == (200, True)
    assert desk.remit.released == {case_id(21): {"ordered_on": "2026-03-04"}}


def test_what_is_still_doubtful_is_refused_by_its_code(desk: Desk) -> None:
    path = f"/api/quarantine/{case_id(21)}/release"
    answer = desk.client.post(
        path, json={"corrections": {"amount": "19.00 again"}}, headers=_headers(desk)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "intake.still_doubtful")
    assert desk.remit.released == {}


def test_a_message_is_refused_with_a_reason_by_those_who_may(desk: Desk) -> None:
    path = f"/api/quarantine/{case_id(22)}/discard"
    assert desk.client.post(path, json={}, headers=_headers(desk)).status_code == 422
    done = desk.client.post(path, json={"reason": "spam"}, headers=_headers(desk))
    assert done.json() == {"case_id": case_id(22), "discarded": True}
    desk.enter("i.auditor")
    assert desk.client.post(path, json={"reason": "x"}, headers=_headers(desk)).status_code == 403
