"""`remit normalise`: what a file's values are read as, and why some are set aside."""

import json
from pathlib import Path
from typing import Any

import pytest

from remit.cli import main as cli
from remit.cli.new import scaffold

DESK = """
from typing import Annotated

from remit import Case, Context, Date, Email, Money, SumOf, Workflow

workflow = Workflow("help-desk")


class Claim(Case):
    due: Date
    total: Annotated[Money, SumOf("lines")] | None = None
    sender: Email | None = None
    lines: list[dict[str, str]] = []


@workflow.handle
async def handle(case: Claim, run: Context) -> None:
    return None
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("REMIT_PROJECT", raising=False)
    scaffold("help-desk", tmp_path / "p", today="2026-11-24")
    (tmp_path / "p" / "workflow.py").write_text(DESK, "utf-8")
    return tmp_path / "p"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = cli.main(["normalise", *arguments])
    return code, capsys.readouterr().out


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, "utf-8")
    return str(folder / name)


def test_lines_of_one_kind_are_read_assumed_or_set_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "a.txt", "1.234,56 €\n(5,00) EUR\n\n1.234 EUR\n")
    code, out = run(capsys, file, "--kind", "money")

    assert code == 1
    assert "1234.56 EUR" in out
    assert "brackets read as a minus sign" in out
    assert "? 1234 | 1.234" in out
    assert "3 rows, 1 of them with a value set aside" in out
    assert run(capsys, file, "--kind", "money", "--country", "DE")[0] == 0


def test_a_column_settles_how_its_values_are_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = "".join(f"{number},03/04/2025\n" for number in range(19))
    file = written(tmp_path, "a.csv", f"id,due\n{days}20,25/04/2025\n")
    code, out = run(capsys, file, "--kind", "date", "--column", "due", "--json")
    made = json.loads(out)

    assert code == 0
    assert made["columns"] == {"date": {"date": "day_first"}}
    assert made["rows"][0]["fields"]["date"] == {
        "outcome": "assumed", "value": "2025-04-03", "assumptions": ["day_first_column"],
        "parts": {}, "code": None, "sentence": None, "candidates": [],
    }  # fmt: skip
    assert made["summary"]["fields"]["date"] == {"assumed": 19, "read": 1}


def test_rows_are_read_against_the_fields_of_a_workflow(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[dict[str, Any]] = [
        {"due": "2025-03-04", "total": "30 EUR", "sender": "Anna@EXAMPLE.org"},
        {"due": "03/04/2025", "sender": "a@x.com, b@x.com"},
        {"due": "2025-03-04", "total": "30 EUR", "lines": [{"amount": "29 EUR"}]},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows) + '{"due": 1, "due": 2}\n'
    file = written(tmp_path, "a.jsonl", text)
    arguments = ["--project", str(project), "normalise", file, "--workflow", "help-desk"]

    assert cli.main([*arguments, "--json"]) == 1
    out = capsys.readouterr().out
    made = json.loads(out)
    fields = [row["fields"] for row in made["rows"]]
    assert fields[0]["sender"]["value"] == "(EMAIL)"
    assert fields[1]["due"]["candidates"] == ["2025-04-03", "2025-03-04"]
    assert fields[1]["sender"]["candidates"] == ["2 × (EMAIL)"]
    assert fields[2]["total"]["code"] == "field.conflict"
    assert made["rows"][3]["fault"] is not None
    assert "x.com" not in out
    assert cli.main([*arguments, "--set", "sender=b@y.org", "--private"]) == 1
    assert "b@y.org" in capsys.readouterr().out
    assert cli.main([*arguments, "--private"]) == 1
    assert "a@x.com | b@x.com" in capsys.readouterr().out


def test_a_json_document_is_one_row_or_a_list_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = written(tmp_path, "one.json", '{"c": "Deutschland"}')
    several = written(tmp_path, "several.json", '[{"c": "UK"}, {"d": 1}, 3]')

    assert run(capsys, one, "--kind", "country", "--column", "c")[0] == 0
    code, out = run(capsys, several, "--kind", "country", "--column", "c", "--json")
    assert code == 1
    assert [row["fault"] for row in json.loads(out)["rows"]] == [
        None, "there is no `c`", "no JSON object",
    ]  # fmt: skip
    twice = written(tmp_path, "twice.json", '{"c": 1, "c": 2}')
    assert run(capsys, twice, "--kind", "country", "--column", "c")[0] == 2


def test_what_a_text_holds_moves_no_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "a.txt", "\x1b[2Jhello\u202e\n")

    assert "\x1b" not in run(capsys, file, "--kind", "date")[1]
    assert "\u202e" not in run(capsys, file, "--kind", "text")[1]


@pytest.mark.parametrize("extra", [[], ["--kind", "money", "--workflow", "help-desk"]])
def test_one_of_workflow_and_kind_has_to_be_given(
    extra: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, written(tmp_path, "a.txt", "1"), *extra)[0] == 2


def test_a_file_that_is_missing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["normalise", "nowhere.txt", "--kind", "money"])

    assert code != 0
    assert "there is no file `nowhere.txt`" in capsys.readouterr().err


def test_mails_are_read_as_their_columns_with_what_the_mail_says_of_them(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mails = Path(__file__).parents[3] / "examples/refund_desk/mails"
    code, out = run(capsys, str(mails), "--kind", "text", "--column", "message", "--json")
    found: dict[str, Any] = json.loads(out)
    assert code == 1
    said = [row["fault"] or row["fields"]["text"]["code"] for row in found["rows"]]
    assert said[:5] == [None, None, None, None, "text.charset_unclear"]
    assert said[5]  # cut short: no row, and why
    code, out = run(capsys, str(mails / "01-plain.eml"), "--kind", "email", "--column", "from")
    assert (code, "1 row" in out, "anna.lindqvist" in out) == (0, True, False)
