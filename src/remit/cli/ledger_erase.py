"""`remit ledger erase`: what goes of a person, a case or one value, and what holds it."""

from pathlib import Path
from typing import Final

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.ledger_files import kept
from remit.cli.ledger_keeping import OWNER, as_json, as_person, handle_named, typed_back, yes
from remit.cli.opening import case_named, owning, reading
from remit.cli.options import Options
from remit.governance import legal_holds
from remit.governance.owners import require
from remit.ledger import erasure
from remit.orchestration.erasure import ErasureOutcome, ErasurePlan, Subject

SETTLE_SECONDS: Final = 60.0
BLOCKED: Final = 1


@click.command()
@click.option("--person", "ref", metavar="REF", help="The sender's address, or their handle.")
@click.option("--case", "case_id", metavar="ID", help="One case alone, by the start of its id.")
@click.option("--value", "token", metavar="TOKEN", help="One masked value of that case alone.")
@click.option("--ground", required=True, help="Why, as a short code such as `request`.")
@click.option("--dry-run", is_flag=True, help="Say what would go; write nothing.")
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for the entries of the erasure and their proofs.",
)
@yes
@as_person
@as_json
@click.pass_context
def erase(
    ctx: click.Context,
    *,
    ref: str | None,
    case_id: str | None,
    token: str | None,
    ground: str,
    dry_run: bool,
    certificate: Path | None,
    typed: str | None,
    person: str,
    as_json: bool,
) -> None:
    """Erase what somebody wrote: keys, sealed content and masked originals; every proof stays.

    Legal holds are asked first. Cases that are open are withdrawn and closed; an effect that is
    under way is waited for, and one of which nobody knows waits for a person. What was done stays
    on record without its content.

    With `--case ID --value TOKEN` one value goes, and the message as it came, which holds it. All
    else of the case stays, and the case goes on; an action that waits with the value is withdrawn,
    and a person has the case then. Exit codes: 0 erased or nothing to erase, 1 refused or waiting.

    Example: `remit ledger erase --person anna@example.org --ground request --as me --dry-run`
    """
    if (ref is None) == (case_id is None):
        raise click.UsageError("say whose: `--person REF` or `--case ID`")
    if token is not None and case_id is None:
        raise click.UsageError("say of which case: `--case ID --value TOKEN`")
    if legal_holds.GROUND.fullmatch(ground) is None:
        raise click.UsageError(f"`{ground}` is no ground; write a short code such as `request`")
    project = ctx.ensure_object(Options).project()
    with owning(project, owner="remit ledger erase") as owned:
        remit = owned.remit
        require(remit.people(), person, OWNER)
        subject = _subject(remit, ref, case_id, token)
        plan = remit.erasure.plan(subject)
        if not as_json or dry_run:
            _tell(plan, as_json=as_json)
        if dry_run:
            ctx.exit(BLOCKED if plan.holds or plan.in_clear else 0)
        if subject.token:
            typed_back(subject.token, typed, "the token")
        else:
            name = subject.handle or subject.case_id
            typed_back(name[:8], typed, "the first eight characters of the handle or case")

        async def work(remit: Remit) -> ErasureOutcome:
            return await remit.erasure.erase(
                subject, by=person, ground=ground, settle_seconds=SETTLE_SECONDS
            )

        done = owned.run(work)
    if certificate is not None and done.state == "completed":
        with reading(project) as record:
            proofs = record.database.read(
                lambda c: erasure.certificate(c, done.erasure_id, vkey=record.vkey)
            )
        for made in proofs:
            kept(made, certificate)
    if as_json:
        terminal.echo_json(done)
    else:
        _told(done)
        if certificate is not None:
            click.echo(f"the certificate is in {certificate}; the public key verifies it")
    ctx.exit(0 if done.state in ("completed", "nothing") else BLOCKED)


# -- parts ---------------------------------------------------------------------------------------


def _subject(remit: Remit, ref: str | None, case_id: str | None, token: str | None) -> Subject:
    if case_id is not None:
        whole = remit.database.read(lambda c: case_named(c, case_id))
        return Subject(case_id=whole, token=(token or "").strip().upper())
    return Subject(handle=handle_named(remit, ref or ""))


def _tell(plan: ErasurePlan, *, as_json: bool) -> None:
    if as_json:
        terminal.echo_json(plan)
        return
    if plan.subject.token:
        click.echo(
            f"{plan.subject.token}: {plan.values} masked originals, and {plan.payloads} messages "
            "as they came; what waits with it is withdrawn, all else of the case stays"
        )
    else:
        _tell_whole(plan)
    for case_id, action, state in plan.unsettled:
        click.echo(f"case {case_id}: {action} is {state}; the erasure waits until it is known")
    for hold in plan.holds:
        click.echo(f"legal hold {hold.hold_id} on {hold.kind} {hold.ref}: nothing will be erased")
    if plan.in_clear:
        click.echo(_in_clear(plan))


def _tell_whole(plan: ErasurePlan) -> None:
    whose = f"person {plan.subject.handle}" if plan.subject.handle else "one case"
    click.echo(
        f"{whose}: {len(plan.cases)} cases, {plan.payloads} sealed payloads under {plan.keys} "
        f"keys, {plan.values} masked originals"
    )
    for case_id, status in plan.open:
        click.echo(f"case {case_id} is {status}: it will be withdrawn and closed")


def _in_clear(plan: ErasurePlan) -> str:
    """Say where else the value stands."""
    where = ", ".join(f"#{seq}" for seq in plan.in_clear)
    return (
        f"the value stands beside its token in {where} of the case, which cannot go alone: erase "
        "the case, `--case ID` without `--value`"
    )


def _told(done: ErasureOutcome) -> None:
    match done.state:
        case "completed":
            what = f", {done.plan.subject.token}," if done.plan.subject.token else ""
            click.echo(
                f"erased{what} {done.plan.payloads} payloads and {done.plan.values} originals of "
                f"{len(done.plan.cases)} cases; every proof stays"
            )
            if done.blind_at is not None:
                click.echo(
                    f"no backup opens them after {done.blind_at:%Y-%m-%d}, when the root key "
                    f"{done.root} is destroyed at the latest"
                )
            if not done.log_emptied:
                click.echo("another process reads: its log is emptied at the next start", err=True)
        case "refused":
            why = "a legal hold stands" if done.plan.holds else _in_clear(done.plan)
            click.echo(f"refused: {why}; the refusal is on record")
        case "waiting":
            for case_id, action, state in done.plan.unsettled:
                click.echo(f"waits: `{action}` of case {case_id} is {state}")
            click.echo("the request is on record; the same command, or the next start, goes on")
        case _:
            click.echo("nothing is left to erase")
