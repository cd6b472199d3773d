"""Write the reference pages that follow from code; `--check` only says which are out of date."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from pathlib import Path
from types import ModuleType, UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "src"))

from remit import errors, settings  # noqa: E402 - the page shows this checkout, installed or not
from remit.domain import approval, case, effect, event  # noqa: E402

NOTE = "<!-- Written by `make docs` from {source}; change that. -->"


def main() -> int:
    """Write the pages, or with `--check` return 1 and name those that differ."""
    pages = {DOCS / "reference" / name: page() for name, page in PAGES.items()}
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"`{path.relative_to(DOCS.parent)}` is out of date: run `make docs`")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path])
        print(f"wrote {path.relative_to(DOCS.parent)}")
    return 0


# -- errors ---------------------------------------------------------------------------------------


def errors_page() -> str:
    """Return the error catalogue: the tree, then each error with its code."""
    tree = list(_tree(errors.RemitError))
    drawn = "\n".join("    " * depth + kind.__name__ for depth, kind in tree)
    rows = [
        [f"`{kind.code}`", f"`{kind.__name__}`", kind.status, kind.exit_code, _sentence(kind)]
        for kind in sorted((kind for _, kind in tree), key=lambda kind: kind.code)
    ]
    return _page(
        "Errors",
        "src/remit/errors.py",
        "Every error has a code that never changes, the HTTP status that the API answers with, "
        "and the exit code of a command. Its message says what to do next and never holds the "
        "original of a masked value. Catch the narrowest class.",
        f"```text\n{drawn}\n```",
        _table(["code", "class", "HTTP", "exit", "meaning"], rows),
    )


def _tree(
    kind: type[errors.RemitError], depth: int = 0
) -> Iterator[tuple[int, type[errors.RemitError]]]:
    yield depth, kind
    for child in kind.__subclasses__():
        yield from _tree(child, depth + 1)


# -- lives ----------------------------------------------------------------------------------------

LIVES: dict[str, tuple[ModuleType, type[StrEnum]]] = {
    "Case": (case, case.CaseStatus),
    "Approval": (approval, approval.ApprovalState),
    "Proposal and effect": (effect, effect.EffectState),
}


def lifecycles_page() -> str:
    """Return the states of case, approval and effect, drawn from their tables of legal moves."""
    parts: list[str] = []
    for title, (module, states) in LIVES.items():
        moves: Mapping[StrEnum | None, Mapping[StrEnum, str]] = module.MOVES
        doc = (inspect.getdoc(module) or "").partition("\n")[0]
        rows = [
            [current or "(nothing yet)", to, words]
            for current, row in moves.items()
            for to, words in row.items()
        ]
        ends = ", ".join(f"`{state}`" for state in states if not moves[state])
        parts += [f"## {title}", doc, _diagram(moves), _table(["from", "to", "who: when"], rows)]
        parts.append(f"Ends in {ends}.")
    return _page(
        "Lives of a case, an approval and an effect",
        "the `MOVES` tables in src/remit/domain",
        "These are all the moves there are. Anything else raises `IllegalMoveError` "
        "(`state.illegal_move`).",
        *parts,
    )


def _diagram(moves: Mapping[StrEnum | None, Mapping[StrEnum, str]]) -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    for current, row in moves.items():
        start = f"    {_node(current)} --> "
        lines += [start + _node(to) for to in row] or [start + "[*]"]
    return "\n".join([*lines, "```"])


def _node(state: StrEnum | None) -> str:
    return "[*]" if state is None else state.value.replace("-", "_")


# -- events ---------------------------------------------------------------------------------------


def events_page() -> str:
    """Return every ledger event with its body and its sealed payloads."""
    parts: list[str] = []
    source = ""
    for name, kind in sorted(event.EVENTS.items()):
        if name.partition(":")[0] != source:
            source = name.partition(":")[0]
            parts.append(f"## {source}")
        rows = [
            [f"`{member.name}`", f"`{_type(member)}`", "no" if _optional(member) else "yes"]
            for member in fields(kind)
        ]
        parts.append(f"### `{name}`")
        if kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("):
            parts.append(" ".join(inspect.cleandoc(kind.__doc__).split()))
        if kind.ROLES:
            parts.append("Sealed payloads: " + ", ".join(f"`{role}`" for role in kind.ROLES) + ".")
        if rows:
            parts.append(_table(["member", "type", "required"], rows))
    return _page(
        "Ledger events",
        "src/remit/domain/event.py",
        "An entry of the ledger is one of these, named `source:subject:verb` in the past tense. A "
        "body never changes shape: a new shape is a new event. Bodies hold ids, codes, counts and "
        "keyed digests; content travels in sealed payloads. A member that is not required is left "
        "out when it is unknown.",
        *parts,
    )


def _type(member: Field[Any]) -> str:
    return member.type.__name__ if isinstance(member.type, type) else str(member.type)


def _optional(member: Field[Any]) -> bool:
    return member.default is not MISSING or member.default_factory is not MISSING


# -- settings ------------------------------------------------------------------------------------


def settings_page() -> str:
    """Return every table of `remit.toml` with its keys."""
    parts: list[str] = []
    for path, model in _tables("", settings.Settings):
        parts.append(f"## `[{path}]`{_kind(model)}" if path else "## At the top")
        own = vars(model).get("__doc__")
        if own and path:
            parts.append(" ".join(inspect.cleandoc(own).split()))
        rows = [
            [f"`{name}`", _annotation(info.annotation), _default(info), _bounds(info)]
            for name, info in model.model_fields.items()
            if not list(_inner("", name, info.annotation))
        ]
        if rows:
            parts.append(_table(["key", "type", "default", "bounds"], rows))
    return _page(
        "Settings",
        "src/remit/settings.py",
        "A project is a folder with a `remit.toml`. A key that is not listed here is refused, "
        "with its place. `REMIT_DATABASE`, `REMIT_KEYS`, `REMIT_HOST` and `REMIT_PORT` in the "
        "environment win over the file. `NAME` is a name of your choice.",
        *parts,
    )


def _tables(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, model
    for name, info in model.model_fields.items():
        for inner, table in _inner(path, name, info.annotation):
            yield from _tables(inner, table)


def _inner(path: str, name: str, hint: object) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the tables that a key opens: `[workflow]`, `[people.NAME]`, one of several kinds."""
    here = f"{path}.{name}" if path and name else path or name
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield here, hint
        return
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is dict:
        yield from _inner(f"{here}.NAME", "", arguments[1])
    elif origin is Annotated:
        yield from _inner(here, "", arguments[0])
    elif origin is UnionType:
        for one in arguments:
            yield from _inner(here, "", one)


