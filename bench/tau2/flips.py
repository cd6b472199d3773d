"""How many recorded decisions would turn out otherwise without a rule."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from remit.domain.decision import PolicyAnswer
from remit.policy.examples import verdict


def flips(answers: Sequence[PolicyAnswer], rules: Collection[str]) -> dict[str, int]:
    """Return for each rule how many of these answers mean something else without it.

    An answer names every rule that applied, so what it would be without one needs no new question.
    """
    count = Counter(dict.fromkeys(rules, 0))
    for answer in answers:
        before = verdict(answer)
        for name in {*answer.permits, *(one.rule for one in answer.forbids)}:
            count[name] += verdict(without(answer, name)) is not before
    return dict(count)


def without(answer: PolicyAnswer, rule: str) -> PolicyAnswer:
    """Return the answer as it would be without this rule."""
    permits = tuple(one for one in answer.permits if one != rule)
    forbids = tuple(one for one in answer.forbids if one.rule != rule)
    decision = "allow" if permits and not forbids else "deny"
    return replace(answer, permits=permits, forbids=forbids, decision=decision)
