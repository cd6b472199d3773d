"""`remit reviewers`: what each found of what was put before them."""

import click

from remit.cli import terminal
from remit.cli.identity import IDENTITY
from remit.cli.opening import owning
from remit.cli.options import Options
from remit.governance.standing import Standing

_PERCENT = 10_000  # millionths


@click.command(epilog=IDENTITY)
@click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)
@click.option("--workflow", help="Only of this workflow.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def reviewers(ctx: click.Context, *, person: str, workflow: str | None, as_json: bool) -> None:
    """Say what reviewers found of the checks of the last 90 days, and who is under alarm.

    Owners and auditors see everybody of their workflows; anybody else sees themselves.

    Example: `remit reviewers --as olga`
    """
    options = ctx.ensure_object(Options)
    with owning(options.project(), owner="remit reviewers") as owned:
        found = owned.remit.reviewers(person=person, workflow=workflow)
    if as_json:
        terminal.echo_json(found)
        return
    for one in found:
        click.echo(one.workflow)
        for pool in one.pools:
            click.echo(
                f"  risk {pool.risk}: {pool.bad - pool.missed} of {pool.bad} errors found, at "
                f"least {pool.found_min_ppm / _PERCENT:.1f} %"
            )
        for row in one.rows:
            click.echo(_line(row))
        if not one.rows:
            click.echo("  nobody has answered a check yet" if one.whole else "  none of yours")


def _line(row: Standing) -> str:
    alarm = "  ALARM" if row.alarm else ""
    open_for = "" if row.seconds is None else f"  open {row.seconds} s"
    agrees = "" if row.agreed_ppm is None else f"  agrees {row.agreed_ppm / _PERCENT:.0f} %"
    return (
        f"  {row.reviewer}: found {row.bad - row.missed} of {row.bad}, at least "
        f"{row.found_min_ppm / _PERCENT:.1f} % ({row.found_from_ppm / _PERCENT:.0f} to "
        f"{row.found_to_ppm / _PERCENT:.0f} %), refused {row.refused} of {row.good} right ones"
        f"{open_for}{agrees}{alarm}"
    )
