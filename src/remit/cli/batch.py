"""`remit approvals batch`: one answer to several approvals that are alike."""

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.card import card_text
from remit.cli.identity import CHANNEL, IDENTITY
from remit.cli.opening import approval_named, case_settled, owning
from remit.cli.options import Options
from remit.domain.approval import RejectReason, Verdict
from remit.governance.batch import Batch, BatchResult
from remit.governance.sessions import SignedIn


@click.command(epilog=IDENTITY)
@click.argument("approval_ids", metavar="ID...", nargs=-1, required=True)
@click.option(
    "--as", "person", required=True, metavar="PERSON", help="Your handle in `remit.toml`."
)
@click.option(
    "--reject", type=click.Choice([one.value for one in RejectReason]), help="Say no: why not."
)
@click.option("--yes", is_flag=True, help="Do not ask again; needs --digest.")
@click.option("--digest", help="The digest of the batch that you were shown.")
@click.pass_context
def batch(
    ctx: click.Context,
    *,
    approval_ids: tuple[str, ...],
    person: str,
    reject: str | None,
    yes: bool,
    digest: str | None,
) -> None:
    """Answer several that are alike at once: one vote, one entry and one effect for each.

    What differs, cannot be undone or is above your cap is left out and named.

    Example: `remit approvals batch 4f21 9a03 b7cc --as maria.k`
    """
    if yes and digest is None:
        raise click.UsageError("--yes needs --digest: the digest of the batch that you were shown")
    with owning(ctx.ensure_object(Options).project(), owner="remit approvals") as owned:
        remit = owned.remit
        whole = remit.database.read(lambda c: [approval_named(c, one) for one in approval_ids])
        shown = remit.batch(whole, person=person)
        _show(shown)
        for approval_id in shown.read_first:
            click.echo("\nTo be read in full\n")
            click.echo(card_text(remit.approval(approval_id, person=person)))
        word = "Approve" if reject is None else "Reject"
        if not yes:
            click.confirm(f"\n{word} these {len(shown.members)} as {person}?", abort=True)
        result = owned.run(
            lambda running: _answered(
                running, shown, digest or shown.digest, person, reject, owned.signed_in
            )
        )
    click.echo(f"\n{len(result.decided)} answered for {person} over channel {CHANNEL}")
    for one in result.left_out:
        click.echo(terminal.wrapped(f"left out {one.approval_id}: {one.why}", first="  "))


def _show(shown: Batch) -> None:
    total = "" if shown.total is None else f", sum {shown.total}, largest {shown.largest}"
    click.echo(
        f"{len(shown.members)} of {shown.workflow} / {shown.action}, risk {shown.risk}{total}, "
        f"{shown.undo}"
    )
    for reason in shown.reasons:
        click.echo(terminal.wrapped(reason, first="  all: "))
    for one in shown.left_out:
        click.echo(terminal.wrapped(f"{one.approval_id}: {one.why}", first="  left out: "))
    for member in shown.members:
        unusual = f" (unusual: {member.unusual})" if member.unusual else ""
        click.echo(
            terminal.wrapped(f"{member.sentence}{unusual}", first=f"  {member.approval_id}  ")
        )
    click.echo(f"  batch {shown.digest}")


async def _answered(
    remit: Remit,
    shown: Batch,
    digest: str,
    person: str,
    reject: str | None,
    signed_in: SignedIn | None,
) -> BatchResult:
    result = await remit.decide_batch(
        {one.approval_id: one.digest for one in shown.members},
        batch=digest,
        read=shown.read_first,
        person=person,
        verdict=Verdict.APPROVE if reject is None else Verdict.REJECT,
        channel=CHANNEL,
        reason=None if reject is None else RejectReason(reject),
        signed_in=signed_in,
    )
    for member in shown.members:
        if member.approval_id in result.decided:
            await case_settled(remit, member.case_id)
    return result
