"""Every place where the program writes or sends, each with why no raw value leaves by it.

The walk reads the code, function by function. A function that writes in a way that the table does
not have fails this test until somebody has looked at it: mask what goes there, or say why it needs
none. What the table has and the code has not fails too. A walk over code does not see what a
library writes by itself, nor a call by a name made at run time; those that open a file, a socket
or a program are seen while the canaries run (`tests/watching.py`). That the reasons hold is shown
by the canaries (tests/stories/test_canaries.py).
"""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sinks import listed
from tests.watching import watching

SOURCE = Path(__file__).parents[1] / "src" / "remit"
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
LOGGERS = {"log", "_log", "logging", "logger", "_logger"}
# Whatever it is called on, a call of this name writes; unless it is one of the record's own units.
BY_NAME = {
    "file": {
        "write", "writelines", "write_text", "write_bytes", "writestr", "addfile", "tofile",
        "savez", "savez_compressed", "copyfileobj", "NamedTemporaryFile", "TemporaryFile",
        "SpooledTemporaryFile", "mkstemp", "fdopen", "pwrite", "copyfile", "copy2", "symlink_to",
    },
    "answer": {
        "HTMLResponse", "JSONResponse", "PlainTextResponse", "RedirectResponse", "Response",
        "StreamingResponse", "FileResponse", "EventSourceResponse",
    },
    "terminal": {
        "echo", "secho", "echo_json", "print", "print_exc", "print_exception", "print_stack",
        "print_tb", "ClickException", "UsageError", "BadParameter", "echo_via_pager",
    },
    "socket": {
        "sendall", "sendto", "sendmsg", "sendfile", "create_connection", "create_server",
        "connect_ex", "open_connection", "start_server", "open_unix_connection",
        "start_unix_server", "create_datagram_endpoint",
    },
    "request": {
        "urlopen", "sendmail", "send_message", "SMTP", "SMTP_SSL", "HTTPConnection",
        "HTTPSConnection", "build_opener", "urlretrieve",
    },
    "program": {
        "Popen", "check_call", "check_output", "create_subprocess_exec", "create_subprocess_shell",
        "posix_spawn", "posix_spawnp", "popen", "execv", "execve", "execvp",
    },
    "log": {"captureWarnings", "warn", "warn_explicit"},
}  # fmt: skip
# A call of this name writes where it is called on one of these.
BY_BOTH = {
    "file": (("save", "savetxt"), ("np", "numpy")),
    "program": (("run", "call", "system"), ("subprocess", "os")),
    "request": (("request", "send", "stream", "open"), ("client", "_client", "opener", "_opener")),
    "socket": (("send", "connect"), ("socket", "sock", "_socket", "channel", "connection")),
    "file ": (("dump", "writer", "DictWriter", "link", "open", "write"),
              ("json", "pickle", "csv", "os", "tomli_w", "yaml")),
}  # fmt: skip
UNITS = {"run", "self", "desk", "uow", "tally", "_tally", "canonical"}  # a unit of the record
STREAMS = {"writer", "_writer", "transport", "_transport"}
HOOKS = {"excepthook", "unraisablehook", "displayhook", "lastResort"}
OPENERS = {"open", "ZipFile", "TarFile", "GzipFile"}


def kind(node: ast.AST) -> str | None:
    """Return what a call, or the setting of a hook, writes to; None where it writes nothing."""
    if isinstance(node, ast.Assign):
        hooked = any(isinstance(to, ast.Attribute) and to.attr in HOOKS for to in node.targets)
        return "log" if hooked else None
    if not isinstance(node, ast.Call):
        return None
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    of = ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""
    last = of.rpartition(".")[2]
    if name in LOG_METHODS and last in LOGGERS:
        return "log"
    if name in {"render", "render_async", "generate"} and last not in {
        "artefact",
        "self",
        "x25519",
    }:
        return "page" if name != "generate" or last == "template" else None
    if name in {"write", "writelines"} and last in STREAMS:
        return "socket"
    if name == "write" and (of in {"sys.stdout", "sys.stderr"} or last == "buffer"):
        return "terminal"
    if name in OPENERS and any(set(mode) & set("wax+") for mode in _modes(node)):
        return "file"
    for sink, (names, owners) in BY_BOTH.items():
        if name in names and last in owners:
            return sink.strip()
    if name == "write" and last in UNITS:
        return None
    if name == "print" and last not in {"", "click", "terminal", "console"}:
        return None
    return next((sink for sink, names in BY_NAME.items() if name in names), None)


