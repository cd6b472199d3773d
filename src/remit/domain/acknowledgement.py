"""How far an intent, or an act of authority, must have come before anything rests on it."""

from enum import StrEnum
from typing import Final

from remit.domain.action import Risk


class Acknowledgement(StrEnum):
    """The levels, weakest first."""

    DURABLE = "durable"  # committed
    SEQUENCED = "sequenced"  # numbered under a signed checkpoint
    WITNESSED = "witnessed"  # somebody outside has confirmed a checkpoint that holds it

    def reaches(self, other: "Acknowledgement") -> bool:
        """Return whether this level is at least as strong as another."""
        return _ORDER[self] >= _ORDER[other]


_ORDER: Final = {level: n for n, level in enumerate(Acknowledgement)}
BY_RISK: Final = {
    Risk.LOW: Acknowledgement.DURABLE,
    Risk.NORMAL: Acknowledgement.DURABLE,
    Risk.MONEY: Acknowledgement.SEQUENCED,
    Risk.IRREVERSIBLE: Acknowledgement.SEQUENCED,
}


def demanded(
    risk: Risk, *, asked: Acknowledgement | None = None, outside: bool = False
) -> Acknowledgement:
    """Return the level for an action: that of its risk, or more where its owner asks for more.

    `outside`: somebody outside confirms checkpoints, and then what cannot be undone waits for it.
    """
    least = BY_RISK[risk]
    if outside and risk is Risk.IRREVERSIBLE:
        least = Acknowledgement.WITNESSED
    return least if asked is None or least.reaches(asked) else asked


class Act(StrEnum):
    """What people and services do with authority, content and keys."""

    GRANT = "grant"  # a level is raised; to lower one needs nobody's leave and no wait
    LEGAL_HOLD = "legal hold"
    ERASURE = "erasure"
    KEY = "key rotation"
    KEY_END = "end of a key"
    PRUNE = "pruning"


_OUTSIDE: Final = frozenset({Act.GRANT, Act.KEY, Act.PRUNE})


def demanded_by(act: Act, *, outside: bool) -> Acknowledgement:
    """Return the level for an act; `outside`: somebody outside confirms checkpoints."""
    if outside and act in _OUTSIDE:
        return Acknowledgement.WITNESSED
    return Acknowledgement.SEQUENCED
