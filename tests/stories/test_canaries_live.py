"""Values planted through commands and a living `remit serve` stand in nothing that they print.

The real processes with their real logs: files of rows and mails through `remit run`, requests to
a running server with its log at DEBUG, the stream of changes, and every command of `remit`, each
asked for something or excused with a reason.
"""

import gzip
import json
import mailbox
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import click
import pytest

from remit.cli import main as cli
from remit.intake.mask import Masked, Masker
from remit.orchestration import facts
from tests import planting, searched
from tests.canaries import TEXT_KINDS, Flock, Sighting, seen
from tests.governing import commands, governed
from tests.loopback.models import LoopbackModels, serving
from tests.planting import COLUMNS, MORE, PROMPT
from tests.projects import NAME, Small

pytestmark = pytest.mark.slow

SECONDS_MAX = 40
ROWS = ("hold", "hold", "hold", "hold", "fault", "escalate", "escalate", "escalate", "escalate",
        "left", "left", "left")  # fmt: skip
BODY = """
import logging
logging.getLogger("author").warning("%s writes %s", case.sender, case.message)
answer = await run.ask("plain", message=f"{case.customer} {case.message}", note=case.subject)
if case.way == "fault":
    raise ValueError(f"{case.sender} {case.message} {answer.text}")
if case.way == "escalate":
    return await run.escalate(f"{case.sender}: {case.message}")
return (await run.act(note, text=f"{answer.text} {case.message} {case.customer}")).state
"""
# Commands that are not asked for anything here, each with why.
EXCUSED = {
    "new": "begins a project: nothing of a case is there yet",
    "demo": "invented data, on this computer",
    "serve": "a process of its own: read below while it lives",
    "normalise": "shows the operator's own file to the operator who names it",
    "copy": "needs two databases: tests/unit/cli/test_copy.py compares them byte for byte",
    "witness": "keeps somebody else's checkpoints: keys, hashes and sizes",
    "people add": "asks for a password at a terminal: tests/unit/cli/test_people.py",
    "people password": "asks for a password at a terminal: tests/unit/cli/test_people.py",
    "sign-in": "asks for a password at a terminal: tests/unit/cli/test_people.py",
    "ledger signer": "keeps a key for others: keys, hashes and sizes",
    "ledger recover": "needs a ledger that has lost its keys: tests/unit/cli/test_ledger.py",
}


@dataclass(slots=True, kw_only=True)
class Desk:
    """A project, its values, and what its commands printed."""

    small: Small
    flock: Flock
    models: LoopbackModels
    capsys: pytest.CaptureFixture[str]
    written: list[tuple[str, bytes]] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    @property
    def project(self) -> Path:
        return self.small.folder / "project"

    def __call__(self, *arguments: str) -> str:
        """Run a command, keep what it printed, and return what it printed to standard output."""
        given = ["--project", str(self.project), "--debug", *arguments]
        self.capsys.readouterr()
        cli.main(given)
        out, err = self.capsys.readouterr()
        name = " ".join(_words(arguments))
        self.asked.add(name)
        self.written += [(f"remit {name}", (out + err).encode())]
        return out

    def cases(self, status: str) -> list[str]:
        rows = json.loads(self("cases", "--status", status, "--json") or "[]")
        return [str(row["case_id"]) for row in rows]

    def says(self, many: int) -> None:
        """Give the model that many answers."""
        self.models.says += [
            self.flock.at("model's answer").text("EMAIL", "PHONE") for _ in range(many)
        ]


