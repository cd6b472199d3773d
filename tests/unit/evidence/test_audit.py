"""The coin: one toss for each proposal, which anybody can repeat with the key of the day."""

import pytest

from remit.errors import EvidenceInputError
from remit.evidence import audit

KEY = bytes(32)


def test_the_coin_of_a_key_and_a_proposal_is_always_the_same() -> None:
    assert audit.coin(KEY, "case-1:0", share=1).draw == 0.05046285664588368


def test_a_toss_below_the_share_is_drawn() -> None:
    assert audit.coin(KEY, "case-1:0", share=0.051).drawn
    assert not audit.coin(KEY, "case-1:0", share=0.05).drawn


@pytest.mark.parametrize(
    ("key", "proposal_id", "share"),
    [(b"short", "a", 0.5), (KEY, "", 0.5), (KEY, "a", 0.049), (KEY, "a", 1.01)],
)
def test_what_cannot_be_tossed_is_refused(key: bytes, proposal_id: str, share: float) -> None:
    with pytest.raises(EvidenceInputError):
        audit.coin(key, proposal_id, share=share)


def test_verdicts_that_are_due_are_the_sum_of_the_shares() -> None:
    assert audit.due([1, 0.25, 0.25]) == 1.5
    assert audit.due([]) == 0
    with pytest.raises(EvidenceInputError):
        audit.due([0.01])
