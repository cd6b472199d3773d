"""From a key to the painted pane: J and A pressed in Chromium while ten thousand items wait."""

import statistics
from collections.abc import Callable
from typing import Any

from bench.table import Table, number

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
MOVES, VERDICTS, BARE = 40, 25, 20
DEAD_MS = 350  # for 300 ms after it came a pane decides nothing
TRIES_MAX = 400

# A key leads to a new document; both share the clock that `timeOrigin` begins on.
WATCH = """addEventListener('keydown', () =>
  sessionStorage.setItem('pressed', performance.timeOrigin + performance.now()), true);
new PerformanceObserver((list) => list.getEntriesByName('first-contentful-paint').forEach((one) =>
  sessionStorage.setItem('painted', performance.timeOrigin + one.startTime)))
  .observe({type: 'paint', buffered: true});"""


def table(place: str, link: Callable[[], str], name: str, waiting: int) -> Table:
    """Press the keys; return how long each took until the next pane was painted."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(WATCH)
        page.goto(f"{place}/sign-in?code={link()}")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/inbox")
        nodes = page.evaluate("document.querySelectorAll('[data-row]').length")
        moves = [_pressed(page, "j") for _ in range(MOVES)]
        page.goto(f"{place}/inbox")
        yes = [_pressed(page, "a") for _ in range(VERDICTS)]
        bare = []
        for _ in range(BARE):
            page.goto(f"{place}/inbox")
            bare.append(_pressed(page, "?"))
        page.goto(f"{place}/inbox")
        most = max(nodes, page.evaluate("document.querySelectorAll('[data-row]').length"))
        browser.close()
    return Table(
        title=f"{name}, {waiting:,} items wait: ms from a key to the painted pane, {most} rows",
        head=("key", "times", "p50", "p95", "times bare"),
        rows=[
            (key, str(len(ms)), number(statistics.median(ms), 0),
             number(statistics.quantiles(ms, n=100)[94], 0),
             number(statistics.median(ms) / statistics.median(bare), 1))
            for key, ms in (("?, a bare page", bare), ("J, next item", moves), ("A, yes", yes))
        ],
    )  # fmt: skip


def _pressed(page: Any, key: str) -> float:
    page.wait_for_timeout(DEAD_MS)
    before = page.url
    page.keyboard.press(key)
    page.wait_for_url(lambda url: url != before, wait_until="load")
    for _ in range(TRIES_MAX):
        pressed, painted = page.evaluate(
            "['pressed', 'painted'].map((name) => Number(sessionStorage.getItem(name)))"
        )
        if painted > pressed:
            return float(painted - pressed)
        page.wait_for_timeout(5)
    raise SystemExit(f"{key}: nothing was painted")
