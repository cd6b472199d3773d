"""The audit coin: which proposals a person looks at again, and what so drawn rows prove."""

import hashlib
import hmac
import math
from collections.abc import Iterable
from typing import Final

from remit.domain.frozen import dataclass
from remit.evidence import inputs

KEY_BYTES: Final = 32
SHARE_MIN: Final = 0.05
_BITS: Final = 53  # what a float holds exactly
_BETS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """What was thrown, from 0 to below 1, and whether the proposal is drawn."""

    draw: float
    drawn: bool


def coin(key: bytes, proposal_id: str, *, share: float) -> Coin:
    """Throw the coin of a proposal: drawn where its first 53 bits, a part of 1, are below `share`.

    Guarantee: whoever has the key of the day finds the same coin, so no replay throws again and
    every draw can be checked. Source: HMAC-SHA256, RFC 2104. Limits: fair to all who cannot know
    the key before the proposal. Raises `EvidenceInputError` for a key that is not 32 bytes, an
    empty id, or a share outside 0.05 to 1.
    """
    inputs.key("key", key, size=KEY_BYTES)
    inputs.within("share", share, least=SHARE_MIN, most=1)
    digest = hmac.digest(key, inputs.text("proposal_id", proposal_id), hashlib.sha256)
    first = int.from_bytes(digest[:8], "big") >> (64 - _BITS)
    draw = first / 2**_BITS
    return Coin(draw=draw, drawn=draw < share)


def due(shares: Iterable[float]) -> float:
    """Return how many verdicts are to be expected of proposals whose coins had these shares."""
    found: list[float] = []
    for number, share in enumerate(shares, 1):
        inputs.count("shares", number)
        found.append(inputs.within("shares", share, least=SHARE_MIN, most=1))
    return math.fsum(found)


def log_evidence_weighted(
    rows: Iterable[tuple[float, float, bool]], *, error_max: float, share_min: float
) -> float:
    """Return how strongly rows (loss, share, drawn) say that the mean loss is below `error_max`.

    In nats; a loss is from 0 to 1, and that of a row that was not drawn counts as none.
    Guarantee: while the mean expected loss is at or above `error_max`, the chance that this ever
    reaches log(1/d) is at most d, however often one looks, where each share hangs on the past and
    on the case's own content only. With every share 1 the loss may be the wrong part of a day.
    Source: 12 bets on losses weighted by 1/share, as Waudby-Smith and Ramdas 2024 (arXiv
    2010.09686) and, for weights, Waudby-Smith et al. 2022 (arXiv 2210.10768). Limits: as
    `log_evidence`; slower than it at one share. Raises `EvidenceInputError` for a share below
    `share_min`, itself 0.05 to 1, or a loss outside 0 to 1.
    """
    inputs.chance("error_max", error_max)
    inputs.within("share_min", share_min, least=SHARE_MIN, most=1)
    span = 1 / share_min - error_max
    bets = [(0.05 + 0.9 * step / (_BETS - 1)) / span for step in range(_BETS)]
    gains: list[float] = []
    for number, (loss, share, drawn) in enumerate(rows, 1):
        inputs.count("rows", number)
        inputs.within("loss", loss, least=0, most=1)
        inputs.within("share", share, least=share_min, most=1)
        inputs.flag("drawn", drawn)
        gains.append(error_max - (loss / share if drawn else 0.0))
    wealth = [math.fsum(math.log1p(bet * gain) for gain in gains) for bet in bets]
    most = max(wealth)
    return most + math.log(math.fsum(math.exp(nats - most) for nats in wealth) / _BETS)
