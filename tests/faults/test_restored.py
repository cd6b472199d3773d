"""An older backup put back: found at the start by the anchor; reading goes on, nothing else."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from remit.cli.opening import reading
from remit.errors import CursorOriginError
from remit.ledger.anchor import receipts
from remit.ledger.tail import tail
from remit.settings import read
from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures
from tests.unit.cli.test_serve import SECONDS_MAX, serving


@pytest.fixture
def restored(remit: Cli, folder: Path) -> Path:  # noqa: F811
    """Return a project whose database is older than what its anchor knows."""
    data = folder / ".remit"
    older = {one: one.read_bytes() for one in data.glob("remit.db*")}
    case = remit.json("cases", "--status", "escalated")[0]["case_id"]
    assert remit("cases", "close", case, "--as", "me", "--note", "called") == 0
    for one in data.glob("remit.db*"):
        one.unlink()
    for one, content in older.items():
        one.write_bytes(content)
    return folder


def test_commands_that_write_end_with_the_sentence_and_those_that_read_go_on(
    restored: Path,
    remit: Cli,  # noqa: F811
) -> None:
    case = remit.json("cases", "--status", "escalated")[0]["case_id"]
    assert remit("cases", "close", case, "--as", "me", "--note", "called") == 1
    assert re.search(
        r"knows \d+ entries and this ledger has \d+ with root [0-9a-f]{64}", remit.err
    )
    assert remit("run", "help-desk", "--input", str(restored / "cases.jsonl")) == 1
    assert "put back the newest copy of the database" in remit.err
    assert remit("cases") == 0
    assert remit("ledger", "anchors") == 1
    assert remit("ledger", "verify") == 1


def test_the_console_says_so_on_every_page_and_its_health_is_red(restored: Path) -> None:
    with serving(restored) as (process, lines):
        said = " ".join(lines)
        assert "NOTHING IS APPENDED" in said
        address, code = re.findall(r"(http://127\.0\.0\.1:\d+)/sign-in\?code=(\S+)", said)[0]
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

        def get(path: str, data: dict[str, str] | None = None) -> tuple[int, str]:
            body = None if data is None else urllib.parse.urlencode(data).encode()
            request = urllib.request.Request(
                address + path, data=body, headers={"origin": address}
            )
            try:
                with opener.open(request, timeout=SECONDS_MAX) as answer:
                    return int(answer.status), answer.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    return int(error.code), error.read().decode()

        status, health = get("/healthz")
        assert (status, json.loads(health)) == (503, {"status": "read-only"})
        assert get("/sign-in", {"code": code})[0] == 200
        for path in ("/inbox", "/cases", "/quarantine", "/workflows", "/ledger", "/help"):
            status, page = get(path)
            assert (path, status) == (path, 200)
            assert "Nothing is recorded and nothing runs; reading goes on." in page
            assert "put back the newest copy of the database" in page
        csrf = re.findall(r'name="csrf" value="([^"]+)"', get("/ledger")[1])[0]
        assert get("/ledger/verify", {"csrf": csrf})[0] == 200
        assert "tampered" in get("/ledger")[1].lower()
        process.terminate()
        _, err = process.communicate(timeout=SECONDS_MAX)
        assert process.returncode == 0
        assert "SEV1" in err
        assert "Traceback" not in err


def test_an_owner_who_types_the_lost_range_goes_on_under_a_new_origin(
    restored: Path,
    remit: Cli,  # noqa: F811
    tmp_path: Path,
) -> None:
    status = remit.json("ledger", "status")
    old, size = status["origin"], status["entries"]
    lost = f"{size}..{lost_to(restored) - 1}"
    recover = ["ledger", "recover", "--as", "me", "--reason", "backup"]
    assert remit(*recover, "--yes", "0..1") == 1
    assert "nothing was done" in remit.err
    assert remit("ledger", "recover", "--as", "other", "--reason", "backup") != 0
    assert "is no owner" in remit.err
    assert remit(*recover, "--yes", lost) == 0
    assert f"positions {lost} of {old} are lost" in remit.out

    status = remit.json("ledger", "status")
    assert (status["origin"], status["entries"]) == (old.replace("/1", "/2"), size + 2)
    (first, _) = remit.json("ledger", "show", "--limit", "2")
    assert first["event"] == "ledger:origin:recovered"
    assert first["body"]["old_origin"] == old
    assert first["body"]["persons"] == ["me"]

    case = remit.json("cases", "--status", "escalated")[0]["case_id"]
    assert remit("cases", "close", case, "--as", "me", "--note", "called") == 0
    assert remit(*recover, "--yes", lost) == 1  # once is enough
    assert "nothing to recover" in remit.err
    assert remit("ledger", "verify") == 2, remit.out
    assert f"recovered {old} ended at {size}; {lost} of it lost (backup, by me)" in remit.out
    assert remit("ledger", "verify", "--semantic", "--projections") == 2, remit.out
    target = tmp_path / "record.tar"
    assert remit("ledger", "export", "--to", str(target)) == 0
    assert remit("ledger", "verify", str(target), "--key", status["public_key"]) == 2, remit.out
    assert f"recovered {old} ended at {size}" in remit.out


def test_two_owners_do_it_together_where_there_are_two(
    restored: Path,
    remit: Cli,  # noqa: F811
) -> None:
    settings = restored / "remit.toml"
    text = settings.read_text("utf-8")
    settings.write_text(
        text.replace('name = "Other"\nroles = ["', 'name = "Other"\nroles = ["owner", "')
    )
    size = remit.json("ledger", "status")["entries"]
    lost = f"{size}..{lost_to(restored) - 1}"
    recover = ["ledger", "recover", "--reason", "backup", "--as", "me"]
    assert remit(*recover, "--yes", lost) == 1
    assert "two owners have to do this together" in remit.err
    assert remit(*recover, "--as", "me", "--yes", lost, "--yes", lost) == 1
    assert remit(*recover, "--as", "other", "--yes", lost, "--yes", "1..2") == 1
    assert "nothing was done" in remit.err
    assert remit(*recover, "--as", "other", "--yes", lost, "--yes", lost) == 0
    first = remit.json("ledger", "show", "--limit", "2")[0]
    assert first["body"]["persons"] == ["me", "other"]


def test_what_no_recovery_names_is_still_tampering(
    restored: Path,
    remit: Cli,  # noqa: F811
) -> None:
    size = remit.json("ledger", "status")["entries"]
    lost = f"{size}..{lost_to(restored) - 1}"
    recover = ["ledger", "recover", "--as", "me", "--reason", "backup", "--yes", lost]
    assert remit(*recover) == 0
    case = remit.json("cases", "--status", "escalated")[0]["case_id"]
    data = restored / ".remit"
    recovered = {one: one.read_bytes() for one in data.glob("remit.db*")}
    assert remit("cases", "close", case, "--as", "me", "--note", "called") == 0
    for one in data.glob("remit.db*"):
        one.unlink()
    for one, content in recovered.items():
        one.write_bytes(content)
    assert remit("ledger", "verify") == 1
    assert remit("cases", "close", case, "--as", "me", "--note", "called") == 1


def test_a_cursor_of_the_old_origin_does_not_go_on_silently(
    restored: Path,
    remit: Cli,  # noqa: F811
) -> None:
    status = remit.json("ledger", "status")
    lost = f"{status['entries']}..{lost_to(restored) - 1}"
    recover = ["ledger", "recover", "--as", "me", "--reason", "backup", "--yes", lost]
    assert remit(*recover) == 0
    with reading(read(restored, {})) as record:
        cursor = f"{status['origin']}@{status['entries'] - 1}"
        with pytest.raises(CursorOriginError):
            record.database.read(lambda c: tail(c, after=cursor))


def lost_to(folder: Path) -> int:  # noqa: F811
    """Return the largest size that the anchor on this host knows."""
    return max(one.size for one in receipts(folder / ".remit" / "anchor"))
