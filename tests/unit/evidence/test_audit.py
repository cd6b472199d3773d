"""The audit coin, and what rows prove that it has drawn with unequal shares."""

import hashlib
import hmac
import math

import numpy as np
import pytest

from remit.errors import EvidenceInputError
from remit.evidence import audit

KEY = bytes(32)


def test_the_coin_of_a_key_and_a_proposal_is_fixed() -> None:
    assert audit.coin(KEY, "case-1:0", share=0.1) == audit.Coin(
        draw=0.05046285664588368, drawn=True
    )
    assert not audit.coin(KEY, "case-1:0", share=0.05).drawn
    assert audit.coin(KEY, "case-1:1", share=0.1).draw != 0.05046285664588368
    assert audit.coin(b"\1" * 32, "case-1:0", share=0.1).draw != 0.05046285664588368


def test_the_coin_is_the_first_53_bits_of_the_digest() -> None:
    for number in range(200):
        digest = hmac.new(KEY, f"é-{number}".encode(), hashlib.sha256).hexdigest()
        first = int(bin(int(digest, 16) | 1 << 256)[3:56], 2)
        assert audit.coin(KEY, f"é-{number}", share=1).draw == first / 2**53


def test_a_share_of_1_draws_everything() -> None:
    assert all(audit.coin(KEY, str(number), share=1).drawn for number in range(500))


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), "0" * 32, bytearray(32), None])
def test_a_key_that_is_not_32_bytes_is_refused_and_not_shown(key: bytes) -> None:
    with pytest.raises(EvidenceInputError, match=r"^`key` must be 32 bytes$"):
        audit.coin(key, "case-1:0", share=0.1)


@pytest.mark.parametrize("proposal_id", ["", None, b"case-1:0", 7, "\ud800"])
def test_an_id_that_is_no_text_is_refused(proposal_id: str) -> None:
    with pytest.raises(EvidenceInputError, match="`proposal_id` must be a text"):
        audit.coin(KEY, proposal_id, share=0.1)


@pytest.mark.parametrize("share", [0, 0.0499, 1.01, -1, math.nan, math.inf, True, "0.1", None])
def test_a_share_below_the_floor_or_above_1_is_refused(share: float) -> None:
    with pytest.raises(EvidenceInputError, match=r"`share` must be a number of 0.05 to 1"):
        audit.coin(KEY, "case-1:0", share=share)
    with pytest.raises(EvidenceInputError, match=r"`shares` must be a number of 0.05 to 1"):
        audit.due([0.1, share])


def test_due_is_the_sum_of_the_shares() -> None:
    assert audit.due([]) == 0
    assert audit.due([0.1] * 10) == 1
    assert audit.due(share for share in (1, 0.25, 0.05)) == 1.3


# -- weighted -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error_max", "chance", "days"), [(0.10, 0.10, 35), (0.05, 0.05, 89), (0.02, 0.01, 324)]
)
def test_so_many_days_without_an_error_are_enough(
    error_max: float, chance: float, days: int
) -> None:
    def nats(n: int) -> float:
        rows = [(0.0, 1.0, True)] * n
        return audit.log_evidence_weighted(rows, error_max=error_max, share_min=1)

    assert nats(days) >= -math.log(chance) > nats(days - 1)


def test_no_rows_are_no_evidence() -> None:
    assert audit.log_evidence_weighted([], error_max=0.05, share_min=0.1) == 0


def test_it_is_the_mean_of_twelve_bets() -> None:
    dice = np.random.default_rng(1)
    share = dice.uniform(0.1, 1, 400)
    drawn = dice.random(400) < share
    loss = np.where(dice.random(400) < 0.03, dice.random(400), 0)
    z = drawn / share * loss
    bets = (0.05 + 0.9 * np.arange(12) / 11) / (1 / 0.1 - 0.05)
    wealth = np.log1p(np.outer(bets, 0.05 - z)).sum(axis=1)
    rows = [(float(a), float(b), bool(c)) for a, b, c in zip(loss, share, drawn, strict=True)]
    found = audit.log_evidence_weighted(rows, error_max=0.05, share_min=0.1)
    assert found == pytest.approx(np.log(np.exp(wealth).mean()), rel=1e-12)
    assert audit.log_evidence_weighted(rows[::-1], error_max=0.05, share_min=0.1) == found


