"""`remit ledger`: verify the record, list its entries, say how it stands."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from remit.cli import terminal
from remit.cli.display import Display, display
from remit.cli.ledger_anchors import anchors as anchors_
from remit.cli.ledger_anchors import operators
from remit.cli.ledger_erase import erase
from remit.cli.ledger_files import disclose, export_, prove
from remit.cli.ledger_keeping import legal_hold, rotate
from remit.cli.ledger_prune import prune
from remit.cli.ledger_recover import recover
from remit.cli.opening import Record, case_named, reading
from remit.cli.options import Options
from remit.cli.rebuild import rebuild
from remit.cli.signer import signer
from remit.domain import clock
from remit.domain.entry import Entry
from remit.errors import LedgerMismatchError, RemitError
from remit.ledger import read, verify
from remit.ledger.chain import control_stream
from remit.ledger.judge import Bad, Head, Watcher
from remit.ledger.leaf import Leaf
from remit.ledger.outside import Disclosures, anchored_by, authorities_of, stamped
from remit.ledger.recovery import origin_now
from remit.ledger.remote_signer import SignerWatch
from remit.ledger.semantics import Semantics
from remit.ledger.standalone import key_ids
from remit.opening import remote_signer
from remit.store.connection import Connection

ENTRIES_MAX = 10_000
SHOWN_EACH = 4_096
DIGEST_CHARACTERS_MIN = 32  # longer runs of digits are shortened on the screen, not in JSON
MEANING = {
    0: "every byte is as it was written, and somebody outside this host can say so",
    1: "something was changed, removed or moved after it was written; find out who, and when",
    2: "every byte is as it was written, but only this host vouches for it, or for its end: "
    "whoever owns the host could rewrite ledger and anchor together",
    3: "no verdict was possible",
}
NO_VERDICT = 3
COPY = "To be sure of more, keep a copy of the anchor file where this host cannot write."


@click.group()
def ledger() -> None:
    """Verify the record, list its entries, say how it stands.

    Everything that Remit receives, decides and does is an entry of an append-only log whose
    checkpoints are signed. What only reads also works beside a running `remit serve`.

    Example: `remit ledger verify`
    """


ledger.add_command(rebuild)


class NoVerdictError(click.UsageError):
    """A wrong argument of a command whose exit codes are verdicts."""

    exit_code = NO_VERDICT


class Judging(click.Command):
    """A command whose exit codes are verdicts: 3 where there is none, wrong usage included."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; a wrong one is no verdict."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise NoVerdictError(error.message, ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what cannot be read is no verdict."""
        try:
            return super().invoke(ctx)
        except (RemitError, OSError) as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(NO_VERDICT)


class Shown:
    """Says now and then how many entries are judged."""

    def __init__(self, shown: Display) -> None:
        self._shown = shown

    def begin(self, head: Head) -> None:
        """Nothing depends on what the record claims."""

    def see(self, position: int, leaf: Leaf, bad: Bad) -> None:
        """Count."""
        del leaf, bad
        if position % SHOWN_EACH == 0:
            self._shown.show(position, "entries")

    def end(self, bad: Bad) -> Sequence[str]:
        """Leave no line."""
        del bad
        return []


@ledger.command("verify", cls=Judging)
@click.argument("export", type=click.Path(path_type=Path), required=False)
@click.option(
    "--key",
    "vkeys",
    multiple=True,
    help="The public key to verify with, as somebody gave it to you; else that of the key file. "
    "An export needs it. Repeatable, where the log was signed by several.",
)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="OPERATOR=FILE",
    help="Checkpoints that somebody else kept. Repeatable.",
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="KEY",
    help="With an export: the public key of a witness whose cosignatures count. Repeatable.",
)
@click.option(
    "--authority",
    "authorities",
    multiple=True,
    metavar="NAME=FILE",
    help="Certificates, in PEM, of an authority whose time stamps count. Repeatable.",
)
@click.option(
    "--disclosures",
    type=click.Path(path_type=Path),
    help="Contents and salts that were handed over, a JSON line for each.",
)
@click.option(
    "--tree",
    is_flag=True,
    help="Judge tree, signatures and anchors only: entries are hashed and not read.",
)
@click.option("--semantic", is_flag=True, help="Also judge what the entries mean together.")
@click.option(
    "--projections",
    is_flag=True,
    help="Also compare the rows that pages and the gate read with what the entries say.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def verify_(
    ctx: click.Context,
    *,
    export: Path | None,
    vkeys: tuple[str, ...],
    anchors: tuple[str, ...],
    witnesses: tuple[str, ...],
    authorities: tuple[str, ...],
    disclosures: Path | None,
    tree: bool,
    semantic: bool,
    projections: bool,
    as_json: bool,
) -> None:
    """Judge the whole record, or an EXPORT: any changed, missing or moved byte is found and named.

    Exit codes: 0 intact and anchored by another operator than `local` with a fresh tail,
    1 tampered, 2 intact but anchored here only, unsigned, incomplete or not understood, 3 no
    verdict was possible.

    Example: `remit ledger verify audit.tar --key KEY --anchor audit-team=theirs.anchor`
    """
    if tree and (semantic or projections or disclosures):
        raise NoVerdictError("`--tree` reads no entry; give it alone, or leave it out")
    vkey = " ".join(vkeys) or None
    watchers: list[Watcher] = [] if disclosures is None else [Disclosures(disclosures)]
    receipts = [receipt for argument in anchors for receipt in anchored_by(argument)]
    known = authorities_of(authorities)
    if export is not None and vkey is None:
        raise NoVerdictError("an export needs `--key`: a key is never taken from what it judges")
    with display("judging", None) as shown:
        watchers.append(Shown(shown))
        if export is not None and vkey is not None:
            if semantic:
                watchers.append(Semantics(key_ids=key_ids([vkey])))
            report = verify.verify_export(
                export, vkey, anchors=receipts, witnesses=witnesses, authorities=known,
                watchers=watchers, form=not tree,
            )  # fmt: skip
        else:
            with reading(_options(ctx).project()) as record:
                if semantic:
                    watchers.append(Semantics(key_ids=key_ids([vkey or record.vkey])))
                report = verify.verify(
                    record.database, vkey or record.vkey, payload_keys=record.keys,
                    anchors=[*record.outside.receipts(), *stamped(receipts, known)[0]],
                    watchers=[*watchers, SignerWatch(remote_signer(record.project))],
                    projected=projections, form=not tree,
                )  # fmt: skip
    if as_json:
        terminal.echo_json(report)
    else:
        for line in report.lines:
            click.echo(terminal.safe(line))
        click.echo(terminal.wrapped(meaning(report), first="meaning   "))
    ctx.exit(report.exit_code)


def meaning(report: verify.VerifyReport) -> str:
    """Say in a sentence what a report's result means."""
    if report.result == "incomplete":
        return "what is here is as it was written, but not all is here or can be understood"
    said = MEANING[report.exit_code]
    return f"{said}. {COPY}" if report.result == "intact" and report.exit_code else said


@ledger.command()
@click.option("--case", "case_id", help="Only this case: its id, or a beginning of it.")
@click.option(
    "--limit",
    type=click.IntRange(1, ENTRIES_MAX),
    default=30,
    show_default=True,
    help="How many entries, the last ones.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the entries as JSON.")
@click.pass_context
def show(ctx: click.Context, *, case_id: str | None, limit: int, as_json: bool) -> None:
    """List entries, the last ones, without their sealed content.

    Example: `remit ledger show --case 019a --limit 50`
    """
    with reading(_options(ctx).project()) as record:
        found = record.database.read(lambda c: _entries(c, record, case_id, limit))
    if as_json:
        terminal.echo_json([_plain(position, entry) for position, entry in found])
        return
    for position, entry in found:
        at = f"{clock.instant(entry.at_us):%Y-%m-%d %H:%M:%S}"
        number = f"{position:>7}" if case_id is None else f"#{entry.seq:<6}"
        click.echo(f"{number}  {at}  {entry.event}")
        click.echo(terminal.wrapped(_line(entry, of_one=case_id is not None), first=" " * 9))


@ledger.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Say how large the ledger is, where its anchor lies and which public key verifies it.

    Give the key to whoever shall be able to verify without your key file.

    Example: `remit ledger status`
    """
    with reading(_options(ctx).project()) as record:
        head = record.database.read(
            lambda c: c.one("SELECT origin, size, root, at_us FROM ledger_head")
        )
        outside = record.outside
        fork = ""
        try:
            outside.load()
        except LedgerMismatchError as error:
            fork = str(error)
        anchored = outside.status()
        size = record.database.size()
    if head is None:
        click.echo("there is no ledger here; nothing was written yet")
        ctx.exit(3)
    said = {
        "origin": head[0],
        "entries": head[1],
        "root": bytes(head[2]).hex(),
        "last": f"{clock.instant(head[3]):%Y-%m-%d %H:%M:%S} UTC" if head[1] else "none",
        "database": f"{size:,} bytes",
        "anchor": str(record.anchor),
        "anchored": f"{anchored.anchored} entries by {operators(anchored)}",
        "public key": record.vkey.split()[0],
        "signer": record.project.settings.ledger.signer or "same process",
    }
    if as_json:
        said |= {"warning": anchored.warning, "fork": fork}
        terminal.echo_json({name.replace(" ", "_"): value for name, value in said.items()})
        return
    for name, value in said.items():
        click.echo(f"{name:<11} {terminal.safe(value)}")
    for name, text in (("warning", anchored.warning), ("FORK", fork)):
        if text:
            click.echo(terminal.wrapped(text, first=f"{name:<11} "))


def _entries(
    connection: Connection, record: Record, case_id: str | None, limit: int
) -> list[tuple[int, Entry]]:
    if case_id is not None:
        settings = record.project.settings
        control = control_stream(origin_now(connection, settings.origin))
        controls = (control, control_stream(settings.origin))
        whole = case_id if case_id in controls else case_named(connection, case_id)
        stream = read.stream(connection, record.keys, whole, roles=())
        return [(entry.seq, entry) for entry in stream[-limit:]]
    size = int(connection.value("SELECT size FROM ledger_head") or 0)
    return read.tail(connection, max(size - limit, 0) - 1, limit)


def _line(entry: Entry, *, of_one: bool) -> str:
    case = "" if of_one else f"case {entry.case_id} #{entry.seq}  "
    body = "  ".join(f"{name}={_short(value)}" for name, value in entry.body.items() if value)
    return f"{case}{entry.actor.kind.value} {entry.actor.ref}  {body}"


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) >= DIGEST_CHARACTERS_MIN and _hexadecimal(text) else text


def _hexadecimal(text: str) -> bool:
    return set(text) <= set("0123456789abcdef")


def _plain(position: int, entry: Entry) -> dict[str, Any]:
    return {
        "position": position,
        "at": datetime.fromtimestamp(entry.at_us / 1_000_000, UTC).isoformat(),
        "case_id": entry.case_id,
        "seq": entry.seq,
        "event": entry.event,
        "actor": f"{entry.actor.kind.value}:{entry.actor.ref}",
        "path": entry.path,
        "body": dict(entry.body),
    }


ledger.add_command(anchors_)
ledger.add_command(recover)
ledger.add_command(export_)
ledger.add_command(prove)
ledger.add_command(disclose)
ledger.add_command(erase)
ledger.add_command(legal_hold)
ledger.add_command(prune)
ledger.add_command(rotate)
ledger.add_command(signer)


def _options(ctx: click.Context) -> Options:
    return ctx.ensure_object(Options)
