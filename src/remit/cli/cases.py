"""`remit cases`: list cases, show one from message to effect, and settle what is stuck."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.opening import case_named, case_settled, owning, reading
from remit.cli.options import Options
from remit.domain.case import CaseStatus
from remit.domain.erasure import Ending
from remit.governance import casebook
from remit.observability.line import Line
from remit.store import cases as rows_of_cases
from remit.store.connection import Connection

SHOWN_MAX = 10_000
IDENTITY = (
    "Where people have accounts it needs `remit sign-in` first; where nobody has one, whoever can "
    "open the key file may be anybody."
)

_person = click.option(
    "--as",
    "person",
    required=True,
    metavar="PERSON",
    help=f"Your handle in `remit.toml`. {IDENTITY}",
)


@click.group(invoke_without_command=True)
@click.option("--workflow", help="Only cases of this workflow.")
@click.option(
    "--status", type=click.Choice([one.value for one in CaseStatus]), help="Only cases like this."
)
@click.option(
    "--limit", type=click.IntRange(1, SHOWN_MAX), default=30, show_default=True, help="How many."
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def cases(
    ctx: click.Context, *, workflow: str | None, status: str | None, limit: int, as_json: bool
) -> None:
    """List cases, newest first; or show one, or settle what waits for a hand.

    A case may be named by the beginning of its id, as long as only one begins so.

    Example: `remit cases --status escalated`, then `remit cases show 019a3f`
    """
    if ctx.invoked_subcommand is not None:
        return
    with reading(_options(ctx).project()) as record:
        rows, more = record.database.read(
            lambda c: _newest(c, workflow=workflow, status=status, limit=limit)
        )
    if as_json:
        terminal.echo_json(rows)
        return
    now = datetime.now(UTC)
    for row in rows:
        why = row.result or row.reason or ""
        why += _until(row, now)
        click.echo(
            f"{row.case_id}  {row.opened_at:%m-%d %H:%M}  {row.workflow:<14} {row.status:<11} "
            f"{terminal.safe(why)}"
        )
    there_are_more = f"; there are more: --limit {limit * 2}" if more else ""
    click.echo(f"{len(rows)} cases{there_are_more}" if rows else "no such case", err=True)


@cases.command()
@click.argument("case_id", metavar="ID")
@click.option("--technical", is_flag=True, help="With digests, versions and everything recorded.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def show(ctx: click.Context, *, case_id: str, technical: bool, as_json: bool) -> None:
    """Show a case from message to effect, in the order of its entries.

    What is private in it is masked, as the models see it.

    Example: `remit cases show 019a3f --technical`
    """
    with reading(_options(ctx).project()) as record:
        view = record.database.read(
            lambda c: casebook.view(
                c, record.keys, (whole := case_named(c, case_id)),
                specs=record.specs(_workflow_of(c, whole)), now=datetime.now(UTC),
            )
        )  # fmt: skip
    if as_json:
        terminal.echo_json(view)
        return
    row = view.row
    click.echo(
        f"Case {row.case_id} of {row.workflow}: {_standing(row)}{_until(row, datetime.now(UTC))}"
    )
    if view.erased_at is not None:
        expired = view.ending is Ending.EXPIRED
        how = "the term of its content ended" if expired else "its content was erased"
        click.echo(f"  {how} on {view.erased_at:%Y-%m-%d}; what was done stays")
    for name, value in view.fields.items():
        if value:
            click.echo(terminal.wrapped(value, first=f"  {name:<15} "))
    click.echo()
    for line in view.timeline.lines:
        _told(line, technical=technical)
    parts = view.timeline.parts
    click.echo(
        f"\nworked {parts.work_seconds:.2f} s, waited {parts.us_seconds:.0f} s for people and "
        f"{parts.systems_seconds:.0f} s for systems"
    )
    if view.diverged is not None:
        _laid_out(view.diverged, row.case_id)
    for word, other in (("takes the place of", view.follows), ("followed by", view.followed_by)):
        if other:
            click.echo(f"{word} case {other}")
    waiting = [one for one in view.approvals if one.state.value == "open"]
    for one in waiting:
        click.echo(f"waits for a person: `remit approvals show {one.approval_id}`")


@cases.command()
@click.argument("case_id", metavar="ID")
@_person
@click.option("--note", required=True, help="What you did.")
@click.pass_context
def close(ctx: click.Context, *, case_id: str, person: str, note: str) -> None:
    """Close an escalated case that you have handled.

    Example: `remit cases close 019a3f --as tomasz.w --note "called the customer"`
    """
    _settle(ctx, case_id, lambda remit, whole: remit.close_case(whole, person=person, note=note))


@cases.command("hand-back")
@click.argument("case_id", metavar="ID")
@_person
@click.option("--note", required=True, help="Why it may go on.")
@click.pass_context
def hand_back(ctx: click.Context, *, case_id: str, person: str, note: str) -> None:
    """Hand an escalated case back to its workflow, which begins again.

    Example: `remit cases hand-back 019a3f --as tomasz.w --note "the shop answers again"`
    """
    _settle(ctx, case_id, lambda remit, whole: remit.hand_back(whole, person=person, note=note))


@cases.command()
@click.argument("case_id", metavar="ID")
@_person
@click.option("--note", required=True, help="Why it begins anew.")
@click.pass_context
def follow(ctx: click.Context, *, case_id: str, person: str, note: str) -> None:
    """Close an escalated case and begin a new one from its message.

    The new case runs under the code of now and knows nothing of what was done for the old one.

    Example: `remit cases follow 019a3f --as tomasz.w --note "the code has changed"`
    """

    async def work(remit: Remit, whole: str) -> None:
        new = await remit.follow(whole, person=person, note=note)
        await case_settled(remit, new)
        click.echo(f"Case {new}: {_standing(remit.case(new).row)}")

    _settle(ctx, case_id, work)


@cases.command()
@click.argument("case_id", metavar="ID")
@_person
@click.option("--reason", required=True, help="Why it is to end.")
@click.pass_context
def cancel(ctx: click.Context, *, case_id: str, person: str, reason: str) -> None:
    """Cancel an open case: what is not begun is withdrawn, what was done stays done.

    An effect that was begun runs to its outcome first; undo it on its own where it should not be.

    Example: `remit cases cancel 019a3f --as tomasz.w --reason "asked for twice"`
    """
    _settle(ctx, case_id, lambda remit, whole: remit.cancel(whole, person=person, reason=reason))


@cases.command()
@click.argument("case_id", metavar="ID")
@_person
@click.option("--because", "sentence", required=True, help="Why, in a sentence.")
@click.pass_context
def freeze(ctx: click.Context, *, case_id: str, person: str, sentence: str) -> None:
    """Stop a case and keep its evidence, at once: a stop on it, and a legal hold.

    Its effects halt, and nothing of it is erased or pruned. An owner lifts the stop with
    `remit stop lift`; another person releases the hold with `remit ledger legal-hold release`.

    Example: `remit cases freeze 019a3f --as otto --because "paid twice, the bank asks"`
    """
    _settle(
        ctx, case_id, lambda remit, whole: remit.freeze(whole, person=person, sentence=sentence)
    )


@cases.command()
@click.argument("case_id", metavar="ID")
@_person
@click.option(
    "--set", "given", multiple=True, metavar="FIELD=VALUE", help="What a doubtful field is; again."
)
@click.pass_context
def release(ctx: click.Context, *, case_id: str, person: str, given: tuple[str, ...]) -> None:
    """Let a quarantined message go on with your reading of what was doubtful.

    Example: `remit cases release 019a3f --as maria.k --set "claimed_amount=1149.00 EUR"`
    """
    corrections = terminal.pairs(given)
    _settle(
        ctx,
        case_id,
        lambda remit, whole: remit.release(whole, person=person, corrections=corrections),
    )


@cases.command()
@click.argument("case_id", metavar="ID")
@_person
@click.option("--reason", required=True, help="Why it is refused.")
@click.pass_context
def discard(ctx: click.Context, *, case_id: str, person: str, reason: str) -> None:
    """Refuse a quarantined message for good.

    Example: `remit cases discard 019a3f --as maria.k --reason "not a message"`
    """
    _settle(ctx, case_id, lambda remit, whole: remit.discard(whole, person=person, reason=reason))


# -- parts ---------------------------------------------------------------------------------------


def _settle(
    ctx: click.Context, start: str, work: Callable[[Remit, str], Awaitable[object]]
) -> None:
    """Do something with one case, run it until it settles, and say how it stands."""

    async def whole(remit: Remit) -> casebook.CaseLine:
        case_id = remit.database.read(lambda c: case_named(c, start))
        await work(remit, case_id)
        await case_settled(remit, case_id)
        return remit.case(case_id).row

    with owning(_options(ctx).project(), owner="remit cases") as owned:
        row = owned.run(whole)
    click.echo(f"Case {row.case_id}: {_standing(row)}")


def _laid_out(found: casebook.Diverged, case_id: str) -> None:
    """Print recorded and found calls side by side, and what a person can do."""
    width = max([len(one.recorded) for one in found.calls] + [len("recorded")])
    click.echo(
        f"\n{terminal.safe(found.sentence)}\n  step    {'recorded':<{width}}  asked for now"
    )
    for one in found.calls:
        place = f"  ({one.at})" if one.at and not one.same else ""
        recorded, asked = (terminal.safe(said or "-") for said in (one.recorded, one.found))
        mark = " " if one.same else "!"
        click.echo(f"{mark} {one.path:<7} {recorded:<{width}}  {asked}{place}")
    click.echo(
        f"mend the code, then `remit cases hand-back {case_id}`; or close it by hand with "
        f"`remit cases close`; or begin anew with `remit cases follow`"
    )


def _until(row: casebook.CaseLine, now: datetime) -> str:
    """Return how long a message in quarantine waits, and whether it should have been settled."""
    if row.due_at is None:
        return ""
    hours = (now - row.opened_at).total_seconds() / 3_600
    return f", waits {hours:,.1f} h{', overdue' if row.due_at < now else ''}"


def _standing(row: casebook.CaseLine) -> str:
    more = terminal.safe(row.result or row.reason or "")
    return f"{row.status} ({more})" if more else row.status


def _told(line: Line, *, technical: bool) -> None:
    mark = "!" if line.problem else "*" if line.effect else " "
    took = f" ({line.took_ms} ms)" if technical and line.took_ms else ""
    if line.gap_before_seconds:
        click.echo(f"           … {line.gap_before_seconds:.0f} s later")
    click.echo(
        terminal.wrapped(f"{line.text}{took}", first=f"{line.at:%H:%M:%S} {mark} {line.kind:<10} ")
    )
    if technical:
        for label, value in (("entry", f"#{line.seq}"), ("step", line.path or ""), *line.detail):
            if value:
                click.echo(terminal.wrapped(value, first=f"{'':<22}{label}: "))


def _newest(
    connection: Connection, *, workflow: str | None, status: str | None, limit: int
) -> tuple[list[casebook.CaseLine], bool]:
    """Return cases, and whether there are more."""
    rows: list[casebook.CaseLine] = []
    after: str | None = None
    while len(rows) < limit:
        page = casebook.page(
            connection, workflow=workflow, status=status, after=after,
            limit=limit - len(rows), search=None,
        )  # fmt: skip
        rows += page.rows
        after = page.after
        if after is None:
            break
    return rows, after is not None


def _workflow_of(connection: Connection, case_id: str) -> str:
    row = rows_of_cases.find(connection, case_id)
    return "" if row is None else row.workflow


def _options(ctx: click.Context) -> Options:
    return ctx.ensure_object(Options)
