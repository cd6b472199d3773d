"""`remit work`: work on cases beside other workers, without console or API."""

import asyncio
import os
import signal

import click

from remit.app import Remit
from remit.cli.opening import opened
from remit.cli.options import Options
from remit.cli.serve import log, reload_soon
from remit.errors import SettingsError
from remit.opening import settle

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ENDED_AT_ONCE = 130
IDLE_LOOKS = 4  # in a row: a case that parks for a moment is ready again soon
LOOK_SECONDS = 0.25


@click.command()
@click.option(
    "--until-idle", is_flag=True, help="End when no case is ready, instead of waiting for more."
)
@click.option(
    "--log",
    "level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="How much is logged: JSON lines on standard error, scrubbed of what is private.",
)
@click.pass_context
def work(ctx: click.Context, *, until_idle: bool, level: str) -> None:
    """Work on cases until SIGTERM, beside any number of other workers on one PostgreSQL.

    Needs `dispatch = "dbos"` and the extra `scale`. Start as many as you like, on as many hosts;
    each needs the project's folder with its keys. One of them numbers entries and keeps the
    clock, and another takes that over when it ends. The cases of a worker that dies or freezes
    go to the others. SIGTERM lets runs come to a step for 25 seconds; a second one ends at once,
    which is safe.

    Example: `remit work --log warning`
    """
    project = ctx.ensure_object(Options).project()
    if project.settings.dispatch != "dbos":
        raise SettingsError(
            '`remit work` shares the work with other processes and needs `dispatch = "dbos"` '
            "with `database` on PostgreSQL; alone, `remit serve` works on cases too"
        )
    log(level)
    remit = opened(project, owner="remit work")
    asyncio.run(_whole(remit, until_idle=until_idle))
    click.echo("stopped; nothing that was received is lost")


async def _whole(remit: Remit, *, until_idle: bool) -> None:
    stop = asyncio.Event()

    def signalled() -> None:
        if stop.is_set():
            os._exit(ENDED_AT_ONCE)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, signalled)
    loop.add_signal_handler(signal.SIGHUP, reload_soon(remit))
    await remit.start()
    settle()
    try:
        click.echo(
            f"working on {', '.join(remit.equipment)} as {remit.worker.name}; Ctrl-C to stop"
        )
        await (_idle(remit, stop) if until_idle else stop.wait())
    finally:
        await remit.stop()
        for number in (*SIGNALS, signal.SIGHUP):
            loop.remove_signal_handler(number)


async def _idle(remit: Remit, stop: asyncio.Event) -> None:
    """Wait until nothing has been ready for several looks."""
    looks = 0
    while looks < IDLE_LOOKS and not stop.is_set():
        await asyncio.sleep(LOOK_SECONDS)
        ready = await asyncio.to_thread(remit.ready, 1)
        looks = looks + 1 if not ready and remit.dispatcher.idle else 0
