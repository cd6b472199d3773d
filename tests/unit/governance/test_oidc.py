"""Sign-in at a provider on loopback: what is signed for us, for now and here, and no more."""

import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from remit.api import server
from remit.assembly.fetching import fetching
from remit.console import site
from remit.governance.oidc import Oidc
from remit.governance.oidc import Provider as Agreed
from remit.governance.sessions import SignIn
from tests.accounts import in_memory
from tests.browser.gallery import FakeRemit
from tests.browser.samples import approval_id
from tests.loopback import provider
from tests.loopback.provider import CLIENT, SECRET, Provider

pytestmark = pytest.mark.anyio

HERE = "http://127.0.0.1:8000"
RETURN = f"{HERE}/sign-in/oidc/return"


@pytest.fixture
def there() -> Iterator[Provider]:
    with provider.running(redirects={RETURN}) as running:
        yield running


class Browser:
    """Somebody at a browser, with cookies of each site of its own."""

    def __init__(self, client: httpx2.AsyncClient, remit: FakeRemit, there: Provider) -> None:
        self.client, self.remit, self.there = client, remit, there
        remit.now = datetime.now(UTC)

    async def leave(self, path: str = "/sign-in/oidc") -> str:
        answer = await self.client.get(path)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def at_the_provider(self, to: str, user: str) -> str:
        """Say who one is there; return where that leads back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(to).query).items()}
        async with httpx2.AsyncClient() as other:
            answer = await other.post(f"{self.there.url}/authorize", data={**asked, "user": user})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def sign_in(self, user: str = "a.weber") -> httpx2.Response:
        back = await self.at_the_provider(await self.leave(), user)
        return await self.client.get(back)

    async def who(self) -> str | None:
        page = await self.client.get("/help")
        found = re.search(r'class="name">([^<]*)', page.text)
        return found[1] if found else None


@asynccontextmanager
async def _browser(there: Provider, **changes: Any) -> AsyncIterator[Browser]:
    remit, rows = FakeRemit(), in_memory()
    sign_in = SignIn(
        rows=rows, random_bytes=secrets.token_bytes, clock=remit.clock, people=remit.people
    )
    agreed = {
        "issuer": there.url, "client_id": CLIENT, "client_secret": SECRET, "redirect": RETURN,
        "handle_claim": "preferred_username", "scopes": "openid profile", "algorithm": "RS256",
    }  # fmt: skip
    oidc = Oidc(
        Agreed(**{**agreed, **changes}), rows=rows, sign_in=sign_in,
        fetch=fetching([there.url], random=lambda: 0.5), random_bytes=secrets.token_bytes,
        clock=remit.clock,
    )  # fmt: skip
    pages = site.build(remit, sign_in, secure=False, clock=remit.clock, oidc=oidc)
    app = server.build(remit, sign_in, secure=False, site=pages)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url=HERE, headers={"origin": HERE}
    ) as client:
        yield Browser(client, remit, there)


async def test_somebody_whom_both_know_is_signed_in(there: Provider) -> None:
    async with _browser(there) as browser:
        to = await browser.leave()
        asked = {name: values[0] for name, values in parse_qs(urlsplit(to).query).items()}
        assert asked["redirect_uri"] == RETURN
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["state"]) >= 43
        back = await browser.client.get(await browser.at_the_provider(to, "a.weber"))
        assert (back.status_code, back.headers["location"]) == (303, "/inbox")
        assert await browser.who() == "A. Weber"
        assert "samesite=lax" in back.headers["set-cookie"].lower()
        page = await browser.client.get("/sign-in/again")
        assert "Sign in again at 127.0.0.1" in page.text


BENT: dict[str, Callable[[dict[str, Any], dict[str, Any]], None]] = {
    "wrong nonce": lambda _, claims: claims.update(nonce="another"),
    "no nonce": lambda _, claims: claims.update(nonce=None),
    "other audience": lambda _, claims: claims.update(aud="somebody-else"),
    "several audiences without a party": lambda _, claims: claims.update(aud=[CLIENT, "other"]),
    "another party": lambda _, claims: claims.update(azp="other"),
    "expired": lambda _, claims: claims.update(exp=claims["iat"] - 3600),
    "no end": lambda _, claims: claims.update(exp=None),
    "issued tomorrow": lambda _, claims: claims.update(iat=claims["iat"] + 86_400),
    "wrong issuer": lambda _, claims: claims.update(iss="https://evil.example"),
    "nobody's handle": lambda _, claims: claims.update(preferred_username="mallory"),
    "no handle": lambda _, claims: claims.update(preferred_username=None),
    "a handle that is a list": lambda _, claims: claims.update(preferred_username=["a.weber"]),
}


@pytest.mark.parametrize("bend", BENT.values(), ids=BENT)
async def test_what_is_not_signed_for_us_now_and_here_lets_nobody_in(
    there: Provider, bend: Callable[[dict[str, Any], dict[str, Any]], None]
) -> None:
    there.bend = bend
    async with _browser(there) as browser:
        answer = await browser.sign_in()
        assert answer.status_code == 401, answer.text
        assert "session.oidc" in answer.text
        assert await browser.who() is None


def _none(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    import base64
    import json

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    del key
    return f"{part({**header, 'alg': 'none'})}.{part(claims)}."


def _confused(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    """Sign with the public key as if it were a shared secret."""
    import base64
    import hashlib
    import hmac
    import json

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    head = part(json.dumps({**header, "alg": "HS256"}).encode())
    said = f"{head}.{part(json.dumps(claims).encode())}"
    shared = key.as_pem(private=False)
    return f"{said}.{part(hmac.new(shared, said.encode(), hashlib.sha256).digest())}"


def _strange(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    """Sign with a key that the provider does not have."""
    import json

    del key
    return jws.serialize_compact(header, json.dumps(claims).encode(), RSAKey.generate_key(2048))


def _other_algorithm(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    import json

    return jws.serialize_compact(
        {**header, "alg": "PS256"}, json.dumps(claims).encode(), key, algorithms=["PS256"]
    )


@pytest.mark.parametrize("sign", [_none, _confused, _strange, _other_algorithm])
async def test_one_algorithm_and_the_providers_own_keys_are_pinned(
    there: Provider, sign: Callable[[dict[str, Any], dict[str, Any], RSAKey], str]
) -> None:
    there.sign = sign
    async with _browser(there) as browser:
        assert (await browser.sign_in()).status_code == 401
        assert await browser.who() is None


async def test_a_sign_in_comes_back_once_to_the_browser_that_left(there: Provider) -> None:
    async with _browser(there) as browser, _browser(there) as other:
        back = await browser.at_the_provider(await browser.leave(), "a.weber")
        assert (await other.client.get(back)).status_code == 401
        wrong = re.sub(r"state=[^&]*", "state=guessed", back)
        assert (await browser.client.get(wrong)).status_code == 401
        assert (await browser.client.get(back)).status_code == 303
        browser.client.cookies.delete("remit")
        assert (await browser.client.get(back)).status_code == 401, "a replayed code"
        assert await browser.who() is None


async def test_the_cookie_binds_a_sign_in_to_its_browser(there: Provider) -> None:
    """Somebody else's way back, pushed onto a browser, signs nobody in as them."""
    async with _browser(there) as browser:
        back = await browser.at_the_provider(await browser.leave(), "a.weber")
        browser.client.cookies.clear()
        assert (await browser.client.get(back)).status_code == 401


