"""Pages without a browser: reading, deciding, and what is refused."""

import re

import pytest

from tests.browser.desk import Desk
from tests.browser.sample_duties import rollback_id, task_id
from tests.browser.samples import HOSTILE, approval_id, case_id

PAGES = [
    "/inbox",
    "/inbox?tab=money",
    f"/inbox/{approval_id(3)}",
    f"/inbox/{approval_id(0)}?act=reject",
    f"/inbox/{approval_id(0)}?act=edit",
    "/cases",
    "/cases?status=closed&workflow=refund-desk",
    f"/cases/{case_id(3)}",
    f"/cases/{case_id(1)}?view=technical",
    f"/cases/{case_id(1)}/masked",
    "/quarantine",
    f"/quarantine/{case_id(21)}",
    f"/quarantine/{case_id(22)}",
    f"/quarantine/{case_id(23)}",
    "/tasks",
    "/tasks?tab=closed",
    *(f"/tasks/{task_id(number)}" for number in range(5)),
    "/rollbacks",
    "/rollbacks?workflow=refund-desk",
    f"/rollbacks/{rollback_id(1)}",
    "/workflows",
    "/stops",
    "/people",
    "/limits",
    "/ledger",
    "/health",
    "/help",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_reads_and_keeps_text_from_outside_inert(desk: Desk, path: str) -> None:
    answer = desk.client.get(path)
    assert answer.status_code == 200
    assert "<script>document.title" not in answer.text
    assert "<img" not in answer.text
    assert "\u202e" not in answer.text
    assert " style=" not in answer.text
    assert " onerror=" not in answer.text.replace("img src=x onerror=", "")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/inbox", "/static/x/none", "/nothing"])
def test_every_answer_carries_the_strict_policy(desk: Desk, path: str) -> None:
    headers = desk.client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_nobody_reads_without_signing_in(desk: Desk) -> None:
    desk.client.cookies.clear()
    for path in ["/", *PAGES, "/events"]:
        answer = desk.client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_opening_the_sign_in_page_with_a_code_does_not_use_the_code_up(desk: Desk) -> None:
    code = desk.sign_in.issue("a.weber")
    desk.client.cookies.clear()
    page = desk.client.get(f"/sign-in?code={code}")
    assert code in page.text
    entered = desk.client.post("/sign-in", data={"code": code})
    assert entered.status_code == 303
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    desk.client.cookies.clear()
    assert desk.client.post("/sign-in", data={"code": code}).status_code == 401


def test_an_approval_leads_to_the_next_item_and_can_be_taken_back(desk: Desk) -> None:
    first = desk.remit.views[approval_id(0)].card
    answer = desk.send(
        f"/inbox/{first.approval_id}/verdict", verdict="approve", digest=first.digest, seconds="9"
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/inbox/{approval_id(1)}?done={approval_id(0)}"
    page = desk.client.get(answer.headers["location"]).text
    assert "Approved." in page
    assert "Take back" in page
    assert "8 left." in page
    desk.send(f"/inbox/{first.approval_id}/take-back")
    assert desk.remit.views[first.approval_id].effect_state == "withdrawn"


def test_a_verdict_on_an_older_version_is_refused_and_says_so(desk: Desk) -> None:
    answer = desk.send(
        f"/inbox/{approval_id(0)}/verdict", verdict="approve", digest="an older one"
    )
    assert answer.status_code == 409
    assert "This changed after it was shown to you" in answer.text
    assert "approval.stale" in answer.text
    assert desk.remit.decided == []


def test_the_second_of_two_people_reads_who_was_first(desk: Desk) -> None:
    card = desk.remit.views[approval_id(0)].card
    path = f"/inbox/{card.approval_id}/verdict"
    desk.send(path, verdict="approve", digest=card.digest)
    desk.enter("l.costa")
    answer = desk.send(path, verdict="reject", reason="facts", digest=card.digest)
    assert answer.status_code == 409
    assert "a.weber" in answer.text
    assert len(desk.remit.decided) == 1


def test_a_rejection_needs_a_reason(desk: Desk) -> None:
    card = desk.remit.views[approval_id(0)].card
    path = f"/inbox/{card.approval_id}/verdict"
    assert desk.send(path, verdict="reject", digest=card.digest).status_code == 422
    assert desk.remit.decided == []
    assert (
        desk.send(path, verdict="reject", digest=card.digest, reason="amount").status_code == 303
    )
    assert desk.remit.decided[0][2] == "amount"


def test_an_edit_leads_to_its_own_new_version(desk: Desk) -> None:
    card = desk.remit.views[approval_id(0)].card
    path = f"/inbox/{card.approval_id}/verdict"
    refused = desk.send(path, verdict="edit", digest=card.digest, **{"field.amount": "19.00"})
    assert refused.status_code == 422
    taken = desk.send(path, verdict="edit", digest=card.digest, **{"field.amount": "19.00 EUR"})
    assert taken.headers["location"].startswith(f"/inbox/{9:032x}?done=")


def test_an_irreversible_yes_is_typed_again(desk: Desk) -> None:
    card = desk.remit.views[approval_id(3)].card
    path = f"/inbox/{card.approval_id}/verdict"
    assert desk.send(path, verdict="approve", digest=card.digest).status_code == 422
    assert desk.send(path, verdict="approve", digest=card.digest, again="1").status_code == 422
    assert desk.remit.decided == []
    typed = desk.send(path, verdict="approve", digest=card.digest, again="18,848.17")
    assert typed.status_code == 303


def test_no_get_changes_anything(desk: Desk) -> None:
    card = desk.remit.views[approval_id(0)].card
    asked = f"?verdict=approve&digest={card.digest}&csrf={desk.token()}"
    assert desk.client.get(f"/inbox/{card.approval_id}/verdict{asked}").status_code == 405
    assert desk.client.get(f"/inbox/{card.approval_id}{asked}").status_code == 200
    assert desk.remit.decided == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-site"},
    ],
)
def test_a_change_from_elsewhere_is_refused(desk: Desk, headers: dict[str, str]) -> None:
    card = desk.remit.views[approval_id(0)].card
    fields = {"csrf": desk.token(), "verdict": "approve", "digest": card.digest}
    path = f"/inbox/{card.approval_id}/verdict"
    assert desk.client.post(path, data=fields, headers=headers).status_code == 403
    assert desk.remit.decided == []


