"""The command `remit`: finds commands when they are asked for, and turns errors into sentences."""

import errno
import importlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from remit.cli.options import Options
from remit.errors import RemitError, StorageFullError
from remit.observability import logging

INTERRUPTED = 130
IN_USE = 69
UNEXPECTED = 70

# command -> one line of help; the command `x-y` is the function `x_y` of `remit.cli.x_y`
COMMANDS = {
    "new": "Start a project that runs at once.",
    "check": "Check everything that you wrote, without running a case.",
    "inventory": "List what runs: versions, owners, tools, actions, rules.",
    "policy": "Ask the rules, test them, and see what a change would do.",
    "mask": "Show what would be masked in a file, and why.",
    "normalise": "Show what a file's values are read as, and which wait.",
    "train": "Train a local classifier and say how good it is.",
    "run": "Run a file of messages through a workflow.",
    "demo": "Run the refund desk over its messages and show what happened.",
    "serve": "Serve the console and the API.",
    "cases": "List cases, or show one from message to effect.",
    "approvals": "List what waits for people, and decide.",
    "reviewers": "Say what reviewers find of what is put before them.",
    "audit": "Judge what ran alone, without being told that it did.",
    "endorsements": "List what people vouch for, vouch for a value, take it back.",
    "delegate": "Lend your roles for a while, list what is lent, end it.",
    "denials": "List what is refused in every case, widen a no, lift one.",
    "sign-in": "Sign in, for commands that act in your name.",
    "people": "Say who has an account, and sign people out.",
    "services": "Give programs a token, rotate it, revoke it.",
    "tasks": "List what is left to people, and settle it.",
    "incidents": "Declare what went wrong, put it right, close it.",
    "rollback": "Undo what a workflow did, newest first.",
    "drill": "Rehearse an undo on a stand-in.",
    "stop": "Halt effects, and let them go on.",
    "limits": "List what may be done in a time, and raise it.",
    "grants": "Say what may be done alone and why, sign a grant, lower one.",
    "evidence": "Prove from the record what may be done without a person.",
    "ledger": "Verify the record.",
    "doctor": "Say how it does, and what to do where it does not.",
    "work": "Work on cases beside other workers.",
    "migrate": "Bring the database to the shape that this Remit needs.",
    "copy": "Copy the project's database to PostgreSQL, and compare.",
    "witness": "Vouch for the growth of somebody else's ledger.",
}


class Commands(click.Group):
    """A group whose commands are imported when they are used, so that help is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which one needs them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        del ctx
        name = cmd_name.replace("-", "_")
        found = getattr(importlib.import_module(f"remit.cli.{name}"), name)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing one."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 99},
    epilog="Example: `remit new my-desk && cd my-desk && remit run my-desk --input cases.jsonl`",
)
@click.option(
    "--project",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="REMIT_PROJECT",
    default=Path(),
    help="The folder with your `remit.toml`; without it, this folder or the nearest one above.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(None, "--version", package_name="remit", message="remit %(version)s")
@click.pass_context
def remit(ctx: click.Context, folder: Path, *, debug: bool) -> None:
    """Put AI workflows into production, and keep them there.

    What a workflow may do alone is earned; everything else waits for a person. Each command
    explains itself: `remit run --help`.
    """
    ctx.obj = Options(folder=folder, debug=debug)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; no error leaves as a traceback without `--debug`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    logging.guard(_scrubbed)
    try:
        code = remit.main(args=given, prog_name="remit", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _say(
            "stopped; what was received is kept, and the same command goes on", INTERRUPTED
        )
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads any more
        return 0
    except Exception as error:  # noqa: BLE001 - the last boundary: a person reads a sentence
        if "--debug" in given:
            click.echo(_traced(), err=True)
        return _say(*_sentence(error))
    return code if isinstance(code, int) else 0


def _traced() -> str:
    """Return where the exception came from, with the values in its texts taken out."""
    return _scrubbed(traceback.format_exc())


def _scrubbed(text: str) -> str:
    from remit.intake.scrub import scrub  # only where something is said: help is fast

    return scrub(text)


def _sentence(error: Exception) -> tuple[str, int]:
    if isinstance(error, RemitError):
        return str(error), error.exit_code
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "the port is in use; end what listens there, or name another with `--port`", IN_USE
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return (
            "there is no space left on the disk; nothing of this write was kept: make room and "
            "run the same command again"
        ), StorageFullError.exit_code
    if isinstance(error, OSError) and error.strerror:
        place = f" `{error.filename}`" if error.filename else ""
        return f"the system says of{place or ' a call'}: {error.strerror.lower()}", 1
    return (
        f"something went wrong that Remit did not expect ({type(error).__name__}); nothing that "
        "was received is lost: run again with `--debug` before the command, and report it"
    ), UNEXPECTED


def _say(sentence: str, code: int) -> int:
    """Say why it ended, without the values of what was typed: standard error may be a log."""
    click.echo(f"error: {_scrubbed(sentence)}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
