"""The page of stops: set one, say that it may go on, and what is refused."""

from tests.browser.desk import Desk
from tests.browser.samples import case_id


def test_the_page_says_what_is_stopped_what_finishes_and_what_waits(desk: Desk) -> None:
    page = desk.client.get("/stops").text
    for said in (
        "connector:shop",
        "answered twice to one refund",
        "set by A. Weber",
        "1,204 waiting",
        "3 under way when it was set, not all ended",
        "1 under way when it was set, ended after 412 ms",
        "Still finishing",
        "and 1,199 more, oldest first",
        "L. Costa says it may go on",
    ):
        assert said in page, said


def test_an_operator_stops_something_and_the_frame_counts_it(desk: Desk) -> None:
    answer = desk.send("/stops", scope="workflow:refund-desk", sentence="wait", hard="yes")
    assert answer.headers["location"] == "/stops?told=set&scope=workflow%3Arefund-desk"
    page = desk.client.get(answer.headers["location"]).text
    assert "Stopped: <code>workflow:refund-desk</code>" in page
    assert 'data-count="stops">3<' in page
    again = desk.send("/stops", scope="workflow:refund-desk", sentence="second")
    assert "told=stood" in again.headers["location"]


def test_a_typed_case_goes_before_the_list(desk: Desk) -> None:
    desk.send("/stops", scope="everything", typed=f"case:{case_id(7)}", sentence="look first")
    assert f"case:{case_id(7)}" in [one.scope for one in desk.remit.stops()]
    assert "everything" not in [one.scope for one in desk.remit.stops()]


def test_two_people_lift_a_stop(desk: Desk) -> None:
    answer = desk.send("/stops/lift", scope="connector:shop", reason="tried one")
    assert "told=lifted" in answer.headers["location"]
    desk.send("/stops", scope="everything", sentence="wait")
    answer = desk.send("/stops/lift", scope="everything", reason="over")
    assert "told=asked" in answer.headers["location"]
    assert "everything" in [one.scope for one in desk.remit.stops()]


def test_an_unknown_scope_and_an_empty_sentence_are_refused(desk: Desk) -> None:
    answer = desk.send("/stops", typed="everythin", sentence="wait")
    assert answer.status_code == 404
    assert "near are" in answer.text
    assert desk.send("/stops", scope="everything", sentence=" ").status_code == 422


def test_who_may_read_only_sees_no_form_and_may_not_send_one(desk: Desk) -> None:
    desk.enter("i.auditor")
    assert 'action="/stops' not in desk.client.get("/stops").text
    assert desk.send("/stops", scope="everything", sentence="wait").status_code == 403
    assert desk.send("/stops/lift", scope="connector:shop", reason="go").status_code == 403
