"""The page of rules: in sentences, what waits, signing and refusing it, and asking."""

import pytest

from tests.browser.desk import Desk
from tests.browser.sample_policies import CHANGE, DESK
from tests.browser.samples import case_id

SIGNED = {"workflow": DESK, "change": CHANGE}


def test_the_page_says_each_rule_with_its_owner_and_last_use(desk: Desk) -> None:
    page = desk.client.get("/policies").text
    for said in (
        "3 rules in force since",
        "Above 500 euro two people must agree",
        "money.cedar line 11",
        "9 of the last 200",
        "not in the last 200",
        f'href="/cases/{case_id(3)}"',
        "Nobody moves more than 500 euro alone",
        "No rule: everything waits.",
    ):
        assert said in page, said


def test_what_waits_is_shown_whole_with_its_digest(desk: Desk) -> None:
    page = desk.client.get("/policies").text
    for said in (
        "Changed rules wait for two people",
        "I. Auditor proposed them",
        "hold becomes allow",
        "2 of them nearer to an allow",
        "<del>-when { context.args.amount &gt; 50000 }</del>",
        "20,000 of 64,800 requests asked",
        CHANGE,
        f'href="/cases/{case_id(2)}"',
    ):
        assert said in page, said


def test_two_people_sign_a_change_and_it_is_in_force(desk: Desk) -> None:
    answer = desk.send("/policies/sign", **SIGNED)
    assert answer.headers["location"] == "/policies?told=signed"
    page = desk.client.get("/policies?told=signed").text
    assert "One more person who did not propose it must sign" in page
    assert "You have signed this" in page
    desk.enter("l.costa")
    answer = desk.send("/policies/sign", **SIGNED)
    assert "told=in+force" in answer.headers["location"]
    assert "Changed rules wait" not in desk.client.get("/policies").text


def test_who_proposed_a_change_is_offered_no_signature(desk: Desk) -> None:
    desk.send("/policies/propose", workflow=DESK, which="candidate")
    page = desk.client.get("/policies").text
    assert "You proposed this, so others sign it" in page
    assert 'action="/policies/sign"' not in page
    assert desk.send("/policies/sign", **SIGNED).status_code == 403


def test_a_refusal_needs_a_reason(desk: Desk) -> None:
    assert desk.send("/policies/refuse", **SIGNED, reason=" ").status_code == 422
    answer = desk.send("/policies/refuse", **SIGNED, reason="who looks at the amount?")
    assert answer.headers["location"] == "/policies?told=refused"


def test_the_rules_are_asked_in_a_form_and_keep_what_was_typed(desk: Desk) -> None:
    page = desk.send(
        "/policies/ask", action=f"{DESK}.issue_refund", arguments="amount = 600.00 EUR", votes="1",
        level="autonomous",
    ).text  # fmt: skip
    assert "<strong>hold</strong> by refunds-are-permitted, two-above-500" in page
    assert "lifted by 2 people" in page
    assert "amount = 600.00 EUR</textarea>" in page


@pytest.mark.parametrize(
    "fields",
    [{"arguments": "amount"}, {"votes": "many"}, {"votes": "99"}, {"action": ""}],
    ids=["no value", "no number", "too many", "no action"],
)
def test_a_question_that_cannot_be_read_names_the_field(
    desk: Desk, fields: dict[str, str]
) -> None:
    given = {"action": f"{DESK}.issue_refund", **fields}
    answer = desk.send("/policies/ask", **given)
    assert answer.status_code == 422
    assert next(iter(fields)) in answer.text


def test_who_may_read_only_is_offered_no_change(desk: Desk) -> None:
    desk.enter("i.auditor")
    page = desk.client.get("/policies").text
    for path in ("sign", "refuse", "propose", "reload"):
        assert f'action="/policies/{path}"' not in page, path
    assert 'action="/policies/ask' in page
    assert desk.send("/policies/reload").status_code == 403


def test_looking_at_the_folders_again_changes_nothing_by_get(desk: Desk) -> None:
    assert desk.client.get("/policies/reload").status_code == 405
    assert desk.send("/policies/reload").headers["location"] == "/policies?told=looked"