@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_a_change_without_the_sessions_own_token_is_refused(desk: Desk, token: str) -> None:
    card = desk.remit.views[approval_id(0)].card
    fields = {"csrf": token, "verdict": "approve", "digest": card.digest}
    answer = desk.client.post(f"/inbox/{card.approval_id}/verdict", data=fields)
    assert answer.status_code == 403
    assert desk.remit.decided == []


def test_a_browser_whose_origin_reads_null_is_believed_by_its_fetch_site(desk: Desk) -> None:
    card = desk.remit.views[approval_id(0)].card
    answer = desk.client.post(
        f"/inbox/{card.approval_id}/verdict",
        data={"csrf": desk.token(), "verdict": "approve", "digest": card.digest},
        headers={"origin": "null", "sec-fetch-site": "same-origin"},
    )
    assert answer.status_code == 303


def test_an_auditor_reads_everything_and_changes_nothing(desk: Desk) -> None:
    desk.enter("i.auditor")
    for path in PAGES:
        assert desk.client.get(path).status_code == 200
    card = desk.remit.views[approval_id(0)].card
    for path, fields in {
        f"/inbox/{card.approval_id}/verdict": {"verdict": "approve", "digest": card.digest},
        f"/quarantine/{case_id(21)}/release": {"field.amount": "1 EUR"},
        f"/cases/{case_id(3)}/close": {"note": "x"},
    }.items():
        assert desk.send(path, **fields).status_code == 403
    assert (desk.remit.decided, desk.remit.released, desk.remit.ended) == ([], {}, {})


def test_quarantine_is_settled_by_choice_or_by_typing(desk: Desk) -> None:
    path = f"/quarantine/{case_id(21)}/release"
    assert desk.send(path).status_code == 422
    desk.send(path, **{"choice.ordered_on": "2026-04-03", "field.amount": " 19.00 EUR "})
    assert desk.remit.released[case_id(21)] == {"ordered_on": "2026-04-03", "amount": "19.00 EUR"}
    for number in (22, 23):
        desk.send(f"/quarantine/{case_id(number)}/discard", reason="spam")
    assert "Nothing in quarantine" in desk.client.get("/quarantine").text


