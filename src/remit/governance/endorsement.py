"""What a person vouches for, as it is asked for and as faces show it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from remit.domain.value import Json

DAYS_MAX = 90
SENTENCE_CHARACTERS_MAX = 500
VALUES_MAX = 64  # under one sentence


class Scope(StrEnum):
    """How far a person vouches."""

    CASE = "case"
    SUBJECT = "subject"  # every case of who sent this one
    WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """One value of one parameter, masked, with what it is compared by."""

    action: str
    parameter: str
    type: str
    form: Json
    digest: str
    people: int = 1  # how many must vouch for it in this scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Endorsement:
    """What somebody vouches for, until when, and who has said so."""

    endorsement_id: str
    case_id: str
    workflow: str
    action: str
    parameter: str
    scope: str
    people: int
    by: str
    stands: bool
    at: datetime
    until: datetime
