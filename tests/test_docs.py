"""The documents are true: their code runs, pages match the code, links lead somewhere."""

import ast
import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from sybil import Sybil
from sybil.parsers.markdown import CodeBlockParser

from tests.reader import Reader

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = [*sorted(ROOT.glob("*.md")), *PAGES[1:]]
SHOWN_DATABASE = "postgresql://remit@db.example/remit"
SHOWN = ("text", "mermaid", "{toctree}")  # read by people, or checked by what they are drawn from


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_block_of_code_runs(
    page: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    needed = "<!-- uses: postgresql -->" in page.read_text()
    places = {SHOWN_DATABASE: request.getfixturevalue("durable_url")} if needed else {}
    reader = Reader(project=ROOT, directory=tmp_path, places=places)
    blocks = Sybil([CodeBlockParser(language, run) for language, run in reader.reads.items()])
    for example in blocks.parse(page).examples():
        example.evaluate()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_block_of_code_says_a_language_that_is_checked(page: Path, tmp_path: Path) -> None:
    opened = re.findall(r"^```([^\n`]*)\n.*?^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    assert set(opened) <= {*Reader(project=ROOT, directory=tmp_path).reads, *SHOWN}


@pytest.mark.parametrize("page", TEXTS, ids=_name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_pages_that_follow_from_code_are_up_to_date() -> None:
    generate = _generate()
    stale = [
        name
        for name, page in generate.PAGES.items()
        if (ROOT / "docs/reference" / name).read_text() != page()
    ]
    assert stale == [], "run `make docs`"


def test_the_page_of_extras_has_every_extra_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    page = (ROOT / "docs/how-to/choose-extras.md").read_text()
    rows = re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted(project["optional-dependencies"])


def test_the_error_catalogue_has_every_error_once() -> None:
    classes = re.findall(r"^class (\w+)", (ROOT / "src/remit/errors.py").read_text(), re.MULTILINE)
    page = _generate().PAGES["errors.md"]()
    rows = re.findall(r"^\| `([a-z_.]+)` \| `(\w+)`", page, re.MULTILINE)
    assert sorted(name for _, name in rows) == sorted(classes)
    assert len({code for code, _ in rows}) == len(rows)


def test_every_invariant_is_held_by_a_test_that_exists() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    rows = re.findall(r"^\| (\d) \| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)
    assert [number for number, _, _ in rows] == [str(number) for number in range(1, 9)]
    named = [pair for _, _, held in rows for pair in re.findall(r"`(tests/\S+)::(\w+)`", held)]
    assert [pair for pair in named if pair[1] not in _functions(ROOT / pair[0])] == []
    assert [
        number for number, _, held in rows if "`tests/" not in held and "due" not in held
    ] == []


def test_ci_runs_the_commands_that_the_readme_shows() -> None:
    shown = re.findall(r"^\$ make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert shown == ["demo", "test"]
    assert "make test" in (ROOT / ".ci/run").read_text()


def _functions(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text())) if path.exists() else ()
    return {
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
