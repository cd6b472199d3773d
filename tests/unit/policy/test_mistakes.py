"""Two hundred mistakes in rules: none reaches an allow, each is named with file, rule and line."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from remit.domain.action import ActionSpec, ParamSpec, Risk
from remit.errors import PolicyLoadError
from remit.policy import folder as folders
from tests.rulebook import DECLARED, HEAD, OWNERS, SPECS, WORKFLOW

NAMES = [f"do_{number}" for number in range(10)]
GOOD = "".join(
    f'@id("may-{number}") {HEAD}\npermit (principal, action == Action::"{WORKFLOW}.{name}", '
    "resource);\n"
    for number, name in enumerate(NAMES)
)
# What stands in a rule, and what a hurried hand makes of it.
MISTAKES = {
    "misspelt argument": ("context.args.amount > 1", "context.args.amout > 1"),
    "misspelt fact": ("context.args.amount > 1", "context.facts.aprovals > 1"),
    "misspelt record": ("context.args.amount > 1", "context.arg.amount > 1"),
    "unguarded optional": ("context.args.amount > 1", "context.args.fee > 1"),
    "unguarded fact": ("context.args.amount > 1", "context.facts.days > 1"),
    "unguarded case": ("context.args.amount > 1", 'principal.channel == "email"'),
    "text for a number": ("context.args.amount > 1", 'context.args.amount > "1"'),
    "float": ("context.args.amount > 1", "context.args.amount > 1.5"),
    "too large": ("context.args.amount > 1", "context.args.amount > 9223372036854775808"),
    "number for text": ("context.args.amount > 1", "context.args.amount_currency == 1"),
    "content read": ("context.args.amount > 1", 'context.args.note == "x"'),
    "lost bracket": ("context.args.amount > 1", "(context.args.amount > 1"),
    "assignment": ("context.args.amount > 1", "context.args.amount = 1"),
    "number as truth": ("context.args.amount > 1", "context.args.amount"),
    "unknown action": (f'"{WORKFLOW}.do_', f'"{WORKFLOW}.undo_'),
    "no semicolon": ("};", "}"),
    "unknown owner": ("maria.k", "maria.q"),
    "no such date": ("2026-11-01", "2026-11-31"),
    "no sentence": ('@says("Because") ', ""),
    "unknown obligation": ('@id("stop', '@obligation("aprove(n=2, role=lead)") @id("stop'),
    "escalate with brackets": ('@id("stop', '@obligation("escalate(now=1)") @id("stop'),
    "nobody asked": ('@id("stop', '@obligation("approve(n=0, role=lead)") @id("stop'),
}  # fmt: skip


def specs() -> list[ActionSpec]:
    like = SPECS[0]
    params: tuple[ParamSpec, ...] = like.params
    return [
        ActionSpec(
            workflow=WORKFLOW, name=name, risk=Risk.MONEY, params=params, says=name, undo=None,
            irreversible=False, on=like.on, facts=like.facts,
        )
        for name in NAMES
    ]  # fmt: skip


def forbid(name: str) -> str:
    return (
        f'@id("stop-{name.replace("_", "-")}") {HEAD}\n'
        f'forbid (principal, action == Action::"{WORKFLOW}.{name}", resource)\n'
        "when { context.args.amount > 1 };\n"
    )


def load(folder: Path, text: str) -> None:
    (folder / "desk.cedar").write_text(GOOD + text, "utf-8")
    folders.load(folder, replace(DECLARED, specs=tuple(specs())), owners=OWNERS)


def test_the_rules_are_in_order_without_a_mistake(tmp_path: Path) -> None:
    load(tmp_path, "".join(forbid(name) for name in NAMES))
    assert len(MISTAKES) * len(NAMES) >= 200


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_no_book_and_is_named(mistake: str, name: str, tmp_path: Path) -> None:
    """A book that does not load permits nothing: tests/stories/test_rules_refused.py."""
    right, wrong = MISTAKES[mistake]
    assert right in forbid(name)
    with pytest.raises(PolicyLoadError) as refused:
        load(tmp_path, forbid(name).replace(right, wrong))

    said = str(refused.value)
    place = re.match(r"desk\.cedar, line (\d+): ", said)
    assert place, said
    assert int(place[1]) == 2 * len(NAMES) + 1, "the line on which the rule begins"
    unreadable = "not a rule that Cedar can read" in said
    assert unreadable or f"stop-{name.replace('_', '-')}" in said or "has no `@says`" in said
