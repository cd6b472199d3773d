"""`remit migrate`: bring the database to the shape that this Remit needs."""

import click

from remit.cli.options import Options
from remit.entrance import database_url
from remit.opening import SCHEMA
from remit.store.database import open_database, planned, upgrade
from remit.store.migrations import Plan

DUE = 1


@click.command()
@click.option("--check", is_flag=True, help="Say what would be done, and do nothing.")
@click.option(
    "--after",
    is_flag=True,
    help="Also take away what only older code needs; nobody may be at work.",
)
@click.pass_context
def migrate(ctx: click.Context, *, check: bool, after: bool) -> None:
    """Create and change tables until this Remit can run on them.

    Changes are numbered. Those marked *before* add what new code needs and old code does not mind:
    run this before a deployment, while the old code works on. Those marked *after* take away what
    only the old code needed: run it with `--after` once no old code is left. Entries of the ledger
    are never touched. With `--check` the exit code is 1 where something is to be done. On SQLite
    one process has the file, and every command that writes does all of this by itself.

    Example: `remit migrate --check`
    """
    project = ctx.ensure_object(Options).project()
    url = database_url(project)
    plan = planned(url, schema=SCHEMA)
    queue = project.settings.dispatch == "dbos" and _lacks_queue(url)
    if check:
        said = _said(plan, queue=queue, done=False)
        click.echo("\n".join(said) or "nothing is to be done")
        ctx.exit(DUE if said else 0)
    upgrade(url, schema=SCHEMA, after=after)
    if project.settings.dispatch == "dbos":
        from remit.orchestration import dbos

        dbos.migrate(url)
    done = planned(url, schema=SCHEMA)
    left = {one.number for one in done.after}
    told = Plan(
        missing=plan.missing,
        before=plan.before,
        after=tuple(one for one in plan.after if one.number not in left),
    )
    click.echo("\n".join(_said(told, queue=queue, done=True)) or "the database was up to date")
    for one in done.after:
        click.echo(f"{one.number} {one.name}: left for `remit migrate --after`")


def _lacks_queue(url: str) -> bool:
    from remit.orchestration import dbos

    database = open_database(url, read_only=True, owner="remit migrate")
    try:
        return database.read(dbos.lacking)
    finally:
        database.close()


def _said(plan: Plan, *, queue: bool, done: bool) -> list[str]:
    """Say what is done, or would be."""
    word = "made" if done else "would make"
    lines = []
    if plan.missing:
        lines.append(f"{word} {len(plan.missing)} tables and indexes: {', '.join(plan.missing)}")
    if queue:
        lines.append(f"{word} the tables of the queue")
    lines += [f"{word} change {one.number}, before deployment: {one.name}" for one in plan.before]
    lines += [f"{word} change {one.number}, after deployment: {one.name}" for one in plan.after]
    return lines
