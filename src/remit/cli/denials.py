"""`remit denials`: what is refused to somebody in every case, widening a no and lifting one."""

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.identity import IDENTITY
from remit.cli.opening import owning, reading
from remit.cli.options import Options
from remit.domain import clock
from remit.governance.denials import DAYS_MAX
from remit.store import denials as rows

_person = click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)


@click.group(invoke_without_command=True, epilog=IDENTITY)
@click.pass_context
def denials(ctx: click.Context) -> None:
    """List what is refused in every case of somebody, widen a no, lift one.

    A no holds in its case: the same action, or another of its group, on the same record is denied
    there without a question. Widened, it holds for the action or group in all cases of who sent
    that case, for up to 30 days. ID is that of the refused action, as `remit cases show` says it.

    Example: `remit denials widen 4f21... --as maria.k --days 14 --reason "a dispute is open"`
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@denials.command("list")
@click.option("--workflow", help="Only of this workflow.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_(ctx: click.Context, *, workflow: str | None, as_json: bool) -> None:
    """List what is refused in every case of somebody, the newest first.

    Example: `remit denials list --workflow refund-desk`
    """
    with reading(_options(ctx).project()) as record:
        found = [
            one for one in record.database.read(rows.every) if workflow in {None, one.workflow}
        ]
    if as_json:
        terminal.echo_json(found)
        return
    for one in found:
        until = clock.instant(one.until_us)
        click.echo(
            f"{one.action_id}  {one.workflow} {one.kind}  until {until:%Y-%m-%d %H:%M} UTC"
            f"  by {one.person}  of {one.subject}"
        )
    click.echo(f"{len(found)} refused in every case" if found else "nothing is", err=True)


@denials.command(epilog=IDENTITY)
@click.argument("action_id", metavar="ID")
@_person
@click.option(
    "--days", type=click.IntRange(1, DAYS_MAX), default=DAYS_MAX, show_default=True,
    help="For how long.",
)  # fmt: skip
@click.option("--reason", required=True, help="Why; it stands in the record.")
@click.pass_context
def widen(ctx: click.Context, *, action_id: str, person: str, days: int, reason: str) -> None:
    """Let a person's no hold in every case of who sent this one.

    Example: `remit denials widen 4f21... --as maria.k --days 14 --reason "a dispute is open"`
    """

    async def work(remit: Remit) -> None:
        await remit.widen_denial(action_id, person=person, days=days, reason=reason)

    with owning(_options(ctx).project(), owner="remit denials") as owned:
        owned.run(work)
    click.echo(f"refused in every case of the same sender for {days} days")


@denials.command(epilog=IDENTITY)
@click.argument("action_id", metavar="ID")
@_person
@click.option("--reason", required=True, help="Why; it stands in the record.")
@click.pass_context
def lift(ctx: click.Context, *, action_id: str, person: str, reason: str) -> None:
    """Take a person's no away, in its case and in all others; an owner's word.

    Example: `remit denials lift 4f21... --as olga --reason "the dispute is settled"`
    """

    async def work(remit: Remit) -> None:
        await remit.lift_denial(action_id, person=person, reason=reason)

    with owning(_options(ctx).project(), owner="remit denials") as owned:
        owned.run(work)
    click.echo("lifted: what is proposed from here on is judged anew")


def _options(ctx: click.Context) -> Options:
    return ctx.ensure_object(Options)
