"""What no rule may ever allow, written beside the rules and judged whenever something is asked.

`invariants.toml` in the folder of rules:

    [[invariant]]
    says = "Nobody refunds more than 500 euro alone"
    never = "context.args.amount > 50000 && context.facts.approvals < 2"
    actions = ["refund-desk.issue_refund"]     # left out: every action

The condition is an expression of Cedar. A request that meets it must not be allowed.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from remit.domain.value import Json
from remit.errors import PolicyLoadError
from remit.policy import cedar
from remit.policy.rule import Place

FILE = "invariants.toml"
INVARIANTS_MAX = 500

_KEYS = {"says", "never", "actions"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """One condition under which nothing may be allowed."""

    says: str
    never: str
    place: str
    actions: tuple[str, ...] | None  # None: every action
    tree: Mapping[str, Json]  # of a permit that applies where the condition is met
    handle: cedar.PolicySet

    def covers(self, action: str) -> bool:
        """Is it about that action?"""
        return self.actions is None or action in self.actions


def read(text: str, schema: cedar.Schema, *, actions: Collection[str]) -> tuple[Invariant, ...]:
    """Return the invariants of a file; raises `PolicyLoadError` naming which one is wrong."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyLoadError(f"{FILE} cannot be read: {error}") from error
    given = told.get("invariant", [])
    if set(told) - {"invariant"} or not isinstance(given, list):
        raise PolicyLoadError(f"{FILE}: write a list of tables, `[[invariant]]`")
    if len(given) > INVARIANTS_MAX:
        raise PolicyLoadError(f"{FILE} holds {len(given)} invariants; {INVARIANTS_MAX} at most")
    return tuple(
        _invariant(one, f"{FILE}, invariant {number}", schema, actions=actions)
        for number, one in enumerate(given, start=1)
    )


def text_of(folder: Path) -> str | None:
    """Return what stands in the file of a folder; None where there is none."""
    file = folder / FILE
    if not file.exists():
        return None
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyLoadError(f"{FILE} cannot be read as UTF-8 text: {error}") from error


def _invariant(
    told: object, place: str, schema: cedar.Schema, *, actions: Collection[str]
) -> Invariant:
    if not isinstance(told, dict) or set(told) - _KEYS:
        raise PolicyLoadError(f"{place}: write only {', '.join(sorted(_KEYS))}")
    says, never, named = told.get("says"), told.get("never"), told.get("actions")
    if not (isinstance(says, str) and says and isinstance(never, str) and never):
        raise PolicyLoadError(f"{place}: `says` is a sentence, `never` a condition")
    if named is not None and (not isinstance(named, list) or not named):
        raise PolicyLoadError(f"{place}: `actions` is a list of names, or left out")
    for one in named or ():
        if one not in actions:
            raise PolicyLoadError(f"{place}: there is no action `{one}`")
    scope = "action"
    if named is not None:
        scope = "action in [" + ", ".join(f'Action::"{one}"' for one in named) + "]"
    statement = f"permit (principal, {scope}, resource) when {{ {never} }};"
    here = Place(file=place, line=1)
    tree = cedar.parse(statement, here)
    if len(tree.get("conditions", ())) != 1 or tree.get("effect") != "permit":  # type: ignore[arg-type]  # a list of conditions
        raise PolicyLoadError(f"{place}: `never` is one condition")
    cedar.validate(here, "the invariant", statement, schema)
    return Invariant(
        says=says,
        never=never,
        place=place,
        actions=None if named is None else tuple(str(one) for one in named),
        tree=tree,
        handle=cedar.handle_of({"invariant": tree}),
    )
