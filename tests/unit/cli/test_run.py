"""`remit run`: real files in, equations that hold, safe to stop and to repeat."""

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from remit.cli import main as cli
from remit.cli.columns import columns
from remit.cli.tally import Outcome, Tally, balanced, outcome
from remit.errors import SettingsError
from tests.sorting import sorting

WORKFLOW = """
from remit import Case, Context, Email, Workflow

sorting = Workflow("sorting")


class Ticket(Case):
    text: str
    sender: Email | None = None


@sorting.handle
async def handle(case: Ticket, run: Context) -> str:
    if "person" in case.text:
        return await run.escalate("somebody asks for a person")
    return "done"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return sorting(tmp_path, WORKFLOW, monkeypatch)


def jsonl(folder: Path, *rows: dict[str, Any] | str, name: str = "in.jsonl") -> Path:
    file = folder / name
    lines = [one if isinstance(one, str) else json.dumps(one) for one in rows]
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return file


class Runs:
    """Runs the command and reads the summary."""

    def __init__(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.project, self._capsys = project, capsys

    def __call__(self, file: Path, *options: str) -> dict[str, Any]:
        code = self.code(file, "--json", *options)
        said = self._capsys.readouterr()
        assert code == 0, said.err
        found: dict[str, Any] = json.loads(said.out)
        return found

    def code(self, file: Path, *options: str) -> int:
        place = ("--project", str(self.project))
        return cli.main([*place, "run", "sorting", "--input", str(file), *options])

    def error(self, file: Path, *options: str) -> str:
        assert self.code(file, *options) == 2
        said = self._capsys.readouterr().err
        assert said.rpartition("warning: ")[2].count("error: ") == 1
        return said

    def cases(self) -> int:
        with sqlite3.connect(self.project / ".remit" / "remit.db") as connection:
            return int(connection.execute("select count(*) from cases").fetchone()[0])


@pytest.fixture
def runs(project: Path, capsys: pytest.CaptureFixture[str]) -> Runs:
    return Runs(project, capsys)


def test_every_row_is_received_and_every_case_stands_somewhere(runs: Runs) -> None:
    file = jsonl(
        runs.project,
        {"id": 1, "text": "hello", "extra": {"not": "declared"}},
        {"id": 2, "text": "a person please"},
        {"id": 3, "text": "hi", "sender": "no address"},
    )
    assert runs(file) | {"seconds": 0, "reasons": {}} == {
        "workflow": "sorting", "rows": 3, "received": 3, "duplicates": 0, "skipped": 0,
        "rejected": 0, "closed": 1, "held": 0, "escalated": 1, "other": 0, "quarantined": 1,
        "reasons": {}, "balanced": True, "seconds": 0, "rejects": None,
    }  # fmt: skip


def test_the_summary_prints_both_equations(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.code(jsonl(runs.project, {"text": "a"}, {"text": "a person"})) == 0
    shown = capsys.readouterr().out
    assert "received 2 + duplicates 0 + rejected 0 = 2 of 2 rows: holds" in shown
    assert "closed 1 + open 1 + quarantined 0 = 2 of 2 received: holds" in shown


def test_two_rows_of_the_same_content_are_one_case(runs: Runs) -> None:
    found = runs(jsonl(runs.project, {"text": "a"}, {"text": "a"}, {"text": "b"}))
    assert (found["received"], found["duplicates"]) == (2, 1)


def test_two_rows_of_one_id_and_another_body_are_a_rejected_row(runs: Runs) -> None:
    file = jsonl(runs.project, {"id": "x", "text": "a"}, {"id": "x", "text": "b"})
    found = runs(file)
    assert (found["received"], found["rejected"]) == (1, 1)
    (said,) = map(json.loads, Path(found["rejects"]).read_text("utf-8").splitlines())
    assert said["line"] == 2
    assert "another body" in said["reason"]


def test_unreadable_rows_are_listed_with_line_and_masked_reason(runs: Runs) -> None:
    huge = {"text": "x" * (1024 * 1024 + 10)}
    file = jsonl(runs.project, '{"text": "a"', {"text": "b"}, "[1]", huge)
    found = runs(file)
    assert (found["rows"], found["received"], found["rejected"]) == (4, 1, 3)
    rejects = (runs.project / "in.jsonl.rejects.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(one)["line"] for one in rejects] == [1, 3, 4]


def test_an_id_column_that_is_empty_in_a_row_rejects_that_row_only(runs: Runs) -> None:
    file = jsonl(runs.project, {"key": "a1", "text": "a"}, {"key": "", "text": "b"})
    found = runs(file, "--id", "key")
    assert (found["received"], found["rejected"]) == (1, 1)


def test_the_same_file_again_makes_no_new_case(runs: Runs) -> None:
    file = jsonl(runs.project, *({"id": number, "text": "a"} for number in range(40)))
    assert runs(file)["received"] == 40
    again = runs(file)
    assert (again["received"], again["duplicates"], again["skipped"]) == (0, 40, 0)
    resumed = runs(file, "--resume")
    assert (resumed["received"], resumed["duplicates"], resumed["skipped"]) == (0, 40, 40)
    assert runs.cases() == 40


def test_resume_goes_on_where_a_limit_ended_also_without_ids(runs: Runs) -> None:
    file = jsonl(runs.project, *({"text": f"message {number}"} for number in range(50)))
    assert runs(file, "--limit", "20")["received"] == 20
    rest = runs(file, "--resume")
    assert (rest["skipped"], rest["received"], rest["rows"]) == (20, 30, 50)
    assert runs.cases() == 50


def test_csv_and_gzip_are_read_with_mapped_and_fixed_columns(runs: Runs) -> None:
    file = runs.project / "in.csv.gz"
    file.write_bytes(gzip.compress(b'id,body\r\n1,hello\r\n2,"a person, please"\r\n3\r\n'))
    found = runs(file, "--map", "text=body", "--set", "sender=desk@example.com")
    assert (found["closed"], found["escalated"], found["rejected"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("none.jsonl", None, (), "there is no file"),
        ("empty.jsonl", b"", (), "is empty"),
        ("a.xlsx", b"PK", (), "none of `.jsonl`"),
        ("a.jsonl.gz", b"\x1f\x8bnot gzip", (), "damaged gzip"),
        ("a.csv", "id,text\n1,caf\xe9\n".encode("latin-1"), (), "not UTF-8"),
        ("a.csv", b"id,body\n1,a\n", (), "no column `text` for the field `text`; write `--map"),
        ("a.csv", b"id,text\n1,a\n", ("--map", "sender=frm"), "no column `frm`"),
        ("a.csv", b"id,text\n1,a\n", ("--id", "key"), "no column `key`"),
        ("a.csv", b"id,text\n1,a\n", ("--map", "txt=text"), "no field of the case"),
        ("a.csv", b"id,text\n1,a\n", ("--set", "text"), "is not `field=value`"),
    ],
)
def test_a_bad_file_or_option_is_one_sentence_and_no_case(
    runs: Runs, name: str, content: bytes | None, options: tuple[str, ...], words: str
) -> None:
    if content is not None:
        (runs.project / name).write_bytes(content)
    said = runs.error(runs.project / name, *options)
    assert words in said
    _, _, error = said.rpartition("error: ")  # what is said about anchors stands before it
    assert len(error.strip().splitlines()) == 1
    if (runs.project / ".remit" / "remit.db").exists():
        assert runs.cases() == 0


def test_an_unknown_workflow_is_a_sentence(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = jsonl(project, {"text": "a"})
    assert cli.main(["--project", str(project), "run", "other", "--input", str(file)]) == 2
    assert "there are: sorting" in capsys.readouterr().err


def test_a_second_process_on_the_same_file_is_told_so(runs: Runs) -> None:
    from remit import settings
    from remit.opening import open_remit

    holder = open_remit(settings.read(runs.project), owner="remit serve")
    try:
        assert runs.code(jsonl(runs.project, {"text": "a"})) == 69
    finally:
        holder.close()
    assert runs(jsonl(runs.project, {"text": "a"}))["received"] == 1


def test_an_interrupt_keeps_what_was_read_and_resume_brings_the_rest(runs: Runs) -> None:
    rows = 6_000
    file = jsonl(runs.project, *({"id": one, "text": f"m {one}"} for one in range(rows)))
    command = [sys.executable, "-m", "remit.cli.main", "--project", str(runs.project)]
    process = subprocess.Popen(
        [*command, "run", "sorting", "--json", "--input", str(file)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip
    pause = threading.Event()
    while process.poll() is None and _cases(runs) < 50:
        pause.wait(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=40)
    assert process.returncode == 130, err
    assert "go on with: remit run sorting" in err
    first = json.loads(out)
    assert first["balanced"]
    assert 50 <= first["received"] < rows
    assert first["received"] == runs.cases()
    rest = runs(file, "--resume", "--limit", "20")
    assert rest["skipped"] == first["received"]
    assert rest["received"] == 20
    assert runs.cases() == first["received"] + 20


def _cases(runs: Runs) -> int:
    try:
        return runs.cases()
    except sqlite3.Error:
        return 0


def test_columns_come_from_the_command_line_before_the_settings() -> None:
    fields = {"text": True, "sender": False}
    found = columns(fields, {"text": "body", "sender": "from"}, maps=["text=message"])
    row = {"message": "m", "body": "b", "from": "f", "id": 7, "other": 1}
    assert found.message(row) == ({"text": "m", "sender": "f"}, "7")
    with pytest.raises(SettingsError, match="no field of the case"):
        columns(fields, {"txt": "body"})


def test_a_case_that_is_nowhere_breaks_the_equation() -> None:
    tally = Tally(rows=3, duplicates=1, case_ids=["a", "b"])
    whole = outcome(Counter({("closed", "completed"): 1, ("parked", "approval"): 1}))
    assert balanced(tally, whole)
    assert not balanced(tally, outcome(Counter({("closed", "completed"): 1})))
    assert not balanced(Tally(rows=4, case_ids=["a", "b"]), whole)


def test_a_case_that_waits_for_anything_but_a_person_is_open_and_other() -> None:
    found = outcome(
        Counter(
            {
                ("parked", "approval"): 2, ("parked", "retry"): 1, ("ready", ""): 3,
                ("escalated", "gate"): 4, ("quarantined", "email.syntax"): 5, ("closed", "x"): 6,
            }
        )
    )  # fmt: skip
    expected = Outcome(
        closed=6, held=2, escalated=4, other=4, quarantined=5, reasons=found.reasons
    )
    assert found == expected
    assert (found.open, found.total) == (10, 21)
