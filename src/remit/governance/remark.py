"""What people do about an approval without deciding it, as faces ask for it and show it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

CLAIM_MINUTES: Final = 30
CLAIM_MINUTES_MAX: Final = 240
SNOOZE_MINUTES_MAX: Final = 30 * 24 * 60
COMMENT_CHARACTERS_MAX: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that somebody said or did about an approval."""

    kind: str  # claimed, freed, assigned, commented, snoozed
    person: str
    at: datetime
    other: str = ""  # to whom it was assigned, or who is asked
    until: datetime | None = None
    text: str | None = None  # of a comment: somebody's words, with tokens
