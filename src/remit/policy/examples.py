"""Examples that stand beside the rules: each rule shows once that it applies and once that not.

`refund-desk.examples.toml` beside `refund-desk.cedar`:

    [[example]]
    rule = "two-above-500"
    action = "refund-desk.issue_refund"
    applies = true
    expect = "hold"                        # what all rules together say
    arguments = { order_id = "1007", amount = "600.00 EUR" }
    facts = { days_since_delivery = 3 }
    record = { total = "600.00 EUR" }      # fields of the record acted upon
    approvers = { refund-approver = ["maria.k", "tomasz.w"] }
    assumptions = { amount = ["separators_by_locale"] }   # what an argument or a fact rests on

A required text argument may be left out where it does not matter.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Protocol

from remit.domain.assumption import is_known
from remit.domain.decision import GateVerdict, PolicyAnswer
from remit.domain.money import Money
from remit.domain.value import Canonical, canonical
from remit.errors import PolicyLoadError
from remit.policy.request import PolicyRequest
from remit.policy.rule import Rule

EXAMPLES_MAX = 10_000

Ask = Callable[[PolicyRequest], PolicyAnswer]

_KEYS = {
    "rule",
    "action",
    "applies",
    "expect",
    "arguments",
    "facts",
    "record",
    "approvers",
    "assumptions",
    "says",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One request and what is expected of it."""

    rule: str
    applies: bool
    expect: GateVerdict
    request: PolicyRequest
    place: str


class Words(Protocol):
    """The type words of what an action's rules may read."""

    @property
    def arguments(self) -> Mapping[str, str]: ...
    @property
    def required(self) -> frozenset[str]: ...
    @property
    def facts(self) -> Mapping[str, str]: ...
    @property
    def weighed(self) -> Sequence[str]: ...
    @property
    def fields(self) -> Mapping[str, str]: ...


def read(
    folder: Path, *, slices: Mapping[str, Words], rules: Mapping[str, Rule]
) -> tuple[Example, ...]:
    """Return the examples of all `*.examples.toml` in this folder.

    Raises `PolicyLoadError` naming the file and the example.
    """
    found = []
    for file in sorted(folder.glob("*.examples.toml")):
        try:
            told = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise PolicyLoadError(f"{file.name} cannot be read: {error}") from error
        given = told.get("example", [])
        if not isinstance(given, list):
            raise PolicyLoadError(f"{file.name}: `example` is a list of tables, `[[example]]`")
        for number, one in enumerate(given, start=1):
            place = f"{file.name}, example {number}"
            found.append(_example(one, place, slices=slices, rules=rules))
    if len(found) > EXAMPLES_MAX:
        raise PolicyLoadError(f"`{folder}` holds {len(found)} examples; {EXAMPLES_MAX} at most")
    return tuple(found)


