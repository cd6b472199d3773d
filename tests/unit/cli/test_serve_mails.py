"""Mails sent to a real `remit serve`: one case each, told only when kept, whatever they are."""

import io
import json
import re
import signal
import sqlite3
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from remit.intake.mime import MAIL_BYTES_MAX
from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures
from tests.unit.cli.test_serve import SECONDS_MAX, serving

MAIL = b"""From: Ana <ana@example.com>
Subject: Saturday
Message-ID: <1@example.com>
Date: Mon, 23 Nov 2026 09:03:00 +0100

When are you open on Saturday?
"""
BROKEN = b"""From: Ben <ben@example.com>
Subject: Broken
Content-Type: multipart/mixed; boundary=never

--other
Content-Type: text/plain

hello
"""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Somebody signed in at a served Remit."""

    url: str
    opener: urllib.request.OpenerDirector
    csrf: str

    def send(
        self, data: bytes, media: str = "message/rfc822", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Post a body to the desk's intake."""
        return self.post("/api/cases/help-desk", data, media, **headers)

    def post(
        self, path: str, data: bytes, media: str, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        given = {"origin": self.url, "content-type": media, "x-csrf-token": self.csrf}
        request = urllib.request.Request(
            f"{self.url}{path}", data=data, headers=given | headers, method="POST"
        )
        try:
            with self.opener.open(request, timeout=SECONDS_MAX) as answer:
                return int(answer.status), json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return int(error.code), json.load(error)


def signed_in(lines: list[str], number: int = 0) -> Sender:
    url, code = re.findall(r"(http://\S+)/sign-in\?code=(\S+)", "\n".join(lines))[number]
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    nobody = Sender(url=url, opener=opener, csrf="")
    status, said = nobody.post(
        "/api/session", json.dumps({"code": code}).encode(), "application/json"
    )
    assert status == 200
    return Sender(url=url, opener=opener, csrf=said["csrf"])


@contextmanager
def at(folder: Path) -> Iterator[tuple[Sender, Any]]:  # noqa: F811
    with serving(folder) as (process, lines):
        yield signed_in(lines), process


def counted(folder: Path) -> dict[str, int]:  # noqa: F811
    """Return how many cases stand where, once the process has ended."""
    with sqlite3.connect(folder / ".remit" / "remit.db") as connection:
        return dict(connection.execute("SELECT status, count(*) FROM cases GROUP BY status"))


def with_bomb() -> bytes:
    """Return a mail with an archive that would unpack to 200 MB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 200_000_000)
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "cleo@example.com", "Photos"
    mail["Message-ID"] = "<bomb@example.com>"
    mail.set_content("When are you open on Sunday?")
    mail.add_attachment(packed.getvalue(), maintype="application", subtype="zip", filename="p.zip")
    return mail.as_bytes()


def deep() -> bytes:
    head = "".join(
        f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n'
        for level in range(12)
    )
    ends = "".join(f"\n--b{level}--\n" for level in reversed(range(12)))
    return f"From: eve@example.com\nMessage-ID: <d@example.com>\n{head}\nhello\n{ends}".encode()


def test_a_mail_is_one_case_however_often_it_is_delivered(folder: Path) -> None:  # noqa: F811
    """The yes comes after the commit: a process killed right behind it has kept the mail."""
    with at(folder) as (person, process):
        status, said = person.send(MAIL)
        assert (status, said["duplicate"], said["reasons"]) == (201, False, [])
        process.kill()
        process.wait(SECONDS_MAX)
    with at(folder) as (person, _):
        later = MAIL.replace(b"From:", b"Received: by mx; Mon, 23 Nov 2026 08:05:00 +0000\nFrom:")
        for again in (MAIL, later):
            status, told = person.send(again)
            assert (status, told["duplicate"]) == (200, True)
            assert told["case_id"] == said["case_id"]
        status, other = person.send(MAIL.replace(b"Saturday?", b"Sunday?"))
        assert (status, other["duplicate"]) == (201, False)


def test_whatever_is_sent_is_a_case_or_refused_with_its_reason(
    folder: Path,  # noqa: F811
    remit: Cli,  # noqa: F811
) -> None:
    """Received = accepted + quarantined, and what is refused is counted nowhere."""
    before = counted(folder)
    with at(folder) as (person, process):
        kept = {
            "bomb": person.send(with_bomb()),
            "broken": person.send(BROKEN),
            "deep": person.send(deep()),
            "not a mail": person.send(b'{"message": "I am JSON"}'),
            "zeros": person.send(b"\0" * 2_000_000),
            "largest": person.send(MAIL + b"x" * (MAIL_BYTES_MAX - len(MAIL))),
        }
        refused = {
            "too large": person.send(b"x" * (MAIL_BYTES_MAX + 1)),
            "empty": person.send(b""),
            "keyed": person.send(MAIL, **{"idempotency-key": "1"}),
            "other": person.send(MAIL, "text/plain"),
            "json": person.send(b" " * 2_000_000, "application/json"),
            "token": Sender(url=person.url, opener=person.opener, csrf="x").send(MAIL),
        }
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS_MAX)
    assert {name: (status, [one["code"] for one in said["reasons"]]) for name, (status, said)
            in kept.items()} == {
        "bomb": (201, []),
        "broken": (201, ["mail.malformed"]),
        "deep": (201, ["mail.too_deep"]),
        "not a mail": (201, ["mail.malformed"]),
        "zeros": (201, ["mail.too_large"]),
        "largest": (201, ["field.too_long"]),
    }  # fmt: skip
    assert {name: (status, said["code"]) for name, (status, said) in refused.items()} == {
        "too large": (413, "request.too_large"),
        "empty": (422, "request.invalid"),
        "keyed": (422, "request.invalid"),
        "other": (422, "request.invalid"),
        "json": (413, "request.too_large"),
        "token": (403, "request.foreign"),
    }
    assert refused["too large"][1]["message"] == (
        "a mail may have 25,000,000 bytes; send less, or use `remit run`"
    )
    after = counted(folder)
    assert after["quarantined"] == before["quarantined"] + 5
    assert sum(after.values()) == sum(before.values()) + len(kept)
    assert remit("ledger", "verify", "--semantic", "--projections") == 2, remit.out
    assert "intact" in remit.out


def test_who_may_not_send_messages_may_not_send_mails(folder: Path) -> None:  # noqa: F811
    settings = folder / "remit.toml"
    settings.write_text(
        settings.read_text() + '\n[people.zoe]\nname = "Zoe"\nroles = ["auditor"]\n'
    )
    with serving(folder) as (_, lines):
        zoe = next(
            person
            for person in (signed_in(lines, number) for number in range(3))
            if person.send(MAIL)[0] == 403
        )
        status, said = zoe.send(MAIL)
        assert (status, said["code"]) == (403, "approval.not_entitled")


@pytest.mark.parametrize("line", ["To: " + "x" * 70_000, "X-A: 1\n" * 2_100])
def test_too_many_or_too_long_headers_are_kept_and_set_aside(folder: Path, line: str) -> None:  # noqa: F811
    with at(folder) as (person, _):
        status, said = person.send(f"From: a@example.com\n{line.strip()}\n\nhello\n".encode())
        assert (status, [one["code"] for one in said["reasons"]]) == (201, ["mail.too_large"])
