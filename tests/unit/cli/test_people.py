"""`remit people`: accounts are given where Remit runs, beside a running server."""

import io
import json
import urllib.request
from pathlib import Path

import click
import pytest

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures
from tests.unit.cli.test_serve import serving

WORD = "nineteen green bottles"


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Answer each question about a password, as somebody at the keyboard would."""
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: WORD)
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: WORD)
    return io.StringIO()


def test_an_account_is_added_listed_and_shut(remit: Cli, typing: io.StringIO) -> None:  # noqa: F811
    assert remit("people", "add", "mallory") == 1
    assert "stands in no `remit.toml`" in remit.err
    assert remit("people", "add", "me") == 0
    assert WORD not in remit.out + remit.err
    listed = {one["handle"]: one for one in remit.json("people", "list")}
    assert (listed["me"]["password"], listed["me"]["active"]) == (True, True)
    assert listed["other"]["password"] is False
    assert remit("people", "add", "me") != 0
    assert remit("people", "password", "other") != 0
    assert remit("people", "deactivate", "me") == 0
    assert remit("people", "list") == 0
    assert "may not sign in" in remit.out


def test_somebody_with_an_account_gets_no_link_and_is_signed_out_from_outside(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
    typing: io.StringIO,
) -> None:
    assert remit("people", "add", "me") == 0
    with serving(folder) as (_, lines):
        said = "\n".join(lines)
        assert said.count("/sign-in?code=") == 1
        address = said.split("Remit at ")[1].split()[0]
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        body = json.dumps({"handle": "me", "password": WORD}).encode()
        headers = {"origin": address, "content-type": "application/json"}
        entered = urllib.request.Request(f"{address}/api/session", data=body, headers=headers)
        assert json.load(opener.open(entered, timeout=30))["person"] == "me"
        assert opener.open(f"{address}/api/approvals", timeout=30).status == 200
        assert remit("people", "sign-out", "me") == 0  # beside the server, which owns the record
        assert "1 session ended" in remit.out
        with pytest.raises(urllib.error.HTTPError, match="401"):
            opener.open(f"{address}/api/approvals", timeout=30)


def test_where_people_have_accounts_a_name_on_the_command_line_is_not_enough(
    remit: Cli,  # noqa: F811
    tmp_path: Path,
    typing: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shown = remit.json("approvals", "list")[0]
    digest = remit.json("approvals", "show", shown["approval_id"])["card"]["digest"]
    yes = ("approvals", "approve", shown["approval_id"], "--as", "me", "--yes", "--digest", digest)
    assert remit("people", "add", "other") == 0
    assert remit(*yes) != 0
    assert "run `remit sign-in me` first" in remit.err
    assert remit("sign-in", "me") != 0  # no account, no session
    assert remit("people", "add", "me") == 0
    assert remit("sign-in", "me") == 0
    (kept,) = (tmp_path / "state" / "remit").glob("*.session")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert remit("approvals", "approve", shown["approval_id"], "--as", "other", *yes[5:]) != 0
    assert remit("people", "sign-out", "me") == 0
    assert remit(*yes) != 0
    assert remit("sign-in", "me") == 0
    assert remit(*yes) == 0
    assert "recorded for me" in remit.out


def test_every_command_with_a_name_asks_who_it_is() -> None:
    """One place looks, by the name of the parameter: no command may call it otherwise."""
    from remit.cli.main import remit as command_line

    def names(command: click.Command, path: str) -> list[tuple[str, str | None]]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            found = [
                (one, command.get_command(context, one)) for one in command.list_commands(context)
            ]
            return [
                pair for name, inner in found if inner for pair in names(inner, f"{path} {name}")
            ]
        return [(path, one.name) for one in command.params if "--as" in one.opts]

    named = names(command_line, "remit")
    assert len(named) > 10
    assert {name for _, name in named} == {"person", "persons"}, named
