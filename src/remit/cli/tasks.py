"""`remit tasks`: what is left to people, and what they say of it."""

import json
from datetime import UTC, datetime
from typing import Final

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.opening import owning, reading
from remit.cli.options import Options
from remit.domain.task import OF_EFFECTS, Finding, TaskKind
from remit.domain.value import Json
from remit.governance import tasks as kept
from remit.governance.tasks import TaskView

SHOWN_MAX = 200
NAMED = 12  # characters of an id that are shown

_person = click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)


@click.group(invoke_without_command=True)
@click.pass_context
def tasks(ctx: click.Context) -> None:
    """List what is left to people: effects in doubt, undos that failed, faults.

    A task may be named by the beginning of its id.

    Example: `remit tasks`, then `remit tasks settle 4f21 --as maria.k --happened re_8812
    --evidence "seen in their list"`
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@tasks.command("list")
@click.option("--workflow", help="Only of this workflow.")
@click.option("--closed", is_flag=True, help="Those that are closed.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_(ctx: click.Context, *, workflow: str | None, closed: bool, as_json: bool) -> None:
    """List tasks, the oldest first.

    Example: `remit tasks list --workflow refund-desk`
    """
    with reading(_options(ctx).project()) as record:
        page = record.database.read(
            lambda c: kept.page(c, closed=closed, workflow=workflow, limit=SHOWN_MAX)
        )
    if as_json:
        terminal.echo_json(page.rows)
        return
    for row in page.rows:
        click.echo(_line(row))
        click.echo(terminal.wrapped(row.says, first=" " * 4))
    what = "closed" if closed else "left to people"
    more = " and more" if page.after else ""
    click.echo(f"{len(page.rows)}{more} {what}" if page.rows else f"nothing is {what}", err=True)


@tasks.command()
@click.argument("task_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def show(ctx: click.Context, *, task_id: str, as_json: bool) -> None:
    """Show one: what to do, of which effect, and what people said of it.

    Example: `remit tasks show 4f21`
    """
    with reading(_options(ctx).project()) as record:
        view = record.database.read(lambda c: kept.view(c, kept.named(c, task_id)))
    if as_json:
        terminal.echo_json(view)
    else:
        _shown(view)


@tasks.command()
@click.argument("task_id", metavar="ID")
@_person
@click.option("--happened", metavar="REFERENCE", help="It happened, under this reference.")
@click.option("--absent", is_flag=True, help="It did not happen.")
@click.option("--corrected", is_flag=True, help="It was put right by hand.")
@click.option("--receipt", metavar="JSON", help="What the other system shows, as JSON.")
@click.option("--evidence", required=True, help="How you know; it is sealed in the record.")
@click.pass_context
def settle(
    ctx: click.Context,
    *,
    task_id: str,
    person: str,
    happened: str | None,
    absent: bool,
    corrected: bool,
    receipt: str | None,
    evidence: str,
) -> None:
    """Say what became of an effect. Where money is at stake two people must say the same.

    Example: `remit tasks settle 4f21 --as maria.k --absent --evidence "not in their list"`
    """
    said = [
        finding
        for finding, given in (
            (Finding.HAPPENED, happened is not None),
            (Finding.ABSENT, absent),
            (Finding.CORRECTED, corrected),
        )
        if given
    ]
    if len(said) != 1:
        raise click.UsageError("say one of --happened, --absent and --corrected")
    made = _json(receipt)
    with owning(_options(ctx).project(), owner="remit tasks") as owned:
        view = owned.remit.task(task_id)

        async def work(remit: Remit) -> bool:
            done = await remit.settle(
                view.action_id, person=person, finding=said[0], reference=happened or "",
                receipt=made, evidence=evidence,
            )  # fmt: skip
            await remit.settled()
            return done

        settled = owned.run(work)
    if settled:
        click.echo(f"settled: {view.action} {said[0].value}")
    else:
        click.echo(
            terminal.wrapped(
                f"recorded for {person}; {view.needed} people must say the same, "
                "so somebody else must say it too"
            )
        )


@tasks.command()
@click.argument("task_id", metavar="ID")
@_person
@click.option("--note", required=True, help="What was done.")
@click.pass_context
def close(ctx: click.Context, *, task_id: str, person: str, note: str) -> None:
    """Close a task that no effect settles.

    Example: `remit tasks close 4f21 --as maria.k --note "looked at it: all is well"`
    """
    with owning(_options(ctx).project(), owner="remit tasks") as owned:
        owned.run(lambda remit: remit.close_task(task_id, person=person, note=note))
    click.echo("closed")


def _line(row: TaskView) -> str:
    hours = (datetime.now(UTC) - row.opened_at).total_seconds() / 3600
    what = f" {row.action}" if row.action else ""
    risk = f" ({row.risk})" if row.risk else ""
    return (
        f"{row.task_id[:NAMED]}  {row.kind}{what}{risk}  {row.owner}  since {hours:.0f} h"
        f"  {row.code}"
    )


# What is about no case stands where these commands show it.
_ELSEWHERE: Final = {
    TaskKind.LOWERED.value: "a cell, see `remit grants`,",
    TaskKind.REVIEWER.value: "somebody, see `remit reviewers`,",
}


def _shown(view: TaskView) -> None:
    click.echo(_line(view))
    click.echo(terminal.wrapped(view.says, first="  "))
    where = _ELSEWHERE.get(view.kind, f"case {view.case_id}")
    click.echo(f"  {where} of {view.workflow}")
    if view.action:
        click.echo(f"  {view.action} is {view.state}, attempt {view.attempt}")
    if view.kind in OF_EFFECTS:
        click.echo(f"  {view.needed} must say the same")
    for one in view.said:
        reference = f" ({one.reference})" if one.reference else ""
        click.echo(f"  {one.person} said: {one.finding}{reference}")
    if view.closed_at is not None:
        click.echo(f"  closed by {view.closed_by}: {view.how}")


def _json(text: str | None) -> Json:
    if text is None:
        return None
    try:
        made: Json = json.loads(text)
    except ValueError:
        raise click.UsageError("--receipt is no JSON") from None
    return made


def _options(ctx: click.Context) -> Options:
    return ctx.ensure_object(Options)
