"""The page of audits: a blind answer, and what somebody did themselves."""

import re

import pytest

from tests.browser.desk import Desk
from tests.browser.sample_audits import audit_id


@pytest.mark.parametrize("path", ["/audits", *(f"/audits/{audit_id(one)}" for one in range(3))])
def test_a_page_keeps_text_from_outside_inert(desk: Desk, path: str) -> None:
    answer = desk.client.get(path)
    assert answer.status_code == 200
    for told in ("<script>document.title", "<img", "\u202e", " style="):
        assert told not in answer.text


def test_one_is_judged_and_leaves_the_list(desk: Desk) -> None:
    page = desk.client.get(f"/audits/{audit_id(0)}").text
    assert "Refund 19.00 EUR" in page
    path = f"/audits/{audit_id(0)}/judge"
    for given, status in (
        ({}, 422),
        ({"finding": "perhaps"}, 422),
        ({"finding": "wrong", "cause": "mood"}, 422),
        ({"finding": "wrong"}, 422),
        ({"finding": "right", "labels": "x"}, 422),
        ({"finding": "right", "labels": "4"}, 409),
    ):
        assert desk.send(path, **{"labels": "0", **given}).status_code == status, given
    done = desk.send(path, finding="wrong", cause="amount", labels="0", seconds="12")
    assert (done.status_code, done.headers["location"]) == (303, "/audits?said=judged")
    assert audit_id(0) not in desk.client.get("/audits").text
    assert desk.client.get(f"/audits/{audit_id(0)}").status_code == 404


def test_the_proposal_is_shown_when_it_is_said_what_was_done(desk: Desk) -> None:
    before = desk.client.get(f"/audits/{audit_id(1)}").text
    assert "What did you do about this?" in before
    assert "Refund 19.00 EUR" not in before
    after = desk.send(
        f"/audits/{audit_id(1)}/own", labels="0", did="it", **{"field.amount": "18.00 EUR"}
    )
    assert after.status_code == 200
    assert "It differs from what you did" in after.text
    assert "Refund 19.00 EUR" in after.text


def test_reviewers_see_themselves_and_owners_see_all(desk: Desk) -> None:
    own = desk.client.get("/reviewers").text
    assert "A. Weber: 98 %, between 86 % and 100 %" in own
    assert "Gone" not in own
    desk.enter("l.costa")
    whole = desk.client.get("/reviewers").text
    for said in ("Gone approves too much of what is wrong", "49 of 50", "not known"):
        assert said in whole
    rows = desk.client.get("/api/reviewers").json()["workflows"][0]["rows"]
    assert [one["reviewer"] for one in rows] == ["a.weber", "gone", "l.costa"]


def test_what_was_called_wrong_is_contested_from_the_rows_of_its_cell(desk: Desk) -> None:
    path = f"/audits/{audit_id(0)}/contest"
    assert desk.send(path).status_code == 422
    done = desk.send(path, reason="it was as the customer asked")
    assert (done.status_code, done.headers["location"]) == (303, "/audits?said=contested")
    assert "until a second person says" in desk.client.get("/audits?said=contested").text
    shown = desk.client.get("/remit/refund-desk/close_ticket/all").text
    assert re.search(r'action="/audits/\w+/contest"', shown)
