"""`remit approvals`: list what waits for people, show a card, and decide."""

from dataclasses import dataclass
from datetime import UTC, datetime

import click

from remit.app import Remit
from remit.cli import remarks, terminal
from remit.cli.batch import batch
from remit.cli.card import card_text, votes
from remit.cli.identity import CHANNEL, IDENTITY
from remit.cli.opening import Record, approval_named, case_settled, owning, reading
from remit.cli.options import Options
from remit.domain.approval import ApprovalState, RejectReason, Verdict
from remit.governance import inbox
from remit.governance.card import ApprovalRow, ApprovalView, Card
from remit.governance.sessions import SignedIn
from remit.store.connection import Connection

SHOWN_MAX = 10_000
DIGEST_CHARACTERS_MIN = 12


@click.group(invoke_without_command=True, epilog=IDENTITY)
@click.pass_context
def approvals(ctx: click.Context) -> None:
    """List what waits for people, show one, and decide.

    An approval may be named by the beginning of its id, as long as only one begins so.

    Example: `remit approvals`, then `remit approvals approve 4f21 --as maria.k`
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@approvals.command("list")
@click.option("--workflow", help="Only of this workflow.")
@click.option("--action", help="Only of this action.")
@click.option(
    "--limit", type=click.IntRange(1, SHOWN_MAX), default=60, show_default=True, help="How many."
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_(
    ctx: click.Context, *, workflow: str | None, action: str | None, limit: int, as_json: bool
) -> None:
    """List what waits, the next due first.

    Example: `remit approvals list --action issue_refund`
    """
    with reading(_options(ctx).project()) as record:
        rows = record.database.read(
            lambda c: _waiting(c, record, workflow=workflow, action=action, limit=limit)
        )
    if as_json:
        terminal.echo_json(rows)
        return
    for row in rows:
        at = f", {row.claimed_by} is at it" if row.claimed_by else ""
        asks = f", {row.asked_of} is asked" if row.asked_of else ""
        said = f", {row.votes} of {row.votes_needed} said yes" if row.votes_needed > 1 else ""
        late = ", overdue" if row.overdue else ""
        click.echo(
            f"{row.approval_id}  {row.risk:<12} due {row.due_at:%m-%d %H:%M}{late}{said}{at}{asks}"
        )
        click.echo(terminal.wrapped(row.sentence, first=" " * 4))
        more = f" (and {row.reasons - 1} more)" if row.reasons > 1 else ""
        click.echo(terminal.wrapped(f"{row.first_reason}{more}", first="    waits: "))
    click.echo(f"{len(rows)} wait for a person" if rows else "nothing waits", err=True)


@approvals.command()
@click.argument("approval_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def show(ctx: click.Context, *, approval_id: str, as_json: bool) -> None:
    """Show one: what will run, why it waits, where each value comes from, what it costs.

    Example: `remit approvals show 4f21`
    """
    with reading(_options(ctx).project()) as record:
        view = record.database.read(
            lambda c: inbox.view(
                c,
                record.keys,
                inbox.found(c, approval_named(c, approval_id)),
                grace_seconds=0,
                undoable=False,
                now=datetime.now(UTC),
            )
        )
    if as_json:
        terminal.echo_json(view)
    else:
        click.echo(card_text(view))
        for line in remarks.standing(view):
            click.echo(terminal.wrapped(line, first="  "))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a person says, and how they were asked."""

    person: str
    verdict: Verdict
    yes: bool
    digest: str | None
    reason: RejectReason | None = None
    note: str | None = None
    edits: dict[str, str] | None = None


_person = click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)
_note = click.option("--note", help="A word to whoever reads the record.")
_yes = click.option("--yes", is_flag=True, help="Do not ask again; needs --digest.")
_digest = click.option(
    "--digest", help="The digest of what you were shown: only exactly that is decided."
)


@approvals.command(epilog=IDENTITY)
@click.argument("approval_id", metavar="ID")
@_person
@_note
@_yes
@_digest
@click.pass_context
def approve(
    ctx: click.Context,
    *,
    approval_id: str,
    person: str,
    note: str | None,
    yes: bool,
    digest: str | None,
) -> None:
    """Say yes to exactly what is shown, and run the case until it settles.

    Example: `remit approvals approve 4f21 --as maria.k`
    """
    answer = _Answer(person=person, verdict=Verdict.APPROVE, yes=yes, digest=digest, note=note)
    _decide(ctx, approval_id, answer)


@approvals.command(epilog=IDENTITY)
@click.argument("approval_id", metavar="ID")
@_person
@click.option(
    "--reason",
    required=True,
    type=click.Choice([one.value for one in RejectReason]),
    help="Why not.",
)
@_note
@_yes
@_digest
@click.pass_context
def reject(
    ctx: click.Context,
    *,
    approval_id: str,
    person: str,
    reason: str,
    note: str | None,
    yes: bool,
    digest: str | None,
) -> None:
    """Say no: it is not performed, and the workflow goes on without it.

    Example: `remit approvals reject 4f21 --as maria.k --reason policy --note "a dispute is open"`
    """
    answer = _Answer(
        person=person, verdict=Verdict.REJECT, yes=yes, digest=digest,
        reason=RejectReason(reason), note=note,
    )  # fmt: skip
    _decide(ctx, approval_id, answer)


