"""What proves that other rules allow less of an action, and which recorded rows still would run.

A proof is the same rules, an analysis by a solver, or 90 days of decisions made again without one
that comes nearer to an allow, where a search beside all literals found none either. Where nothing
of this is had, nothing is proved.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.domain.plan import DAY_US
from remit.domain.value import Json, digest
from remit.governance import decided
from remit.governance.decided import Decided, Unreadable
from remit.ledger.seal import KeyRing
from remit.policy import backtest, rules
from remit.policy import weighing as comparing
from remit.policy.book import PolicyBook, ask
from remit.policy.weighing import Weighed
from remit.store.connection import Connection

SAME, ANALYSIS, BACKTEST = "same", "analysis", "backtest"
BACK_US: Final = 90 * DAY_US  # of decisions that are made again
Runs = Callable[[Decided | Unreadable], bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What shows that no more of an action is allowed than before."""

    kind: str  # same | analysis | backtest | limits
    digest: str  # of what it rests on
    decisions: int = 0  # that were made again


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two books over the same code, with what is known of the step from one to the other."""

    workflow: str
    before: PolicyBook
    after: PolicyBook
    weighed: Weighed

    def kind(self, action: str) -> str:
        """Return which proof there is, a backtest not yet made; empty: none can be had."""
        name = f"{self.workflow}.{action}"
        old, new = self.before.slices.get(name), self.after.slices.get(name)
        if old is None or new is None:
            return ""
        if old.digest == new.digest:
            return SAME
        found = [one for one in self.weighed.searched if one.action == name]
        if not found or any(one.witnesses for one in found):
            return ""
        if any(one == name for one, _ in self.weighed.newly):
            return ""
        if name in self.weighed.proved:
            return ANALYSIS
        return BACKTEST if all(one.asked >= one.possible for one in found) else ""

    def proof(self, action: str, kind: str, *, decisions: int = 0) -> Proof:
        """Return a proof of that kind, bound to the rules that it is about."""
        name = f"{self.workflow}.{action}"
        said: dict[str, Json] = {
            "action": name, "kind": kind, "before": self.before.slices[name].digest,
            "after": self.after.slices[name].digest,
        }  # fmt: skip
        return Proof(kind=kind, digest=digest(said), decisions=decisions)

    def runs(self, one: Decided | Unreadable) -> bool | None:
        """Say whether a decided row would run under the book after; none: nobody knows."""
        if isinstance(one, Unreadable):
            return None
        if one.request is None:
            return False
        facts = replace(one.facts, policy=ask(self.after, one.request))
        return next(rules.policy(facts), None) is None


def compared(workflow: str, before: PolicyBook, after: PolicyBook) -> Compared:
    """Compare two books by search, and by proof where a solver is."""
    weighed = comparing.weigh(before, after)
    return Compared(workflow=workflow, before=before, after=after, weighed=weighed)


def proofs(
    connection: Connection, keys: KeyRing, one: Compared, actions: Iterable[str], *, now_us: int
) -> dict[str, Proof]:
    """Return the proof of each action for which there is one."""
    kinds = {action: kind for action in actions if (kind := one.kind(action))}
    tested: dict[str, int | None] = {}
    if BACKTEST in kinds.values():
        tested = retried(connection, keys, one, now_us=now_us)
    found = {}
    for action, kind in kinds.items():
        decisions = tested.get(action, 0) if kind == BACKTEST else 0
        if decisions is not None:
            found[action] = one.proof(action, kind, decisions=decisions)
    return found


def retried(
    connection: Connection, keys: KeyRing, one: Compared, *, now_us: int, erased: bool = False
) -> dict[str, int | None]:
    """Return by action how many decisions of 90 days were made again; none where one loosens.

    A decision that cannot be read any more may be one that does, so nothing is proved then. With
    `erased` it is passed over: it may have been readable when the proof was made.
    """
    found: dict[str, int | None] = {}
    for entry, made in _read(
        connection, keys, one.workflow, since_us=now_us - BACK_US, until_us=now_us
    ):
        action = entry.word("action") or (
            "" if isinstance(made, Unreadable) else made.facts.action
        )
        so_far = found.get(action, 0)
        if isinstance(made, Unreadable):
            if erased:
                continue
            if not action:
                return dict.fromkeys(name.rpartition(".")[2] for name in one.before.slices)
            found[action] = None
        elif made.request is not None and so_far is not None:
            again = backtest.again(made.facts, made.decision, made.request, one.after)
            found[action] = None if again.loosens else so_far + 1
    return found


def running(
    connection: Connection,
    keys: KeyRing,
    workflow: str,
    runs: Mapping[str, Runs],
    *,
    since_us: int,
    until_us: int | None = None,
) -> dict[str, bool | None]:
    """Return of each row of these actions, by its id, whether it would run under what follows too.

    Everything else is as it was told then. Of what cannot be read any more nobody knows.
    """
    found: dict[str, bool | None] = {}
    for entry in decided.entries(
        connection, keys, workflow=workflow, since_us=since_us, until_us=until_us
    ):
        look = runs.get(entry.word("action"))
        if look is not None and entry.number("share_ppm") is not None:
            found.setdefault(entry.word("action_id"), look(decided.decided(entry)))
    return found


def _read(
    connection: Connection, keys: KeyRing, workflow: str, *, since_us: int, until_us: int
) -> Iterator[tuple[Entry, Decided | Unreadable]]:
    for entry in decided.entries(
        connection, keys, workflow=workflow, since_us=since_us, until_us=until_us
    ):
        yield entry, decided.decided(entry)
