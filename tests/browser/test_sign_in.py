"""Signing in in a real browser: by password, and at a provider and back."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from remit.assembly.fetching import fetching
from remit.governance.oidc import Oidc
from remit.governance.oidc import Provider as Agreed
from remit.governance.sessions import SignIn
from remit.store.accounts import AccountRows
from tests.browser.conftest import DESK
from tests.browser.gallery import FakeRemit
from tests.browser.samples import approval_id
from tests.browser.serving import running
from tests.loopback import provider
from tests.loopback.provider import CLIENT, SECRET

pytestmark = pytest.mark.browser

WORD = "nineteen green bottles"


def test_a_password_opens_the_inbox_and_money_asks_for_it_again(chromium: Browser) -> None:
    remit = FakeRemit()
    with running(remit) as served:
        served.sign_in.accounts.add("a.weber", WORD)
        page = chromium.new_context(viewport=DESK).new_page()
        page.goto(f"{served.url}/inbox")
        page.get_by_label("Handle").fill("a.weber")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("That is not right")
        page.get_by_label("Handle").fill("a.weber")
        page.get_by_label("Password").fill(WORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/inbox")
        remit.now += timedelta(minutes=16)
        item = f"{served.url}/inbox/{approval_id(0)}"
        page.goto(item)
        page.wait_for_timeout(400)  # a page decides nothing in its first 300 ms
        page.get_by_role("button", name="Approve").click()
        page.wait_for_url("**/sign-in/again?**")
        expect(page.get_by_role("heading", name="Is it you, A. Weber?")).to_be_visible()
        assert remit.decided == []
        page.get_by_label("Password").fill(WORD)
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url(item)
        page.wait_for_timeout(400)
        page.get_by_role("button", name="Approve").click()
        page.wait_for_url("**done=**")
        assert [one[0] for one in remit.decided] == [approval_id(0)]


def test_somebody_signs_in_at_the_provider_and_comes_back(chromium: Browser) -> None:
    remit = FakeRemit()
    remit.now = datetime.now(UTC)
    with provider.running() as there:

        def oidc(url: str, rows: AccountRows, sign_in: SignIn) -> Oidc:
            back = f"{url}/sign-in/oidc/return"
            there.redirects.add(back)
            agreed = Agreed(
                issuer=there.url, client_id=CLIENT, client_secret=SECRET, redirect=back,
                handle_claim="preferred_username", scopes="openid profile", algorithm="RS256",
            )  # fmt: skip
            return Oidc(
                agreed, rows=rows, sign_in=sign_in,
                fetch=fetching([there.url], random=lambda: 0.5),
                random_bytes=secrets.token_bytes, clock=remit.clock,
            )  # fmt: skip

        with running(remit, oidc=oidc) as served:
            page = chromium.new_context(viewport=DESK).new_page()
            page.goto(f"{served.url}/inbox")
            page.get_by_role("link", name="Sign in at 127.0.0.1").click()
            page.wait_for_url(f"{there.url}/authorize?**")
            page.get_by_label("Who").fill("a.weber")
            page.get_by_role("button", name="Sign in here").click()
            page.wait_for_url("**/inbox")
            expect(page.locator(".who .name")).to_have_text("A. Weber")
