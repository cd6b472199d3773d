"""What was found by eye once, looked at for ever: covered controls, squashed marks, rings."""

import pytest
from playwright.sync_api import Page

from tests.browser import sample_remit
from tests.browser.conftest import DESK, PHONE, Open, until
from tests.browser.sample_audits import audit_id
from tests.browser.sample_incidents import incident_id
from tests.browser.samples import approval_id, case_id

pytestmark = pytest.mark.browser

SCREENS = [
    "/inbox",
    "/inbox?reason=policy.forbidden&currency=EUR&from=5",
    "/inbox?reason=no.such&currency=EUR",
    f"/inbox/{approval_id(3)}",
    f"/inbox/{approval_id(4)}",
    f"/inbox/{approval_id(0)}?act=reject",
    f"/inbox/{approval_id(0)}?act=edit",
    f"/inbox/{approval_id(1)}",
    f"/inbox/{approval_id(5)}",
    f"/inbox/{approval_id(5)}?act=ask",
    f"/inbox/{approval_id(6)}?act=assign",
    f"/inbox/{approval_id(6)}?act=snooze",
    "/inbox/batch?workflow=refund-desk&action=issue_refund",
    "/audits",
    *(f"/audits/{audit_id(number)}" for number in range(3)),
    "/cases",
    f"/cases/{case_id(3)}",
    f"/cases/{case_id(9)}",
    f"/cases/{case_id(1)}?view=technical",
    f"/cases/{case_id(1)}/masked",
    "/quarantine",
    f"/quarantine/{case_id(21)}",
    f"/quarantine/{case_id(22)}",
    f"/quarantine/{case_id(23)}",
    "/workflows",
    *sample_remit.pages(),
    "/ledger",
    "/policies",
    "/stops",
    "/incidents",
    *(f"/incidents/{incident_id(number)}" for number in (1, 2, 3, 4, 6)),
    "/people",
    "/reviewers",
    "/health",
    "/help",
]
ZOOMED = {"width": 720, "height": 450}  # 1440 × 900 at 200 %
NARROW = {"width": 320, "height": 640}

# Chromium keeps the boxes of what a closed <details> hides: `checkVisibility` knows, rects do not.
OPEN_ALL = """() => { for (const one of document.querySelectorAll('details')) one.open = true; }"""

COVERED = """() => {
  const bad = [];
  const controls = [...document.querySelectorAll('a, button, input, select, textarea, summary')];
  for (const control of controls) {
    if (control.type === 'hidden' || !control.checkVisibility()) continue;
    if (control.matches('.skip')) continue;
    control.scrollIntoView({block: 'center', inline: 'center'});
    const box = control.getClientRects()[0];
    const inset = Math.min(4, box.width / 4, box.height / 4);
    const points = [[box.left + box.width / 2, box.top + box.height / 2],
      [box.left + inset, box.top + inset], [box.right - inset, box.bottom - inset]];
    for (const [x, y] of points) {
      if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) {
        bad.push(`outside: ${control.outerHTML.slice(0, 90)}`); continue; }
      const top = document.elementFromPoint(x, y);
      const own = top &&
        (control.contains(top) || top.contains(control) || top.closest('label'));
      if (!own)
        bad.push(`${control.outerHTML.slice(0, 90)} under ${top && top.outerHTML.slice(0, 60)}`);
    }
  }
  return bad;
}"""

SMALL = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter((one) => one.type !== 'hidden' && one.checkVisibility())
  .filter((one) => !one.matches('.skip') && !one.closest('p, dd, li, caption, h2, td, .quote'))
  .filter((one) => !(one.matches('input') && one.closest('label')))
  .filter((one) => one.getBoundingClientRect().height < 24)
  .map((one) => one.outerHTML.slice(0, 120))"""

MARKS = """() => [...document.querySelectorAll('.mark')]
  .filter((one) => one.getClientRects().length)
  .map((one) => one.getBoundingClientRect())
  .filter((box) => box.width < 11.9 || Math.abs(box.width - box.height) > 1)
  .map((box) => `${box.width} x ${box.height}`)"""

CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const f = (v) => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const behind = (one) => { for (let at = one; at; at = at.parentElement) {
    const colour = rgba(getComputedStyle(at).backgroundColor); if (colour[3] === 255)
      return colour; }
    return rgba('white'); };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const one = node.parentElement;
    if (!node.textContent.trim() || one.getClientRects().length === 0) continue;
    if (one.closest('.unseen, .skip, option, [aria-disabled=true]')) continue;
    const [a, b] = [light(rgba(getComputedStyle(one).color)), light(behind(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${node.textContent.trim().slice(0, 50)}`);
  }
  return bad;
}"""

NAMELESS = """() => [...document.querySelectorAll('button, a, input, select, textarea')]
  .filter((one) => one.type !== 'hidden' && one.getClientRects().length > 0)
  .filter((one) => !(one.labels && one.labels.length) && !one.textContent.trim())
  .filter((one) => !document.getElementById(one.getAttribute('aria-labelledby'))?.textContent)
  .map((one) => one.outerHTML.slice(0, 120))"""

