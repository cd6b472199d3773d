"""The house rules that no linter knows: sizes, names, first sentences, what stays out of files."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES_MAX = 400
# Closed catalogues: that everything stands in one file is their point.
CATALOGUES = {"src/remit/errors.py": 800}
BANNED_NAMES = {
    "utils",
    "util",
    "helpers",
    "common",
    "base",
    "manager",
    "service",
    "types",
    "misc",
}
# Layers in which every value has a type: `Any` would switch the checker off where it matters most.
TYPED = ("domain", "evidence", "policy", "ledger", "governance")

PIN = re.compile(r"^[a-z0-9][^\n]*==[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", re.MULTILINE)

# Written in pieces, so that this file does not hold what it looks for.
REGISTRIES = (
    "pypi" + ".org",
    "files.python" + "hosted",
    "registry.npm" + "js",
    "conda" + ".anaconda",
)
HOSTS = re.compile("|".join(re.escape(host) for host in REGISTRIES))
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|home|root|Users|opt)/[\w.-]+")
MOCKS = re.compile(r"unittest" + r"\.mock|from unittest import " + r"mock|pytest_" + r"mock")


def _tracked() -> list[Path]:
    """Return the project's files: tracked ones, and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    paths = [ROOT / name for name in names if name] or [
        path for path in ROOT.rglob("*") if not {".venv", ".git"} & set(path.parts)
    ]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


FILES = _tracked()
PYTHON = [path for path in FILES if path.suffix == ".py"]
SOURCE = [path for path in PYTHON if _name(path).startswith("src/")]


def test_there_are_files_to_check() -> None:
    assert len(SOURCE) > 10
    assert ROOT / "pyproject.toml" in FILES


def test_no_module_is_longer_than_400_lines() -> None:
    long = {
        _name(path): lines
        for path in PYTHON
        if (lines := len(path.read_text().splitlines())) > CATALOGUES.get(_name(path), LINES_MAX)
    }
    assert long == {}, "split by noun"


def test_no_module_is_named_after_nothing() -> None:
    nameless = [_name(path) for path in SOURCE if {path.stem, path.parent.name} & BANNED_NAMES]
    assert nameless == [], "name it after its noun"


def test_no_module_lies_deeper_than_its_layer() -> None:
    deep = [_name(path) for path in SOURCE if len(path.relative_to(ROOT / "src/remit").parts) > 2]
    assert deep == [], "depth two, never three"


def test_every_layer_is_a_package() -> None:
    bare = {_name(path.parent) for path in SOURCE if not (path.parent / "__init__.py").exists()}
    assert bare == set(), "the import contracts see packages only"


def test_every_module_opens_with_one_sentence() -> None:
    silent = []
    for path in PYTHON:
        first = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n\n")[0]
        if not first.endswith((".", ":", "?")) and path.read_text().strip():
            silent.append(_name(path))
    assert silent == []


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        pytest.param(HOSTS, "a lock file works with every index", id="registry-hosts"),
        pytest.param(MACHINE_PATHS, "it exists on one machine only", id="machine-paths"),
        pytest.param(MOCKS, "use a fake, or the real thing", id="mocks"),
    ],
)
def test_no_file_holds(pattern: re.Pattern[str], why: str) -> None:
    found = []
    for path in PYTHON if pattern is MOCKS else FILES:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{_name(path)}: {match.group()}" for match in pattern.finditer(text)]
    assert found == [], why


def test_layers_that_decide_know_every_type() -> None:
    untyped = []
    for path in SOURCE:
        if path.relative_to(ROOT / "src/remit").parts[0] not in TYPED:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Name) and node.id == "Any":
                untyped.append(f"{_name(path)}:{node.lineno}")
            if isinstance(node, ast.Attribute) and node.attr == "Any":
                untyped.append(f"{_name(path)}:{node.lineno}")
    assert untyped == []


def test_every_error_lives_in_the_catalogue() -> None:
    catalogue = ast.parse((ROOT / "src/remit/errors.py").read_text())
    known = {node.name for node in catalogue.body if isinstance(node, ast.ClassDef)}
    elsewhere = [
        f"{_name(path)}: {node.name}"
        for path in SOURCE
        if path.name != "errors.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        if {base.id for base in node.bases if isinstance(base, ast.Name)} & known
    ]
    assert elsewhere == []


def test_an_exception_of_the_type_checker_names_its_code() -> None:
    bare = [
        f"{_name(path)}:{number}"
        for path in PYTHON
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"#\s*type:\s*ignore(?!\[)", line) and path != Path(__file__)
    ]
    assert bare == []


def test_make_stays_on_one_page() -> None:
    assert len((ROOT / "Makefile").read_text().splitlines()) <= 60


def test_lock_files_pin_every_package_by_hash() -> None:
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        text = lock.read_text()
        pins = re.findall(
            r"^[a-z0-9][^\n]*==[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE
        )
        named = [line for line in text.splitlines() if line and line[0] not in " #"]
        assert len(pins) == len(named) > 0, lock.name
