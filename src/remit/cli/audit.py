"""`remit audit`: judge what ran alone, without being told that it did."""

from datetime import UTC, datetime

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.identity import IDENTITY
from remit.cli.opening import owning
from remit.cli.options import Options
from remit.domain.approval import RejectReason
from remit.errors import NotFoundError
from remit.governance.audit import AuditView, Compared, Finding, How

SHOWN_MAX = 200
ASKS = {
    How.JUDGE: "was it right?",
    How.OWN: "what did you do yourself?",
    How.CONTESTED: "called wrong, and somebody says that it was right",
}
SAID = {
    "right": "recorded: it was right",
    "wrong": "recorded: it was wrong",
    "pending": "recorded: nobody can tell yet, and until then it counts against the cell",
    "void": "recorded: it says nothing; a second person confirms that",
}

_person = click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.group(epilog=IDENTITY)
def audit() -> None:
    """Judge what a coin has drawn: blind, within three days, never what you had a part in.

    ID may be the beginning of one, as `remit audit list` says it.

    Example: `remit audit list --as paul`, then `remit audit answer 4f21 right --as paul`
    """


@audit.command("list", epilog=IDENTITY)
@_person
@click.option("--workflow", help="Only of this workflow.")
@_json
@click.pass_context
def list_(ctx: click.Context, *, person: str, workflow: str | None, as_json: bool) -> None:
    """List what you may judge, the first due first.

    Example: `remit audit list --as paul`
    """
    with owning(_options(ctx).project(), owner="remit audit") as owned:
        page = owned.remit.audits(person=person, workflow=workflow, limit=SHOWN_MAX)
    if as_json:
        terminal.echo_json(page.rows)
        return
    for one in page.rows:
        hours = (one.due_at - datetime.now(UTC)).total_seconds() / 3600
        due = f"due in {hours:.0f} h" if hours >= 0 else f"late {-hours:.0f} h"
        click.echo(
            f"{one.audit_id}  {one.workflow} {one.action} ({one.risk})  {due}  {ASKS[one.how]}"
        )
    more = " and more" if page.after else ""
    click.echo(
        f"{len(page.rows)}{more} to judge" if page.rows else "nothing is left to judge", err=True
    )


@audit.command(epilog=IDENTITY)
@click.argument("audit_id", metavar="ID")
@_person
@_json
@click.pass_context
def show(ctx: click.Context, *, audit_id: str, person: str, as_json: bool) -> None:
    """Show one: what was proposed and on what grounds, not what became of it.

    Example: `remit audit show 4f21 --as paul`
    """
    with owning(_options(ctx).project(), owner="remit audit") as owned:
        view = owned.remit.audit(_named(owned.remit, audit_id, person), person=person)
    if as_json:
        terminal.echo_json(view)
    else:
        _shown(view)


@audit.command(epilog=IDENTITY)
@click.argument("audit_id", metavar="ID")
@click.argument("finding", type=click.Choice([one.value for one in Finding]))
@_person
@click.option("--cause", type=click.Choice([one.value for one in RejectReason]), help="Of wrong.")
@click.option("--critical", is_flag=True, help="It does serious harm.")
@click.option("--note", help="In your words; it stands in the record.")
@click.pass_context
def answer(
    ctx: click.Context,
    *,
    audit_id: str,
    finding: str,
    person: str,
    cause: str | None,
    critical: bool,
    note: str | None,
) -> None:
    """Say whether it was right first time; `unsure` where you cannot tell.

    `void` is for what says nothing: withdrawn, a duplicate, the world changed afterwards.

    Example: `remit audit answer 4f21 wrong --as paul --cause amount`
    """

    async def work(remit: Remit) -> str:
        view = remit.audit(_named(remit, audit_id, person), person=person)
        return await remit.judge(
            view.audit_id, person=person, finding=Finding(finding), labels=view.labels,
            cause=None if cause is None else RejectReason(cause), critical=critical, note=note,
        )  # fmt: skip

    with owning(_options(ctx).project(), owner="remit audit") as owned:
        click.echo(SAID[owned.run(work)])


