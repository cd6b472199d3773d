"""`remit run` with mails: each becomes a case, whatever it is, and comes in once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from remit.app import Remit
from remit.cli import main as cli
from remit.intake import mailboxes
from remit.intake.reasons import ReasonCode
from remit.opening import open_remit
from remit.orchestration import admission
from remit.settings import read as read_project
from tests.faults.hostile import NAUGHTY, SHAPES
from tests.sorting import sorting

WORKFLOW = """
from remit import Case, Context, Email, Instant, Workflow

sorting = Workflow("sorting")


class Ticket(Case):
    message: str
    sender: Email
    subject: str | None = None
    received_at: Instant | None = None
    attached_text: str | None = None


@sorting.handle
async def handle(case: Ticket, run: Context) -> str:
    if "person" in case.message:
        return await run.escalate("somebody asks for a person")
    return "done"
"""


def mail(text: str, *headers: str, sender: str = "a@example.org", number: int = 1) -> bytes:
    lines = [
        f"Received: from x by y; Mon, 23 Nov 2026 08:{number:02d}:00 +0000",
        f"From: {sender}", "Subject: A question", f"Message-ID: <{number}@example.org>",
        *headers,
    ]  # fmt: skip
    return ("\n".join(lines) + f"\n\n{text}\n").encode()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return sorting(tmp_path, WORKFLOW, monkeypatch)


class Runs:
    """Runs the command and reads the summary."""

    def __init__(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.project, self._capsys = project, capsys

    def __call__(self, file: Path, *options: str) -> dict[str, Any]:
        assert self.code(file, "--json", *options) == 0
        found: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        assert found["balanced"]
        return found

    def code(self, file: Path, *options: str) -> int:
        place = ("--project", str(self.project))
        return cli.main([*place, "run", "sorting", "--input", str(file), *options])

    def codes(self) -> list[str]:
        """Return why each case that was set aside waits."""
        with self.opened() as remit:
            return sorted(doubt.code for row in remit.quarantine().rows for doubt in row.reasons)

    @contextmanager
    def opened(self) -> Iterator[Remit]:
        remit = open_remit(read_project(self.project, {}), owner="remit test")
        try:
            yield remit
        finally:
            remit.close()


@pytest.fixture
def runs(project: Path, capsys: pytest.CaptureFixture[str]) -> Runs:
    return Runs(project, capsys)


def folder(place: Path, *mails: bytes) -> Path:
    made = place / "mails"
    made.mkdir()
    for number, one in enumerate(mails):
        (made / f"{number:02d}.eml").write_bytes(one)
    return made


def test_each_mail_of_a_folder_is_a_case(runs: Runs) -> None:
    found = runs(folder(runs.project, mail("hello"), mail("a person please", number=2)))
    assert (found["received"], found["closed"], found["escalated"]) == (2, 1, 1)


def test_the_bytes_of_a_mail_are_sealed_as_they_came(runs: Runs) -> None:
    raw = mail("hello", "X-Odd: \xe9", number=3).replace(b"\n", b"\r\n")
    runs(folder(runs.project, raw))
    with runs.opened() as remit:
        (case,) = remit.cases().rows
        assert admission.mail_of(remit.database, remit.keys, case.case_id) == raw
        (first, *_) = remit.entries(case.case_id)
        assert first.body["channel"] == "mail"
    assert b"hello" not in (runs.project / ".remit" / "remit.db").read_bytes()


def test_a_second_delivery_is_the_first_ones_case(runs: Runs) -> None:
    first = mail("hello")
    later = first.replace(b"08:01:00", b"09:30:00").replace(b"from x", b"from elsewhere")
    found = runs(folder(runs.project, first, later))
    assert (found["rows"], found["received"], found["duplicates"]) == (2, 1, 1)


def test_a_mail_under_a_known_id_with_another_text_is_not_swallowed(runs: Runs) -> None:
    found = runs(folder(runs.project, mail("hello"), mail("a person please")))
    assert (found["received"], found["duplicates"], found["rejected"]) == (2, 0, 0)


def test_a_mailbox_is_cut_at_its_lines(runs: Runs) -> None:
    box = runs.project / "in.mbox"
    one, two = mail("hello\n\nFrom here on it is text\n>From me"), mail("again", number=2)
    box.write_bytes(b"From a Mon\n" + one + b"\nFrom b Tue\n" + two)
    # A line of text that looks like the mailbox's own cuts it, as every reader of the format does.
    assert [len(found.data) for found in mailboxes.read(box)][-1] == len(two)
    assert runs(box)["rows"] == mailboxes.count(box)


def test_a_single_mail_and_what_is_no_mailbox(runs: Runs) -> None:
    file = runs.project / "one.eml"
    file.write_bytes(mail("hello"))
    assert runs(file)["received"] == 1
    for name, content in (("a.mbox", b"Subject: x\n\ny"), ("b.mbox", b"")):
        (runs.project / name).write_bytes(content)
        assert runs.code(runs.project / name) == 2
    (runs.project / "empty").mkdir()
    assert runs.code(runs.project / "empty") == 2


def test_a_field_that_no_column_of_a_mail_fills_is_said_at_once(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    place = folder(runs.project, mail("hello"))
    assert runs.code(place, "--map", "subject=title") == 2
    assert "has no column `title`" in capsys.readouterr().err
    assert runs(place, "--set", "subject=fixed", "--map", "message=message")["closed"] == 1


def test_what_cannot_be_read_waits_with_its_reason_and_nothing_is_lost(runs: Runs) -> None:
    mails = (
        b"\x00\xff no mail",
        mail("x", "Content-Type: multipart/mixed; boundary=b", number=2),
        mail("hello", sender="a@x.org, b@x.org", number=3),
        mail("hello", number=4).replace(b"hello", b"Jos\xe9"),
        mail("--b\n\nhello\n--b\nContent-Type: image/png\n\n%PDF-1.7\n--b--",
             "Content-Type: multipart/mixed; boundary=b", number=5),
        b"From: big@example.org\n\n" + b"x" * 25_000_000,
        mail("x" * 70_000, number=7),
        mail("hello", number=8),
    )  # fmt: skip
    found = runs(folder(runs.project, *mails))
    assert (found["rows"], found["received"], found["closed"], found["quarantined"]) == (
        8,
        8,
        1,
        7,
    )
    assert runs.codes() == [
        "attachment.type_mismatch", "email.several", "field.too_long", "mail.malformed",
        "mail.malformed", "mail.too_large", "text.charset_unclear",
    ]  # fmt: skip


CRASHES = """
import os
import sys

