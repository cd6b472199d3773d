"""`remit incidents`: declare what went wrong, say what was found of each effect, close it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.opening import owning, reading
from remit.cli.options import Options
from remit.domain.incident import SAID, Correction, Severity
from remit.governance import incident as kept
from remit.governance import incidents as acts
from remit.governance.incident import IncidentView
from remit.observability.incident_sentences import FOUND
from remit.settings import Project

SHOWN_MAX = 200
NAMED = 12  # characters of an id that are shown

T = TypeVar("T")

_person = click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)
_named = click.argument("incident_id", metavar="ID")


@click.group(invoke_without_command=True)
@click.pass_context
def incidents(ctx: click.Context) -> None:
    """List what went wrong, declare it, and close it once all is put right.

    An incident may be named by the beginning of its id.

    Example: `remit incidents`, then `remit incidents show 4f21`
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@incidents.command("list")
@click.option("--workflow", help="Only of this workflow.")
@click.option("--closed", is_flag=True, help="Those that are reviewed or dismissed.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_(ctx: click.Context, *, workflow: str | None, closed: bool, as_json: bool) -> None:
    """List incidents, the newest first.

    Example: `remit incidents list --workflow refund-desk`
    """
    project = _project(ctx)
    with reading(project) as record:
        page = record.database.read(
            lambda c: kept.page(
                c, record.keys, owner=_owners(project), closed=closed, workflow=workflow,
                limit=SHOWN_MAX,
            )
        )  # fmt: skip
    if as_json:
        terminal.echo_json(page.rows)
        return
    for one in page.rows:
        click.echo(_line(one))
        click.echo(terminal.wrapped(one.sentence or one.says, first=" " * 4))
    what = "over" if closed else "open or not reviewed"
    more = " and more" if page.after else ""
    said = f"{len(page.rows)}{more} {what}" if page.rows else f"no incident is {what}"
    click.echo(said, err=True)


@incidents.command()
@_named
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def show(ctx: click.Context, *, incident_id: str, as_json: bool) -> None:
    """Show one: what was seen, what holds it, and each effect that it touches.

    Example: `remit incidents show 4f21`
    """
    project = _project(ctx)
    with reading(project) as record:
        row = record.database.read(lambda c: acts.demand(c, incident_id))
        specs = record.specs(row.scope.workflow)
        view = record.database.read(
            lambda c: kept.whole(c, record.keys, row, owner=_owners(project), specs=specs)
        )
    if as_json:
        terminal.echo_json(view)
    else:
        _shown(view)


@incidents.command()
@click.argument("scope", metavar="SCOPE")
@_person
@click.option(
    "--severity",
    required=True,
    type=click.Choice([one.value for one in Severity]),
    help="sev1 cannot be undone, sev2 can, sev3 harmed nobody, sev4 is a defect.",
)
@click.option("--sentence", required=True, help="What went wrong; it is sealed in the record.")
@click.option(
    "--occurred",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]),
    help="Since when, with a zone; without it what was done in a day is touched.",
)
@click.option("--contain", is_flag=True, help="Lower the cell, or stop the scope, at once.")
@click.pass_context
def declare(
    ctx: click.Context,
    *,
    scope: str,
    person: str,
    severity: str,
    sentence: str,
    occurred: datetime | None,
    contain: bool,
) -> None:
    """Declare one on `cell:WORKFLOW.ACTION/SEGMENT`, an action, a workflow or a case.

    Example: `remit incidents declare action:refund-desk.issue_refund --as otto --severity sev2
    --sentence "refunds go out twice" --contain`
    """
    view = _acted(
        ctx,
        lambda remit: remit.declare_incident(
            scope, person=person, severity=Severity(severity), sentence=sentence,
            occurred_at=occurred, contain=contain,
        ),
    )  # fmt: skip
    _shown(view)


@incidents.command()
@_named
@_person
@click.pass_context
def contain(ctx: click.Context, *, incident_id: str, person: str) -> None:
    """Hold it: a cell is lowered, so that nothing of it runs alone; else a stop is set.

    Example: `remit incidents contain 4f21 --as otto`
    """
    view = _acted(ctx, lambda remit: remit.contain_incident(incident_id, person=person))
    click.echo(f"contained: {terminal.safe(view.containment)}")


