"""Who may come in, and what they may: people and roles of the settings, accounts, sign-in."""

import logging
import random as randomness
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from remit.assembly.fetching import fetching
from remit.domain.money import Money
from remit.errors import SettingsError
from remit.governance.access import Rights, Role, Roster
from remit.governance.accounts import Accounts
from remit.governance.oidc import Oidc, Provider, require_extra
from remit.governance.owners import Person
from remit.governance.services import Services
from remit.governance.sessions import SignIn, Times
from remit.settings import FILE, Project, read, secret
from remit.store.accounts import AccountRows, account_rows
from remit.store.services import service_rows

log = logging.getLogger("remit.entrance")


def roster_of(project: Project) -> Roster:
    """Return who a project's people are and what they may, read anew where a file changed.

    Raises `SettingsError` for a cap that is finer than its currency, or a role's workflow that is
    nowhere. A file that cannot be read later changes nothing, and the log says so.
    """
    files = [one.folder / FILE for one in (project, *project.members)]
    seen = _seen(files)

    def fresh() -> Rights | None:
        nonlocal seen
        now = _seen(files)
        if now == seen:
            return None
        seen = now
        try:
            found = rights_of(read(project.folder))
        except SettingsError as error:
            log.warning("people and roles stay as they were: %s", error)
            return None
        log.warning("people and roles were read anew: %s people", len(found.people))
        return found

    return Roster(rights_of(project), fresh=fresh)


def oidc_of(
    project: Project, sign_in: SignIn, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Oidc | None:
    """Return the provider at which people sign in; None where there is none.

    Raises `SettingsError`, and `MissingExtraError` where its libraries are not installed.
    """
    settings = project.settings.sign_in.oidc
    if settings is None:
        return None
    require_extra()
    return Oidc(
        Provider(
            issuer=settings.issuer,
            client_id=settings.client_id,
            client_secret=secret(settings.client_secret),
            redirect=settings.redirect,
            handle_claim=settings.handle_claim,
            scopes=settings.scopes,
            algorithm=settings.algorithm,
        ),
        rows=accounts_of(project),
        sign_in=sign_in,
        fetch=fetching(
            [settings.issuer, *settings.hosts], random=randomness.SystemRandom().random
        ),
        random_bytes=secrets.token_bytes,
        clock=now,
    )


def rights_of(project: Project) -> Rights:
    """Return people, roles and owners as the settings say them; raises `SettingsError`."""
    names = {name_of(one) for one in project.workflows}
    roles: dict[str, Role] = {}
    for name, one in project.roles.items():
        unknown = sorted(one.workflows - names)
        if unknown:
            raise SettingsError(
                f"`[roles.{name}]` names `{unknown[0]}`, which is no workflow here"
            )
        try:
            cap = None if one.cap is None else Money.of(one.cap)
            roles[name] = Role(
                workflows=one.workflows,
                cap=None if cap is None else (cap.minor, cap.currency),
            )
        except ValueError as error:
            raise SettingsError(f"`[roles.{name}]`: `cap`: {error}") from error
    return Rights(
        people={
            handle: Person(handle=handle, name=one.name, roles=one.roles, active=one.active)
            for handle, one in project.people.items()
        },
        roles=roles,
        owners={
            name_of(one): frozenset(one.settings.workflow.owners.model_dump().values())
            for one in project.workflows
            if one.settings.workflow is not None
        },
    )


def name_of(project: Project) -> str:
    """Return the name of the workflow in a folder; empty where there is none."""
    return "" if project.settings.workflow is None else project.settings.workflow.name


def _seen(files: Sequence[Path]) -> list[tuple[int, int, int]]:
    """Return what tells a changed file from the one that was read."""
    found = []
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            found.append((0, 0, 0))
            continue
        found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return found


def accounts_of(project: Project) -> AccountRows:
    """Return a project's accounts and sessions; any process may have them open."""
    return account_rows(project.path(project.settings.keys), url=database_url(project))


def sign_in_of(
    project: Project,
    people: Callable[[], Mapping[str, Person]],
    *,
    links: bool = True,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> SignIn:
    """Return the doors to a project; `links` says that this machine may print single-use ones."""
    settings = project.settings.sign_in
    return SignIn(
        rows=accounts_of(project),
        random_bytes=secrets.token_bytes,
        clock=now,
        people=people,
        times=Times(
            idle_minutes=settings.idle_minutes,
            life_hours=settings.life_hours,
            step_up_minutes=settings.step_up_minutes,
        ),
        links=links and settings.links,
    )


def services_of(
    project: Project,
    roster: Roster,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Services:
    """Return who knows the tokens of a project's services; any process may have them open."""
    return Services(
        rows=service_rows(project.path(project.settings.keys), url=database_url(project)),
        accounts=Accounts(accounts_of(project), clock=now, people=lambda: roster),
        random_bytes=secrets.token_bytes,
        clock=now,
        roster=roster,
        audience=project.settings.services.audience,
    )


def database_url(project: Project) -> str:
    """Return the database's address, with a relative file taken from the project's folder."""
    url = project.settings.database
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        path = project.path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{path}"
    return url