from remit.cli.main import main
from remit.orchestration.admission import Intake

Intake.digest = lambda self, data: os._exit(9)  # the process ends while it reads an attachment
main(["--project", sys.argv[1], "run", "sorting", "--input", sys.argv[2]])
"""


def test_a_mail_whose_reading_ends_the_process_twice_is_set_aside_unread(runs: Runs) -> None:
    attached = "--b\n\nhello\n--b\nContent-Disposition: attachment\n\nx\n--b--"
    bad = mail(attached, "Content-Type: multipart/mixed; boundary=b", number=5)
    place = folder(runs.project, mail("hello"), bad, mail("again", number=3))
    for _ in range(2):
        program = [sys.executable, "-c", CRASHES, str(runs.project), str(place)]
        assert subprocess.run(program, check=False, capture_output=True).returncode == 9
    found = runs(place)
    assert (found["rows"], found["received"], found["closed"], found["quarantined"]) == (
        3,
        3,
        2,
        1,
    )
    assert runs.codes() == ["intake.crashed"]
    assert runs(place)["duplicates"] == 3
    with runs.opened() as remit:
        (case,) = [one for one in remit.cases().rows if one.status == "quarantined"]
        assert admission.mail_of(remit.database, remit.keys, case.case_id) == bad


def test_a_mail_at_the_limit_is_sealed_whole(runs: Runs) -> None:
    head = b"From: big@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"
    text = "漢字".encode() * 30_000  # 60,000 letters
    rest = b"\n--b\nContent-Type: application/octet-stream\n\n" + b"\x01" * 24_815_000 + b"\n--b--"
    small, large = head + b"hello" + rest, head + text + rest
    found = runs(folder(runs.project, small, large))
    assert (found["received"], found["closed"], found["quarantined"]) == (2, 1, 1)
    with runs.opened() as remit:
        sealed = [
            admission.mail_of(remit.database, remit.keys, one.case_id)
            for one in remit.cases().rows
        ]
    assert sorted(map(len, filter(None, sealed))) == sorted([len(small), len(large)])


def test_a_mail_of_two_senders_goes_on_with_the_one_that_a_person_names(runs: Runs) -> None:
    runs(folder(runs.project, mail("hello", sender="a@x.example.org, b@x.example.org")))
    with runs.opened() as remit:
        (aside,) = remit.quarantine().rows
    named = ("release", aside.case_id, "--as", "me", "--set", "sender=a@x.example.org")
    assert cli.main(["--project", str(runs.project), "cases", *named]) == 0
    with runs.opened() as remit:
        assert [one.status for one in remit.cases().rows] == ["closed"]


def test_every_hostile_mail_becomes_a_case_and_the_balance_holds(runs: Runs) -> None:
    mails = [make(20_000) for make in SHAPES.values()]
    mails += [mail(text, number=n) for n, text in enumerate(NAUGHTY.values(), 1_000)]
    found = runs(folder(runs.project, *mails))
    assert found["rows"] == found["received"] + found["duplicates"] == len(mails)
    assert found["closed"] + found["escalated"] + found["quarantined"] == found["received"]
    assert set(runs.codes()) <= {one.value for one in ReasonCode}
