"""`remit ledger recover`: go on after a loss, on the word of the owners, under a new origin."""

import secrets
from datetime import UTC, datetime

import click

from remit.cli import terminal
from remit.cli.opening import free
from remit.cli.options import Options
from remit.domain import clock, ids
from remit.entrance import database_url
from remit.errors import LedgerError, NotEntitledError, NotFoundError
from remit.ledger import recovery
from remit.ledger.recovery import Lost
from remit.opening import SCHEMA, anchors_of, existing_keys, remote_signer
from remit.settings import Project
from remit.store.database import open_database

OWNER = "owner"
PERSONS = 2


@click.command()
@click.option(
    "--as",
    "persons",
    multiple=True,
    required=True,
    metavar="HANDLE",
    help="An owner who answers for it; two of them where there are two.",
)
@click.option("--reason", required=True, help="Why, as a short code such as `backup`.")
@click.option(
    "--yes",
    "typed",
    multiple=True,
    metavar="RANGE",
    help="The lost range, typed already; once for each person.",
)
@click.pass_context
def recover(
    ctx: click.Context, *, persons: tuple[str, ...], reason: str, typed: tuple[str, ...]
) -> None:
    """Go on after a loss: an anchor knows entries that this ledger has not.

    First put back the newest copy of the database that there is. What is then still missing is
    lost; each owner types its range. The log gets a new origin, whose first entry names the old
    one, the range, the reason and the owners. The entries that are left keep their places and
    proofs. Whoever follows the log, and every witness, has to be told of the new origin.

    Example: `remit ledger recover --as maria --as jonas --reason backup`
    """  # fmt: skip
    project = ctx.ensure_object(Options).project()
    _owners(project, persons)
    free(project, owner="remit ledger recover")
    keys = existing_keys(project)
    if keys is None:
        raise LedgerError("there is no ledger here; nothing was written yet")
    database = open_database(
        database_url(project), schema=SCHEMA, owner="remit ledger recover", clock=_now
    )
    try:
        origin = recovery.current_origin(database, project.settings.origin)
        anchors = anchors_of(project, database, keys, now=_now)
        known = anchors.known()  # first: what is kept was committed before
        lost = recovery.lost_of(anchors.held(), known)
        if lost is None:
            raise LedgerError("every anchor fits this ledger; there is nothing to recover")
        _typed(origin, lost, persons, typed)
        new = recovery.recover(
            database, keys, origin=origin, lost=lost, persons=persons, reason=reason, ids=_id,
            random_bytes=secrets.token_bytes, now=_now(), remote=remote_signer(project),
        )  # fmt: skip
    finally:
        keys.close()
        database.close()
    click.echo(f"the log goes on as {new}; positions {lost.text} of {origin} are lost")
    click.echo("give its public key to whoever verifies: `remit ledger status` prints it")


def _owners(project: Project, persons: tuple[str, ...]) -> None:
    people = project.people
    for handle in persons:
        if handle not in people:
            raise NotFoundError(f"there is nobody `{handle}`; see `[people]`")
        if not people[handle].active or OWNER not in people[handle].roles:
            raise NotEntitledError(f"`{handle}` is no owner; an owner has to do this")
    owners = [one for one in people.values() if one.active and OWNER in one.roles]
    if len(set(persons)) < min(PERSONS, len(owners)):
        raise NotEntitledError("two owners have to do this together; name both with `--as`")


def _typed(origin: str, lost: Lost, persons: tuple[str, ...], typed: tuple[str, ...]) -> None:
    click.echo(
        terminal.wrapped(
            f"Positions {lost.text} of `{origin}` are known to an anchor and not here. What they "
            "recorded is gone: check with the other systems what was done, before going on."
        )
    )
    for number, handle in enumerate(dict.fromkeys(persons)):
        word = (
            typed[number]
            if number < len(typed)
            else click.prompt(f"{handle}, type the lost range to go on")
        )
        if str(word).strip() != lost.text:
            raise LedgerError(f"`{word}` is not the lost range `{lost.text}`; nothing was done")


def _now() -> datetime:
    return datetime.now(UTC)


def _id() -> str:
    milliseconds = clock.microseconds(_now()) // 1000
    return ids.uuid7(milliseconds=milliseconds, random_bytes=secrets.token_bytes(10))