def test_the_quarantine_says_why_how_old_and_whose(desk: Desk) -> None:
    page = desk.client.get("/quarantine").text
    assert "L. Costa answers for it" in page
    assert "nobody answers for it: Gone has left" in page
    assert "2 h ago" in page
    one = desk.client.get("/quarantine?workflow=triage").text
    assert f"/quarantine/{case_id(22)}" in one
    assert f"/quarantine/{case_id(21)}" not in one
    none = desk.client.get("/quarantine?workflow=nothing").text
    assert "Nothing of nothing in quarantine" in none


def test_what_is_still_doubtful_stands_beside_its_field_with_what_was_typed(desk: Desk) -> None:
    """Nothing that was given is lost, and nothing is released."""
    given = {"field.amount": "19.00 again", "choice.ordered_on": "2026-03-04"}
    answer = desk.send(f"/quarantine/{case_id(21)}/release", **given)
    assert answer.status_code == 422
    assert "1 field still has no certain reading" in answer.text
    assert 'value="19.00 again"' in answer.text
    assert 'value="2026-03-04" checked' in answer.text
    assert 'aria-describedby="f2-left"' in answer.text
    assert "names no currency" in answer.text
    assert desk.remit.released == {}


def test_a_reading_that_leads_nowhere_is_shown_without_a_button(desk: Desk) -> None:
    page = desk.client.get(f"/quarantine/{case_id(21)}").text
    assert "as an English number" in page
    assert 'name="choice.amount" value="1234"' in page
    assert 'name="choice.amount" value="1.234"' not in page


def test_a_sealed_message_can_only_be_refused(desk: Desk) -> None:
    page = desk.client.get(f"/quarantine/{case_id(23)}").text
    assert "Nothing of it can be shown" in page
    assert ">Release<" not in page
    assert ">Discard<" in page


def test_a_message_that_waits_no_more_leads_to_its_case(desk: Desk) -> None:
    answer = desk.client.get(f"/quarantine/{case_id(2)}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{case_id(2)}")
    assert desk.client.get("/quarantine/none").status_code == 404


def test_what_was_masked_is_told_without_a_way_to_see_it(desk: Desk) -> None:
    path = f"/cases/{case_id(1)}"
    assert f'href="{path}/masked"' in desk.client.get(path).text
    page = desk.client.get(f"{path}/masked").text
    assert "at nordlicht.example" in page
    assert "Visa, ends in 1111" in page
    assert "No read and no action of this workflow may receive it" in page
    assert "mail:case.sender" in page
    assert f'href="{path}#n8825"' in page
    main = page.split("<main", 1)[1]
    assert "<button" not in main
    assert "<form" not in main
    assert desk.client.get("/cases/none/masked").status_code == 404


def test_an_escalated_case_is_closed_or_handed_back_with_a_note(desk: Desk) -> None:
    path = f"/cases/{case_id(3)}"
    assert "A person has this case" in desk.client.get(path).text
    assert desk.send(f"{path}/close").status_code == 422
    assert desk.send(f"{path}/hand-back", note="the order is 35979").status_code == 303
    assert desk.remit.ended == {case_id(3): "back: the order is 35979"}


def test_an_undo_is_proposed_and_says_so(desk: Desk) -> None:
    answer = desk.send(f"/cases/{case_id(1)}/effects/{'a' * 32}/undo", reason="paid twice")
    assert "The undo is proposed" in desk.client.get(answer.headers["location"]).text


def test_the_ledger_says_what_verifying_found(desk: Desk) -> None:
    assert "Not verified since Remit started" in desk.client.get("/ledger").text
    desk.send("/ledger/verify")
    page = desk.client.get("/ledger").text
    assert "Intact" in page
    assert "not anchored outside this host" in page


def test_an_item_that_is_not_there_is_a_page_that_leads_back(desk: Desk) -> None:
    answer = desk.client.get("/inbox/none")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_another_host_name_is_not_answered(desk: Desk) -> None:
    assert desk.client.get("/inbox", headers={"host": "evil.example"}).status_code == 421


