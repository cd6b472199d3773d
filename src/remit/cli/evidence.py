"""`remit evidence`: make every grant again from the entries, and say which is otherwise."""

import sys
from dataclasses import asdict

import click

from remit.cli import terminal
from remit.cli.inventory import assembled
from remit.cli.opening import reading
from remit.cli.options import Options
from remit.errors import RemitError
from remit.governance import recompute
from remit.policy.book import Declared
from remit.settings import Project

DIFFERENT = 1


@click.group()
def evidence() -> None:
    """Prove from the record alone what may be done without a person.

    Example: `remit evidence verify`
    """


@evidence.command()
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def verify(ctx: click.Context, *, as_json: bool) -> None:
    """Make every grant again from the entries; name what differs, and end with 1.

    Each coin is tossed again under the key that was told after its day, each label follows the one
    before, and at each grant the rows are counted again: bar, threshold, reviewers, cycles. Each
    alarm must sound at its row, and whatever lowered a cell must have happened. Where evidence was
    carried to other rules, both are asked again: that they allow less, and which rows are held. No
    row that pages or the gate read is looked at, and nothing is changed; also beside a running
    `remit serve`.
    `remit ledger verify` says whether the entries themselves are those that were written.

    Example: `remit evidence verify --json`
    """
    project = ctx.ensure_object(Options).project()
    shown = None if as_json or not sys.stderr.isatty() else _progress
    with reading(project) as record:
        report = recompute.verify(
            record.database, keys=record.keys, declared=Code(project).declared, progress=shown
        )
    if as_json:
        terminal.echo_json({"result": report.result, **asdict(report)})
    else:
        for line in report.lines:
            click.echo(terminal.safe(line))
    if report.differing:
        ctx.exit(DIFFERENT)


class Code:
    """What rules may speak of, in code that is loaded once something was carried."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._found: dict[str, Declared] | None = None

    def declared(self, workflow: str) -> Declared | None:
        """Return what rules of a workflow may speak of; nothing where its code does not load."""
        if self._found is None:
            try:
                made = assembled(self._project)
            except RemitError as error:
                made = []
                said = f"rules are not asked again, as the code does not load: {error}"
                click.echo(terminal.safe(said), err=True)
            self._found = {one.workflow.name: one.rules.declared for one in made}
        return self._found.get(workflow)


def _progress(done: int, whole: int) -> None:
    share = 100 * done // max(whole, 1)
    click.echo(f"\r{done:,} of {whole:,} entries, {share} %", nl=done == whole, err=True)
