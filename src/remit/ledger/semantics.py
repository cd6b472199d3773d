"""What the entries mean together: each rule has a code, and looks at bodies, never at contents.

Memory grows with actions and cases, a few hundred bytes each; nothing else of the judge does.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from remit.ledger.actions import EFFECT, Actions, Broken
from remit.ledger.judge import Bad, Head
from remit.ledger.leaf import Leaf, word
from remit.ledger.signed_rules import SignedRules
from remit.ledger.silence import BEAT, ENDED, Silence, shifted
from remit.ledger.successions import ROTATED

RULES: Final = {
    "LS01": "an outcome has exactly one intent before it",
    "LS02": "an attempt has at most one final outcome, and an effect is confirmed at most once",
    "LS03": "an intent is settled in time; those that are not are listed, not condemned",
    "LS04": "what the gate allows names a policy book that was loaded before",
    "LS05": "an intent was cleared by the gate over the same digest",
    "LS06": "an intent whose action was held has a yes over the same digest from enough people",
    "LS07": "a yes comes from a person, in time, who neither proposed nor brought the case in, "
    "nor acts for who did, nor for who had not lent them that",
    "LS08": "what the gate clears without a yes needs a grant in force of at least that level",
    "LS09": "a case begins with its receipt: received = closed + open + quarantined",
    "LS10": "a cause is an earlier entry",
    "LS11": "an undo follows an effect, and what is called undone was",
    "LS12": "cases run where a process is at work, and it is not silent while a case is open",
    "LS13": "an origin is opened once, at the beginning, with the key that verifies it",
    "LS14": "keys, origins, grants, erasures, holds, pruning: by a person or a service of Remit",
    "LS15": "rules that people sign are signed by enough of them, none of whom proposed them",
}
OPEN_INTENT_SECONDS_MAX: Final = 86_400
_OF_CASES: Final = frozenset(
    "action case effect intent model passages run step tool value wait".split()
)
_BEGINNINGS: Final = ("intake:case:received", "intake:case:quarantined")
_GOVERNED: Final = tuple(
    f"ledger:{noun}:"
    for noun in ("key", "log_key", "origin", "format", "erasure", "legal_hold", "range")
)
_LISTED_MAX: Final = 5


class Semantics:
    """Sees each leaf in order and says which rule it breaks."""

    def __init__(self, *, key_ids: Sequence[str]) -> None:
        self._key_ids = list(key_ids)
        self._whole = True
        self._actions = Actions()
        self._rules = SignedRules()
        self._cases: dict[str, str] = {}  # case -> open | closed | quarantined
        self._ids: set[int] = set()
        self._opened: tuple[int, str] | None = None  # the origin's first key, and where
        self._silence = Silence()
        self._open = 0
        self._now = ""
        self._seen = 0
        self._looks: Mapping[str, Callable[[Leaf, Broken], None]] = {
            "orchestration:action:proposed": self._proposed,
            "orchestration:run:started": self._started,
            BEAT: self._beaten,
            ENDED: self._beaten,
        }

    def begin(self, head: Head) -> None:
        """Of a part nothing is asked that what came before might answer."""
        self._whole = self._actions.whole = self._rules.whole = head.first == 0

    def see(self, position: int, leaf: Leaf, bad: Bad) -> None:
        """Look at one leaf."""

        def broken(code: str, text: str) -> None:
            bad(code, position, text)

        self._seen += 1
        self._now = max(self._now, leaf.at)
        if leaf.at > self._silence.due:
            self._silence.passed(leaf.at)
        source, _, rest = leaf.event.partition(":")
        noun = rest.partition(":")[0]
        self._causes(leaf, broken)
        if source == "policy" and noun == "book":
            self._rules.looks[leaf.event](leaf, broken)
        if source == "intake" or (source == "orchestration" and noun in _OF_CASES):
            self._case(leaf, broken)
        look = self._looks.get(leaf.event) or self._actions.looks.get(leaf.event)
        if look is not None:
            look(leaf, broken)
        elif leaf.event.startswith(EFFECT):
            self._actions.outcome(position, leaf, broken)
        elif leaf.event.startswith(_GOVERNED):
            self._governed(position, leaf, broken)

    def end(self, bad: Bad) -> Sequence[str]:
        """Return the lines that a report shows: what was counted, and intents without an end."""
        if self._opened and self._opened[1] not in self._key_ids:
            bad("LS13", self._opened[0], "the origin was opened with another key than verifies it")
        states = list(self._cases.values())
        counted = ", ".join(
            f"{states.count(name)} {name}" for name in ("closed", "open", "quarantined")
        )
        rules = f"{self._seen:,} entries by {len(RULES)} rules"
        lines = [f"semantic  {rules}; {len(states):,} cases: {counted}"]
        lines += self._silence.end(self._now, lambda code, text: bad(code, None, text))
        late = shifted(self._now, -OPEN_INTENT_SECONDS_MAX)
        old = self._actions.open_since(late)
        if old:
            listed = ", ".join(f"{where:,}" for where in old[:_LISTED_MAX])
            more = f" and {len(old) - _LISTED_MAX} more" if len(old) > _LISTED_MAX else ""
            lines.append(f"open      intents without an outcome (LS03): {listed}{more}")
        return lines

    # -- cases and causes

    def _case(self, leaf: Leaf, broken: Broken) -> None:
        case, event = leaf.case_id, leaf.event
        if event in _BEGINNINGS:
            if case in self._cases:
                broken("LS09", f"case `{case}` is received twice")
            self._cases[case] = "open" if event.endswith("received") else "quarantined"
            self._count(leaf, event.endswith("received"))
            return
        if case not in self._cases:
            if self._whole:
                broken("LS09", f"`{event}` is of case `{case}`, which was never received")
            self._cases[case] = "open"
            self._count(leaf, 1)
        if event == "orchestration:case:closed":
            self._count(leaf, -(self._cases[case] == "open"))
            self._cases[case] = "closed"
        elif event in ("orchestration:case:reopened", "intake:case:released"):
            self._count(leaf, self._cases[case] != "open")
            self._cases[case] = "open"

    def _count(self, leaf: Leaf, change: int) -> None:
        if not self._open and change > 0:
            self._silence.opened(leaf.at)
        self._open += change
        if not self._open:
            self._silence.closed()

    def _causes(self, leaf: Leaf, broken: Broken) -> None:
        causes = leaf.value.get("causes")
        for cause in causes if isinstance(causes, list) else ():
            if self._whole and hash(cause) not in self._ids:
                broken("LS10", f"cause `{cause}` is no earlier entry")
        self._ids.add(hash(leaf.id))

    # -- work, governance and the ledger itself

    def _proposed(self, leaf: Leaf, broken: Broken) -> None:
        if word(leaf.body, "author") == "workflow":
            self._started(leaf, broken)
        self._actions.proposed(leaf, broken)

    def _beaten(self, leaf: Leaf, broken: Broken) -> None:
        self._silence.see(leaf, broken, whole=self._whole)

    def _started(self, leaf: Leaf, broken: Broken) -> None:
        del leaf
        if self._whole:
            self._silence.works(broken)

    def _governed(self, position: int, leaf: Leaf, broken: Broken) -> None:
        actor = leaf.value["actor"]
        if not isinstance(actor, dict) or actor.get("kind") not in ("service", "person"):
            broken("LS14", f"`{leaf.event}` was done by neither a service of Remit nor a person")
        if leaf.event == ROTATED:  # the judge says whether it is vouched for
            self._key_ids += word(leaf.body, "before").split("+")[1:2]
        if leaf.event == "ledger:origin:opened":
            if position:
                broken("LS13", "an origin is opened inside another")
            self._opened = (position, word(leaf.body, "key"))
