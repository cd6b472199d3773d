"""Whatever arrives is read or set aside with a reason: in bounded time and memory, never lost.

Time is CPU in one process, as a ratio to what a mail as people write them takes; memory is a hard
limit of the process that reads.
"""

import base64
import json
import os
import resource
import subprocess
import sys
import zipfile
import zlib
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from remit.intake import attachments, mail, mailboxes, mime
from remit.intake.mail import Mail
from remit.intake.reasons import ReasonCode
from tests.faults.hostile import ENVELOPE, MIXED, NAUGHTY, SHAPES, UTF8, typical

ROOT = Path(__file__).parents[2]
LONG = os.environ.get("REMIT_PROFILE") == "torture"
SIZES = (1_000_000, 10_000_000) if LONG else (250_000,)
TYPICAL_BYTES = 10_000
RATIO_MAX = 20  # times what the same number of typical bytes takes
MEMORY_BYTES_MAX = 700 * 1024 * 1024  # of address space, libraries and all
CODES = frozenset(ReasonCode)


def read(raw: bytes, *, cut: bool = False) -> Mail:
    return mail.read(raw, digest=lambda data: f"{len(data)}", cut=cut)


def sound(found: Mail) -> None:
    """Hold that a mail ended in values, grounds and reasons of the closed set, within limits."""
    assert found.fault is None or found.fault in CODES
    assert set(found.columns) <= set(mail.COLUMNS)
    for field in found.columns.values():
        assert field.reason is None or field.reason.code in CODES
        assert field.value is None or field.reason is None
        if isinstance(field.value, str):
            field.value.encode()
    assert len(found.attachments) <= mime.PARTS_MAX
    assert all(one.code is None or one.text is None for one in found.attachments)


PROGRAM = """
import json, resource, sys, time
from remit.intake import mail
from tests.faults.hostile import SHAPES, typical

size, limit, unit = map(int, sys.argv[1:4])
mail.read(typical(unit), digest=str)  # libraries load once
start = time.process_time()
for _ in range(20):
    mail.read(typical(unit), digest=str)
usual = (time.process_time() - start) / 20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
said = {}
for name, make in SHAPES.items():
    raw = make(size)
    start = time.process_time()
    found = mail.read(raw, digest=lambda data: str(len(data)))
    spent = time.process_time() - start
    reasons = [one.reason.code for one in found.columns.values() if one.reason is not None]
    said[name] = [spent / (usual * max(1, len(raw) / unit)), found.fault, reasons]
print(json.dumps(said))
"""


@pytest.mark.parametrize("size", SIZES)
def test_every_shape_ends_in_bounded_time_and_memory(size: int) -> None:
    arguments = [str(size), str(MEMORY_BYTES_MAX), str(TYPICAL_BYTES)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/src:{ROOT}"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    said = json.loads(done.stdout)
    assert {name: ratio for name, (ratio, *_) in said.items() if ratio > RATIO_MAX} == {}
    for name in ("nested multiparts", "header flood", "one header", "zeros", "boundaries"):
        assert said[name][1] is not None, name
    for name in ("base64 junk", "deep HTML", "attributes"):
        assert said[name][1] or said[name][2] or size < 1_000_000, name


LARGE = """
import json, resource, sys
from pathlib import Path
from remit.intake import mail, mailboxes

limit = int(sys.argv[2])
mail.read(b"From: a@x.org\\n\\nx", digest=str)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for one in mailboxes.read(Path(sys.argv[1])):
    found = mail.read(one.data, digest=lambda data: str(len(data)), cut=one.cut)
    print(json.dumps([found.fault, one.size, len(one.data), found.columns["sender"].value]))
"""


def large(path: Path) -> list[list[object]]:
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(path), str(MEMORY_BYTES_MAX)], cwd=ROOT,
        capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/src"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_hundred_megabytes_are_set_aside_and_what_comes_after_is_read(tmp_path: Path) -> None:
    head = ENVELOPE + b"Content-Transfer-Encoding: base64\n\n"
    line = base64.b64encode(b"x" * 57) + b"\n"
    box = tmp_path / "in.mbox"
    with box.open("wb") as stream:
        stream.write(b"From a\n" + head)
        for _ in range(1_300):
            stream.write(line * 1_000)
        stream.write(b"\nFrom b\n" + head + line * 300_000)  # 23 MB: just within
        stream.write(b"\nFrom c\n" + ENVELOPE + b"\nhello\n")
    first, second, third = large(box)
    assert first[0] == "mail.too_large"
    assert first[1] == len(head) + 1_300_000 * len(line)
    assert first[2] == mailboxes.KEPT_BYTES
    assert first[3] == second[3] == third[3] == "a@example.org"
    assert (second[0], third[0]) == (None, None)


