"""Who decides: `[people.NAME]`, and the owners of a workflow."""

from typing import Literal

from pydantic import Field

from remit.settings.table import Table


class PersonSettings(Table):
    """Somebody who may decide: `[people.maria-k]`."""

    name: str
    roles: frozenset[str] = frozenset()
    active: bool = True


class RoleSettings(Table):
    """How far a role reaches: which workflows, and money up to which amount."""

    workflows: frozenset[str] = frozenset()  # empty: all
    cap: str | None = Field(default=None, pattern=r"^\d{1,12}(\.\d{1,3})? [A-Z]{3}$")


class OwnerSettings(Table):
    """The named people who answer for a workflow."""

    workflow: str
    prompts: str
    knowledge: str
    incidents: str
    escalation: str


class OidcSettings(Table):
    """An OpenID Connect provider at which people sign in; they must stand in `[people]` too."""

    issuer: str = Field(pattern=r"^https?://[^/?#]+[^?#]*$")
    client_id: str
    client_secret: str | None = None  # a reference: env:NAME or file:PATH
    redirect: str = Field(pattern=r"^https?://[^?#]+/sign-in/oidc/return$")  # as registered there
    handle_claim: str = "preferred_username"  # the claim that is the handle of `[people]`
    scopes: str = "openid profile"
    algorithm: Literal["RS256", "PS256", "ES256", "EdDSA"] = "RS256"
    hosts: list[str] = []  # addresses of keys and tokens that are not the issuer's


class SignInSettings(Table):
    """How long sessions last, and how fresh a sign-in must be for what cannot be taken back."""

    idle_minutes: int = Field(default=30, gt=0, le=24 * 60)
    life_hours: int = Field(default=12, gt=0, le=24 * 7)
    step_up_minutes: int = Field(default=15, gt=0, le=12 * 60)
    oidc: OidcSettings | None = None
    links: bool = True  # single-use links that `remit serve` prints on loopback
