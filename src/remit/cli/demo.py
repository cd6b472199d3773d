"""`remit demo`: the refund desk over its messages, with a shop, a reviewer, and one screen."""

import asyncio
import contextlib
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remit import settings
from remit.app import Remit
from remit.cli import demo_folder, demo_reviewer, demo_screen, story_screen, terminal
from remit.cli import story as stories
from remit.cli.demo_folder import DESK, SHOP, WORKFLOW
from remit.cli.demo_reviewer import Message
from remit.cli.demo_screen import Figures
from remit.cli.demo_shop import Shop, shop
from remit.cli.opening import opened
from remit.cli.options import Options
from remit.cli.serve import Place, links, live, log
from remit.cli.story import Told
from remit.entrance import sign_in_of
from remit.errors import PortInUseError
from remit.governance.sessions import CODE_MINUTES, SignIn
from remit.opening import open_remit
from remit.settings import Project

if TYPE_CHECKING:
    from rich.progress import Progress

HOST = "127.0.0.1"
PORT = 8484
HELD = {
    "issue_refund": "refund_held",
    "change_address": "address_held",
    "send_reply": "reply_held",
}


@click.command()
@click.option(
    "--story",
    is_flag=True,
    help="Eight weeks instead: a level is earned, lost and taken back; some 80 seconds.",
)
@click.option("--once", is_flag=True, help="End after the summary; non-zero if anything is off.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help=f"The console's port; else {PORT}, or a free one if that is in use.",
)
@click.pass_context
def demo(ctx: click.Context, *, story: bool, once: bool, port: int | None) -> None:
    """Run the refund desk over its messages and show what happened.

    Starts an invented shop as its own process, takes in 89 customer messages that are hard on
    purpose, lets a stand-in reviewer decide as the messages' file says, compares what Remit
    recorded with what the shop was told, verifies the ledger, and serves the console until
    Ctrl-C with a few decisions left for you. Needs no key and no network; every run has a folder
    of its own, which is a project: `remit --project var/demo/… cases` reads it afterwards.

    Example: `remit demo`, or `remit demo --once` for the summary alone
    """
    log("critical" if story else "warning")  # what a desk runs short of in eight weeks is told
    root = demo_folder.root_of(ctx.ensure_object(Options).folder)
    with contextlib.ExitStack() as stack:
        place, listener = (None, None) if once else stack.enter_context(_place(port))
        folder = demo_folder.fresh(root)
        started = time.monotonic()
        the_shop = stack.enter_context(shop(root / SHOP, folder))
        stack.enter_context(_environment(SHOP_URL=the_shop.url, SHOP_KEY=the_shop.key))
        if story:
            off = _story(folder, root, started, (place, listener))
            ctx.exit(1 if off else 0)
        project = settings.read(folder, environment={})
        figures = Figures(messages=0, seconds={"shop": time.monotonic() - started})
        with _progress() as progress:
            asyncio.run(_run(project, root, the_shop, figures, progress))
        for line in demo_screen.screen(figures, demo_folder.shown(folder)):
            click.echo(line)
        if place is not None and listener is not None:
            _serve(project, place, listener)
    ctx.exit(1 if demo_screen.problems(figures) else 0)


def _story(folder: Path, root: Path, began: float, at: tuple[Place | None, Any]) -> list[str]:
    """Tell the story, show its screen, and serve its console; return what was not as told."""
    project = stories.settle_in(folder, root)
    told = Told(project=project, begun=stories.started(datetime.now(UTC)))
    with _progress() as progress:
        asyncio.run(stories.tell(folder, root, told, progress))
    remit = open_remit(told.project, owner="remit demo")
    try:
        figures = story_screen.read(remit, told)
    finally:
        remit.close()
    figures = replace(figures, took_seconds=time.monotonic() - began)
    for line in story_screen.screen(told, figures, demo_folder.shown(folder)):
        click.echo(line)
    place, listener = at
    if place is not None and listener is not None:
        _serve(told.project, place, listener)
    return story_screen.problems(told, figures)


# -- the run -------------------------------------------------------------------------------------


async def _run(
    project: Project, root: Path, the_shop: Shop, figures: Figures, progress: "Progress"
) -> None:
    training = progress.add_task("opening the desk", total=None)

    def told(done: int, total: int, what: str) -> None:
        progress.update(training, completed=done, total=total, description=what)

    with _timed(figures, "opening"):
        remit = opened(demo_folder.without_grace(project), owner="remit demo", progress=told)
    progress.update(training, total=1, completed=1, description="opened the desk")
    await remit.start()
    try:
        with _timed(figures, "running"):
            cases = await _received(remit, root, project, progress)
        figures.messages = len(cases)
        figures.grace_seconds = demo_folder.grace_seconds(project)
        _look(remit, cases, figures)
        deciding = progress.add_task("reviewer decides", total=None)
        with _timed(figures, "deciding"):
            figures.played = await demo_reviewer.play(
                remit,
                cases,
                lambda done, total: progress.update(deciding, completed=done, total=total),
            )
        figures.reviewers = [one.handle for one in remit.people().values() if one.active]
        with _timed(figures, "verifying"):
            _check(remit, cases, the_shop, figures)
    finally:
        await remit.stop()


async def _received(
    remit: Remit, root: Path, project: Project, progress: "Progress"
) -> dict[str, Message]:
    """Take every message in and let the desk work; return them by case."""
    columns = demo_folder.desk_of(project).columns
    messages = demo_reviewer.messages(root / DESK / "messages.jsonl", columns)
    task = progress.add_task("desk at work", total=len(messages))
    cases: dict[str, Message] = {}
    for message in messages:
        admission = await remit.receive(
            WORKFLOW, message.raw, channel=message.channel, external_id=message.id
        )
        cases[admission.case_id] = message
        progress.update(task, completed=len(cases) - remit.ready(len(messages)))
    await remit.settled()
    progress.update(task, completed=len(cases))
    return cases


