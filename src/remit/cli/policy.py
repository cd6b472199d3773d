"""`remit policy`: ask the rules, test them, and see what a change of them would do."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import click

from remit.cli import policy_changes, policy_proofs, policy_shown, terminal
from remit.cli.opening import Record, reading
from remit.cli.options import Options
from remit.cli.policy_desk import Desk, desk_of, question
from remit.domain import clock
from remit.domain.frozen import dataclass
from remit.errors import NotFoundError
from remit.governance import asked_rules, books, decided
from remit.governance.decided import Decided, Unreadable
from remit.governance.weighing import Flip, flip, request_line
from remit.policy import backtest as tested
from remit.policy import folder as folders
from remit.policy import gate, witnesses
from remit.policy import matrix as table
from remit.policy.book import PolicyBook, ask
from remit.policy.difference import change_digest, changes
from remit.settings import Project
from remit.store.connection import Connection

WRONG = 2
CANDIDATE = "candidate"
FLIPS = 1
SHOWN_MAX = 20  # flips of one rule
PROGRESS_EVERY = 1_000
WORKFLOW = click.argument("workflow", required=False)
PROVE = click.option("--prove", is_flag=True, help="Prove it with a solver, where it can.")


@click.group()
def policy() -> None:
    """Ask the rules, test them, and see what a change of them would do.

    Example: `remit policy test`, then `remit policy diff refund-desk new-policies`
    """


@policy.command()
@click.argument("case", required=False)
@click.option("--seq", type=int, help="The number of one decision of that case.")
@click.option("--action", help="Ask about a request of this action instead: `desk.action`.")
@click.option("--arg", "arguments", multiple=True, help="An argument, `amount=600.00 EUR`.")
@click.option("--fact", "facts", multiple=True, help="A derived fact, `days=3`.")
@click.option("--record", "record", multiple=True, help="A field of the record acted upon.")
@click.option("--approver", "approvers", multiple=True, help="Who agreed, `role=person`.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def why(
    ctx: click.Context,
    case: str | None,
    seq: int | None,
    action: str | None,
    arguments: tuple[str, ...],
    facts: tuple[str, ...],
    record: tuple[str, ...],
    approvers: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Say which rules permitted and forbade, and what would lift it.

    For a case: each of its decisions from what was recorded with it, or the one with the number
    `--seq`. For a request: what the rules in their folder say of these values.

    Example: `remit policy why 4f21`, or
    `remit policy why --action refund-desk.issue_refund --arg "amount=600.00 EUR"`
    """
    project = ctx.ensure_object(Options).project()
    if (case is None) is (action is None):
        raise click.UsageError("name a case, or a request with `--action`")
    if action is not None:
        desk = desk_of(project, action.rpartition(".")[0])
        told = (arguments, facts, record, approvers)
        answer = ask(desk.book, asked_rules.request(desk.book, question(action, told)))
        if as_json:
            terminal.echo_json(answer)
            return
        _say(asked_rules.lines(answer, desk.book.rules))
        return
    with reading(project) as opened:
        found = [one for one in _decisions(opened, str(case)) if seq in {None, one.seq}]
    if not found:
        raise NotFoundError(f"no decision of a case `{case}` is recorded, or not with that number")
    if as_json:
        terminal.echo_json(found)
        return
    for one in found:
        _say(policy_shown.decision(one))


@policy.command()
@WORKFLOW
@PROVE
@click.pass_context
def test(ctx: click.Context, workflow: str | None, *, prove: bool) -> None:
    """Run the examples and judge the invariants; ends with 2 where something fails or lacks.

    Invariants are judged on the examples and searched beside every value that a rule names. That
    nothing was found is no proof; `--prove` asks a solver, which the extra `analysis` brings.

    Example: `remit policy test`
    """
    wrong = False
    for desk in _desks(ctx.ensure_object(Options).project(), workflow):
        book = desk.book
        click.echo(
            f"{desk.name}: {len(book.rules)} rules, {len(book.examples)} examples pass, "
            f"{len(book.invariants)} invariants"
        )
        for said in book.findings:
            click.echo(f"  {said}")
        for breach in witnesses.breaches(book):
            wrong = True
            click.echo(f"  broken: {breach.says}; it is allowed for")
            click.echo(f"    {request_line(breach.request)}")
        for line, broken in policy_proofs.invariants(book) if prove else ():
            wrong = wrong or broken
            click.echo(f"  {line}")
        wrong = wrong or bool(book.unshown)
    if wrong:
        ctx.exit(WRONG)


