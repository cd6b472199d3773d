"""What proves that other limits allow less of an action, and which recorded rows they would hold.

A limit that is the same but for a lower bound lets pass, in the same state, only what the one
before lets pass. One that is new counts what nobody counted until now, so of the past nothing can
be told by it; one that is gone, or counts otherwise, may allow more.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from remit.domain.action import ActionSpec
from remit.domain.frozen import dataclass
from remit.domain.limit import Limit, form_of
from remit.domain.value import Json, digest
from remit.governance.decided import Decided, Unreadable
from remit.governance.proven import SAME, Proof
from remit.policy import rules

LIMITS: Final = "limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedLimits:
    """The limits of a workflow before and after, and the actions that they may cover."""

    workflow: str
    before: tuple[Limit, ...]
    after: tuple[Limit, ...]
    specs: Mapping[str, ActionSpec]

    def kind(self, action: str) -> str:
        """Return which proof there is; empty: none can be had."""
        old, new = (self._covering(action, limits) for limits in (self.before, self.after))
        if old == new:
            return SAME
        narrower = old.keys() == new.keys() and all(
            _allows_less(old[name], new[name]) for name in old
        )
        return LIMITS if narrower else ""

    def proof(self, action: str, kind: str) -> Proof:
        """Return a proof of that kind, bound to the limits that it is about."""
        told = [
            [form_of(one) for one in self._covering(action, limits).values()]
            for limits in (self.before, self.after)
        ]
        said: list[Json] = [f"{self.workflow}.{action}", kind, [*told[0]], [*told[1]]]
        return Proof(kind=kind, digest=digest(said))

    def runs(self, one: Decided | Unreadable) -> bool | None:
        """Say whether a decided row would run under the limits after, in the state of then."""
        if isinstance(one, Unreadable):
            return None
        most = {
            limit.name: limit.max
            for limit in self._covering(one.facts.action, self.after).values()
        }
        told = tuple(
            replace(fact, max=min(fact.max, most.get(fact.name, fact.max)))
            for fact in one.facts.limits
        )
        return next(rules.limits(replace(one.facts, limits=told)), None) is None

    def _covering(self, action: str, limits: tuple[Limit, ...]) -> dict[str, Limit]:
        spec = self.specs[action]
        found = sorted((one for one in limits if one.covers(spec)), key=lambda one: one.name)
        return {one.name: replace(one, owner="") for one in found}


def _allows_less(old: Limit, new: Limit) -> bool:
    """Say whether a limit is another by a lower bound alone, or by not being approved beyond."""
    same = replace(new, max=old.max, escalates=old.escalates) == old
    return same and new.max <= old.max and new.escalates >= old.escalates
