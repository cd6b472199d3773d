"""`remit doctor` on a project: stopped, beside `remit serve`, and with somebody else's keys."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from remit.store.reserve import BYTES
from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures
from tests.unit.cli.test_serve import serving


def named(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in found["findings"]}


def test_a_stopped_project_is_looked_at_and_nothing_is_written(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    before = (folder / ".remit" / "remit.db").read_bytes()
    assert remit("doctor", "--url", "http://127.0.0.1:9") == 1
    assert re.search(r"good  balance +0\n", remit.out)
    assert re.search(r"LOOK  workers +not running\n +→ 2 cases are open", remit.out)
    assert re.search(r"good  in memory +not running\n", remit.out)
    assert "this host only" in remit.out
    assert "docs/how-to/look-after-it.md" in remit.out
    found = remit.json("doctor", "--url", "http://127.0.0.1:9")
    assert (found["verdict"], found["case_balance"], found["live"]) == ("look", 0, None)
    counted = {"escalated": 2, "parked": 2, "quarantined": 1, "ready": 0}
    assert found["workflows"]["help-desk"] == counted
    assert sum(day["received"] for day in found["days"].values()) == 4
    assert (folder / ".remit" / "remit.db").read_bytes() == before


def test_a_running_project_says_what_it_has_in_memory(remit: Cli, folder: Path) -> None:  # noqa: F811
    with serving(folder) as (_, lines):
        url = re.search(r"http://127\.0\.0\.1:\d+", "\n".join(lines))
        assert url
        found = remit.json("doctor", "--url", url[0])
        assert found["live"]["case_balance"] == 0
        assert named(found)["workers"]["said"] == "1 at work"
        assert named(found)["writer lane"]["verdict"] == "good"
        assert named(found)["reserve for a full disk"]["said"] == "kept"
        assert found["owner"].startswith("`remit serve` (process ")

        reserve = folder / ".remit" / "remit.db.reserve"
        size = reserve.stat().st_size
        reserve.unlink()
        assert (
            named(remit.json("doctor", "--url", "http://127.0.0.1:9"))["reserve for a full disk"][
                "verdict"
            ]
            == "act"
        )
        found = remit.json("doctor", "--url", url[0])
        assert named(found)["reserve for a full disk"]["said"] == "kept"
        assert reserve.stat().st_size == size == BYTES


def test_whoever_has_other_keys_is_told_nothing(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
    ran: Path,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = Path(shutil.copytree(ran, tmp_path / "other"))
    shutil.rmtree(other / ".remit")
    shutil.rmtree(other / ".remit-keys")
    stranger = Cli(other, capsys)
    assert stranger("run", "help-desk", "--input", str(other / "cases.jsonl")) == 0
    with serving(folder) as (_, lines):
        url = re.search(r"http://127\.0\.0\.1:\d+", "\n".join(lines))
        assert url
        assert stranger.json("doctor", "--url", url[0])["live"] is None
        assert remit.json("doctor", "--url", url[0])["live"] is not None


def test_what_must_be_acted_on_is_exit_code_two(remit: Cli, folder: Path) -> None:  # noqa: F811
    settings = folder / "remit.toml"
    settings.write_text(f"disk_free_bytes_min = {2**60}\n" + settings.read_text("utf-8"), "utf-8")
    assert remit("doctor", "--url", "http://127.0.0.1:9") == 2
    assert re.search(r"ACT   free on the disk .*\n +→ intake is off: make room", remit.out)