async def test_a_sign_in_that_took_too_long_is_over(there: Provider) -> None:
    async with _browser(there) as browser:
        back = await browser.at_the_provider(await browser.leave(), "a.weber")
        browser.remit.now += timedelta(minutes=10)
        assert (await browser.client.get(back)).status_code == 401


async def test_another_provider_in_the_answer_or_the_document_is_refused(there: Provider) -> None:
    async with _browser(there) as browser:
        back = await browser.at_the_provider(await browser.leave(), "a.weber")
        mixed = re.sub(r"iss=[^&]*", "iss=https%3A%2F%2Fevil.example", back)
        assert (await browser.client.get(mixed)).status_code == 401
        there.issuer = "https://evil.example"
        assert (await browser.client.get("/sign-in/oidc")).status_code == 401


async def test_money_asks_the_provider_again_and_believes_only_a_fresh_proof(
    there: Provider,
) -> None:
    clock = [datetime.now(UTC)]

    def at() -> float:
        return clock[0].timestamp()

    there.now = at
    async with _browser(there) as browser:
        await browser.sign_in()
        clock[0] += timedelta(minutes=16)
        browser.remit.now = clock[0]
        card = browser.remit.views[approval_id(0)].card
        token = re.search(r'name="csrf" value="(\w+)"', (await browser.client.get("/help")).text)[
            1
        ]
        path = f"/inbox/{card.approval_id}"
        fields = {"csrf": token, "verdict": "approve", "digest": card.digest}
        refused = await browser.client.post(f"{path}/verdict", data=fields)
        assert refused.headers["location"].startswith("/sign-in/again")
        to = await browser.leave(f"/sign-in/oidc?next={path}")
        assert "prompt=login" in to
        assert "max_age=0" in to
        there.claims = {"auth_time": int(clock[0].timestamp()) - 3600}
        stale = await browser.client.get(await browser.at_the_provider(to, "a.weber"))
        assert stale.status_code == 401
        assert "did not ask you again" in stale.text
        there.claims = {}
        other = await browser.leave(f"/sign-in/oidc?next={path}")
        somebody = next(one for one in browser.remit.people() if one != "a.weber")
        refused = await browser.client.get(await browser.at_the_provider(other, somebody))
        assert refused.status_code == 401
        again = await browser.leave(f"/sign-in/oidc?next={path}")
        proved = await browser.client.get(await browser.at_the_provider(again, "a.weber"))
        assert proved.headers["location"] == path
        token = re.search(r'name="csrf" value="(\w+)"', (await browser.client.get("/help")).text)[
            1
        ]
        await browser.client.post(f"{path}/verdict", data={**fields, "csrf": token})
        assert [one[0] for one in browser.remit.decided] == [card.approval_id]


