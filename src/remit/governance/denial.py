"""What is refused to somebody in every case, as faces show it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A person's no that holds for a subject until a day."""

    action_id: str  # the proposal that was refused
    case_id: str
    workflow: str
    refused: str  # the action, or the group of actions
    group: bool
    subject: str  # keyed handle of who sent the case
    person: str
    at: datetime
    until: datetime
