"""`remit delegate`: lending one's roles for a while, what is lent, and ending it."""

from datetime import UTC, datetime

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.identity import IDENTITY
from remit.cli.opening import owning, reading
from remit.cli.options import Options
from remit.domain import clock
from remit.governance.delegations import Lending, cap_of, shown
from remit.store import delegations as rows

_person = click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)
_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"])


@click.group(invoke_without_command=True, epilog=IDENTITY)
@click.pass_context
def delegate(ctx: click.Context) -> None:
    """Lend your roles for a while, list what is lent, end it.

    A delegate decides as you would, within workflows, period and cap; you and they are one person
    wherever two are asked for. What was lent is not lent on. An owner of the workflows may lend
    the roles of somebody who is absent, with `--for`.

    Example: `remit delegate give maria.k --as olga --until 2026-12-24`
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@delegate.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List whose roles are lent to whom, today or later, the newest first.

    Example: `remit delegate list`
    """
    now_us = clock.microseconds(datetime.now(UTC))
    with reading(_options(ctx).project()) as record:
        found = [shown(one) for one in record.database.read(rows.every) if one.until_us > now_us]
    if as_json:
        terminal.echo_json(found)
        return
    for one in found:
        cap = "" if one.cap is None else f"  up to {one.cap.written} {one.cap.currency}"
        click.echo(
            f"{one.delegation_id}  {one.giver} to {one.to}  {', '.join(one.workflows) or 'all'}"
            f"  {one.begins:%Y-%m-%d %H:%M} to {one.until:%Y-%m-%d %H:%M} UTC{cap}  by {one.by}"
        )
    click.echo(f"{len(found)} lent" if found else "nobody has lent a role", err=True)


@delegate.command(epilog=IDENTITY)
@click.argument("to")
@_person
@click.option("--until", type=_DAY, required=True, help="Until when, in UTC.")
@click.option("--from", "begins", type=_DAY, help="From when, in UTC; without it from now.")
@click.option("--workflow", "workflows", multiple=True, help="Only there; again for more.")
@click.option("--cap", metavar="AMOUNT", help="Up to so much, like `500.00 EUR`.")
@click.option("--for", "giver", metavar="PERSON", help="Who is absent, where it is not you.")
@click.pass_context
def give(
    ctx: click.Context,
    *,
    to: str,
    person: str,
    until: datetime,
    begins: datetime | None,
    workflows: tuple[str, ...],
    cap: str | None,
    giver: str | None,
) -> None:
    """Lend your roles to somebody, or as an owner those of somebody who is absent.

    Example: `remit delegate give maria.k --as olga --until 2026-12-24 --cap "500.00 EUR"`
    """
    lending = Lending(
        giver=giver or person, to=to, workflows=workflows,
        begins=None if begins is None else begins.replace(tzinfo=UTC),
        until=until.replace(tzinfo=UTC), cap=cap_of(cap),
    )  # fmt: skip

    async def work(remit: Remit) -> str:
        return await remit.delegate(lending, person=person)

    with owning(_options(ctx).project(), owner="remit delegate") as owned:
        made = owned.run(work)
    click.echo(f"{made}: {to} may decide for {giver or person} until {until:%Y-%m-%d %H:%M} UTC")


@delegate.command(epilog=IDENTITY)
@click.argument("delegation_id", metavar="ID")
@_person
@click.pass_context
def end(ctx: click.Context, *, delegation_id: str, person: str) -> None:
    """Take back what was lent; a yes that was said with it and not used falls.

    Example: `remit delegate end 4f21... --as olga`
    """

    async def work(remit: Remit) -> None:
        await remit.end_delegation(delegation_id, person=person)

    with owning(_options(ctx).project(), owner="remit delegate") as owned:
        owned.run(work)
    click.echo("ended: nobody decides with it any more")


def _options(ctx: click.Context) -> Options:
    return ctx.ensure_object(Options)