@policy.command()
@click.argument("workflow")
@click.argument("other", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--against", help="Compare with the recorded book of this digest instead.")
@PROVE
@click.pass_context
def diff(
    ctx: click.Context, workflow: str, other: Path, *, against: str | None, prove: bool
) -> None:
    """Show what another folder of rules would change: rules, and requests newly allowed.

    It is compared with the rules in force; before the first case, with those of the settings.

    The search asks both books beside every value that their rules name. A request that it shows is
    really allowed; that it shows none is no proof. `--prove` asks a solver. Ends with 1 where
    something is loosened.

    Example: `remit policy diff refund-desk new-policies`
    """
    project = ctx.ensure_object(Options).project()
    desk = desk_of(project, workflow)
    after = desk.other(other)
    before = _in_force(project, desk) if against is None else _kept(project, desk, against)
    for change in changes(before, after):
        click.echo(f"{change.kind} {change.rule}")
        for line in change.lines:
            click.echo(f"    {terminal.safe(line)}")
    loosened = False
    for one in witnesses.search(before, after):
        click.echo(f"{one.action}: searched {one.asked:,} of {one.possible:,} requests")
        for witness in one.witnesses:
            loosened = True
            click.echo(f"  {witness.before} becomes {witness.after}:")
            click.echo(f"    {request_line(witness.request)}")
    for line, newly in policy_proofs.change(before, after) if prove else ():
        loosened = loosened or newly
        click.echo(line)
    click.echo(f"digest of the change: {change_digest(before.texts, after)}")
    if loosened:
        click.echo("loosens: people who did not write it must sign (`remit policy propose`)")
        ctx.exit(FLIPS)
    click.echo("no loosening was found" + ("" if prove else " (searched, not proved)"))


@policy.command()
@click.argument("workflow")
@click.argument("other", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--json", "as_json", is_flag=True, help="Print the flips as JSON.")
@click.pass_context
def backtest(ctx: click.Context, workflow: str, other: Path, *, as_json: bool) -> None:
    """Make every recorded decision again under another folder of rules.

    Votes, reservations, stops and proofs stay as they were. Lists the flips by rule, with their
    cases. Ends with 1 where a flip loosens or an invariant breaks.

    Example: `remit policy backtest refund-desk new-policies`
    """
    project = ctx.ensure_object(Options).project()
    desk = desk_of(project, workflow)
    if _flips(project, desk, other, as_json=as_json):
        ctx.exit(FLIPS)


@policy.command()
@click.argument("workflow")
@click.option("--since", type=click.DateTime(), help="Only decisions since then (UTC).")
@click.option("--json", "as_json", is_flag=True, help="Print the flips as JSON.")
@click.pass_context
def shadow(ctx: click.Context, workflow: str, *, since: datetime | None, as_json: bool) -> None:
    """Ask the candidate book what it would have said beside the one in force; nothing is enforced.

    The candidate is the folder `candidate` in the folder of rules. It is asked about what was
    recorded with each decision, so looking at it costs no case anything. Ends with 1 where it
    would have let more pass.

    Example: `remit policy shadow refund-desk --since 2026-11-01`
    """
    project = ctx.ensure_object(Options).project()
    desk = desk_of(project, workflow)
    folder = desk.folder / CANDIDATE
    if not folder.is_dir():
        raise NotFoundError(f"there is no candidate: put rules into `{folder}`")
    since_us = 0 if since is None else clock.microseconds(since.replace(tzinfo=UTC))
    if _flips(project, desk, folder, as_json=as_json, since_us=since_us):
        ctx.exit(FLIPS)


def _flips(project: Project, desk: Desk, other: Path, *, as_json: bool, since_us: int = 0) -> bool:
    """Show what another folder would have decided; tell whether it lets more pass."""
    book = desk.other(other)
    flips: list[Flip] = []
    count = _Count()

    def again(connection: Connection) -> None:
        found = decided.every(connection, record.keys, workflow=desk.name, since_us=since_us)
        for one in _readable(found, count):
            if one.request is None:
                continue
            made = tested.again(one.facts, one.decision, one.request, book)
            if made.flips or made.broken:
                flips.append(flip(one, made))

    with reading(project) as record:
        record.database.read(again)
    counted, erased = count.made, count.erased
    if as_json:
        terminal.echo_json({"decisions": counted, "unreadable": erased, "flips": flips})
    else:
        click.echo(
            f"{counted:,} decisions, {len(flips):,} flips, {erased:,} not readable any more"
        )
        by_rule = sorted(flips, key=lambda one: one.rules)
        for rules, several in groupby(by_rule, key=lambda one: one.rules):
            listed = list(several)
            click.echo(f"by {', '.join(rules) or 'what people must give'}: {len(listed):,}")
            for each in listed[:SHOWN_MAX]:
                click.echo(f"    {policy_shown.flipped(each)}")
            if len(listed) > SHOWN_MAX:
                click.echo(f"    and {len(listed) - SHOWN_MAX:,} more")
    return any(one.loosens or one.broken for one in flips)


@policy.command()
@WORKFLOW
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
@click.pass_context
def matrix(ctx: click.Context, workflow: str | None, *, as_json: bool) -> None:
    """Print what the rules and the levels say of each example, with nobody to two people agreed.

    Example: `remit policy matrix > matrix.txt`
    """
    for desk in _desks(ctx.ensure_object(Options).project(), workflow):
        if as_json:
            terminal.echo_json(list(table.rows(desk.book)))
            continue
        for line in policy_shown.matrix(table.rows(desk.book)):
            click.echo(line)


@policy.command()
@WORKFLOW
@click.pass_context
def replay(ctx: click.Context, workflow: str | None) -> None:
    """Make every recorded decision again from its own facts.

    Ends with 1 if one turns out otherwise.

    Example: `remit policy replay`
    """
    count = _Count()

    def otherwise(connection: Connection) -> list[Decided]:
        found = decided.every(connection, record.keys, workflow=workflow)
        return [one for one in _readable(found, count) if gate.decide(one.facts) != one.decision]

    with reading(ctx.ensure_object(Options).project()) as record:
        odd = record.database.read(otherwise)
    click.echo(
        f"{count.made:,} decisions made again, {len(odd):,} otherwise, "
        f"{count.erased:,} not readable any more"
    )
    for one in odd[:SHOWN_MAX]:
        click.echo(f"  {one.case_id} entry {one.seq}")
    if odd:
        ctx.exit(FLIPS)


# -- opening -------------------------------------------------------------------------------------


def _desks(project: Project, workflow: str | None) -> list[Desk]:
    names = [
        one.settings.workflow.name
        for one in project.workflows
        if one.settings.workflow is not None
    ]
    return [desk_of(project, name) for name in names if workflow in {None, name}] or [
        desk_of(project, str(workflow))
    ]


def _in_force(project: Project, desk: Desk) -> PolicyBook:
    """Return the book in force, as this code reads it; that of the folder before there is one."""
    if not project.path(project.settings.keys).exists():
        return desk.book
    with reading(project) as record:
        found = record.database.read(lambda c: books.kept(c, record.keys, desk.name))
    if not found:
        return desk.book
    return folders.book_of(found[-1].texts, desk.book.declared, owners=None)


def _kept(project: Project, desk: Desk, digest: str) -> PolicyBook:
    with reading(project) as record:
        found = [
            one
            for one in record.database.read(lambda c: books.kept(c, record.keys, desk.name))
            if one.digest.startswith(digest)
        ]
    if not found:
        raise NotFoundError(f"no book with the digest `{digest}` was ever loaded")
    return folders.book_of(found[-1].texts, desk.book.declared, owners=None)


def _decisions(record: Record, case: str) -> list[Decided]:
    found = record.database.read(lambda c: list(decided.every(c, record.keys, case=case)))
    return [one for one in found if isinstance(one, Decided)]


@dataclass(slots=True, kw_only=True)
class _Count:
    """How far a reading of all decisions has come."""

    made: int = 0
    erased: int = 0


def _readable(found: Iterator[Decided | Unreadable], count: _Count) -> Iterator[Decided]:
    """Yield what can be made again, and say now and then how far it has come."""
    for one in found:
        if isinstance(one, Unreadable):
            count.erased += 1
            continue
        count.made += 1
        if count.made % PROGRESS_EVERY == 0:
            click.echo(f"{count.made:,} decisions", err=True)
        yield one


def _say(lines: list[str]) -> None:
    for line in lines:
        click.echo(terminal.safe(line))


for _command in (
    policy_changes.reload,
    policy_changes.changes,
    policy_changes.propose,
    policy_changes.sign,
    policy_changes.refuse,
):
    policy.add_command(_command)
