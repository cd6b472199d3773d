"""`remit grants`: what may be done alone and why, signed by its owner or lowered at once."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from remit.cli import comparison, terminal
from remit.cli.inventory import assembled, in_force
from remit.cli.opening import Owned, Record, owning, reading
from remit.cli.options import Options
from remit.domain import clock
from remit.domain.autonomy import Cell, Level
from remit.domain.plan import Plan
from remit.errors import DatabaseInUseError
from remit.governance import (
    cell_map,
    cell_whole,
    cell_words,
    comparison_words,
    comparisons,
    nearness,
)
from remit.governance.cells import CellView
from remit.governance.grants_port import signed
from remit.governance.scorecard import Frame
from remit.orchestration.cell_window import cell_named, cells_of, frame_of

IDENTITY = (
    "On the command line you are whoever you name where nobody has an account; else you sign in "
    "with `remit sign-in` first. In the console each person signs in."
)
MARKS: Mapping[bool | None, str] = {True: "met", False: "not met", None: "cannot be told"}

_cell = click.argument("name", metavar="CELL")
_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
_person = click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle: the workflow's owner."
)
_to = click.option(
    "--to", required=True, type=click.Choice([one.value for one in Level]), help="The level."
)


@click.group(invoke_without_command=True, epilog=IDENTITY)
@click.pass_context
def grants(ctx: click.Context) -> None:
    """Say what each cell may do alone, what the next level takes, and what would lower it.

    A cell is one action of a workflow in one segment of its cases: `refund-desk.issue_refund`, or
    `refund-desk.issue_refund/small`. Beside a running `remit serve` on SQLite sign and lower on
    its page *Remit*.

    Example: `remit grants`, then `remit grants explain refund-desk.issue_refund`
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@grants.command("list")
@click.option(
    "--order", type=click.Choice(nearness.ORDERS), default="declared",
    help="As the code declares them, or in each workflow the nearest to its next level first.",
)  # fmt: skip
@_json
@click.pass_context
def list_(ctx: click.Context, *, order: str, as_json: bool) -> None:
    """List every cell with its level and its evidence.

    Example: `remit grants list --order nearest`
    """
    with _looking(ctx) as (record, known):
        every = record.database.read(lambda c: cell_map.of(c, known, now_us=_now_us()))
    found = nearness.ordered(every, order)
    if as_json:
        terminal.echo_json(found)
        return
    for one in found:
        for line in lines(one):
            click.echo(line)
    count = len(found)
    click.echo(
        f"{count} cell{'' if count == 1 else 's'}"
        if count
        else "no action here can ever be performed without a person",
        err=True,
    )


@grants.command()
@_cell
@_json
@click.pass_context
def explain(ctx: click.Context, *, name: str, as_json: bool) -> None:
    """Say which row of the acceptance table was met, or how many more clean cases it takes.

    With each condition, the digest to sign, and what the grant would have done in 90 days.

    Example: `remit grants explain refund-desk.issue_refund/small`
    """
    with _looking(ctx) as (record, known):
        wanted = cell_named((cell for cell, _, _ in known), name)
        plan, frame = next((plan, frame) for cell, plan, frame in known if cell == wanted)
        found = record.database.read(
            lambda c: cell_whole.of(c, plan, wanted, frame, now_us=_now_us())
        )
    if as_json:
        terminal.echo_json(found)
        return
    for line in [*lines(found.cell), *_explained(found)]:
        click.echo(line)


@grants.command(epilog=IDENTITY)
@_cell
@_person
@_to
@click.option("--digest", required=True, help="Of what you sign, as `explain` shows it.")
@click.option(
    "--tick", "ticked", multiple=True, metavar="ITEM",
    help="An item of the checklist that you attest, as `explain` words it; once for each.",
)  # fmt: skip
@click.pass_context
def sign(
    ctx: click.Context, *, name: str, person: str, to: str, digest: str, ticked: tuple[str, ...]
) -> None:
    """Raise a cell by one level; everything is looked at again as you sign.

    Before a cell acts alone you tick what no machine can see; the entry keeps it as yours. It ends
    with 1, and nothing changes, where a condition or an item is not met or the cell shows
    something else by now.

    Example: `remit grants sign desk.note --as olga --to sampled --digest 4c1f... --tick stop`
    """
    with _owning(ctx) as owned:
        cell = cell_named(owned.remit.cells(), name)
        found = owned.run(
            lambda remit: signed(
                remit, cell, to=Level(to), digest=digest, person=person, attested=ticked
            ),
            cases=False,
        )
    until = "" if found.expires_at is None else f" until {found.expires_at:%Y-%m-%d}"
    click.echo(f"{terminal.safe(found.cell)} stands at {found.level}{until}")


@grants.command(epilog=IDENTITY)
@_cell
@_person
@_to
@click.option("--reason", required=True, help="Why.")
@click.pass_context
def lower(ctx: click.Context, *, name: str, person: str, to: str, reason: str) -> None:
    """Lower a cell at once; its evidence begins anew after seven days.

    Example: `remit grants lower desk.note --as olga --to approve-each --reason "new supplier"`
    """
    with _owning(ctx) as owned:
        cell = cell_named(owned.remit.cells(), name)
        owned.run(
            lambda remit: remit.lower_grant(cell, to=Level(to), person=person, reason=reason),
            cases=False,
        )
    click.echo(f"{terminal.safe(cell.name)} stands at {to}; its evidence begins anew")


