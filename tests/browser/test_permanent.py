"""More that was found by eye once: one list of rows at work, at desk width, phone and zoom."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Open, until
from tests.browser.samples import approval_id
from tests.browser.serving import Running
from tests.browser.test_looks import ZOOMED

pytestmark = pytest.mark.browser

LOW = {"width": 1440, "height": 500}
BATCH = "/inbox/batch?workflow=refund-desk&action=issue_refund"
RED = """() => { const probe = document.createElement('i'); document.body.append(probe);
  probe.className = 'flag'; const red = getComputedStyle(probe).color; probe.remove();
  return [...document.querySelectorAll('.row .due, .row .due *, .group, .group *')]
    .filter((one) => getComputedStyle(one).color === red).length; }"""
WHOLE = """() => {
  const row = document.querySelector('.row[aria-current]').getBoundingClientRect();
  const list = document.querySelector('.rows').getBoundingClientRect();
  return row.top >= list.top - 1 && row.bottom <= list.bottom + 1; }"""
RING = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const f = (v) => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const behind = (one) => { for (let at = one; at; at = at.parentElement) {
    const colour = rgba(getComputedStyle(at).backgroundColor); if (colour[3] === 255)
      return colour; } };
  return [...document.querySelectorAll('.mark')].filter((one) => one.getClientRects().length)
    .map((one) => [light(rgba(getComputedStyle(one).color)), light(behind(one))])
    .map(([a, b]) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05))
    .reduce((a, b) => Math.min(a, b));
}"""
MARKED = """(row) => {
  const at = (one) => one.getBoundingClientRect().left;
  const item = row.closest('li'), bar = parseFloat(getComputedStyle(item).borderInlineStartWidth);
  return [at(item) - at(row.closest('.rows')), bar,
    at(item.querySelector('.pick')) - at(item) - bar,
    parseFloat(getComputedStyle(row).borderInlineStartWidth)]; }"""