def _words(arguments: tuple[str, ...]) -> Iterator[str]:
    """Yield the command that these arguments call, without what is given to it."""
    command: click.Command | None = cli.remit
    for word in arguments:
        if not isinstance(command, click.Group):
            return
        command = command.get_command(click.Context(command), word)
        if command is None:
            return
        yield word


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.delenv("REMIT_PROJECT", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("REMIT_DATABASE", f"sqlite:///{data}/remit.db")
    monkeypatch.setenv("REMIT_KEYS", str(data / "keys"))
    monkeypatch.setenv("REMIT_TRAINED", str(tmp_path / "trained"))
    flock, small = Flock.of(4), Small(folder=tmp_path)
    with serving() as models:
        planting.plant(small, flock, models)
        small.files = {**small.files, "prompts/plain.md": PROMPT.format(route="reply")}
        small.write(BODY, more=MORE.replace("not in FAULTY", "not in ()"))
        planting.settled(small)
        yield Desk(small=small, flock=flock, models=models, capsys=capsys)


def fed(desk: Desk) -> None:
    """Bring in rows as JSON and CSV, packed and plain, mails, and rows that are none."""
    home = desk.small.folder / "given"
    home.mkdir(exist_ok=True)
    rows = [planting.message(desk.flock, way) for way in ROWS]
    desk.says(120)  # more than are asked for: without one a case would be tried again later
    wrong = desk.flock.at("broken row")
    bad = [f'{{"message": "{wrong.text("EMAIL")}"', f'["{wrong.one("CARD")}"]',
           f'{{"message": "a", "message": "{wrong.one("EMAIL")}"}}']  # fmt: skip
    (home / "a.jsonl").write_text("\n".join([*map(json.dumps, rows), *bad]))
    first, second = (planting.message(desk.flock, "hold") for _ in range(2))
    names = ",".join(first)
    values = ",".join(f'"{value}"' for value in first.values())
    (home / "b.csv").write_text(f"{names}\n{values}\n{wrong.one('EMAIL')},{wrong.one('CARD')}\n")
    (home / "c.jsonl.gz").write_bytes(gzip.compress(json.dumps(second).encode()))
    box = mailbox.mbox(home / "d.mbox")
    for way in ("hold", "doubt"):
        mail = planting.mail(desk.flock, way, doubtful=way == "doubt")
        box.add(message_from_bytes(mail))
    box.flush()
    box.close()
    for name in ("a.jsonl", "b.csv", "c.jsonl.gz"):
        desk("run", NAME, "--input", str(home / name))
        desk("run", NAME, "--input", str(home / name), "--resume", "--json")
    maps = [word for one in COLUMNS.items() for word in ("--map", "=".join(one))]
    desk("run", NAME, "--input", str(home / "d.mbox"), *maps, "--set", "way=hold")
    for rejects in home.glob("*.rejects.jsonl"):
        desk.written.append(("rejected rows", rejects.read_bytes()))
    assert any(name == "rejected rows" for name, _ in desk.written)


def decided(desk: Desk) -> None:
    """Decide and settle with values in every note, reason and change."""
    said = desk.flock.at("person's words at a command")
    desk("approvals")
    waiting = [str(one["approval_id"]) for one in json.loads(desk("approvals", "list", "--json"))]
    assert len(waiting) > 3
    for number, name in enumerate(waiting):
        card = json.loads(desk("approvals", "show", name, "--json"))["card"]
        desk("approvals", "show", name)
        yes = ("--as", "olga", "--yes", "--digest", str(card["digest"]))
        note = said.text(*TEXT_KINDS)
        match number:
            case 0:
                desk("approvals", "approve", name, *yes, "--note", note)
            case 1:
                desk("approvals", "reject", name, *yes, "--reason", "other", "--note", note)
            case 2:
                desk("approvals", "edit", name, *yes, "--set", f"text={note}", "--note", note)
                desk("approvals", "edit", name, *yes, "--set", f"{said.one('EMAIL')}=x")
            case _:
                break
    escalated, aside = desk.cases("escalated"), desk.cases("quarantined")
    assert len(escalated) > 3
    assert len(aside) > 2
    noted = ("--as", "olga", "--note", said.text(*TEXT_KINDS))
    desk.says(4)
    desk("cases", "close", escalated[0], *noted)
    desk("cases", "hand-back", escalated[1], *noted)
    desk("cases", "follow", escalated[2], *noted)
    desk("cases", "cancel", escalated[3], "--as", "olga", "--reason", said.text(*TEXT_KINDS))
    desk("cases", "discard", aside[0], "--as", "olga", "--reason", said.text("EMAIL", "CARD"))
    desk("cases", "release", aside[1], "--as", "olga", "--set", f"due={said.one('EMAIL')}")
    desk("cases", "release", aside[1], "--as", "olga", "--set", "due=2026-04-03")
    desk("cases", "close", "ffff", *noted)
    for case_id in (*escalated, *aside[:2], *desk.cases("parked")):
        for more in ((), ("--technical",), ("--json",)):
            desk("cases", "show", case_id, *more)


def kept(desk: Desk) -> None:
    """Ask for all that is said of the record and of how it does."""
    said, home = desk.flock.at("operator's words"), desk.small.folder
    case_id, *_, gone = desk.cases("closed")
    given = str(home / "given" / "a.jsonl")
    for command in (
        ("check",), ("check", NAME, "--json"), ("doctor",), ("doctor", "--json"),
        ("migrate", "--check"), ("work", "--until-idle"), ("train", NAME),
        ("train", NAME, "--json"), ("mask", given), ("mask", given, "--json"),
        ("ledger", "status"), ("ledger", "anchors"), ("ledger", "show", "--limit", "500"),
        ("ledger", "show", "--case", case_id, "--json"),
        ("ledger", "verify"), ("ledger", "verify", "--semantic", "--projections", "--json"),
        ("ledger", "rebuild", "--check"), ("ledger", "prove", "3", "--to", str(home / "proof")),
        ("ledger", "export", "--to", str(home / "export"), "--payloads"),
        ("ledger", "verify", str(home / "export")),
        ("ledger", "disclose", "--case", case_id, "--content", "--recipient", said.one("EMAIL"),
         "--ground", "request", "--to", str(home / "disclosed"), "--as", "olga"),
        ("ledger", "legal-hold", "place", "case", case_id, "--ground", "suit-7", "--review",
         "2027-01-01", "--as", "olga"),
        ("ledger", "legal-hold", "place", "case", said.one("EMAIL"), "--ground", said.one("EMAIL"),
         "--review", "2027-01-01", "--as", "olga"),
        ("ledger", "legal-hold", "list", "--all"),
        ("ledger", "legal-hold", "release", "none", "--ground", "suit-7", "--yes", "suit-7",
         "--as", "olga"),
        ("ledger", "erase", "--person", said.one("EMAIL"), "--ground", "request", "--as", "olga",
         "--dry-run"),
        ("ledger", "erase", "--case", gone, "--ground", "request", "--as", "olga", "--yes",
         gone[:8], "--certificate", str(home / "erased.json")),
        ("ledger", "prune", "2026-01", "--as", "olga", "--yes", "2026-01"),
        ("ledger", "rotate", "--root", "--as", "olga", "--yes", "root"),
        ("cases",), ("cases", "--json"), ("approvals",),
    ):  # fmt: skip
        desk(*command)


@contextmanager
def served(desk: Desk) -> Iterator[tuple[str, str]]:
    """Run `remit serve` with its log at DEBUG; gives its address and a code to sign in with."""
    process = subprocess.Popen(
        [sys.executable, "-m", "remit.cli.main", "--project", str(desk.project), "--debug",
         "serve", "--port", "0", "--log", "debug"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    told: dict[str, list[str]] = {"out": [], "err": []}
    readers = [
        threading.Thread(target=lambda pipe=pipe, into=told[name]: into.extend(pipe), daemon=True)
        for name, pipe in (("out", process.stdout), ("err", process.stderr))
    ]
    for reader in readers:
        reader.start()
    try:
        found = _until(
            lambda: re.search(r"(http://\S+)/sign-in\?code=(\S+)", "".join(told["out"])),
            lambda: "".join(told["err"]),
        )
        yield found[1], found[2]
    finally:
        process.terminate()
        process.wait(SECONDS_MAX)
        for reader in readers:
            reader.join(SECONDS_MAX)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    log = "".join(told["err"])
    assert '"level": "debug"' in log, log[-2000:]
    desk.written += [
        ("serve's output", "".join(told["out"]).encode()),
        ("serve's log", log.encode()),
    ]


def _until(look: Callable[[], Any], why: Callable[[], str]) -> Any:
    for _ in range(SECONDS_MAX * 20):
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(why())


def visited(desk: Desk, address: str, code: str) -> None:
    """Bring a message in by the API, look at pages, read the stream; some of it full of values."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    opener.addheaders = [("origin", address)]

    def ask(path: str, data: bytes | None = None, **headers: str) -> str:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{address}{path}", data=data, headers=names)
        try:
            with opener.open(request, timeout=SECONDS_MAX) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                body = error.read()
        desk.written.append((f"living {path.partition('?')[0][:12]}", body))
        return str(body.decode())

    ask("/sign-in", urllib.parse.urlencode({"code": code}).encode())
    token = re.search(r'name="csrf" value="(\w+)"', ask("/help"))
    assert token is not None
    with opener.open(f"{address}/events", timeout=SECONDS_MAX) as stream:
        desk.says(6)
        known = {"x_csrf_token": token[1], "content_type": "application/json"}
        for way in ("hold", "escalate", "left"):
            given = planting.message(desk.flock.at("request"), way)
            answer = ask(
                f"/api/cases/{NAME}", json.dumps(given).encode(), **known,
                idempotency_key=desk.flock.one("EMAIL"),
            )  # fmt: skip
            assert "case_id" in answer, answer
        wrong = desk.flock.at("hostile request")
        ask(f"/api/cases/{wrong.one('EMAIL')}", b"{}", **known)
        ask(f"/api/cases/{NAME}", f'{{"a": "{wrong.one("EMAIL")}'.encode(), **known)
        ask(f"/cases?search={urllib.parse.quote(wrong.one('EMAIL'))}")
        ask(f"/{wrong.one('EMAIL')}")
        events = b""
        while b'"changes": [{' not in events:
            events += stream.readline()
        desk.written.append(("living /events", events))
    for path in ("/inbox", "/cases", "/quarantine", "/health", "/ledger", "/api/metrics",
                 "/api/cases", "/api/approvals", "/api/quarantine", "/openapi.json"):  # fmt: skip
        ask(path)


NO_MASKER = """
from remit.intake import scrub
scrub.scrub = lambda text: text
from remit.intake.mask import Masked, Masker
from remit.orchestration import facts
facts.findings = facts.confidential = lambda *_, **_more: ()
Masker.mask_text = lambda _, text, **_more: Masked(text=text, tokens=())
Masker.mask_value = lambda _, _type, value: value
Masker.mask_json = lambda _, value, **_more: value
"""
PLACES = {
    "remit approvals show", "remit approvals list", "remit cases show",
    "remit approvals edit",
    "serve's log", "living /inbox", "living /quarantine", "living /api/approva",
    "living /api/cases/", "prompts",
}  # fmt: skip


@pytest.mark.torture
def test_a_masker_that_does_nothing_is_found_out_in_what_commands_print(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in this process, where commands run, nor in that of `remit serve`."""
    monkeypatch.setattr(Masker, "mask_text", lambda _, text, **_more: Masked(text=text, tokens=()))
    monkeypatch.setattr(Masker, "mask_value", lambda _, _type, value: value)
    monkeypatch.setattr(Masker, "mask_json", lambda _, value, **_more: value)
    for name in ("findings", "confidential"):  # the gate would deny it all
        monkeypatch.setattr(facts, name, lambda *_, **_more: ())
    broken = desk.small.folder / "given" / "broken"
    broken.mkdir(parents=True)
    (broken / "sitecustomize.py").write_text(NO_MASKER)
    monkeypatch.setenv("PYTHONPATH", str(broken))
    places = {one.where for one in walked(desk)}
    unseen = {one for one in PLACES if not any(place.startswith(one) for place in places)}
    assert not unseen, sorted(unseen)


def test_values_planted_through_commands_stand_nowhere(desk: Desk) -> None:
    said = sorted({f"{one.planted} {one.kind}: {one.where}" for one in walked(desk)})
    assert not said, "\n".join(said)


def walked(desk: Desk) -> list[Sighting]:
    """Plant, ask every command, and return where values stand that may not stand there."""
    fed(desk)
    with served(desk) as (address, code):
        visited(desk, address, code)
    decided(desk)
    governed(desk)
    kept(desk)
    hostile = desk.flock.at("hostile argument")
    desk("cases", "show", hostile.one("EMAIL"))
    desk("approvals", "show", hostile.one("EMAIL"))
    desk("run", NAME, "--input", f"{hostile.one('EMAIL')}.jsonl")
    unasked = set(commands(cli.remit)) - desk.asked - set(EXCUSED)
    assert not unasked, f"ask these for something, or say why not: {unasked}"
    desk.written += [("prompts", str(desk.models.log).encode())]
    desk.written += searched.files(desk.small.folder, but=("project", "given"))
    desk.written += searched.tables(desk.small.folder / "data" / "remit.db", None)
    return [one for one in seen(desk.flock, desk.written) if not planting.own_documents(one)]
