"""What every test gets: no network but loopback, asyncio, and a PostgreSQL when it asks."""

from collections.abc import Iterator

import pytest

from tests import postgres


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


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio."""
    return "asyncio"
