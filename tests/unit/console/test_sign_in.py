"""Signing in by password and signing in again, as pages and as JSON."""

import re
from datetime import timedelta

import pytest

from tests.browser.desk import Desk
from tests.browser.samples import approval_id

WORD = "nineteen green bottles"


@pytest.fixture
def desk_with_password(desk: Desk) -> Desk:
    """Return a desk at which A. Weber has an account and is signed in with it."""
    desk.sign_in.accounts.add("a.weber", WORD)
    desk.client.cookies.clear()
    desk.client.post("/sign-in", data={"handle": "a.weber", "password": WORD})
    return desk


def _verdict(desk: Desk, verdict: str = "approve", **more: str) -> tuple[str, dict[str, str]]:
    card = desk.remit.views[approval_id(0)].card
    path = f"/inbox/{card.approval_id}/verdict"
    return path, {"verdict": verdict, "digest": card.digest, **more}


def test_a_password_signs_in_and_a_wrong_one_says_no_more_than_an_unknown_person(
    desk_with_password: Desk,
) -> None:
    desk = desk_with_password
    assert "A. Weber" in desk.client.get("/inbox").text
    desk.client.cookies.clear()
    said = {
        desk.client.post("/sign-in", data={"handle": handle, "password": word}).text
        for handle, word in (("a.weber", "wrong"), ("mallory", WORD))
    }
    assert len(said) == 1
    assert "That is not right" in said.pop()


def test_signing_in_ends_the_session_that_this_browser_had(desk_with_password: Desk) -> None:
    desk = desk_with_password
    old = desk.client.cookies["remit"]
    desk.client.post("/sign-in", data={"handle": "a.weber", "password": WORD})
    assert desk.client.cookies["remit"] != old
    assert desk.sign_in.find(old) is None


def test_a_yes_that_cannot_be_taken_back_needs_a_fresh_sign_in_and_comes_back_to_its_card(
    desk_with_password: Desk,
) -> None:
    desk = desk_with_password
    desk.remit.now += timedelta(minutes=15)
    path, fields = _verdict(desk)
    item = path.removesuffix("/verdict")
    refused = desk.send(path, **fields)
    assert refused.status_code == 303
    again = refused.headers["location"]
    assert again == f"/sign-in/again?next={item.replace('/', '%2F')}"
    assert desk.remit.decided == []
    page = desk.client.get(again).text
    assert 'name="password"' in page
    assert f'value="{item}"' in page
    old = desk.client.cookies["remit"]
    wrong = desk.send("/sign-in/again", password="wrong", next=item)
    assert wrong.status_code == 401
    proved = desk.send("/sign-in/again", password=WORD, next=item)
    assert (proved.status_code, proved.headers["location"]) == (303, item)
    assert desk.client.cookies["remit"] != old
    assert desk.sign_in.find(old) is None
    desk.send(path, **fields)
    assert [one[0] for one in desk.remit.decided] == [approval_id(0)]


def test_the_api_answers_403_with_where_to_go(desk_with_password: Desk) -> None:
    desk = desk_with_password
    desk.remit.now += timedelta(minutes=15)
    card = desk.remit.views[approval_id(0)].card
    path = f"/api/approvals/{card.approval_id}/verdict"
    body = {"verdict": "approve", "digest": card.digest}
    refused = desk.client.post(path, json=body, headers={"x-csrf-token": desk.token()})
    assert (refused.status_code, refused.json()["code"]) == (403, "session.step_up")
    assert "/sign-in/again" in refused.json()["message"]
    proved = desk.client.post(
        "/api/session/again", json={"password": WORD}, headers={"x-csrf-token": desk.token()}
    )
    assert proved.status_code == 200
    token = {"x-csrf-token": proved.json()["csrf"]}
    assert desk.client.post(path, json=body, headers=token).status_code == 200


@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("/stops/lift", "/api/stops/lift"),
        ("/limits/raise", "/api/limits/raise"),
        ("/people/lend", "/api/delegations"),
    ],
)
def test_lifting_what_holds_needs_a_fresh_sign_in_and_holding_does_not(
    desk_with_password: Desk, path: str, api: str
) -> None:
    desk = desk_with_password
    desk.remit.now += timedelta(minutes=15)
    place = path.split("/")[1]
    refused = desk.send(path, scope="all", reason="it is over")
    assert refused.headers["location"] == f"/sign-in/again?next=%2F{place}"
    token = {"x-csrf-token": desk.token()}
    answer = desk.client.post(api, json={}, headers=token)
    assert (answer.status_code, answer.json()["code"]) == (403, "session.step_up")
    held = desk.client.post("/api/stops", json={}, headers=token)
    assert held.status_code == 422  # it was looked at


def test_nobody_else_proves_it_in_your_session(desk_with_password: Desk) -> None:
    desk = desk_with_password
    other = next(one for one in desk.remit.people() if one != "a.weber")
    refused = desk.send("/sign-in/again", code=desk.sign_in.issue(other), next="/inbox")
    assert refused.status_code == 401


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "inbox", "", "/a\r\nb"]
)
def test_it_leads_back_to_this_site_only(desk_with_password: Desk, path: str) -> None:
    proved = desk_with_password.send("/sign-in/again", password=WORD, next=path)
    assert proved.headers["location"] == "/inbox"


def test_the_page_asks_for_what_somebody_can_have(desk: Desk) -> None:
    desk.client.cookies.clear()
    assert 'name="code"' in desk.client.get("/sign-in").text
    desk.sign_in.accounts.add("a.weber", WORD)
    page = desk.client.get("/sign-in").text
    assert 'name="password"' in page
    assert 'name="code"' not in page
    linked = desk.client.get("/sign-in?code=AAAAAA-BBBBBB").text
    assert re.search(r'name="code" value="AAAAAA-BBBBBB"', linked)


def test_too_many_wrong_passwords_are_429(desk_with_password: Desk) -> None:
    desk = desk_with_password
    desk.client.cookies.clear()
    body = {"handle": "a.weber", "password": "wrong"}
    answers = [desk.client.post("/api/session", json=body).status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]
