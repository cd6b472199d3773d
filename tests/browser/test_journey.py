"""A person works in the console: with the keyboard alone, and with scripts switched off."""

import pytest
from playwright.sync_api import Page, expect

from remit.domain.approval import Verdict
from tests.browser.conftest import Open, until
from tests.browser.samples import approval_id, case_id
from tests.browser.serving import Running

pytestmark = pytest.mark.browser


def _settled(page: Page) -> None:
    """Wait until a key may decide: for 300 ms after its scripts ran, a page decides nothing."""
    until(
        page,
        "(() => { const came = performance.getEntriesByType('navigation')[0]"
        ".domContentLoadedEventEnd; return came > 0 && performance.now() - came > 300; })()",
    )


def test_a_day_at_the_desk_without_a_mouse(open_page: Open, served: Running) -> None:
    page = open_page()
    expect(page.locator("#sentence")).to_contain_text("Refund 1843.57 EUR")
    page.keyboard.press("j")
    page.wait_for_url(f"**/inbox/{approval_id(1)}")
    expect(page.locator(".row[aria-current]")).to_be_focused()
    page.keyboard.press("k")
    page.wait_for_url(f"**/inbox/{approval_id(0)}")
    _settled(page)
    expect(page.get_by_role("button", name="Approve")).to_be_enabled()
    page.keyboard.press("a")
    page.wait_for_url(f"**/inbox/{approval_id(1)}?done={approval_id(0)}")
    assert served.remit.decided == [(approval_id(0), Verdict.APPROVE, None)]
    expect(page.get_by_role("status")).to_contain_text("Runs in")
    page.keyboard.press("z")
    page.wait_for_url(f"**/inbox/{approval_id(0)}")
    assert served.remit.views[approval_id(0)].effect_state == "withdrawn"
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/inbox")
    _settled(page)
    page.keyboard.press("r")
    page.wait_for_url("**act=reject")
    expect(page.get_by_label("amount", exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    _settled(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**done={approval_id(1)}")
    assert served.remit.decided[-1] == (approval_id(1), Verdict.REJECT, "recipient")
    page.keyboard.press("e")
    page.wait_for_url("**act=edit")
    page.get_by_label("amount money").press("Control+a")
    page.keyboard.type("19.00 EUR")
    _settled(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/inbox/{9:032x}?done=**")
    page.keyboard.press("s")
    page.wait_for_url("**act=escalate")
    expect(page.get_by_label("What should the person who takes the case know?")).to_be_focused()
    page.keyboard.type("ask the shop")
    _settled(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**done=**")
    assert served.remit.decided[-1][1] is Verdict.ESCALATE
    page.keyboard.press("?")
    page.wait_for_url("**/help")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search cases")).to_be_focused()


def test_the_same_day_without_scripts(open_page: Open, served: Running) -> None:
    page = open_page(java_script_enabled=False)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved.")).to_be_visible()
    expect(page.get_by_text("Runs at 14:05:10.")).to_be_visible()
    page.get_by_role("button", name="Take back").click()
    assert served.remit.views[approval_id(0)].effect_state == "withdrawn"
    page.get_by_role("link", name="Inbox").click()
    page.get_by_role("link", name="Reject").click()
    page.get_by_label("facts").check()
    page.get_by_role("button", name="Reject").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("amount").fill("12.00 EUR")
    page.get_by_role("button", name="Propose this instead").click()
    assert [verdict for _, verdict, _ in served.remit.decided] == [
        Verdict.APPROVE,
        Verdict.REJECT,
        Verdict.EDIT,
    ]
    page.goto(f"{served.url}/quarantine")
    page.get_by_role("link", name="day and month could be swapped").click()
    page.get_by_label("Friday 3 April 2026").check()
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_text("Released.")).to_be_visible()
    assert served.remit.released[case_id(21)] == {"ordered_on": "2026-04-03"}
    page.goto(f"{served.url}/cases/{case_id(3)}")
    page.get_by_label("What was done?").fill("refunded by hand")
    page.get_by_role("button", name="Close as done by hand").click()
    assert served.remit.ended[case_id(3)] == "refunded by hand"


def test_a_held_down_key_decides_nothing(open_page: Open, served: Running) -> None:
    page = open_page()
    _settled(page)
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', repeat: true}))")
    page.evaluate(
        "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', ctrlKey: true}))"
    )
    page.get_by_role("searchbox", name="Search cases").press("a")
    expect(page.locator("#sentence")).to_contain_text("Refund 1843.57 EUR")
    assert served.remit.decided == []


def test_keys_can_be_switched_off(open_page: Open, served: Running) -> None:
    page = open_page("/help")
    page.get_by_label("off").check()
    page.get_by_role("button", name="Keep").click()
    page.goto(f"{served.url}/inbox")
    _settled(page)
    page.keyboard.press("a")
    page.keyboard.press("j")
    page.wait_for_timeout(200)
    assert (served.remit.decided, page.url) == ([], f"{served.url}/inbox")


def test_money_is_not_approved_before_change_and_cost_were_in_view(
    open_page: Open, served: Running
) -> None:
    page = open_page(viewport={"width": 1440, "height": 420})
    _settled(page)
    approve = page.get_by_role("button", name="Approve")
    expect(approve).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_text("Read what will change and what it can cost first.")).to_be_visible()
    approve.click(force=True)
    page.keyboard.press("a")
    assert served.remit.decided == []
    page.locator("#change > :last-child").scroll_into_view_if_needed()
    page.locator("#cost > :last-child").scroll_into_view_if_needed()
    expect(approve).not_to_have_attribute("aria-disabled", "true")
    approve.click()
    page.wait_for_url("**done=**")
    assert len(served.remit.decided) == 1


def test_what_is_new_is_counted_and_moves_nothing(open_page: Open, served: Running) -> None:
    page = open_page()
    rows = page.locator(".list .row").all_inner_texts()
    until(page, "document.querySelector('[data-count=waiting]').textContent === '9'")
    for _ in range(100):
        if served.remit.queues:
            break
        page.wait_for_timeout(50)
    served.remit.tell_soon("governance:approval:requested", case_id(7))
    served.remit.tell_soon("governance:approval:requested", case_id(8))
    expect(page.get_by_text("2 new: show")).to_be_visible()
    assert page.locator(".list .row").all_inner_texts() == rows
    page.keyboard.press("u")
    expect(page.get_by_text("new: show")).to_be_hidden()


def test_a_case_is_read_by_keys(open_page: Open) -> None:
    page = open_page(f"/cases/{case_id(1)}")
    page.keyboard.press("n")
    expect(page.locator("[data-problem]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("the shop did not answer in 5 s")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("#n8816 summary")).to_be_focused()
    page.keyboard.press("t")
    page.wait_for_url("**view=technical")
    expect(page.get_by_role("row", name="read get_order")).to_be_visible()


def test_hostile_text_runs_nowhere(open_page: Open) -> None:
    page = open_page()
    for path in (f"/inbox/{approval_id(5)}", f"/cases/{case_id(1)}", "/quarantine"):
        page.goto(page.url.split("/inbox")[0].split("/cases")[0].split("/quar")[0] + path)
        assert "owned" not in page.title() or "script" in page.title()
        assert page.locator("img").count() == 0


def test_health_is_reached_by_keys_and_says_when_something_new_needs_somebody(
    open_page: Open, served: Running
) -> None:
    page = open_page("/cases")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("**/health")
    expect(page.get_by_role("status")).to_contain_text("3 to act on, 9 to look at")
    new = page.get_by_text("1 new: show")
    for _ in range(100):  # the stream of the page before may still be there: tell it again
        served.remit.tell_soon("intake:case:received", case_id(8))
        served.remit.tell_soon("orchestration:effect:ambiguous", case_id(7))
        page.wait_for_timeout(50)
        if new.is_visible():
            break
    expect(new).to_be_visible()
    served.remit.well = True
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("Nothing needs you")
