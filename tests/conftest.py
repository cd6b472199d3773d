"""What every test gets: no network but loopback, asyncio, and a PostgreSQL when it asks.

Order is random and its seed printed (pytest-randomly); Hypothesis draws the same examples in every
run. Under `REMIT_REQUIRE=all` a skipped test fails, unless it needs data that is not shipped: its
reason then begins with `not shipped:`.
"""

import contextlib
import ipaddress
import os
import socket
import sys
from collections.abc import Generator, Iterator
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

settings.register_profile(
    "quick",
    max_examples=50,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("torture", settings.get_profile("quick"), max_examples=1_000)
settings.load_profile(os.environ.get("REMIT_PROFILE", "quick"))


class NetworkIsOffError(RuntimeError):
    """A test reached for the network; only loopback and local sockets are open."""


def _loopback_only(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse a connection or a look-up that would leave this machine (an audit hook)."""
    match event, arguments:
        case (("socket.connect" | "socket.sendto"), (_, (str() as host, *_))):
            pass
        case (("socket.getaddrinfo" | "socket.gethostbyname"), (str() | bytes() as name, *_)):
            host = name if isinstance(name, str) else name.decode()
        case _:
            return
    if host in {"", "localhost"}:
        return
    address = _in_digits(host.partition("%")[0])
    if address is None:
        raise NetworkIsOffError(f"a test looked up `{host}`: only loopback is open")
    looked_up = event == "socket.getaddrinfo"  # an address written in digits asks nobody
    if not (address.is_loopback or looked_up):
        raise NetworkIsOffError(f"a test connected to `{host}`: only loopback is open")


def _in_digits(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that is written in digits, also in one number or another base."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host)
    with contextlib.suppress(OSError):
        return ipaddress.IPv4Address(socket.inet_aton(host))
    return None


sys.addaudithook(_loopback_only)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where everything must run."""
    return _required((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a module's skip into a failure where everything must run."""
    return _required((yield))


def _required(report: Report) -> Report:
    if (
        not report.skipped
        or os.environ.get("REMIT_REQUIRE") != "all"
        or hasattr(report, "wasxfail")
    ):
        return report
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    if not reason.removeprefix("Skipped: ").startswith("not shipped:"):
        report.outcome = "failed"
        report.longrepr = f"REMIT_REQUIRE=all and this was skipped: {reason}"
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server | None]:
    """One PostgreSQL for each test process, started by the first test that asks."""
    if not postgres.available():
        yield None
        return
    with postgres.server() as running:
        yield running


@pytest.fixture
def postgres_url(postgres_server: postgres.Server | None) -> Iterator[str]:
    """An empty database of its own: `postgresql:///name?host=<directory>&user=<name>`."""
    url = postgres.url_for_tests(postgres_server)
    yield url
    if postgres_server is not None:
        postgres_server.drop(url)


@pytest.fixture(scope="session")
def durable_server() -> Iterator[postgres.Server | None]:
    """A PostgreSQL that keeps every fsync, as commands demand of theirs."""
    if not postgres.available():
        yield None
        return
    with postgres.server(durable=True) as running:
        yield running


@pytest.fixture
def durable_url(durable_server: postgres.Server | None) -> Iterator[str]:
    """An empty database of its own on a server that commands accept."""
    url = postgres.url_for_tests(durable_server)
    yield url
    if durable_server is not None:
        durable_server.drop(url)


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio."""
    return "asyncio"
