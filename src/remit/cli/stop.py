"""`remit stop`: halt effects, let them go on, list what stands, and rehearse it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.opening import Owned, owning, reading
from remit.cli.options import Options
from remit.errors import DatabaseInUseError
from remit.governance import stops
from remit.governance.stops import StopView
from remit.settings import Project

T = TypeVar("T")

IDENTITY = (
    "On the command line you are whoever you name: who can open the key file can be anybody. In "
    "the console each person signs in."
)

_person = click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.group(invoke_without_command=True, epilog=IDENTITY)
@click.pass_context
def stop(ctx: click.Context) -> None:
    """Halt effects at once, see what is halted, and let it go on.

    Reads, intake and work inside go on; what would leave waits, and nobody is asked. One operator
    sets a stop; two people lift it. Beside a running `remit serve` on SQLite use its page *Stops*.

    Example: `remit stop set workflow:refund-desk --as otto --sentence "the shop pays twice"`
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@stop.command("list")
@_json
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List the stops that stand: what each holds, what still finishes, how fast it was.

    Example: `remit stop list`
    """
    with reading(_project(ctx)) as record:
        standing = record.database.read(lambda c: stops.standing(c, record.keys))
    if as_json:
        terminal.echo_json(standing)
        return
    for one in standing:
        for line in lines(one):
            click.echo(line)
    count = len(standing)
    click.echo(
        f"{count} stop{'s' if count > 1 else ''}" if count else "nothing is stopped", err=True
    )


@stop.command("set", epilog=IDENTITY)
@click.argument("scope", metavar="SCOPE")
@_person
@click.option("--sentence", required=True, help="Why: everybody who meets it reads this.")
@click.option("--hard", is_flag=True, help="Hold what undoes effects too.")
@click.pass_context
def set_(ctx: click.Context, *, scope: str, person: str, sentence: str, hard: bool) -> None:
    """Halt effects in a scope: none is intended after this is recorded, in any worker.

    SCOPE is `everything`, `workflow:NAME`, `action:WORKFLOW.NAME`, `connector:NAME` or `case:ID`.

    Example: `remit stop set connector:shop --as otto --sentence "their API answers twice"`
    """
    begun = _acted(
        ctx, lambda remit: remit.set_stop(scope, person=person, sentence=sentence, hard=hard)
    )
    click.echo(
        f"stopped: {terminal.safe(scope)}"
        if begun
        else f"a stop stands on {terminal.safe(scope)} already; it stays as it is"
    )


@stop.command(epilog=IDENTITY)
@click.argument("scope", metavar="SCOPE")
@_person
@click.option("--reason", required=True, help="Why it may go on.")
@click.pass_context
def lift(ctx: click.Context, *, scope: str, person: str, reason: str) -> None:
    """Let effects in a scope go on; two people must say so within a day.

    The stop of one case is lifted by one owner. What waited is gated again, oldest first, when
    `remit serve` or `remit run` works next.

    Example: `remit stop lift connector:shop --as oda --reason "they mended it"`
    """
    lifted = _acted(ctx, lambda remit: remit.lift_stop(scope, person=person, reason=reason))
    click.echo(
        f"lifted: {terminal.safe(scope)}"
        if lifted
        else f"noted for {terminal.safe(person)}; one more person must say so within a day"
    )


@stop.command(epilog=IDENTITY)
@click.argument("scope", metavar="SCOPE")
@_person
@_json
@click.pass_context
def drill(ctx: click.Context, *, scope: str, person: str, as_json: bool) -> None:
    """Rehearse a stop: set it in earnest, measure until what had begun has ended, lift it.

    The result is recorded. It ends with 1 where an effect was intended after the stop.

    Example: `remit stop drill workflow:refund-desk --as otto`
    """
    with _owning(_project(ctx)) as owned:
        found = owned.run(lambda remit: remit.drill_stop(scope, person=person))
    if as_json:
        terminal.echo_json(found)
    else:
        click.echo(
            f"{terminal.safe(found.scope)}: {found.under_way} under way when it was set, ended "
            f"within {found.stop_ms} ms; {found.intended_after} intended after it"
            + (f"; {found.unfinished} without an outcome yet" if found.unfinished else "")
        )
    if found.intended_after:
        ctx.exit(1)


def lines(one: StopView) -> list[str]:
    """Return a standing stop in lines for a terminal."""
    kinds = [word for word, true in (("hard", one.hard), ("drill", one.drill)) if true]
    kind = f" ({', '.join(kinds)})" if kinds else ""
    set_at = f"{one.set_at:%Y-%m-%d %H:%M} UTC"
    ended = "still finishing" if one.stop_ms is None else f"ended after {one.stop_ms} ms"
    told = [
        "" if one.readable else stops.UNREADABLE,
        one.sentence,
        f"set by {one.set_by} at {set_at}; {one.waiting} waiting",
        f"{one.under_way} under way when it was set, {ended}" if one.under_way else "",
        f"{one.asked_by} says it may go on: {one.asked_reason}" if one.asked_by else "",
    ]
    return [
        f"{terminal.safe(one.scope)}{kind}",
        *(terminal.wrapped(text, first="    ") for text in told if text),
    ]


# -- parts ---------------------------------------------------------------------------------------


def _acted(ctx: click.Context, work: Callable[[Remit], Awaitable[T]]) -> T:
    """Do something in the project without working on its cases: nothing goes out meanwhile."""
    with _owning(_project(ctx)) as owned:
        return owned.run(work, cases=False)


@contextmanager
def _owning(project: Project) -> Iterator[Owned]:
    try:
        with owning(project, owner="remit stop") as owned:
            yield owned
    except DatabaseInUseError as error:
        raise DatabaseInUseError(
            f"{error}; where that is `remit serve`, use its page Stops or `POST /api/stops`"
        ) from error


def _project(ctx: click.Context) -> Project:
    return ctx.ensure_object(Options).project()
