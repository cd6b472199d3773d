"""Several items answered together: what is shown, what must be read, and what is refused."""

import re
from dataclasses import replace

from remit.domain.money import Money
from tests.browser.desk import Desk
from tests.browser.samples import approval_id

PAGE = "/inbox/batch?workflow=refund-desk&action=issue_refund"


def _form(page: str) -> dict[str, object]:
    """Return what the page's own form would send for a yes."""
    return {
        "batch": re.search(r'name="batch" value="(\w+)"', page)[1],
        "member": list(dict.fromkeys(re.findall(r'name="member" value="([^"]+)"', page))),
        "read": re.findall(r'name="read" value="(\w+)"', page),
        "verdict": "approve",
    }


def test_what_is_alike_is_summed_and_what_is_not_is_named(desk: Desk) -> None:
    page = desk.client.get(PAGE).text
    assert "3 of issue_refund together" in page
    assert "€1,905.47" in page
    assert "36.9 times the median" in page
    assert "it cannot be undone" in page
    assert page.count("I have read this one") == 3
    assert "<script>document.title" not in page


def test_a_yes_is_one_vote_for_each_and_can_be_taken_back_whole(desk: Desk) -> None:
    given = _form(desk.client.get(PAGE).text)
    answer = desk.send("/inbox/batch", **given)
    assert answer.status_code == 200
    assert "3 approved" in answer.text
    assert len(desk.remit.decided) == 3
    back = desk.send(f"/inbox/batch/{given['batch']}/take-back")
    assert "3 taken back" in back.text


def test_what_was_drawn_must_be_read_first(desk: Desk) -> None:
    given = _form(desk.client.get(PAGE).text)
    given["read"] = given["read"][:-1]
    answer = desk.send("/inbox/batch", **given)
    assert answer.status_code == 422
    assert desk.remit.decided == []


def test_a_batch_that_is_not_the_one_shown_decides_nothing(desk: Desk) -> None:
    given = _form(desk.client.get(PAGE).text)
    given["member"] = given["member"][:-1]
    answer = desk.send("/inbox/batch", **given)
    assert answer.status_code == 409
    assert desk.remit.decided == []


def test_unchecking_makes_another_batch_of_the_rest(desk: Desk) -> None:
    page = desk.client.get(PAGE).text
    ids = re.findall(r'name="id" value="(\w+)"', page)
    rest = desk.client.get("/inbox/batch", params={"id": ids[1:]}).text
    assert "2 of issue_refund together" in rest
    assert _form(rest)["batch"] != _form(page)["batch"]


def test_rejecting_several_needs_a_reason_and_no_reading(desk: Desk) -> None:
    given = _form(desk.client.get(PAGE).text) | {"verdict": "reject", "read": []}
    assert desk.send("/inbox/batch", **given).status_code == 422
    assert desk.remit.decided == []
    answer = desk.send("/inbox/batch", **given, reason="amount")
    assert "3 rejected" in answer.text
    assert {reason for _, _, reason in desk.remit.decided} == {"amount"}


def test_one_that_changed_meanwhile_is_left_out_and_named(desk: Desk) -> None:
    given = _form(desk.client.get(PAGE).text)
    first = str(given["member"][0]).partition(":")[0]
    card = desk.remit.views[first].card
    desk.send(f"/inbox/{first}/verdict", verdict="reject", digest=card.digest, reason="facts")
    answer = desk.send("/inbox/batch", **given)
    assert "2 approved" in answer.text
    assert "Left out: 1" in answer.text
    assert f"/inbox/{first}" in answer.text


def test_nothing_alike_is_said(desk: Desk) -> None:
    answer = desk.client.get("/inbox/batch", params={"id": approval_id(3)})
    assert answer.status_code == 422
    assert "cannot be undone" in answer.text


def test_amounts_of_several_currencies_are_summed_apart(desk: Desk) -> None:
    first = desk.remit.views[approval_id(0)]
    card = replace(first.card, money=Money.of("10.00 GBP"))
    desk.remit.views[approval_id(0)] = replace(first, card=card)
    page = desk.client.get(PAGE).text
    assert "€61.90 and £10.00" in page
    assert "Approve 3 · €61.90 · £10.00" in page
