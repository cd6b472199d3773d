"""A choice among declared names, and what every classifier can do."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from remit.domain.step import Confidence

NO_CHOICE = ""  # a text that cannot be scored: it equals no declared name, a person looks
RUNNERS_UP_MAX = 4

Progress = Callable[[int, int, str], None]  # steps done, steps in all, what was done


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a classifier picked; without a confidence nothing may rest on it."""

    choice: str
    confidence: Confidence | None
    runners_up: tuple[tuple[str, int], ...]  # name and parts per million, best first
    nearness_ppm: int = 0  # how much the nearest example resembles the text

    @property
    def score_ppm(self) -> int:
        """Confidence times nearness: low also where a text is like nothing that was learnt.

        A confidence is calibrated on texts like the examples; on others it claims too much.
        """
        return self.confidence.ppm * self.nearness_ppm // 1_000_000 if self.confidence else 0


class Classifier(Protocol):
    """Picks a name for a text, the same for the same text always."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything that decides a choice; part of every grant."""
        ...

    def choose(self, text: str) -> Choice: ...

    def save(self, folder: Path) -> None: ...


def silent(done: int, steps: int, what: str) -> None:
    """Report progress to nobody."""
    del done, steps, what


def unscored() -> Choice:
    """Return the choice for a text that is empty, over-long or in a script never learnt."""
    return Choice(choice=NO_CHOICE, confidence=None, runners_up=())


def ranked(shares: dict[str, float], *, kind: str, nearness: float) -> Choice:
    """Return the best name with its share as confidence; ties go to the first in the alphabet."""
    order = sorted(shares, key=lambda name: (-shares[name], name))
    parts = [(name, round(shares[name] * 1_000_000)) for name in order[: RUNNERS_UP_MAX + 1]]
    return Choice(
        choice=parts[0][0],
        confidence=Confidence(ppm=parts[0][1], kind=kind),
        runners_up=tuple(parts[1:]),
        nearness_ppm=round(min(max(nearness, 0.0), 1.0) * 1_000_000),
    )