def _modes(call: ast.Call) -> Iterator[str]:
    for one in (*call.args, *(word.value for word in call.keywords if word.arg == "mode")):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and len(one.value) <= 5:
            yield one.value


class Walk(ast.NodeVisitor):
    """Finds what a module writes, by the function that does it."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.inside: list[str] = []
        self.found: dict[tuple[str, str], list[int]] = {}

    def generic_visit(self, node: ast.AST) -> None:
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if named:
            self.inside.append(node.name)  # type: ignore[attr-defined]  # each of them has one
        sink = kind(node)
        if sink is not None:
            where = f"{self.module}:{'.'.join(self.inside) or '<module>'}"
            self.found.setdefault((sink, where), []).append(node.lineno)  # type: ignore[attr-defined]  # calls have one
        super().generic_visit(node)
        if named:
            self.inside.pop()


def walked() -> dict[tuple[str, str], list[int]]:
    """Return (kind, module:function) -> lines of every call that writes or sends."""
    found: dict[tuple[str, str], list[int]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        walk = Walk(".".join(path.relative_to(SOURCE).with_suffix("").parts))
        walk.visit(ast.parse(path.read_text("utf-8")))
        found |= walk.found
    return found


def test_every_function_that_writes_is_known_with_its_reason() -> None:
    real, table = walked(), listed()
    new = [f"{sink} in {where}, line {real[sink, where]}" for sink, where in real.keys() - table]
    gone = [f"{sink} in {where}" for sink, where in table.keys() - real.keys()]
    assert not new, f"look at these, then add them to tests/sinks.py: {sorted(new)}"
    assert not gone, f"these write no more, take them out of tests/sinks.py: {sorted(gone)}"


@pytest.mark.parametrize(
    ("code", "sink"),
    [
        ("log.warning('x')", "log"),
        ("warnings.warn('x')", "log"),
        ("sys.excepthook = say", "log"),
        ("click.echo('x')", "terminal"),
        ("print('x', file=sys.stderr)", "terminal"),
        ("traceback.print_exc()", "terminal"),
        ("sys.stderr.write('x')", "terminal"),
        ("sys.stdout.buffer.write(b'x')", "terminal"),
        ("raise click.UsageError('x')", "terminal"),
        ("JSONResponse({})", "answer"),
        ("template.render()", "page"),
        ("socket.create_server(1)", "socket"),
        ("sock.send(b'x')", "socket"),
        ("self._socket.connect(place)", "socket"),
        ("writer.write(b'x')", "socket"),
        ("await asyncio.open_connection(host)", "socket"),
        ("subprocess.run([])", "program"),
        ("await asyncio.create_subprocess_exec('x')", "program"),
        ("os.system('x')", "program"),
        ("http.client.HTTPSConnection(host)", "request"),
        ("opener.open(request)", "request"),
        ("smtplib.SMTP(host)", "request"),
        ("path.write_text('x')", "file"),
        ("path.open('wb')", "file"),
        ("open(p, mode='r+')", "file"),
        ("os.open(p, flags)", "file"),
        ("os.write(1, b'')", "file"),
        ("tempfile.NamedTemporaryFile()", "file"),
        ("tarfile.open(fileobj=f, mode='w:gz')", "file"),
        ("zipfile.ZipFile(p, 'w')", "file"),
        ("json.dump(x, fp)", "file"),
        ("csv.writer(f)", "file"),
        ("np.save(p, x)", "file"),
        ("path.open('rb')", None),
        ("path.read_text()", None),
        ("math.log(2)", None),
        ("open(p)", None),
        ("run.write(x)", None),
        ("artefact.render(x)", None),
    ],
)
def test_the_walk_sees_what_writes(code: str, sink: str | None) -> None:
    walk = Walk("m")
    walk.visit(ast.parse(f"async def f():\n    {code}\n"))
    assert set(walk.found) == (set() if sink is None else {(sink, "m:f")})


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


def test_what_opens_a_file_while_it_runs_is_named_by_its_function(tmp_path: Path) -> None:
    """Code that nobody wrote down, as if it stood in Remit: the watch names it."""
    code = "import io\ndef sly(path):\n    io.FileIO(path, 'w').close()\n"
    made: dict[str, Callable[[Path], None]] = {}
    exec(compile(code, str(SOURCE / "ledger" / "sly.py"), "exec"), made)
    with watching() as watch:
        made["sly"](tmp_path / "x")
        (tmp_path / "y").write_text("a test's own")
    assert watch.unknown() == ["file by ledger.sly:sly"]
