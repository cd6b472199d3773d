"""Write the reference pages that follow from code; `--check` only says which are out of date."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "src"))

from remit import errors  # noqa: E402 - the page shows this checkout, installed or not
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
}

if __name__ == "__main__":
    sys.exit(main())
