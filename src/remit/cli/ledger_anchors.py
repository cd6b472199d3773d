"""`remit ledger anchors`: who else keeps the ledger's checkpoints, and how far."""

from datetime import UTC, datetime

import click

from remit.cli import terminal
from remit.cli.opening import reading
from remit.cli.options import Options
from remit.console.words import duration
from remit.errors import LedgerMismatchError
from remit.ledger.anchor import LOCAL
from remit.ledger.anchor_standing import AnchorsView

FORKED = 1
LATE = 2


@click.command()
@click.option("--ask", is_flag=True, help="Ask each anchor now, and compare; needs the network.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def anchors(ctx: click.Context, *, ask: bool, as_json: bool) -> None:
    """List the anchors: who keeps how many entries since when, and what nobody else knows yet.

    Exit codes: 0 all is well, 1 an anchor knows another ledger, 2 kept on this host only or too
    old (`ledger.anchor_alarm_seconds`).

    Example: `remit ledger anchors --ask`
    """
    with reading(ctx.ensure_object(Options).project()) as record:
        outside = record.outside
        fork = ""
        try:
            outside.load()
            if ask:
                outside.check()
        except LedgerMismatchError as error:
            fork = str(error)
        view = outside.status(now=datetime.now(UTC))
    if as_json:
        terminal.echo_json({**_plain(view), "fork": fork})
    else:
        for line in lines(view):
            click.echo(line)
        if fork:
            click.echo(terminal.wrapped(fork, first="FORK      "))
    ctx.exit(FORKED if fork else LATE if view.alarm or view.warning else 0)


def lines(view: AnchorsView) -> list[str]:
    """Say how the anchors stand."""
    said = [f"{'operator':<16} {'kind':<10} {'entries':>9}  {'at (UTC)':<19}  place"]
    for one in view.sinks:
        at = "-" if one.at is None else f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        place = terminal.safe(one.place)
        said.append(f"{one.operator:<16} {one.kind:<10} {one.size:>9,}  {at:<19}  {place}")
        if one.trouble:
            said.append(terminal.wrapped(one.trouble, first=" " * 17))
    who = "on this host only" if view.warning else "by others"
    covered = f"0..{view.anchored - 1:,} {who}" if view.anchored else "nothing"
    said.append(f"anchored  {covered}")
    if view.tail_entries:
        age = duration(max(view.tail_seconds, 1))
        late = "; ALARM: too old" if view.alarm else ""
        said.append(f"tail      {view.tail_entries:,} entries, the oldest {age} old{late}")
    if view.warning:
        said.append(terminal.wrapped(view.warning, first="warning   "))
    return said


def operators(view: AnchorsView) -> str:
    """Return the names of those who keep anchors elsewhere, or `this host only`."""
    return ", ".join(sorted({one.operator for one in view.sinks} - {LOCAL})) or "this host only"


def _plain(view: AnchorsView) -> dict[str, object]:
    return {
        "sinks": [
            {
                "operator": one.operator,
                "kind": one.kind,
                "place": one.place,
                "entries": one.size,
                "at": None if one.at is None else one.at.isoformat(),
                "trouble": one.trouble,
            }
            for one in view.sinks
        ],
        "entries": view.size,
        "anchored": view.anchored,
        "operators": sorted({one.operator for one in view.sinks} - {LOCAL}),
        "tail_entries": view.tail_entries,
        "tail_seconds": view.tail_seconds,
        "alarm": view.alarm,
        "warning": view.warning,
    }
