"""`remit people`: accounts with a password, and the sessions of people."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict

import click

from remit.cli import terminal
from remit.cli.options import Options
from remit.entrance import roster_of, sign_in_of
from remit.errors import NotFoundError
from remit.governance.accounts import Accounts
from remit.governance.passwords import LENGTH_MIN

MACHINE = (
    "Who may run this may also read the keys of the record: it is for whoever keeps this machine. "
    "Passwords are asked for and never stand in a command line. It works beside `remit serve`."
)


@click.group(epilog=MACHINE)
def people() -> None:
    """Say who has an account, give and change passwords, and sign people out.

    People and their roles stand in `remit.toml`; an account is what they sign in with.

    Example: `remit people add maria.k`
    """


@people.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List everybody of `remit.toml`, with their account and how many sessions live.

    Example: `remit people list`
    """
    with _accounts(ctx) as accounts:
        found = accounts.listed()
    if as_json:
        terminal.echo_json([asdict(one) for one in found])
        return
    for one in found:
        state = (
            "may not sign in" if not one.active else "password" if one.password else "no account"
        )
        roles = ", ".join(one.roles) or "no role"
        living = f", {one.sessions} signed in" if one.sessions else ""
        click.echo(f"{one.handle:<16} {state}{living}   ({roles})")


@people.command(epilog=MACHINE)
@click.argument("handle")
@click.pass_context
def add(ctx: click.Context, *, handle: str) -> None:
    """Give somebody of `remit.toml` an account; asks for the password twice.

    Example: `remit people add maria.k`
    """
    with _accounts(ctx) as accounts:
        accounts.add(handle, _asked(handle))
    click.echo(f"{handle} can sign in with this password")


@people.command(epilog=MACHINE)
@click.argument("handle")
@click.pass_context
def password(ctx: click.Context, *, handle: str) -> None:
    """Change a password, and let somebody in again; every session of the person ends.

    Example: `remit people password maria.k`
    """
    with _accounts(ctx) as accounts:
        if not accounts.has(handle):
            raise NotFoundError(f"`{handle}` has no account; add it with `remit people add`")
        accounts.change(handle, _asked(handle))
    click.echo(f"{handle} has a new password and is signed out everywhere")


@people.command(epilog=MACHINE)
@click.argument("handle")
@click.pass_context
def deactivate(ctx: click.Context, *, handle: str) -> None:
    """Let somebody sign in no more, by any door; every session of the person ends.

    What waits for this person's role waits on. To take their roles away too, set
    `active = false` in `remit.toml`.

    Example: `remit people deactivate maria.k`
    """
    with _accounts(ctx) as accounts:
        accounts.deactivate(handle)
    click.echo(f"{handle} can sign in no more and is signed out everywhere")


@people.command("sign-out", epilog=MACHINE)
@click.argument("handle")
@click.pass_context
def sign_out(ctx: click.Context, *, handle: str) -> None:
    """End every session of somebody, in every process, at once.

    Example: `remit people sign-out maria.k`
    """
    with _accounts(ctx) as accounts:
        number = accounts.sign_out(handle)
    click.echo(f"{handle}: {number} session{'' if number == 1 else 's'} ended")


@contextlib.contextmanager
def _accounts(ctx: click.Context) -> Iterator[Accounts]:
    project = ctx.ensure_object(Options).project()
    roster = roster_of(project)
    sign_in = sign_in_of(project, lambda: roster)
    try:
        yield sign_in.accounts
    finally:
        sign_in.close()


def _asked(handle: str) -> str:
    found = click.prompt(
        f"Password of {handle} ({LENGTH_MIN} characters or more)",
        hide_input=True,
        confirmation_prompt="Once more",
        err=True,
    )
    return str(found)
