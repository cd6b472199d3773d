"""`remit drill`: rehearse an undo on a stand-in, and list what came of the last ones."""

import click

from remit.cli import terminal
from remit.cli.opening import owning, reading
from remit.cli.options import Options
from remit.store import rollbacks

FAILED = 1


@click.group()
def drill() -> None:
    """Rehearse undos: perform, undo, and compare the world before and after.

    The stand-in has the operations of the real connectors and only writes down what it is told.

    Example: `remit drill undo --workflow refund-desk --action issue_refund --as olga`
    """


@drill.command()
@click.option("--workflow", required=True, help="Of which workflow.")
@click.option("--action", required=True, help="The action whose undo is rehearsed.")
@click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def undo(ctx: click.Context, *, workflow: str, action: str, person: str, as_json: bool) -> int:
    """Rehearse the undo of the newest effect of an action; nothing leaves.

    Exit codes: 0 the world was as before, 1 it was not, or the undo would not have run.

    Example: `remit drill undo --workflow refund-desk --action issue_refund --as olga`
    """
    with owning(_options(ctx).project(), owner="remit drill") as owned:
        view = owned.run(lambda remit: remit.rehearse(workflow, action, person=person))
    if as_json:
        terminal.echo_json(view)
    elif view.passed:
        click.echo(f"passed: {action} and its undo {view.undo} in {view.took_ms} ms")
    else:
        click.echo(terminal.wrapped(f"failed: {action}, {view.undo or 'no undo'}: {view.code}"))
    return 0 if view.passed else FAILED


@drill.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List the last drill of each action.

    Example: `remit drill list`
    """
    with reading(_options(ctx).project()) as record:
        found = record.database.read(rollbacks.drills)
    if as_json:
        terminal.echo_json(found)
        return
    for row in found:
        said = "passed" if row.passed else f"failed ({row.code})"
        click.echo(f"{row.workflow}.{row.action}: {said}, {row.took_ms} ms, by {row.person}")
    if not found:
        click.echo("no undo was rehearsed yet", err=True)


def _options(ctx: click.Context) -> Options:
    return ctx.ensure_object(Options)
