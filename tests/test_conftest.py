"""The guards of the suite hold: the network is off, and a required test cannot be skipped."""

import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80)])
def test_a_test_cannot_connect_to_another_machine(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with (
        socket.socket(family, socket.SOCK_STREAM) as client,
        pytest.raises(RuntimeError, match="only loopback is open"),
    ):
        client.connect(address)


def test_a_test_cannot_look_up_a_name() -> None:
    with pytest.raises(RuntimeError, match=r"looked up `example\.org`"):
        socket.getaddrinfo("example.org", 443)


def test_a_test_may_connect_to_loopback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname()).close()


@pytest.mark.parametrize(("reason", "failed"), [("no browser", 1), ("not shipped: cases", 0)])
def test_a_skip_fails_where_everything_is_required(
    tmp_path: Path, reason: str, failed: int
) -> None:
    test = tmp_path / "test_skipped.py"
    test.write_text(f"import pytest\ndef test_one(): pytest.skip({reason!r})\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:xdist",
         "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-c", str(ROOT / "pyproject.toml"),
         str(test)],
        cwd=ROOT, env={"REMIT_REQUIRE": "all", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == failed, done.stdout


def test_each_postgres_database_is_empty_and_its_own(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
        network = connection.execute("SELECT current_setting('listen_addresses')").fetchone()
    assert (tables, network) == ((0,), ("",))
