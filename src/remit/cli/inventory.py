"""`remit inventory`: what runs here, read from the code and the rules, with its levels of now."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from remit.assembly import Assembled, assemble, encoder_of
from remit.cli import terminal
from remit.cli.opening import Record, reading
from remit.cli.options import Options
from remit.domain import clock
from remit.governance import books, overview
from remit.governance.inventory import Inventory, ListedAction
from remit.governance.overview import ActionView
from remit.orchestration.equipment import Equipment
from remit.orchestration.listed import listed
from remit.policy import folder
from remit.settings import Project


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def inventory(ctx: click.Context, *, as_json: bool) -> None:
    """List what runs here: each workflow with its version, owners, tools, actions and rules.

    Made from what would run, not from a list that somebody keeps. The level of an action is what
    it may do alone now; where nothing was received yet, it is what its phase and ceiling leave.

    Example: `remit inventory`, or `remit inventory --json`
    """
    project = ctx.ensure_object(Options).project()
    found = tuple(_of(project))
    if as_json:
        terminal.echo_json(found)
        return
    for one in found:
        for line in _told(one):
            click.echo(line)


def _of(project: Project) -> list[Inventory]:
    with ExitStack() as stack:
        begun = project.path(project.settings.keys).exists()
        record = stack.enter_context(reading(project)) if begun else None
        found = [in_force(one, record) for one in assembled(project)]
        return [listed(one, _levels(one, record)) for one in found]


def in_force(one: Assembled, record: Record | None) -> Equipment:
    """Return what a workflow runs with, its rules those in force: the folder may hold others."""
    made = one.equipment(None)
    kept = () if record is None else record.database.read(
        lambda c: books.kept(c, record.keys, made.name)
    )  # fmt: skip
    if not kept:
        return made
    book = folder.book_of(kept[-1].texts, one.rules.declared, owners=None)
    return replace(made, book=book, fingerprint=one.rules.fingerprint(book.digest))


def assembled(project: Project) -> list[Assembled]:
    """Return every workflow of a project as it would run, connected to nothing."""
    models = Path(project.path(project.settings.trained))
    encoder = encoder_of(project)
    return [
        assemble(
            one,
            people=project.people,
            directories=project.directories,
            models_folder=models,
            random=lambda: 0.0,
            encoder=encoder,
            connect=False,
        )
        for one in project.workflows
    ]


def _levels(one: Equipment, record: Record | None) -> tuple[ActionView, ...]:
    specs = [declared.spec for declared in one.workflow.actions.values()]
    if record is None:
        return overview.without_grants(specs, phase=one.phase, ceilings=one.ceilings)
    return record.database.read(
        lambda c: overview.actions(
            c, name=one.name, phase=one.phase, specs=specs, ceilings=one.ceilings,
            fingerprint=one.fingerprint, now_us=clock.microseconds(datetime.now(UTC)),
        )
    )  # fmt: skip


def _undone(action: ListedAction) -> str:
    if action.is_undo:
        return "takes another back"
    return f"undo {action.undo}" if action.undo else "cannot be undone"


def _told(one: Inventory) -> list[str]:
    lines = [f"{one.workflow}  {one.phase}  version {one.version[:12]}"]
    lines.append("  owners      " + ", ".join(f"{what} {who}" for what, who in one.owners.items()))
    for action in one.actions:
        lines.append(
            f"  action      {action.action}: risk {action.risk}, now {action.level}, "
            f"at most {action.ceiling}, {_undone(action)}"
        )
        lines += [f"                {name}: {said}" for name, said in action.parameters.items()]
    for tool in one.tools:
        outside = ", ".join(tool.from_outside) or "nothing"
        kind = "derive" if tool.derive else "tool"
        lines.append(f"  {kind:<10}  {tool.tool}: written by third parties: {outside}")
    lines.append("  connectors  " + (", ".join(one.connectors) or "none"))
    for route, models in one.models.items():
        lines.append(f"  model       {route}: {', then '.join(models)}")
    lines += [f"  prompt      {name}: owner {owner}" for name, owner in one.prompts.items()]
    lines += [f"  classifier  {name}" for name in one.classifiers]
    for rule in one.rules:
        verb = "permits" if rule.permits else "forbids"
        lines.append(f"  rule        {rule.rule} {verb}: {rule.says} ({rule.owner}, {rule.since})")
    return lines
