"""`remit check`: every fault of independent parts, with its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from remit.cli import main as cli
from remit.cli.handler_rules import References, judge
from remit.cli.new import scaffold
from remit.intake import cldr

GOOD = """
from remit import Context

@workflow.handle
async def handle(case, run: Context) -> None:
    if case.text:
        return await helper(case, run)
    return await run.escalate("no")

async def helper(case, run) -> None:
    return (await run.classify(case.text)).choice
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATABASE", "KEYS", "TRAINED", "PROJECT"):
        monkeypatch.delenv(f"REMIT_{name}", raising=False)
    scaffold("help-desk", tmp_path / "p", today="2026-11-24")
    return tmp_path / "p"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def findings(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[dict[str, Any]]]:
    code = cli.main(["--project", str(project), "check", "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_scaffold_is_in_order(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--project", str(project), "check"]) == 0
    assert "help-desk: in order" in capsys.readouterr().out


def test_faults_of_independent_parts_are_all_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(project / "prompts" / "reply.md", "{quote}", "{quoted}")
    change(project / "policies" / "rules.cedar", "permit (", "permitted (")
    change(project / "knowledge" / "returns.md", 'owner = "me"', "")
    change(project / "remit.toml", 'escalation = "me"', 'escalation = "nobody"')
    (project / "training.jsonl").unlink()
    (project / "scripted.toml").write_text("[[line]]\nprompt = 'x'\n", "utf-8")
    code, found = findings(project, capsys)
    assert code == 2
    codes = {one["code"] for one in found}
    assert codes >= {
        "model.prompt_invalid",
        "policy.load",
        "knowledge.document_invalid",
        "OW1",
        "input.unreadable",
        "settings.invalid",
    }


