"""What the record and its readers speak: errors, states and their moves, events."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from types import ModuleType
from typing import Any

from pages.markdown import page, table
from remit import errors
from remit.domain import (  # noqa: F401 - events register
    approval,
    case,
    effect,
    entry,
    event,
    incident,
)
from remit.intake import reasons
from remit.ledger import semantics

# -- errors --------------------------------------------------------------------------------------


def errors_page() -> str:
    """Return the error catalogue: the tree, then each error with its code."""
    tree = list(_tree(errors.RemitError))
    drawn = "\n".join("    " * depth + kind.__name__ for depth, kind in tree)
    rows = [
        [f"`{kind.code}`", f"`{kind.__name__}`", kind.status, kind.exit_code, _sentence(kind)]
        for kind in sorted((kind for _, kind in tree), key=lambda kind: kind.code)
    ]
    return page(
        "Errors",
        "src/remit/errors.py",
        "Every error has a code that never changes, the HTTP status that the API answers with, "
        "and the exit code of a command. Its message says what to do next and never holds the "
        "original of a masked value. Catch the narrowest class.",
        f"```text\n{drawn}\n```",
        table(["code", "class", "HTTP", "exit", "meaning"], rows),
    )


def _tree(
    kind: type[errors.RemitError], depth: int = 0
) -> Iterator[tuple[int, type[errors.RemitError]]]:
    yield depth, kind
    for child in (one for one in kind.__subclasses__() if one.__module__ == errors.__name__):
        yield from _tree(child, depth + 1)


# -- lives ---------------------------------------------------------------------------------------

LIVES: dict[str, tuple[ModuleType, type[StrEnum]]] = {
    "Case": (case, case.CaseStatus),
    "Approval": (approval, approval.ApprovalState),
    "Proposal and effect": (effect, effect.EffectState),
    "Incident": (incident, incident.IncidentState),
}


def lifecycles_page() -> str:
    """Return the states of what lives, drawn from their tables of legal moves."""
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
        parts += [f"## {title}", doc, _diagram(moves), table(["from", "to", "who: when"], rows)]
        parts.append(f"Ends in {ends}.")
    return page(
        "Lives of a case, an approval, an effect and an incident",
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


def _role(kind: type[entry.Event], role: str) -> str:
    return f"`{role}` (outlives an erasure)" if role in kind.FACTS else f"`{role}`"


# -- events --------------------------------------------------------------------------------------


def events_page() -> str:
    """Return every ledger event with its body and its sealed payloads."""
    parts: list[str] = []
    source = ""
    for name, kind in sorted(entry.EVENTS.items()):
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
            parts.append(
                "Sealed payloads: " + ", ".join(_role(kind, role) for role in kind.ROLES) + "."
            )
        if rows:
            parts.append(table(["member", "type", "required"], rows))
    return page(
        "Ledger events",
        "src/remit/domain/event.py and *_event.py",
        "An entry of the ledger is one of these, named `source:subject:verb` in the past tense. A "
        "body never changes shape: a new shape is a new event. Bodies hold ids, codes, counts and "
        "keyed digests; content travels in sealed payloads. A member that is not required is left "
        "out when it is unknown.",
        *parts,
    )


def rules_page() -> str:
    """Return the rules that `remit ledger verify --semantic` judges by."""
    return page(
        "Rules for entries",
        "src/remit/ledger/semantics.py",
        "`remit ledger verify --semantic` judges what entries mean together by these rules; a "
        "finding names the code. `tests/unit/ledger/test_semantics.py` breaks each of them.",
        table(["code", "rule"], [[f"`{code}`", rule] for code, rule in semantics.RULES.items()]),
    )


def reasons_page() -> str:
    """Return why input is set aside: every code with its sentence."""
    rows = [[f"`{code}`", reasons.sentence(code)] for code in reasons.ReasonCode]
    return page(
        "Reasons why input waits",
        "src/remit/intake/reasons.py",
        "Input is right, right with a recorded assumption, or set aside with one of these codes, "
        "and never guessed. The sentence names what was seen where that is not private, here "
        "*the value*; beside it stand the readings that are left, in no order of likelihood.",
        table(["code", "what is said to people"], rows),
    )


def _type(member: Field[Any]) -> str:
    return member.type.__name__ if isinstance(member.type, type) else str(member.type)


def _optional(member: Field[Any]) -> bool:
    return member.default is not MISSING or member.default_factory is not MISSING


def _sentence(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())