@incidents.command()
@_named
@_person
@click.option(
    "--finding",
    required=True,
    type=click.Choice(sorted(one.value for one in SAID)),
    help="What you found; what is undone says so by itself.",
)
@click.option("--effect", "effects", multiple=True, help="Of this effect; its whole action id.")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help=f"Of all that are to check, at most {acts.EFFECTS_MAX:,} at once.",
)
@click.pass_context
def find(
    ctx: click.Context,
    *,
    incident_id: str,
    person: str,
    finding: str,
    effects: tuple[str, ...],
    every: bool,
) -> None:
    """Say what you found of effects that it touches.

    Example: `remit incidents find 4f21 --as maria.k --finding no_harm --all`
    """
    if bool(effects) == every:
        raise click.UsageError("say of which effects: --effect for each, or --all")
    noted = _acted(
        ctx,
        lambda remit: remit.note_finding(
            incident_id, person=person, finding=Correction(finding),
            actions=None if every else effects,
        ),
    )  # fmt: skip
    click.echo(f"noted of {noted.noted}: {FOUND[finding]}; {noted.left} left to check")


@incidents.command()
@_named
@_person
@click.pass_context
def resolve(ctx: click.Context, *, incident_id: str, person: str) -> None:
    """Say that no effect of it is left to check.

    Example: `remit incidents resolve 4f21 --as maria.k`
    """
    _shown(_acted(ctx, lambda remit: remit.resolve_incident(incident_id, person=person)))


@incidents.command()
@_named
@_person
@click.option("--found", required=True, help="Which control let it through, and what is done now.")
@click.pass_context
def review(ctx: click.Context, *, incident_id: str, person: str, found: str) -> None:
    """Close it with what was found. Nobody is named as having done wrong.

    Example: `remit incidents review 4f21 --as maria.k --found "the model was changed unseen"`
    """
    _shown(
        _acted(ctx, lambda remit: remit.review_incident(incident_id, person=person, found=found))
    )


@incidents.command()
@_named
@_person
@click.option("--reason", required=True, help="Why it was none; it is sealed in the record.")
@click.pass_context
def dismiss(ctx: click.Context, *, incident_id: str, person: str, reason: str) -> None:
    """Say that it was none. It stays in the record, and counts.

    Example: `remit incidents dismiss 4f21 --as maria.k --reason "it was a rehearsal"`
    """
    _shown(
        _acted(
            ctx, lambda remit: remit.dismiss_incident(incident_id, person=person, reason=reason)
        )
    )


# -- parts ---------------------------------------------------------------------------------------


def _line(one: IncidentView) -> str:
    held = "" if one.held or not one.open else "  NOT CONTAINED"
    return (
        f"{one.incident_id[:NAMED]}  {one.severity}  {one.standing}  incident {one.number} on "
        f"{terminal.safe(one.scope)}  {one.to_check} of {one.affected} to check{held}"
    )


def _shown(one: IncidentView) -> None:
    click.echo(_line(one))
    click.echo(terminal.wrapped(one.sentence or one.says, first=" " * 4))
    times = [
        ("occurred", one.occurred_at), ("detected", one.detected_at),
        ("declared", one.declared_at), ("contained", one.contained_at),
        ("resolved", one.resolved_at), ("reviewed", one.reviewed_at),
        ("dismissed", one.dismissed_at),
    ]  # fmt: skip
    for name, at in times:
        if at is not None:
            click.echo(f"    {name:<10}{at:%Y-%m-%d %H:%M:%S} UTC")
    for name, said in (("owner", one.owner), ("held by", one.containment), ("found", one.ended)):
        if said:
            click.echo(terminal.wrapped(said, first=f"    {name:<10}"))
    for effect in one.effects:
        click.echo(f"{effect.action_id}  {FOUND[effect.finding]}  {effect.state}")
        if effect.sentence or effect.money:
            click.echo(terminal.wrapped(effect.sentence or effect.money, first=" " * 4))
    more = one.affected - len(one.effects)
    if more:
        click.echo(f"and {more:,} more; what is to check comes first", err=True)
    if one.open and one.to_check:
        click.echo(
            f"take back what is to check: `remit rollback plan --workflow {one.workflow} "
            f"--incident {one.incident_id[:NAMED]}`", err=True,
        )  # fmt: skip


def _acted(ctx: click.Context, work: Callable[[Remit], Awaitable[T]]) -> T:
    """Do something in the project without working on its cases."""
    with owning(_project(ctx), owner="remit incidents") as owned:
        return owned.run(work, cases=False)


def _owners(project: Project) -> Callable[[str], str]:
    """Return who answers for the incidents of a workflow, by the settings."""
    named = {
        one.settings.workflow.name: one.settings.workflow.owners.incidents
        for one in project.workflows
        if one.settings.workflow is not None
    }
    return lambda workflow: named.get(workflow, "")


def _project(ctx: click.Context) -> Project:
    return ctx.ensure_object(Options).project()
