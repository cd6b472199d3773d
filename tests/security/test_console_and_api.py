"""Requirements 36 to 43: what the console and the API let in, and what they send out."""

import re
import secrets
from collections.abc import Iterator
from datetime import timedelta

import pytest

from remit.api import server
from remit.api.headers import BODY_BYTES_MAX
from remit.console import site
from remit.errors import PasswordError
from remit.governance import passwords
from remit.governance.permissions import Permission, permission_of
from remit.governance.sessions import SignIn
from tests.accounts import in_memory
from tests.browser.desk import Desk, at_the_desk
from tests.browser.samples import HOSTILE, approval_id, case_id

pytestmark = pytest.mark.anyio

ELSEWHERE = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "cross-site"},
]


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Yield a client at which A. Weber is signed in."""
    with at_the_desk() as made:
        yield made


def _routes(desk: Desk) -> list[tuple[str, str, object]]:
    """Return method, path and endpoint of each route, as they were declared."""
    pages = site.build(desk.remit, desk.sign_in, secure=True, clock=desk.remit.clock)
    declared = [*pages.routes, *server.routes(desk.remit, desk.sign_in, secure=True)]
    return [
        (method, route.path, route.endpoint)
        for route in declared
        for method in sorted(route.methods or ())
        if method != "HEAD"
    ]


def _filled(path: str, desk: Desk) -> str:
    card = desk.remit.views[approval_id(0)].card
    for name, value in {
        "approval_id": card.approval_id, "case_id": case_id(1), "action_id": card.action_id,
    }.items():  # fmt: skip
        path = path.replace("{" + name + "}", value)
    return re.sub(r"\{[^}]*\}", "none", path)


def test_36_every_route_declares_what_it_demands(desk: Desk) -> None:
    routes = _routes(desk)
    assert len(routes) > 30
    assert [path for _, path, endpoint in routes if permission_of(endpoint) is None] == []


def test_36_a_stranger_gets_nothing_but_the_way_in(desk: Desk) -> None:
    desk.client.cookies.clear()
    for method, path, endpoint in _routes(desk):
        if permission_of(endpoint) is not Permission.PUBLIC:
            answer = desk.client.request(method, _filled(path, desk))
            assert answer.status_code in {303, 401, 403, 405}, (method, path, answer.status_code)
            if answer.status_code == 303:
                assert answer.headers["location"].startswith("/sign-in"), path


def test_37_a_password_is_kept_as_argon2id_and_told_from_no_other() -> None:
    """Sixty-four MiB and three passes for each try, a salt of its own, nothing of the text."""
    first = passwords.hashed("correct horse battery", handle="olga")
    second = passwords.hashed("correct horse battery", handle="olga")
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert "horse" not in first
    assert passwords.is_right("correct horse battery", first)
    assert not passwords.is_right("correct horse batterz", first)
    assert not passwords.is_right("anything at all", None)
    for easy in ("short", "a" * 40, "olga"):
        with pytest.raises(PasswordError):
            passwords.hashed(easy, handle="olga")


def test_38_the_cookie_is_kept_from_scripts_and_from_other_sites(desk: Desk) -> None:
    desk.client.cookies.clear()
    entered = desk.client.post("/sign-in", data={"code": desk.sign_in.issue("a.weber")})
    said = entered.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=" in said
    assert "path=/" in said


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_39_no_change_is_taken_from_another_origin(desk: Desk, headers: dict[str, str]) -> None:
    """Every route that changes something is tried with a valid session from somewhere else."""
    token = desk.token()
    tried = 0
    for method, path, endpoint in _routes(desk):
        if method == "GET" or permission_of(endpoint) is Permission.PUBLIC:
            continue
        answer = desk.client.request(
            method, _filled(path, desk), data={"csrf": token}, headers=headers
        )
        assert answer.status_code == 403, (method, path, answer.status_code)
        tried += 1
    assert tried >= 10
    assert desk.remit.decided == []


def test_39_no_change_is_taken_by_get_or_without_the_sessions_token(desk: Desk) -> None:
    for method, path, endpoint in _routes(desk):
        if method == "GET" or permission_of(endpoint) is Permission.PUBLIC:
            continue
        filled = _filled(path, desk)
        assert desk.client.get(filled).status_code in {200, 303, 404, 405, 422}, path
        if not path.startswith("/api"):
            answer = desk.client.request(method, filled, data={"csrf": "wrong"})
            assert answer.status_code == 403, (method, path, answer.status_code)
    assert desk.remit.decided == []


def test_40_every_page_allows_nothing_inline_and_no_frame(desk: Desk) -> None:
    for method, path, _ in _routes(desk):
        if method == "GET" and "events" not in path:
            headers = desk.client.get(_filled(path, desk)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy, path
            assert "unsafe" not in policy, path
            assert "frame-ancestors 'none'" in policy, path
            assert headers["x-content-type-options"] == "nosniff", path


def test_40_hostile_text_is_text_on_every_page(desk: Desk) -> None:
    for method, path, _ in _routes(desk):
        if method == "GET" and "events" not in path and not path.startswith("/static"):
            page = desk.client.get(_filled(path, desk))
            if page.headers.get("content-type", "").startswith("text/html"):
                assert "<script>document.title" not in page.text, path
                assert re.search(r"<img[^>]*onerror", page.text) is None, path
                assert "\u202e" not in page.text, path
    assert "onerror" in HOSTILE


def test_43_a_body_larger_than_a_mebibyte_is_refused(desk: Desk) -> None:
    answer = desk.client.post(
        "/api/cases/refund-desk", content=b" " * (BODY_BYTES_MAX + 1),
        headers={"content-type": "application/json", "x-csrf-token": desk.token()},
    )  # fmt: skip
    assert answer.status_code == 413
    assert desk.remit.received == {}


def test_42_nothing_that_came_in_can_be_fetched_as_a_file(desk: Desk) -> None:
    """No route gives out an attachment; files of the console are our own, by their digest."""
    given = [path for method, path, _ in _routes(desk) if method == "GET"]
    assert [path for path in given if re.search("attach|upload|download|files?/", path)] == []
    assert [path for path in given if path.startswith("/static")] == ["/static/{digest}/{name}"]
    assert desk.client.get("/static/x/../../remit.toml").status_code in {303, 404}


def test_37_a_password_is_argon2id_and_money_needs_a_fresh_proof(desk: Desk) -> None:
    rows = in_memory()
    sign_in = SignIn(
        rows=rows, random_bytes=secrets.token_bytes, clock=desk.remit.clock,
        people=desk.remit.people,
    )  # fmt: skip
    sign_in.accounts.add("a.weber", "nineteen green bottles")
    assert rows.account("a.weber").password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    card = desk.remit.views[approval_id(0)].card
    assert card.risk == "money"
    desk.remit.now += timedelta(minutes=15)
    answer = desk.send(f"/inbox/{card.approval_id}/verdict", verdict="approve", digest=card.digest)
    assert answer.headers["location"].startswith("/sign-in/again")
    assert desk.remit.decided == []


def test_38_a_session_ends_from_outside_and_its_token_changes_with_each_proof(desk: Desk) -> None:
    old = desk.client.cookies["remit"]
    desk.send("/sign-in/again", code=desk.sign_in.issue("a.weber"), next="/inbox")
    assert desk.client.cookies["remit"] != old
    assert desk.sign_in.find(old) is None
    assert desk.sign_in.accounts.sign_out("a.weber") == 1
    assert desk.client.get("/inbox").headers["location"] == "/sign-in"
