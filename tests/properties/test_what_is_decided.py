"""A yes is to exactly what was shown: one character changed anywhere, and it is to nothing."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from remit.domain import actor
from remit.domain.approval import Vote, sealed
from remit.domain.decision import Clearance, GateFacts, GateVerdict, LiftKind
from remit.domain.effect import EffectState
from remit.domain.entry import Entry
from remit.domain.members import changed
from remit.orchestration.acts import ActRecord, moved
from remit.policy import gate
from tests.properties.test_gate import facts

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
BOUND = "ab" * 32
WANTED = ("2 payer", "1 approver")
EXPIRES = 1_795_000_000_000_000
ASKED: dict[str, Any] = {
    "approval_id": "a" * 32, "action_id": "b" * 32, "action": "pay", "risk": "money",
    "digest": sealed(BOUND, WANTED, EXPIRES), "bound": BOUND, "requirements": list(WANTED),
    "codes": [], "due_us": EXPIRES, "expires_us": EXPIRES,
}  # fmt: skip
YES: dict[str, Any] = {
    "approval_id": "a" * 32, "person": "olga", "role": "payer approver",
    "digest": ASKED["digest"], "channel": "test",
}  # fmt: skip
ACT = ActRecord(
    action_id="b" * 32, action="pay", version=1, path="2", arguments={}, author="workflow",
    state=EffectState.HELD, seq=4,
)  # fmt: skip


def entry(event: str, body: dict[str, Any]) -> Entry:
    return Entry(
        id="e", case_id="c", seq=5, event=f"governance:approval:{event}", body=body,
        actor=actor.person("olga"), at_us=EXPIRES - 1, workflow="small-desk",
    )  # fmt: skip


def yes_to(asked: dict[str, Any], yes: dict[str, Any]) -> set[str]:
    """Return what the votes are to, folded from an approval and a yes."""
    act = moved(moved(ACT, entry("requested", asked)), entry("voted", yes))
    return {vote.digest for vote in act.votes}


def altered(text: str, place: int, letter: str) -> str:
    place %= len(text)
    return text[:place] + letter + text[place + 1 :]


def test_a_yes_to_what_was_shown_is_to_exactly_that() -> None:
    assert yes_to(ASKED, YES) == {BOUND}


@given(
    where=st.sampled_from(["bound", "digest", "requirements", "expires_us", "yes"]),
    place=st.integers(0, 200),
    letter=st.characters(codec="ascii"),
)
@example(where="requirements", place=0, letter="1")
@example(where="expires_us", place=15, letter="1")
def test_one_character_changed_is_a_yes_to_nothing(where: str, place: int, letter: str) -> None:
    """What would run, who must agree, until when, the digest shown, the digest said yes to."""
    asked, yes = dict(ASKED), dict(YES)
    match where:
        case "requirements":
            asked[where] = [altered(WANTED[0], place, letter), WANTED[1]]
        case "expires_us":
            asked[where] = EXPIRES + 1 + place
        case "yes":
            yes["digest"] = altered(yes["digest"], place, letter)
        case _:
            asked[where] = altered(asked[where], place, letter)
    if (asked, yes) == (ASKED, YES):
        return
    assert BOUND not in yes_to(asked, yes)


@given(some=facts())
def test_whom_the_gate_asks_for_is_enough_and_no_fewer_are(some: GateFacts) -> None:
    """An approval is said to be approved only where the gate, told of these votes, allows."""
    some = changed(some, clearance=Clearance(digest=some.digest))
    decision = gate.decide(some)
    if decision.verdict is not GateVerdict.HOLD or not decision.performable or not some.digest:
        return
    if any(one.lift.kind is LiftKind.EVENT for one in decision.reasons):
        return  # waits for something to happen: nobody is asked
    votes = tuple(
        Vote(person=f"p{number}", role=one.role, digest=some.digest, at=START)
        for one in decision.requirements
        for number in range(one.people)
    )
    assert votes
    assert _with(some, votes) is GateVerdict.ALLOW
    for one in decision.requirements:
        last = next(vote for vote in reversed(votes) if vote.role == one.role)
        assert _with(some, tuple(vote for vote in votes if vote != last)) is GateVerdict.HOLD


def _with(some: GateFacts, votes: tuple[Vote, ...]) -> GateVerdict:
    clearance = Clearance(votes=votes, digest=some.digest)
    return gate.decide(changed(some, clearance=clearance)).verdict
