"""What reading a mail costs, beside the standard library with Beautiful Soup as many use it.

Both read the same mails, each in a process of its own, one after the other; shown is the median of
thread CPU. Boundaries, numbers and links differ from mail to mail, so that nothing is read twice.
"""

import base64
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.places import ROOT, environment
from bench.table import Table, number
from remit.intake import html_text, mail

MAILS = 60
LARGE = 5
GOALS = {"10 kB with HTML and a quotation": 2.0, "1 MB": 1_000.0}


def measure(say: Callable[[str], None]) -> tuple[dict[str, Any], list[Table]]:
    """Measure both, and return what was found with its table."""
    given = {
        "10 kB with HTML and a quotation": [_usual(n) for n in range(MAILS)],
        "10 kB of plain text": [_plain(n) for n in range(MAILS)],
        "1 MB": [_large(n) for n in range(LARGE)],
    }
    say("mails, Remit")
    ours = {name: _times(mails) for name, mails in given.items()}
    say("mails, standard library and Beautiful Soup")
    theirs = _peer(given)
    pages = [_html(n, 75) for n in range(MAILS)]
    html_text.read(pages[0])
    alone = statistics.median(_spent(lambda one=one: html_text.read(one)) for one in pages)  # type: ignore[misc]  # a default binds the loop's value
    found = {"ours": ours, "theirs": theirs, "html_ms": alone}
    rows = [
        (
            name,
            number(ours[name], 2),
            number(theirs[name], 2) if isinstance(theirs, Mapping) else theirs,
            number(GOALS[name], 0) if name in GOALS else "",
        )
        for name in given
    ]
    rows.append((f"HTML alone, {len(pages[0]) / 1000:.0f} kB", number(alone, 2), "", ""))
    head = ("CPU ms to read a mail", "Remit", "stdlib + Beautiful Soup", "goal")
    return found, [Table(title="Mails", head=head, rows=rows)]


def _times(mails: list[bytes]) -> float:
    mail.read(mails[0], digest=_digest)
    return statistics.median(
        _spent(lambda raw=raw: mail.read(raw, digest=_digest))  # type: ignore[misc]  # a default binds the loop's value
        for raw in mails
    )


def _digest(data: bytes) -> str:
    return f"{len(data)}"


def _spent(work: Callable[[], object]) -> float:
    began = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - began) / 1e6


def _peer(given: Mapping[str, list[bytes]]) -> dict[str, float] | str:
    try:
        python = environment("mail", "bench-mail.txt")
    except (OSError, subprocess.SubprocessError) as error:
        return f"not run: {type(error).__name__}"
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.json", Path(folder) / "out.json"
        source.write_text(
            json.dumps(
                {n: [base64.b64encode(one).decode() for one in m] for n, m in given.items()}
            )
        )
        subprocess.run(
            [python, ROOT / "bench" / "engines" / "mail_peer.py", source, target],
            check=True, stdout=sys.stderr,
        )  # fmt: skip
        return {n: statistics.median(t) for n, t in json.loads(target.read_text()).items()}


# -- mails ---------------------------------------------------------------------------------------


def _head(number: int, kind: str) -> str:
    return (
        "Received: from a.example by b.example; Mon, 23 Nov 2026 08:04:00 +0000\n"
        f"From: Anna Example <anna{number}@example.org>\nTo: desk@example.com\n"
        f"Subject: =?utf-8?q?Jacke_zu_gro=C3=9F_{number}?=\n"
        "Date: Mon, 23 Nov 2026 09:03:00 +0100 (CET)\n"
        f"Message-ID: <{number}@example.org>\nMIME-Version: 1.0\nContent-Type: {kind}\n"
    )


def _words(number: int, lines: int) -> str:
    return "".join(f"Line {number}.{one} of what was written before\n" for one in range(lines))


def _text(number: int, lines: int) -> str:
    own = f"Hi,\n\nplease refund order {number}, the jacket is too small.\n\nAnna\n\n"
    quoted = "".join(f"> {line}\n" for line in _words(number, lines).splitlines())
    return f"{own}On Fri, 20 Nov 2026 at 10:12, Desk <desk@example.com> wrote:\n{quoted}"


def _html(number: int, lines: int) -> str:
    quoted = "".join(
        f'<p style="margin:0">Line {number}.{one} of the old '
        f'<a href="https://x.example/{number}/{one}">text</a></p>'
        for one in range(lines)
    )
    return (
        f"<html><body><p>Hi,</p><p>please refund order {number}.</p><div>On Fri, 20 Nov 2026 at "
        f"10:12, Desk wrote:</div><blockquote>{quoted}</blockquote></body></html>"
    )


def _usual(number: int) -> bytes:
    bound = f"b{number}"
    return (
        _head(number, f'multipart/alternative; boundary="{bound}"')
        + f"\n--{bound}\nContent-Type: text/plain; charset=utf-8\n\n{_text(number, 60)}"
        + f"\n--{bound}\nContent-Type: text/html; charset=utf-8\n\n{_html(number, 75)}"
        + f"\n--{bound}--\n"
    ).encode()


def _plain(number: int) -> bytes:
    return (_head(number, "text/plain; charset=utf-8") + f"\n{_text(number, 210)}").encode()


def _large(number: int) -> bytes:
    bound, data = (
        f"b{number}",
        base64.encodebytes(b"%PDF-1.7" + bytes(range(256)) * 2_600).decode(),
    )
    return (
        _head(number, f'multipart/mixed; boundary="{bound}"')
        + f"\n--{bound}\nContent-Type: text/plain; charset=utf-8\n\n{_text(number, 2_000)}"
        + f"\n--{bound}\nContent-Type: application/pdf; name=a.pdf\n"
        + f"Content-Transfer-Encoding: base64\n\n{data}\n--{bound}--\n"
    ).encode()
