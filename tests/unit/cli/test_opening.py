"""Every command that writes to the record warns once while this host alone vouches for it."""

from pathlib import Path

import pytest

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures

WARNING = "warning: anchors are kept on this host only"
ELSEWHERE = '\n[[ledger.anchors]]\nkind = "directory"\npath = "{0}"\noperator = "auditors"\n'


def writing(folder: Path) -> tuple[tuple[str, ...], ...]:  # noqa: F811
    return (
        ("run", "help-desk", "--input", str(folder / "cases.jsonl"), "--json"),
        ("cases", "cancel", "CASE", "--as", "me", "--reason", "said twice"),
        ("ledger", "rebuild", "--as", "me"),
    )


@pytest.mark.parametrize("number", range(3))
def test_a_command_that_writes_warns_once(remit: Cli, folder: Path, number: int) -> None:  # noqa: F811
    case = str(next(one for one in remit.json("cases") if one["status"] == "parked")["case_id"])
    given = [case if word == "CASE" else word for word in writing(folder)[number]]
    assert remit(*given) == 0, remit.err
    said = " ".join(remit.err.split())
    assert said.count(WARNING) == 1
    assert "set `ledger.anchors`" in said
    assert "warning" not in remit.out, "what a program reads is a result"


def test_a_command_that_only_reads_does_not_warn(remit: Cli) -> None:  # noqa: F811
    assert remit("cases") == 0
    assert "warning" not in remit.err


def test_nobody_is_warned_once_somebody_else_vouches(remit: Cli, folder: Path) -> None:  # noqa: F811
    settings = folder / "remit.toml"
    (folder / "auditors").mkdir()
    settings.write_text(settings.read_text("utf-8") + ELSEWHERE.format(folder / "auditors"))
    assert remit(*writing(folder)[0]) == 0, remit.err
    assert "warning" not in remit.err
