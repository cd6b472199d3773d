"""Comparisons over the API: seen by anybody of the desk, asked for and cancelled by its owner."""

from tests.browser import sample_remit
from tests.browser.desk import Desk
from tests.browser.sample_compared import COMPARED

AT = "/api/remit/refund-desk/send_reply/all/compare"
FRESH = "/api/remit/refund-desk/add_note/all/compare"


def test_what_is_offered_and_what_came_of_the_last_are_told(desk: Desk) -> None:
    found = desk.client.get(AT).json()
    offer, whole = found["comparison"]["offer"], found["comparison"]["whole"]
    assert (offer["cases"], offer["before"]) == (50, [sample_remit.OLD_BEHAVIOUR])
    assert found["under_way"] is None
    assert (whole["cases"], whole["broken"], whole["same"], whole["compared"]) == (50, 3, 42, 47)
    low, high = whole["rate"]
    assert low < whole["wrong"] / whole["compared"] < high
    assert len(whole["rows"]) == 50
    assert desk.client.get(f"{AT}/{COMPARED}").json() == whole
    assert desk.client.get(f"{AT}/{'0' * 32}").status_code == 404
    assert desk.client.get(FRESH).json()["comparison"]["whole"] is None


def test_its_owner_begins_it_sees_how_far_it_is_and_cancels_it(desk: Desk) -> None:
    token = {"x-csrf-token": desk.token()}
    begun = desk.client.post(AT, json={"cases": 100}, headers=token)
    assert (begun.status_code, begun.json()) == (202, {"comparison_id": COMPARED})
    assert desk.client.get(AT).json()["under_way"] == {"done": 12, "of": 100}
    for _ in range(2):
        cancelled = desk.client.post(f"{AT}/cancel", json={}, headers=token)
    assert cancelled.status_code == 409
    assert desk.client.get(AT).json()["under_way"] is None
    assert desk.client.post(FRESH, json={}, headers=token).status_code == 409
    for bad in ({"cases": 0}, {"cases": 201}, {"all": True}):
        assert desk.client.post(AT, json=bad, headers=token).status_code == 422


def test_nobody_else_does(desk: Desk) -> None:
    desk.enter("l.costa")
    token = {"x-csrf-token": desk.token()}
    assert desk.client.post(AT, json={}, headers=token).status_code == 403
    assert desk.client.post(f"{AT}/cancel", json={}, headers=token).status_code == 403