def test_nothing_but_errors_leaves_a_number() -> None:
    rows = [(1.0, 0.05, True)] * 20_000
    found = audit.log_evidence_weighted(rows, error_max=0.05, share_min=0.05)
    assert -20_000 < found < -900
    assert audit.log_evidence_weighted([(0.0, 1.0, True)] * 20_000, error_max=0.9, share_min=1) > 9


def test_the_chance_ever_to_reach_the_bound_at_the_bar_is_kept_exactly() -> None:
    share, bar, bound, cases = 0.5, 0.3, math.log(5), 60
    bets = [(0.05 + 0.9 * step / 11) / (1 / share - bar) for step in range(12)]
    lost = [math.log1p(bet * (bar - 1 / share)) for bet in bets]
    kept = [math.log1p(bet * bar) for bet in bets]

    def nats(wrong: int, n: int) -> float:
        sums = [a * wrong + b * (n - wrong) for a, b in zip(lost, kept, strict=True)]
        return math.log(sum(math.exp(one) for one in sums) / 12)

    rows = [(1.0, share, True)] * 2 + [(0.0, share, True)] * 9 + [(0.0, share, False)] * 6
    found = audit.log_evidence_weighted(rows, error_max=bar, share_min=share)
    assert found == pytest.approx(nats(2, 17), abs=1e-12)
    seen = share * bar  # the chance that a row is drawn and wrong
    alive, reached = {0: 1.0}, 0.0
    for n in range(1, cases + 1):
        grown: dict[int, float] = {}
        for wrong, part in alive.items():
            grown[wrong] = grown.get(wrong, 0) + part * (1 - seen)
            grown[wrong + 1] = grown.get(wrong + 1, 0) + part * seen
        reached += sum(part for wrong, part in grown.items() if nats(wrong, n) >= bound)
        alive = {wrong: part for wrong, part in grown.items() if nats(wrong, n) < bound}
    assert 0.05 < reached <= 0.2


@pytest.mark.parametrize("row", [
    (-0.01, 0.5, True), (1.01, 0.5, True), (math.nan, 0.5, True), (True, 0.5, True),
    (0.0, 0.09, True), (0.0, 1.01, True), (0.0, math.nan, False), (0.0, 0.5, 1), (0.0, 0.5, None),
    (None, 0.5, False),
])  # fmt: skip
def test_a_row_that_cannot_be_used_is_refused(row: tuple[float, float, bool]) -> None:
    with pytest.raises(EvidenceInputError, match=r"`(loss|share|drawn)` must be"):
        audit.log_evidence_weighted([(0.0, 0.5, True), row], error_max=0.05, share_min=0.1)


@pytest.mark.parametrize("share_min", [0.04, 1.1, 0, math.nan, None])
def test_a_floor_below_the_floor_is_refused(share_min: float) -> None:
    with pytest.raises(EvidenceInputError, match="`share_min` must be a number of"):
        audit.log_evidence_weighted([], error_max=0.05, share_min=share_min)


@pytest.mark.parametrize("error_max", [0, 1, math.nan, None])
def test_a_bar_that_is_none_is_refused(error_max: float) -> None:
    with pytest.raises(EvidenceInputError, match="`error_max`"):
        audit.log_evidence_weighted([], error_max=error_max, share_min=0.1)


def test_more_than_a_million_shares_are_refused() -> None:
    with pytest.raises(EvidenceInputError, match="`shares` must be a whole number"):
        audit.due(1.0 for _ in range(1_000_001))