@approvals.command(epilog=IDENTITY)
@click.argument("approval_id", metavar="ID")
@_person
@click.option(
    "--set", "given", multiple=True, required=True, metavar="FIELD=VALUE", help="A value; again."
)
@_note
@_yes
@_digest
@click.pass_context
def edit(
    ctx: click.Context,
    *,
    approval_id: str,
    person: str,
    given: tuple[str, ...],
    note: str | None,
    yes: bool,
    digest: str | None,
) -> None:
    """Propose it with other values, which counts as your yes to them.

    The new version stands before the gate again, and waits if somebody else must agree too.

    Example: `remit approvals edit 4f21 --as maria.k --set "amount=19.00 EUR"`
    """
    answer = _Answer(
        person=person, verdict=Verdict.EDIT, yes=yes, digest=digest, note=note,
        edits=terminal.pairs(given),
    )  # fmt: skip
    _decide(ctx, approval_id, answer)


approvals.add_command(batch)
for _command in remarks.COMMANDS:
    approvals.add_command(_command)


# -- parts ---------------------------------------------------------------------------------------


def _decide(ctx: click.Context, start: str, answer: _Answer) -> None:
    """Show what would run, ask, record the verdict and run the case until it settles."""
    if answer.yes and answer.digest is None:
        raise click.UsageError("--yes needs --digest: the digest of what you were shown")
    with owning(_options(ctx).project(), owner="remit approvals") as owned:
        remit = owned.remit
        whole = remit.database.read(lambda c: approval_named(c, start))
        view = remit.approval(whole, person=answer.person)
        click.echo(card_text(view))
        if answer.edits and not answer.yes:  # to be looked at; with `--yes` nobody looks
            click.echo("\nYour values")
            for name, value in answer.edits.items():
                click.echo(terminal.wrapped(value, first=f"  {name}: "))
        if not answer.yes:
            click.confirm(
                f"\n{answer.verdict.value.capitalize()} exactly this as {answer.person}?",
                abort=True,
            )
        after = owned.run(lambda running: _decided(running, view.card, answer, owned.signed_in))
    click.echo(f"\n{answer.verdict.value}: recorded for {answer.person} over channel {CHANNEL}")
    for line in after:
        click.echo(terminal.wrapped(line, first="  "))


async def _decided(
    remit: Remit, shown: Card, answer: _Answer, signed_in: SignedIn | None
) -> list[str]:
    view = await remit.decide(
        shown.approval_id,
        person=answer.person,
        verdict=answer.verdict,
        digest=_bound(shown.digest, answer.digest),
        channel=CHANNEL,
        edits=answer.edits,
        reason=answer.reason,
        note=answer.note,
        signed_in=signed_in,
    )
    if view.effect_due_at is not None:
        seconds = (view.effect_due_at - datetime.now(UTC)).total_seconds()
        click.echo(
            f"{max(seconds, 0):.0f} s of grace, in which the console can take it back; if you "
            "stop here, the verdict stands and the next `remit serve` or `remit run` goes on",
            err=True,
        )
    await case_settled(remit, shown.case_id)
    case = remit.case(shown.case_id)
    return [
        _became(remit.approval(shown.approval_id, person=answer.person)),
        *(f"{effect.sentence}: {effect.state}" for effect in case.effects),
        f"the case is {case.row.status} ({case.row.result or case.row.reason or 'no reason'})",
    ]


def _bound(shown: str, given: str | None) -> str:
    """Return the digest to decide on: what was shown, or what the caller says they were shown."""
    if given is None or (len(given) >= DIGEST_CHARACTERS_MIN and shown.startswith(given)):
        return shown
    return given


def _became(view: ApprovalView) -> str:
    if view.state is ApprovalState.OPEN:
        return f"{votes(view)}: it still waits for another person"
    if view.replaced_by:
        return (
            "replaced by a new version, which waits for a person: "
            f"`remit approvals show {view.replaced_by}`"
        )
    return f"the approval is {view.state.value}, the action {view.effect_state}"


def _waiting(
    connection: Connection,
    record: Record,
    *,
    workflow: str | None,
    action: str | None,
    limit: int,
) -> list[ApprovalRow]:
    rows: list[ApprovalRow] = []
    after: str | None = None
    while len(rows) < limit:
        page = inbox.page(
            connection, record.keys, tab="team", workflow=workflow, action=action, after=after,
            limit=limit - len(rows), now=datetime.now(UTC), roles=frozenset(),
        )  # fmt: skip
        rows += page.rows
        after = page.after
        if after is None:
            break
    return rows


def _options(ctx: click.Context) -> Options:
    return ctx.ensure_object(Options)
