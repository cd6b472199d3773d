"""What the entries of a change of rules mean together: proposed, signed, in force."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from remit.ledger.leaf import Leaf

Broken = Callable[[str, str], None]  # code, text


@dataclass(slots=True)
class _Change:
    proposer: str  # `person:olga`; nobody, where it was found in the folder
    people: int
    signers: set[str] = field(default_factory=set)


class SignedRules:
    """Knows which changes of rules wait, and who signed them."""

    def __init__(self) -> None:
        self.whole = True
        self._waiting: dict[tuple[str, str], _Change] = {}  # stream, change
        self.looks: Mapping[str, Callable[[Leaf, Broken], None]] = {
            "policy:book:proposed": self._proposed,
            "policy:book:signed": self._signed,
            "policy:book:refused": self._ended,
            "policy:book:withdrawn": self._ended,
            "policy:book:loaded": self._loaded,
        }

    def _proposed(self, leaf: Leaf, broken: Broken) -> None:
        del broken
        people = leaf.body.get("people")
        self._waiting = {key: one for key, one in self._waiting.items() if key[0] != leaf.case_id}
        self._waiting[_of(leaf)] = _Change(
            proposer=f"person:{leaf.body.get('proposer', '')}",
            people=people if isinstance(people, int) else 1,
        )

    def _signed(self, leaf: Leaf, broken: Broken) -> None:
        change, who = self._waiting.get(_of(leaf)), _who(leaf)
        if change is None:
            if self.whole:
                broken("LS15", "a change of rules is signed that does not wait")
            return
        if not who.startswith("person:") or who == change.proposer:
            broken("LS15", f"a change of rules is signed by `{who}`, who may not sign it")
        change.signers.add(who)

    def _ended(self, leaf: Leaf, broken: Broken) -> None:
        del broken
        self._waiting.pop(_of(leaf), None)

    def _loaded(self, leaf: Leaf, broken: Broken) -> None:
        if leaf.body.get("part") or leaf.body.get("how") == "same":
            return
        change = self._waiting.get(_of(leaf))
        self._waiting = {key: one for key, one in self._waiting.items() if key[0] != leaf.case_id}
        how = leaf.body.get("how")
        if how == "first" and leaf.body.get("before") and self.whole:
            broken("LS15", "rules came into force as the first, and others were before them")
        if how != "signed" or not self.whole:
            return
        if change is None or len(change.signers - {change.proposer}) < max(1, change.people):
            broken("LS15", "rules came into force as signed, and too few people have signed them")


def _of(leaf: Leaf) -> tuple[str, str]:
    return leaf.case_id, str(leaf.body.get("change", ""))


def _who(leaf: Leaf) -> str:
    said = leaf.value["actor"]
    return f"{said.get('kind')}:{said.get('ref')}" if isinstance(said, dict) else ""
