"""An OpenID Connect provider on loopback: it checks what a provider checks, and can be bent."""

import base64
import contextlib
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "remit", "a secret that both know"


@dataclass
class Provider:
    """A provider with one client; `bend` changes what it signs."""

    url: str = ""
    redirects: set[str] = field(default_factory=set)
    bend: Callable[[dict[str, Any], dict[str, Any]], None] = lambda header, claims: None
    sign: Callable[[dict[str, Any], dict[str, Any], RSAKey], str] | None = None
    now: Callable[[], float] = time.time
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    claims: dict[str, Any] = field(default_factory=dict)
    issuer: str = ""

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.about),
                Route("/keys", self.keys),
                Route("/authorize", self.form, methods=["GET"]),
                Route("/authorize", self.authorize, methods=["POST"]),
                Route("/token", self.token, methods=["POST"]),
            ]
        )

    async def about(self, request: Request) -> Response:
        del request
        return JSONResponse({
            "issuer": self.issuer or self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        })  # fmt: skip

    async def keys(self, request: Request) -> Response:
        del request
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def form(self, request: Request) -> Response:
        """Ask who it is."""
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{value}">'
            for name, value in request.query_params.items()
        )
        return HTMLResponse(
            f'<!doctype html><form method="post">{hidden}<label>Who <input name="user"></label>'
            "<button>Sign in here</button></form>"
        )

    async def authorize(self, request: Request) -> Response:
        """Give a code to the registered address, where the request has all that it needs."""
        asked = {name: str(value) for name, value in (await request.form()).items()}
        self.asked.append(asked)
        sound = (
            asked.get("client_id") == CLIENT
            and asked.get("redirect_uri") in self.redirects
            and asked.get("response_type") == "code"
            and asked.get("code_challenge_method") == "S256"
            and "openid" in asked.get("scope", "").split()
        )
        if not sound:
            return JSONResponse({"error": "invalid_request"}, status_code=400)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.issuer or self.url})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=303)

    async def token(self, request: Request) -> Response:
        """Trade a code, once, for what we sign."""
        given = {name: str(value) for name, value in (await request.form()).items()}
        pair = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {pair}":
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        asked = self.codes.pop(given.get("code", ""), None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or challenge != asked["code_challenge"]
            or given.get("redirect_uri") != asked["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(self.now())
        header: dict[str, Any] = {"alg": "RS256", "kid": self.key.kid}
        claims: dict[str, Any] = {
            "iss": self.url, "sub": asked["user"], "aud": CLIENT, "exp": now + 300, "iat": now,
            "nonce": asked["nonce"], "auth_time": now, "preferred_username": asked["user"],
            **self.claims,
        }  # fmt: skip
        self.bend(header, claims)
        claims = {name: value for name, value in claims.items() if value is not None}
        made = (
            jwt.encode(header, claims, self.key)
            if self.sign is None
            else self.sign(header, claims, self.key)
        )
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": made})


@contextlib.contextmanager
def running(**given: Any) -> Iterator[Provider]:
    """Serve a provider on a free port of loopback until left."""
    provider = Provider(**given)
    listener = socket.create_server(("127.0.0.1", 0))
    provider.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        provider.application(), log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        serving.should_exit = True
        thread.join(timeout=10)
        listener.close()