RINGS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const ring = style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2;
  const box = one.getBoundingClientRect();
  const seen = box.bottom > 0 && box.top < innerHeight;
  return {what: one.outerHTML.slice(0, 100), ring, seen};
}"""


@pytest.mark.parametrize("size", [DESK, PHONE, ZOOMED], ids=["desk", "phone", "zoomed"])
def test_no_control_is_covered_and_none_is_too_small(
    open_page: Open, size: dict[str, int]
) -> None:
    page = open_page(viewport=size)
    for path in SCREENS:
        _go(page, path)
        assert page.evaluate(COVERED) == [], path
        assert page.evaluate(SMALL) == [], path
        page.evaluate(OPEN_ALL)
        assert page.evaluate(COVERED) == [], f"{path}, all opened"
        assert page.evaluate(SMALL) == [], f"{path}, all opened"


@pytest.mark.parametrize(
    "size", [DESK, PHONE, ZOOMED, NARROW], ids=["desk", "phone", "zoomed", "narrow"]
)
def test_marks_are_square_and_nothing_runs_out_of_the_page(
    open_page: Open, size: dict[str, int]
) -> None:
    page = open_page(viewport=size)
    for path in SCREENS:
        _go(page, path)
        assert page.evaluate(MARKS) == [], path
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_and_every_control_has_a_name(open_page: Open, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    for path in SCREENS:
        _go(page, path)
        assert page.evaluate(CONTRAST) == [], path
        assert page.evaluate(NAMELESS) == [], path
        ids = page.evaluate(
            "[...document.querySelectorAll('[id]')].map((one) => one.getAttribute('id'))"
        )
        assert len(ids) == len(set(ids)), path
        assert page.locator("h1").count() == 1, path


def test_each_focused_control_shows_our_ring_and_is_in_view(open_page: Open) -> None:
    page = open_page()
    for path in ("/inbox", f"/cases/{case_id(3)}", f"/quarantine/{case_id(21)}"):
        _go(page, path)
        page.locator("body").focus()
        for _ in range(30):
            page.keyboard.press("Tab")
            found = page.evaluate(RINGS)
            if found is None:
                break
            assert found["ring"], found["what"]
            assert found["seen"], found["what"]


def test_after_each_move_the_chosen_row_lies_wholly_in_view(open_page: Open) -> None:
    page = open_page(viewport={"width": 1440, "height": 500})
    for _ in range(8):
        before = page.url
        page.keyboard.press("j")
        page.wait_for_url(lambda url, before=before: url != before)
        until(page, "document.activeElement.matches('.row')")
        assert page.evaluate(
            """() => {
            const row = document.querySelector('.row[aria-current]').getBoundingClientRect();
            const list = document.querySelector('.rows').getBoundingClientRect();
            return row.top >= list.top - 1 && row.bottom <= list.bottom + 1;
        }"""
        )


def test_late_rows_are_not_red(open_page: Open) -> None:
    page = open_page()
    bad = page.evaluate(
        """() => { const probe = document.createElement('i'); document.body.append(probe);
        probe.className = 'flag'; const red = getComputedStyle(probe).color; probe.remove();
        return [...document.querySelectorAll('.row .due, .group')]
          .filter((one) => getComputedStyle(one).color === red).length; }"""
    )
    assert bad == 0


def test_the_form_decides_what_the_pane_shows(open_page: Open) -> None:
    page = open_page()
    for number in (0, 3, 6):
        _go(page, f"/inbox/{approval_id(number)}")
        action = page.locator("form[data-verdict]").get_attribute("action")
        digest = page.locator("form[data-verdict] [name=digest]").input_value()
        page.locator(".payload summary").click()
        assert approval_id(number) in action
        assert page.locator("code.long").inner_text() == digest
        chosen = page.locator(".row[aria-current] .what").inner_text()
        assert chosen == page.locator("#sentence").inner_text()


def test_a_long_message_does_not_push_the_form_away(open_page: Open) -> None:
    """The button is in view at once on a desk; on a phone the form comes before the message."""
    page = open_page(f"/quarantine/{case_id(22)}")
    assert page.get_by_role("button", name="Release").bounding_box()["y"] < DESK["height"]
    phone = open_page(f"/quarantine/{case_id(22)}", viewport=PHONE)
    form = phone.get_by_role("button", name="Release").bounding_box()["y"]
    assert form < phone.locator("#came").bounding_box()["y"]
    assert form < 2 * PHONE["height"]


def test_forced_colours_keep_shapes_and_selection(open_page: Open) -> None:
    page = open_page(forced_colors="active")
    chosen = page.locator(".row[aria-current]").evaluate(
        "(row) => getComputedStyle(row.closest('li')).borderTopWidth"
    )
    assert chosen == "2px"
    assert page.evaluate(MARKS) == []


def _go(page: Page, path: str) -> None:
    origin = page.evaluate("location.origin")
    page.goto(origin + path)
