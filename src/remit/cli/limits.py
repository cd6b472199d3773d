"""`remit limits`: how full each is, and what its owner allows for a time."""

from datetime import UTC, datetime

import click

from remit.cli import terminal
from remit.cli.opening import owning, reading
from remit.cli.options import Options
from remit.domain import clock
from remit.governance.limits import LimitView, every, view
from remit.settings import Project
from remit.store.connection import Connection

IDENTITY = (
    "On the command line you are whoever you name: who can open the key file can be anybody. In "
    "the console each person signs in."
)


@click.group(invoke_without_command=True, epilog=IDENTITY)
@click.pass_context
def limits(ctx: click.Context) -> None:
    """List the limits of `remit.toml`, how full they are, and raise one for a time.

    Example: `remit limits`, then `remit limits raise refunds-a-day --as olga --max "900.00 EUR"`
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@limits.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List every limit: what it allows, what is taken where it is fullest, what waits for it.

    Example: `remit limits list`
    """
    with reading(ctx.ensure_object(Options).project()) as record:
        found = record.database.read(lambda c: _views(c, record.project))
    if as_json:
        terminal.echo_json(found)
        return
    for one in found:
        for line in lines(one):
            click.echo(line)
    count = len(found)
    click.echo(
        f"{count} limit{'s' if count > 1 else ''}"
        if count
        else "no limit is set; add `[[limits]]` to `remit.toml`",
        err=True,
    )


@limits.command("raise", epilog=IDENTITY)
@click.argument("name")
@click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle: the limit's owner."
)
@click.option("--max", "most", required=True, help="What it allows: `40`, or `900.00 EUR`.")
@click.option(
    "--hours", type=click.IntRange(1, 24 * 30), default=24, show_default=True, help="For how long."
)
@click.option("--reason", required=True, help="Why.")
@click.pass_context
def raise_(
    ctx: click.Context, *, name: str, person: str, most: str, hours: int, reason: str
) -> None:
    """Let a limit allow more for some hours; what waits for it is gated again.

    Example: `remit limits raise refunds-a-day --as olga --max "900.00 EUR" --reason "recall"`
    """
    with owning(ctx.ensure_object(Options).project(), owner="remit limits") as owned:
        owned.run(
            lambda remit: remit.raise_limit(
                name, person=person, max=most, seconds=hours * 3_600, reason=reason
            ),
            cases=False,
        )
    click.echo(f"{terminal.safe(name)} allows {terminal.safe(most)} for {hours} h")


def _views(connection: Connection, project: Project) -> list[LimitView]:
    now_us = clock.microseconds(datetime.now(UTC))
    known = {}
    for member in project.workflows:
        settings = member.settings.workflow
        for one in every(member.limits, project.people):
            known[one.name] = (one, "" if settings is None else settings.name)
    return [view(connection, one, workflow=name, now_us=now_us) for one, name in known.values()]


def lines(one: LimitView) -> list[str]:
    """Return a limit in lines for a terminal."""
    raised = "" if one.raised_until is None else f" until {one.raised_until:%Y-%m-%d %H:%M} UTC"
    who = "also what a person approved" if one.counts_all else "what is done alone"
    outside = "; outside it the case goes to a person" if one.escalates else ""
    what = "" if one.measure == "money" else f" {one.measure}"
    taken = ", ".join(one.taken) or "nothing"
    told = (
        f"{one.allowed}{what}{raised} in {one.window_seconds:,} s per {one.per}",
        f"of {one.of}; counts {who}{outside}; owner {one.owner}",
        f"taken, where it is fullest: {taken}; {one.waiting} waiting",
    )
    return [one.name, *(terminal.wrapped(text, first="    ") for text in told)]