@audit.command(epilog=IDENTITY)
@click.argument("audit_id", metavar="ID")
@_person
@click.option("--set", "done", multiple=True, metavar="NAME=VALUE", help="What you wrote there.")
@click.option("--nothing", is_flag=True, help="You did nothing of the kind.")
@click.pass_context
def own(
    ctx: click.Context, *, audit_id: str, person: str, done: tuple[str, ...], nothing: bool
) -> None:
    """Say what you did yourself; what was proposed is shown afterwards.

    Example: `remit audit own 4f21 --as paul --set "amount=19.00 EUR" --set order_id=7`
    """
    pairs = [one.partition("=") for one in done]
    if any(not mark for _, mark, _ in pairs):
        raise click.UsageError("write --set as NAME=VALUE")

    async def work(remit: Remit) -> Compared:
        view = remit.audit(_named(remit, audit_id, person), person=person)
        return await remit.say_own(
            view.audit_id, person=person, labels=view.labels,
            done=None if nothing else {name: value for name, _, value in pairs},
        )  # fmt: skip

    with owning(_options(ctx).project(), owner="remit audit") as owned:
        told = owned.run(work)
    click.echo(f"proposed: {told.sentence}")
    for name, mine, proposed in told.differs:
        click.echo(f"  {name}: you {mine or 'nothing'}, proposed {proposed or 'nothing'}")
    click.echo(SAID[told.outcome])


@audit.command(epilog=IDENTITY)
@click.argument("action_id", metavar="ACTION")
@_person
@click.option("--reason", required=True, help="Why it was right; it stands in the record.")
@click.pass_context
def contest(ctx: click.Context, *, action_id: str, person: str, reason: str) -> None:
    """Say that what was called wrong was right; a second person must say so too.

    ACTION is the whole id of the action, as `remit cases show` says it.

    Example: `remit audit contest 4f21... --as olga --reason "it was as the customer asked"`
    """

    async def work(remit: Remit) -> None:
        await remit.contest(action_id, person=person, reason=reason)

    with owning(_options(ctx).project(), owner="remit audit") as owned:
        owned.run(work)
    click.echo("recorded; it counts as right when somebody else says so too")


def _named(remit: Remit, start: str, person: str) -> str:
    """Return the id that begins so, of what this person may judge; else what was typed."""
    page = remit.audits(person=person, limit=SHOWN_MAX)
    found = [one.audit_id for one in page.rows if one.audit_id.startswith(start)]
    if len(found) > 1:
        raise NotFoundError(f"more than one id begins with `{start}`; write more of it")
    return found[0] if found else start


def _shown(view: AuditView) -> None:
    click.echo(f"{view.audit_id}  {view.workflow} {view.action} ({view.risk})")
    click.echo(terminal.wrapped(ASKS[view.how], first="  "))
    if view.sentence:
        click.echo(terminal.wrapped(view.sentence, first="  "))
    for change in view.changes:
        click.echo(f"  {change.name}: {change.after}  from {change.source}, {change.proof}")
    if view.contest:
        click.echo(terminal.wrapped(f"{view.contested_by}: {view.contest}", first="  "))
    for name, value in view.fields.items():
        click.echo(terminal.wrapped(f"message, {name}: {value}", first="  "))
    for one in view.read:
        for name, value in one.values:
            click.echo(terminal.wrapped(f"{one.tool}, {name or 'answer'}: {value}", first="  "))
    for quote in view.evidence:
        click.echo(terminal.wrapped(f"{quote.author}: {quote.text}", first="  "))
    for field in view.own:
        click.echo(f"  --set {field.name}=…  ({field.type})")


def _options(ctx: click.Context) -> Options:
    return ctx.ensure_object(Options)
