"""The page of limits, and the same over the API: how full each is, raised by its owner."""

from tests.browser.desk import Desk


def test_the_page_says_what_is_allowed_taken_and_waiting(desk: Desk) -> None:
    page = desk.client.get("/limits").text
    for said in (
        "refunds-a-day",
        "900.00 EUR in 1 d",
        "raised from 500.00 EUR until",
        "taken where it is fullest: 871.40 EUR",
        "1,204 waiting",
        "counts also what a person approved",
        "outside it the case goes to a person",
    ):
        assert said in page, said
    assert page.count('action="/limits/raise"') == 1  # of the one that this person owns


def test_its_owner_raises_it_for_some_hours(desk: Desk) -> None:
    answer = desk.send("/limits/raise", name="pilot", max="40", hours="5", reason="a recall")
    assert answer.headers["location"] == "/limits?raised=pilot"
    assert desk.remit.raised == [("pilot", "40", 18_000, "a recall")]


def test_nobody_else_raises_it_and_what_is_written_is_read(desk: Desk) -> None:
    given = {"name": "refunds-a-day", "max": "900 EUR", "hours": "5", "reason": "x"}
    assert desk.send("/limits/raise", **given).status_code == 403
    assert desk.send("/limits/raise", **(given | {"name": "none"})).status_code == 404
    for wrong in ({"hours": "many"}, {"hours": "9999"}, {"reason": ""}, {"max": "many"}):
        given = {"name": "pilot", "max": "40", "hours": "5", "reason": "x"} | wrong
        assert desk.send("/limits/raise", **given).status_code == 422


def test_the_api_lists_and_raises(desk: Desk) -> None:
    first, second = desk.client.get("/api/limits").json()["limits"]
    assert (first["allowed"], second["escalates"]) == ("900.00 EUR", True)
    given = {"name": "pilot", "max": "40", "seconds": 60, "reason": "a recall"}
    headers = {"x-csrf-token": desk.token()}
    answer = desk.client.post("/api/limits/raise", json=given, headers=headers)
    assert answer.json() == {"name": "pilot", "raised": True}
    for wrong in ({"seconds": 0}, {"reason": ""}, {"by": "me"}):
        answer = desk.client.post("/api/limits/raise", json=given | wrong, headers=headers)
        assert answer.status_code == 422
