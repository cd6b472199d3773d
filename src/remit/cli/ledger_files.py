"""`remit ledger export` and `prove`: what leaves this host to be judged by others."""

from pathlib import Path

import click

from remit.cli import terminal
from remit.cli.opening import reading
from remit.cli.options import Options
from remit.errors import LedgerError
from remit.ledger import proof
from remit.ledger.export import export


@click.command("export")
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    help="A new directory, or a file whose name ends in `.tar`.",
)
@click.option("--from", "first", type=click.IntRange(0), default=0, help="The first position.")
@click.option(
    "--to-position",
    "last",
    type=click.IntRange(0),
    help="The last position; it ends with the first checkpoint that covers it.",
)
@click.option(
    "--payloads",
    type=click.Choice(["none", "sealed"]),
    default="none",
    show_default=True,
    help="Whether sealed contents travel along; nobody opens them without your keys.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def export_(
    ctx: click.Context, *, target: Path, first: int, last: int | None, payloads: str, as_json: bool
) -> None:
    """Write the record as files that anybody can judge with your public key.

    The files follow C2SP tlog-tiles. A verifier in two languages and a page of instructions lie
    beside them. Keys and contents never travel.

    Example: `remit ledger export --to audit.tar`
    """
    with reading(ctx.ensure_object(Options).project()) as record:
        done = record.database.read(
            lambda c: export(
                c,
                target,
                vkey=record.vkey,
                first=first,
                last=last,
                sealed=payloads == "sealed",
                anchors=record.anchor_files,
            )
        )
        vkey = record.vkey
    if as_json:
        terminal.echo_json({"to": str(target), "first": done.first, "size": done.size})
        return
    click.echo(f"wrote {target}: entries {done.first}..{done.size - 1}")
    click.echo("Whoever judges it needs your public key by another way:")
    click.echo(f"  {vkey}")


@click.command()
@click.argument("position", type=click.IntRange(0))
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder for the two files; without it, this one.",
)
@click.pass_context
def prove(ctx: click.Context, *, position: int, folder: Path) -> None:
    """Write one entry and the proof that it is in the signed tree.

    The files are `POSITION.leaf`, the exact bytes, and `POSITION.tlog-proof` (C2SP tlog-proof).

    Example: `remit ledger prove 42`
    """
    with reading(ctx.ensure_object(Options).project()) as record:
        made = record.database.read(lambda c: proof.prove(c, position, vkey=record.vkey))
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, data in (("leaf", made.leaf), ("tlog-proof", made.text)):
        path = folder / f"{position}.{suffix}"
        if path.exists() and path.read_bytes() != data:
            raise LedgerError(f"`{path}` is there already; name another folder with `--to`")
        path.write_bytes(data)
        click.echo(f"wrote {path} ({len(data)} bytes)")
