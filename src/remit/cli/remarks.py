"""`remit approvals claim`, `assign`, `comment`, `snooze`: what people do without deciding."""

from collections.abc import Awaitable, Callable

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.identity import IDENTITY
from remit.cli.opening import approval_named, owning
from remit.cli.options import Options
from remit.governance.card import ApprovalView
from remit.governance.remark import CLAIM_MINUTES, CLAIM_MINUTES_MAX, SNOOZE_MINUTES_MAX

_id = click.argument("approval_id", metavar="ID")
_person = click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)


@click.command(epilog=IDENTITY)
@_id
@_person
@click.option(
    "--minutes", type=click.IntRange(0, CLAIM_MINUTES_MAX), default=CLAIM_MINUTES,
    show_default=True, help="For how long; 0 lets it go.",
)  # fmt: skip
@click.pass_context
def claim(ctx: click.Context, *, approval_id: str, person: str, minutes: int) -> None:
    """Say that you are at it; everybody who may decide it still may.

    Example: `remit approvals claim 4f21 --as maria.k`
    """

    def work(remit: Remit, whole: str) -> Awaitable[ApprovalView]:
        if minutes == 0:
            return remit.let_go(whole, person=person)
        return remit.claim(whole, person=person, minutes=minutes)

    _said(ctx, approval_id, work)


@click.command(epilog=IDENTITY)
@_id
@_person
@click.option("--to", required=True, metavar="PERSON", help="Somebody who may decide it.")
@click.pass_context
def assign(ctx: click.Context, *, approval_id: str, person: str, to: str) -> None:
    """Pass it to one person who may decide it; others still may.

    Example: `remit approvals assign 4f21 --as maria.k --to tomasz`
    """
    _said(ctx, approval_id, lambda remit, whole: remit.assign(whole, person=person, to=to))


@click.command(epilog=IDENTITY)
@_id
@_person
@click.option("--text", required=True, help="Your words; what is personal in them is masked.")
@click.option("--ask", metavar="PERSON", help="It is a question to this person.")
@click.pass_context
def comment(
    ctx: click.Context, *, approval_id: str, person: str, text: str, ask: str | None
) -> None:
    """Say a word about it, or ask somebody, without deciding.

    Example: `remit approvals comment 4f21 --as maria.k --text "is it back?" --ask tomasz`
    """
    _said(
        ctx,
        approval_id,
        lambda remit, whole: remit.comment(whole, person=person, text=text, ask=ask),
    )


@click.command(epilog=IDENTITY)
@_id
@_person
@click.option(
    "--minutes", type=click.IntRange(0, SNOOZE_MINUTES_MAX),
    help="For how long; until it is due if not given, 0 brings it back.",
)  # fmt: skip
@click.pass_context
def snooze(ctx: click.Context, *, approval_id: str, person: str, minutes: int | None) -> None:
    """Take it out of your own lists, never beyond its due time; the clock goes on.

    Example: `remit approvals snooze 4f21 --as maria.k --minutes 60`
    """
    _said(
        ctx, approval_id, lambda remit, whole: remit.snooze(whole, person=person, minutes=minutes)
    )


COMMANDS = (claim, assign, comment, snooze)


def _said(
    ctx: click.Context, start: str, work: Callable[[Remit, str], Awaitable[ApprovalView]]
) -> None:
    """Record it and say how the approval stands now."""
    project = ctx.ensure_object(Options).project()
    with owning(project, owner="remit approvals") as owned:
        whole = owned.remit.database.read(lambda c: approval_named(c, start))
        view = owned.run(lambda remit: work(remit, whole), cases=False)
    click.echo(terminal.wrapped(view.card.sentence))
    for line in standing(view):
        click.echo(terminal.wrapped(line, first="  "))


def standing(view: ApprovalView) -> list[str]:
    """Return who is at an approval, who has it, and what was said about it, in lines."""
    lines = []
    if view.claimed_by and view.claimed_until is not None:
        lines.append(f"{view.claimed_by} is at it until {view.claimed_until:%H:%M} UTC")
    if view.held_by:
        lines.append(f"it is with {view.held_by.partition(':')[2]}")
    if view.asked_of:
        lines.append(f"{view.asked_of} is asked")
    if view.snoozed_until is not None:
        lines.append(f"you see it again at {view.snoozed_until:%Y-%m-%d %H:%M} UTC")
    lines += [f"{one.at:%m-%d %H:%M} {one.person}: {one.text}" for one in view.remarks if one.text]
    return lines
