"""Every place where the program writes or sends, each with why no raw value leaves by it.

The walk reads the code. A place that the table does not have fails this test until somebody has
looked at it: mask what goes there, or say why it needs none. What the table has and the code has
not fails too. That the reasons hold is shown by the canaries (tests/stories/test_canaries.py).
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.sinks import SINKS

SOURCE = Path(__file__).parents[1] / "src" / "remit"
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
LOGGERS = {"log", "_log", "logging", "logger"}
WRITERS = {"write", "writelines", "write_text", "write_bytes", "savez_compressed"}
ANSWERS = {
    "HTMLResponse", "JSONResponse", "PlainTextResponse", "RedirectResponse", "Response",
    "StreamingResponse",
}  # fmt: skip
TERMINAL = {"echo", "secho", "echo_json", "print"}
UNITS = {
    "run",
    "self",
    "desk",
    "uow",
    "tally",
    "_tally",
    "canonical",
}  # `write` of these is a unit of the record
SOCKETS = {"sendall", "sendto", "sendmsg"}
REQUESTS = {"request", "send", "stream", "urlopen"}
PROGRAMS = {"Popen", "check_call", "check_output"}


def kind(call: ast.Call) -> str | None:
    """Return what a call writes to, or None where it writes nothing."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    of = ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""
    last = of.rpartition(".")[2]
    if name in LOG_METHODS and last in LOGGERS:
        return "log"
    if name in TERMINAL and last in {"", "click", "terminal", "console"}:
        return "terminal"
    if name in ANSWERS:
        return "answer"
    if name == "render" and last not in {"artefact", "self"}:
        return "page"
    if name in SOCKETS or (last == "socket" and name == "create_server"):
        return "socket"
    if name in PROGRAMS or (last == "subprocess" and name == "run"):
        return "program"
    if name in {"request", "send", "stream", "urlopen"} and last in {
        "client",
        "_client",
        "request",
    }:
        return "request"
    if name in WRITERS and not (name == "write" and last in UNITS):
        return "terminal" if of in {"sys.stdout", "sys.stderr"} else "file"
    if name == "open" and any(set(mode) & set("wax+") for mode in _modes(call)):
        return "file"
    if last == "os" and name in {"write", "fdopen", "pwrite"}:
        return "file"
    if last in {"shutil", "os"} and name in {"copyfile", "copy2", "copyfileobj", "link"}:
        return "file"
    return None


def _modes(call: ast.Call) -> Iterator[str]:
    for one in (*call.args, *(word.value for word in call.keywords if word.arg == "mode")):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and len(one.value) <= 3:
            yield one.value


def walked() -> dict[tuple[str, str], list[int]]:
    """Return (kind, module) -> lines of every call that writes or sends."""
    found: dict[tuple[str, str], list[int]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (sink := kind(node)) is not None:
                found.setdefault((sink, module), []).append(node.lineno)
    return found


def listed() -> dict[tuple[str, str], str]:
    """Return (kind, module) -> why it is safe."""
    found: dict[tuple[str, str], str] = {}
    for kind_, groups in SINKS.items():
        for why, modules in groups.items():
            for module in modules.split():
                assert (kind_, module) not in found, f"{module} is listed twice for {kind_}"
                found[kind_, module] = why
    return found


def test_every_place_that_writes_is_known_with_its_reason() -> None:
    real, table = walked(), listed()
    new = [
        f"{sink} in {module}, line {real[sink, module]}" for sink, module in real.keys() - table
    ]
    gone = [f"{sink} in {module}" for sink, module in table.keys() - real.keys()]
    assert not new, f"look at these, then add them to tests/sinks.py: {sorted(new)}"
    assert not gone, f"these write no more, take them out of tests/sinks.py: {sorted(gone)}"


def test_the_walk_sees_what_writes() -> None:
    seen = {
        kind(node)
        for line in (
            "log.warning('x')", "click.echo('x')", "JSONResponse({})", "template.render()",
            "socket.create_server(1)", "subprocess.run([])", "path.write_text('x')",
            "path.open('wb')", "open(p, 'a')", "os.write(1, b'')", "sys.stderr.write('x')",
        )
        for node in ast.walk(ast.parse(line))
        if isinstance(node, ast.Call)
    }  # fmt: skip
    assert seen == {
        "log", "terminal", "answer", "page", "socket", "program", "file",
    }  # fmt: skip
    silent = ("path.open('rb')", "path.read_text()", "math.log(2)", "open(p)", "run.write(x)")
    assert {kind(ast.parse(one).body[0].value) for one in silent[:-1]} == {None}  # type: ignore[attr-defined]  # expressions


def test_no_logger_has_a_way_out_of_its_own() -> None:
    """Import the whole program: every logger of it, and of its libraries, leads to the root."""
    code = """
import importlib, logging, pkgutil, remit
for one in pkgutil.walk_packages(remit.__path__, "remit."):
    if "scaffold" not in one.name and not one.name.endswith("__main__"):
        importlib.import_module(one.name)
for name, logger in sorted(logging.root.manager.loggerDict.items()):
    if isinstance(logger, logging.Logger):
        own = [one for one in logger.handlers if not isinstance(one, logging.NullHandler)]
        if own or not logger.propagate:
            print(name, own, logger.propagate)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