@grants.command(epilog=IDENTITY)
@_cell
@_person
@click.option(
    "--cases",
    type=click.IntRange(1, comparisons.CASES_MAX),
    default=comparisons.CASES,
    show_default=True,
    help="How many, the newest first.",
)
@_json
@click.pass_context
def compare(ctx: click.Context, *, name: str, person: str, cases: int, as_json: bool) -> int:
    """Try a changed behaviour in shadow on cases whose answer is known.

    Models are asked anew; reads are answered from the record where it has them. Nothing is
    proposed, performed or counted, and it proves nothing for the next level: a forecast. It ends
    with 1 where it came to no end.

    Example: `remit grants compare refund-desk.issue_refund --as olga --cases 100`
    """
    with _owning(ctx) as owned:
        cell = cell_named(owned.remit.cells(), name)
        offer = owned.remit.comparison_offer(cell, cases=cases)
        said = f"{comparison_words.offer_said(offer)} {comparison_words.decides(offer)}"
        click.echo(terminal.wrapped(said), err=True)
        shown = None if as_json or not sys.stderr.isatty() else comparison.progress
        view = owned.run(
            lambda remit: remit.compare(cell, person=person, cases=cases, progress=shown),
            cases=False,
        )
    if as_json:
        terminal.echo_json(view)
    else:
        for line in comparison.lines(view):
            click.echo(line)
    return 0 if view.state == "finished" else 1


def lines(one: CellView) -> list[str]:
    """Return a cell in lines for a terminal."""
    at = one.level if one.level == one.effective else f"{one.level}, in effect {one.effective}"
    head = f"{terminal.safe(one.cell)}  {at}  (risk {one.risk}, at most {one.ceiling})"
    told = []
    if one.expires_at is not None:
        ended = "ended" if one.expired else "ends"
        told.append(f"signed by {one.signer}, {ended} {one.expires_at:%Y-%m-%d}")
    if one.of_another:
        told.append("signed for another behaviour: everything of it waits for a person")
    if one.lowered:
        told.append(f"lowered: {one.lowered}")
    if one.surge is not None:
        told.append(
            f"surge after {one.surge.code}: {one.surge.held} of {one.surge.cases} cases held"
        )
    if one.next is not None:
        told.append(f"to {one.next}: {cell_words.progress(one).said}")
        told.append(cell_words.nearness(one))
    told += [cell_words.falls_said(each) for each in one.falls if each.to]
    return [head, *(terminal.wrapped(text, first="    ") for text in told if text)]


def _explained(found: cell_whole.CellWhole) -> list[str]:
    one, evidence = found.cell, found.cell.evidence
    told = [f"attempt {one.attempt + 1}; {cell_words.spent_said(one)}"]
    told += [cell_words.carried_said(each, each.by) for each in one.carried]
    if one.resumes_at is not None:
        told.append(f"rows count again from {one.resumes_at:%Y-%m-%d %H:%M} UTC on")
    if evidence is not None:
        told += [cell_words.table_said(evidence), cell_words.forecast(evidence)]
        table = ", ".join(f"{row.labels:,} with {row.wrong:,} wrong" for row in evidence.table)
        told.append(f"acceptance table: {table}" if table else "")
    told += [f"{MARKS[each.met]}: {each.name}: {each.said}" for each in one.conditions]
    if found.counterfactual is not None:
        told += [found.counterfactual.said, *found.counterfactual.unknown]
    told += comparison.offered(found)
    if found.forecast is not None:
        told.append(found.forecast.said)
        told += [f"{name}: {said}" for name, said in found.forecast.figures]
    listed = found.checklist
    if listed is not None:
        told += [cell_words.item(each) for each in listed.items]
    if one.next is not None and one.met and (listed is None or listed.ready):
        told.append(f"to sign for {one.next}: --digest {one.digest}")
        if listed is not None:
            told.append(f"and to attest: {' '.join(f'--tick {name}' for name in listed.asked)}")
    return [terminal.wrapped(text, first="    ") for text in told if text]


# -- parts ---------------------------------------------------------------------------------------


@contextmanager
def _looking(ctx: click.Context) -> Iterator[tuple[Record, list[tuple[Cell, Plan, Frame]]]]:
    """Read the record beside whoever runs it, with the cells that the code declares."""
    project = ctx.ensure_object(Options).project()
    with reading(project) as record:
        equipped = [in_force(one, record) for one in assembled(project)]
        yield (
            record,
            [
                (cell, plan, frame_of(one, plan.action))
                for one in equipped
                for plan in one.plans.values()
                for cell in cells_of((plan,))
            ],
        )


@contextmanager
def _owning(ctx: click.Context) -> Iterator[Owned]:
    try:
        with owning(ctx.ensure_object(Options).project(), owner="remit grants") as owned:
            yield owned
    except DatabaseInUseError as error:
        raise DatabaseInUseError(
            f"{error}; where that is `remit serve`, use its page Remit or `POST /api/remit/...`"
        ) from error


def _now_us() -> int:
    return clock.microseconds(datetime.now(UTC))
