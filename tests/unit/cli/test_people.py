"""`remit people`: accounts are given where Remit runs, beside a running server."""

import io
import json
import urllib.request
from pathlib import Path

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