def test_a_static_file_is_kept_for_ever_under_its_hash_only(desk: Desk) -> None:
    page = desk.client.get("/inbox").text
    address = page.split('<link rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in desk.client.get(address).headers["cache-control"]
    assert desk.client.get("/static/0/style.css").headers["cache-control"] == "no-store"
    assert desk.client.get("/static/0/..%2fpages.py").status_code == 404


def test_a_first_load_stays_small(desk: Desk) -> None:
    page = desk.client.get("/inbox")
    assert "content-encoding" not in page.headers
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    sizes = {name: int(desk.client.get(name).headers["content-length"]) for name in set(addresses)}
    assert len(sizes) + 1 <= 8
    assert sum(sizes.values()) + len(page.content) < 60_000


def test_display_choices_are_kept_in_this_browser(desk: Desk) -> None:
    desk.send("/preferences", scheme="dark", density="compact", keys="off")
    page = desk.client.get("/help").text
    assert 'data-scheme="dark" data-density="compact" data-keys="off"' in page


def test_the_gallerys_hostile_text_is_shown_as_words(desk: Desk) -> None:
    assert "&lt;script&gt;" in desk.client.get(f"/inbox/{approval_id(0)}").text
    assert "<script>" in HOSTILE


def test_an_open_case_can_be_cancelled_and_a_closed_one_not(desk: Desk) -> None:
    path = f"/cases/{case_id(2)}"
    assert "Cancel the case" in desk.client.get(path).text
    assert desk.send(f"{path}/cancel", reason="asked for twice").status_code == 303
    assert desk.remit.cancelled == [(case_id(2), "a.weber", "asked for twice")]
    assert "Cancel the case" not in desk.client.get(f"/cases/{case_id(4)}").text
    assert desk.send(f"/cases/{case_id(4)}/cancel", reason="late").status_code == 409


def test_the_health_page_says_what_to_do_where_it_is_not_good(desk: Desk) -> None:
    text = desk.client.get("/health").text
    assert "3 to act on, 9 to look at" in text
    assert text.count(">alarm</span>") == 3
    assert "Ask the other system what became of them" in text
    assert '<dd data-count="parked">' in text
    row = re.search(r'<th scope="row">2026-11-24</th>(.*?)</tr>', text)
    assert row
    assert re.findall(r"<td>([\d,]+)</td>", row[1]) == ["1,200", "60", "900", "2", "7", "1,150"]


def test_the_health_page_of_a_desk_that_does_well_says_so(desk: Desk) -> None:
    desk.remit.well = True
    text = desk.client.get("/health").text
    assert "Nothing needs you, as of" in text
    assert "verdict-look" not in text
    assert "verdict-act" not in text


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("tab=team", 9),
        ("tab=overdue", 2),
        ("tab=money", 5),
        ("tab=changed", 1),
        ("workflow=refund-desk&action=send_reply", 5),
        ("workflow=nobody", 0),
    ],
)
def test_a_list_holds_what_its_address_asks_for(desk: Desk, asked: str, shown: int) -> None:
    page = desk.client.get(f"/inbox?{asked}").text
    assert page.count("data-row") == shown


def test_what_waits_by_action_is_a_link_to_just_that(desk: Desk) -> None:
    page = desk.client.get("/inbox?tab=money").text
    assert "/inbox?tab=money&amp;workflow=refund-desk&amp;action=issue_refund" in page


def test_a_person_vouches_for_a_value_that_is_not_proved(desk: Desk) -> None:
    """The form names the values, asks how they know, and approves nothing."""
    path = f"/inbox/{approval_id(0)}"
    page = desk.client.get(f"{path}?act=endorse").text
    assert "Which value do you vouch for?" in page
    assert 'name="parameter" value="recipient"' in page
    assert desk.send(f"{path}/endorse", sentence="I called them").status_code == 422
    assert desk.send(f"{path}/endorse", parameter="recipient").status_code == 422
    sent = desk.send(f"{path}/endorse", parameter="recipient", sentence="I called them")
    assert (sent.status_code, sent.headers["location"]) == (303, path)
    assert desk.remit.decided == []
    odd = desk.send(f"{path}/endorse", parameter="recipient", sentence="x y", scope="world")
    assert odd.status_code == 422
