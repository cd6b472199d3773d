"""Does another book of rules let more pass? Searched, proved where a solver is, and said so."""

import importlib
import importlib.util
from collections.abc import Iterator, Sequence

from remit.domain.frozen import dataclass
from remit.policy import difference, witnesses
from remit.policy.book import PolicyBook
from remit.policy.difference import RuleChange
from remit.policy.request import PolicyRequest
from remit.policy.witnesses import Searched

ALLOWED = "allowed"  # why a change waits: a request that comes nearer to an allow
FLIPS = "flips"  # a recorded decision that would
INVARIANT = "invariant"  # what was never to be allowed is not said any more
SAMPLED = "sampled"  # more requests than could be asked, and nothing proved
UNREADABLE = "unreadable"  # the rules in force do not fit the code any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What tells two books apart, and how far anybody looked."""

    changes: tuple[RuleChange, ...]
    searched: tuple[Searched, ...]
    newly: tuple[tuple[str, PolicyRequest], ...]  # what a solver found, by action
    proved: tuple[str, ...]  # actions of which nothing is newly allowed, by proof

    @property
    def codes(self) -> tuple[str, ...]:
        """Why this change needs people; empty where it surely lets nothing more pass."""
        found = []
        if self.newly or any(one.witnesses for one in self.searched):
            found.append(ALLOWED)
        if any(one.rule.startswith("invariant: ") and one.kind != "added" for one in self.changes):
            found.append(INVARIANT)
        if any(one.asked < one.possible and one.action not in self.proved
               for one in self.searched):  # fmt: skip
            found.append(SAMPLED)
        return tuple(found)


def weigh(before: PolicyBook, after: PolicyBook, *, prove: bool = True) -> Weighed:
    """Compare two books over the same code: rule by rule, by search, and by proof where it can."""
    searched = tuple(witnesses.search(before, after))
    found = list(_solved(before, after, [one.action for one in searched])) if prove else []
    return Weighed(
        changes=difference.changes(before, after),
        searched=searched,
        newly=tuple((action, request) for action, request in found if request is not None),
        proved=tuple(action for action, request in found if request is None),
    )


def same(before: PolicyBook, after: PolicyBook) -> bool:
    """Do two books decide alike? Comments, file names and where a rule stands are no difference.

    What must never be allowed belongs to it.
    """
    return before.digest == after.digest and _never(before) == _never(after)


def _never(book: PolicyBook) -> set[tuple[str, str, tuple[str, ...] | None]]:
    return {(one.says, one.never, one.actions) for one in book.invariants}


def _solved(
    before: PolicyBook, after: PolicyBook, actions: Sequence[str]
) -> Iterator[tuple[str, PolicyRequest | None]]:
    """Yield what the solver says of each action that it can tell: None where it is proved."""
    if importlib.util.find_spec("z3") is None:
        return
    analysis = importlib.import_module("remit.policy.analysis")
    for action in actions:
        try:
            yield action, analysis.newly_allowed(before, after, action).request
        except analysis.NotAnalysed:
            continue
