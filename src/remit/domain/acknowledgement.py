"""How far an intent must have come before anything is performed on it."""

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