def _kind(model: type[BaseModel]) -> str:
    """Return the one word that chooses this table among several kinds."""
    info = model.model_fields.get("kind") or model.model_fields.get("provider")
    return f" of the kind `{get_args(info.annotation)[0]}`" if info is not None else ""


def _annotation(hint: object) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(f'`"{word}"`' for word in get_args(hint))
    return f"`{hint.__name__ if isinstance(hint, type) and not get_args(hint) else hint}`"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    return "" if info.default is None else f"`{_written(info.default)}`"


def _written(value: object) -> str:
    return "[]" if value == frozenset() else str(value) if value != "" else '""'


def _bounds(info: FieldInfo) -> str:
    words = {
        "gt": ">",
        "ge": "≥",
        "lt": "<",
        "le": "≤",
        "min_length": "at least",
        "max_length": "at most",
    }
    found = [
        f"{word} {getattr(bound, name)}"
        for bound in info.metadata
        for name, word in words.items()
        if isinstance(getattr(bound, name, None), int | float)
    ]
    return ", ".join(found)


# -- writing --------------------------------------------------------------------------------------


def _page(title: str, source: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", NOTE.format(source=source), *parts]) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines: list[Sequence[object]] = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in lines)


def _cell(cell: object) -> str:
    return str(cell).replace("|", "\\|")


def _sentence(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors_page,
    "lifecycles.md": lifecycles_page,
    "events.md": events_page,
    "settings.md": settings_page,
}

if __name__ == "__main__":
    sys.exit(main())
