"""`remit sign-in`: prove once who you are, for the commands that act in somebody's name."""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import click

from remit.cli.options import Options
from remit.entrance import database_url, roster_of, sign_in_of
from remit.errors import NotSignedInError
from remit.governance.sessions import SignedIn
from remit.settings import Project

ADDRESS = "command line"


@click.command("sign-in")
@click.argument("handle")
@click.pass_context
def sign_in(ctx: click.Context, *, handle: str) -> None:
    """Sign in with your password, for commands with `--as` in this project.

    Where nobody has an account, `--as` is believed as it stands. The session ends like one of the
    console, and with `remit people sign-out`.

    Example: `remit sign-in maria.k`
    """
    project = ctx.ensure_object(Options).project()
    roster = roster_of(project)
    doors = sign_in_of(project, lambda: roster)
    try:
        password = click.prompt(f"Password of {handle}", hide_input=True, err=True)
        session = doors.by_password(handle, str(password), address=ADDRESS)
    finally:
        doors.close()
    if session is None:
        raise NotSignedInError("that is not right, or not any more; try again")
    file = session_file(project)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "w", encoding="ascii") as kept:
        os.fchmod(kept.fileno(), 0o600)
        kept.write(session.token)
    click.echo(f"signed in as {handle} until {session.expires_at:%H:%M} UTC, longer while used")


def proved(project: Project, given: Mapping[str, object]) -> SignedIn | None:
    """Return how whoever `--as` names signed in; None where nobody has an account.

    Raises `NotSignedInError` where there are accounts and this person is not signed in here.
    """
    named = given.get("persons") or given.get("person")
    people = (
        {named} if isinstance(named, str) else set(named) if isinstance(named, tuple) else set()
    )
    if not people:
        return None
    roster = roster_of(project)
    doors = sign_in_of(project, lambda: roster)
    try:
        if not doors.accounts.any():
            return None
        try:
            token = session_file(project).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            token = ""
        session = doors.find(token) if token else None
    finally:
        doors.close()
    others = sorted(people - ({session.person.handle} if session is not None else set()))
    if session is None or others:
        raise NotSignedInError(
            f"people have accounts here, and `{others[0]}` is not signed in on this command line; "
            f"run `remit sign-in {others[0]}` first, each person for their own word"
        )
    return session.signed_in


def session_file(project: Project) -> Path:
    """Return where this user's session of a project is kept."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    name = sha256(database_url(project).encode()).hexdigest()[:16]
    return Path(state) / "remit" / f"{name}.session"
