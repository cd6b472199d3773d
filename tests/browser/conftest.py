"""A real Chromium before the gallery."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.gallery import FakeRemit
from tests.browser.serving import Running, running

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
TRIES_MAX = 400

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # For each module: while Playwright runs, no other module could run a loop of its own.
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: install the package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def served() -> Iterator[Running]:
    with running(FakeRemit()) as found:
        yield found


@pytest.fixture
def open_page(chromium: Browser, served: Running) -> Iterator[Open]:
    """Open a page as a signed-in person; what a page complains of fails the test."""
    contexts = []
    complaints: list[str] = []

    def opened(path: str = "/inbox", *, person: str = "a.weber", **options: object) -> Page:
        context = chromium.new_context(**({"viewport": DESK} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type == "error" else None,
        )
        page.goto(f"{served.url}/sign-in?code={served.sign_in.issue(person)}")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/inbox")
        if path != "/inbox":
            page.goto(served.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def until(page: Page, expression: str) -> None:
    """Wait until an expression holds; Playwright's own wait needs `eval`, which pages forbid."""
    for _ in range(TRIES_MAX):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never true: {expression}")
