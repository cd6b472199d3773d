"""A program of its own: it brings cases in by a token, decides nothing, and is let in no longer.

One process serves; the machine's owner issues, rotates and revokes beside it.
"""

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures
from tests.unit.cli.test_serve import SECONDS_MAX, serving

RATES = "\n[rates]\nservice_per_minute = 60\n"


@dataclass
class Program:
    """What runs elsewhere: it has an address and a token, no cookie and no browser."""

    address: str
    token: str

    def __call__(self, path: str, body: object = None) -> tuple[int, dict[str, str], object]:
        """Ask; return status, headers and what was said."""
        request = urllib.request.Request(
            self.address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "authorization": f"Bearer {self.token}", "content-type": "application/json",
            },
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
                return answer.status, dict(answer.headers), json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), json.load(error)


def _issued(remit: Cli, *arguments: str) -> str:  # noqa: F811
    assert remit("services", *arguments) == 0, remit.err
    assert "shown once" in remit.err
    (token,) = re.findall(r"^remit_svc_[0-9a-f]{64}$", remit.out, re.MULTILINE)
    return str(token)


def _first(remit: Cli, name: str, *more: str) -> str:  # noqa: F811
    given = ("--workflow", "help-desk", "--owner", "me", *more)
    return _issued(remit, "issue", name, *given)


def test_a_program_brings_a_case_in_and_decides_nothing(folder: Path, remit: Cli) -> None:  # noqa: F811
    token = _first(remit, "crm", "--may", "submit", "--may", "read")
    (waiting, *_) = remit.json("approvals", "list")
    digest = remit.json("approvals", "show", waiting["approval_id"])["card"]["digest"]
    with serving(folder) as (process, lines):
        (address,) = set(re.findall(r"http://127\.0\.0\.1:\d+", "\n".join(lines)))
        crm = Program(address, token)
        status, _, brought = crm("/api/cases/help-desk", {"message": "Where is my parcel?"})
        assert status == 201
        status, _, case = crm(f"/api/cases/{brought['case_id']}")
        assert (status, case["row"]["case_id"]) == (200, brought["case_id"])

        verdict = {"verdict": "approve", "digest": digest}
        path = f"/api/approvals/{waiting['approval_id']}/verdict"
        assert crm(path, verdict)[::2] == (
            403,
            {
                "code": "service.person_needed",
                "message": "this needs a person's session, and `crm` is a service; a person does "
                "it in the console",
            },
        )

        rotated = _issued(remit, "rotate", "crm", "--overlap-minutes", "5")
        new = Program(address, rotated)
        assert (crm("/api/cases")[0], new("/api/cases")[0]) == (200, 200), "both, for a while"

        assert remit("services", "revoke", "crm") == 0
        assert remit.out == "crm: 2 tokens revoked\n"
        for program in (crm, new, Program(address, "remit_svc_" + "0" * 64)):
            status, headers, said = program("/api/cases")
            assert (status, said["code"]) == (401, "service.token")
            assert headers["www-authenticate"] == 'Bearer realm="remit", error="invalid_token"'
        process.terminate()
        _, log = process.communicate(timeout=SECONDS_MAX)
    assert "remit_svc_" not in log
    assert [one["approval_id"] for one in remit.json("approvals", "list")].count(
        waiting["approval_id"]
    ) == 1, "it waits as before"


def test_a_program_that_asks_without_end_is_told_when(folder: Path, remit: Cli) -> None:  # noqa: F811
    settings = folder / "remit.toml"
    settings.write_text(settings.read_text() + RATES)
    first, second = (_first(remit, name, "--may", "read") for name in ("crm", "bot"))
    with serving(folder, "--no-work") as (_, lines):
        (address,) = set(re.findall(r"http://127\.0\.0\.1:\d+", "\n".join(lines)))
        crm = Program(address, first)
        answers = [crm("/healthz") for _ in range(300)]
        refused = [(headers, said) for status, headers, said in answers if status == 429]
        assert answers[0][0] == 200
        assert refused, "300 in much less than four minutes"
        headers, said = refused[0]
        assert (headers["retry-after"], said["code"]) == ("1", "request.too_many")
        assert Program(address, second)("/healthz")[0] == 200


def test_the_list_says_everything_but_the_token(remit: Cli) -> None:  # noqa: F811
    token = _first(remit, "crm", "--may", "submit")
    remit("services", "list")
    assert re.fullmatch(
        r"crm +[0-9a-f]{8}  valid until \d{4}-\d\d-\d\d \d\d:\d\d   "
        r"\(submit in help-desk; for remit; me answers\)\n",
        remit.out,
    )
    (row,) = remit.json("services", "list")
    assert (row["name"], row["state"], row["owner"]) == ("crm", "valid", "me")
    assert token.removeprefix("remit_svc_") not in json.dumps(row)


def test_a_watch_is_told_by_exit_code_which_service_needs_another_token(remit: Cli) -> None:  # noqa: F811
    _first(remit, "crm", "--may", "submit", "--days", "10")
    assert remit("services", "list", "--ending-within", "9") == 0
    assert (remit.out, remit.err) == ("", "no service has a token that ends\n")
    assert remit("services", "list", "--ending-within", "10") == 1
    assert remit.out.startswith("crm ")
    _issued(remit, "rotate", "crm")
    assert remit("services", "list", "--ending-within", "10") == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("issue", "crm", "--may", "submit", "--workflow", "help-desk"), 2, "--owner"),
        (("issue", "crm", "--workflow", "help-desk", "--owner", "me"), 2, "--may"),
        (
            ("issue", "crm", "--may", "approve", "--workflow", "help-desk", "--owner", "me"), 2,
            "approve",
        ),
        (
            ("issue", "crm", "--may", "read", "--workflow", "help-desk", "--owner", "me",
             "--days", "366"), 2, "366",
        ),
        (
            ("issue", "crm", "--may", "read", "--workflow", "nowhere", "--owner", "me"), 1,
            "no workflow `nowhere`",
        ),
        (
            ("issue", "crm", "--may", "read", "--workflow", "help-desk", "--owner", "x"), 1,
            "`x` is none",
        ),
        (("rotate", "crm"), 1, "no token of `crm` is valid"),
        (("revoke", "crm"), 1, "no service `crm`"),
    ],
)  # fmt: skip
def test_a_command_that_cannot_be_is_a_sentence(
    remit: Cli,  # noqa: F811
    arguments: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    assert remit("services", *arguments) == code
    assert said in remit.err
    assert remit.out == ""
