"""The same rules for every engine: a permit above nothing, and forbids above large amounts.

`narrow`: twenty rules an action, the rest are about other actions. `broad`: all rules are about
the one action that is asked. Each rule looks at the amount; no forbid applies to what is asked.
"""

from dataclasses import dataclass

SIZES = (20, 200, 2000)
LAYOUTS = ("narrow", "broad")
RULES_AN_ACTION = 20
AMOUNT = 1900  # what is asked for, in cents


@dataclass(frozen=True)
class Rule:
    """One rule: it permits above, or forbids above, an amount."""

    name: str
    action: str
    permits: bool
    above: int


def rules(size: int, layout: str) -> list[Rule]:
    """Return that many rules; the first action is the one that is asked about."""
    made = []
    for number in range(size):
        place = number // RULES_AN_ACTION if layout == "narrow" else 0
        first = number % RULES_AN_ACTION == 0 if layout == "narrow" else number == 0
        made.append(
            Rule(
                name=f"rule-{number}",
                action=action(place),
                permits=first,
                above=0 if first else 1_000_000 + number,
            )
        )
    return made


def action(place: int) -> str:
    """Return the name of an action; 0 is asked about."""
    return f"issue_refund_{place}"
