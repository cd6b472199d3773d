"""What a handler may not do, read from its code: nothing here is run.

A handler is run again from its entries, so whatever it learns must come from a step. Judged are
the handler and the functions of its file that it calls; tools and actions may do what they like.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

# module -> what to write instead
FORBIDDEN = {
    "aiohttp": "read other systems in a tool",
    "http": "read other systems in a tool",
    "httpx": "read other systems in a tool",
    "httpx2": "read other systems in a tool",
    "requests": "read other systems in a tool",
    "smtplib": "write to other systems in an action",
    "socket": "read other systems in a tool",
    "urllib": "read other systems in a tool",
    "random": "use `await run.random()`",
    "secrets": "use `await run.new_id()`",
    "uuid": "use `await run.new_id()`",
    "time": "use `await run.now()` or `await run.sleep(…)`",
}
CLOCKS = frozenset({"now", "today", "utcnow"})
DECORATORS = frozenset({"tool", "action", "undo"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One place in the code, and what is wrong with it."""

    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What `remit.toml` and the folders beside it offer to a handler."""

    prompts: Mapping[str, frozenset[str]] = field(default_factory=dict)  # name -> slots
    classifiers: Collection[str] = ()


def judge(source: str, references: References | None = None) -> list[Fault]:
    """Return what is wrong with the handlers of a file, in order of lines."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []  # importing it has said so already
    code = _Code(tree)
    faults: list[Fault] = []
    for handler in code.handlers:
        faults += _judged(code, handler, references)
    return sorted(set(faults), key=lambda fault: (fault.line, fault.code))


def marks(source: str) -> dict[str, int]:
    """Return the names that `run.changed` asks for in a file, with the line of each."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    return {
        node.args[0].value: node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "changed"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


Function = ast.FunctionDef | ast.AsyncFunctionDef


class _Code:
    """The functions and imports of one file."""

    def __init__(self, tree: ast.Module) -> None:
        self.functions: dict[str, Function] = {
            node.name: node
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        self.handlers = [one for one in self.functions.values() if "handle" in _decorators(one)]
        self.imports = dict(_imports(tree))

    def whole(self, handler: Function) -> list[Function]:
        """Return a handler and every function of this file that it calls, directly or not."""
        found, waiting = {handler.name: handler}, [handler]
        while waiting:
            for node in ast.walk(waiting.pop()):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                called = self.functions.get(node.func.id)
                if called is None or called.name in found or _decorators(called) & DECORATORS:
                    continue
                found[called.name] = called
                waiting.append(called)
        return list(found.values())

    def origin(self, node: ast.expr) -> str:
        """Return the full name of what an expression refers to, if it was imported; else empty."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.imports:
            return ""
        return ".".join([self.imports[node.id], *reversed(parts)])


def _judged(code: _Code, handler: Function, references: References | None) -> Iterator[Fault]:
    functions = code.whole(handler)
    runs = {name for one in functions for name in _runs(one)}
    if not any(_steps(one, runs, "escalate") for one in functions):
        yield Fault(
            line=handler.lineno, code="EX1", message=f"`{handler.name}` has no way to a person: "
            "escalate what it cannot do with `await run.escalate(…)`",
        )  # fmt: skip
    for function in functions:
        for node in ast.walk(function):
            match node:
                case ast.Name() | ast.Attribute():
                    yield from _foreign(code, node)
                case ast.Import() | ast.ImportFrom():
                    yield from _imported(node)
                case ast.Await():
                    yield from _awaited(code, node, runs)
                case ast.Try():
                    yield from _caught(node, runs)
                case ast.Call() if references is not None:
                    yield from _referred(node, runs, references)
                case _:
                    continue


def _foreign(code: _Code, node: ast.Name | ast.Attribute) -> Iterator[Fault]:
    name = code.origin(node)
    if isinstance(node, ast.Name) and name in FORBIDDEN:
        return  # the attribute around it says more
    top = name.partition(".")[0]
    if top in FORBIDDEN:
        yield Fault(
            line=node.lineno,
            code="RP1",
            message=f"`{name}` gives another result when the case is run again: {FORBIDDEN[top]}",
        )
    elif top == "datetime" and name.rpartition(".")[2] in CLOCKS:
        yield Fault(
            line=node.lineno, code="RP1", message=f"`{name}` gives another result when the case "
            "is run again: use `await run.now()`",
        )  # fmt: skip


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[Fault]:
    names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module]
    for name in names:
        top = (name or "").partition(".")[0]
        if top in FORBIDDEN:
            yield Fault(
                line=node.lineno, code="RP1", message=f"`{name}` may not be used by a handler: "
                f"{FORBIDDEN[top]}",
            )  # fmt: skip


