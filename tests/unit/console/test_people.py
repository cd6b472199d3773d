"""The page of people: who decides what, who stands in; lending and ending without scripts."""

from datetime import UTC, datetime

import pytest

from tests.browser.desk import Desk
from tests.browser.sample_people import LENT

LEND = {"to": "l.costa", "until": "2027-01-04T18:00"}


def test_it_says_who_decides_what_who_stands_in_and_what_nobody_decides(desk: Desk) -> None:
    page = desk.client.get("/people").text
    assert "Nobody has the role invoice-approver for invoice-desk" in page
    assert "L. Costa for A. Weber" in page
    assert "up to €250.00" in page
    assert '<th scope="row">A. Weber</th><td>refund-approver</td><td>refund-desk</td>' in page
    assert "Gone (not active)" in page
    assert page.count('action="/people/end"') == 1  # what this person has to do with
    assert "in UTC" in page


def test_somebody_lends_and_ends_it(desk: Desk) -> None:
    answer = desk.send(
        "/people/lend", **LEND, cap="100.00 EUR", begins="2026-12-24T08:00",
        **{"in:refund-desk": "yes"},
    )  # fmt: skip
    assert answer.headers["location"] == "/people?told=lent"
    (made,) = [one for one in desk.remit.delegations(person="a.weber") if one.until.year == 2027]
    assert (made.giver, made.to, made.workflows) == ("a.weber", "l.costa", ("refund-desk",))
    assert made.begins == datetime(2026, 12, 24, 8, tzinfo=UTC)
    assert desk.send("/people/end", delegation=made.delegation_id).headers["location"] == (
        "/people?told=ended"
    )
    assert {one.delegation_id for one in desk.remit.delegations(person="a.weber")} == set(LENT)


def test_an_owner_lends_for_who_is_away(desk: Desk) -> None:
    desk.send("/people/lend", **LEND, giver="gone", **{"in:refund-desk": "yes"})
    assert "gone" in {one.giver for one in desk.remit.delegations(person="a.weber")}


@pytest.mark.parametrize(
    "wrong", [{"to": ""}, {"until": ""}, {"until": "soon"}, {"cap": "much"}, {"cap": "0.001 EUR"}]
)
def test_what_does_not_read_is_refused_with_its_field(desk: Desk, wrong: dict[str, str]) -> None:
    answer = desk.send("/people/lend", **(LEND | wrong))
    assert answer.status_code == 422
    assert f"<code>{next(iter(wrong))}</code>" in answer.text or next(iter(wrong)) in answer.text


def test_who_may_not_decide_sees_it_and_lends_nothing(desk: Desk) -> None:
    desk.enter("i.auditor")
    page = desk.client.get("/people").text
    assert 'action="/people/' not in page
    assert desk.send("/people/lend", **LEND).status_code == 403
    assert desk.send("/people/end", delegation="x").status_code == 403
