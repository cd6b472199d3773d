"""`remit copy` and `remit migrate`: one setting moves a half-worked project to PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remit.settings import read
from remit.store.database import open_database
from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures


@pytest.fixture
def held(folder: Path) -> Iterator[Path]:  # noqa: F811
    """Hold the project's SQLite file as a running process would."""
    file = read(folder, {}).path(".remit/remit.db")
    database = open_database(f"sqlite:///{file}", owner="remit serve")
    yield file
    database.close()


def move(folder: Path, url: str) -> None:  # noqa: F811
    settings = folder / "remit.toml"
    settings.write_text(f'database = "{url}"\n{settings.read_text("utf-8")}', "utf-8")


def test_a_half_worked_project_goes_on_after_one_setting(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
    durable_url: str,
) -> None:
    before = _seen(remit)
    assert len(before["approvals"]) == 2

    assert remit("copy", "--to", durable_url) == 0, remit.err
    assert f"copied {before['status']['entries']} entries" in remit.out
    move(folder, durable_url)

    assert _seen(remit) == before
    approval = before["approvals"][0]["approval_id"]
    digest = remit.json("approvals", "show", approval)["card"]["digest"]
    code = remit("approvals", "approve", approval, "--as", "me", "--yes", "--digest", digest)
    assert code == 0, remit.err
    assert "error" not in remit.err
    assert "the approval is consumed, the action confirmed" in remit.out
    assert len((folder / "outbox.jsonl").read_text("utf-8").splitlines()) == 1
    assert remit("ledger", "verify") == 2
    assert remit.json("ledger", "status")["entries"] > before["status"]["entries"]
    assert len(remit.json("approvals", "list")) == 1


def _seen(remit: Cli) -> dict[str, Any]:  # noqa: F811
    """Return what commands show of the project, but for the size of the database."""
    status = remit.json("ledger", "status")
    del status["database"]
    return {
        "status": status,
        "verify": remit.json("ledger", "verify"),
        "cases": remit.json("cases"),
        "approvals": remit.json("approvals", "list"),
        "entries": remit.json("ledger", "show", "--limit", "1000"),
    }


def test_a_second_copy_to_the_same_place_is_refused(
    remit: Cli,  # noqa: F811
    durable_url: str,
) -> None:
    assert remit("copy", "--to", durable_url) == 0
    assert remit("copy", "--to", durable_url) == 2
    assert "the database to copy to is not empty" in remit.err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("remit.db", "`remit.db` is no PostgreSQL database; `--to` takes the address of one"),
        ("sqlite:///other.db", "is no PostgreSQL database"),
        ("postgresql:///x?host=/nowhere&user=nobody", "the database does not answer"),
    ],
)
def test_a_wrong_target_is_one_sentence(
    remit: Cli,  # noqa: F811
    url: str,
    said: str,
) -> None:
    assert remit("copy", "--to", url) != 0
    assert remit.err.startswith("error: ")
    assert said in remit.err
    assert "Traceback" not in remit.err


def test_a_target_that_may_lose_commits_is_refused(
    remit: Cli,  # noqa: F811
    postgres_url: str,
) -> None:
    assert remit("copy", "--to", postgres_url) == 1
    assert "set `fsync = on`" in remit.err


def test_a_project_at_work_is_not_copied(
    remit: Cli,  # noqa: F811
    held: Path,
    durable_url: str,
) -> None:
    assert remit("copy", "--to", durable_url) == 69
    assert "in use by `remit serve`" in remit.err


def test_a_project_on_postgresql_is_not_copied_again(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
    durable_url: str,
) -> None:
    move(folder, durable_url)
    assert remit("copy", "--to", durable_url) == 2
    assert "copies from SQLite" in remit.err


def test_a_project_that_never_ran_has_nothing_to_copy(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    (folder / ".remit-keys" / "keys.json").unlink()
    assert remit("copy", "--to", "postgresql:///x") == 2
    assert "nothing was received here yet" in remit.err


def test_migrate_says_what_it_would_do_and_does_it(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
    durable_url: str,
) -> None:
    move(folder, durable_url)
    assert remit("migrate", "--check") == 1
    assert "would make" in remit.out
    assert "entries" in remit.out
    assert remit("migrate") == 0
    assert remit.out.startswith("made ")
    assert remit("migrate", "--check") == 0
    assert remit.out == "nothing is to be done\n"
    assert remit("migrate", "--after") == 0
    assert remit.out == "the database was up to date\n"


def test_migrate_refuses_a_newer_database(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    file = read(folder, {}).path(".remit/remit.db")
    database = open_database(f"sqlite:///{file}")
    connection = database.writer()
    connection.execute("update meta set value = '99' where name = 'schema'")
    connection.close()
    database.close()
    for arguments in (("migrate",), ("migrate", "--check")):
        assert remit(*arguments) == 1
        assert "install the newer Remit that wrote it" in remit.err
