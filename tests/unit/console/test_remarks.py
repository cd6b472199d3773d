"""What people do about an item without deciding it, as pages show it and forms send it."""

import pytest

from tests.browser.desk import Desk
from tests.browser.samples import HOSTILE, approval_id

ITEM = f"/inbox/{approval_id(6)}"


def test_each_act_has_a_form_that_works_without_scripts(desk: Desk) -> None:
    page = desk.client.get(ITEM).text
    for act in ("ask", "comment", "assign", "snooze"):
        assert f'href="{ITEM}?act={act}"' in page
        assert f'action="{ITEM}/' in desk.client.get(f"{ITEM}?act={act}").text


def test_a_claim_shows_on_the_item_and_in_the_list(desk: Desk) -> None:
    assert desk.send(f"{ITEM}/claim").headers["location"] == ITEM
    page = desk.client.get(ITEM).text
    assert "a.weber</strong> is at it until" in page
    assert "a.weber at it</span>" in page
    desk.send(f"{ITEM}/claim", let_go="yes")
    assert "a.weber</strong> is at it" not in desk.client.get(ITEM).text
    assert desk.send(f"/inbox/{approval_id(5)}/claim").status_code == 409


def test_a_question_is_shown_with_whom_it_asks(desk: Desk) -> None:
    desk.send(f"{ITEM}/comment", text="is it <b>back</b>?", ask="l.costa")
    page = desk.client.get(ITEM).text
    assert "l.costa</strong> is asked" in page
    assert "is it &lt;b&gt;back&lt;/b&gt;?" in page
    assert desk.send(f"{ITEM}/comment", text=" ").status_code == 422


def test_it_is_passed_to_somebody_who_may_decide_it(desk: Desk) -> None:
    assert desk.send(f"{ITEM}/assign", to="l.costa").status_code == 303
    assert "It is with l.costa now" in desk.client.get(ITEM).text
    assert desk.send(f"{ITEM}/assign", to="i.auditor").status_code == 403


@pytest.mark.parametrize(("minutes", "status"), [("60", 303), ("due", 303), ("7", 422)])
def test_a_snooze_is_one_of_those_that_are_offered(desk: Desk, minutes: str, status: int) -> None:
    assert desk.send(f"{ITEM}/snooze", minutes=minutes).status_code == status
    listed = desk.client.get("/inbox?tab=snoozed").text
    assert (f'href="{ITEM}' in listed) == (status == 303)


def test_what_is_overdue_cannot_be_snoozed_and_says_so(desk: Desk) -> None:
    late = f"/inbox/{approval_id(0)}"
    assert "It is overdue" in desk.client.get(f"{late}?act=snooze").text
    assert desk.send(f"{late}/snooze", minutes="due").status_code == 422


def test_what_was_said_stands_with_the_item_and_is_inert(desk: Desk) -> None:
    page = desk.client.get(f"/inbox/{approval_id(5)}").text
    assert "What people said and did" in page
    assert "Changed since it was asked before" in page
    assert HOSTILE.split("<img", maxsplit=1)[0] not in page
    assert "show all 3,200 characters" in page


def test_an_auditor_is_offered_none_of_it(desk: Desk) -> None:
    desk.enter("i.auditor")
    assert "?act=comment" not in desk.client.get(ITEM).text
    assert desk.send(f"{ITEM}/comment", text="x").status_code == 403