def test_a_workflow_that_cannot_be_imported_does_not_hide_the_rest(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(project / "workflow.py", "import BaseModel", "import NoSuchThing")
    change(project / "remit.toml", 'escalation = "me"', 'escalation = "nobody"')
    code, found = findings(project, capsys)
    assert code == 2
    assert {"authoring.invalid", "OW1"} <= {one["code"] for one in found}


def test_broken_settings_are_one_sentence(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(project / "remit.toml", 'phase = "pilot"', 'phase = "party"')
    assert cli.main(["--project", str(project), "check"]) == 2
    said = capsys.readouterr().err
    assert "`workflow.phase`" in said
    assert "Traceback" not in said


def test_an_unknown_workflow_names_those_that_there_are(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--project", str(project), "check", "other"]) == 2
    assert "there are: help-desk" in capsys.readouterr().err


def test_a_secret_in_the_file_is_an_error_that_does_not_repeat_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(project / "remit.toml", 'provider = "scripted" ', 'provider = "openai"\nid = "m"\n'
           'base_url = "http://127.0.0.1:1/v1"\nkey = "sk-very-secret"\n#')  # fmt: skip
    change(project / "remit.toml", 'file = "scripted.toml"', "")
    code, found = findings(project, capsys)
    assert code == 2
    assert [one["code"] for one in found] == ["IN5"]
    assert "sk-very-secret" not in json.dumps(found)


def test_a_finding_names_file_and_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(
        project / "workflow.py",
        "    passages = await run.retrieve(case.message)\n",
        "    import time\n\n    passages = await run.retrieve(case.message + str(time.time()))\n",
    )
    assert cli.main(["--project", str(project), "check"]) == 2
    lines = capsys.readouterr().out.splitlines()
    number = (project / "workflow.py").read_text("utf-8").splitlines().index("    import time") + 1
    assert any(f"workflow.py:{number}: RP1 error" in line for line in lines)


def test_a_good_handler_has_no_faults() -> None:
    assert judge(GOOD, References(classifiers=("intent",))) == []


@pytest.mark.parametrize(
    ("before", "line", "code", "words"),
    [
        ("import random\n", "x = random.random()", "RP1", "run.random()"),
        ("from random import random\n", "x = random()", "RP1", "run.random()"),
        ("from datetime import datetime\n", "x = datetime.now()", "RP1", "run.now()"),
        ("import datetime as dt\n", "x = dt.datetime.now()", "RP1", "run.now()"),
        ("import httpx\n", "x = httpx.get('x')", "RP1", "in a tool"),
        ("import asyncio\n", "await asyncio.sleep(1)", "RP2", "no step"),
        ("", "await shop.read('x')", "RP2", "no step"),
        ("", "await run.ask('nothing')", "RF2", "no prompt `nothing`"),
        ("", "await run.ask('reply', text=case.text)", "RF3", "needs `order`"),
        ("", "await run.ask('reply', text='', order='', more='')", "RF3", "no slot `more`"),
        ("", "await run.classify('x', classifier='tone')", "RF1", "no classifier `tone`"),
    ],
)
def test_what_replay_cannot_reproduce_is_found(
    before: str, line: str, code: str, words: str
) -> None:
    source = before + GOOD.replace("    return (await", f"    {line}\n    return (await")
    offered = References(prompts={"reply": frozenset({"text", "order"})}, classifiers=("intent",))
    found = judge(source, offered)
    assert [one.code for one in found] == [code]
    assert words in found[0].message
    assert source.splitlines()[found[0].line - 1].strip() == line


@pytest.mark.parametrize(
    ("caught", "code"),
    [
        ("except BaseException:\n        pass", "EX5"),
        ("except:\n        raise", "EX5"),
        ("except Exception:\n        pass", "EX5"),
        ("except Exception:\n        raise", None),
        ("except ValueError:\n        pass", None),
        ("finally:\n        await run.now()", "RP3"),
        ("finally:\n        case.text", None),
    ],
)
def test_what_is_caught_around_a_step_is_judged(caught: str, code: str | None) -> None:
    source = GOOD.replace(
        "    return (await", f"    try:\n        await run.now()\n    {caught}\n    return (await"
    )
    assert [one.code for one in judge(source)] == ([] if code is None else [code])


def test_a_handler_without_a_way_to_a_person_is_an_error() -> None:
    source = GOOD.replace('return await run.escalate("no")', "return 1")
    assert [one.code for one in judge(source)] == ["EX1"]


def test_tools_may_do_what_handlers_may_not() -> None:
    source = "import time\n" + GOOD + "\n@workflow.tool\nasync def look():\n    time.time()\n"
    assert judge(source) == []
    assert [one.code for one in judge(source.replace('run.escalate("no")', "look()"))] == [
        "EX1", "RP2",
    ]  # fmt: skip


def test_a_field_whose_names_need_the_extra_is_named_where_it_is_missing(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change(project / "workflow.py", "(Case):\n", "(Case):\n    home: Country | None = None\n")
    change(project / "workflow.py", "import Case", "import Country, Case")
    assert findings(project, capsys) == (0, [])

    monkeypatch.setattr(cldr, "windows_zones", lambda: None)  # as where Babel is not installed
    code, said = findings(project, capsys)
    assert code == 0
    assert [(one["code"], one["level"]) for one in said] == [("extra.missing", "warning")]
    assert "`home`" in said[0]["message"]


def test_what_nobody_wrote_down_is_told_and_is_no_warning(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Parameters that take a field of the case, sources that prove nothing, and lists."""
    change(
        project / "workflow.py",
        "@workflow.handle",
        TOLD + "\n\n@workflow.handle",
    )
    lists = '\n[directories.places]\nowner = "me"\nvalues = ["north", "south"]\n'
    (project / "remit.toml").write_text((project / "remit.toml").read_text("utf-8") + lists)
    code, found = findings(project, capsys)
    notes = {one["code"]: one["message"] for one in found if one["level"] == "note"}
    assert code == 0
    assert notes["SR1"].startswith("`get_place.message` has no source and takes `case.message`")
    assert notes["SR2"].startswith("`move.name` comes from `get_place.name`, which a third party")
    assert notes["SR3"] == "the directory `places` is closed, with 2 members; me answers for it"
    assert cli.main(["--project", str(project), "check", "--strict"]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out


TOLD = """
from typing import Annotated

from pydantic import BaseModel
from remit import Source


class Place(BaseModel):
    name: str


@workflow.tool
async def get_place(message: str) -> Place:
    return Place(name=message)


async def move_back(id: str) -> None:
    return None


@workflow.action(risk="low", undo=move_back, says="Move {name} to {where}")
async def move(
    name: Annotated[str, Source.tool("get_place", "name")],
    where: Annotated[str, Source.directory("places")],
) -> None:
    return None
"""