def test_archives_that_swell_are_not_opened() -> None:
    inner = BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\x00" * 20_000_000)
    for data, name, kind in (
        (inner.getvalue(), "bomb.zip", "zip"),
        (b"\x1f\x8b\x08" + zlib.compress(b"\x00" * 20_000_000), "bomb.gz", "gzip"),
    ):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = attachments.read(
            data, part="2", name=name, type="application/octet-stream", charset=None, digest=""
        )
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert (found.kind, found.text, found.code) == (kind, None, None)
        assert grown < 8_000  # kilobytes


@pytest.mark.parametrize("name", NAUGHTY)
def test_every_naughty_string_comes_through_or_is_refused(name: str) -> None:
    text = NAUGHTY[name]
    found = read(UTF8 + text.encode())
    sound(found)
    field = found.columns["message"]
    assert found.fault is None
    lines = "\n".join(text.replace("\r\n", "\n").split("\n")).strip("\n")
    assert field.reason is not None or (field.value or "").rstrip() == lines.rstrip()
    for place in (b"Subject: ", b'From: "%b" <a@x.org>\nX: ', b"Content-Type: ", b"Date: "):
        value = text.encode()
        line = place.replace(b"%b", value) + (b"" if b"%b" in place else value)
        sound(read(line + b"\nFrom: a@x.org\n\nx"))
    sound(read(ENVELOPE + b"Content-Type: text/html\n\n<p>" + text.encode() + b"</p>"))


@pytest.mark.parametrize("name", NAUGHTY)
def test_a_naughty_file_name_is_no_path_and_no_end(name: str) -> None:
    message = EmailMessage()
    message["From"] = "a@example.org"
    message.set_content("x")
    word = NAUGHTY[name].replace("\r", " ").replace("\n", " ").replace("\x00", " ")[:150]
    try:
        message.add_attachment(b"hello", maintype="text", subtype="plain", filename=word)
        raw = message.as_bytes()
    except (ValueError, UnicodeError, IndexError):
        return  # the library does not write such a name
    sound(read(raw))


SEEDS = [make(2_000) for make in SHAPES.values()] + [typical(2_000)]


@settings(
    max_examples=20_000 if LONG else 300, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(st.binary(max_size=2_000))
@example(b"From: \xff\xfe\n\n\x00")
@example(b"From:\n\n")
def test_random_bytes_are_read_or_set_aside(raw: bytes) -> None:
    sound(read(raw))
    sound(read(ENVELOPE + raw))
    sound(read(MIXED + b"--b\n" + raw + b"\n--b--"))
    sound(read(raw, cut=True))


@settings(
    max_examples=20_000 if LONG else 300, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(
    st.sampled_from(SEEDS), st.sampled_from(SEEDS), st.integers(0, 4_000), st.integers(0, 4_000),
    st.binary(max_size=20),
)  # fmt: skip
def test_mails_cut_and_joined_anywhere_are_read_or_set_aside(
    one: bytes, other: bytes, first: int, second: int, between: bytes
) -> None:
    sound(read(one[:first] + between + other[second:]))
