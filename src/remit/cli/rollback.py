"""`remit rollback`: take many effects back, after a look at the plan."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.opening import owning, reading
from remit.cli.options import Options
from remit.governance import incidents
from remit.governance import rollbacks as kept
from remit.governance.rollbacks import Plan, RollbackView, Selection
from remit.store.connection import Connection
from remit.store.incidents import IncidentRow

NAMED = 12  # characters of an id or a digest that are shown
DIGEST_CHARACTERS_MIN = 12
HOURS = 24.0

Command = Callable[..., None]

_WHICH = (
    click.option("--workflow", required=True, help="Of which workflow."),
    click.option("--action", help="Only of this action."),
    click.option("--case", "case_id", help="Only of this case; its whole id."),
    click.option(
        "--incident", "incident_id", help="What is to check of this incident, however old."
    ),
    click.option(
        "--hours", type=click.FloatRange(min=0), default=HOURS, show_default=True,
        help="What was done in the last hours.",
    ),
)  # fmt: skip


@click.group()
def rollback() -> None:
    """Undo what a workflow did, newest first, each effect by its own undo.

    Example: `remit rollback plan --workflow refund-desk --hours 2`
    """


def _which(command: Command) -> Command:
    for option in reversed(_WHICH):
        command = option(command)
    return command


@rollback.command()
@_which
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def plan(
    ctx: click.Context,
    *,
    workflow: str,
    action: str | None,
    case_id: str | None,
    incident_id: str | None,
    hours: float,
    as_json: bool,
) -> None:
    """Show what would be undone. Nothing is done by it.

    Example: `remit rollback plan --workflow refund-desk --action issue_refund --hours 2`
    """
    with reading(_options(ctx).project()) as record:
        specs = record.specs(workflow)
        undos = {name: spec.undo for name, spec in specs.items()}
        wanted = _selection(workflow, action, case_id, hours)
        if incident_id is not None:
            wanted = _of_incident(record.database.read, wanted, incident_id)
        found = record.database.read(
            lambda c: kept.told(c, record.keys, kept.planned(c, wanted, undos), specs)
        )
    if as_json:
        terminal.echo_json(found)
    else:
        _plan(found)


@rollback.command()
@_which
@click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)
@click.option("--reason", required=True, help="Why; it is sealed in the record.")
@click.option("--yes", is_flag=True, help="Do not ask again; needs --digest.")
@click.option("--digest", help="The digest of the plan that you were shown.")
@click.pass_context
def start(
    ctx: click.Context,
    *,
    workflow: str,
    action: str | None,
    case_id: str | None,
    incident_id: str | None,
    hours: float,
    person: str,
    reason: str,
    yes: bool,
    digest: str | None,
) -> None:
    """Show the plan, ask, and carry out exactly that.

    Example: `remit rollback start --workflow my-desk --as olga --reason "wrong rate"`
    """
    if yes and digest is None:
        raise click.UsageError("--yes needs --digest: the digest of the plan you were shown")
    with owning(_options(ctx).project(), owner="remit rollback") as owned:
        wanted = _selection(workflow, action, case_id, hours)
        if incident_id is not None:
            wanted = _of_incident(owned.remit.database.read, wanted, incident_id)
        found = owned.remit.plan_rollback(wanted)
        _plan(found)
        if not yes:
            click.confirm(f"\nUndo exactly these as {person}?", abort=True)
        bound = _bound(found.digest, digest)

        async def work(remit: Remit) -> RollbackView:
            return await remit.start_rollback(wanted, person=person, reason=reason, digest=bound)

        view = owned.run(work)
    _became(view)


@rollback.command()
@click.argument("rollback_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def show(ctx: click.Context, *, rollback_id: str, as_json: bool) -> None:
    """Show what became of each effect of a rollback.

    Example: `remit rollback show 0193…`
    """
    with reading(_options(ctx).project()) as record:
        view = record.database.read(lambda c: kept.view(c, rollback_id))
    if as_json:
        terminal.echo_json(view)
    else:
        _became(view)


@rollback.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List rollbacks, the newest first.

    Example: `remit rollback list`
    """
    with reading(_options(ctx).project()) as record:
        found = record.database.read(kept.newest)
    if as_json:
        terminal.echo_json(found)
        return
    for view in found:
        click.echo(f"{view.rollback_id}  {view.workflow}  {view.person}  {_counts(view)}")
    if not found:
        click.echo("there was no rollback", err=True)


def _plan(found: Plan) -> None:
    for one in found.items:
        undo = f"by {one.undo}" if one.undo else "no undo"
        click.echo(
            f"{one.action_id[:NAMED]}  {one.at:%m-%d %H:%M}  {one.action} ({one.risk})  {undo}"
        )
        click.echo(terminal.wrapped(one.sentence or one.money, first=" " * 4))
        if one.note:
            click.echo(terminal.wrapped(one.note, first=" " * 4))
    moved = f", {', '.join(found.sums)}" if found.sums else ""
    said = f"{len(found.items)} to undo{moved}, newest first"
    said += f"; the plan's digest is {found.digest[:NAMED]}"
    click.echo(said if found.items else "nothing was done there that could be undone", err=True)


def _became(view: RollbackView) -> None:
    for one in view.items:
        code = f" ({one.code})" if one.code else ""
        click.echo(
            f"{one.action_id[:NAMED]}  {one.action}: {one.outcome or f'open, {one.state}'}{code}"
        )
    click.echo(f"rollback {view.rollback_id}: {_counts(view)}")
    if view.uncompensated:
        click.echo("what could not be undone is left to its owner: `remit tasks`", err=True)


def _counts(view: RollbackView) -> str:
    end = "finished" if view.finished_at is not None else "goes on"
    return (
        f"{end}, {view.planned} planned = {view.compensated} compensated + "
        f"{view.uncompensated} uncompensated + {view.not_needed} not needed"
        + ("" if view.finished_at is not None else " + the rest")
    )


def _bound(shown: str, given: str | None) -> str:
    if given is None or (len(given) >= DIGEST_CHARACTERS_MIN and shown.startswith(given)):
        return shown
    return given


def _selection(workflow: str, action: str | None, case_id: str | None, hours: float) -> Selection:
    now = datetime.now(UTC)
    return Selection(
        workflow=workflow, action=action, case_id=case_id, since=now - timedelta(hours=hours),
        until=now + timedelta(minutes=1),
    )  # fmt: skip


def _of_incident(
    read: Callable[[Callable[[Connection], IncidentRow]], IncidentRow],
    wanted: Selection,
    incident_id: str,
) -> Selection:
    """Return the selection of what is to check of an incident since it began."""
    row = read(lambda c: incidents.demand(c, incident_id))
    begun = datetime.fromtimestamp(0, UTC)
    return replace(wanted, incident_id=row.incident_id, since=begun)


def _options(ctx: click.Context) -> Options:
    return ctx.ensure_object(Options)
