"""`remit ledger prune`: let go what is past its term, month by month."""

import click

from remit.cli import terminal
from remit.cli.ledger_keeping import OWNER, as_json, as_person, typed_back, yes
from remit.cli.opening import owning
from remit.cli.options import Options
from remit.domain.actor import person as person_actor
from remit.governance.owners import require


@click.command()
@click.argument("month", required=False)
@click.option("--content", is_flag=True, help="Destroy content past `payload_days` instead.")
@yes
@as_person
@as_json
@click.pass_context
def prune(
    ctx: click.Context,
    *,
    month: str | None,
    content: bool,
    typed: str | None,
    person: str,
    as_json: bool,
) -> None:
    """Let the entries of a month go whose cases are past their term; without MONTH, list months.

    A month goes whole: a case that is open or under a legal hold keeps it. Its hashes, the tree
    and every proof above it stay. The terms stand in `[workflow.retention]`; nothing goes before
    its date.

    Example: `remit ledger prune 2026-03 --as me`
    """
    project = ctx.ensure_object(Options).project()
    with owning(project, owner="remit ledger prune") as owned:
        remit = owned.remit
        require(remit.people(), person, OWNER)
        by = person_actor(person)
        if content:
            typed_back("content", typed, "the word")
            done = remit.keeping.expire(by=by)
            said: object = {"cases": done}
            line = f"destroyed the content of {done} closed cases"
        elif month is None:
            found = remit.keeping.survey()
            said = found
            line = "\n".join(
                f"{one.month}  {one.why or f'may go from {one.due_at:%Y-%m-%d}'}" for one in found
            )
        else:
            typed_back(month, typed, "the month")
            event = remit.keeping.prune(month, by=by)
            said = event
            line = (
                f"pruned {event.entries} entries of {event.cases} cases of {month}; every entry "
                f"above position {event.highest} is there"
            )
    if as_json:
        terminal.echo_json(said)
    elif line:
        click.echo(line)