def _awaited(code: _Code, node: ast.Await, runs: set[str]) -> Iterator[Fault]:
    value = node.value
    called = value.func if isinstance(value, ast.Call) else value
    if isinstance(called, ast.Attribute) and _name(called.value) in runs:
        return
    if isinstance(called, ast.Name) and called.id in code.functions:
        if not _decorators(code.functions[called.id]) & DECORATORS:
            return  # its own code is judged too
        said = f"`{called.id}` is a tool or an action: use `run.read(…)` or `run.act(…)`"
    else:
        said = f"`{ast.unparse(called)}` is no step: await what `run` offers, nothing else"
    yield Fault(line=node.lineno, code="RP2", message=said)


def _caught(node: ast.Try, runs: set[str]) -> Iterator[Fault]:
    for inner in (one for part in node.finalbody for one in ast.walk(part)):
        if isinstance(inner, ast.Await):
            yield Fault(
                line=inner.lineno, code="RP3", message="a step in `finally` would also run when "
                "the case is put aside: take it out of `finally`",
            )  # fmt: skip
    steps = any(_is_step(one, runs) for part in node.body for one in ast.walk(part))
    for handler in node.handlers:
        caught = {"BaseException"} if handler.type is None else set(_names(handler.type))
        raises = any(isinstance(one, ast.Raise) for part in handler.body for one in ast.walk(part))
        if "BaseException" in caught:
            yield Fault(
                line=handler.lineno, code="EX5", message="`except BaseException` also catches "
                "what puts a case aside: catch `StepRefused` or another error that you can handle",
            )  # fmt: skip
        elif "Exception" in caught and steps and not raises:
            yield Fault(
                line=handler.lineno, code="EX5", message="swallowed error: people would never see "
                "this exception; catch `StepRefused` or another error that you can handle",
            )  # fmt: skip


def _referred(node: ast.Call, runs: set[str], references: References) -> Iterator[Fault]:
    if not _is_step(node, runs) or not isinstance(node.func, ast.Attribute):
        return
    given = {one.arg: one.value for one in node.keywords if one.arg is not None}
    if node.func.attr == "classify":
        name = _text(given["classifier"]) if "classifier" in given else "intent"
        if name is not None and name not in references.classifiers:
            yield Fault(
                line=node.lineno, code="RF1", message=f"there is no classifier `{name}`; add "
                f"`[workflow.classifiers.{name}]` to `remit.toml`",
            )  # fmt: skip
    if node.func.attr != "ask" or not node.args:
        return
    name = _text(node.args[0])
    if name is None:
        return
    if name not in references.prompts:
        yield Fault(
            line=node.lineno, code="RF2", message=f"there is no prompt `{name}`; write "
            f"`{name}.md` into the folder of prompts",
        )  # fmt: skip
        return
    slots, filled = references.prompts[name], set(given) - {"output"}
    whole = all(one.arg is not None for one in node.keywords)  # no `**slots`
    for slot in sorted(slots - filled) if whole else ():
        yield Fault(
            line=node.lineno, code="RF3", message=f"prompt `{name}` needs `{slot}`, which is not "
            "given",
        )  # fmt: skip
    for slot in sorted(filled - slots):
        yield Fault(
            line=node.lineno, code="RF3", message=f"prompt `{name}` has no slot `{slot}`; declare "
            "it in the prompt's `[slots]`, or leave it out",
        )  # fmt: skip


# -- reading code --------------------------------------------------------------------------------


def _decorators(function: Function) -> set[str]:
    found = set()
    for one in function.decorator_list:
        target = one.func if isinstance(one, ast.Call) else one
        if isinstance(target, ast.Attribute):
            found.add(target.attr)
    return found


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (name in this file, full name) of every import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                top = one.name.partition(".")[0]
                yield (one.asname, one.name) if one.asname else (top, top)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for one in node.names:
                yield one.asname or one.name, f"{node.module}.{one.name}"


def _runs(function: Function) -> Iterator[str]:
    """Yield the parameters that are a context: by annotation, or by the name `run`."""
    for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        written = "" if one.annotation is None else ast.unparse(one.annotation)
        if one.arg == "run" or written.strip("'\"").rpartition(".")[2] == "Context":
            yield one.arg


def _steps(function: Function, runs: set[str], name: str) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
        and _name(node.func.value) in runs
        for node in ast.walk(function)
    )


def _is_step(node: ast.AST, runs: set[str]) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and _name(node.func.value) in runs
    )


def _names(node: ast.expr) -> Iterator[str]:
    for one in node.elts if isinstance(node, ast.Tuple) else [node]:
        yield _name(one).rpartition(".")[2] if not isinstance(one, ast.Attribute) else one.attr


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
