"""What tells two books apart: rule by rule as text, and verdict by verdict as flips."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff

from remit.domain.approval import Requirement
from remit.domain.decision import Decision, GateVerdict
from remit.domain.frozen import dataclass
from remit.domain.value import digest
from remit.policy.book import PolicyBook
from remit.policy.invariants import FILE
from remit.policy.rule import statements


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One rule that stands otherwise, or in one of the books only."""

    rule: str
    kind: str  # added | removed | changed
    lines: tuple[str, ...]  # as a text diff


def changes(before: PolicyBook, after: PolicyBook) -> tuple[RuleChange, ...]:
    """Return the rules that differ, by id; where a rule stands in its file is no difference."""
    old, new = _by_rule(before), _by_rule(after)
    found = []
    for rule in sorted({*old, *new}):
        first, second = old.get(rule, ""), new.get(rule, "")
        if first == second:
            continue
        kind = "added" if not first else "removed" if not second else "changed"
        lines = unified_diff(first.splitlines(), second.splitlines(), lineterm="", n=100)
        shown = tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))
        found.append(RuleChange(rule=rule, kind=kind, lines=shown))
    return tuple(found)


def change_digest(before: Mapping[str, str], after: PolicyBook) -> str:
    """Return what a signature under a change of these files is bound to: both books, whole."""
    return digest(
        {
            "before": {**_signed(before)},
            "after": {**_signed(after.texts)},
            "slices": {name: one.digest for name, one in after.slices.items()},
        }
    )


def loosens(before: Decision, after: Decision) -> bool:
    """Tell whether the second decision lets more pass than the first, or asks fewer people."""
    if after.verdict is not before.verdict:
        return after.verdict.rank < before.verdict.rank
    if after.verdict is not GateVerdict.HOLD:
        return False
    if after.performable and not before.performable:
        return True
    return not asks_as_much(after.requirements, before.requirements)


def asks_as_much(these: Sequence[Requirement], those: Sequence[Requirement]) -> bool:
    """Do these requirements ask for everybody that those ask for?"""
    asked: dict[str, int] = {}
    for one in these:
        asked[one.role] = max(asked.get(one.role, 0), one.people)
    return all(asked.get(one.role, 0) >= one.people for one in those)


def _signed(texts: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(texts.items()))


def _by_rule(book: PolicyBook) -> dict[str, str]:
    return {
        **dict(_rules(book)),
        **{
            f"invariant: {one.says}": _invariant(one.never, one.actions) for one in book.invariants
        },
    }


def _rules(book: PolicyBook) -> Iterator[tuple[str, str]]:
    stands = {(rule.place.file, rule.place.line): rule.id for rule in book.rules.values()}
    for name, text in book.texts.items():
        if name == FILE:
            continue
        for line, statement in statements(text):
            yield stands[name, line], statement


def _invariant(never: str, actions: tuple[str, ...] | None) -> str:
    return f"never: {never}\nactions: {'every' if actions is None else ', '.join(actions)}"
