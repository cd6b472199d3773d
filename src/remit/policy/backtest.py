"""Decisions of the past, made again under another book: what flips, and by which rule.

Everything else the gate was told stays as it was: reservations, votes, stops, proofs.
"""

from dataclasses import replace

from remit.domain.decision import Decision, GateFacts, PolicyAnswer
from remit.domain.frozen import dataclass
from remit.policy import gate
from remit.policy.book import PolicyBook, ask, broken
from remit.policy.difference import loosens
from remit.policy.request import PolicyRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """One recorded decision beside the one that the other book would have led to."""

    before: Decision
    after: Decision
    rules: tuple[str, ...]  # that apply in one of the two only
    loosens: bool
    broken: tuple[str, ...]  # invariants that the other book breaks here, in their words

    @property
    def flips(self) -> bool:
        """Does it turn out otherwise, in verdict or in who must agree?"""
        return self.loosens or (self.before.verdict, self.before.requirements) != (
            self.after.verdict,
            self.after.requirements,
        )


def again(facts: GateFacts, decision: Decision, request: PolicyRequest, book: PolicyBook) -> Again:
    """Make a recorded decision again under a book."""
    answer = ask(book, request)
    after = gate.decide(replace(facts, policy=answer))
    return Again(
        before=decision,
        after=after,
        rules=tuple(sorted(_fired(facts.policy) ^ _fired(answer))),
        loosens=loosens(decision, after),
        broken=tuple(one.says for one in broken(book, request)),
    )


def _fired(answer: PolicyAnswer) -> set[str]:
    return {*answer.permits, *(one.rule for one in answer.forbids)}