CUT = """() => [...document.querySelectorAll('.risk, .due, .sum, .act, .tabs a, .cost dd, .group')]
  .filter((one) => one.checkVisibility() && getComputedStyle(one).display !== 'contents')
  .filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1
    || one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("size", [DESK, PHONE, ZOOMED], ids=["desk", "phone", "zoomed"])
def test_where_everything_is_late_no_row_is_red_and_it_is_said_once(
    open_page: Open, served: Running, size: dict[str, int]
) -> None:
    served.remit.now += timedelta(days=3)
    page = open_page(viewport=size)
    assert page.locator(".group").count() == 1
    expect(page.locator(".group")).to_contain_text("Overdue 9")
    assert page.locator(".row .due").all_inner_texts() != []
    assert page.evaluate(RED) == 0


@pytest.mark.parametrize("size", [DESK, PHONE, ZOOMED], ids=["desk", "phone", "zoomed"])
def test_risk_due_money_and_controls_are_never_cut(
    open_page: Open, served: Running, size: dict[str, int]
) -> None:
    page = open_page(viewport=size)
    for path in ("/inbox", f"/inbox/{approval_id(5)}", f"/inbox/{approval_id(3)}", BATCH):
        page.goto(served.url + path)
        assert page.evaluate(CUT) == [], path


def test_the_mark_of_the_chosen_row_stands_at_its_edge_before_the_box(open_page: Open) -> None:
    edge, bar, gap, between = open_page().locator(".row[aria-current]").evaluate(MARKED)
    assert (edge, bar, between) == (0, 3, 0)
    assert gap >= 8


def test_a_sum_stands_only_where_money_moves(open_page: Open, served: Running) -> None:
    page = open_page()
    for row in page.locator(".row").all():
        number = (row.get_attribute("href") or "").removeprefix("/inbox/")
        moves = served.remit.views[number].card.money is not None
        assert row.locator(".sum").count() == int(moves), number


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_mark_reaches_three_to_one(open_page: Open, scheme: str) -> None:
    assert open_page(color_scheme=scheme).evaluate(RING) >= 3


def test_nothing_in_rows_changes_while_nobody_acts(open_page: Open, served: Running) -> None:
    page = open_page()
    page.clock.install()
    page.goto(f"{served.url}/inbox")
    before = page.locator(".list").inner_text()
    page.clock.fast_forward("10:00")
    assert page.locator(".list").inner_text() == before


def test_after_a_verdict_and_a_take_back_the_row_is_wholly_in_view(
    open_page: Open, served: Running
) -> None:
    page = open_page(f"/inbox/{approval_id(6)}", viewport=LOW)
    assert page.evaluate(WHOLE)
    _awake(page)
    page.keyboard.press("a")
    page.wait_for_url(f"**done={approval_id(6)}")
    assert page.evaluate(WHOLE)
    page.keyboard.press("z")
    page.wait_for_url(lambda url: "done=" not in url)
    until(page, "document.querySelector('#sentence') !== null")
    assert served.remit.views[approval_id(6)].effect_state == "withdrawn"
    page.goto(f"{served.url}/inbox/{approval_id(8)}")
    assert page.evaluate(WHOLE)


def test_a_batch_names_what_its_form_sends(open_page: Open, served: Running) -> None:
    page = open_page(BATCH)
    shown = page.locator(".picks input[name=id]").evaluate_all("(all) => all.map((o) => o.value)")
    form = page.locator("form[data-verdict]").first
    sent = form.locator("[name=member]").evaluate_all("(all) => all.map((one) => one.value)")
    digests = [served.remit.views[one].card.digest for one in shown]
    assert sent == [f"{one}:{digest}" for one, digest in zip(shown, digests, strict=True)]
    moved = [served.remit.views[one].card.money for one in shown]
    total = sum(one.amount for one in moved if one is not None)
    said = form.get_by_role("button").inner_text()
    assert said.startswith(f"Approve {len(shown)} ")
    assert said.endswith(f"€{total:,.2f}")


def test_several_are_answered_and_taken_back_without_a_mouse(
    open_page: Open, served: Running
) -> None:
    page = open_page("/inbox?workflow=refund-desk&action=issue_refund")
    _tab_to(page, "answer several together")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox/batch**")
    for box in page.locator("[name=read]").all():
        _tab_to(page, "I have read this one", unchecked=True)
        page.keyboard.press("Space")
        expect(box).to_be_checked()
    _tab_to(page, "Approve 3")
    _awake(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="3 approved")).to_be_visible()
    assert len(served.remit.decided) == 3
    page.keyboard.press("z")
    expect(page.get_by_role("heading", name="3 taken back")).to_be_visible()


def test_items_are_picked_by_key_and_stay_picked_while_one_moves(
    open_page: Open, served: Running
) -> None:
    page = open_page(f"/inbox/{approval_id(4)}")
    expect(page.locator("[data-picked]")).to_be_hidden()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.wait_for_url(f"**/inbox/{approval_id(5)}")
    page.keyboard.press("x")
    button = page.get_by_role("button", name="Answer 2 together")
    expect(button).to_be_visible()
    page.keyboard.press("x")
    page.keyboard.press("x")
    button.press("Enter")
    page.wait_for_url(f"**/inbox/batch?id={approval_id(4)}&id={approval_id(5)}")
    expect(page.get_by_role("heading", name="2 of issue_refund together")).to_be_visible()
    page.goto(f"{served.url}/inbox")
    assert page.locator("[data-pick]:checked").count() == 0


def test_an_item_is_asked_about_assigned_and_snoozed_by_keys(
    open_page: Open, served: Running
) -> None:
    page = open_page(f"/inbox/{approval_id(6)}")
    page.keyboard.press("q")
    _opened(page, "ask")
    page.keyboard.press("Tab")
    page.keyboard.type("is it back?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"{approval_id(6)}$"))
    assert [one.text for one in served.remit.views[approval_id(6)].remarks] == ["is it back?"]
    page.keyboard.press("m")
    _opened(page, "assign")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"{approval_id(6)}$"))
    expect(page.locator(".then")).to_contain_text("It is with")
    page.keyboard.press("h")
    _opened(page, "snooze")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"{approval_id(6)}$"))
    expect(page.locator(".at-it")).to_contain_text("You snoozed it until")
    page.keyboard.press("c")
    page.wait_for_url("**act=comment")
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(f"{approval_id(6)}$"))


def _opened(page: Page, act: str) -> None:
    """Wait until a form was led to and has the focus: keys before that go to what was there."""
    page.wait_for_url(f"**act={act}")
    until(page, "document.activeElement.closest('form, [tabindex]') !== null")


def _awake(page: Page) -> None:
    """Wait until a key may decide: for 300 ms after its scripts ran, a page decides nothing."""
    until(
        page,
        "(() => { const came = performance.getEntriesByType('navigation')[0]"
        ".domContentLoadedEventEnd; return came > 0 && performance.now() - came > 300; })()",
    )


def _tab_to(page: Page, text: str, *, unchecked: bool = False) -> None:
    """Press Tab until what has the focus says this."""
    for _ in range(80):
        page.keyboard.press("Tab")
        said, checked = page.evaluate(
            "(() => { const one = document.activeElement; const label = one.labels?.[0] ?? one;"
            " return [label.textContent, one.checked === true]; })()"
        )
        if text in said and not (unchecked and checked):
            return
    raise AssertionError(f"Tab never comes to `{text}`")


def test_shift_extends_what_is_picked_as_one_moves(open_page: Open, served: Running) -> None:
    page = open_page()
    picked = page.locator("[data-pick]:checked")
    expect(picked).to_have_count(0)
    page.keyboard.press("Shift+J")
    page.wait_for_url(f"**/inbox/{approval_id(1)}")
    expect(picked).to_have_count(2)
    page.keyboard.press("Shift+J")
    page.wait_for_url(f"**/inbox/{approval_id(2)}")
    expect(picked).to_have_count(3)
    page.keyboard.press("Shift+K")  # back over what is picked already
    page.wait_for_url(f"**/inbox/{approval_id(1)}")
    expect(picked).to_have_count(3)
    expect(page.get_by_role("button", name="Answer 3 together")).to_be_visible()
    named = page.locator("[aria-keyshortcuts^='Shift+']").evaluate_all(
        "(found) => found.map((one) => [one.getAttribute('aria-keyshortcuts'), one.value])"
    )
    assert sorted(named) == [["Shift+J", approval_id(2)], ["Shift+K", approval_id(0)]]
    page.keyboard.press("Shift+A")
    page.goto(f"{served.url}/help")
    assert served.remit.decided == []
    expect(page.get_by_text("Shift+K")).to_be_visible()
