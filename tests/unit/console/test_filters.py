"""Filters of the inbox: they stand in the address, go with every link, and say what they hide."""

import re

import pytest

from remit.console.asked import Asked
from remit.governance.narrow import Narrow
from tests.browser.desk import Desk
from tests.browser.samples import approval_id


def _rows(desk: Desk, path: str) -> list[str]:
    return re.findall(r'data-row href="(/inbox/[^"]+)"', desk.client.get(path).text)


def test_a_list_shows_what_its_filters_leave_and_every_link_keeps_them(desk: Desk) -> None:
    card = desk.remit.views[approval_id(0)].card
    code, money = card.reasons[0].code, card.money
    path = f"/inbox?tab=money&reason={code}&currency={money.currency}&from={money.written}"
    rows = _rows(desk, path)
    assert 0 < len(rows) < len(_rows(desk, "/inbox"))
    kept = f"?tab=money&amp;reason={code}&amp;currency={money.currency}&amp;from={money.written}"
    assert all(row.endswith(kept) for row in rows)
    item = desk.client.get(rows[0].replace("&amp;", "&")).text
    verdict = re.search(r'action="(/inbox/\w+/verdict[^"]*)"', item)[1]
    assert verdict.endswith(kept)
    tabs = re.search(r'<nav class="tabs".*?</nav>', item, re.DOTALL)[0]
    assert tabs.count(f"reason={code}") == tabs.count("<a ")


def test_further_pages_keep_the_filters(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remit.console.approvals.PAGE_ROWS", 1)
    page = desk.client.get("/inbox?currency=EUR").text
    further = re.search(r'class="further"><a href="([^"]+)"', page)[1]
    assert further.startswith("/inbox?currency=EUR&amp;after=")


def test_the_form_works_without_scripts_and_shows_what_was_asked(desk: Desk) -> None:
    page = desk.client.get("/inbox?tab=money&workflow=refund-desk&reason=a.b&from=5&currency=eur")
    form = re.search(r'<form class="filter" action="/inbox">.*?</form>', page.text, re.DOTALL)[0]
    given = dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', form))
    assert given == {
        "tab": "money", "workflow": "refund-desk", "reason": "a.b", "from": "5", "to": "",
        "currency": "EUR",
    }  # fmt: skip


def test_an_empty_list_says_which_filters_hide_everything_and_clears_each(desk: Desk) -> None:
    page = desk.client.get("/inbox?reason=no.such&currency=EUR&to=0.01").text
    empty = re.search(r'<p class="empty">.*?</p>', page, re.DOTALL)[0]
    assert "Nothing of reason no.such, money to 0.01 EUR waits" in empty
    assert 'href="/inbox?currency=EUR&amp;to=0.01">reason no.such</a>' in empty
    assert 'href="/inbox?reason=no.such">money to 0.01 EUR</a>' in empty
    assert '<a href="/inbox">' in empty


def test_what_waits_for_the_same_reason_is_one_link_away(desk: Desk) -> None:
    code = desk.remit.views[approval_id(0)].card.reasons[0].code
    page = desk.client.get(f"/inbox/{approval_id(0)}").text
    assert f'href="/inbox?reason={code}"' in page


@pytest.mark.parametrize(
    "asked",
    ["from=5", "currency=EURO", "currency=EUR&from=much", "currency=EUR&to=1e9", "currency=E1R",
     "currency=EUR&from=0.001", "currency=EUR&from=-1", "currency=JPY&to=1.5"],
)  # fmt: skip
def test_an_amount_that_is_none_is_refused_in_words(desk: Desk, asked: str) -> None:
    answer = desk.client.get(f"/inbox?{asked}")
    assert answer.status_code == 422
    assert "request.invalid" in answer.text


def test_an_address_says_the_same_list_again() -> None:
    given = {"tab": "mine", "action": "pay", "reason": "a.b", "currency": "EUR", "to": "7.5"}
    asked = Asked.of(given)
    assert {name: one for name, one in asked.members().items() if one} == given
    assert asked.narrow == Narrow.of(given)
    assert [one.words for one in asked.filters()] == [
        "action pay", "reason a.b", "money to 7.5 EUR",
    ]  # fmt: skip