def run(
    examples: Sequence[Example],
    *,
    rules: Mapping[str, Rule],
    ask: Ask,
    ask_without: Callable[[str, PolicyRequest], PolicyAnswer],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Run all examples; return what is not shown, and which rules are idle.

    Raises `PolicyLoadError` for an example that turns out otherwise.
    """
    needed = set[str]()
    shown = {True: set[str](), False: set[str]()}
    for example in examples:
        answer = ask(example.request)
        fired = {*answer.permits, *(forbid.rule for forbid in answer.forbids)}
        got = verdict(answer)
        if answer.diagnostics:
            raise PolicyLoadError(f"{example.place}: {answer.diagnostics[0]}")
        if (example.rule in fired) is not example.applies:
            word = "does not apply" if example.applies else "applies"
            raise PolicyLoadError(f"{example.place}: rule `{example.rule}` {word}")
        if got is not example.expect:
            raise PolicyLoadError(
                f"{example.place}: the rules say {got}, {example.expect} is expected"
            )
        shown[example.applies].add(example.rule)
        if example.applies:
            if verdict(ask_without(example.rule, example.request)) is not got:
                needed.add(example.rule)
            _lifts(example, rules[example.rule], ask)
    missing = tuple(
        f"rule `{rule}` has no example in which it {'applies' if kind else 'does not apply'}"
        for rule in rules
        for kind in (True, False)
        if rule not in shown[kind]
    )
    idle = tuple(
        f"rule `{rule}` is idle: without it every example turns out the same"
        for rule in sorted(shown[True] - needed)
    )
    return missing, idle


def verdict(answer: PolicyAnswer) -> GateVerdict:
    """Return what the gate makes of this answer alone."""
    if answer.diagnostics or answer.decision is None:
        return GateVerdict.FAULT
    if any(not one.escalate and one.requirement is None for one in answer.forbids):
        return GateVerdict.DENY
    if any(one.escalate for one in answer.forbids):
        return GateVerdict.ESCALATE
    return GateVerdict.ALLOW if answer.decision == "allow" else GateVerdict.HOLD


def _lifts(example: Example, rule: Rule, ask: Ask) -> None:
    """Refuse a rule that asks for n people and is not lifted by exactly n."""
    asked = rule.requirement
    if asked is None:
        return
    people = [f"person-{number}" for number in range(asked.people)]
    for count in (asked.people - 1, asked.people):
        agreed = {asked.role: frozenset(people[:count])}
        answer = ask(replace(example.request, approvers=agreed))
        fires = rule.id in {forbid.rule for forbid in answer.forbids}
        if fires is (count == asked.people):
            raise rule.place.refuse(
                f"rule `{rule.id}` asks for {asked.people} and "
                f"{'still' if fires else 'no longer'} applies with {count}; end it with "
                f"`unless {{ context.facts.approvals >= {asked.people} }}`"
            )


def _example(
    told: object,
    place: str,
    *,
    slices: Mapping[str, Words],
    rules: Mapping[str, Rule],
) -> Example:
    if not isinstance(told, dict) or set(told) - _KEYS:
        raise PolicyLoadError(f"{place}: write only {', '.join(sorted(_KEYS))}")
    rule, action = told.get("rule"), str(told.get("action"))
    if rule not in rules:
        raise PolicyLoadError(f"{place}: there is no rule `{rule}`")
    words = slices.get(action)
    if words is None:
        raise PolicyLoadError(f"{place}: there is no action `{action}`")
    applies, expect = told.get("applies"), told.get("expect")
    if not isinstance(applies, bool) or expect not in {"allow", "hold", "escalate", "deny"}:
        raise PolicyLoadError(
            f"{place}: `applies` is true or false; `expect` is allow, hold, escalate or deny"
        )
    try:
        request = request_of(told, action, words)
    except (AttributeError, TypeError, ValueError, InvalidOperation) as error:
        raise PolicyLoadError(f"{place}: {error}") from error
    return Example(
        rule=str(rule),
        applies=applies,
        expect=GateVerdict(str(expect)),
        request=request,
        place=place,
    )


def request_of(told: object, action: str, words: Words) -> PolicyRequest:
    """Return the request that a table tells; raises what its values raise."""
    if not isinstance(told, dict):
        raise TypeError("a request is told by a table")
    workflow, _, name = action.rpartition(".")
    approvers = told.get("approvers", {})
    return PolicyRequest(
        workflow=workflow,
        action=name,
        case_id="example",
        arguments=_fillers(words) | _values(told.get("arguments", {}), words.arguments),
        facts=_values(told.get("facts", {}), words.facts),
        record="example",
        fields=_values(told.get("record", {}), words.fields),
        approvers={role: frozenset(people) for role, people in approvers.items()},
        assumptions=_assumptions(told.get("assumptions", {}), words.weighed),
    )


def _assumptions(
    told: Mapping[str, Sequence[str]], weighed: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return what an example says arguments and facts rest on; unknown codes are refused."""
    for name, codes in told.items():
        if name not in weighed:
            raise ValueError(f"`{name}` is nothing whose assumptions the rules can read")
        if unknown := [code for code in codes if not is_known(code)]:
            raise ValueError(f"`{unknown[0]}` is no assumption that intake makes")
    return {name: tuple(codes) for name, codes in told.items()}


def _fillers(words: Words) -> dict[str, Canonical]:
    return {
        name: canonical("example")
        for name, word in words.arguments.items()
        if word == "text" and name in words.required
    }


def _values(told: Mapping[str, object], words: Mapping[str, str]) -> dict[str, Canonical]:
    for name in told:
        if name not in words:
            raise ValueError(f"`{name}` is nothing that the rules of this action can read")
    return {name: _value(value, words[name]) for name, value in told.items()}


def _value(told: object, word: str) -> Canonical:
    """Return a TOML value as the declared type; money is written `19.00 EUR`."""
    match word, told:
        case "money", str():
            return canonical(Money.of(told))
        case "decimal", str() | int():
            return canonical(Decimal(told))
        case "date", str():
            return canonical(date.fromisoformat(told))
        case "instant", str():
            return canonical(datetime.fromisoformat(told))
        case _:
            return canonical(told)
