"""`remit ledger export`, `prove`, `disclose`: what leaves this host to be judged by others."""

import os
from pathlib import Path

import click

from remit.cli import terminal
from remit.cli.opening import case_named, owning, reading
from remit.cli.options import Options
from remit.errors import LedgerError
from remit.governance.owners import require
from remit.ledger import disclosure, proof
from remit.ledger.export import export
from remit.ledger.proof import Proof


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
        vkey = record.vkey.split()[0]
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
    for path, data in kept(made, folder):
        click.echo(f"wrote {path} ({len(data)} bytes)")


def kept(made: Proof, folder: Path) -> list[tuple[Path, bytes]]:
    """Write an entry and its proof to a folder; raises `LedgerError` where others are there."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for suffix, data in (("leaf", made.leaf), ("tlog-proof", made.text)):
        path = folder / f"{made.position}.{suffix}"
        if path.exists() and path.read_bytes() != data:
            raise LedgerError(f"`{path}` is there already; name another folder with `--to`")
        path.write_bytes(data)
        files.append((path, data))
    return files


@click.command()
@click.option("--case", "case_id", required=True, help="The case: its id, or a beginning of it.")
@click.option(
    "--content",
    "named",
    required=True,
    multiple=True,
    metavar="NUMBER:ROLE",
    help="Which content: the entry's number in its case, and the role. Repeatable.",
)
@click.option("--recipient", required=True, help="Who gets it, as a short handle, never a name.")
@click.option("--ground", required=True, help="Why, as a short code such as `audit`.")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="A new file.")
@click.option("--as", "person", required=True, help="Who you are: a handle of `[people]`.")
@click.pass_context
def disclose(
    ctx: click.Context,
    *,
    case_id: str,
    named: tuple[str, ...],
    recipient: str,
    ground: str,
    target: Path,
    person: str,
) -> None:
    """Hand over sealed contents in clear, with what proves that they are what was recorded.

    Each content is a line with the salt of its commitment; `verify --disclosures` compares them.
    What came in before masking is never handed over. An entry says what went to whom, and why,
    before the file is written.

    Example: `remit ledger disclose --case 019a --content 4:card --recipient audit-team --ground
    audit --to card.jsonl --as me`
    """
    if target.exists():
        raise click.UsageError(f"`{target}` is there already; choose a new name")
    wanted = [_content(one) for one in named]
    project = ctx.ensure_object(Options).project()
    with owning(project, owner="remit ledger disclose") as owned:
        remit = owned.remit
        require(remit.people(), person, "owner")
        whole = remit.database.read(lambda c: case_named(c, case_id))
        lines = remit.writer.run(
            lambda uow: disclosure.disclose(
                uow, remit.keys, whole, wanted, by=person, recipient=recipient, ground=ground
            )
        ).value
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.writelines(lines)
    click.echo(f"wrote {target}: {len(lines)} contents; the record says so")


def _content(text: str) -> tuple[int, str]:
    number, colon, role = text.partition(":")
    if not (colon and role and number.isdigit()):
        raise click.BadParameter(f"`{text}` is not NUMBER:ROLE", param_hint="--content")
    return int(number), role
