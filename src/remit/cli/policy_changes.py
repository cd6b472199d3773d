"""`remit policy`, its part that changes rules: take in, propose, sign, refuse, and list."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from remit.app import Remit
from remit.cli import beside, terminal
from remit.cli.opening import Owned, owning, reading
from remit.cli.options import Options
from remit.cli.stop import IDENTITY
from remit.domain import clock
from remit.errors import DatabaseInUseError, SettingsError
from remit.governance.book_changes import Reloaded
from remit.governance.policies import WHY
from remit.settings import Project
from remit.store import books
from remit.store.books import ChangeRow

T = TypeVar("T")

BROKEN = 2
RELOAD_SECONDS_MAX = 120.0  # a change is searched and tested first

_person = click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)


@click.command()
@click.option("--url", help="Where `remit serve` answers; else `host` and `port` of `remit.toml`.")
@click.pass_context
def reload(ctx: click.Context, *, url: str | None) -> None:
    """Take in the rules as their folders hold them now, without a restart.

    A running `remit serve` does it; where none answers, this command does, and workers on the
    same database follow at their next gate. What may let more pass waits for signatures. Rules
    that do not load change nothing; then it ends with 2.

    Example: `remit policy reload`
    """
    project = ctx.ensure_object(Options).project()
    said = _asked(project, url)
    if said is None:
        with _owning(project) as owned:
            found = owned.run(_reloaded, cases=False)
        said = [(one.outcome, one.said) for one in found]
    for _, line in said:
        click.echo(terminal.wrapped(terminal.safe(line)))
    if any(outcome == "broken" for outcome, _ in said):
        ctx.exit(BROKEN)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def changes(ctx: click.Context, *, as_json: bool) -> None:
    """List changed rules that wait for signatures.

    Example: `remit policy changes`
    """
    with reading(ctx.ensure_object(Options).project()) as record:
        found = record.database.read(books.waiting)
    if as_json:
        terminal.echo_json(found)
        return
    for one in found:
        for line in _lines(one):
            click.echo(line)
    if not found:
        click.echo("no rules wait", err=True)


@click.command(epilog=IDENTITY)
@click.argument("workflow")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@_person
@click.pass_context
def propose(ctx: click.Context, *, workflow: str, folder: Path, person: str) -> None:
    """Propose the rules of a folder: in force at once where nothing more passes, else they wait.

    Who proposes may not sign.

    Example: `remit policy propose refund-desk new-policies --as olga`
    """
    place = folder.resolve()
    found = _acted(ctx, lambda remit: remit.propose_rules(workflow, person=person, folder=place))
    click.echo(terminal.wrapped(terminal.safe(found.said)))


@click.command(epilog=IDENTITY)
@click.argument("workflow")
@click.argument("change", metavar="DIGEST")
@_person
@click.pass_context
def sign(ctx: click.Context, *, workflow: str, change: str, person: str) -> None:
    """Sign a change of rules that waits; with the last signature it is in force.

    DIGEST is that of the change, or its beginning; `remit policy diff` prints it too.

    Example: `remit policy sign refund-desk 5e0a61c20b7f --as maria.k`
    """
    missing = _acted(ctx, lambda remit: remit.sign_rules(workflow, change, person=person))
    click.echo(
        f"signed by {terminal.safe(person)}; one more person must sign"
        if missing
        else f"signed by {terminal.safe(person)}; the rules are in force"
    )


@click.command(epilog=IDENTITY)
@click.argument("workflow")
@click.argument("change", metavar="DIGEST")
@_person
@click.option("--reason", required=True, help="Why.")
@click.pass_context
def refuse(ctx: click.Context, *, workflow: str, change: str, person: str, reason: str) -> None:
    """Refuse a change of rules that waits; one person is enough.

    Example: `remit policy refuse refund-desk 5e0a --as maria.k --reason "who checks the amount?"`
    """
    _acted(ctx, lambda remit: remit.refuse_rules(workflow, change, person=person, reason=reason))
    click.echo("refused; the rules in force stay")


# -- parts ---------------------------------------------------------------------------------------


async def _reloaded(remit: Remit) -> tuple[Reloaded, ...]:
    return remit.taken_in  # opening it has just looked


def _asked(project: Project, url: str | None) -> list[tuple[str, str]] | None:
    """Return (outcome, sentence) of each workflow as a running `remit serve` has it."""
    try:
        with reading(project) as record:
            found = beside.asked(record, url, "/api/doctor/policies", seconds=RELOAD_SECONDS_MAX)
    except SettingsError:
        return None  # nothing was received here yet, so nobody runs
    listed = None if found is None else found.get("policies")
    if not isinstance(listed, list):
        return None
    return [
        (str(one.get("outcome")), str(one.get("said")))
        for one in listed
        if isinstance(one, Mapping)
    ]


def _lines(one: ChangeRow) -> Iterator[str]:
    yield f"{terminal.safe(one.workflow)} {one.change[:12]}"
    who = f"proposed by {one.proposer}" if one.proposer else "found in its folder"
    signed = f"signed by {', '.join(one.signers)}" if one.signers else "signed by nobody"
    yield f"    {who} {clock.instant(one.at_us):%Y-%m-%d %H:%M} UTC; {signed}, of {one.people}"
    for code in one.codes:
        yield terminal.wrapped(WHY.get(code, code), first="    ")


def _acted(ctx: click.Context, work: Callable[[Remit], Awaitable[T]]) -> T:
    with _owning(ctx.ensure_object(Options).project()) as owned:
        return owned.run(work, cases=False)


@contextmanager
def _owning(project: Project) -> Iterator[Owned]:
    try:
        with owning(project, owner="remit policy") as owned:
            yield owned
    except DatabaseInUseError as error:
        raise DatabaseInUseError(
            f"{error}; where that is `remit serve`, use its page Policies"
        ) from error
