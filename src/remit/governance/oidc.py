"""Sign-in at an OpenID Connect provider: code flow with PKCE, state and nonce."""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from remit.domain import clock
from remit.domain.clock import Clock
from remit.domain.value import Json
from remit.errors import MissingExtraError, OidcRefusedError
from remit.governance.sessions import RandomBytes, Session, SignIn
from remit.store.accounts import AccountRows, FlowRow

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

FLOW_MINUTES = 10  # between leaving for the provider and coming back
LEEWAY_SECONDS = 60
KEYS_SECONDS = 600  # how long the provider's keys are kept
KEYS_AGAIN_SECONDS = 30  # before an unknown key is looked for again

# RFC 8176: what says that more than a password was asked for.
SECOND_FACTORS = frozenset(
    {"face", "fpt", "geo", "hwk", "iris", "mfa", "otp", "retina", "sc", "swk"}
)

# An address and a form to post, or nothing to get; with whom we are, for the token endpoint.
Fetch = Callable[[str, Mapping[str, str] | None, str], Awaitable[tuple[int, bytes]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What was agreed with the provider, beforehand and in writing."""

    issuer: str
    client_id: str
    client_secret: str | None
    redirect: str  # exactly as it was registered there
    handle_claim: str
    scopes: str
    algorithm: str


class Oidc:
    """Leads people to the provider, and begins a session for who comes back."""

    def __init__(
        self,
        provider: Provider,
        *,
        rows: AccountRows,
        sign_in: SignIn,
        fetch: Fetch,
        random_bytes: RandomBytes,
        clock: Clock,
    ) -> None:
        self.provider = provider
        self._rows = rows
        self._sign_in = sign_in
        self._fetch = fetch
        self._random_bytes = random_bytes
        self._clock = clock
        self._keys: tuple[datetime, KeySet] | None = None

    @property
    def name(self) -> str:
        """What the page calls the provider."""
        return self.provider.issuer.partition("://")[2].partition("/")[0]

    async def begin(self, *, binder: str, path: str, again: Session | None) -> str:
        """Return where the browser goes; only the one that has `binder` may come back.

        `again` is the session of somebody who is to prove anew who they are.
        """
        about = await self._about()
        state, nonce, verifier = (self._random() for _ in range(3))
        now = self._clock()
        self._rows.begin_flow(
            FlowRow(
                state_hash=_hash(state),
                binder_hash=_hash(binder),
                nonce=nonce,
                verifier=verifier,
                again="" if again is None else again.person.handle,
                path=path,
                begun_us=clock.microseconds(now),
            ),
            since_us=clock.microseconds(now - timedelta(minutes=FLOW_MINUTES)),
        )
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self.provider.redirect,
            "scope": self.provider.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        if again is not None:
            asked |= {"prompt": "login", "max_age": "0"}
        return f"{about['authorization_endpoint']}?{urlencode(asked)}"

    async def finish(
        self, given: Mapping[str, str], *, binder: str, before: Session | None
    ) -> tuple[Session, str]:
        """Return the session of who came back from the provider, and where to lead them.

        What was begun is used up, whatever comes of it. Raises `OidcRefusedError`.
        """
        now = self._clock()
        flow = self._rows.take_flow(_hash(given.get("state", "")))
        since = now - timedelta(minutes=FLOW_MINUTES)
        if flow is None or clock.instant(flow.begun_us) <= since:
            raise OidcRefusedError("this sign-in was not begun here, or is used up; begin again")
        if flow.binder_hash != _hash(binder):
            raise OidcRefusedError("this sign-in was begun in another browser; begin again")
        if given.get("iss", self.provider.issuer) != self.provider.issuer:
            raise OidcRefusedError("another provider answered; begin again")
        if "code" not in given:
            raise OidcRefusedError("the provider signed nobody in; begin again")
        claims = await self._claims(await self._id_token(given["code"], flow), flow)
        return self._entered(claims, flow, before=before), flow.path

    # -- parts -----------------------------------------------------------------------------------

    def _entered(
        self, claims: Mapping[str, Json], flow: FlowRow, *, before: Session | None
    ) -> Session:
        handle = claims.get(self.provider.handle_claim)
        if self.provider.handle_claim == "email" and claims.get("email_verified") is not True:
            handle = None
        person = self._sign_in.active(handle) if isinstance(handle, str) else None
        if person is None:
            raise OidcRefusedError(
                "the provider knows you, and `remit.toml` does not; ask the workflow's owner"
            )
        if flow.again and (before is None or flow.again != person.handle):
            raise OidcRefusedError("somebody else signed in there; nothing was decided")
        return self._sign_in.begin(
            person,
            strength=_strength(claims),
            before=before,
            auth_at=self._proved_at(claims, flow),
        )

    def _proved_at(self, claims: Mapping[str, Json], flow: FlowRow) -> datetime:
        """Return when the person proved who they are; where nobody says so, too long ago."""
        told = claims.get("auth_time")
        moment = (
            datetime.fromtimestamp(told, UTC)
            if isinstance(told, int | float) and not isinstance(told, bool)
            else clock.EPOCH
        )
        asked = clock.instant(flow.begun_us) - timedelta(seconds=LEEWAY_SECONDS)
        if flow.again and moment < asked:
            raise OidcRefusedError("the provider did not ask you again; nothing was decided")
        return moment

    async def _id_token(self, code: str, flow: FlowRow) -> str:
        about = await self._about()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.provider.redirect,
            "code_verifier": flow.verifier,
            "client_id": self.provider.client_id,
        }
        secret = self.provider.client_secret
        who = ""
        if secret is not None:
            pair = f"{quote(self.provider.client_id, safe='')}:{quote(secret, safe='')}"
            who = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = await self._json(about["token_endpoint"], form, who)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise OidcRefusedError("the provider gave no identity for this code; begin again")
        return token

    async def _claims(self, token: str, flow: FlowRow) -> Mapping[str, Json]:
        """Return what the provider signed, and signed for us, now, for this sign-in."""
        from joserfc import errors, jwt

        algorithms = [self.provider.algorithm]
        try:
            try:
                read = jwt.decode(token, await self._key_set(), algorithms=algorithms)
            except errors.InvalidKeyIdError:  # they rotated
                read = jwt.decode(token, await self._key_set(again=True), algorithms=algorithms)
            jwt.JWTClaimsRegistry(
                now=clock.microseconds(self._clock()) // 1_000_000,
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": self.provider.issuer},
                sub={"essential": True},
                aud={"essential": True, "value": self.provider.client_id},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": flow.nonce},
            ).validate(read.claims)
        except (errors.JoseError, ValueError) as error:
            raise OidcRefusedError(
                f"what the provider signed does not hold ({type(error).__name__}); begin again"
            ) from error
        audience, party = read.claims["aud"], read.claims.get("azp")
        several = isinstance(audience, list) and len(audience) > 1
        if (several or party is not None) and party != self.provider.client_id:
            raise OidcRefusedError("what the provider signed is for another program; begin again")
        return read.claims

    async def _key_set(self, *, again: bool = False) -> "KeySet":
        from joserfc import errors
        from joserfc.jwk import KeySet

        now = self._clock()
        if self._keys is not None:
            age = (now - self._keys[0]).total_seconds()
            if age < (KEYS_AGAIN_SECONDS if again else KEYS_SECONDS):
                return self._keys[1]
        about = await self._about()
        answer = await self._json(about["jwks_uri"])
        try:
            found = KeySet.import_key_set(answer)  # type: ignore[arg-type]  # it judges that
        except (errors.JoseError, ValueError, KeyError, TypeError) as error:
            raise OidcRefusedError("the provider's keys cannot be read; try again") from error
        self._keys = (now, found)
        return found

    async def _about(self) -> dict[str, str]:
        """Return the provider's addresses, from its own document about itself."""
        require_extra()
        issuer = self.provider.issuer
        found = await self._json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise OidcRefusedError(f"`{issuer}` says that it is somebody else")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        about = {name: said for name in names if isinstance(said := found.get(name), str)}
        if len(about) < len(names):
            raise OidcRefusedError(f"`{issuer}` does not say where it signs people in")
        return about

    async def _json(
        self, url: str, form: Mapping[str, str] | None = None, who: str = ""
    ) -> dict[str, Json]:
        status, body = await self._fetch(url, form, who)
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if status != 200 or not isinstance(found, dict):  # noqa: PLR2004 - HTTP
            raise OidcRefusedError(
                f"the provider refused, or did not answer ({status}); try again"
            )
        return found

    def _random(self) -> str:
        return base64.urlsafe_b64encode(self._random_bytes(32)).decode().rstrip("=")


def require_extra() -> None:
    """Raise `MissingExtraError` where the library for signed answers is not installed."""
    try:
        import joserfc  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "signing in at a provider needs an extra; install it with `pip install remit[oidc]`"
        ) from error


def _strength(claims: Mapping[str, Json]) -> str:
    methods = claims.get("amr")
    found = (
        {one for one in methods if isinstance(one, str)} if isinstance(methods, list) else set()
    )
    return "oidc+mfa" if found & SECOND_FACTORS else "oidc"


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
