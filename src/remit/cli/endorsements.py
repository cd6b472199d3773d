"""`remit endorsements`: values that people vouch for, giving one's word and taking it back."""

from datetime import UTC, datetime

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.identity import IDENTITY
from remit.cli.opening import approval_named, case_named, case_settled, owning, reading
from remit.cli.options import Options
from remit.domain import clock
from remit.governance.endorsement import DAYS_MAX, Scope
from remit.store import approvals
from remit.store import endorsements as rows

_person = click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)
_sentence = click.option(
    "--sentence", required=True, help="Why these values mean this; it stands in the record."
)
_scope = click.option(
    "--scope",
    type=click.Choice([one.value for one in Scope]),
    default=Scope.CASE.value,
    show_default=True,
    help="The case, every case of its sender, or the whole workflow.",
)
_days = click.option(
    "--days", type=click.IntRange(1, DAYS_MAX), default=DAYS_MAX, show_default=True,
    help="For how long; in a case, not beyond it.",
)  # fmt: skip


@click.group(invoke_without_command=True, epilog=IDENTITY)
@click.pass_context
def endorsements(ctx: click.Context) -> None:
    """List the values that people vouch for, vouch for some, take it back.

    A value that no source proves may be vouched for: *this value means this*. It then counts as
    proven where it was vouched for, and approves nothing: rules, bounds, level and limits decide
    as before. Secrets, fixed values and what is against a bound cannot be vouched for.

    Example: `remit endorsements give 4f21 --as olga --parameter order_id --sentence "by phone"`
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@endorsements.command("list")
@click.option("--workflow", help="Only of this workflow.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_(ctx: click.Context, *, workflow: str | None, as_json: bool) -> None:
    """List what people vouch for today, the newest first.

    Example: `remit endorsements list --workflow refund-desk`
    """
    now_us = clock.microseconds(datetime.now(UTC))
    with reading(_options(ctx).project()) as record:
        found = [
            one
            for one in record.database.read(lambda c: rows.every(c, after_us=now_us))
            if workflow in {None, one.workflow}
        ]
    if as_json:
        terminal.echo_json(found)
        return
    for one in found:
        until = clock.instant(one.until_us)
        waits = "" if one.stands else "  a second person must vouch too"
        click.echo(
            f"{one.endorsement_id}  {one.workflow}.{one.action}.{one.parameter}  {one.scope}"
            f"  by {one.by}  until {until:%Y-%m-%d %H:%M} UTC{waits}"
        )
    click.echo(f"{len(found)} values" if found else "nobody vouches for a value", err=True)


@endorsements.command(epilog=IDENTITY)
@click.argument("approval_id", metavar="ID")
@_person
@click.option("--parameter", "parameters", multiple=True, required=True, help="Which; again.")
@_sentence
@_scope
@_days
@click.pass_context
def give(
    ctx: click.Context,
    *,
    approval_id: str,
    person: str,
    parameters: tuple[str, ...],
    sentence: str,
    scope: str,
    days: int,
) -> None:
    """Vouch for values that an open approval shows, and have the gate look again.

    Example: `remit endorsements give 4f21 --as olga --parameter order_id --sentence "by phone"`
    """

    async def work(remit: Remit) -> str:
        whole = remit.database.read(lambda c: approval_named(c, approval_id))
        row = remit.database.read(lambda c: approvals.find(c, whole))
        await remit.endorse(
            whole, person=person, parameters=parameters, sentence=sentence, scope=Scope(scope),
            days=days,
        )  # fmt: skip
        case_id = "" if row is None else row.case_id
        await case_settled(remit, case_id)
        case = remit.case(case_id)
        return f"the case is {case.row.status} ({case.row.result or case.row.reason or '-'})"

    with owning(_options(ctx).project(), owner="remit endorsements") as owned:
        said = owned.run(work)
    click.echo(f"recorded for {person}: {', '.join(parameters)}")
    click.echo(terminal.wrapped(said, first="  "))


@endorsements.command("values", epilog=IDENTITY)
@click.argument("case_id", metavar="CASE")
@_person
@click.option("--action", required=True, help="Whose parameters they are.")
@click.option(
    "--set", "given", multiple=True, required=True, metavar="NAME=VALUE", help="A value; again."
)
@_sentence
@_scope
@_days
@click.pass_context
def values_(
    ctx: click.Context,
    *,
    case_id: str,
    person: str,
    action: str,
    given: tuple[str, ...],
    sentence: str,
    scope: str,
    days: int,
) -> None:
    """Vouch for values of an action's parameters before it is proposed.

    Example: `remit endorsements values 019a --as olga --action ship --set to=north --sentence ok`
    """
    typed = terminal.pairs(given)

    async def work(remit: Remit) -> None:
        await remit.endorse_values(
            remit.database.read(lambda c: case_named(c, case_id)), action=action, person=person,
            values=typed, sentence=sentence, scope=Scope(scope), days=days,
        )  # fmt: skip

    with owning(_options(ctx).project(), owner="remit endorsements") as owned:
        owned.run(work)
    click.echo(f"recorded for {person}: {', '.join(typed)}")


@endorsements.command(epilog=IDENTITY)
@click.argument("endorsement_id", metavar="ID")
@_person
@click.pass_context
def second(ctx: click.Context, *, endorsement_id: str, person: str) -> None:
    """Vouch, as the second person, for money or a recipient in a whole workflow.

    Example: `remit endorsements second 77c0... --as paul`
    """

    async def work(remit: Remit) -> None:
        await remit.second_endorsement(endorsement_id, person=person)

    with owning(_options(ctx).project(), owner="remit endorsements") as owned:
        owned.run(work)
    click.echo(f"recorded for {person}: two people vouch for it")


@endorsements.command(epilog=IDENTITY)
@click.argument("endorsement_id", metavar="ID")
@_person
@click.option("--reason", required=True, help="Why; it stands in the record.")
@click.pass_context
def revoke(ctx: click.Context, *, endorsement_id: str, person: str, reason: str) -> None:
    """Take a word back: nothing more rests on it; what ran stays.

    Example: `remit endorsements revoke 77c0... --as maria.k --reason "it was a mistake"`
    """

    async def work(remit: Remit) -> None:
        await remit.revoke_endorsement(endorsement_id, person=person, reason=reason)

    with owning(_options(ctx).project(), owner="remit endorsements") as owned:
        owned.run(work)
    click.echo("taken back")


def _options(ctx: click.Context) -> Options:
    return ctx.ensure_object(Options)
