"""`remit services`: tokens for programs that bring cases in, read them, or set a stop."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict

import click

from remit.cli import terminal
from remit.cli.options import Options
from remit.entrance import name_of, roster_of, services_of
from remit.governance.services import (
    DAYS_MAX,
    OVERLAP_MINUTES_MAX,
    ServicePermission,
    Services,
    TokenView,
)

MACHINE = (
    "Who may run this may also read the keys of the record: it is for whoever keeps this machine. "
    "It works beside `remit serve`, which obeys from the next request on."
)
ONCE = "this token is shown once; keep it where the program reads its secrets"
DAYS = 90
OVERLAP_MINUTES = 60
STATES = {
    "valid": "valid until",
    "expired": "expired",
    "revoked": "revoked; was valid until",
    "owner": "its owner is not active; else valid until",
}

_days = click.option(
    "--days",
    type=click.IntRange(1, DAYS_MAX),
    default=DAYS,
    show_default=True,
    help="How long it is valid.",
)


@click.group(epilog=MACHINE)
def services() -> None:
    """Give a program a token of its own, rotate it, and take it back.

    A service may do what its token says, in the workflows that it says, and never more than the
    person who answers for it. It gives no verdict: those need a person's session.

    Example: `remit services issue crm --may submit --workflow refund-desk --owner maria`
    """


@services.command(epilog=MACHINE)
@click.argument("name")
@click.option(
    "--may",
    "permissions",
    multiple=True,
    required=True,
    type=click.Choice([one.value for one in ServicePermission]),
    help="What it may do; once for each.",
)
@click.option(
    "--workflow", "workflows", multiple=True, required=True, metavar="NAME",
    help="A workflow that it may do it in; once for each.",
)  # fmt: skip
@click.option("--owner", required=True, metavar="PERSON", help="Who answers for it.")
@click.option(
    "--audience", default="", help="For whom the token is; else `audience` of `[services]`."
)
@_days
@click.pass_context
def issue(
    ctx: click.Context,
    *,
    name: str,
    permissions: tuple[str, ...],
    workflows: tuple[str, ...],
    owner: str,
    audience: str,
    days: int,
) -> None:
    """Give a service its first token; it is printed this once, and only its hash is kept.

    Example: `remit services issue crm --may submit --workflow refund-desk --owner maria`
    """
    project = ctx.ensure_object(Options).project()
    with _services(ctx) as found:
        token = found.issue(
            name,
            permissions=[ServicePermission(one) for one in permissions],
            workflows=workflows,
            known=[name_of(one) for one in project.workflows],
            owner=owner,
            days=days,
            audience=audience,
        )
    click.echo(token)
    click.echo(f"{name}: {ONCE}", err=True)


@services.command("list")
@click.option(
    "--ending-within",
    "days",
    type=click.IntRange(0, DAYS_MAX),
    metavar="DAYS",
    help="Only services whose newest token ends so soon; ends with 1 where there is one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_(ctx: click.Context, *, days: int | None, as_json: bool) -> None:
    """List the tokens of services: what each may do, who answers for it, until when.

    Example: `remit services list --ending-within 14`
    """
    with _services(ctx) as found:
        tokens = found.listed() if days is None else found.ending(days)
    if as_json:
        terminal.echo_json([asdict(one) for one in tokens])
    for one in tokens if not as_json else ():
        click.echo(_line(one))
    if not tokens and not as_json:
        click.echo("no service has a token" + ("" if days is None else " that ends"), err=True)
    ctx.exit(int(days is not None and bool(tokens)))


@services.command(epilog=MACHINE)
@click.argument("name")
@click.option(
    "--overlap-minutes",
    type=click.IntRange(0, OVERLAP_MINUTES_MAX),
    default=OVERLAP_MINUTES,
    show_default=True,
    help="How long the old one is valid beside the new one.",
)
@click.option("--owner", default="", metavar="PERSON", help="Who answers for it from now on.")
@_days
@click.pass_context
def rotate(ctx: click.Context, *, name: str, overlap_minutes: int, owner: str, days: int) -> None:
    """Give a service another token with the same permissions; the old one ends soon.

    Example: `remit services rotate crm`
    """
    with _services(ctx) as found:
        token = found.rotate(name, days=days, overlap_minutes=overlap_minutes, owner=owner)
    click.echo(token)
    click.echo(f"{name}: {ONCE}; the old one ends in {overlap_minutes} min", err=True)


@services.command(epilog=MACHINE)
@click.argument("name")
@click.pass_context
def revoke(ctx: click.Context, *, name: str) -> None:
    """End every token of a service, in every process, from the next request on.

    Example: `remit services revoke crm`
    """
    with _services(ctx) as found:
        number = found.revoke(name)
    click.echo(f"{name}: {number} token{'' if number == 1 else 's'} revoked")


def _line(one: TokenView) -> str:
    return (
        f"{one.name:<16} {one.id}  {STATES[one.state]} {one.expires_at:%Y-%m-%d %H:%M}   "
        f"({', '.join(one.permissions)} in {', '.join(one.workflows)}; for {one.audience}; "
        f"{one.owner} answers)"
    )


@contextlib.contextmanager
def _services(ctx: click.Context) -> Iterator[Services]:
    project = ctx.ensure_object(Options).project()
    found = services_of(project, roster_of(project))
    try:
        yield found
    finally:
        found.close()
