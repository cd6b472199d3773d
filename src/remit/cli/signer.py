"""`remit ledger signer`: holds the log's key in a process of its own, behind a Unix socket."""

import json
import os
import pwd
import secrets
import signal
import socket
import socketserver
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import click

from remit.errors import PortInUseError, SettingsError
from remit.ledger.signer import SignerMemory

REQUEST_BYTES_MAX: Final = 8 * 1024 * 1024
STRANGER_SECONDS: Final = 2.0
STRANGER_BYTES: Final = 65_536
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid


@click.command()
@click.option(
    "--state",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of this signer: its key, and what it has signed. Back up the key alone.",
)
@click.option("--listen", required=True, metavar="unix:PATH", help="The socket to answer at.")
@click.option("--origin", help="The log's origin, for a new signer; it stays.")
@click.option(
    "--allow",
    "users",
    multiple=True,
    metavar="USER",
    help="Who may ask, by name or number; else only the user that runs this. Repeatable.",
)
@click.option(
    "--recovered",
    is_flag=True,
    help="The log is about to go on under `--origin` after a loss: set aside what was signed.",
)
def signer(
    folder: Path, listen: str, origin: str | None, users: tuple[str, ...], *, recovered: bool
) -> None:
    """Sign the log's checkpoints, each only if the log did nothing but grow.

    Run it under a user of its own. Whoever has every right on the database, and not on this
    process, can then neither rewrite the log nor roll it back. It prints the key that verifies it:
    put that key and the place into `[ledger]` of `remit.toml`.

    Example: `remit ledger signer --state s1 --listen unix:s1/socket --origin remit.local/ledger/1`
    """
    allowed = {_uid(user) for user in users} or {os.getuid()}
    path = _path(listen)
    if recovered and not origin:
        raise click.UsageError("`--recovered` needs the origin that follows, as `--origin`")
    kept = SignerMemory(
        folder, origin=origin, random_bytes=secrets.token_bytes, recovered=recovered
    )
    try:
        with serving(kept, path, allowed) as server:
            click.echo(f"signer      unix:{path}")
            click.echo(f"signer_key  {kept.vkey}")
            click.echo(f"signed      {kept.size} entries of {kept.origin}")
            click.echo(f"process     {os.getpid()}; Ctrl-C or SIGTERM to stop")
            server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        click.echo("stopped; what was signed is kept")
    finally:
        kept.close()


class Server(socketserver.ThreadingUnixStreamServer):
    """Answers at a socket those users that are allowed."""

    daemon_threads = True
    request_queue_size = 16

    def __init__(self, path: Path, memory: SignerMemory, allowed: Collection[int]) -> None:
        self.memory = memory
        self.allowed = allowed
        super().__init__(str(path), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        """Answer the requests of one connection, one line each."""
        raw = self.request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, uid, _ = _CREDENTIALS.unpack(raw)
        if uid not in self.server.allowed:
            # They are heard out, so that the answer reaches them, and not the end of the line.
            self.request.settimeout(STRANGER_SECONDS)
            with suppress(OSError):
                self.rfile.readline(STRANGER_BYTES)
            self._say({"error": f"user {uid} may not ask this signer; see `--allow`"})
            return
        session = 0
        while line := self.rfile.readline(REQUEST_BYTES_MAX):
            try:
                request = json.loads(line)
            except ValueError:
                request = None
            if not isinstance(request, dict):
                self._say({"error": "a request is an object on one line"})
                return
            session, answer = self.server.memory.answer(session, request)
            self._say(answer)

    def _say(self, answer: object) -> None:
        try:
            self.wfile.write(json.dumps(answer).encode() + b"\n")
        except OSError:
            return  # who asked is gone; what was signed is kept


@contextmanager
def serving(memory: SignerMemory, path: Path, allowed: Collection[int]) -> Iterator[Server]:
    """Listen at a socket that only its own folder's rights and the peers' users guard."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # one that was killed left it; the state's folder is ours alone
    try:
        server = Server(path, memory, allowed)
    except OSError as error:
        raise PortInUseError(f"`unix:{path}` cannot be listened at ({error.strerror})") from error
    path.chmod(0o666 if allowed != {os.getuid()} else 0o600)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield server
    finally:
        server.server_close()
        path.unlink(missing_ok=True)
        signal.signal(signal.SIGTERM, before)


def _path(listen: str) -> Path:
    scheme, colon, path = listen.partition(":")
    if scheme != "unix" or not colon or not path:
        raise SettingsError(f"`{listen}` is no place; write `unix:/run/remit/signer`")
    return Path(path)  # as it was given: a socket's path is short


def _uid(user: str) -> int:
    if user.isdigit():
        return int(user)
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError as error:
        raise SettingsError(f"there is no user `{user}`") from error
