"""Asking the rules about a request that somebody tells: verdict, rules, and what would lift it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import InvalidOperation

from remit.domain.autonomy import Level
from remit.domain.decision import PolicyAnswer
from remit.domain.frozen import dataclass
from remit.errors import NotFoundError, RequestInvalidError
from remit.policy import wording
from remit.policy.book import PolicyBook, ask
from remit.policy.examples import request_of, verdict
from remit.policy.request import PolicyRequest
from remit.policy.rule import Rule

_PLAIN = {"integer", "boolean", "list"}  # what is no text in a rule's file


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request as people tell it: values as text, `19.00 EUR` for money."""

    action: str  # `desk.action`
    arguments: Mapping[str, str]
    facts: Mapping[str, str]
    record: Mapping[str, str]
    approvers: Mapping[str, Sequence[str]]  # role -> who agreed
    level: str = ""  # empty: approve-each


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the rules say of a request."""

    action: str
    verdict: str  # allow | hold | deny | escalate | fault
    rules: tuple[str, ...]  # that apply
    lines: tuple[str, ...]


def request(book: PolicyBook, told: Question) -> PolicyRequest:
    """Return the request that is told; raises `NotFoundError` and `RequestInvalidError`."""
    words = book.slices.get(told.action)
    if words is None:
        known = ", ".join(sorted(book.slices))
        raise NotFoundError(f"there is no action `{told.action[:100]}`; there are: {known}")
    try:
        made = request_of(
            {
                "arguments": _typed(told.arguments, words.arguments),
                "facts": _typed(told.facts, words.facts),
                "record": _typed(told.record, words.fields),
                "approvers": told.approvers,
            },
            told.action,
            words,
        )
        return replace(made, level=Level(told.level)) if told.level else made
    except (ValueError, TypeError, InvalidOperation) as error:
        raise RequestInvalidError(f"the request cannot be asked: {error}") from error


def answered(book: PolicyBook, told: Question) -> Told:
    """Ask a book about a request; raises what `request` raises."""
    said = ask(book, request(book, told))
    return Told(
        action=told.action,
        verdict=verdict(said).value,
        rules=(*said.permits, *(one.rule for one in said.forbids)),
        lines=tuple(lines(said, book.rules)),
    )


def lines(said: PolicyAnswer, rules: Mapping[str, Rule]) -> list[str]:
    """Return what the rules say of one request, each with its owner and place."""
    found = [f"the rules say {verdict(said).value}"]
    found += [f"  permitted by {_named(name, rules)}" for name in said.permits]
    if not said.permits:
        found.append("  no rule permits it; a rule that does would lift this, or its owner's yes")
    for one in said.forbids:
        found.append(f"  forbidden by {_named(one.rule, rules)}")
        if one.requirement is not None:
            found.append(f"    lifted by {wording.people(one.requirement)}")
        elif one.escalate:
            found.append("    a person decides on it, outside of the workflow")
        else:
            found.append("    nothing lifts it")
    found += [f"  failed: {one}" for one in said.diagnostics]
    found += [f"  asks {one.kind}({one.value})" for one in said.obligations]
    return found


def _typed(given: Mapping[str, str], words: Mapping[str, str]) -> dict[str, object]:
    """Return values as the rules' files would have them: numbers and truths are no text."""
    return {
        name: json.loads(text) if words.get(name) in _PLAIN else text
        for name, text in given.items()
    }


def _named(name: str, rules: Mapping[str, Rule]) -> str:
    rule = rules[name]
    return f"{name}: {rule.says} ({rule.owner}, {rule.place.file} line {rule.place.line})"