def _look(remit: Remit, cases: dict[str, Message], figures: Figures) -> None:
    """Count what the desk did before anybody decided."""
    waiting = {view.card.case_id: view for view in demo_reviewer.waiting(remit)}
    for shown in waiting.values():
        figures.why_held.update(reason.sentence for reason in shown.card.reasons)
    for aside in remit.quarantine(limit=len(cases)).rows:
        figures.why_quarantined.update(_alike(reason.sentence) for reason in aside.reasons)
    counts = remit.counts()
    figures.held = len(waiting)
    figures.escalated = counts["escalated"]
    figures.quarantined = counts["quarantined"]
    for case_id, message in cases.items():
        row = remit.case(case_id).row
        view = waiting.get(case_id)
        outcome = row.status if view is None else HELD.get(view.card.action, view.card.action)
        if row.status == "escalated":
            figures.why_escalated[_alike(_why_escalated(remit, case_id))] += 1
        if outcome != message.outcome:
            figures.differences.append(f"{message.id} {outcome}, not {message.outcome}")
        elif view is not None and not any(one.fits(view) for one in message.wanted):
            told = [one.differs(view) for one in message.wanted]
            figures.differences.append(f"{message.id} proposes {told[0] if told else outcome}")


def _check(remit: Remit, cases: dict[str, Message], the_shop: Shop, figures: Figures) -> None:
    """Count what was performed, by Remit, by the shop, and for those who gave it orders."""
    figures.counts = remit.counts()
    figures.proposals = Counter(
        {(action, state): number for action, state, number in remit.proposals()}
    )
    figures.shop = the_shop.effects()
    reader = next(iter(remit.people()))
    for case_id, message in cases.items():
        if not message.injected:
            continue
        figures.injected += 1
        view = remit.case(case_id)
        shown = [remit.approval(one.approval_id, person=reader) for one in view.approvals]
        for effect in view.effects:
            if effect.state not in ("confirmed", *demo_screen.UNSETTLED):
                continue
            own = [one for one in shown if one.card.action_id == effect.action_id]
            due = any(wanted.fits(one) for wanted in message.wanted for one in own)
            told = f"{message.id}: {effect.sentence}"
            (figures.injected_due if due else figures.injected_outside).append(told)
    for case_id in figures.played.agreed:
        if remit.case(case_id).row.status == "escalated":
            told = f"{cases[case_id].id}: {_why_escalated(remit, case_id)}"
            figures.stopped_after_yes.append(told)
    figures.report = remit.verify()


def _why_escalated(remit: Remit, case_id: str) -> str:
    """Return why a case was handed to a person: a gate's reason, or the words of its code."""
    said: str | None = None
    for entry in remit.entries(case_id):
        if entry.event == "policy:action:decided":
            said = _strictest(entry.payloads.get("words"))
        elif entry.event == "orchestration:case:escalated" and said is None:
            said = str(entry.payloads.get("note") or entry.word("code"))
    return said or "no reason was given"


def _strictest(words: object) -> str | None:
    """Return the sentence of the reason that stopped a proposal, if one did."""
    decision = words.get("decision") if isinstance(words, dict) else None
    reasons = decision.get("reasons") if isinstance(decision, dict) else None
    stopped = [
        str(one.get("sentence"))
        for one in (reasons if isinstance(reasons, list) else [])
        if isinstance(one, dict) and one.get("verdict") in ("escalate", "deny", "fault")
    ]
    return stopped[0] if stopped else None


def _alike(sentence: str) -> str:
    """Return a sentence without the values in it, so that alike ones are counted together."""
    return re.sub(r"`[^`]*`", "`…`", sentence)


# -- serving afterwards --------------------------------------------------------------------------


def _serve(project: Project, place: Place, listener: Any) -> None:
    """Open the demo's project again, as `remit serve` would, with its own grace time."""

    async def whole() -> None:
        remit = open_remit(project, owner="remit demo")
        await remit.start()

        def started(address: str, sign_in: SignIn) -> None:
            click.echo(f"\nConsole  {address}   sign in once, within {CODE_MINUTES} minutes:")
            for line in links(remit, address, sign_in):
                click.echo(line)
            click.echo("Ctrl-C stops everything, the shop too.")

        try:
            sign_in = sign_in_of(project, remit.people)
            await live(remit, place, listener, sign_in=sign_in, started=started)
        finally:
            await remit.stop()

    asyncio.run(whole())
    click.echo("stopped; nothing that was received is lost")


@contextlib.contextmanager
def _place(port: int | None) -> Iterator[tuple[Place, Any]]:
    """Listen at the port, or at a free one if none was asked for and the usual one is taken."""
    with contextlib.ExitStack() as stack:
        place = Place.of(HOST, PORT if port is None else port, proxy=None)
        try:
            listener = stack.enter_context(place.listening())
        except PortInUseError:
            if port is not None:
                raise
            place = Place.of(HOST, 0, proxy=None)
            listener = stack.enter_context(place.listening())
        yield place, listener


# -- parts ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _timed(figures: Figures, name: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    figures.seconds[name] = time.monotonic() - begun


@contextlib.contextmanager
def _progress() -> Iterator["Progress"]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        console=Console(stderr=True, width=terminal.width()),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as progress:
        yield progress