async def test_without_a_word_of_when_somebody_proved_it_nothing_is_fresh(there: Provider) -> None:
    there.claims = {"auth_time": None}
    async with _browser(there) as browser:
        assert (await browser.sign_in()).status_code == 303
        card = browser.remit.views[approval_id(0)].card
        token = re.search(r'name="csrf" value="(\w+)"', (await browser.client.get("/help")).text)[
            1
        ]
        answer = await browser.client.post(
            f"/inbox/{card.approval_id}/verdict",
            data={"csrf": token, "verdict": "approve", "digest": card.digest},
        )
        assert answer.headers["location"].startswith("/sign-in/again")


@pytest.mark.parametrize(("claims", "known"), [({}, False), ({"email_verified": True}, True)])
async def test_an_address_is_a_handle_only_where_the_provider_verified_it(
    there: Provider, claims: dict[str, Any], known: bool
) -> None:
    there.claims = {"email": "a.weber", **claims}
    async with _browser(there, handle_claim="email") as browser:
        assert ((await browser.sign_in()).status_code == 303) is known


async def test_keys_that_the_provider_rotated_are_fetched_again(there: Provider) -> None:
    async with _browser(there) as browser:
        await browser.sign_in()
        there.key = RSAKey.generate_key(2048, {"kid": "two"})
        browser.remit.now += timedelta(seconds=31)
        assert (await browser.sign_in()).status_code == 303
