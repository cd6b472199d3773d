"""`remit ledger legal-hold` and `rotate`: what must not go, and which key ends."""

from datetime import UTC, datetime
from typing import Final

import click

from remit.app import Remit
from remit.cli import terminal
from remit.cli.opening import case_named, owning, reading
from remit.cli.options import Options
from remit.domain import clock
from remit.domain.acknowledgement import Act
from remit.domain.actor import person as person_actor
from remit.errors import NotFoundError, RequestInvalidError
from remit.governance import legal_holds
from remit.governance.owners import require, roles_of
from remit.orchestration.admission import HANDLE_CHARACTERS, handle_of
from remit.store import cases
from remit.store import legal_holds as hold_rows
from remit.store.connection import Connection
from remit.store.legal_holds import HoldRow

OWNER: Final = "owner"
HEXADECIMAL: Final = frozenset("0123456789abcdef")
as_person = click.option(
    "--as", "person", required=True, help="Who you are: a handle of `[people]`."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
yes = click.option(
    "--yes", "typed", metavar="NAME", help="The name that would be asked for, typed already."
)


@click.command()
@click.option("--root", is_flag=True, help="Replace the root key, which wraps all others.")
@click.option("--log", "log_", is_flag=True, help="Replace the key that signs checkpoints.")
@yes
@as_person
@as_json
@click.pass_context
def rotate(
    ctx: click.Context, *, root: bool, log_: bool, typed: str | None, person: str, as_json: bool
) -> None:
    """Replace a key: that which wraps all keys of contents, or that which signs the log.

    `--root`: after `root_key_destroy_after_days` the old root is destroyed. A backup from before
    opens no content from then on; its entries and proofs stay good.

    `--log`: both keys sign for `ledger.log_key_overlap_days`. Give the new public key, and every
    witness it, to whoever verifies; it vouches for what the old one signed.

    Example: `remit ledger rotate --root --as me`
    """
    if root is log_:
        raise click.UsageError("say which key: `--root` or `--log`")
    if log_:
        _rotate_log(ctx, typed, person, as_json=as_json)
        return
    project = ctx.ensure_object(Options).project()
    with owning(project, owner="remit ledger rotate") as owned:
        remit = owned.remit
        require(remit.people(), person, OWNER)
        days = remit.erasure.rotation.epochs.destroy_after_days
        if not as_json:
            click.echo(
                f"the root key {remit.keys.epoch().root} will be replaced, and destroyed in "
                f"{days} days: backups from before then open no content any more"
            )
        typed_back("rotate", typed, "the word")
        done = remit.erasure.rotation.rotate(by=person_actor(person))
        ended = remit.erasure.rotation.ended()
    if as_json:
        terminal.echo_json({"root": done.root, "before": done.before, "wrapped": done.wrapped,
                            "epochs": ended})  # fmt: skip
        return
    click.echo(f"the root key is {done.root}; it wraps {done.wrapped} keys")
    for one in ended:
        state = "destroyed" if one.destroyed else f"will be destroyed on {one.due_at:%Y-%m-%d}"
        click.echo(f"{one.root}  replaced on {one.replaced_at:%Y-%m-%d}, {state}")


def _rotate_log(ctx: click.Context, typed: str | None, person: str, *, as_json: bool) -> None:
    project = ctx.ensure_object(Options).project()
    days = project.settings.ledger.log_key_overlap_days
    with owning(project, owner="remit ledger rotate") as owned:
        remit = owned.remit
        require(remit.people(), person, OWNER)
        if not as_json:
            click.echo(
                f"a new key will sign the log; the old one signs beside it for {days:g} days"
            )
        typed_back("rotate", typed, "the word")
        done = remit.log_keys.rotate(by=person_actor(person), now=remit.now(), overlap_days=days)
    if as_json:
        terminal.echo_json(done)
        return
    click.echo(f"the public key is {done.key}")
    click.echo(f"the one before signs until {clock.instant(done.until_us):%Y-%m-%d %H:%M} UTC")


@click.group("legal-hold")
def legal_hold() -> None:
    """Hold content that must not go: no erasure, no retention and no pruning touches it.

    Example: `remit ledger legal-hold list`
    """


@legal_hold.command("place")
@click.argument("kind", type=click.Choice(legal_holds.KINDS))
@click.argument("ref")
@click.option("--ground", required=True, help="Why, as a short code such as `case-2026-114`.")
@click.option(
    "--review",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which somebody looks at it again.",
)
@as_person
@as_json
@click.pass_context
def place(
    ctx: click.Context,
    *,
    kind: str,
    ref: str,
    ground: str,
    review: datetime,
    person: str,
    as_json: bool,
) -> None:
    """Place a legal hold on a case, a person, a workflow or a range of positions (`100..250`).

    Example: `remit ledger legal-hold place case 019a --ground suit-7 --review 2027-06-01 --as me`
    """
    project = ctx.ensure_object(Options).project()
    with owning(project, owner="remit ledger legal-hold") as owned:
        remit = owned.remit
        roles_of(remit.people(), person)
        whole = _whole(remit, kind, ref)
        receipt = remit.writer.run(
            lambda uow: legal_holds.place(
                uow, remit.new_id(), kind=kind, ref=whole, ground=ground,
                review_at=review.replace(tzinfo=UTC), person=person,
                origin=remit.erasure.rotation.origin,
            )
        )  # fmt: skip
        row = remit.acknowledger.require(receipt, Act.LEGAL_HOLD)
    _holds([row], as_json=as_json)


@legal_hold.command("release")
@click.argument("hold_id", metavar="ID")
@click.option("--ground", required=True, help="Why it may go.")
@yes
@as_person
@as_json
@click.pass_context
def release(
    ctx: click.Context,
    *,
    hold_id: str,
    ground: str,
    typed: str | None,
    person: str,
    as_json: bool,
) -> None:
    """Release a legal hold; somebody else than the one who placed it has to.

    Example: `remit ledger legal-hold release 019a --ground settled --as tom`
    """
    project = ctx.ensure_object(Options).project()
    with owning(project, owner="remit ledger legal-hold") as owned:
        remit = owned.remit
        roles_of(remit.people(), person)
        whole = remit.database.read(lambda c: _hold_named(c, hold_id))
        if not as_json:
            _holds([whole], as_json=False)
        typed_back(whole.ground, typed, "the ground it was placed on")
        receipt = remit.writer.run(
            lambda uow: legal_holds.release(
                uow,
                whole.hold_id,
                ground=ground,
                person=person,
                origin=remit.erasure.rotation.origin,
            )
        )
        row = remit.acknowledger.require(receipt, Act.LEGAL_HOLD)
    _holds([row], as_json=as_json)


@legal_hold.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that were released.")
@as_json
@click.pass_context
def list_(ctx: click.Context, *, everything: bool, as_json: bool) -> None:
    """List legal holds, the oldest first.

    Example: `remit ledger legal-hold list --all`
    """
    with reading(ctx.ensure_object(Options).project()) as record:
        rows = record.database.read(lambda c: hold_rows.every(c, standing=not everything))
    _holds(rows, as_json=as_json)


# -- parts ---------------------------------------------------------------------------------------


def handle_named(remit: Remit, ref: str) -> str:
    """Return the handle of an address, or the one handle that begins so."""
    text = ref.strip()
    for address in dict.fromkeys((text, text.lower(), text.casefold())):
        handle = handle_of(address, remit.intake.keyed)
        if remit.database.read(lambda c, h=handle: cases.subjects_starting_with(c, h, 1)):  # type: ignore[misc]  # a default binds the loop's value
            return handle
    if text and set(text) <= HEXADECIMAL and len(text) <= HANDLE_CHARACTERS:
        found = remit.database.read(lambda c: cases.subjects_starting_with(c, text, 2))
        if len(found) == 1:
            return found[0]
        if found:
            raise NotFoundError(f"several handles begin with `{text}`; write more of it")
    raise NotFoundError(
        "nobody of that address or handle has a case; where the sender was not read, erase the "
        "case: `--case ID`"
    )


def _whole(remit: Remit, kind: str, ref: str) -> str:
    match kind:
        case "case":
            return remit.database.read(lambda c: case_named(c, ref))
        case "person":
            return handle_named(remit, ref)
        case "workflow":
            return remit.runs.workflow(ref).name
        case _:
            return ref


def _hold_named(connection: Connection, start: str) -> HoldRow:
    found = [row for row in hold_rows.every(connection, standing=False)
             if row.hold_id.startswith(start.strip().lower())]  # fmt: skip
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFoundError(f"several legal holds begin with `{start}`; write more of the id")
    raise NotFoundError(f"no legal hold begins with `{start}`; see `remit ledger legal-hold list`")


def typed_back(wanted: str, given: str | None, what: str) -> None:
    """Ask for a name to be typed back; raises `RequestInvalidError` where it is another."""
    if given is None:
        given = click.prompt(f"type {what} to go on: {wanted}", prompt_suffix="\n> ", err=True)
    if given.strip() != wanted:
        raise RequestInvalidError(f"`{given.strip()}` is not `{wanted}`; nothing was changed")


def _holds(rows: list[HoldRow], *, as_json: bool) -> None:
    if as_json:
        terminal.echo_json(rows)
        return
    for row in rows:
        ended = "" if row.released_us is None else f", released by {row.released_by}"
        review = clock.instant(row.review_us)
        click.echo(
            f"{row.hold_id}  {row.kind} {row.ref}  {row.ground}, placed by {row.placed_by}, "
            f"review {review:%Y-%m-%d}{ended}"
        )
    if not rows:
        click.echo("there is no legal hold", err=True)
