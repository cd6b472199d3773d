"""The request to a person and, once decided, the verdict; bound to a digest."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from remit.domain.frozen import dataclass
from remit.domain.value import digest
from remit.errors import IllegalMoveError


class ApprovalState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    DENIED = "denied"
    SUPERSEDED = "superseded"  # edited, or its facts changed before the decision
    REVOKED = "revoked"
    EXPIRED = "expired"
    CONSUMED = "consumed"  # by exactly one effect
    VOID = "void"  # the world or somebody's rights changed after the yes


_S = ApprovalState

MOVES: dict[ApprovalState | None, dict[ApprovalState, str]] = {
    None: {_S.OPEN: "gate: a hold whose reasons a person can lift"},
    _S.OPEN: {
        _S.OPEN: "person: a yes that is not yet enough; claim, comment",
        _S.APPROVED: "person: enough distinct people said yes, and the gate allows",
        _S.DENIED: "person: one no is a no",
        _S.SUPERSEDED: "person: edited; machine: facts changed before the decision",
        _S.REVOKED: "voter, owner, incident, a person's escalate",
        _S.EXPIRED: "clock: never approves; the case escalates",
    },
    _S.APPROVED: {
        _S.CONSUMED: "executor: in the transaction of effect intended",
        _S.REVOKED: "voter, owner, incident: before the effect is intended",
        _S.VOID: "second gate: world, rules, limit or an approver's rights changed, or too late",
    },
    _S.DENIED: {},
    _S.SUPERSEDED: {},
    _S.REVOKED: {},
    _S.EXPIRED: {},
    _S.CONSUMED: {},
    _S.VOID: {},
}


def move(current: ApprovalState | None, to: ApprovalState) -> ApprovalState:
    """Return `to`, or raise `IllegalMoveError`."""
    if to not in MOVES[current]:
        raise IllegalMoveError(f"an approval cannot move from `{current}` to `{to}`")
    return to


class Verdict(StrEnum):
    """What a person answers."""

    APPROVE = "approve"
    REJECT = "reject"
    EDIT = "edit"
    ESCALATE = "escalate"


class RejectReason(StrEnum):
    AMOUNT = "amount"
    RECIPIENT = "recipient"
    FACTS = "facts"
    POLICY = "policy"
    DUPLICATE = "duplicate"
    TONE = "tone"
    SOURCE = "source"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """So many distinct people with that role must say yes."""

    people: int
    role: str

    @property
    def text(self) -> str:
        """As an entry says it: `2 refund-approver`."""
        return f"{self.people} {self.role}"


def sealed(bound: str, requirements: Iterable[str], expires_us: int) -> str:
    """Return the digest that people are shown and decide on.

    It covers what would run and in which world (`bound`), who must say yes, and until when.
    """
    return digest({"bound": bound, "expires_us": expires_us, "requirements": list(requirements)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One person's yes, bound to the digest that the page showed."""

    person: str
    role: str
    digest: str
    at: datetime
    edited: bool = False  # this person wrote the version that they approve
    channel: str = ""
    strength: str = ""  # how they had signed in
    seconds_open: int | None = None  # how long they had it before them
    delegated_from: str = ""  # whose role it was, if not their own


def behind(votes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return by voter who stands for them: who votes for somebody is one with them.

    `votes` are (person, delegated from). INVARIANT: delegator and delegate are never two people
    (tests/properties/test_people_behind.py).
    """
    found: dict[str, str] = {}
    for person, giver in votes:
        one = found.setdefault(person, person)
        if giver:
            other = found.setdefault(giver, giver)
            first, last = sorted((one, other))
            found = {name: first if stands == last else stands for name, stands in found.items()}
    return found
