"""`remit copy`: copy the project's database to PostgreSQL, entry by entry, and compare."""

import click

from remit.cli.display import display
from remit.cli.opening import reading
from remit.cli.options import Options
from remit.entrance import database_url
from remit.errors import SettingsError
from remit.ledger import copy as copying
from remit.ledger.copy import Copied
from remit.opening import SCHEMA
from remit.store.database import Database, open_database
from remit.store.keys import key_rows


@click.command()
@click.option(
    "--to",
    "url",
    required=True,
    metavar="URL",
    help="An empty PostgreSQL database: `postgresql://user@host/name`.",
)
@click.pass_context
def copy(ctx: click.Context, *, url: str) -> None:
    """Copy everything to an empty PostgreSQL database, and compare it row by row.

    Stop `remit serve` first. Every entry is read back and its hash compared, the tree is built
    anew, and its root must be that of the last signed checkpoint. All of it is one transaction:
    when anything differs, or the copy is stopped, the other database stays empty. The wrapped keys
    are copied first, into its schema `keys`; the root keys stay where they are.

    Example: `remit copy --to postgresql://remit@db.example/remit`
    """
    project = ctx.ensure_object(Options).project()
    here = database_url(project)
    if not here.startswith("sqlite"):
        raise SettingsError(
            "`remit copy` copies from SQLite, and `database` is PostgreSQL already"
        )
    if not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError(f"`{url}` is no PostgreSQL database; `--to` takes the address of one")
    folder = project.path(project.settings.keys)
    with reading(project) as record:
        source = open_database(here, schema=SCHEMA, owner="remit copy")  # nobody writes meanwhile
        try:
            target = open_database(url, schema=SCHEMA, owner="remit copy")
            try:
                key_rows(folder, url=url).take(key_rows(folder, url=here))
                done = _copied(source, target, vkey=record.vkey)
            finally:
                target.close()
        finally:
            source.close()
    click.echo(
        f"copied {done.entries:,} entries and {sum(done.rows.values()):,} rows in all; "
        "every one is the same there"
    )
    click.echo(f"the tree of the copy has the root of the last checkpoint: {done.root.hex()}")
    click.echo(
        "now set `database` in `remit.toml`, or REMIT_DATABASE, to the new address and start;"
    )
    click.echo("keep the old file as a backup and do not run it again: the two would grow apart")


def _copied(source: Database, target: Database, *, vkey: str) -> Copied:
    writer = target.writer()
    try:
        with display("copying", None) as shown:
            return source.read(
                lambda c: copying.copy(
                    c,
                    writer,
                    vkey=vkey,
                    told=lambda done, total, words: shown.show(done, f"of {total:,} {words}"),
                )
            )
    finally:
        writer.close()
