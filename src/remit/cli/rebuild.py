"""`remit ledger rebuild`: make the rows anew from the entries, compare, put them in place."""

import sys
from dataclasses import asdict

import click

from remit.cli import terminal
from remit.cli.opening import owning, reading
from remit.cli.options import Options
from remit.ledger import projections
from remit.ledger.chain import control_stream
from remit.ledger.recovery import current_origin

DIFFERENT = 1


@click.command()
@click.option("--check", "only", is_flag=True, help="Compare only; change nothing.")
@click.option("--as", "person", help="Who has it done; without --check.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def rebuild(ctx: click.Context, *, only: bool, person: str | None, as_json: bool) -> None:
    """Fold all entries anew and compare the rows that pages and the gate read.

    Cases, waits, proposals, approvals, grants, stops and counters follow from the entries alone. A
    row that differs was changed by somebody, or is a fault of Remit: an incident. `--check` names
    table, key, column and both values, also beside a running `remit serve`, and ends with 1.
    Without it the rows of the entries take the place of the others in one commit, and an entry
    says so and who did it.

    Example: `remit ledger rebuild --check`
    """
    project = ctx.ensure_object(Options).project()
    shown = None if as_json or not sys.stderr.isatty() else _progress
    if only:
        with reading(project) as record:
            report = projections.check(record.database, progress=shown)
    else:
        if person not in project.people:
            raise click.UsageError("say who has it done: `--as HANDLE` of somebody in `[people]`")
        by = str(person)
        with owning(project, owner="remit ledger rebuild") as owned:
            origin = current_origin(owned.remit.database, project.settings.origin)
            stream = control_stream(origin)
            report = owned.remit.writer.run(
                lambda uow: projections.rebuild(uow, stream=stream, by=by, progress=shown)
            ).value
    if as_json:
        terminal.echo_json({"result": report.result, **asdict(report)})
    else:
        for line in report.lines:
            click.echo(terminal.safe(line))
        if report.differing and not only:
            click.echo("the rows are now those of the entries, and an entry says so")
    if report.differing and only:
        ctx.exit(DIFFERENT)


def _progress(done: int, whole: int) -> None:
    share = 100 * done // max(whole, 1)
    click.echo(f"\r{done:,} of {whole:,} entries, {share} %", nl=done == whole, err=True)
