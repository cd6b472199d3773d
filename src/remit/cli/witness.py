"""`remit witness`: a small process for another team that vouches for a log's growth."""

import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import click

from remit.errors import PortInUseError, SettingsError
from remit.ledger.cosignature import REQUEST_BYTES_MAX
from remit.ledger.witness import Reply, Witness

SECONDS_MAX = 10  # for one request to arrive
PORT_MAX = 65_535


@click.command()
@click.option(
    "--listen",
    default="127.0.0.1:8485",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to listen; port 0 takes a free one. Put a proxy with https in front.",
)
@click.option(
    "--state",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of this witness: its key, and what it has cosigned. Back it up.",
)
@click.option("--name", help="The name that a new witness signs with, such as `audit.example/w1`.")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    required=True,
    metavar="VKEY",
    help="A log to witness: its public key, as `remit ledger status` prints it. May be repeated.",
)
def witness(listen: str, folder: Path, name: str | None, origins: tuple[str, ...]) -> None:
    """Cosign a log's checkpoints, each only if the log did nothing but grow.

    Run it where the operator of Remit has no rights. It needs no database and no `remit.toml`. It
    speaks C2SP tlog-witness: `POST /add-checkpoint`. It prints the key that verifies it; put that
    key and the address into `[[ledger.anchors]]` of the log's `remit.toml`.

    Example: `remit witness --state w1 --name audit.example/w1 --origin shop.example/ledger/1+…`
    """
    host, port = _place(listen)
    kept = Witness(
        folder,
        origins,
        name=name,
        clock=lambda: datetime.now(UTC),
        random_bytes=secrets.token_bytes,
    )
    try:
        with _serving(kept, host, port) as server:
            click.echo(f"witness   http://{host}:{server.server_address[1]}")
            click.echo(f"key       {kept.vkey}")
            for origin, size in kept.known().items():
                click.echo(f"origin    {origin}   cosigned up to {size}")
            click.echo("Ctrl-C to stop.")
            server.serve_forever()
    except KeyboardInterrupt:
        click.echo("stopped; what was cosigned is kept")
    finally:
        kept.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, place: tuple[str, int], witness: Witness) -> None:
        self.witness = witness
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        super().__init__(place, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "remit-witness"
    sys_version = ""
    timeout: ClassVar[int] = SECONDS_MAX
    server: _Server

    def do_POST(self) -> None:
        """Answer `add-checkpoint`; nothing else is there."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or len(length) > 9 or int(length) > REQUEST_BYTES_MAX:  # noqa: PLR2004 - digits
            self.close_connection = True
            self._say(Reply(status=413, body=b"a request has a length, and is short\n"))
            return
        body = self.rfile.read(int(length))
        if self.path != "/add-checkpoint":
            self._say(Reply(status=404, body=b"post to `/add-checkpoint`\n"))
            return
        self._say(self.server.witness.add_checkpoint(body))

    def do_GET(self) -> None:
        """Say which key verifies this witness and how far it has cosigned."""
        lines = [self.server.witness.vkey]
        lines += [f"{origin} {size}" for origin, size in self.server.witness.known().items()]
        self._say(Reply(status=200, body=("\n".join(lines) + "\n").encode()))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what was refused for cause is kept in a file."""

    def _say(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)


@contextmanager
def _serving(kept: Witness, host: str, port: int) -> Iterator[_Server]:
    try:
        server = _Server((host, port), kept)
    except OSError as error:
        raise PortInUseError(
            f"`{host}:{port}` cannot be listened at ({(error.strerror or 'unknown host').lower()})"
            "; name another with `--listen`"
        ) from error
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield server
    finally:
        server.server_close()
        signal.signal(signal.SIGTERM, before)


def _place(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) <= PORT_MAX):
        raise SettingsError(f"`{listen}` is not a place; write `127.0.0.1:8485`")
    return host.strip("[]"), int(port)
