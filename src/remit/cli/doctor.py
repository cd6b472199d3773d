"""`remit doctor`: how an installation does, line by line, and what to do where it does not."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import groupby

import click

from remit.cli import beside, terminal
from remit.cli.opening import Record, reading
from remit.cli.options import Options
from remit.errors import LedgerMismatchError
from remit.governance import findings, health
from remit.governance.findings import Finding, Verdict
from remit.governance.health import Bounds, Health, KeysView
from remit.opening import key_store_of

WORDS = {Verdict.GOOD: "good", Verdict.LOOK: "LOOK", Verdict.ACT: "ACT"}
NAME_CHARACTERS = 26


@click.command()
@click.option("--url", help="Where `remit serve` answers; else `host` and `port` of `remit.toml`.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def doctor(ctx: click.Context, *, url: str | None, as_json: bool) -> None:
    """Say how this installation does, running or stopped, and what to do where it does not.

    Rows, disk, keys and anchors are read as they are. What a process has in memory alone is asked
    of `remit serve`, which also sets the reserve for a full disk aside again; where it does not
    answer, those lines read `not running`. Nothing is written.

    Exit codes: 0 all is good, 1 something to look at, 2 something to act on.

    Example: `remit doctor --json`
    """
    project = ctx.ensure_object(Options).project()
    with reading(project) as record:
        found = looked(record, live=beside.asked(record, url, "/api/doctor"))
    lines = findings.findings(found)
    if as_json:
        terminal.echo_json(_plain(found, lines))
    else:
        for line in told(lines):
            click.echo(line)
        for line in days(found):
            click.echo(line)
        click.echo(f"\nwhat each alarm means: {findings.RUNBOOK}")
    ctx.exit(int(findings.worst(lines)))


def looked(record: Record, *, live: Mapping[str, object] | None) -> Health:
    """Return how the installation of a record does now."""
    project = record.project
    outside = record.outside
    fork = ""
    try:
        outside.load()
    except LedgerMismatchError as error:
        fork = str(error)
    now = datetime.now(UTC)
    view = outside.status(now=now)
    flows = [one.settings.workflow for one in project.workflows]
    return health.look(
        record.database,
        keys=KeysView(
            store=key_store_of(project),
            epoch=record.keys.epoch(),
            rotation_days=project.settings.root_key_rotation_days,
        ),
        anchors=replace(view, fork=fork) if fork else view,
        now=now,
        bounds=Bounds(
            ready_seconds_max=min(
                (one.running.ready_age_seconds_max for one in flows if one is not None),
                default=Bounds().ready_seconds_max,
            ),
            disk_free_min=project.settings.disk_free_bytes_min,
            signers=project.settings.changes.people,
        ),
        live=live,
    )


def told(lines: tuple[Finding, ...]) -> list[str]:
    """Return the lines as a table, with what to do under each that is not good."""
    said: list[str] = []
    for topic, some in groupby(lines, key=lambda one: one.topic):
        said += ["", topic] if said else [topic]
        for one in some:
            name = f"  {WORDS[one.verdict]:<5} {terminal.safe(one.name):<{NAME_CHARACTERS}} "
            said.append(terminal.wrapped(one.said, first=name))
            if one.then:
                said.append(terminal.wrapped(one.then, first=" " * 10 + "→ "))
    return said


def days(found: Health) -> list[str]:
    """Return what the last days brought, a line each."""
    if not found.rows.days:
        return []
    return [
        "",
        "days (UTC)",
        *(
            terminal.wrapped(
                ", ".join(f"{n:,} {name}" for name, n in counted.items()), first=f"  {day}  "
            )
            for day, counted in sorted(found.rows.days.items(), reverse=True)
        ),
    ]


def _plain(found: Health, lines: tuple[Finding, ...]) -> dict[str, object]:
    rows = asdict(found.rows)
    return {
        "verdict": WORDS[findings.worst(lines)].lower(),
        "at": found.at,
        "findings": [{**asdict(one), "verdict": WORDS[one.verdict].lower()} for one in lines],
        "case_balance": found.rows.balance,
        **rows,
        "owner": found.owner,
        "disk_free_bytes": found.free_bytes,
        "database_bytes": found.database_bytes,
        "wal_bytes": found.log_bytes,
        "reserve": found.reserve,
        "sessions": None if found.room is None else asdict(found.room),
        "keys": asdict(found.keys),
        "anchor_tail_entries": found.anchors.tail_entries,
        "anchor_tail_seconds": found.anchors.tail_seconds,
        "live": found.live,
    }
