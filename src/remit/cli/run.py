"""`remit run`: a file of messages goes through a workflow."""

import asyncio
import contextlib
import itertools
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remit.authoring import rows
from remit.authoring.rows import Row
from remit.cli.columns import Columns, columns
from remit.cli.display import display, training
from remit.cli.feed import ROWS_MAX, Feed
from remit.cli.options import Options
from remit.cli.tally import Outcome, balanced, lines, outcome
from remit.domain.case import Priority
from remit.errors import RemitError, UnknownWorkflowError
from remit.intake import mail, mailboxes
from remit.intake.columns import PROVING, Column
from remit.intake.evidence import Around
from remit.intake.fields import specs_of

if TYPE_CHECKING:
    from remit.app import Remit

CHECKED_ROWS_MAX = 64
SHOW_SECONDS = 0.25
INTERRUPTED = 130
UNBALANCED = 1


@click.command(
    epilog="Example: `remit run refund-desk --input mails.csv --map message=body --set "
    "sender=desk@example.com`"
)
@click.argument("workflow")
@click.option(
    "--input",
    "file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A `.jsonl` or `.csv` file, or either with `.gz`; or mails: an `.eml` or `.mbox` file, "
    "or a folder of `.eml` files.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Read at most so many new rows.")
@click.option("--resume", is_flag=True, help="Pass over rows that are cases already.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Fill a field from a column of another name; may be repeated.",
)
@click.option(
    "--set",
    "constants",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Fill a field with the same value in every row; may be repeated.",
)
@click.option(
    "--id",
    "id_column",
    metavar="COLUMN",
    help="The column with each row's own id; without it `id`, or else the content.",
)
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where refused rows are listed; without it FILE.rejects.jsonl.",
)
@click.option(
    "--class",
    "priority",
    type=click.Choice([one.value for one in Priority]),
    default=Priority.BULK.value,
    show_default=True,
    help="How soon these cases run, beside others of their workflow.",
)
@click.option("--no-wait", is_flag=True, help="End once every row is in; do not wait for cases.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_context
def run(
    ctx: click.Context,
    workflow: str,
    file: Path,
    *,
    limit: int | None,
    resume: bool,
    maps: tuple[str, ...],
    constants: tuple[str, ...],
    id_column: str | None,
    rejects: Path | None,
    priority: str,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Run a file of messages through a workflow.

    Each row, or each mail, becomes one case; only the fields that the workflow's case declares
    are read. A row that came before is the same case, so the command may be repeated; Ctrl-C
    stops it safely, and `--resume` goes on without reading again what is in. It ends when every
    case is closed, held for a person, escalated or set aside, and prints what became of them.
    """  # fmt: skip
    from remit.cli.opening import opened

    options: Options = ctx.obj
    project = options.project()
    known = {one.settings.workflow.name: one.settings.workflow for one in project.workflows
             if one.settings.workflow is not None}  # fmt: skip
    if workflow not in known:
        raise UnknownWorkflowError(
            f"there is no workflow `{workflow}`; there are: {', '.join(sorted(known))}"
        )
    source = rows.read(file)
    mailed = mailboxes.is_mail(file)
    # A file that is none ends here; mails are not small.
    first = list(itertools.islice(source, 1 if mailed else CHECKED_ROWS_MAX))
    remit = opened(project, owner="remit run", progress=training)
    try:
        table = columns(
            _fields(remit, workflow), known[workflow].columns,
            maps=maps, constants=constants, id_column=id_column,
        )  # fmt: skip
        shown = [dict.fromkeys(mail.COLUMNS)] if mailed else [row.fields or {} for row in first]
        table.check([one for one in shown if one], str(file))
        proven = Around() if mailed else _proven(remit, workflow, table, file)
    except RemitError:
        remit.close()
        raise
    feed = Feed(
        remit=remit, workflow=workflow, columns=table, resume=resume, limit=limit,
        priority=Priority(priority), around=proven,
        rejects=rejects or file.with_name(f"{file.name}.rejects.jsonl"),
    )  # fmt: skip
    started = time.monotonic()
    found = asyncio.run(
        _run(feed, itertools.chain(first, source), total=_total(file, limit), wait=not no_wait)
    )
    _report(feed, found, seconds=time.monotonic() - started, as_json=as_json)
    if feed.stop:
        click.echo(
            f"stopped safely; go on with: remit run {workflow} --input {file} --resume"
            " (and the same other options)", err=True,
        )  # fmt: skip
        ctx.exit(INTERRUPTED)
    if not balanced(feed.tally, found):
        ctx.exit(UNBALANCED)


async def _run(feed: Feed, source: Iterator[Row], *, total: int | None, wait: bool) -> Outcome:
    remit = feed.remit
    with _interruptible(feed), display(feed.workflow, total) as shown:
        before = _counts(remit, feed.workflow)
        last = 0.0

        def tell() -> None:
            nonlocal last
            if time.monotonic() - last < SHOW_SECONDS:
                return
            last = time.monotonic()
            shown.show(feed.tally.rows, _words(feed, before))

        feed.told = tell
        await remit.start()
        try:
            await feed.run(source)
            if wait:
                await _settled(feed, tell)
            await remit.worker.stop()
            return outcome(remit.standing(feed.tally.case_ids))
        finally:
            await remit.stop()


async def _settled(feed: Feed, tell: Callable[[], None]) -> None:
    settled = asyncio.ensure_future(feed.remit.settled())
    while not settled.done() and not feed.stop:
        tell()
        await asyncio.wait({settled}, timeout=SHOW_SECONDS)
    settled.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await settled


@contextlib.contextmanager
def _interruptible(feed: Feed) -> Iterator[None]:
    """Let the first Ctrl-C stop the reading; a second one ends at once, as always."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop() -> None:
        feed.stop = True
        click.echo("stopping: what was read is being kept…", err=True)
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _words(feed: Feed, before: dict[str, int]) -> str:
    now = _counts(feed.remit, feed.workflow)
    grown = {name: now.get(name, 0) - before.get(name, 0) for name in now}
    return ", ".join(
        f"{word} {number:,}"
        for word, number in (
            ("received", feed.tally.received),
            ("closed", grown.get("closed", 0)),
            ("escalated", grown.get("escalated", 0)),
            ("held", grown.get("parked", 0)),
            ("quarantined", grown.get("quarantined", 0)),
            ("rejected", feed.tally.rejected),
        )
    )


def _counts(remit: "Remit", workflow: str) -> dict[str, int]:
    return next(dict(one.counts) for one in remit.workflows() if one.name == workflow)


def _fields(remit: "Remit", workflow: str) -> dict[str, bool]:
    handler = remit.equipment[workflow].workflow.handler
    fields = {} if handler is None else handler.case.model_fields
    return {name: field.is_required() for name, field in fields.items()}


def _proven(remit: "Remit", workflow: str, table: Columns, file: Path) -> Around:
    """Return what each column of the file proves, read through once before its rows come in.

    Only counts are kept. What can be read once only, a pipe, proves nothing.
    """
    handler = remit.equipment[workflow].workflow.handler
    specs = () if handler is None else specs_of(handler.case)
    proving = {
        one.name: one.kind for one in specs if one.kind in PROVING and one.name in table.sources
    }
    if not proving or not file.is_file():
        return Around()
    seen = {name: Column() for name in proving}
    for row in itertools.islice(rows.read(file), ROWS_MAX):
        for name, kind in proving.items():
            if row.fields is not None:
                seen[name].add(kind, row.fields.get(table.sources[name]))
    return Around(
        columns={name: found for name, one in seen.items() if (found := one.proven())},
        said={name: said for name, one in seen.items() if (said := one.evidence())},
    )


def _total(file: Path, limit: int | None) -> int | None:
    if not file.is_file() and not file.is_dir():
        return limit  # a pipe can be read once only
    try:
        lines = rows.count(file)
    except (OSError, EOFError):
        return limit
    return lines if limit is None else min(lines, limit)


def _report(feed: Feed, found: Outcome, *, seconds: float, as_json: bool) -> None:
    tally = feed.tally
    if as_json:
        click.echo(
            json.dumps(
                {
                    "workflow": feed.workflow, "rows": tally.rows, "received": tally.received,
                    "duplicates": tally.duplicates, "skipped": tally.skipped,
                    "rejected": tally.rejected, "closed": found.closed, "held": found.held,
                    "escalated": found.escalated, "other": found.other,
                    "quarantined": found.quarantined, "reasons": dict(found.reasons),
                    "balanced": balanced(tally, found), "seconds": round(seconds, 3),
                    "rejects": str(feed.rejects) if tally.rejected else None,
                }
            )
        )  # fmt: skip
        return
    for line in lines(tally, found, seconds=seconds):
        click.echo(line)
    if tally.rejected:
        click.echo(f"refused rows, with line and reason: {feed.rejects}")
