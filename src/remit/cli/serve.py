"""`remit serve`: the console and the API, and the work on cases, in one process."""

import asyncio
import contextlib
import errno
import ipaddress
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from logging import getLogger

import click
import uvicorn

from remit.api import server
from remit.api.rates import Kind, Rates
from remit.app import Remit
from remit.cli import terminal
from remit.cli.opening import free, opened
from remit.cli.options import Options
from remit.console import site
from remit.entrance import oidc_of, roster_of, services_of, sign_in_of
from remit.errors import PortInUseError, SettingsError
from remit.governance.oidc import Oidc
from remit.governance.services import Services
from remit.governance.sessions import CODE_MINUTES, SignIn
from remit.intake.scrub import scrub
from remit.observability import logging
from remit.opening import elapsed, settle
from remit.settings import Project

DRAIN_SECONDS = 2  # for answers that are being sent; a page's live stream is cut
CONNECTIONS_WAITING_MAX = 128
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@click.command()
@click.option("--host", help="The address to listen at; else `host` of `remit.toml`: loopback.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="The port; 0 takes a free one; else `port`."
)
@click.option("--no-work", is_flag=True, help="Show and decide only; run no case.")
@click.option(
    "--behind-proxy",
    "proxy",
    metavar="NAME",
    help="The host name of the https proxy in front: needed to listen beyond loopback.",
)
@click.option(
    "--log",
    "level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="How much is logged: JSON lines on standard error, scrubbed of what is private.",
)
@click.pass_context
def serve(
    ctx: click.Context,
    *,
    host: str | None,
    port: int | None,
    no_work: bool,
    proxy: str | None,
    level: str,
) -> None:
    """Serve the console and the API, and work on cases, until Ctrl-C.

    Prints the address, and on loopback a sign-in link for each person of `remit.toml` who has a
    role and no account (`remit people add`). A link signs in once, within ten minutes; press
    Enter, or send SIGUSR1, for new ones.

    SIGHUP has the folders of rules looked at again, as `remit policy reload` does.

    Example: `remit serve --port 8484`
    """
    project = ctx.ensure_object(Options).project()
    place = Place.of(
        host or project.settings.host,
        project.settings.port if port is None else port,
        proxy=proxy,
    )
    with place.listening() as listener:
        log(level)
        free(project, owner="remit serve")
        remit = opened(project, owner="remit serve", reads_on=True)
        asyncio.run(_whole(project, remit, place, listener, work=not no_work))
    click.echo("stopped; nothing that was received is lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where browsers find the console."""

    host: str
    port: int
    proxy: str | None = None

    @classmethod
    def of(cls, host: str, port: int, *, proxy: str | None) -> "Place":
        """Return a place that is safe to listen at; raises `SettingsError`."""
        if proxy is None and not _is_loopback(host):
            raise SettingsError(
                f"`{host}` can be reached by other machines, and Remit itself speaks no https; "
                "put a proxy in front and name it with `--behind-proxy`, or leave `--host` out"
            )
        return cls(host=host, port=port, proxy=proxy)

    @contextlib.contextmanager
    def listening(self) -> Iterator[socket.socket]:
        """Bind and listen; raises `PortInUseError`, or `SettingsError` for a host not here."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # Named as TCP, so that asyncio sends at once: else each answer waits 40 ms for a receipt.
        with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((self.host, self.port))
                listener.listen(CONNECTIONS_WAITING_MAX)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise PortInUseError(
                        f"port {self.port} of {self.host} is in use; end what listens there, or "
                        "name another with `--port` (0 takes a free one)"
                    ) from error
                raise SettingsError(
                    f"`{self.host}` port {self.port} cannot be listened at "
                    f"({(error.strerror or 'unknown host').lower()}); name another"
                ) from error
            yield listener

    def address(self, listener: socket.socket) -> str:
        """Return the address that a browser is to open."""
        if self.proxy is not None:
            return f"https://{self.proxy}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{listener.getsockname()[1]}"


async def live(
    remit: Remit,
    place: Place,
    listener: socket.socket,
    *,
    sign_in: SignIn,
    oidc: Oidc | None = None,
    services: Services | None = None,
    rates: Rates | None = None,
    started: Callable[[str, SignIn], None],
) -> None:
    """Serve a running Remit until SIGINT or SIGTERM; `started` is told address and sign-in."""
    clock = lambda: datetime.now(UTC)  # noqa: E731 - the clock of this process
    secure = place.proxy is not None
    own_host = (f"[{place.host}]" if ":" in place.host else place.host,)
    app = server.build(
        remit,
        sign_in,
        secure=secure,
        site=site.build(remit, sign_in, secure=secure, clock=clock, oidc=oidc),
        hosts=(*server.LOOPBACK_HOSTS, *own_host, *((place.proxy,) if place.proxy else ())),
        services=services,
        rates=rates,
    )
    web = _Web(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # a sign-in link's code stands in its address
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
    address = place.address(listener)
    loop = asyncio.get_running_loop()

    def end() -> None:
        """Take no more requests and no more cases; a second signal ends at once."""
        remit.dispatcher.end()
        web.end()

    for number in SIGNALS:
        loop.add_signal_handler(number, end)
    again: Callable[[], None] = lambda: started(address, sign_in)  # noqa: E731
    loop.add_signal_handler(signal.SIGUSR1, again)
    loop.add_signal_handler(signal.SIGHUP, reload_soon(remit))
    with _enter(loop, again):
        serving = asyncio.ensure_future(web.serve(sockets=[listener]))
        try:
            again()
            await serving
        finally:
            for number in (*SIGNALS, signal.SIGUSR1, signal.SIGHUP):
                loop.remove_signal_handler(number)


def reload_soon(remit: Remit) -> Callable[[], None]:
    """Return what has the folders of rules looked at, beside everything else."""
    looking = set()

    def begin() -> None:
        task = asyncio.ensure_future(asyncio.to_thread(remit.reload_rules))
        looking.add(task)
        task.add_done_callback(looking.discard)

    return begin


def links(remit: Remit, address: str, sign_in: SignIn) -> list[str]:
    """Return a line with a fresh sign-in link for each active person who has no account.

    Where no links are given there is none.
    """
    people = [
        one
        for one in remit.people().values()
        if sign_in.links and one.active and one.roles and not sign_in.accounts.has(one.handle)
    ]
    return [
        f"  {one.name:<16} {address}/sign-in?code={sign_in.issue(one.handle)}"
        f"   ({', '.join(sorted(one.roles))})"
        for one in people
    ]


async def _whole(
    project: Project, remit: Remit, place: Place, listener: socket.socket, *, work: bool
) -> None:
    def started(address: str, sign_in: SignIn) -> None:
        click.echo(f"Remit at {address}" + ("" if work else "; cases are not worked on here"))
        given = links(remit, address, sign_in)
        if given:
            click.echo(f"Sign in once with your link, within {CODE_MINUTES} minutes:")
        elif not sign_in.accounts.any() and project.settings.sign_in.oidc is None:
            click.echo("Nobody can sign in yet; add an account with `remit people add HANDLE`")
        for line in given:
            click.echo(line)
        if remit.trouble:
            click.echo(terminal.wrapped(remit.trouble, first="NOTHING IS APPENDED: "))
        again = "Enter for new links, " if sys.stdin.isatty() else ""
        click.echo(f"{again}Ctrl-C to stop.")

    await remit.start(work=work)
    settle()
    sign_in = sign_in_of(project, remit.people, links=place.proxy is None)
    try:
        oidc = oidc_of(project, sign_in)
        await live(
            remit,
            place,
            listener,
            sign_in=sign_in,
            oidc=oidc,
            services=services_of(project, roster_of(project)),
            rates=rates_of(project, elapsed=elapsed),
            started=started,
        )
    finally:
        await remit.stop()


def rates_of(project: Project, *, elapsed: Callable[[], float]) -> Rates:
    """Return what counts the requests of this process, as the settings say."""
    settings = project.settings.rates
    return Rates(
        {
            Kind.PERSON: settings.person_per_minute,
            Kind.SERVICE: settings.service_per_minute,
            Kind.ADDRESS: settings.address_per_minute,
        },
        elapsed=elapsed,
    )


class _Web(uvicorn.Server):
    """A uvicorn that leaves signals to us: it would raise them again after it has closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def end(self) -> None:
        """Stop accepting, let answers finish; a second time, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True


@contextlib.contextmanager
def _enter(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> Iterator[None]:
    """Run `work` whenever Enter is pressed at a terminal."""
    if not sys.stdin.isatty():
        yield
        return

    def pressed() -> None:
        if sys.stdin.readline():
            work()
        else:
            loop.remove_reader(sys.stdin)

    loop.add_reader(sys.stdin, pressed)
    try:
        yield
    finally:
        loop.remove_reader(sys.stdin)


def log(level: str) -> None:
    """Write logs as scrubbed JSON lines to standard error; what uvicorn narrates is left out."""
    logging.configure(scrub, level, sys.stderr)
    getLogger("uvicorn").setLevel("DEBUG" if level == "debug" else "WARNING")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
